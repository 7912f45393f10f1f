"""Asks nginx and Tollgate the same, and fails for every difference that nobody has reviewed.

oracle.py              all cases
oracle.py PATTERN...   cases whose names match (`*` is anything); entries that are not met pass
oracle.py --show       every difference as an entry for differences.yaml
oracle.py --times      the slowest cases
oracle.py --table      the reviewed differences and how often they were met
"""

import argparse
import pathlib
import sys
import tempfile
import threading
import time

import cases
import compare
import reviewed
import servers

HERE = pathlib.Path(__file__).resolve().parent


def ask(side, all_cases, found, slow):
    """Runs every case against one proxy."""
    for case in all_cases:
        begun = time.monotonic()
        side.door.prepare(case.script)
        try:
            answers = case.talk(side)
            found[case.name] = compare.facts(answers, side.door.take())
        except Exception as error:
            found[case.name] = {"error": f"{type(error).__name__}: {error}"}
        slow.append((time.monotonic() - begun, side.name, case.name))


def ask_all(sides, all_cases):
    """The facts of every case by proxy; the proxies are asked beside each other."""
    found, slow = {side.name: {} for side in sides}, []
    threads = [
        threading.Thread(target=ask, args=(side, all_cases, found[side.name], slow))
        for side in sides
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found, sorted(slow, reverse=True)


def judge(name, found, entries):
    """Differences of one Tollgate from nginx that no entry covers, and errors of the suite itself."""
    unlisted = []
    for case, facts in found["nginx"].items():
        for difference in compare.differences(facts, found[name][case]):
            covering = [entry for entry in entries if entry.covers(case, difference)]
            if not covering:
                unlisted.append((case, difference))
        unlisted += [
            (case, ("error", of["error"], "")) for of in (facts, found[name][case]) if "error" in of
        ]
    return unlisted


def main():
    options = arguments()
    chosen = [case for case in cases.ALL if matches(case, options.patterns)]
    listed = {
        name: reviewed.load(HERE / "differences.yaml", name) for name in ("written", "imported")
    }
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tollgate-oracle-") as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        sides = []
        try:
            for start in (servers.nginx, servers.written, servers.imported):
                sides.append(start(folder))
            found, slow = ask_all(sides, chosen)
        finally:
            for side in sides:
                side.end()
        panicked = [side.name for side in sides if "panicked at" in side.log.read_text()]
    failed = bool(panicked)
    for name, entries in listed.items():
        failed |= report(name, judge(name, found, entries), entries, options)
    if options.times:
        print(*(f"{seconds:6.1f} s {side} {case}" for seconds, side, case in slow[:40]), sep="\n")
    print(f"oracle: {len(chosen)} cases, {time.monotonic() - begun:.1f} s", *panicked)
    sys.exit(1 if failed else 0)


def report(name, unlisted, entries, options):
    for case, (what, nginx, tollgate) in unlisted:
        if options.show:
            print(f"- cases: {case}\n  what: {what}\n  nginx: {nginx!r}\n  tollgate: {tollgate!r}")
            print(f"  why:\n  only: {name}")
        else:
            print(f"{name}: {case}: {what}: nginx {nginx!r}, Tollgate {tollgate!r}")
    unmet = (
        [] if options.patterns else [(entry, text) for entry in entries for text in entry.unmet()]
    )
    for entry, text in unmet:
        print(f"{name}: no such difference any more: {text} of “{entry.title()}”")
    if options.table:
        for entry in entries:
            print(f"{name}: {entry.count:5} × {', '.join(entry.what)}: {entry.title()}")
    print(f"oracle: {name}: {len(unlisted)} unlisted differences, {len(unmet)} listed ones not met")
    return bool(unlisted or unmet)


def matches(case, patterns):
    return not patterns or any(reviewed.glob(pattern).fullmatch(case.name) for pattern in patterns)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("patterns", nargs="*")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--table", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()

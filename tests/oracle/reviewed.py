"""The reviewed differences: which are expected, and why."""

import re
from dataclasses import dataclass, field

import yaml

KEYS = {"cases", "what", "nginx", "tollgate", "why", "only"}


@dataclass
class Entry:
    """Differences that were looked at and have a reason."""

    cases: list
    what: list
    nginx: re.Pattern
    tollgate: re.Pattern
    why: str
    only: str
    # Patterns of cases and names that were met.
    met: set = field(default_factory=set)
    count: int = 0

    def covers(self, case, difference):
        name, nginx, tollgate = difference
        if not (self.nginx.fullmatch(nginx) and self.tollgate.fullmatch(tollgate)):
            return False
        cases = [text for text in self.cases if glob(text).fullmatch(case)]
        names = [text for text in self.what if glob(text).fullmatch(name)]
        if not (cases and names):
            return False
        self.met |= {("cases", text) for text in cases} | {("what", text) for text in names}
        self.count += 1
        return True

    def unmet(self):
        wanted = [("cases", text) for text in self.cases] + [("what", text) for text in self.what]
        return [f"{kind}: {text}" for kind, text in wanted if (kind, text) not in self.met]

    def title(self):
        return self.why.strip().split("\n")[0]


def load(file, side):
    entries = yaml.safe_load(file.read_text())
    return [entry for entry in map(read, entries) if entry.only in ("", side)]


def read(entry):
    if unknown := entry.keys() - KEYS:
        raise SystemExit(f"oracle: {unknown} is no part of a difference")
    if missing := KEYS - entry.keys() - {"only"}:
        raise SystemExit(f"oracle: a difference lacks {missing}: {entry}")
    return Entry(
        listed(entry["cases"]),
        listed(entry["what"]),
        any_of(entry["nginx"]),
        any_of(entry["tollgate"]),
        entry["why"],
        entry.get("only", ""),
    )


def listed(value):
    return value if isinstance(value, list) else [value]


def any_of(values):
    """One of these values."""
    return re.compile(
        "|".join(f"(?:{glob(str(value)).pattern})" for value in listed(values)), re.DOTALL
    )


def glob(text):
    """`*` is anything; all else is itself."""
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)

"""Measures how late the events of many streams come through the gateway, and what a stream takes
of its memory, beside the same streams straight from the upstream in one run."""

import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from servers import NATIVE, ROOT, TRANSLATED, Gateway, certificate, start_upstream

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
FEW = int(os.environ.get("BENCH_STREAMS", "64"))
MANY = int(os.environ.get("BENCH_MANY_STREAMS", "512"))
PACE = {"PACE_FIRST_MS": "50", "PACE_MS": "50", "PACE_TOKENS": "60"}
SPREAD = int(PACE["PACE_FIRST_MS"]) + int(PACE["PACE_MS"]) * int(PACE["PACE_TOKENS"])
LOAD = ROOT / "target" / "release" / "tollgate-test-load"


class Way:
    """Where streams are asked for: the upstream itself, or the gateway with one of its models."""

    def __init__(self, title, url, body, key, authority):
        self.title = title
        self.command = [url, body]
        self.environment = {**os.environ, "LOAD_KEY": key, "LOAD_CA": str(authority)}
        # One stream's time, so that as many start in every moment.
        self.environment["LOAD_SPREAD_MS"] = str(SPREAD)
        self.runs = {}

    def start(self, streams):
        command = [LOAD, str(streams), str(SECONDS), *self.command]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)

    def run(self, streams, watch=None):
        load = self.start(streams)
        while load.poll() is None:
            if watch:
                watch()
            time.sleep(0.05)
        told = json.loads(load.stdout.read())
        if load.returncode or told["broken"] or not told["streams"]:
            raise SystemExit(f"bench: {self.title}: {told}")
        self.runs.setdefault(streams, []).append(told)

    def middle(self, streams, kind, percentile):
        return statistics.median(run[kind][percentile] for run in self.runs[streams])

    def line(self, streams):
        runs = self.runs[streams]
        cells = [self.title, str(streams), f"{sum(run['streams'] for run in runs):,}"]
        cells.append(f"{sum(run['events'] for run in runs):,}")
        cells += [f"{self.middle(streams, 'first_token', p):,.0f}" for p in ("p50", "p99")]
        cells += [f"{self.middle(streams, 'event', p):,.0f}" for p in ("p50", "p99", "most")]
        return "| " + " | ".join(cells) + " |"


def body(folder, model):
    file = folder / f"{model}.json"
    asked = json.loads((HERE / "body.json").read_text())
    file.write_text(json.dumps({**asked, "model": model, "stream": True}))
    return file


def ways(folder, files, port, gateway):
    key, url = gateway.key(), gateway.url("/v1/chat/completions")
    direct = f"http://127.0.0.1:{port}/v1"
    said = body(folder, NATIVE)
    return [
        Way("upstream itself, OpenAI", f"{direct}/chat/completions", said, key, files[0]),
        Way("gateway, native", url, said, key, files[0]),
        Way("upstream itself, Anthropic", f"{direct}/messages", said, key, files[0]),
        Way("gateway, translated", url, body(folder, TRANSLATED), key, files[0]),
    ]


def memory(way, gateway):
    """Bytes that a stream adds while many are open, as the most that was seen."""
    way.run(1)
    way.runs.pop(1)
    before, seen = gateway.resident(), []
    way.run(MANY, lambda: seen.append(gateway.resident()))
    return (max(seen) - before) / MANY


def report(rows, kept):
    print(f"\nStreams: {PACE['PACE_TOKENS']} tokens, one each {PACE['PACE_MS']} ms, over TLS through the "
          f"gateway and without it from the upstream; µs later than the upstream had them; medians of "
          f"{ROUNDS} runs of {SECONDS} s and longer\n")
    print("| | at once | streams | events | first token p50 | p99 | event p50 | p99 | most |")
    print("|---|---|---|---|---|---|---|---|---|")
    for streams in (FEW, MANY):
        for way in rows:
            print(way.line(streams))
    for direct, through in ((rows[0], rows[1]), (rows[2], rows[3])):
        added = [
            through.middle(FEW, "first_token", p) - direct.middle(FEW, "first_token", p)
            for p in ("p50", "p99")
        ]
        print(f"{through.title}: adds {added[0]:,.0f} µs to the first token (p99: {added[1]:,.0f}) "
              f"at {FEW} streams; {kept[through.title] / 1024:,.0f} KiB a stream at {MANY}")


def main():
    servers = []
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as name:
        folder = pathlib.Path(name)
        try:
            files = certificate(folder)
            upstream, port = start_upstream("paced", **PACE)
            servers.append(upstream)
            kept = {}
            for title, index in (("gateway, native", 1), ("gateway, translated", 3)):
                # A gateway of its own, so that the memory of one kind is not there for the other.
                gateway = Gateway(title.replace(", ", "-"), folder, files, port, None)
                servers.append(gateway)
                kept[title] = memory(ways(folder, files, port, gateway)[index], gateway)
            rows = ways(folder, files, port, gateway)
            for turn in range(ROUNDS):
                for way in rows if turn % 2 == 0 else reversed(rows):
                    for streams in (FEW, MANY):
                        way.run(streams)
            report(rows, kept)
        finally:
            for server in reversed(servers):
                server.end()


if __name__ == "__main__":
    main()

"""Measures CPU per request and throughput of nginx and the gateway, side by side in one run."""

import os
import pathlib
import platform
import re
import statistics
import subprocess
import tempfile

from servers import NATIVE, ROOT, TRANSLATED, Gateway, certificate, gateway_binary
from servers import start_nginx, start_upstream

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "32"))
NOOP = ["authenticator", "limiter", "provider", "meter"]


class Row:
    """One line of the table: where wrk sends its calls, and what was measured."""

    def __init__(self, title, server, url, key="sk-nobody", model=NATIVE):
        self.title, self.server, self.url, self.key, self.model = title, server, url, key, model
        self.rates, self.users, self.systems, self.latencies = [], [], [], []
        self.requests = 0
        self.problem = None

    def run(self, seconds):
        environment = {**os.environ, "BENCH_KEY": self.key, "BENCH_MODEL": self.model}
        environment["BENCH_BODY"] = str(HERE / "body.json")
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", HERE / "chat.lua", self.url]
        before = self.server.cpu()
        output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        after = self.server.cpu()
        result = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", output.stdout)
        requests, micros, refused, broken = map(int, result.groups())
        if refused or broken or not requests:
            self.problem = f"{refused} of {requests} answers refused, {broken} broken"
            return None
        latency = re.search(r"LATENCY (\d+) (\d+)", output.stdout).groups()
        spent = [(new - old) * 1e6 / requests for old, new in zip(before, after)]
        return requests, requests / micros * 1e6, *spent, *map(int, latency)

    def measure(self):
        if self.problem or not (run := self.run(SECONDS)):
            return
        requests, rate, user, system, median, slow = run
        self.requests += requests
        self.rates.append(rate)
        self.users.append(user)
        self.systems.append(system)
        self.latencies.append((median, slow))

    def line(self, edge):
        if self.problem:
            return f"| {self.title} | failed: {self.problem} | | | | | | |"
        if not self.rates:
            return f"| {self.title} | no run | | | | | | |"
        total = statistics.median(u + s for u, s in zip(self.users, self.systems))
        rate = statistics.median(self.rates)
        cells = [
            self.title,
            f"{rate:,.0f}",
            f"{total:.1f}",
            f"{statistics.median(self.users):.1f}",
            f"{statistics.median(self.systems):.1f}",
            f"{statistics.median(low for low, _ in self.latencies) / 1000:.2f}",
            f"{statistics.median(high for _, high in self.latencies) / 1000:.2f}",
            f"{rate / statistics.median(edge.rates):.2f}" if edge.rates else "",
        ]
        return "| " + " | ".join(cells) + " |"


def reused():
    one = {"reuse": 1000000}
    providers = {"openai": one, "anthropic": one}
    return {"authenticator": one, "limiter": one, "meter": one, "providers": providers}


def doing_nothing():
    files = {role: ROOT / "target" / "components" / f"{role}-noop.wasm" for role in NOOP}
    missing = [file.name for file in files.values() if not file.is_file()]
    if missing:
        return None, missing
    plugins = {role: {"file": str(files[role])} for role in NOOP if role != "provider"}
    plugins["providers"] = {"openai": {"file": str(files["provider"])}}
    return plugins, []


def start_all(folder, servers):
    files = certificate(folder)
    upstream, port = start_upstream("fixed")
    servers.append(upstream)
    nginx, url = start_nginx(folder, files, port)
    servers.append(nginx)
    path = "/v1/chat/completions"
    rows = [Row("nginx, proxied", nginx, url)]
    fresh = Gateway("fresh", folder, files, port, None)
    servers.append(fresh)
    rows.append(Row("Tollgate, edge route alone", fresh, fresh.url("/raw" + path)))
    key = fresh.key()
    rows.append(Row("pipeline, fresh instances", fresh, fresh.url(path), key))
    rows.append(Row("pipeline, translated", fresh, fresh.url(path), key, TRANSLATED))
    again = Gateway("reuse", folder, files, port, reused())
    servers.append(again)
    key = again.key()
    rows.append(Row("pipeline, instances reused", again, again.url(path), key))
    rows.append(Row("pipeline, translated, reused", again, again.url(path), key, TRANSLATED))
    plugins, missing = doing_nothing()
    if plugins:
        noop = Gateway("noop", folder, files, port, plugins)
        servers.append(noop)
        rows.append(Row("pipeline, stages that do nothing", noop, noop.url(path)))
    return rows, missing


def report_stages(row, before):
    after = row.server.plugin_metrics()
    grown = {key: after[key] - before.get(key, 0.0) for key in after}
    counts = {labels: n for (name, labels), n in grown.items() if name.endswith("_seconds_count")}
    print(f"\n{row.title}: per stage and call, µs")
    print("| stage | calls | time, waiting included | CPU |\n|---|---|---|---|")
    for labels, count in sorted(counts.items()):
        if not count:
            continue
        micros = {}
        for (name, other), value in grown.items():
            if other == labels and ("_seconds_sum" in name or "_seconds_total" in name):
                micros["cpu" if "cpu" in name else "wall"] = value * 1e6 / count
        cells = [f"{micros[kind]:.2f}" if kind in micros else "-" for kind in ("wall", "cpu")]
        print(f"| {labels} | {count:,.0f} | {cells[0]} | {cells[1]} |")


def report_translation(rows):
    """Throughput with an Anthropic upstream over that with an OpenAI upstream, round by round."""
    by_title = {row.title: row for row in rows}
    pairs = {"fresh instances": "pipeline, translated", "instances reused": "pipeline, translated, reused"}
    for name, translated in pairs.items():
        native, translated = by_title[f"pipeline, {name}"], by_title[translated]
        ratios = [new / old for new, old in zip(translated.rates, native.rates)]
        if ratios:
            print(f"translated over native, {name}: {statistics.median(ratios):.2f}")


def total(row):
    return statistics.median(u + s for u, s in zip(row.users, row.systems)) if row.users else None


def report(rows, missing, scans):
    edge = rows[1]
    print(f"\nLinux {platform.release()}, {os.cpu_count()} CPUs shared with wrk and the upstream; "
          f"page-map scan: {scans}")
    print(f"{gateway_binary()}; TLS 1.3, HTTP/1.1 keep-alive, {CONNECTIONS} connections, POST of "
          f"{(HERE / 'body.json').stat().st_size} bytes; medians of {ROUNDS} alternating runs of {SECONDS} s\n")
    print("| | requests/s | CPU µs/request | user | kernel | p50 ms | p99 ms | of the edge |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(row.line(edge))
    if missing:
        print(f"\nNo row for stages that do nothing: {', '.join(missing)} missing in target/components")
    report_translation(rows)
    costs = {row.title: total(row) for row in rows}
    idle = costs.get("pipeline, stages that do nothing")
    for title in ("pipeline, fresh instances", "pipeline, instances reused"):
        if costs.get(title) and idle:
            print(f"{title}: {costs[title] - idle:.1f} µs CPU above stages that do nothing")


def scan_in_use(gateway):
    found = re.search(r"pagemap_scan\W+(\w+)", gateway.log.read_text())
    return found.group(1) if found else "not told by the gateway"


def main():
    servers = []
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
        try:
            rows, missing = start_all(pathlib.Path(folder), servers)
            for row in rows:
                row.run(1)
            watched = [row for row in rows if row.title.startswith("pipeline") and row.model == NATIVE]
            before = {row.title: row.server.plugin_metrics() for row in watched}
            for turn in range(ROUNDS):
                # Back and forth, so that no row always follows the same one.
                for row in rows if turn % 2 == 0 else reversed(rows):
                    row.measure()
            report(rows, missing, scan_in_use(rows[1].server))
            for row in watched:
                report_stages(row, before[row.title])
        finally:
            for server in reversed(servers):
                server.end()
    if any(row.problem for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

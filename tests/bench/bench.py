"""Measures CPU per request and throughput of nginx and the gateway, side by side in one run."""

import json
import os
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "32"))
MASTER_KEY = "sk-master-of-the-bench"
NOOP = ["authenticator", "limiter", "provider", "meter"]
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 60


def gateway_binary():
    named = os.environ.get("TOLLGATE_BIN")
    candidates = [named] if named else [ROOT / "target" / kind / "tollgate" for kind in ("dist", "release")]
    for candidate in map(pathlib.Path, candidates):
        if candidate.is_file():
            return candidate
    raise SystemExit("bench: no gateway: run `make dist` or `make build` first")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def until(what, look):
    """Looks at a condition until it holds; the only place that waits blindly."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise SystemExit(f"bench: {what} did not happen within {PATIENCE} s")


def request(url, body=None, key=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
        return answer.read().decode()


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Server:
    """A process, or a master with its workers, whose CPU time is counted."""

    def __init__(self, name, command, **options):
        self.name = name
        self.process = subprocess.Popen(command, **options)

    def pids(self):
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def cpu(self):
        """User and system seconds so far."""
        user = system = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            user, system = user + int(fields[11]), system + int(fields[12])
        return user / TICKS, system / TICKS

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def certificate(folder):
    files = folder / "certificate.pem", folder / "private-key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-out", files[0], "-keyout", files[1]]
    subprocess.run(command, check=True, capture_output=True)
    return files


def start_upstream():
    port = free_port()
    binary = ROOT / "target" / "release" / "tollgate-test-upstream"
    server = Server("upstream", [binary, "fixed", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL)
    until("the upstream's start", lambda: is_open(port))
    return server, port


NGINX = """
worker_processes {workers};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream api {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {certificate};
    ssl_certificate_key {private_key};
    add_header x-content-type-options nosniff always;
    add_header x-frame-options DENY always;
    add_header content-security-policy "frame-ancestors 'none'" always;
    location / {{
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header connection "";
      proxy_set_header host $host;
    }}
  }}
}}
"""


def start_nginx(folder, files, upstream):
    port = free_port()
    text = NGINX.format(
        workers=os.cpu_count(), folder=folder, upstream=upstream, port=port,
        certificate=files[0], private_key=files[1],
    )  # fmt: skip
    config = folder / "nginx.conf"
    config.write_text(text)
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    server = Server("nginx", [binary, "-p", folder, "-c", config], stderr=subprocess.DEVNULL)
    until("nginx's start", lambda: is_open(port))
    return server, f"https://localhost:{port}/v1/chat/completions"


class Gateway(Server):
    """The gateway with the edge and one setting of its plugins."""

    def __init__(self, name, folder, files, upstream, plugins):
        self.plain, self.tls = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.plain}"
        row = {
            "model_name": "bench",
            "litellm_params": {
                "model": "openai/bench",
                "api_base": f"http://127.0.0.1:{upstream}/v1",
                "api_key": "sk-provider",
                "input_cost_per_token": 0.00000015,
                "output_cost_per_token": 0.0000006,
            },
        }
        routes = [
            {"path": "/raw/", "to": f"http://127.0.0.1:{upstream}", "public": True},
            {"path": "/", "to": "gateway"},
        ]
        pair = {"certificate": str(files[0]), "private_key": str(files[1])}
        listener = {
            "address": f"127.0.0.1:{self.tls}",
            "http2": True,
            "tls": {"certificates": [pair]},
        }
        edge = {"listeners": [listener], "sites": [{"hosts": ["*"], "routes": routes}]}
        config = {"model_list": [row], "edge": edge}
        # The authenticator that does nothing gives no right to read metrics.
        config["litellm_settings"] = {"require_auth_for_metrics_endpoint": False}
        if plugins:
            config["plugins"] = plugins
        own = folder / name
        own.mkdir()
        (own / "config.yaml").write_text(json.dumps(config, indent=1))
        self.log = own / "output"
        environment = {**os.environ, "LITELLM_MASTER_KEY": MASTER_KEY, "LOG_LEVEL": "info"}
        environment.pop("DATABASE_URL", None)
        command = [gateway_binary(), "run", "--config", own / "config.yaml"]
        command += ["--port", str(self.plain), "--data-dir", own / "data"]
        with self.log.open("wb") as log:
            super().__init__(name, command, stdout=log, stderr=log, env=environment)
        until(f"{name}'s readiness", self.is_ready)

    def is_ready(self):
        if self.process.poll() is not None:
            raise SystemExit(f"bench: {self.name} ended:\n{self.log.read_text()}")
        try:
            return request(f"{self.base}/health/readiness")
        except (OSError, urllib.error.URLError):
            return None

    def key(self):
        # Both kinds of limit, so that a call takes the limiter's whole way.
        limits = {"max_budget": 1000000.0, "rpm_limit": 1000000000}
        return json.loads(request(f"{self.base}/key/generate", limits, MASTER_KEY))["key"]

    def url(self, path):
        return f"https://localhost:{self.tls}{path}"

    def plugin_metrics(self):
        """Seconds and calls by plugin and function, as `/metrics` tells them."""
        metrics = {}
        pattern = re.compile(r"^(tollgate_plugin_\w+)\{(.*)\} (\S+)$")
        for line in request(f"{self.base}/metrics", key=MASTER_KEY).splitlines():
            if (found := pattern.match(line)) is None:
                continue
            name, labels, value = found.groups()
            labels = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            if "le" in labels:
                continue
            labels.pop("outcome", None)
            key = name, " ".join(labels[label] for label in sorted(labels))
            metrics[key] = metrics.get(key, 0.0) + float(value)
        return metrics


class Row:
    """One line of the table: where wrk sends its calls, and what was measured."""

    def __init__(self, title, server, url, key="sk-nobody"):
        self.title, self.server, self.url, self.key = title, server, url, key
        self.rates, self.users, self.systems, self.latencies = [], [], [], []
        self.requests = 0
        self.problem = None

    def run(self, seconds):
        environment = {**os.environ, "BENCH_KEY": self.key, "BENCH_BODY": str(HERE / "body.json")}
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
    return {"authenticator": one, "limiter": one, "meter": one, "providers": {"openai": one}}


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
    upstream, port = start_upstream()
    servers.append(upstream)
    nginx, url = start_nginx(folder, files, port)
    servers.append(nginx)
    path = "/v1/chat/completions"
    rows = [Row("nginx, proxied", nginx, url)]
    fresh = Gateway("fresh", folder, files, port, None)
    servers.append(fresh)
    rows.append(Row("Tollgate, edge route alone", fresh, fresh.url("/raw" + path)))
    rows.append(Row("pipeline, fresh instances", fresh, fresh.url(path), fresh.key()))
    again = Gateway("reuse", folder, files, port, reused())
    servers.append(again)
    rows.append(Row("pipeline, instances reused", again, again.url(path), again.key()))
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
            watched = [row for row in rows if row.title.startswith("pipeline")]
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

"""The servers that are compared: an upstream, nginx and the gateway, each with its CPU time."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MASTER_KEY = "sk-master-of-the-bench"
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 60
NATIVE, TRANSLATED = "bench", "bench-translated"


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
    # Not an authority: a client that trusts this very certificate then takes it as a server's.
    command += ["-addext", "basicConstraints=critical,CA:FALSE"]
    command += ["-out", files[0], "-keyout", files[1]]
    subprocess.run(command, check=True, capture_output=True)
    return files


def start_upstream(mode, **environment):
    port = free_port()
    binary = ROOT / "target" / "release" / "tollgate-test-upstream"
    server = Server(
        "upstream", [binary, mode, f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, env={**os.environ, **environment},
    )  # fmt: skip
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


def deployments(upstream):
    """One model on the upstream in OpenAI's form, one on it in Anthropic's."""
    price = {"input_cost_per_token": 0.00000015, "output_cost_per_token": 0.0000006}
    served = {NATIVE: ("openai/bench", "/v1"), TRANSLATED: ("anthropic/bench", "")}
    return [
        {
            "model_name": name,
            "litellm_params": {
                "model": model,
                "api_base": f"http://127.0.0.1:{upstream}{path}",
                "api_key": "sk-provider",
                **price,
            },
        }
        for name, (model, path) in served.items()
    ]


class Gateway(Server):
    """The gateway with the edge and one setting of its plugins."""

    def __init__(self, name, folder, files, upstream, plugins):
        self.plain, self.tls = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.plain}"
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
        config = {"model_list": deployments(upstream), "edge": edge}
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

    def resident(self):
        """Bytes of memory in use."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

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

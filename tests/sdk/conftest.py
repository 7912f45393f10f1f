"""The scripted upstream and the built gateway, started once for all tests."""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import openai
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target" / "release"
MASTER_KEY = "sk-master-of-the-sdk-tests"
MODELS = [
    "echo", "exact", "gated", "slow", "cut", "midstream-error", "no-usage", "err-400", "err-401",
    "err-403", "err-404", "err-429", "err-500", "err-503", "flaky-1-429", "flaky-2-500",
    "flaky-1-503",
]  # fmt: skip
PATIENCE = 40


def until(what, look, limit=PATIENCE):
    """Looks at a condition until it gives something; the only place that waits blindly."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen within {limit} s")


def request(url, body=None, key=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
        return json.loads(answer.read())


class Upstream:
    """The scripted upstream as a process."""

    def __init__(self):
        command = [RELEASE / "tollgate-test-upstream", "script", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[-1]

    def calls(self):
        return request(f"http://{self.address}/__calls")

    def release(self, permits):
        request(f"http://{self.address}/__release/{permits}", {})


class Gateway:
    """The built gateway as a process."""

    def __init__(self, upstream, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        config = folder / "config.yaml"
        rows = [
            {
                "model_name": model,
                "litellm_params": {
                    "model": f"openai/up-{model}",
                    "api_base": f"http://{upstream.address}/v1",
                    "api_key": "sk-provider",
                    "input_cost_per_token": 0.000001,
                    "output_cost_per_token": 0.000002,
                },
            }
            for model in MODELS
        ]
        # It is the SDK's own retries that are tried. JSON is YAML.
        settings = {"model_list": rows, "router_settings": {"num_retries": 0}}
        config.write_text(json.dumps(settings, indent=1))
        self.log = folder / "output"
        binary = os.environ.get("TOLLGATE_BIN", str(RELEASE / "tollgate"))
        command = [binary, "run", "--config", config, "--port", str(port)]
        command += ["--data-dir", folder / "data"]
        environment = {**os.environ, "LITELLM_MASTER_KEY": MASTER_KEY}
        environment.pop("DATABASE_URL", None)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until("the gateway's readiness", self.is_ready)

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended:\n{self.log.read_text()}")
        try:
            return request(f"{self.base}/health/readiness")
        except (OSError, urllib.error.URLError):
            return None

    def key(self, **limits):
        return request(f"{self.base}/key/generate", limits, MASTER_KEY)["key"]

    def client(self, kind=openai.OpenAI, **options):
        options.setdefault("api_key", self.key())
        options.setdefault("max_retries", 0)
        options.setdefault("timeout", 20)
        return kind(base_url=f"{self.base}/v1", **options)


def end(process):
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def upstream():
    upstream = Upstream()
    yield upstream
    end(upstream.process)


@pytest.fixture(scope="session")
def gateway(upstream):
    with tempfile.TemporaryDirectory(prefix="tollgate-sdk-") as folder:
        gateway = Gateway(upstream, pathlib.Path(folder))
        yield gateway
        end(gateway.process)
        assert "panicked at" not in gateway.log.read_text()


@pytest.fixture
def client(gateway):
    with gateway.client() as client:
        yield client

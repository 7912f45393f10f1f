"""The processes of the run: the built gateway, and Node with its clients."""

import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ROOT / "target" / "clients"
MASTER_KEY = "sk-master-of-the-client-tests"
PROVIDER_KEY = "sk-key-of-the-provider"
PATIENCE = 40
# The gateway's models by the API of the provider that answers for them.
MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-sonnet-4-5"}
EMBEDDER = "text-embedding-3-small"


def until(what, look, limit=PATIENCE):
    """Looks at a condition until it gives something."""
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


class Gateway:
    """The built gateway as a process, with one key for all calls."""

    def __init__(self, openai, anthropic, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        rows = [
            deployment(EMBEDDER, "openai", f"{openai.base}/v1"),
            deployment(MODELS["openai"], "openai", f"{openai.base}/v1"),
            deployment(MODELS["anthropic"], "anthropic", anthropic.base),
        ]
        config = folder / "config.yaml"
        # A provider's error has to reach the client at once, and from every call.
        router = {"num_retries": 0, "disable_cooldowns": True}
        # JSON is YAML.
        config.write_text(json.dumps({"model_list": rows, "router_settings": router}, indent=1))
        self.log = folder / "output"
        binary = os.environ.get("TOLLGATE_BIN", str(ROOT / "target" / "release" / "tollgate"))
        command = [binary, "run", "--config", config, "--port", str(port)]
        command += ["--data-dir", folder / "data"]
        environment = {**os.environ, "LITELLM_MASTER_KEY": MASTER_KEY}
        environment.pop("DATABASE_URL", None)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until("the gateway's readiness", self.is_ready)
        self.key = request(f"{self.base}/key/generate", {}, MASTER_KEY)["key"]

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended:\n{self.log.read_text()}")
        try:
            return request(f"{self.base}/health/readiness")
        except (OSError, urllib.error.URLError):
            return None

    def stop(self):
        self.process.kill()
        self.process.wait()


def deployment(name, provider, base):
    params = {
        "model": f"{provider}/{name}",
        "api_base": base,
        "api_key": PROVIDER_KEY,
        "input_cost_per_token": 0.000001,
        "output_cost_per_token": 0.000002,
    }
    return {"model_name": name, "litellm_params": params}


class Node:
    """One Node process that does tasks in turn."""

    def __init__(self):
        command = ["node", MODULES / "driver.mjs"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def run(self, client, feature, task):
        line = json.dumps({"client": client, "feature": feature, **vars(task)})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "outcome" in answer, answer["thrown"]
        return answer["outcome"]

    def stop(self):
        self.process.kill()
        self.process.wait()


def node_features():
    """The clients for Node, each with the features that it has."""
    command = ["node", MODULES / "driver.mjs", "list"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

"""The proxies that are compared, each a process with a folder and ports of its own."""

import getpass
import grp
import os
import pathlib
import shutil
import socket
import subprocess
import time

from upstream import Door

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATIENCE = 40


def until(what, look, limit=PATIENCE):
    """Looks at a condition until it gives something; the only place that waits blindly."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.01)
    raise SystemExit(f"oracle: {what} did not happen within {limit} s")


def tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if not found:
        raise SystemExit(f"oracle: {name} is missing; run: ops/setup.sh --test")
    return found


def tollgate():
    path = pathlib.Path(os.environ.get("TOLLGATE_BIN", ROOT / "target" / "release" / "tollgate"))
    if not path.is_file():
        raise SystemExit(f"oracle: there is no {path}; run: make build")
    return path


class Ports:
    """Free ports, held until all are known so that none is given twice."""

    def __init__(self):
        self.held = []

    def take(self):
        held = socket.socket()
        held.bind(("127.0.0.1", 0))
        self.held.append(held)
        return held.getsockname()[1]

    def release(self):
        for held in self.held:
            held.close()


def certificate(folder):
    command = [
        tool("openssl"),
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]
    command += ["-nodes", "-days", "2", "-subj", "/CN=litellm.example.com"]
    command += ["-addext", "subjectAltName=DNS:litellm.example.com"]
    command += ["-out", folder / "certificate.pem", "-keyout", folder / "private-key.pem"]
    subprocess.run(command, check=True, capture_output=True)


class Side:
    """A proxy, its ports, and the door of the upstream that only it knows."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder / name
        self.folder.mkdir()
        self.door, ports = Door(), Ports()
        self.http, self.https, self.plain, self.nobody = (ports.take() for _ in range(4))
        ports.release()
        # Kept: nobody shall listen there by chance.
        self.closed = socket.socket()
        self.closed.bind(("127.0.0.1", self.nobody))
        self.process = None
        certificate(self.folder)

    def write(self, template):
        """Fills in what a template leaves open."""
        values = {
            "HTTP": self.http,
            "HTTPS": self.https,
            "UPSTREAM": self.door.port,
            "NOBODY": self.nobody,
            "FOLDER": self.folder,
            "USER": getpass.getuser(),
            "GROUP": grp.getgrgid(os.getgid()).gr_name,
        }
        text = (HERE / template).read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        file = self.folder / template
        file.write_text(text)
        return file

    def start(self, command, port):
        self.log = self.folder / "output"
        environment = dict(os.environ)
        for name in ("DATABASE_URL", "LOG_LEVEL", "LITELLM_CORS_ORIGINS", "LITELLM_MASTER_KEY"):
            environment.pop(name, None)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until(f"the start of {self.name}", lambda: self.is_open(port))

    def is_open(self, port):
        if self.process.poll() is not None:
            raise SystemExit(f"oracle: {self.name} ended:\n{self.log.read_text()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    def end(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def nginx(folder):
    side = Side("nginx", folder)
    side.write("site.conf")
    side.start([tool("nginx"), "-p", side.folder, "-c", side.write("nginx.conf")], side.https)
    return side


def written(folder):
    """Tollgate with the configuration that was written by hand."""
    side = Side("written", folder)
    return started(side, side.write("tollgate.yaml"))


def imported(folder):
    """Tollgate with what it makes of nginx's own file."""
    side = Side("imported", folder)
    config = side.folder / "tollgate.yaml"
    command = [tollgate(), "import", "nginx", side.write("site.conf"), "--output", config]
    notes = subprocess.run(command, capture_output=True, text=True)
    if not config.is_file():
        raise SystemExit(f"oracle: nothing was imported:\n{notes.stderr}")
    return started(side, config)


def started(side, config):
    command = [tollgate(), "run", "--config", config, "--port", str(side.plain)]
    side.start(command + ["--data-dir", side.folder / "data"], side.https)
    return side

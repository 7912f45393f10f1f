"""The gateway with its sites, the parties around it, and Chromium, which trusts the suite's own
certificate authority; started once for all tests."""

import contextlib
import functools
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

import pytest
from playwright.sync_api import sync_playwright

from parties import Behind, Door, Embedder, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURES = ROOT / "target" / "browser"
PATIENCE = 20

# Everybody's names, on the usual ports: Chromium is told where on loopback they are. Pages may be
# framed by WORDPRESS. `litellm.example.com` is of one site with it, as in the guide; those below
# example.net are of another.
WORDPRESS = "https://wordpress.example.com"
PORTAL = "https://portal.example.org"
APP = "https://app.example.org"
SAME = "litellm.example.com"
ACROSS = "litellm.example.net"
# As ACROSS, cookies left as they are.
UNCHANGED = "unchanged.example.net"
# Nothing said of framing.
BARE = "bare.example.net"
# Not behind the gateway from the start.
MOVED = "moved.example.com"
# Of a gateway of its own.
GUIDE = "guide.example.com"
GATEWAYS = [SAME, ACROSS, UNCHANGED, BARE, "nobody.example.net"]
EMBEDDERS = ["wordpress.example.com", "sub.wordpress.example.com", "example.com",
             "blog.example.com", "wordpress.example.com.example.org", "portal.example.org",
             "app.example.org", "evil.example.org"]  # fmt: skip


def until(what, look, limit=PATIENCE):
    """Looks at a condition until it gives something; the only place that waits blindly."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen within {limit} s")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Authority:
    """A certificate authority and one certificate for every name."""

    def __init__(self, folder):
        self.root = folder / "ca.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        root_key, request, extensions = folder / "ca.key", folder / "csr.pem", folder / "extensions"
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self.openssl(
            "req", "-x509", *new_key, "-days", "2", "-subj", "/CN=Tollgate browser tests",
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", root_key, "-out", self.root,
        )  # fmt: skip
        self.openssl("req", "-new", *new_key, "-subj", f"/CN={SAME}", "-keyout", self.key,
                     "-out", request)  # fmt: skip
        names = ",".join(f"DNS:{name}" for name in [*GATEWAYS, GUIDE, MOVED, *EMBEDDERS])
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        self.openssl(
            "x509", "-req", "-in", request, "-CA", self.root, "-CAkey", root_key, "-CAcreateserial",
            "-days", "2", "-extfile", extensions, "-out", self.certificate,
        )  # fmt: skip

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def trusting_home(self, folder):
        """A home folder whose certificate database has this authority, and nothing else."""
        database = folder / ".pki" / "nssdb"
        database.mkdir(parents=True)
        where = ["-d", f"sql:{database}"]
        for arguments in (
            ["-N", "--empty-password"],
            ["-A", "-t", "C,,", "-n", "browser tests", "-i", self.root],
        ):
            subprocess.run(["certutil", *where, *arguments], check=True, capture_output=True)
        return folder


BINARY = os.environ.get("TOLLGATE_BIN", str(ROOT / "target" / "release" / "tollgate"))


class Gateway:
    """The built gateway as a process, and its answers as they are on the wire. `configuration` is
    asked for the text, once the ports are known."""

    def __init__(self, folder, authority, configuration, ending):
        self.plain, self.tls = free_port(), free_port()
        self.authority = authority
        config = folder / "config.yaml"
        config.write_text(configuration(self))
        self.log = folder / "output"
        command = [BINARY, "run", "--config", config, "--port", str(free_port())]
        command += ["--data-dir", folder / "data"]
        environment = {**os.environ, "LITELLM_MASTER_KEY": "sk-master-of-the-browser-tests"}
        for name in ("DATABASE_URL", "LITELLM_CORS_ORIGINS"):
            environment.pop(name, None)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        ending.callback(self.end)
        until("the gateway's readiness", self.is_ready)

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended:\n{self.log.read_text()}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            # Any answer at all.
            return self.answer(SAME, "/")

    def end(self):
        self.process.kill()
        self.process.wait()
        assert "panicked at" not in self.log.read_text()

    def answer(self, host, target, method="GET", headers=(), body=None, tls=True):
        """The status and all headers, repeated ones too; names in lower case."""
        port = self.tls if tls else self.plain
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.connect()
            if tls:
                context = ssl.create_default_context(cafile=self.authority.root)
                connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
            connection.request(method, target, body, {"host": host, **dict(headers)})
            answer = connection.getresponse()
            answer.read()
            return answer.status, [(name.lower(), value) for name, value in answer.getheaders()]


def sites(gateway, behind):
    """The configuration of the tests: a site for each way to be framed."""
    to = f"http://127.0.0.1:{behind.port}"
    routes = [
        {"path": "/health", "to": "gateway"},
        {"path": "/v1/", "to": "models"},
        {"path": "/private/", "to": to},
        {"path": "/small/", "to": to, "public": True, "body_bytes": 1},
        {"path": "/dead/", "to": f"http://127.0.0.1:{free_port()}", "public": True},
        {"path": "/", "to": to, "public": True},
    ]
    headers = {
        "set": {
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
        },
        "remove": ["Server"],
    }
    framed = {"frame_ancestors": [WORDPRESS], "headers": headers, "routes": routes}
    both = {**framed, "frame_ancestors": [WORDPRESS, PORTAL]}
    certificate = {"certificate": str(gateway.authority.certificate),
                   "private_key": str(gateway.authority.key)}  # fmt: skip
    hosted = [
        {**framed, "hosts": [SAME], "cors": {"origins": [APP]}},
        {
            **both,
            "hosts": [ACROSS],
            "cors": {"origins": []},
            "cookies": {"same_site": "none", "partitioned": True},
        },
        {**both, "hosts": [UNCHANGED]},
        {**framed, "hosts": [MOVED]},
        {"hosts": [BARE], "routes": routes},
    ]
    listeners = [
        {"address": f"127.0.0.1:{gateway.plain}", "redirect_to_https": True},
        {"address": f"127.0.0.1:{gateway.tls}", "http2": True,
         "tls": {"certificates": [certificate]}},
    ]  # fmt: skip
    mock = {"model": "openai/demo", "mock_response": "Hello."}
    models = [{"model_name": "demo", "litellm_params": mock}]
    edge = {"listeners": listeners, "sites": hosted}
    # JSON is YAML.
    return json.dumps({"model_list": models, "edge": edge}, indent=1)


def imported(gateway, behind):
    """The deployment guide's nginx file, as `tollgate import` reads it, for GUIDE."""
    text = (ROOT / "gateway/crates/import/tests/cases/guide.conf").read_text()
    folder = "/etc/letsencrypt/live/litellm.example.com"
    for nginx, here in (
        (f"{folder}/fullchain.pem", str(gateway.authority.certificate)),
        (f"{folder}/privkey.pem", str(gateway.authority.key)),
        ("litellm.example.com", GUIDE),
        ("127.0.0.1:24157", f"127.0.0.1:{behind.port}"),
        ("listen      80;", f"listen 127.0.0.1:{gateway.plain};"),
        ("listen      443 ssl", f"listen 127.0.0.1:{gateway.tls} ssl"),
    ):
        assert nginx in text, nginx
        text = text.replace(nginx, here)
    file = gateway.authority.root.parent / "guide.conf"
    file.write_text(text)
    command = [BINARY, "import", "nginx", file]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class World:
    """All parties, and a browser that knows where they are. What was started is ended with
    `ending`."""

    def __init__(self, folder, playwright, ending):
        self.folder = folder
        self.playwright = playwright
        self.ending = ending
        authority = Authority(folder)
        tls = (authority.certificate, authority.key)
        self.behind = Server(Behind)
        self.embedder = Server(Embedder, tls)
        self.plain_embedder = Server(Embedder)
        self.bare = Server(Behind, tls)
        self.door = Door(self.bare.port)
        for server in (self.behind, self.embedder, self.plain_embedder, self.bare, self.door):
            ending.callback(server.end)
        self.gateway = self.start(authority, sites)
        self.guide = self.start(authority, imported)
        self.home = authority.trusting_home(folder / "home")
        places = {f"{name}:443": self.gateway.tls for name in GATEWAYS}
        places |= {f"{name}:80": self.gateway.plain for name in GATEWAYS}
        places |= {f"{GUIDE}:443": self.guide.tls, f"{GUIDE}:80": self.guide.plain}
        places[f"{MOVED}:443"] = self.door.port
        for name in EMBEDDERS:
            for port, server in ((443, self.embedder), (8443, self.embedder),
                                 (80, self.plain_embedder)):  # fmt: skip
                places[f"{name}:{port}"] = server.port
        rules = [f"MAP {name} 127.0.0.1:{port}" for name, port in places.items()]
        arguments = [
            "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync",
            # Pages over plain HTTP stay there; loopback stands for the world.
            "--disable-features=HttpsUpgrades,HttpsFirstBalancedMode,LocalNetworkAccessChecks",
            f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}",
        ]  # fmt: skip
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        environment = {**os.environ, "HOME": str(self.home)}
        environment.pop("XDG_DATA_HOME", None)
        self.launch = {
            "executable_path": os.environ.get("CHROMIUM", shutil.which("chromium")),
            "headless": True,
            "args": arguments,
            "env": environment,
        }
        self.browser = playwright.chromium.launch(**self.launch)
        ending.callback(self.browser.close)
        # For tests that leave nothing behind.
        self.common = self.fresh()

    def start(self, authority, configuration):
        folder = self.folder / configuration.__name__
        folder.mkdir()
        text = functools.partial(configuration, behind=self.behind)
        return Gateway(folder, authority, text, self.ending)

    def fresh(self):
        """A profile of nobody, which blocks cookies of third parties."""
        return self.browser.new_context(viewport={"width": 820, "height": 480})

    def everyday(self):
        """A profile as people have it, on disk, which lets cookies of third parties pass."""
        folder = tempfile.mkdtemp(dir=self.folder)
        return self.playwright.chromium.launch_persistent_context(folder, **self.launch)


@pytest.fixture(scope="session")
def world():
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    with contextlib.ExitStack() as ending:
        folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="tollgate-browser-"))
        playwright = ending.enter_context(sync_playwright())
        yield World(pathlib.Path(folder), playwright, ending)


@pytest.fixture(scope="session")
def gateway(world):
    return world.gateway


class Tab:
    """A page, what its console said and which of its requests failed."""

    def __init__(self, context):
        self.context = context
        self.page = context.new_page()
        self.said = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.failed = []
        self.page.on("requestfailed", lambda request: self.failed.append(request.failure))

    def open(self, url):
        self.page.goto(url, wait_until="load")
        return self

    def frame(self, depth=1):
        [frame] = self.frames(1, depth)
        return frame

    def frames(self, number, depth=1):
        """The frames that are this deep, once each has an answer or was refused one."""

        def look():
            frames = [frame for frame in self.page.frames if depth_of(frame) == depth]
            frames = [frame for frame in frames if frame.url not in ("", "about:blank")]
            return frames if len(frames) == number else None

        return self.until(f"{number} frames", look)

    def until(self, what, look):
        # Hears what the browser has to tell before each look.
        return until(what, lambda: self.page.wait_for_timeout(0) or look())

    def has_said(self, word):
        return any(word in said for said in self.said)


def depth_of(frame):
    depth = 0
    while frame := frame.parent_frame:
        depth += 1
    return depth


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed:
        for number, tab in enumerate(getattr(item, "tabs", [])):
            name = "".join(c if c.isalnum() else "-" for c in item.nodeid.split("/")[-1])
            with contextlib.suppress(Exception):
                tab.page.screenshot(path=PICTURES / f"{name}-{number}.png")
                report.sections.append(("console", "\n".join(tab.said)))
    return report


@pytest.fixture
def tabs(request, world):
    """Makes tabs, of the common profile unless another is given, which is closed in the end."""
    request.node.tabs = []

    def make(context=None):
        tab = Tab(context or world.common)
        request.node.tabs.append(tab)
        return tab

    yield make
    for tab in request.node.tabs:
        if tab.context is world.common:
            tab.page.close()
        else:
            tab.context.close()


@pytest.fixture
def tab(tabs):
    return tabs()

"""What the tests share: authorities, processes that end with their test, and clients that try."""

import contextlib
import datetime
import http.server
import ipaddress
import itertools
import json
import os
import pathlib
import socket
import ssl
import subprocess
import threading
import time
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 40
ANSWER = b"Behind the edge.\n" * 64
# The kernel gives ports from 32768 on to whoever asks for any.
PORTS = itertools.cycle(range(10_000, 30_000))
for _ in range(os.getpid() * 97 % 20_000):
    next(PORTS)


def until(what, look, limit=PATIENCE):
    """Looks at a condition until it gives something; the only place that waits blindly."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what}: not within {limit} s")


def free_port():
    for port in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def is_listening(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Running:
    """A process whose output is kept. It ends with the `with` that it was started in."""

    def __init__(self, command, log, **environment):
        self.command = [str(part) for part in command]
        self.log = pathlib.Path(log)
        environment = {**os.environ, **environment}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def told(self):
        return self.log.read_text(errors="replace")

    def listens(self, port):
        def look():
            assert self.process.poll() is None, f"{self.command[0]} ended:\n{self.told()}"
            return is_listening(port)

        until(f"{self.command[0]} listens on {port}", look)
        return self


class Authority:
    """A root and an intermediate, as public authorities have them."""

    def __init__(self, folder, name="test"):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.root_key, self.root = self._make(f"{name} root", None)
        self.key, self.certificate = self._make(f"{name} intermediate", (self.root_key, self.root))
        self.roots = self.folder / f"{name}-root.pem"
        self.roots.write_bytes(pem(self.root))

    def _make(self, name, issuer):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, issuer[1].subject if issuer else subject, key, 90)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        usage = x509.KeyUsage(*[place in (5, 6) for place in range(9)])
        builder = builder.add_extension(usage, critical=True)
        builder = self._identified(builder, key, issuer[0] if issuer else key)
        return key, builder.sign(issuer[0] if issuer else key, hashes.SHA256())

    @staticmethod
    def _builder(subject, issuer, key, days):
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(minutes=5))
        return builder.not_valid_after(now + datetime.timedelta(days=days))

    @staticmethod
    def _identified(builder, key, issuer):
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
        return builder.add_extension(own, critical=False).add_extension(above, critical=False)

    def issue(self, *names, client=False):
        """Files with a chain and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        builder = self._builder(subject, self.certificate.subject, key, 60)
        kind = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([kind]), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        alternatives = x509.SubjectAlternativeName([general_name(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
        builder = self._identified(builder, key, self.key)
        leaf = builder.sign(self.key, hashes.SHA256())
        files = [self.folder / f"{self.name}-{names[0]}.{end}" for end in ("crt", "key")]
        files[0].write_bytes(pem(leaf) + pem(self.certificate))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


def general_name(name):
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class Gateway(Running):
    """The built gateway with an `edge` section."""

    def __init__(self, folder, edge, data=None, name="gateway"):
        folder = pathlib.Path(folder)
        self.port = free_port()
        self.config = folder / f"{name}.yaml"
        # JSON is YAML.
        self.config.write_text(json.dumps({"edge": edge}, indent=1))
        binary = os.environ.get("TOLLGATE_BIN", ROOT / "target" / "release" / "tollgate")
        command = [binary, "run", "--config", self.config, "--port", self.port]
        command += ["--data-dir", data or folder / "data"]
        key = "sk-master-of-conformance"
        super().__init__(command, folder / f"{name}.log", LITELLM_MASTER_KEY=key, DATABASE_URL="")

    def ready(self):
        def look():
            assert self.process.poll() is None, f"the gateway ended:\n{self.told()}"
            with contextlib.suppress(OSError):
                url = f"http://127.0.0.1:{self.port}/health/readiness"
                with urllib.request.urlopen(url, timeout=5) as answer:
                    return answer.status == 200

        until("the gateway is ready", look)
        return self

    def __exit__(self, *_):
        self.end()
        assert "panicked at" not in self.told(), self.told()


@contextlib.contextmanager
def behind():
    """A server behind the gateway; gives its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("transfer-encoding") == "chunked":
                while size := int(self.rfile.readline() or b"0", 16):
                    self.rfile.read(size + 2)
                while self.rfile.readline().strip():
                    pass
            self.send_response(200)
            self.send_header("content-length", str(len(ANSWER)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(ANSWER)

        do_GET = do_HEAD = do_POST = do_OPTIONS = answer

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):
            """Requests that break off are what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def client(roots=None, version=None, alpn=("http/1.1",)):
    """How a client speaks TLS; without roots it trusts whatever it is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if roots:
        context.load_verify_locations(cafile=roots)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(list(alpn))
    return context


@contextlib.contextmanager
def connected(port, name, context, session=None):
    with socket.create_connection(("127.0.0.1", port), 10) as raw:
        with context.wrap_socket(raw, server_hostname=name, session=session) as tls:
            yield tls


def ask(tls, path="/health/liveliness", name="localhost"):
    """The status of a request on a connection, its answer read to the end."""
    request = f"GET {path} HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n"
    tls.sendall(request.encode())
    whole = b""
    while part := tls.recv(65536):
        whole += part
    return int(whole.split(b" ", 2)[1])


def shown(port, name):
    """The certificate that is shown for a name. None: no handshake."""
    with contextlib.suppress(OSError), connected(port, name, client()) as tls:
        return x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
    return None


class Visitors:
    """Clients that make new connections all the time and remember how each one went."""

    def __init__(self, port, name, roots, count=2):
        self.arguments = (port, name, client(roots))
        self.ended = threading.Event()
        self.served, self.failed, self.serials = 0, [], []
        self.threads = [threading.Thread(target=self._visit) for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _visit(self):
        port, name, context = self.arguments
        while not self.ended.is_set():
            try:
                with connected(port, name, context) as tls:
                    shown = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
                    assert ask(tls, name=name) == 200
                self.served += 1
                if shown.serial_number not in self.serials:
                    self.serials.append(shown.serial_number)
            except Exception as error:
                self.failed.append(repr(error))

    def more(self, count):
        """Waits until so many more were served."""
        before = self.served
        until(f"{count} more visits", lambda: self.served >= before + count or self.failed)

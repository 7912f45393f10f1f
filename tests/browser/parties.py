"""Who takes part beside the gateway and the browser: pages that frame others, and a server that
behaves as LiteLLM's `/ui` does. Both are threads of this process and remember what they were
asked."""

import contextlib
import html
import http.cookies
import http.server
import json
import select
import socket
import socketserver
import ssl
import threading
import urllib.parse

# What the server behind the gateway says of framing; `?as=NAME` chooses.
POLICIES = {
    "usual": [("X-Frame-Options", "DENY"), ("Content-Security-Policy", "frame-ancestors 'none'")],
    "silent": [],
    "header-only": [("X-Frame-Options", "DENY")],
    "sameorigin": [("X-Frame-Options", "SAMEORIGIN"), ("X-Frame-Options", "DENY")],
    "policy-only": [("Content-Security-Policy", "frame-ancestors 'none'")],
    "odd-writing": [
        ("x-frame-options", "deny"),
        ("content-security-policy", " ;; FRAME-Ancestors\t'none' ;"),
    ],
    "beside-others": [
        ("X-Frame-Options", "DENY"),
        (
            "Content-Security-Policy",
            "script-src 'self'; frame-ancestors 'none'; img-src 'none'",
        ),
    ],
    "several": [
        ("X-Frame-Options", "DENY"),
        ("Content-Security-Policy", "frame-ancestors 'none'"),
        ("Content-Security-Policy", "script-src 'self'"),
        ("Content-Security-Policy", "frame-ancestors 'self'; img-src 'none'"),
    ],
    "joined": [
        ("X-Frame-Options", "DENY"),
        (
            "Content-Security-Policy",
            "frame-ancestors 'none', script-src 'self', img-src 'none'; frame-ancestors 'none'",
        ),
    ],
    "reported": [
        ("Content-Security-Policy-Report-Only", "frame-ancestors 'none'; script-src 'self'"),
    ],
}
# Those whose other directives forbid the script that stands in the page.
FORBIDS_SCRIPT = {"beside-others", "several", "joined"}

UI = b"""<!doctype html><meta charset="utf-8"><title>LiteLLM</title>
<link rel="stylesheet" href="/ui/assets/app.css">
<h1 id="state">loading</h1><button id="count">0</button><img id="image" src="/ui/assets/dot.svg">
<form method="post" action="/login"><input name="username" value="admin">
<input name="password" type="password" value="secret"><button id="login">Log in</button></form>
<a id="popup" href="/ui/" target="_blank">Log in in a window</a>
<script>document.documentElement.dataset.inline = "ran"</script>
<script src="/ui/assets/app.js"></script>
"""
STYLE = b"body { font: 16px sans-serif; background: #dff5e1 } #count { width: 120px; height: 40px }"
SCRIPT = b"""
const count = document.getElementById("count");
count.addEventListener("click", () => { count.textContent = Number(count.textContent) + 1; });
document.getElementById("state").textContent = "ready";
"""
DOT = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9"/></svg>'
TOKEN = "token-of-admin"
ETAG = '"one"'


class Server:
    """An HTTP server on a free port of loopback, with TLS if there is a certificate."""

    def __init__(self, handler, certificate=None):
        self.asked = []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        server.party = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            # The handshake is for the connection's own thread.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.server = server
        self.port = server.server_address[1]
        self.thread = threading.Thread(target=server.serve_forever, daemon=True)
        self.thread.start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def asked_for(self, path):
        """The headers of every request for this path; names in lower case."""
        return [headers for asked, headers in self.asked if asked == path]


class Door:
    """Passes connections on to a port that can be changed."""

    def __init__(self, port):
        self.leads_to = port
        self.open = set()
        door = self

        class Passage(socketserver.BaseRequestHandler):
            def handle(self):
                with socket.create_connection(("127.0.0.1", door.leads_to)) as far:
                    door.open.add(far)
                    with contextlib.suppress(OSError):
                        self.pass_on({self.request: far, far: self.request})

            def pass_on(self, pair):
                while True:
                    for side in select.select(list(pair), [], [])[0]:
                        data = side.recv(65536)
                        if not data:
                            return
                        pair[side].sendall(data)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Passage)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def lead(self, port):
        """From now on; connections from before end."""
        self.leads_to = port
        while self.open:
            with contextlib.suppress(OSError):
                self.open.pop().shutdown(socket.SHUT_RDWR)

    def end(self):
        self.lead(0)
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            # A browser that leaves.
            pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        length = int(self.headers.get("content-length", 0))
        self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.party.asked.append((url.path, {":method": self.command, **headers}))
        self.answer(url.path, query)

    do_POST = do_PUT = do_OPTIONS = do_HEAD = do_GET

    def send(self, status, body=b"", kind="text/html; charset=utf-8", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Behind(Handler):
    """Behaves as LiteLLM does."""

    server_version = "uvicorn"

    def answer(self, path, query):
        [policy], [then] = query.get("as", ["usual"]), query.get("then", ["usual"])
        policy, then = POLICIES[policy], POLICIES[then]
        anyone = ("Access-Control-Allow-Origin", "*")
        files = {
            "/ui/assets/app.css": (STYLE, "text/css"),
            "/ui/assets/app.js": (SCRIPT, "text/javascript"),
            "/ui/assets/dot.svg": (DOT, "image/svg+xml"),
        }
        if path in files:
            body, kind = files[path]
            self.send(200, body, kind, policy)
        elif path in ("/ui/", "/etag"):
            headers = [*policy, ("ETag", ETAG), ("Cache-Control", "no-cache")]
            # A gateway that compresses makes the tag a weak one.
            known = self.headers.get("if-none-match", "").removeprefix("W/")
            if path == "/etag" and known == ETAG:
                self.send(304, headers=[*then, ("ETag", ETAG)])
            else:
                self.send(200, UI, headers=headers)
        elif path == "/login" and self.command == "POST":
            cookie = f"token={TOKEN}; Path=/; SameSite=Lax"
            self.send(303, headers=[*policy, ("Location", "/ui/home"), ("Set-Cookie", cookie)])
        elif path == "/logout":
            cookie = "token=; Path=/; Max-Age=0; SameSite=Lax"
            self.send(303, headers=[*policy, ("Location", "/ui/home"), ("Set-Cookie", cookie)])
        elif path == "/ui/home":
            state = "logged in" if self.is_logged_in() else "nobody is logged in"
            page = f'<!doctype html><title>home</title><h1 id="state">{state}</h1>'
            self.send(200, page.encode(), headers=[*policy, ("Cache-Control", "no-store")])
        elif path == "/redirect":
            self.send(302, headers=[*policy, ("Location", "/ui/")])
        elif path.startswith("/status/"):
            status = int(path.removeprefix("/status/"))
            body = b'<!doctype html><h1 id="state">answered</h1>'
            self.send(status, body if status != 204 else b"", headers=policy)
        elif path.startswith("/data"):
            grants = [anyone, ("Access-Control-Allow-Headers", "*")]
            self.send(200, json.dumps({"secret": 1}).encode(), "application/json", grants)
        elif path.startswith("/change"):
            self.send(200, b"changed", headers=[anyone])
        else:
            self.send(404, b"nothing", headers=policy)

    def is_logged_in(self):
        cookies = http.cookies.SimpleCookie(self.headers.get("cookie", ""))
        return "token" in cookies and cookies["token"].value == TOKEN


class Embedder(Handler):
    """Pages that frame what `src` says, each in a frame of its own."""

    server_version = "wordpress"

    def answer(self, path, query):
        element = {"/object": '<object data="{}"', "/embed": '<embed src="{}"'}
        element = element.get(path, '<iframe src="{}"')
        if "sandbox" in query:
            element += f' sandbox="{query["sandbox"][0]}"'
        element += ' width="700" height="200"></iframe></object>'
        frames = "".join(element.format(html.escape(src)) for src in query.get("src", []))
        if path == "/srcdoc":
            frames = f'<iframe width="750" height="250" srcdoc="{html.escape(frames)}"></iframe>'
        headers = []
        if path == "/opaque":
            headers = [("Content-Security-Policy", "sandbox allow-scripts allow-forms")]
        page = f"<!doctype html><title>{path}</title><h1>{self.headers['host']}</h1>{frames}"
        self.send(200, page.encode(), headers=headers)

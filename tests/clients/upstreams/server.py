"""The server under both providers: it reads requests, records them, and notices who leaves."""

import dataclasses
import http.server
import json
import select
import threading

# How long an endless stream waits before each piece, in seconds.
PACE = 0.02


@dataclasses.dataclass
class Record:
    """One request as it came, and how its answer ended: None while it is under way."""

    path: str
    headers: dict
    body: dict
    ending: str | None = None


class Provider:
    """A provider that listens on a free port. `answer(exchange)` is what makes it one."""

    def __init__(self, answer):
        self.records = []
        provider = self

        class Handler(Exchange):
            def respond(self):
                provider.records.append(self.record)
                answer(self)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        """What came since the last time, oldest first."""
        taken, self.records = self.records, []
        return taken

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class Exchange(http.server.BaseHTTPRequestHandler):
    """One request and the ways to answer it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.take_request(b"{}")

    def do_POST(self):
        self.take_request(self.rfile.read(int(self.headers["content-length"])))

    def take_request(self, body):
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.record = Record(self.path, headers, json.loads(body))
        try:
            self.respond()
            self.record.ending = "complete"
        except OSError:
            self.record.ending = "left"
            self.close_connection = True

    def whole(self, status, value, headers=()):
        """Answers with a JSON document."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def begin_events(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def event(self, value, name=None):
        """Sends one event; `value` is JSON unless it is text already."""
        data = value if isinstance(value, str) else json.dumps(value)
        head = f"event: {name}\n" if name else ""
        self.chunk(f"{head}data: {data}\n\n".encode())

    def end_events(self):
        self.chunk(b"")

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def stays(self):
        """Waits a moment. An error if the other side has closed the connection meanwhile."""
        readable, _, _ = select.select([self.connection], [], [], PACE)
        if readable and not self.connection.recv(1):
            raise ConnectionResetError("the other side left")
        return True

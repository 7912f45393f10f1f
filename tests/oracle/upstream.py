"""The upstream behind each proxy: records exactly what it gets, and answers as the case says."""

import dataclasses
import socket
import threading
from dataclasses import dataclass, field

PATIENCE = 20
FENCE = b"FENCE\r\n\r\n"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    version: str
    headers: list
    framing: str = "none"
    body: bytes = b""
    whole: bool = False
    trailers: list = field(default_factory=list)

    def value(self, name):
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass
class Script:
    """How a request is answered: with these bytes, or by a function of the exchange."""

    answer: object = HELLO
    # Answer before the body is read.
    early: bool = False
    # Close the connection afterwards, whatever the request says.
    closes: bool = False


class Exchange:
    """A request and the connection it came on."""

    def __init__(self, door, connection, reader, seen):
        self.door, self.connection, self.reader, self.seen = door, connection, reader, seen

    def write(self, data):
        self.connection.sendall(data)

    def wait_for_client(self, seconds=1):
        """Whether the client says, within this time, that it has what was written so far."""
        return self.door.client_has_it.wait(seconds)

    def wait_for_close(self):
        """Reads until the proxy closes the connection."""
        while self.reader.read1(65536):
            pass


class Door:
    """One port of the upstream: whatever comes in here was sent by one proxy."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listening.getsockname()[1]
        self.changed = threading.Condition()
        self.busy = self.fences = 0
        self.seen, self.script = [], Script()
        self.client_has_it = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def prepare(self, script):
        self.client_has_it.clear()
        with self.changed:
            self.script, self.seen = script, []

    def take(self):
        """What was seen, once nothing is under way any more."""
        with self.changed:
            before = self.fences
        with socket.create_connection(("127.0.0.1", self.port)) as fence:
            # Connections are accepted in turn: those before this one have been, too.
            fence.sendall(FENCE)
            with self.changed:
                quiet = self.changed.wait_for(
                    lambda: self.fences > before and not self.busy, PATIENCE
                )
                if not quiet:
                    raise AssertionError("requests are still under way at the upstream")
                # Whether and how much of a request that is cut arrives is chance: nobody acts on it.
                return [request for request in self.seen if request.whole]

    def accept(self):
        while True:
            connection, _ = self.listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.count(1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def count(self, more):
        with self.changed:
            self.busy += more
            self.changed.notify_all()

    def serve(self, connection):
        reader = connection.makefile("rb")
        busy = True
        try:
            while head := read_head(reader):
                if not busy:
                    self.count(1)
                    busy = True
                keeps = head != FENCE and self.exchange(connection, reader, head)
                if head == FENCE:
                    with self.changed:
                        self.fences += 1
                if not keeps:
                    break
                self.count(-1)
                busy = False
        except OSError:
            pass
        finally:
            connection.close()
            reader.close()
            if busy:
                self.count(-1)

    def exchange(self, connection, reader, head):
        """Answers one request; whether the connection stays open."""
        seen, script = parse(head), self.script
        with self.changed:
            self.seen.append(seen)
        exchange = Exchange(self, connection, reader, seen)
        if not script.early:
            read_body(exchange)
        answer = script.answer
        if callable(answer):
            answer(exchange)
        else:
            exchange.write(answer)
        if script.early:
            # How much of the body still comes is chance.
            exchange.seen = dataclasses.replace(seen)
            seen.whole = True
            read_body(exchange)
        return not script.closes and exchange.seen.whole and keeps_alive(seen)


def read_head(reader):
    lines = []
    while line := reader.readline(1 << 20):
        lines.append(line)
        if line == b"\r\n":
            return b"".join(lines)
    return b""


def parse(head):
    lines = head.decode("latin-1").split("\r\n")[:-2]
    # Exactly two spaces: a third one belongs to a target that should not have passed.
    method, _, rest = lines[0].partition(" ")
    target, _, version = rest.rpartition(" ")
    headers = [
        (name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines[1:])
    ]
    return Seen(method, target, version, headers)


def read_body(exchange):
    seen, reader = exchange.seen, exchange.reader
    # Until the end is there; the connection may break before.
    seen.whole = False
    if seen.value("expect").lower() == "100-continue":
        exchange.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if seen.value("transfer-encoding"):
        seen.framing = "chunked"
        read_chunks(seen, reader)
    elif (length := seen.value("content-length")).isdigit():
        seen.framing = "length"
        seen.body = reader.read(int(length))
        seen.whole = len(seen.body) == int(length)
    else:
        seen.whole = True


def read_chunks(seen, reader):
    body = []
    while size := int(reader.readline().split(b";")[0] or b"-1", 16):
        piece = reader.read(max(size, 0))
        if size < 0 or len(piece) < size:
            return
        body.append(piece)
        reader.readline()
    seen.body = b"".join(body)
    end = read_head(reader)
    seen.trailers = [line for line in end.decode("latin-1").split("\r\n") if line]
    seen.whole = bool(end)


def keeps_alive(seen):
    connection = seen.value("connection").lower()
    return "close" not in connection and (seen.version == "HTTP/1.1" or "keep-alive" in connection)

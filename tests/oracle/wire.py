"""A client that says exactly what a case wants said, in HTTP/1 bytes or HTTP/2 headers."""

import functools
import select
import socket
import ssl
import time
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions

HOST = "litellm.example.com"
# Longer than every time-out of both proxies that a case waits for.
PATIENCE = 8
PIECE = 1 << 16
WAITS = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


@dataclass
class Answer:
    """An answer as it arrived."""

    status: object
    reason: str = ""
    version: str = ""
    interim: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    body: bytes = b""
    framing: str = ""
    whole: bool = True
    keeps: bool = True
    # Anything else that a case wants compared.
    notes: dict = field(default_factory=dict)

    def values(self, name):
        return [value for key, value in self.headers if key.lower() == name]

    def value(self, name):
        return ", ".join(self.values(name))


def connect(side, tls=True, protocols=("http/1.1",)):
    plain = socket.create_connection(
        ("127.0.0.1", side.https if tls else side.http), timeout=PATIENCE
    )
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return plain
    return context(protocols).wrap_socket(plain, server_hostname=HOST)


@functools.cache
def context(protocols):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.set_alpn_protocols(list(protocols))
    return made


class Wire:
    """One connection in HTTP/1. Sends whenever it waits: an answer may come before all is sent."""

    def __init__(self, side, tls=True, patience=PATIENCE):
        self.socket, self.patience = connect(side, tls), patience
        self.socket.settimeout(0)
        self.unsent, self.unread = bytearray(), bytearray()
        self.has_ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.unsent += data
        while self.unsent and self._push():
            pass

    def finish(self):
        """Says that nothing more will come."""
        while self.unsent:
            self._push() or select.select([], [self.socket], [], self.patience)
        self.socket.shutdown(socket.SHUT_WR)

    def _push(self):
        """Sends a piece; whether that went."""
        try:
            # A piece that could not be sent must be tried again as it was.
            del self.unsent[: self.socket.send(self.unsent[:PIECE])]
        except WAITS:
            return False
        except OSError:
            # Refused; the answer says why.
            self.unsent.clear()
        return True

    def _pull(self):
        """Receives a piece; whether that went."""
        try:
            piece = self.socket.recv(1 << 18)
        except WAITS:
            return False
        except OSError:
            piece = b""
        self.unread += piece
        self.has_ended = not piece
        return True

    def _wait(self):
        """Goes on with both directions until more is there, or the end."""
        end = time.monotonic() + self.patience
        while not self._pull():
            if self.unsent and self._push():
                continue
            writing = [self.socket] if self.unsent else []
            if not any(select.select([self.socket], writing, [], max(end - time.monotonic(), 0))):
                raise TimeoutError

    def answer(self, method="GET"):
        interim = []
        while (answer := self.head()).status in range(100, 200) and answer.status != 101:
            interim.append(answer.status)
        answer.interim = interim
        if isinstance(answer.status, int):
            self.body(answer, method)
        return answer

    def body(self, answer, method="GET"):
        try:
            self._body(answer, method)
        except TimeoutError:
            answer.whole, answer.notes["stalled"] = False, "True"

    def head(self):
        try:
            line = self.line().decode("latin-1").rstrip("\r\n")
        except TimeoutError:
            return Answer("silence", keeps=False)
        if not line:
            return Answer("close", keeps=False)
        version, _, rest = line.partition(" ")
        status, _, reason = rest.partition(" ")
        if not status.isdigit():
            return Answer("garbage", reason=line[:80], keeps=False)
        answer = Answer(int(status), reason, version)
        while line := self.line().decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            answer.headers.append((name, value.strip()))
        connection = answer.value("connection").lower()
        answer.keeps = "keep-alive" in connection or (
            version == "HTTP/1.1" and "close" not in connection
        )
        return answer

    def _body(self, answer, method):
        if method == "HEAD" or answer.status in (101, 204, 304):
            answer.framing = "none"
        elif "chunked" in answer.value("transfer-encoding").lower():
            answer.framing = "chunked"
            self._chunks(answer)
        elif (length := answer.value("content-length").split(",")[0]).isdigit():
            answer.framing = "length"
            answer.body = self.read(int(length))
            answer.whole = len(answer.body) == int(length)
        else:
            answer.framing = "close"
            answer.body = self.read()

    def _chunks(self, answer):
        body, answer.whole = [], False
        while line := self.line():
            size = int(line.split(b";")[0], 16)
            if not size:
                while (line := self.line()).strip():
                    answer.notes["trailer"] = line.decode("latin-1").strip()
                answer.whole = line == b"\r\n"
                break
            body.append(self.read(size + 2)[:size])
        answer.body = b"".join(body)

    def line(self):
        """A line with its end, or what there is of it."""
        while b"\n" not in self.unread and not self.has_ended:
            self._wait()
        return self._taken(self.unread.find(b"\n") + 1 or len(self.unread))

    def read(self, size=None):
        """So many bytes or fewer, or everything until the end."""
        while not self.has_ended and (size is None or len(self.unread) < size):
            self._wait()
        return self._taken(len(self.unread) if size is None else size)

    def _taken(self, size):
        piece = bytes(self.unread[:size])
        del self.unread[:size]
        return piece

    def is_closed(self):
        """Whether the other side ends the connection; waits for it."""
        return self.line() == b""


class Wire2:
    """One connection in HTTP/2."""

    def __init__(self, side):
        self.socket = connect(side, protocols=("h2",))
        # What a case sends is its own business.
        config = h2.config.H2Configuration(
            header_encoding="latin-1",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.connection = h2.connection.H2Connection(config)
        self.connection.initiate_connection()
        self.connection.increment_flow_control_window(1 << 30)
        self.answers, self.ended, self.resets = {}, set(), {}
        self.unsent = {}
        self.is_open = True
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        try:
            self.socket.sendall(self.connection.data_to_send())
        except OSError:
            self.is_open = False

    def request(self, headers, body=b"", trailers=None):
        stream = self.connection.get_next_available_stream_id()
        has_more = bool(body or trailers)
        self.connection.send_headers(stream, headers, end_stream=not has_more)
        self.connection.increment_flow_control_window(1 << 28, stream)
        if has_more:
            self.unsent[stream] = [memoryview(body), trailers]
        self.push()
        self.flush()
        return stream

    def push(self):
        """Sends as much of the bodies as the other side lets."""
        for stream, (body, trailers) in list(self.unsent.items()):
            if stream in self.resets or stream in self.ended:
                del self.unsent[stream]
                continue
            while body:
                size = min(self.connection.local_flow_control_window(stream), 16384, len(body))
                if not size:
                    break
                is_end = size == len(body) and not trailers
                self.connection.send_data(stream, bytes(body[:size]), end_stream=is_end)
                body = body[size:]
            self.unsent[stream][0] = body
            if not body:
                if trailers:
                    self.connection.send_headers(stream, trailers, end_stream=True)
                del self.unsent[stream]
            self.flush()

    def answer(self, stream):
        while self.is_open and stream not in self.ended and stream not in self.resets:
            self.receive()
        answer = self.answers.get(stream) or Answer(
            f"reset {self.resets.get(stream, 'connection')}"
        )
        answer.whole, answer.body = stream in self.ended, bytes(answer.body)
        return answer

    def receive(self):
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            self.is_open = False
            return
        except OSError:
            data = b""
        if not data:
            self.is_open = False
            return
        try:
            for event in self.connection.receive_data(data):
                self.take(event)
        except h2.exceptions.ProtocolError:
            self.is_open = False
            return
        self.push()
        self.flush()

    def take(self, event):
        if isinstance(event, h2.events.ResponseReceived):
            headers = dict(event.headers)
            plain = [(name, value) for name, value in event.headers if not name.startswith(":")]
            answer = Answer(
                int(headers[":status"]), version="HTTP/2", headers=plain, framing="frames"
            )
            answer.body = bytearray()
            self.answers[event.stream_id] = answer
        elif isinstance(event, h2.events.DataReceived):
            self.answers[event.stream_id].body += event.data
            self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.ended.add(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.resets[event.stream_id] = int(event.error_code)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.is_open = False

"""Streams: events as they come, WebSockets, HTTP/2 beside each other."""

from case import Case, answer, ask, ask2, head2, request
from upstream import Script
from wire import Wire, Wire2

EVENTS = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")]


def event(exchange, data):
    data = b"data: " + data + b"\n\n"
    exchange.write(b"%x\r\n%s\r\n" % (len(data), data) if exchange.is_chunked else data)


def events(*headers, is_chunked=True):
    """The second event tells whether the client had the first one by then."""

    def script(exchange):
        exchange.is_chunked = is_chunked
        coding = [("Transfer-Encoding", "chunked")] if is_chunked else []
        exchange.write(answer(headers=[*EVENTS, *headers, *coding], length=False))
        event(exchange, b"first")
        was_there = exchange.wait_for_client()
        event(exchange, b"the first was there" if was_there else b"the first was held back")
        event(exchange, b"[DONE]")
        if is_chunked:
            exchange.write(b"0\r\n\r\n")

    return Script(script, closes=not is_chunked)


def listening(name, target, script, headers=(), **rest):
    """Reads a stream, and tells the upstream as soon as the first event is there."""

    def talk(side):
        with Wire(side) as wire:
            wire.send(request("GET", target, [*headers, "Connection: close"], **rest))
            head = wire.head()
            # Of a chunk this is the size only; its data come with it.
            wire.line()
            side.door.client_has_it.set()
            head.notes["in time"] = str(b"was there" in wire.read())
            return [head]

    return Case(f"streams/{name}", talk, script)


def listening2(name, target, script):
    def talk(side):
        with Wire2(side) as wire:
            stream = wire.request(head2(target=target))
            while wire.is_open and not (stream in wire.answers and wire.answers[stream].body):
                wire.receive()
            side.door.client_has_it.set()
            found = wire.answer(stream)
            found.notes["in time"] = str(b"was there" in found.body)
            # The words differ with the time.
            found.body = b""
            return [found]

    return Case(f"streams/{name}", talk, script)


def upgraded(exchange):
    if exchange.seen.value("upgrade").lower() != "websocket":
        exchange.write(answer("426 Upgrade Required", [("Upgrade", "websocket")], "upgrade"))
        return
    exchange.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Accept: abc\r\n\r\n"
    )
    while data := exchange.reader.read1(65536):
        exchange.write(data.upper())


SOCKET = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: x",
]


def websocket(name, target, *headers, method="GET"):
    def talk(side):
        with Wire(side) as wire:
            wire.send(request(method, target, headers or SOCKET))
            found = wire.answer(method)
            if found.status == 101:
                wire.send(b"said\n")
                found.notes["echo"] = wire.line().decode().strip()
                wire.send(b"x" * 100_000 + b"\n")
                found.notes["large echo"] = str(len(wire.line()))
            return [found]

    return Case(f"websockets/{name}", talk, Script(upgraded, closes=True))


def together(side):
    """Ten requests at once on one connection."""
    with Wire2(side) as wire:
        streams = [wire.request(head2(target="/same")) for _ in range(10)]
        return [wire.answer(stream) for stream in streams]


def h2_odd(name, headers, body=b"", trailers=None):
    def talk(side):
        with Wire2(side) as wire:
            return [wire.answer(wire.request(headers, body, trailers))]

    return Case(f"h2/{name}", talk, Script())


PSEUDO = head2()
CASES = [
    listening("sse", "/v1/stream", events()),
    listening("sse-accel", "/v1/stream", events(("X-Accel-Buffering", "no"))),
    listening(
        "sse-until-close", "/v1/stream", events(("X-Accel-Buffering", "no"), is_chunked=False)
    ),
    listening("sse-modern", "/modern/stream", events()),
    listening("sse-http10", "/modern/stream", events(), version="HTTP/1.0"),
    listening("sse-gzip-asked", "/modern/stream", events(), headers=["Accept-Encoding: gzip"]),
    listening2("h2-sse", "/v1/stream", events()),
    listening2("h2-sse-accel", "/v1/stream", events(("X-Accel-Buffering", "no"))),
    listening2("h2-sse-modern", "/modern/stream", events()),
    websocket("guide", "/ws"),
    websocket("modern", "/modern/ws"),
    websocket("lower", "/modern/ws", *[line.lower() for line in SOCKET]),
    websocket("without-connection", "/modern/ws", "Upgrade: websocket"),
    websocket("post", "/modern/ws", *SOCKET, method="POST"),
    websocket(
        "protocol",
        "/modern/ws",
        *SOCKET,
        "Sec-WebSocket-Protocol: a, b",
        "Origin: https://evil.example",
    ),
    ask(
        "websockets/refused",
        target="/modern/ws",
        headers=SOCKET,
        script=answer("403 No", body="no"),
    ),
    ask("websockets/ignored", target="/modern/ws", headers=SOCKET),
    ask(
        "websockets/not-asked",
        target="/modern/ws",
        script=Script(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
            closes=True,
        ),
    ),
]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE")
CASES += [ask2(f"h2/{method}", method) for method in METHODS]
CASES += [
    Case("h2/together", together, Script()),
    ask2(
        "h2/post-body",
        "POST",
        body=b"abc",
        headers=[("content-length", "3"), ("content-type", "text/plain")],
    ),
    ask2("h2/post-no-length", "POST", body=b"abc"),
    ask2("h2/query", target="/a?b=%2F&c"),
    ask2("h2/double-slash", target="//a//b"),
    ask2("h2/dot-dot", target="/a/../b"),
    ask2("h2/star", "OPTIONS", "*"),
    ask2("h2/empty-path", target=""),
    ask2("h2/no-slash", target="a"),
    ask2("h2/space-in-path", target="/a b"),
    ask2("h2/long-path", target="/" + "a" * 4000),
    ask2("h2/te-trailers", headers=[("te", "trailers")]),
    ask2("h2/te-gzip", headers=[("te", "gzip")]),
    ask2("h2/connection", headers=[("connection", "close")]),
    ask2("h2/upgrade", headers=[("upgrade", "websocket")]),
    ask2("h2/transfer-encoding", headers=[("transfer-encoding", "chunked")]),
    ask2("h2/upper-name", headers=[("X-Upper", "1")]),
    ask2("h2/name-with-space", headers=[("x y", "1")]),
    ask2("h2/line-end-in-value", headers=[("x-one", "a\r\nb: c")]),
    ask2("h2/nul-in-value", headers=[("x-one", "a\x00b")]),
    ask2("h2/empty-value", headers=[("x-one", "")]),
    ask2("h2/many-headers", headers=[(f"x-many-{n}", "1") for n in range(60)]),
    ask2("h2/too-many-headers", headers=[(f"x-many-{n}", "1") for n in range(150)]),
    ask2("h2/length-too-small", "POST", body=b"abcdef", headers=[("content-length", "3")]),
    ask2("h2/length-too-large", "POST", body=b"abc", headers=[("content-length", "6")]),
    ask2("h2/trailers", "POST", body=b"abc", trailers=[("x-sum", "1")]),
    ask2(
        "h2/expect",
        "POST",
        body=b"abc",
        headers=[("expect", "100-continue"), ("content-length", "3")],
    ),
    ask2("h2/proxy-connection", headers=[("proxy-connection", "keep-alive")]),
    ask2("h2/range", headers=[("range", "bytes=0-1")]),
    h2_odd("no-authority", [pair for pair in PSEUDO if pair[0] != ":authority"]),
    h2_odd(
        "host-only",
        [pair for pair in PSEUDO if pair[0] != ":authority"] + [("host", "litellm.example.com")],
    ),
    h2_odd("no-path", [pair for pair in PSEUDO if pair[0] != ":path"]),
    h2_odd("no-method", [pair for pair in PSEUDO if pair[0] != ":method"]),
    h2_odd("path-twice", PSEUDO + [(":path", "/y")]),
    h2_odd("unknown-pseudo", PSEUDO + [(":foo", "bar")]),
    h2_odd("pseudo-after", [("x-one", "1")] + PSEUDO),
    h2_odd(
        "scheme-http", [(":scheme", "http") if pair[0] == ":scheme" else pair for pair in PSEUDO]
    ),
]

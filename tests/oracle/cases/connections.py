"""Connections: kept, closed, pipelined, of HTTP/1.0, and what is wrong about their framing."""

from case import Case, ask, request, several, until_the_end
from upstream import HELLO, Script
from wire import Wire

CHUNKED = "Transfer-Encoding: chunked"


def framing(name, *lines, body="", **rest):
    """A request whose end two parsers could see in different places, and one behind it."""
    return several(
        f"framing/{name}",
        request("POST", "/x", lines, **rest) + body.encode(),
        request(target="/behind"),
        methods=["POST"],
    )


def closing_after(name, first, methods=("GET",), **rest):
    """Whether the proxy closes by itself after these answers."""

    def talk(side):
        with Wire(side) as wire:
            wire.send(first)
            answers = until_the_end(wire, methods)
            if not answers[-1].keeps and answers[-1].framing != "close":
                answers[-1].notes["closed"] = str(wire.is_closed())
            return answers

    return Case(name, talk, Script(**rest))


def in_turn(name, *requests, methods=()):
    """The next request only after the answer."""
    methods = list(methods) + ["GET"] * (len(requests) - len(methods))

    def talk(side):
        with Wire(side) as wire:
            answers = []
            for data, method in zip(requests, methods, strict=False):
                wire.send(data)
                answers.append(wire.answer(method))
            return answers

    return Case(name, talk, Script())


def in_pieces(side):
    with Wire(side) as wire:
        for byte in request("POST", "/x", body="abc"):
            wire.send(bytes([byte]))
        return [wire.answer("POST")]


def gone_in_body(side):
    with Wire(side) as wire:
        wire.send(request("POST", "/x", ["Content-Length: 10"]) + b"abc")
        wire.finish()
        return [wire.answer("POST")]


CASES = [
    several("connections/pipelined-2", request(target="/1"), request(target="/2")),
    several("connections/pipelined-20", *(request(target=f"/{n}") for n in range(20))),
    several(
        "connections/pipelined-post-get",
        request("POST", "/1", body="abc"),
        request(target="/2"),
        methods=["POST"],
    ),
    several(
        "connections/pipelined-chunked-get",
        request("POST", "/1", [CHUNKED]) + b"3\r\nabc\r\n0\r\n\r\n",
        request(target="/2"),
        methods=["POST"],
    ),
    several(
        "connections/pipelined-head-get",
        request("HEAD", "/1"),
        request(target="/2"),
        methods=["HEAD"],
    ),
    several(
        "connections/pipelined-routes",
        request(target="/v1/1"),
        request(target="/ui/2"),
        request(target="/modern/3"),
    ),
    several(
        "connections/pipelined-behind-close",
        request(headers=["Connection: close"]),
        request(target="/2"),
    ),
    several("connections/empty-line-before", b"\r\n" + request()),
    several("connections/empty-lines-between", request(), b"\r\n" + request(target="/2")),
    in_turn(
        "connections/kept-3",
        request(target="/1"),
        request("POST", "/2", body="abc"),
        request(target="/3"),
        methods=["GET", "POST"],
    ),
    in_turn("connections/kept-head", request("HEAD", "/1"), request(target="/2"), methods=["HEAD"]),
    closing_after("connections/close", request(headers=["Connection: close"])),
    closing_after("connections/close-upper", request(headers=["Connection: CLOSE"])),
    closing_after("connections/close-in-list", request(headers=["Connection: x, close"])),
    closing_after("connections/upstream-closes", request(), closes=True),
    closing_after(
        "connections/upstream-says-close",
        request(),
        answer=HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        closes=True,
    ),
    closing_after("connections/http10", request(version="HTTP/1.0")),
    closing_after(
        "connections/http10-kept", request(version="HTTP/1.0", headers=["Connection: keep-alive"])
    ),
    closing_after(
        "connections/http10-post", request("POST", version="HTTP/1.0", body="abc"), methods=["POST"]
    ),
    closing_after("connections/http10-no-host", request(version="HTTP/1.0", host=None)),
    closing_after("connections/http10-head", request("HEAD", version="HTTP/1.0"), methods=["HEAD"]),
    closing_after(
        "connections/http10-chunked-answer",
        request(version="HTTP/1.0"),
        answer=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ),
    closing_after(
        "connections/http10-unknown-length",
        request(version="HTTP/1.0"),
        answer=b"HTTP/1.1 200 OK\r\n\r\nhello",
        closes=True,
    ),
    Case("connections/in-pieces", in_pieces, Script()),
    Case("connections/gone-in-body", gone_in_body, Script()),
    ask("connections/http09", version=""),
    several("connections/http09-line", b"GET /x\r\n"),
    ask("connections/http12", version="HTTP/1.2"),
    ask("connections/http20", version="HTTP/2.0"),
    ask("connections/http11-lower", version="http/1.1"),
    ask("connections/no-such-protocol", version="FOO/1.1"),
    several("connections/garbage", b"\x00\x01\x02\x03\r\n\r\n"),
    several("connections/tls-in-tls", b"\x16\x03\x01\x00\x05hello\r\n\r\n"),
    several("connections/http-to-https", request(), tls=True),
    several("connections/h2-preface-in-h1", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    framing("length-and-chunked", "Content-Length: 3", CHUNKED, body="0\r\n\r\n"),
    framing("chunked-and-length", CHUNKED, "Content-Length: 3", body="0\r\n\r\n"),
    framing("length-twice", "Content-Length: 3", "Content-Length: 3", body="abc"),
    framing("lengths-differ", "Content-Length: 3", "Content-Length: 4", body="abc"),
    framing("length-list", "Content-Length: 3, 3", body="abc"),
    framing("length-plus", "Content-Length: +3", body="abc"),
    framing("length-minus", "Content-Length: -3", body="abc"),
    framing("length-hex", "Content-Length: 0x3", body="abc"),
    framing("length-empty", "Content-Length:"),
    framing("length-letters", "Content-Length: abc"),
    framing("length-huge", "Content-Length: 99999999999999999999"),
    framing("length-space", "Content-Length: 1 2", body="a"),
    framing("gzip-chunked", "Transfer-Encoding: gzip, chunked", body="0\r\n\r\n"),
    framing("chunked-twice", CHUNKED, CHUNKED, body="0\r\n\r\n"),
    framing("identity", "Transfer-Encoding: identity", body=""),
    framing("chunked-upper", "Transfer-Encoding: CHUNKED", body="3\r\nabc\r\n0\r\n\r\n"),
    framing("xchunked", "Transfer-Encoding: xchunked", body="0\r\n\r\n"),
    framing("chunked-http10", CHUNKED, body="0\r\n\r\n", version="HTTP/1.0"),
    framing("bad-size", CHUNKED, body="xyz\r\nabc\r\n0\r\n\r\n"),
    framing("size-minus", CHUNKED, body="-3\r\nabc\r\n0\r\n\r\n"),
    framing("size-prefix", CHUNKED, body="0x3\r\nabc\r\n0\r\n\r\n"),
    framing("chunk-too-long", CHUNKED, body="3\r\nabcd\r\n0\r\n\r\n"),
    framing("chunk-extension", CHUNKED, body="3;a=b\r\nabc\r\n0;c\r\n\r\n"),
    framing("chunk-line-feed", CHUNKED, body="3\nabc\n0\n\n"),
    framing("trailer", CHUNKED, "Trailer: X-Sum", body="3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"),
]

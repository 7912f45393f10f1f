"""What a case is, and the words that cases are written in."""

from dataclasses import dataclass
from typing import Callable

from upstream import HELLO, Script
from wire import HOST, PATIENCE, Wire, Wire2


@dataclass
class Case:
    """A talk with a proxy, and how the upstream answers it."""

    name: str
    talk: Callable
    script: Script


def request(method="GET", target="/x", headers=(), body=b"", version="HTTP/1.1", host=HOST):
    """An HTTP/1 request in bytes; a header is a pair, or a line as it is to be sent."""
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [line if isinstance(line, str) else f"{line[0]}: {line[1]}" for line in headers]
    if isinstance(body, str):
        body = body.encode()
    if body and not any(
        "content-length" in line.lower() or "transfer-encoding" in line.lower() for line in lines
    ):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def ask(
    name,
    method="GET",
    target="/x",
    headers=(),
    body=b"",
    tls=True,
    script=HELLO,
    patience=PATIENCE,
    **rest,
):
    """One request, one answer."""

    def talk(side):
        with Wire(side, tls, patience) as wire:
            wire.send(request(method, target, headers, body, **rest))
            return [wire.answer(method)]

    return Case(name, talk, as_script(script))


def several(name, *requests, methods=(), tls=True, script=HELLO):
    """Requests on one connection, all sent before the first answer is read."""
    methods = list(methods) + ["GET"] * (len(requests) - len(methods))

    def talk(side):
        with Wire(side, tls) as wire:
            wire.send(b"".join(requests))
            return until_the_end(wire, methods)

    return Case(name, talk, as_script(script))


def until_the_end(wire, methods):
    answers = []
    for method in methods:
        answers.append(wire.answer(method))
        if not answers[-1].keeps:
            break
    return answers


def ask2(
    name, method="GET", target="/x", headers=(), body=b"", script=HELLO, host=HOST, trailers=None
):
    """One request in HTTP/2."""

    def talk(side):
        with Wire2(side) as wire:
            return [wire.answer(wire.request(head2(method, target, headers, host), body, trailers))]

    return Case(name, talk, as_script(script))


def head2(method="GET", target="/x", headers=(), host=HOST):
    pseudo = [(":method", method), (":scheme", "https"), (":authority", host), (":path", target)]
    return pseudo + list(headers)


def as_script(script):
    return script if isinstance(script, Script) else Script(script)


def answer(status="200 OK", headers=(), body=b"", length=True):
    """An answer of the upstream's in bytes."""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status}"] + [f"{name}: {value}" for name, value in headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*pieces, trailer=b""):
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return framed + b"0\r\n" + trailer + b"\r\n"

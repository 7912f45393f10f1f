"""Bodies: both ways, with length and in chunks, large, empty, and asked for before they are sent."""

from case import Case, answer, ask, ask2, chunked, request, several
from upstream import HELLO, Script
from wire import Wire

MIB = 1 << 20
CHUNKED = "Transfer-Encoding: chunked"


def data(size):
    """Bytes in which a lost or doubled piece shows."""
    return b"".join(b"%015d\n" % number for number in range(size // 16))


def echo(exchange):
    exchange.write(
        answer(headers=[("Content-Type", "application/octet-stream")], body=exchange.seen.body)
    )


def large(size, is_chunked):
    body = data(size)
    if is_chunked:
        pieces = [body[at : at + 50_000] for at in range(0, size, 50_000)]
        return answer(headers=[("Transfer-Encoding", "chunked")], length=False) + chunked(*pieces)
    return answer(body=body)


def upload(name, size, target="/modern/x", is_chunked=False):
    body = data(size)
    if is_chunked:
        pieces = [body[at : at + 50_000] for at in range(0, size, 50_000)]
        return ask(f"bodies/{name}", "PUT", target, [CHUNKED], chunked(*pieces), script=echo)
    return ask(f"bodies/{name}", "PUT", target, body=body, script=echo)


def expecting(name, target="/x", script=HELLO, size=3, headers=(), early=False):
    """Sends the body only once it is asked for, or refused."""

    def talk(side):
        with Wire(side) as wire:
            wire.send(
                request(
                    "POST", target, [f"Content-Length: {size}", "Expect: 100-continue", *headers]
                )
            )
            first = wire.head()
            if first.status != 100:
                wire.body(first, "POST")
                return [first]
            wire.send(data(size) if size >= 16 else b"abc"[:size])
            final = wire.answer("POST")
            final.interim.insert(0, 100)
            return [final]

    return Case(f"bodies/{name}", talk, Script(script, early=early))


def refused_early(side):
    """An answer that comes before the body is sent."""
    with Wire(side) as wire:
        wire.send(request("POST", body=data(200_000)))
        found = wire.answer("POST")
        # Whether all of the body was sent by then, and the connection can be used again, is chance.
        found.keeps = False
        return [found]


def hinted(exchange):
    exchange.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + HELLO)


TYPED = [("Content-Type", "text/plain")]
CASES = [
    ask("bodies/one-byte", "POST", body="a"),
    ask("bodies/chunked", "POST", headers=[CHUNKED], body=chunked(b"abc", b"defg")),
    ask("bodies/chunked-empty", "POST", headers=[CHUNKED], body=chunked()),
    ask("bodies/chunked-get", "GET", headers=[CHUNKED], body=chunked(b"abc")),
    ask(
        "bodies/chunked-trailer",
        "POST",
        headers=[CHUNKED],
        body=chunked(b"abc", trailer=b"X-Sum: 1\r\n"),
    ),
    ask("bodies/modern-chunked", "POST", "/modern/x", [CHUNKED], chunked(b"abc", b"defg")),
    ask("bodies/binary", "POST", body=bytes(range(256))),
    ask("bodies/coded", "POST", headers=["Content-Encoding: gzip"], body=b"\x1f\x8b not really"),
    ask(
        "bodies/form",
        "POST",
        headers=["Content-Type: multipart/form-data; boundary=x"],
        body="--x\r\n\r\na\r\n--x--\r\n",
    ),
    upload("up-100k", 100_000, "/x"),
    upload("up-1000k", 1_000_000, "/x"),
    upload("up-1000k-chunked", 1_000_000, "/x", True),
    upload("up-2M-default-limit", 2 * MIB, "/x"),
    upload("up-2M-chunked-default-limit", 2 * MIB, "/x", True),
    upload("up-5M", 5 * MIB),
    upload("up-20M", 20 * MIB),
    upload("up-20M-chunked", 20 * MIB, is_chunked=True),
    upload("up-25M-over-limit", 25 * MIB),
    upload("up-25M-chunked-over-limit", 25 * MIB, is_chunked=True),
    ask("bodies/down-1M", script=large(MIB, False)),
    ask("bodies/down-1M-chunked", script=large(MIB, True)),
    ask("bodies/down-20M", script=large(20 * MIB, False)),
    ask("bodies/down-20M-chunked", script=large(20 * MIB, True)),
    ask("bodies/modern-down-20M-chunked", target="/modern/x", script=large(20 * MIB, True)),
    ask(
        "bodies/down-until-close",
        script=Script(answer(headers=TYPED, length=False) + data(160_000), closes=True),
    ),
    ask(
        "bodies/down-until-close-empty",
        script=Script(answer(headers=TYPED, length=False), closes=True),
    ),
    ask(
        "bodies/down-chunk-extension",
        script=answer(headers=[("Transfer-Encoding", "chunked")], length=False)
        + b"5;a=b\r\nhello\r\n0\r\n\r\n",
    ),
    ask(
        "bodies/down-trailer",
        script=answer(
            headers=[("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")], length=False
        )
        + chunked(b"hello", trailer=b"X-Sum: 1\r\n"),
    ),
    ask2(
        "bodies/h2-up-1000k",
        "PUT",
        body=data(1_000_000),
        headers=[("content-length", "1000000")],
        script=echo,
    ),
    ask2("bodies/h2-up-no-length", "PUT", body=data(160_000), script=echo),
    ask2(
        "bodies/h2-up-4M",
        "PUT",
        "/modern/x",
        body=data(4 * MIB),
        headers=[("content-length", str(4 * MIB))],
        script=echo,
    ),
    ask2(
        "bodies/h2-up-over-limit",
        "PUT",
        "/modern/x",
        body=data(25 * MIB),
        headers=[("content-length", str(25 * MIB))],
        script=echo,
    ),
    ask2("bodies/h2-down-4M", script=large(4 * MIB, False)),
    ask2("bodies/h2-down-4M-chunked", script=large(4 * MIB, True)),
    expecting("expect"),
    expecting("expect-modern", "/modern/x"),
    expecting("expect-refused", target="/modern/x", script=answer("403 No", body="no"), early=True),
    expecting("expect-too-large", target="/modern/x", size=25 * MIB),
    expecting("expect-no-body", size=0),
    ask(
        "bodies/expect-http10",
        "POST",
        headers=["Expect: 100-continue"],
        body="abc",
        version="HTTP/1.0",
    ),
    ask("bodies/expect-sent-at-once", "POST", headers=["Expect: 100-continue"], body="abc"),
    ask("bodies/early-hints", script=hinted),
    Case(
        "bodies/answer-before-body",
        refused_early,
        Script(answer("401 No", body="no"), early=True),
    ),
    ask(
        "bodies/head-with-length",
        "HEAD",
        script=answer(headers=[("Content-Length", "1234")], length=False),
    ),
    ask(
        "bodies/head-chunked",
        "HEAD",
        script=answer(headers=[("Transfer-Encoding", "chunked")], length=False),
    ),
    ask("bodies/head-without-length", "HEAD", script=answer(headers=TYPED, length=False)),
    several(
        "bodies/head-with-body",
        request("HEAD"),
        methods=["HEAD"],
        script=Script(HELLO, closes=True),
    ),
    ask("bodies/200-empty", script=answer(headers=TYPED)),
]

"""Errors: the upstream's own, and what a broken upstream is for the client."""

import socket

from case import answer, ask, ask2, request, several
from upstream import HELLO, Script

# After some broken answers nginx says nothing more and closes nothing: silence is what is compared.
NGINX_WAITS = 3
TEXT = [("Content-Type", "application/json")]
STATUSES = (
    "400 Bad Request",
    "401 Unauthorized",
    "402 Payment Required",
    "403 Forbidden",
    "404 Not Found",
    "405 Method Not Allowed",
    "408 Request Timeout",
    "409 Conflict",
    "410 Gone",
    "413 Too Large",
    "418 Tea",
    "422 Unprocessable",
    "429 Too Many Requests",
    "451 Legal",
    "499 Client",
    "500 Oops",
    "501 Not Implemented",
    "502 Bad Gateway",
    "503 Busy",
    "504 Late",
    "507 Full",
    "599 Odd",
)


def status(line):
    return answer(line, TEXT, '{"error": {"message": "from upstream"}}')


def silent(exchange):
    exchange.wait_for_close()


def silent_after_head(exchange):
    exchange.write(answer(headers=[("Content-Length", "10")], length=False) + b"12345")
    exchange.wait_for_close()


def closing(data):
    return Script(data, closes=True)


def hanging_up(method):
    """An upstream that answers, and at the next request of this method hangs up without a word."""

    def script(exchange):
        if exchange.seen.method == method and exchange.seen.target == "/2":
            exchange.connection.shutdown(socket.SHUT_RDWR)
        else:
            exchange.write(HELLO)

    return several(
        f"errors/kept-then-closed-{method}",
        request(target="/1"),
        request(method, "/2", body="abc" if method == "POST" else ""),
        methods=["GET", method],
        script=script,
    )


CASES = [ask(f"errors/upstream-{line[:3]}", script=status(line)) for line in STATUSES]
CASES += [
    hanging_up("GET"),
    hanging_up("POST"),
    ask(
        "errors/upstream-401-challenge",
        script=answer("401 Unauthorized", [("WWW-Authenticate", 'Bearer realm="a"')], "no"),
    ),
    ask(
        "errors/upstream-429-retry",
        script=answer("429 Slow", [("Retry-After", "7"), ("X-RateLimit-Reset", "9")], "{}"),
    ),
    ask(
        "errors/upstream-500-head",
        "HEAD",
        script=answer("500 Oops", [("Content-Length", "30")], length=False),
    ),
    ask("errors/upstream-405-allow", script=answer("405 No", [("Allow", "GET, HEAD")])),
    ask2("errors/h2-upstream-503", script=status("503 Busy")),
    ask("errors/refused", target="/refused/x"),
    ask("errors/refused-head", "HEAD", "/refused/x"),
    ask("errors/refused-post", "POST", "/refused/x", body="abc"),
    ask("errors/refused-options", "OPTIONS", "/refused/x"),
    ask2("errors/h2-refused", target="/refused/x"),
    several("errors/kept-after-refused", request(target="/refused/x"), request(target="/x")),
    ask("errors/timeout", script=silent),
    ask("errors/timeout-post", "POST", body="abc", script=silent),
    ask("errors/timeout-in-body", script=silent_after_head),
    ask2("errors/h2-timeout", script=silent),
    ask("errors/closed-at-once", script=closing(b"")),
    ask("errors/closed-at-once-post", "POST", body="abc", script=closing(b"")),
    ask("errors/cut-in-status-line", script=closing(b"HTTP/1.1 20")),
    ask("errors/cut-in-headers", script=closing(b"HTTP/1.1 200 OK\r\nContent-Le")),
    ask("errors/cut-in-body", script=closing(HELLO[:-2])),
    ask2("errors/h2-cut-in-body", script=closing(HELLO[:-2])),
    ask(
        "errors/cut-in-chunk",
        script=closing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
    ),
    ask(
        "errors/no-last-chunk",
        script=closing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    ),
    ask("errors/garbage", script=closing(b"\x00\x01garbage\r\n\r\n")),
    ask("errors/garbage-text", script=closing(b"hello\r\n\r\n")),
    ask("errors/tls-alert", patience=NGINX_WAITS, script=closing(b"\x15\x03\x01\x00\x02\x02\x28")),
    ask("errors/no-such-version", script=closing(b"HTTP/3.9 200 OK\r\n\r\n")),
    ask(
        "errors/status-of-two-digits",
        patience=NGINX_WAITS,
        script=closing(b"HTTP/1.1 20 OK\r\n\r\n"),
    ),
    ask("errors/status-of-letters", script=closing(b"HTTP/1.1 abc OK\r\n\r\n")),
    ask("errors/status-000", patience=NGINX_WAITS, script=closing(b"HTTP/1.1 000 OK\r\n\r\n")),
    ask(
        "errors/header-without-colon",
        script=closing(answer(headers=[("X-One", "1")]).replace(b"X-One: ", b"X-One ")),
    ),
    ask(
        "errors/header-control-byte",
        script=closing(answer(headers=[("X-One", "a\x01b")], body="abc")),
    ),
    ask(
        "errors/header-space-before-colon",
        script=closing(answer(headers=[("X-One ", "1")], body="abc")),
    ),
    ask("errors/folded-header", script=closing(answer(headers=[("X-One", "a\r\n b")], body="abc"))),
    ask(
        "errors/header-too-large",
        script=closing(answer(headers=[("X-Big", "a" * 20000)], body="abc")),
    ),
    ask("errors/header-of-3500-bytes", script=answer(headers=[("X-Big", "a" * 3500)], body="abc")),
    ask(
        "errors/length-not-a-number",
        script=closing(answer(headers=[("Content-Length", "abc")], length=False)),
    ),
    ask(
        "errors/length-negative",
        script=closing(answer(headers=[("Content-Length", "-5")], length=False)),
    ),
    ask(
        "errors/length-twice",
        script=closing(answer(headers=[("Content-Length", "5")] * 2, length=False) + b"hello"),
    ),
    ask(
        "errors/lengths-differ",
        script=closing(
            answer(headers=[("Content-Length", "5"), ("Content-Length", "6")], length=False)
            + b"hello!"
        ),
    ),
    ask(
        "errors/length-and-chunked",
        script=closing(
            answer(
                headers=[("Content-Length", "5"), ("Transfer-Encoding", "chunked")], length=False
            )
            + b"5\r\nhello\r\n0\r\n\r\n"
        ),
    ),
    ask(
        "errors/bad-chunk-size",
        script=closing(
            answer(headers=[("Transfer-Encoding", "chunked")], length=False)
            + b"xyz\r\nhello\r\n0\r\n\r\n"
        ),
    ),
    ask("errors/more-than-length", script=closing(HELLO + b"and more")),
    ask("errors/bare-line-feeds", script=closing(HELLO.replace(b"\r\n", b"\n"))),
]

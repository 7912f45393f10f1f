"""Answers: validators, ranges, cookies, framing policies, caches, compression."""

from case import answer, ask, ask2

HTML = ("Content-Type", "text/html; charset=utf-8")
PAGE = "<html>" + "hello world " * 100 + "</html>"
ETAG = ("ETag", '"abc"')
MODIFIED = ("Last-Modified", "Tue, 24 Nov 2026 00:00:00 GMT")


def page(*headers, status="200 OK", body="page"):
    return answer(status, [HTML, *headers], body)


def bare(status, *headers):
    return answer(status, headers, length=False)


CSP, XFO = "Content-Security-Policy", "X-Frame-Options"
FRAMED = {
    "deny": [(XFO, "DENY")],
    "sameorigin": [(XFO, "SAMEORIGIN")],
    "none-policy": [(CSP, "frame-ancestors 'none'")],
    "both": [(XFO, "DENY"), (CSP, "frame-ancestors 'none'")],
    "other-directives": [(CSP, "default-src 'self'; img-src *")],
    "mixed": [(CSP, "default-src 'self'; frame-ancestors 'none'; img-src *")],
    "two-policies": [(CSP, "default-src 'self'"), (CSP, "frame-ancestors 'self'")],
    "report-only": [
        ("Content-Security-Policy-Report-Only", "default-src 'self'; frame-ancestors 'none'")
    ],
    "upper": [(CSP, "FRAME-ANCESTORS 'none'; DEFAULT-SRC 'self'")],
    "lower-names": [("x-frame-options", "DENY"), ("content-security-policy", "img-src *")],
}
CASES = [
    ask(f"frames/{name}", target="/ui/", script=page(*headers)) for name, headers in FRAMED.items()
]
CASES += [
    ask("frames/on-302", script=page(*FRAMED["both"], ("Location", "/ui/"), status="302 Found")),
    ask("frames/on-304", script=bare("304 Not Modified", *FRAMED["both"])),
    ask("frames/on-404", script=page(*FRAMED["both"], status="404 Not Found")),
    ask("frames/on-500", script=page(*FRAMED["both"], status="500 Oops")),
    ask2("frames/h2", script=page(*FRAMED["both"])),
]

HEADERS = {
    "security-twice": [
        ("Strict-Transport-Security", "max-age=1"),
        ("X-Content-Type-Options", "nosniff"),
    ],
    "cookie": [("Set-Cookie", "token=abc; Path=/; HttpOnly; SameSite=Lax")],
    "cookies": [
        ("Set-Cookie", "a=b; Path=/"),
        ("Set-Cookie", "c=d; Secure"),
        ("Set-Cookie", "e=f, g"),
    ],
    "cookie-expires": [
        ("Set-Cookie", "a=b; Expires=Wed, 25 Nov 2026 00:00:00 GMT; Domain=example.com")
    ],
    "same-name": [("X-Same", "1"), ("X-Same", "2")],
    "odd-case": [("x-OdD", "1")],
    "underscore": [("x_under", "1")],
    "latin-1": [("X-Latin", "\xe9")],
    "empty": [("X-Empty", "")],
    "date": [("Date", "Mon, 01 Jan 2024 00:00:00 GMT"), ("Server", "uvicorn")],
    "powered-by": [("X-Powered-By", "LiteLLM"), ("Via", "1.1 x")],
    "litellm": [
        ("x-litellm-call-id", "1"),
        ("x-litellm-response-cost", "0.01"),
        ("x-litellm-version", "1"),
    ],
    "caching": [
        ("Cache-Control", "no-store"),
        ("Expires", "0"),
        ("Pragma", "no-cache"),
        ("Age", "3"),
    ],
    "vary": [("Vary", "Accept, Origin")],
    "link": [("Link", '</a>; rel="next"'), ("Link", '</b>; rel="last"')],
    "cors": [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "x-litellm-call-id"),
    ],
    "accel-buffering": [("X-Accel-Buffering", "no")],
    "accel-expires": [
        ("X-Accel-Expires", "10"),
        ("X-Accel-Limit-Rate", "0"),
        ("X-Accel-Charset", "utf-8"),
    ],
    "keep-alive": [("Keep-Alive", "timeout=5"), ("Connection", "keep-alive")],
    "nominated": [("X-One", "1"), ("Connection", "X-One")],
    "nominated-cookie": [("Set-Cookie", "a=b"), ("Connection", "Set-Cookie")],
    "proxy-authenticate": [("Proxy-Authenticate", "Basic")],
    "proxy-connection": [("Proxy-Connection", "close")],
    "upgrade-offer": [("Upgrade", "h2c"), ("Connection", "Upgrade")],
    "alt-svc": [("Alt-Svc", 'h3=":443"')],
    "content-location": [("Content-Location", "/other"), ("Content-Language", "en")],
    "disposition": [("Content-Disposition", 'attachment; filename="a.csv"')],
    "refresh": [("Refresh", "0; url=/ui/")],
    "status": [("Status", "500")],
    "long-cookie": [("Set-Cookie", "a=" + "b" * 3000)],
}
CASES += [ask(f"answers/{name}", script=page(*headers)) for name, headers in HEADERS.items()]
CASES += [
    ask2(f"answers/h2-{name}", script=page(*HEADERS[name]))
    for name in ("cookies", "keep-alive", "same-name")
]

STATUSES = (
    "201 Created",
    "202 Accepted",
    "203 Other",
    "206 Partial Content",
    "207 Multi",
    "299 Odd",
    "300 Many",
)
CASES += [ask(f"answers/{line[:3]}", script=page(status=line)) for line in STATUSES]
CASES += [
    ask("answers/reason-odd", script=page(status="200 All is (quite) well")),
    ask("answers/reason-none", script=page(status="200")),
    ask("answers/reason-empty", script=page(status="200 ")),
    ask("answers/http10", script=page().replace(b"HTTP/1.1", b"HTTP/1.0")),
    ask("answers/204", script=bare("204 No Content")),
    ask("answers/204-length", script=answer("204 No Content")),
    ask("answers/204-delete", "DELETE", script=bare("204 No Content")),
    ask("answers/204-chunked", script=bare("204 No Content", ("Transfer-Encoding", "chunked"))),
    ask("answers/205", script=answer("205 Reset Content")),
    ask2("answers/h2-204", script=bare("204 No Content")),
]

LOCATIONS = {
    "relative": "/ui/login",
    "absolute": "https://litellm.example.com/ui/",
    "other-host": "https://sso.example.com/login?r=%2F",
    "plain": "http://litellm.example.com/ui/",
    "query": "?a=b",
}
CASES += [
    ask(f"locations/{status[:3]}-{name}", script=page(("Location", to), status=status))
    for status in ("302 Found", "307 Temporary")
    for name, to in LOCATIONS.items()
]
CASES += [
    ask("locations/301", script=page(("Location", "/a"), status="301 Moved")),
    ask(
        "locations/303", "POST", body="a=b", script=page(("Location", "/a"), status="303 See Other")
    ),
    ask(
        "locations/308", "POST", body="a=b", script=page(("Location", "/a"), status="308 Permanent")
    ),
    ask(
        "locations/201", "POST", body="a=b", script=page(("Location", "/a/1"), status="201 Created")
    ),
    ask(
        "locations/302-bare", script=bare("302 Found", ("Location", "/a"), ("Content-Length", "0"))
    ),
]

MATCH, SINCE = 'If-None-Match: "abc"', "If-Modified-Since: Tue, 24 Nov 2026 00:00:00 GMT"
CASES += [
    ask("validators/match", headers=[MATCH], script=bare("304 Not Modified", ETAG)),
    ask("validators/since", headers=[SINCE], script=bare("304 Not Modified", MODIFIED)),
    ask("validators/match-200", headers=[MATCH], script=page(ETAG)),
    ask("validators/since-200", headers=[SINCE], script=page(MODIFIED)),
    ask("validators/both", headers=[MATCH, SINCE], script=bare("304 Not Modified", ETAG, MODIFIED)),
    ask("validators/star", headers=["If-None-Match: *"], script=page(ETAG)),
    ask("validators/head", "HEAD", headers=[MATCH], script=bare("304 Not Modified", ETAG)),
    ask(
        "validators/304-length",
        headers=[MATCH],
        script=bare("304 Not Modified", ETAG, ("Content-Length", "5")),
    ),
    ask(
        "validators/304-caching",
        headers=[MATCH],
        script=bare("304 Not Modified", ETAG, ("Cache-Control", "max-age=1"), ("Vary", "Accept")),
    ),
    ask(
        "validators/if-match",
        "PUT",
        headers=['If-Match: "x"'],
        body="a",
        script=page(status="412 Failed"),
    ),
    ask("validators/if-match-200", headers=['If-Match: "x"'], script=page(ETAG)),
    ask(
        "validators/unmodified-since",
        headers=["If-Unmodified-Since: Mon, 23 Nov 2026 00:00:00 GMT"],
        script=page(MODIFIED),
    ),
    ask("validators/weak", script=page(("ETag", 'W/"abc"'))),
    ask2(
        "validators/h2-match",
        headers=[("if-none-match", '"abc"')],
        script=bare("304 Not Modified", ETAG),
    ),
    ask(
        "ranges/206",
        headers=["Range: bytes=0-3"],
        script=page(("Content-Range", "bytes 0-3/10"), status="206 Partial Content"),
    ),
    ask(
        "ranges/416",
        headers=["Range: bytes=90-"],
        script=answer("416 No", [("Content-Range", "bytes */10")]),
    ),
    ask("ranges/ignored", headers=["Range: bytes=0-1"], script=page()),
    ask(
        "ranges/ignored-accepting",
        headers=["Range: bytes=0-1"],
        script=page(("Accept-Ranges", "bytes")),
    ),
    ask(
        "ranges/several",
        headers=["Range: bytes=0-1,3-4"],
        script=answer(
            "206 Partial Content", [("Content-Type", "multipart/byteranges; boundary=x")], "--x--"
        ),
    ),
    ask(
        "ranges/if-range",
        headers=["Range: bytes=0-1", 'If-Range: "abc"'],
        script=page(ETAG, ("Accept-Ranges", "bytes")),
    ),
    ask(
        "ranges/head", "HEAD", headers=["Range: bytes=0-1"], script=page(("Accept-Ranges", "bytes"))
    ),
    ask2(
        "ranges/h2-206",
        headers=[("range", "bytes=0-3")],
        script=page(("Content-Range", "bytes 0-3/10"), status="206 Partial Content"),
    ),
]


def zipped(name, accept, *headers, script=None, method="GET", **rest):
    lines = [f"Accept-Encoding: {accept}"] if accept else []
    return ask(
        f"gzip/{name}",
        method,
        headers=[*lines, *headers],
        script=script or page(ETAG, body=PAGE),
        **rest,
    )


def typed(kind, *headers):
    return answer(headers=[("Content-Type", kind), *headers], body=PAGE)


CASES += [
    zipped("not-asked", ""),
    zipped("asked", "gzip"),
    zipped("asked-list", "deflate, gzip"),
    zipped("asked-browser", "gzip, deflate, br, zstd"),
    zipped("asked-br", "br"),
    zipped("asked-star", "*"),
    zipped("asked-zero", "gzip;q=0"),
    zipped("asked-weight", "gzip;q=0.5"),
    zipped("identity", "identity"),
    zipped("via", "gzip", "Via: 1.1 cdn"),
    zipped("http10", "gzip", version="HTTP/1.0"),
    zipped("head", "gzip", method="HEAD"),
    zipped("small", "gzip", script=page()),
    zipped("json", "gzip", script=typed("application/json")),
    zipped("css", "gzip", script=typed("text/css")),
    zipped("image", "gzip", script=typed("image/png")),
    zipped("stream", "gzip", script=typed("text/event-stream")),
    zipped("no-type", "gzip", script=answer(body=PAGE)),
    zipped("coded-already", "gzip", script=page(("Content-Encoding", "br"), body=PAGE)),
    zipped("no-transform", "gzip", script=page(("Cache-Control", "no-transform"), body=PAGE)),
    zipped("on-404", "gzip", script=page(status="404 No", body=PAGE)),
    zipped("on-500", "gzip", script=page(status="500 Oops", body=PAGE)),
    zipped(
        "range",
        "gzip",
        "Range: bytes=0-3",
        script=page(("Content-Range", "bytes 0-3/10"), status="206 Partial Content"),
    ),
    zipped("not-modified", "gzip", MATCH, script=bare("304 Not Modified", ETAG)),
    zipped("large", "gzip", script=page(body=PAGE * 1000)),
    ask2("gzip/h2-asked", headers=[("accept-encoding", "gzip")], script=page(body=PAGE)),
    ask("gzip/own-error", target="/refused/x", headers=["Accept-Encoding: gzip"]),
]

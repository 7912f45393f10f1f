"""The plain port: everything is sent to https."""

from case import ask, request, several

JSON = ["Content-Type: application/json"]

TARGETS = {
    "root": "/",
    "path": "/a/b",
    "query": "/a?b=c&d=%2F",
    "encoded": "/a%20b%2Fc/%C3%A9",
    "double-slash": "//evil.example/",
    "dots": "/a/../b/./c",
    "absolute": "http://litellm.example.com/a?b",
    "absolute-other-host": "http://other.example/a",
    "line-ends-escaped": "/a%0d%0aSet-Cookie:%20b=c",
    "long": "/" + "a" * 4000,
    "star": "*",
    "challenge": "/.well-known/acme-challenge/token",
}
CASES = [ask(f"redirects/{name}", target=target, tls=False) for name, target in TARGETS.items()]

HOSTS = {
    "port": "litellm.example.com:80",
    "odd-port": "litellm.example.com:8080",
    "upper": "LiteLLM.Example.COM",
    "root-dot": "litellm.example.com.",
    "other": "other.example",
    "address": "127.0.0.1",
    "v6": "[::1]",
    "underscore": "a_b.example",
    "empty": "",
    "slash": "evil.example/a",
    "userinfo": "a@evil.example",
    "space": "a b",
    "none": None,
}
CASES += [ask(f"redirects/host-{name}", host=host, tls=False) for name, host in HOSTS.items()]

CASES += [
    ask(f"redirects/{method}", method, "/v1/x", JSON if body else (), body, tls=False)
    for method, body in (
        ("HEAD", ""),
        ("POST", "{}"),
        ("PUT", "{}"),
        ("DELETE", ""),
        ("OPTIONS", ""),
    )
]
CASES += [
    ask("redirects/http10", version="HTTP/1.0", tls=False),
    ask("redirects/http10-no-host", version="HTTP/1.0", host=None, tls=False),
    ask("redirects/forwarded-https", headers=["X-Forwarded-Proto: https"], tls=False),
    ask("redirects/forged-host", headers=["X-Forwarded-Host: evil.example"], tls=False),
    several("redirects/pipelined", request(target="/1"), request(target="/2"), tls=False),
    several(
        "redirects/kept-after-body",
        request("POST", "/1", body="abc"),
        request(target="/2"),
        methods=["POST"],
        tls=False,
    ),
]

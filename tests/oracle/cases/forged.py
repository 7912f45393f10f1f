"""Headers by which a client could pretend to be another, or smuggle something past."""

from case import ask, ask2, request, several

CLAIMS = {
    "for": ["X-Forwarded-For: 6.6.6.6"],
    "for-chain": ["X-Forwarded-For: 6.6.6.6, 10.0.0.1"],
    "for-twice": ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 7.7.7.7"],
    "for-empty": ["X-Forwarded-For:"],
    "for-case": ["x-FORWARDED-for: 6.6.6.6"],
    "proto": ["X-Forwarded-Proto: http"],
    "host": ["X-Forwarded-Host: evil.example"],
    "port": ["X-Forwarded-Port: 80"],
    "prefix": ["X-Forwarded-Prefix: /evil"],
    "server": ["X-Forwarded-Server: evil.example"],
    "ssl": ["X-Forwarded-Ssl: on"],
    "real-ip": ["X-Real-IP: 6.6.6.6"],
    "real-ip-twice": ["X-Real-IP: 6.6.6.6", "X-Real-IP: 7.7.7.7"],
    "forwarded": ["Forwarded: for=6.6.6.6;proto=http;host=evil.example"],
    "client-ip": ["Client-IP: 6.6.6.6", "True-Client-IP: 6.6.6.6", "CF-Connecting-IP: 6.6.6.6"],
    "original-url": ["X-Original-URL: /admin", "X-Rewrite-URL: /admin"],
    "method-override": ["X-HTTP-Method-Override: DELETE"],
    "underscore-real-ip": ["X_Real_IP: 6.6.6.6"],
    "underscore-for": ["X_Forwarded_For: 6.6.6.6", "X-Forwarded_Proto: http"],
    "underscore-other": ["my_header: 1", "My-Header: 2"],
    "proxy": ["Proxy: http://evil.example"],
    "accel": ["X-Accel-Redirect: /etc/passwd", "X-Accel-Buffering: no"],
    "via": ["Via: 1.1 evil"],
    "expect-odd": ["Expect: 200-ok"],
    "upgrade-insecure": ["Upgrade-Insecure-Requests: 1"],
    "authorization": ["Authorization: Bearer sk-1"],
    "cookies": ["Cookie: a=b; c=d"],
    "cookies-twice": ["Cookie: a=b", "Cookie: c=d"],
    "nominated-authorization": ["Authorization: Bearer sk-1", "Connection: close, Authorization"],
    "nominated-cookie": ["Cookie: a=b", "Connection: Cookie"],
    "nominated-real-ip": ["Connection: close, X-Real-IP, X-Forwarded-For"],
    "nominated-host": ["Connection: Host"],
    "nominated-length": ["Connection: Content-Length", "Content-Length: 0"],
    "nominated-other": ["X-One: 1", "Connection: X-One"],
    "nominated-key": ["X-Api-Key: sk-1", "Connection: x-api-key"],
    "keep-alive": ["Keep-Alive: timeout=5", "Connection: keep-alive"],
    "proxy-connection": ["Proxy-Connection: keep-alive"],
    "proxy-authorization": ["Proxy-Authorization: Basic eDp5"],
    "te": ["TE: trailers, deflate"],
    "te-trailers": ["TE: trailers"],
    "trailer": ["Trailer: X-Sum"],
    "upgrade-h2c": [
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABk",
    ],
    "upgrade-other": ["Connection: Upgrade", "Upgrade: foo/2"],
}
CASES = [ask(f"forged/{name}", headers=lines) for name, lines in CLAIMS.items()]
CASES += [
    ask(f"forged/v1-{name}", target="/v1/x", headers=CLAIMS[name])
    for name in ("for", "authorization", "nominated-authorization", "underscore-real-ip")
]
CASES += [
    ask(f"forged/modern-{name}", target="/modern/x", headers=CLAIMS[name])
    for name in ("for", "proto", "nominated-other", "upgrade-h2c", "keep-alive", "te")
]

HEADERS = {
    "many": [f"X-Many-{number}: {number}" for number in range(60)],
    "too-many": [f"X-Many-{number}: {number}" for number in range(150)],
    "long": ["X-Long: " + "a" * 6000],
    "too-long": ["X-Long: " + "a" * 9000],
    "far-too-long": ["X-Long: " + "a" * 40000],
    "same-name": ["X-Same: 1", "X-Same: 2", "x-same: 3"],
    "odd-case": ["X-oDD-cAsE: 1", "ACCEPT: */*"],
    "empty-value": ["X-Empty:", "X-Blank:   "],
    "spaces": ["X-Spaces: \t a  b \t "],
    "no-space": ["X-None:1"],
    "latin-1": ["X-Latin: \xe9"],
    "utf-8": ["X-Utf: \xc3\xa9"],
    "colon-in-value": ["X-Colon: a:b: c"],
    "odd-name": ["X!#$%&'*+.^`|~: 1"],
    "name-with-space": ["X Y: 1"],
    "space-before-colon": ["X-One : 1"],
    "no-colon": ["X-None"],
    "empty-name": [": 1"],
    "folded": ["X-One: a\r\n b"],
    "control-byte": ["X-One: a\x01b"],
    "nul": ["X-One: a\x00b"],
    "bare-cr": ["X-One: a\rb"],
    "bare-lf": ["X-One: a\nX-Two: b"],
    "name-parentheses": ["X(1): 1"],
    "name-latin-1": ["X\xe9: 1"],
}
CASES += [ask(f"headers/{name}", headers=lines) for name, lines in HEADERS.items()]

HOSTS = {
    "port": "litellm.example.com:443",
    "odd-port": "litellm.example.com:8443",
    "upper": "LiteLLM.EXAMPLE.com",
    "root-dot": "litellm.example.com.",
    "other": "other.example",
    "address": "127.0.0.1",
    "v6": "[::1]:443",
    "empty": "",
    "none": None,
    "space": "a b",
    "slash": "a/b",
    "userinfo": "u@litellm.example.com",
    "bad-port": "litellm.example.com:x",
    "underscore": "a_b.example",
    "quotes": 'a"b',
    "dot-dot": "a..b",
}
CASES += [ask(f"hosts/{name}", host=host) for name, host in HOSTS.items()]
CASES += [
    ask("hosts/twice", headers=["Host: other.example"]),
    ask("hosts/twice-same", headers=["Host: litellm.example.com"]),
    ask(
        "hosts/forged-host-header",
        headers=["X-Host: evil.example", "X-Forwarded-Host: evil.example"],
    ),
    ask2("hosts/h2-upper", host="LiteLLM.EXAMPLE.com"),
    ask2("hosts/h2-other", host="other.example"),
    ask2("hosts/h2-port", host="litellm.example.com:443"),
    ask2("hosts/h2-host-differs", headers=[("host", "other.example")]),
    ask2("forged/h2-for", headers=[("x-forwarded-for", "6.6.6.6"), ("x-real-ip", "6.6.6.6")]),
    ask2("forged/h2-underscore", headers=[("x_real_ip", "6.6.6.6")]),
    ask2("forged/h2-cookies", headers=[("cookie", "a=b"), ("cookie", "c=d")]),
    several("forged/second-request-forges", request(), request(headers=["X-Real-IP: 6.6.6.6"])),
]

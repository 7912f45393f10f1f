"""Methods: the known ones, with and without bodies, and odd tokens."""

from case import ask

JSON = ["Content-Type: application/json"]
KNOWN = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

CASES = [ask(f"methods/{method}", method) for method in KNOWN]
CASES += [ask(f"methods/{method}-body", method, "/v1/x", JSON, b'{"a": 1}') for method in KNOWN]
CASES += [
    ask("methods/POST-empty", "POST", headers=["Content-Length: 0"]),
    ask("methods/POST-no-length", "POST"),
    ask("methods/PROPFIND", "PROPFIND"),
    ask("methods/PURGE", "PURGE"),
    ask("methods/MKCOL", "MKCOL"),
    ask("methods/QUERY-body", "QUERY", headers=JSON, body="{}"),
    ask("methods/M-SEARCH", "M-SEARCH"),
    ask("methods/TRACE", "TRACE"),
    ask("methods/CONNECT", "CONNECT", "upstream.example:443"),
    ask("methods/CONNECT-path", "CONNECT", "/x"),
    ask("methods/lower-get", "get"),
    ask("methods/mixed-Get", "Get"),
    ask("methods/odd-token", "X!#$%&'*+.^`|~"),
    ask("methods/underscore", "MY_METHOD"),
    ask("methods/long", "A" * 300),
    ask("methods/OPTIONS-star", "OPTIONS", "*"),
    ask("methods/bracket", "G[T"),
    ask("methods/digit", "GET2"),
]

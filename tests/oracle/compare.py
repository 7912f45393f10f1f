"""Turns what happened into facts with names, and finds those in which two proxies differ."""

import gzip
import hashlib
import re
import zlib

ABSENT = "-"
# What belongs to a connection or a moment and says nothing of an answer. How an answer is framed,
# and whether the connection stays, are facts of their own.
PASSING = {"date", "server", "connection", "keep-alive", "transfer-encoding", "content-length"}
# What a proxy writes itself stands where it likes among the rest.
WRITTEN = re.compile(
    r"host|connection|x-real-ip|x-forwarded-.*|forwarded|content-length|transfer-encoding"
    # By the guide's `location /v1/`.
    r"|authorization"
)

# What every answer must have, whatever it says.
PROTECTING = {
    "header.strict-transport-security",
    "header.content-security-policy",
    "header.x-content-type-options",
    "header.x-frame-options",
}


def facts(answers, seen):
    """Everything that is compared of a case, as texts by name."""
    found = {"answers": str(len(answers)), "seen": str(len(seen))}
    for number, answer in enumerate(answers, 1):
        found |= of_answer(answer, "answer" if number == 1 else f"answer{number}")
    for number, request in enumerate(seen, 1):
        found |= of_request(request, "seen" if number == 1 else f"seen{number}")
    return found


def of_answer(answer, prefix):
    found = {"status": str(answer.status)}
    if isinstance(answer.status, int):
        found |= {
            "reason": answer.reason,
            "version": answer.version,
            "framing": answer.framing,
            "whole": str(answer.whole),
            "keeps": str(answer.keeps),
        }
    if isinstance(answer.status, int) and answer.whole:
        # How much comes before a cut is chance.
        found["body"] = digest(plain_body(answer))
    if answer.interim:
        found["interim"] = " ".join(map(str, answer.interim))
    if answer.framing == "none" and (length := answer.value("content-length")):
        found["length"] = length
    found |= answer.notes
    found |= headers_of(answer.headers)
    return {f"{prefix}.{name}": value for name, value in found.items()}


def of_request(request, prefix):
    found = {
        "method": request.method,
        "target": request.target if len(request.target) < 200 else digest(request.target.encode()),
        "version": request.version,
        "framing": request.framing,
        "body": digest(request.body),
        "names": " ".join(name for name, _ in request.headers),
    }
    if request.trailers:
        found["trailers"] = " | ".join(request.trailers)
    # `Connection` is compared here: it is what a client could abuse.
    found |= headers_of(request.headers, passing={"content-length", "transfer-encoding"})
    return {f"{prefix}.{name}": value for name, value in found.items()}


def headers_of(headers, passing=PASSING):
    found = {}
    for name, value in headers:
        name = name.lower()
        if name not in passing:
            value = value.removeprefix("W/") if name == "etag" else value
            value = value if len(value) < 200 else digest(value.encode())
            key = f"header.{name}"
            found[key] = f"{found[key]} | {value}" if key in found else value
    return found


def plain_body(answer):
    """The body without its coding: two proxies never compress to the same bytes."""
    coding = answer.value("content-encoding")
    try:
        if coding == "gzip" and answer.whole:
            return gzip.decompress(answer.body)
    except (OSError, EOFError, zlib.error):
        return b"(broken gzip) " + answer.body
    return answer.body


def digest(data):
    if len(data) <= 100 and data.isascii():
        return data.decode().replace("\r", "\\r").replace("\n", "\\n")
    return f"{len(data)} bytes {hashlib.sha256(data).hexdigest()[:12]}"


def differences(nginx, tollgate):
    """What differs: its name, nginx's value, Tollgate's value."""
    found = []
    for name in sorted(nginx.keys() | tollgate.keys()):
        ours, theirs = tollgate.get(name, ABSENT), nginx.get(name, ABSENT)
        if name.endswith(".names"):
            theirs, ours = common(theirs, ours), common(ours, theirs)
            if theirs != ours and theirs.lower() == ours.lower():
                found.append((name.replace(".names", ".spelling"), "as sent", "another"))
                continue
        if theirs != ours and not is_told_elsewhere(name, nginx, tollgate):
            found.append((name, theirs, ours))
    return found


def common(names, others):
    """The headers that both upstreams saw, in the order and spelling of the one."""
    known = {name.lower() for name in others.split()}
    return " ".join(
        n for n in names.split() if n.lower() in known and not WRITTEN.fullmatch(n.lower())
    )


def is_told_elsewhere(name, nginx, tollgate):
    """Whether another difference says as much: one side has no such message, or another answer."""
    message, _, rest = name.partition(".")
    if not rest or rest == "status":
        return False
    if message.startswith("seen"):
        return (f"{message}.method" in nginx) != (f"{message}.method" in tollgate)
    theirs, ours = (side.get(f"{message}.status", "") for side in (nginx, tollgate))
    if not (theirs.isdigit() and ours.isdigit()):
        return theirs != ours
    return theirs != ours and rest not in PROTECTING

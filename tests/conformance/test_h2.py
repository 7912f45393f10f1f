"""HTTP/2 by httpwg, h2spec's cases in Rust. It speaks without TLS only, so TLS is added between.

Not part of the usual run: `make conformance-h2` installs httpwg, which takes minutes to build."""

import os
import pathlib
import re
import subprocess

import pytest

from lab import Gateway, behind, client, free_port, is_listening, until
from tls_adder import TlsAdder

HTTPWG = os.environ.get("HTTPWG")
EXCEPTIONS = pathlib.Path(__file__).with_name("h2-exceptions.txt")
CASES = 107
# All cases begin at once, on a machine that may be busy.
PATIENCE = ["--connect-timeout", "10000", "--frame-timeout", "4000"]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

pytestmark = pytest.mark.skipif(not HTTPWG, reason="HTTPWG does not say where httpwg is")


def exceptions():
    """The cases that need not pass, with the reason for each."""
    lines = EXCEPTIONS.read_text().splitlines()
    rows = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    return {case.strip(): reason for case, reason in rows}


def test_every_case_passes_but_for_the_exceptions(authority, tmp_path):
    port = free_port()
    certificate, key = authority.issue("localhost")
    pair = {"certificate": str(certificate), "private_key": str(key)}
    listener = {"address": f"127.0.0.1:{port}", "tls": {"certificates": [pair]}}
    with behind() as upstream:
        route = {"path": "/", "to": upstream, "public": True}
        edge = {"listeners": [listener], "sites": [{"hosts": ["*"], "routes": [route]}]}
        with Gateway(tmp_path, edge):
            until("it listens", lambda: is_listening(port))
            with TlsAdder(port, client(authority.roots, alpn=("h2",))) as adder:
                command = [HTTPWG, "--address", f"127.0.0.1:{adder.port}", *PATIENCE]
                done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    told = COLOURS.sub("", done.stdout + done.stderr)
    failed = set(re.findall(r"Test failed: (.*)", told))
    passed = re.search(rf"Passed (\d+)/{CASES} tests", told)
    # Every case that did not pass is known by its name.
    assert passed and int(passed[1]) + len(failed) == CASES, told
    known = exceptions()
    print(f"{passed[1]}/{CASES} passed")
    for case in sorted(failed):
        print(f"  {case}: {known.get(case, 'NO REASON IS KNOWN')}")
    assert failed - set(known) == set()

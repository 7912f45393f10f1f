"""TLS as clients see it: by sslyze, then versions, keys, resumption, names, certificates."""

import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from OpenSSL import SSL

from lab import Authority, Gateway, ask, behind, client, connected, free_port, shown

SSLYZE = Path(sys.executable).with_name("sslyze")
# X25519MLKEM768 and the extension that says so, as IANA numbers them.
HYBRID = 0x11EC
KEY_SHARE = 51
VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


class Listeners:
    """A gateway with a listener for names, one for HTTP/1 and one for clients with certificates."""

    def __init__(self, authority, folder, upstream):
        self.roots = authority.roots
        self.names, self.http1, self.mutual = free_port(), free_port(), free_port()
        self.clients = Authority(folder, "clients")
        pairs = [authority.issue("localhost"), authority.issue("*.example.com"),
                 authority.issue("litellm.example.com")]  # fmt: skip
        pairs = [{"certificate": str(crt), "private_key": str(key)} for crt, key in pairs]
        listeners = [
            {"address": f"127.0.0.1:{self.names}", "tls": {"certificates": pairs}},
            {"address": f"127.0.0.1:{self.http1}", "http2": False, "tls": {"certificates": pairs}},
            {
                "address": f"127.0.0.1:{self.mutual}",
                "tls": {"certificates": pairs, "client_ca": str(self.clients.roots)},
            },
        ]
        route = {"path": "/", "to": upstream, "public": True}
        self.edge = {"listeners": listeners, "sites": [{"hosts": ["*"], "routes": [route]}]}


@pytest.fixture(scope="module")
def listeners(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    with behind() as upstream:
        listeners = Listeners(authority, folder, upstream)
        with Gateway(folder, listeners.edge) as gateway:
            gateway.ready()
            yield listeners


def test_sslyze_finds_mozillas_intermediate_configuration(listeners):
    where = f"localhost:{listeners.names}"
    trusted = f"--certinfo_ca_file={listeners.roots}"
    command = [SSLYZE, "--mozilla_config=intermediate", "--certinfo", trusted, where]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "OK - Compliant" in found.stdout


def test_nobody_renegotiates(listeners):
    command = [SSLYZE, "--mozilla_config=disable", "--reneg", f"localhost:{listeners.names}"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "Client Renegotiation DoS Attack:   OK - Not vulnerable" in found.stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_spoken(listeners, version):
    context = client(listeners.roots, VERSIONS[version])
    with connected(listeners.names, "localhost", context) as tls:
        assert tls.version() == version
        assert ask(tls) == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_older_versions_are_not(listeners):
    context = client(listeners.roots, ssl.TLSVersion.TLSv1_1)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError), connected(listeners.names, "localhost", context):
        pass


def test_keys_are_exchanged_safe_from_quantum_computers(listeners):
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.load_verify_locations(str(listeners.roots))
    context.set_verify(SSL.VERIFY_PEER)
    tls = SSL.Connection(context)
    tls.set_tlsext_host_name(b"localhost")
    tls.set_connect_state()
    heard = b""
    with socket.create_connection(("127.0.0.1", listeners.names), 10) as raw:
        while True:
            try:
                tls.do_handshake()
                break
            except SSL.WantReadError:
                raw.sendall(tls.bio_read(65536))
                part = raw.recv(65536)
                assert part, "no handshake"
                heard += part
                tls.bio_write(part)
    assert group(heard) == HYBRID


def group(heard):
    """The group of the server's key share, out of its first message."""
    kind, after_record = heard[0], heard[5:]
    assert (kind, after_record[0]) == (22, 2), "no ServerHello"
    at = 4 + 2 + 32
    at += 1 + after_record[at] + 2 + 1
    end = at + 2 + int.from_bytes(after_record[at : at + 2], "big")
    at += 2
    while at < end:
        extension = int.from_bytes(after_record[at : at + 2], "big")
        length = int.from_bytes(after_record[at + 2 : at + 4], "big")
        if extension == KEY_SHARE:
            return int.from_bytes(after_record[at + 4 : at + 6], "big")
        at += 4 + length
    return None


@pytest.mark.parametrize("ticket", [True, False], ids=["ticket", "session-id"])
@pytest.mark.parametrize("version", VERSIONS)
def test_sessions_are_resumed(listeners, version, ticket):
    context = client(listeners.roots, VERSIONS[version])
    if not ticket:
        context.options |= ssl.OP_NO_TICKET
    with connected(listeners.names, "localhost", context) as tls:
        # Tickets of TLS 1.3 come with or behind the answer.
        assert ask(tls) == 200
        session = tls.session
        assert not tls.session_reused
    with connected(listeners.names, "localhost", context, session) as tls:
        assert ask(tls) == 200
        assert tls.session_reused


def test_certificates_are_chosen_by_name(listeners):
    cases = {
        "localhost": "localhost",
        "litellm.example.com": "litellm.example.com",
        "LITELLM.example.com": "litellm.example.com",
        "other.example.com": "*.example.com",
        "a.b.example.com": "localhost",
        "unknown.example": "localhost",
        None: "localhost",
    }
    for asked, expected in cases.items():
        certificate = shown(listeners.names, asked)
        assert certificate.subject.rfc4514_string() == f"CN={expected}", asked


def test_the_chain_is_sent_without_its_root(listeners):
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    with socket.create_connection(("127.0.0.1", listeners.names), 10) as raw:
        raw.setblocking(True)
        tls = SSL.Connection(context, raw)
        tls.set_connect_state()
        tls.do_handshake()
        chain = tls.get_peer_cert_chain()
        assert [one.get_subject().CN for one in chain] == ["localhost", "test intermediate"]


def test_protocols_are_agreed_on(listeners):
    cases = [
        (listeners.names, ("h2", "http/1.1"), "h2"),
        (listeners.names, ("http/1.1", "h2"), "h2"),
        (listeners.names, ("http/1.1",), "http/1.1"),
        (listeners.http1, ("h2", "http/1.1"), "http/1.1"),
    ]
    for port, offered, expected in cases:
        with connected(port, "localhost", client(listeners.roots, alpn=offered)) as tls:
            assert tls.selected_alpn_protocol() == expected, (port, offered)


def test_without_a_common_protocol_there_is_no_connection(listeners):
    context = client(listeners.roots, alpn=("h2",))
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        with connected(listeners.http1, "localhost", context):
            pass


@pytest.mark.parametrize("version", VERSIONS)
def test_clients_show_a_certificate_where_it_is_asked_for(listeners, version):
    context = client(listeners.roots, VERSIONS[version])
    context.load_cert_chain(*listeners.clients.issue("somebody", client=True))
    with connected(listeners.mutual, "localhost", context) as tls:
        assert ask(tls) == 200


@pytest.mark.parametrize("version", VERSIONS)
def test_clients_without_one_or_with_anothers_are_refused(listeners, version, tmp_path):
    strangers = Authority(tmp_path, "strangers").issue("somebody", client=True)
    for pair in (None, strangers):
        context = client(listeners.roots, VERSIONS[version])
        if pair:
            context.load_cert_chain(*pair)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with connected(listeners.mutual, "localhost", context) as tls:
                assert ask(tls) == 0, "it was answered"


def test_a_session_without_a_certificate_opens_no_door_that_asks_for_one(listeners):
    context = client(listeners.roots, VERSIONS["TLSv1.2"])
    with connected(listeners.names, "localhost", context) as tls:
        assert ask(tls) == 200
        session = tls.session
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with connected(listeners.mutual, "localhost", context, session) as tls:
            assert ask(tls) == 0, "it was answered"

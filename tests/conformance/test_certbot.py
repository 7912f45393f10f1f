"""certbot beside the gateway, as beside an nginx: webroot, renewal, deploy hook."""

import http.client
import json
import os
import signal
import subprocess

import pytest

from ca import DOMAIN, Pebble
from lab import ROOT, Gateway, Visitors, behind, free_port, is_listening, shown, until

HOOK = ROOT / "ops" / "certbot" / "deploy-hook.sh"


class Place:
    """Folders and ports as an operator has them, on the loopback."""

    def __init__(self, folder, authority, upstream):
        self.folder, self.upstream = folder, upstream
        self.http, self.tls = free_port(), free_port()
        self.pebble = Pebble(folder, authority, self.http, self.tls)
        self.webroot = folder / "webroot"
        self.webroot.mkdir()
        self.live = folder / "letsencrypt" / "live" / DOMAIN
        self.copies = folder / "certificates"

    def edge(self, tls):
        plain = {
            "address": f"127.0.0.1:{self.http}",
            "redirect_to_https": True,
            "acme_webroot": str(self.webroot),
        }
        secure = {"address": f"127.0.0.1:{self.tls}", "tls": tls}
        route = {"path": "/", "to": self.upstream, "public": True}
        return {"listeners": [plain, secure], "sites": [{"hosts": [DOMAIN], "routes": [route]}]}

    def certbot(self, *arguments):
        command = ["certbot", *arguments, "--non-interactive", "--server", self.pebble.directory]
        for name, folder in (("config", "letsencrypt"), ("work", "work"), ("logs", "logs")):
            command += [f"--{name}-dir", str(self.folder / folder)]
        environment = {**os.environ, "REQUESTS_CA_BUNDLE": str(self.pebble.trusted)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def first_issue(self, hook):
        webroot = ["--webroot", "--webroot-path", str(self.webroot), "--domain", DOMAIN]
        account = ["--agree-tos", "--email", "ops@example.com"]
        self.certbot("certonly", *webroot, *account, "--deploy-hook", hook)


@pytest.fixture
def place(tmp_path, authority):
    with behind() as upstream:
        yield Place(tmp_path, authority, upstream)


@pytest.mark.parametrize("reads", ["copies of the hook", "certbot's folder"])
def test_certbot_renews_a_certificate_with_no_restart_and_no_failed_handshake(place, reads):
    copied = reads.startswith("copies")
    hook = f"{HOOK} {place.copies}" if copied else str(HOOK)
    files = place.copies / DOMAIN if copied else place.live
    with place.pebble, Gateway(place.folder, place.edge({"self_signed": [DOMAIN]})) as gateway:
        until("it listens", lambda: is_listening(place.tls))
        place.first_issue(hook)
        pair = {"certificate": files / "fullchain.pem", "private_key": files / "privkey.pem"}
        edge = place.edge({"certificates": [{name: str(path) for name, path in pair.items()}]})
        gateway.config.write_text(json.dumps({"edge": edge}))
        gateway.process.send_signal(signal.SIGHUP)
        issued = until("certbot's certificate", lambda: by_pebble(shown(place.tls, DOMAIN)))

        with Visitors(place.tls, DOMAIN, place.pebble.roots(), count=4) as visitors:
            visitors.more(20)
            place.certbot("renew", "--force-renewal", "--no-random-sleep-on-renew")
            until("another", lambda: len(visitors.serials) > 1 or visitors.failed)
            visitors.more(50)
        assert visitors.failed == []
        assert visitors.serials[0] == issued.serial_number and len(visitors.serials) == 2
        assert place.pebble.orders() == 2
        print(f"{visitors.served} visits, {len(visitors.failed)} failed")


def by_pebble(certificate):
    issued = certificate and "Pebble" in certificate.issuer.rfc4514_string()
    return certificate if issued else None


def test_only_answers_to_challenges_are_shown(place):
    challenges = place.webroot / ".well-known" / "acme-challenge"
    challenges.mkdir(parents=True)
    (challenges / "token").write_text("token.thumbprint")
    (challenges / "link").symlink_to(place.webroot / "secret")
    (place.webroot / "secret").write_text("secret")
    (place.webroot / ".well-known" / "secret").write_text("secret")
    path = "/.well-known/acme-challenge/"
    with Gateway(place.folder, place.edge({"self_signed": [DOMAIN]})):
        until("it listens", lambda: is_listening(place.http))
        assert asked(place.http, path + "token") == (200, b"token.thumbprint")
        assert asked(place.http, path + "token", "HEAD") == (200, b"")
        assert asked(place.http, path + "token", host="anything.example")[0] == 200
        assert asked(place.http, path + "token", "POST")[0] == 404
        for name in ["", ".", "..", "../secret", "../../secret", "..%2fsecret", "%2e%2e/secret",
                     "link", "token/", "/token", "to%6ben", "missing"]:  # fmt: skip
            status, body = asked(place.http, path + name)
            assert status in (301, 400, 404) and b"secret" not in body, (name, status)
        assert asked(place.http, path + "missing")[0] == 404
        assert asked(place.http, "/secret")[0] == 301


def asked(port, path, method="GET", host=DOMAIN):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={"host": host})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body

"""Certificates that the gateway gets for itself from pebble: issued, renewed, kept."""

import time
import urllib.error
import urllib.request

import pytest

from ca import DOMAIN, Pebble
from lab import Gateway, Visitors, behind, client, connected, free_port, is_listening, shown, until

ISSUED_WITHIN = 10
# Renewed after two thirds of that, and at most a tenth of the rest later.
LIFE = 24


class Place:
    """Ports, a CA that looks for them, and gateways between."""

    def __init__(self, folder, authority, life=None):
        self.folder = folder
        self.http, self.tls = free_port(), free_port()
        self.pebble = Pebble(folder, authority, self.http, self.tls, life)

    def edge(self, challenge="http-01", http=None, tls=None):
        acme = {
            "directory": self.pebble.directory,
            "email": "ops@example.com",
            "domains": [DOMAIN],
            "challenge": challenge,
            "root_certificate": str(self.pebble.trusted),
        }
        plain = {"address": f"127.0.0.1:{http or self.http}", "redirect_to_https": True}
        secure = {"address": f"127.0.0.1:{tls or self.tls}", "tls": {"acme": acme}}
        route = {"path": "/", "to": self.upstream, "public": True}
        sites = [{"hosts": [DOMAIN], "routes": [route]}]
        return {"listeners": [plain, secure], "sites": sites}

    def gateway(self, name="gateway", **edge):
        return Gateway(self.folder, self.edge(**edge), self.folder / "data", name)

    def issued(self):
        return until("a certificate", lambda: shown(self.tls, DOMAIN))


@pytest.fixture
def place(tmp_path, authority):
    with behind() as upstream:
        place = Place(tmp_path, authority, LIFE)
        place.upstream = upstream
        yield place


def assert_served(place):
    with Visitors(place.tls, DOMAIN, place.pebble.roots()) as visitors:
        visitors.more(5)
    assert not visitors.failed
    return visitors.serials


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_certificate_is_issued_within_ten_seconds_of_the_start(place, challenge):
    with place.pebble:
        begun = time.monotonic()
        with place.gateway(challenge=challenge):
            first = place.issued()
            took = time.monotonic() - begun
            assert "Pebble Intermediate" in first.issuer.rfc4514_string()
            assert took <= ISSUED_WITHIN, f"{took:.1f} s"
            assert assert_served(place) == [first.serial_number]
            assert redirected(place.http, "/x") == f"https://{DOMAIN}/x"
            assert place.pebble.orders() == 1
    modes = {file.stat().st_mode & 0o777 for file in files(place.folder / "data" / "acme")}
    assert modes == {0o600}


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def redirected(port, path):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"host": DOMAIN})
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(Stay).open(request, timeout=10)
    assert answer.value.code == 301
    return answer.value.headers["location"]


def test_a_ca_that_refuses_every_other_nonce_issues_all_the_same(place):
    with place.pebble.refusing(50), place.gateway():
        place.issued()
        assert_served(place)
        assert place.pebble.orders() >= 1


def test_renewal_under_load_fails_no_handshake(place):
    with place.pebble:
        with place.gateway("first"):
            first = place.issued()
        # A certificate from disk is due at two thirds of its life; a new one is never due at once.
        with place.gateway("second"):
            until("it listens", lambda: is_listening(place.tls))
            with Visitors(place.tls, DOMAIN, place.pebble.roots(), count=4) as visitors:
                until("another certificate", lambda: len(visitors.serials) > 1 or visitors.failed)
                visitors.more(50)
            assert visitors.failed == []
            assert visitors.serials[0] == first.serial_number and len(visitors.serials) == 2
            assert place.pebble.orders() == 2
            print(f"{visitors.served} visits, {len(visitors.failed)} failed")


def test_what_is_on_disk_is_served_from_the_first_connection_on_while_the_ca_is_away(place):
    with place.pebble:
        roots = place.pebble.roots()
        with place.gateway("first"):
            first = place.issued()
    with place.gateway("second") as gateway:
        until("it listens", lambda: is_listening(place.tls))
        with Visitors(place.tls, DOMAIN, roots) as visitors:
            visitors.more(20)
            # It becomes due, nobody issues another, and the old one stays.
            until("a failed attempt", lambda: "tried again in" in gateway.told() or visitors.failed)
            visitors.more(20)
        assert visitors.failed == []
        assert visitors.serials == [first.serial_number]
        assert attempts(gateway) == 1
    # The wait of at least a minute holds for whoever starts next.
    with place.gateway("third") as gateway:
        assert place.issued().serial_number == first.serial_number
        with pytest.raises(AssertionError):
            until("an attempt", lambda: attempts(gateway), 2)
        assert attempts(gateway) == 0


def attempts(gateway):
    return gateway.told().count("ordering a certificate")


def test_two_gateways_on_one_data_directory_order_once(place):
    others = {"http": free_port(), "tls": free_port()}
    with place.pebble:
        with place.gateway("one"):
            # The CA asks this one only, whichever of the two orders.
            until("it listens", lambda: is_listening(place.http))
            with place.gateway("other", **others):
                first = place.issued()
                of_other = until("the other's", lambda: shown(others["tls"], DOMAIN))
                assert of_other.serial_number == first.serial_number
                assert place.pebble.orders() == 1


def test_a_name_that_is_not_ordered_gets_the_certificate_there_is(place):
    with place.pebble, place.gateway():
        first = place.issued()
        assert shown(place.tls, "other.example").serial_number == first.serial_number
        with connected(place.tls, None, client()) as tls:
            assert tls.version() == "TLSv1.3"

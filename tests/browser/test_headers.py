"""What leaves the gateway, as it is on the wire."""

import pytest

from conftest import ACROSS, APP, BARE, PORTAL, SAME, UNCHANGED, WORDPRESS
from parties import ETAG, POLICIES

POLICY = "content-security-policy"
REPORTED = "content-security-policy-report-only"
ASKS = {"Origin": APP, "Access-Control-Request-Method": "POST"}
EVIL = {"Origin": "https://evil.example.org", "Access-Control-Request-Method": "POST"}
SITES = {SAME: WORDPRESS, ACROSS: f"{WORDPRESS} {PORTAL}", UNCHANGED: f"{WORDPRESS} {PORTAL}"}


def values(headers, name):
    return [value for found, value in headers if found == name]


def directives(headers):
    """All directives of all policies, whether in one header or in several."""
    policies = ",".join(values(headers, POLICY))
    return [d.strip() for policy in policies.split(",") for d in policy.split(";")]


def assert_framed(host, answer, status):
    found, headers = answer
    assert found == status, headers
    assert len(values(headers, POLICY)) == 1, headers
    own = f"frame-ancestors {SITES[host]}"
    assert [d for d in directives(headers) if "ancestors" in d.lower()] == [own], headers
    assert not values(headers, "x-frame-options"), headers
    assert not any("ancestors" in value for value in values(headers, REPORTED)), headers


@pytest.mark.parametrize("host", SITES)
@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/ui/", 200), ("/status/204", 204), ("/redirect", 302), ("/status/403", 403),
        ("/nothing", 404), ("/status/500", 500), ("/status/503", 503),
        # The gateway's own.
        ("/health/liveliness", 200), ("/health/nothing", 404), ("/v1/models", 401),
        ("/private/x", 401), ("/dead/x", 502), ("/x/../private/x", 404),
    ],
)  # fmt: skip
def test_exactly_one_policy_leaves(gateway, host, target, status):
    assert_framed(host, gateway.answer(host, target), status)


@pytest.mark.parametrize("policy", POLICIES)
def test_exactly_one_policy_leaves_whatever_came(gateway, policy):
    for target, status in (("/ui/", 200), ("/redirect", 302), ("/status/404", 404)):
        answer = gateway.answer(SAME, f"{target}?as={policy}")
        assert_framed(SAME, answer, status)
        came = ",".join(v for name, v in POLICIES[policy] if name.lower() == POLICY)
        for directive in ("script-src 'self'", "img-src 'none'"):
            assert (directive in directives(answer[1])) == (directive in came), answer


def test_exactly_one_policy_leaves_however_it_was_asked(gateway):
    unchanged = {"If-None-Match": ETAG}
    assert_framed(SAME, gateway.answer(SAME, "/etag", headers=unchanged), 304)
    assert_framed(SAME, gateway.answer(SAME, "/ui/", "HEAD"), 200)
    assert_framed(SAME, gateway.answer(SAME, "/small/x", "POST", body=b"12"), 413)
    assert_framed(SAME, gateway.answer(SAME, "/ui/", tls=False), 301)
    assert_framed(SAME, gateway.answer(SAME, "/v1/x", "OPTIONS", ASKS), 200)
    assert_framed(SAME, gateway.answer(SAME, "/v1/x", "OPTIONS", EVIL), 403)
    assert_framed(SAME, gateway.answer(SAME, "/health/liveliness", "DELETE"), 405)


@pytest.mark.parametrize("target", ["/ui/", "/status/500", "/dead/x", "/v1/models", "/nothing"])
def test_a_sites_other_headers_are_on_every_answer(gateway, target):
    _, headers = gateway.answer(SAME, target)
    assert values(headers, "strict-transport-security") == ["max-age=31536000; includeSubDomains"]
    assert values(headers, "x-content-type-options") == ["nosniff"]
    assert not values(headers, "server")


def test_without_a_word_on_framing_the_server_behind_decides(gateway):
    for name, policy in POLICIES.items():
        _, headers = gateway.answer(BARE, f"/ui/?as={name}")
        for header in ("x-frame-options", POLICY, REPORTED):
            sent = [value.strip() for sent, value in policy if sent.lower() == header]
            assert values(headers, header) == sent, name


@pytest.mark.parametrize("host", [BARE, "nobody.example.net"])
@pytest.mark.parametrize("target", ["/health/liveliness", "/v1/models", "/private/x", "/dead/x"])
def test_without_a_word_on_framing_own_answers_refuse_it(gateway, host, target):
    _, headers = gateway.answer(host, target)
    assert values(headers, POLICY) == ["frame-ancestors 'none'"]
    assert values(headers, "x-frame-options") == ["DENY"]


def test_cookies_are_changed_where_it_is_asked_for(gateway):
    for host, end in ((ACROSS, "SameSite=None; Secure; Partitioned"), (UNCHANGED, "SameSite=Lax")):
        status, headers = gateway.answer(host, "/login", "POST", body=b"username=admin")
        assert status == 303
        [cookie] = values(headers, "set-cookie")
        assert cookie.startswith("token=") and cookie.endswith(f"; Path=/; {end}")


def test_browsers_speak_http2_and_see_the_same(tab):
    response = tab.page.goto(f"https://{SAME}/ui/?as=several")
    protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
    assert tab.page.evaluate(protocol) == "h2"
    headers = [(entry["name"].lower(), entry["value"]) for entry in response.headers_array()]
    assert_framed(SAME, (response.status, headers), 200)

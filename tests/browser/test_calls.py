"""Pages of other sites that call the gateway: what they may read, and what the server behind can
tell of them."""

import itertools
import urllib.parse

import pytest

from conftest import ACROSS, APP, SAME, UNCHANGED, WORDPRESS
from parties import TOKEN
from test_cookies import log_in

EVIL = "https://evil.example.org"

READ = """async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    return [answer.status, await answer.text()];
  } catch (error) { return [0, String(error)]; }
}"""
SIMPLE = {}
WITH_KEY = {
    "method": "POST",
    "headers": {"Authorization": "Bearer sk-x", "Content-Type": "application/json"},
    "body": "{}",
}


def read(tab, origin, url, options):
    tab.open(f"{origin}/blank")
    return tab.page.evaluate(READ, [url, options])


@pytest.mark.parametrize("options", [SIMPLE, WITH_KEY], ids=["simple", "asked-before"])
def test_a_listed_origin_may_read(tab, options):
    status, text = read(tab, APP, f"https://{SAME}/data", options)
    assert (status, text) == (200, '{"secret": 1}')


def test_a_listed_origin_may_read_the_gateways_own(tab):
    status, text = read(tab, APP, f"https://{SAME}/v1/models", {})
    assert status == 401 and "error" in text


@pytest.mark.parametrize("options", [SIMPLE, WITH_KEY], ids=["simple", "asked-before"])
@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (EVIL, SAME), (WORDPRESS, SAME), ("http://app.example.org", SAME),
        ("https://app.example.org:8443", SAME), (APP, ACROSS), (EVIL, ACROSS),
    ],
)  # fmt: skip
def test_nobody_else_may_read_although_the_server_behind_says_so(tab, origin, host, options):
    assert read(tab, origin, f"https://{host}/data", options)[0] == 0
    assert tab.has_said("blocked by CORS policy")


def test_without_a_list_own_answers_are_for_nobody(tab):
    assert read(tab, APP, f"https://{UNCHANGED}/v1/models", {})[0] == 0
    assert tab.has_said("blocked by CORS policy")


def test_what_is_asked_before_is_not_passed_on(world, tab):
    path = "/data/asked-before"
    assert read(tab, EVIL, f"https://{SAME}{path}", WITH_KEY)[0] == 0
    assert not world.behind.asked_for(path)
    assert read(tab, APP, f"https://{SAME}{path}", WITH_KEY)[0] == 200
    assert [headers[":method"] for headers in world.behind.asked_for(path)] == ["POST"]


SEND = {
    "form": """url => {
        const form = document.createElement("form");
        Object.assign(form, { method: "post", action: url });
        document.body.append(form);
        form.submit();
    }""",
    "form-in-a-frame": """url => {
        const frame = document.createElement("iframe");
        const form = document.createElement("form");
        frame.name = "target";
        Object.assign(form, { method: "post", action: url, target: "target" });
        document.body.append(frame, form);
        form.submit();
    }""",
    "fetch": """url => {
        fetch(url, { method: "POST", mode: "no-cors", credentials: "include", body: "x=1" });
    }""",
    "beacon": """url => { navigator.sendBeacon(url, "x=1"); }""",
}
PLACES = {
    "another site": (f"{EVIL}/blank", EVIL),
    "plain http": ("http://evil.example.org/blank", "http://evil.example.org"),
    "nobody's origin": (f"{EVIL}/opaque?{urllib.parse.urlencode({'src': 'about:blank'})}", "null"),
}


@pytest.mark.parametrize("host", [ACROSS, UNCHANGED])
@pytest.mark.parametrize("profile", ["fresh", "everyday"])
def test_what_others_send_is_seen_as_theirs_and_carries_no_login(world, tabs, profile, host):
    context = getattr(world, profile)()
    tab = tabs(context)
    # Logged in wherever a login is kept: in the frame, and in a tab of its own.
    log_in(tab, WORDPRESS, host)
    tab.open(f"https://{host}/ui/").page.locator("#login").click()
    tab.page.locator("#state", has_text="logged in").wait_for(timeout=10000)
    sent = [headers for headers in world.behind.asked_for("/ui/home") if "cookie" in headers]
    assert TOKEN in sent[-1]["cookie"]
    for number, (place, way) in enumerate(itertools.product(PLACES, SEND)):
        url, origin = PLACES[place]
        path = f"/change/{profile}/{host}/{number}"
        tab.open(url)
        tab.page.evaluate(SEND[way], f"https://{host}{path}")
        tab.until(f"{way} from {place}", lambda path=path: world.behind.asked_for(path))
        if way == "form":
            tab.page.wait_for_url(f"https://{host}{path}")
        [headers] = world.behind.asked_for(path)
        said = (headers[":method"], headers["sec-fetch-site"], headers["origin"])
        assert said == ("POST", "cross-site", origin), (place, way)
        carried = headers.get("cookie", "")
        assert TOKEN not in carried, (place, way)


def test_what_a_page_sends_to_itself_is_seen_as_its_own(world, tabs):
    tab = tabs(world.fresh())
    log_in(tab, WORDPRESS, ACROSS)
    path = "/change/own"
    tab.frame().evaluate("path => fetch(path, { method: 'POST' })", path)
    [headers] = world.behind.asked_for(path)
    assert headers["sec-fetch-site"] == "same-origin"
    assert headers["origin"] == f"https://{ACROSS}"
    assert TOKEN in headers["cookie"]

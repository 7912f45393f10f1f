"""Who may frame a page, by what the browser shows."""

import urllib.parse

import pytest

from conftest import ACROSS, BARE, GUIDE, SAME, WORDPRESS
from parties import FORBIDS_SCRIPT, POLICIES

UI = f"https://{SAME}/ui/"
REFUSED = "chrome-error://chromewebdata/"


def framing(origin, src, kind="page", **more):
    return f"{origin}/{kind}?{urllib.parse.urlencode({'src': src, **more})}"


def assert_shown(tab, depth=1):
    """The page is there, its files arrived, and a click on the picture reaches it."""
    frame = tab.frame(depth)
    frame.locator("#state", has_text="ready").wait_for(timeout=10000)
    box = frame.locator("#count").bounding_box()
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    frame.locator("#count", has_text="1").wait_for(timeout=10000)
    return frame


def assert_blocked(tab, depth=1):
    frame = tab.frame(depth)
    tab.until("the refusal", lambda: frame.url == REFUSED)
    assert frame.locator("#state").count() == 0
    tab.until("its reason", lambda: is_refused(tab))


def is_refused(tab):
    """For what the answer said, and for nothing else."""
    is_explained = tab.has_said("frame-ancestors") or tab.has_said("X-Frame-Options")
    return is_explained and tab.failed == ["net::ERR_BLOCKED_BY_RESPONSE"]


# GUIDE is what `tollgate import` makes of the deployment guide's nginx file.
@pytest.mark.parametrize("host", [SAME, ACROSS, GUIDE])
def test_a_page_is_shown_where_it_is_allowed(tab, host):
    assert_shown(tab.open(framing(WORDPRESS, f"https://{host}/ui/")))
    assert not tab.failed


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org",
        "https://blog.example.com",
        "https://sub.wordpress.example.com",
        "https://example.com",
        "https://wordpress.example.com.example.org",
        "https://wordpress.example.com:8443",
        "http://wordpress.example.com",
    ],
)
def test_a_page_is_blocked_everywhere_else(tab, origin):
    assert_blocked(tab.open(framing(origin, UI)))


@pytest.mark.parametrize("policy", POLICIES)
def test_a_site_that_nginx_had_is_framed_as_it_was_meant(tabs, policy):
    ui = f"https://{GUIDE}/ui/?as={policy}"
    assert_shown(tabs().open(framing(WORDPRESS, ui)))
    assert_blocked(tabs().open(framing("https://evil.example.org", ui)))


@pytest.mark.parametrize("kind", ["object", "embed"])
def test_other_elements_are_as_frames(tabs, kind):
    assert_shown(tabs().open(framing(WORDPRESS, UI, kind)))
    tab = tabs().open(framing("https://evil.example.org", UI, kind))
    tab.until("the refusal", lambda: is_refused(tab))
    # An object that is refused leaves no frame at all.
    assert all(frame.url in ("", "about:blank", REFUSED) for frame in tab.page.frames[1:])


def test_an_origin_that_is_nobodys_is_not_allowed(tabs):
    assert_blocked(tabs().open(framing(WORDPRESS, UI, "opaque")))
    page = f'<iframe width="700" height="300" src="{UI}"></iframe>'
    assert_blocked(tabs().open(f"data:text/html,{urllib.parse.quote(page)}"))


def test_a_frame_in_a_sandbox_is_shown_where_it_is_allowed(tabs):
    assert_shown(tabs().open(framing(WORDPRESS, UI, sandbox="allow-scripts")))
    evil = framing("https://evil.example.org", UI, sandbox="allow-scripts allow-same-origin")
    assert_blocked(tabs().open(evil))


def test_every_page_around_a_frame_counts(tabs):
    inner = framing(WORDPRESS, UI)
    assert_blocked(tabs().open(framing("https://evil.example.org", inner)), depth=2)
    inner = framing("https://evil.example.org", UI)
    assert_blocked(tabs().open(framing(WORDPRESS, inner)), depth=2)
    assert_shown(tabs().open(framing(WORDPRESS, framing(WORDPRESS, UI))), depth=2)


def test_a_page_within_a_page_is_as_the_page_around_it(tabs):
    assert_shown(tabs().open(framing(WORDPRESS, UI, "srcdoc")), depth=2)
    assert_blocked(tabs().open(framing("https://evil.example.org", UI, "srcdoc")), depth=2)


@pytest.mark.parametrize("policy", POLICIES)
def test_whatever_the_server_behind_says_of_framing_is_replaced(tabs, policy):
    ui = f"{UI}?as={policy}"
    tab = tabs()
    frame = assert_shown(tab.open(framing(WORDPRESS, ui)))
    assert not tab.has_said("frame-ancestors"), tab.said
    # Its other directives hold in the frame.
    ran = frame.evaluate("document.documentElement.dataset.inline === 'ran'")
    assert ran == (policy not in FORBIDS_SCRIPT)
    drawn = frame.evaluate("document.getElementById('image').naturalWidth > 0")
    assert drawn == (policy not in FORBIDS_SCRIPT)
    reported = policy == "reported"
    assert tab.has_said("script-src") == (reported or policy in FORBIDS_SCRIPT), tab.said
    assert_blocked(tabs().open(framing("https://evil.example.org", ui)))


@pytest.mark.parametrize("path", ["/redirect", "/status/404", "/status/500", "/etag"])
def test_redirects_and_errors_are_as_pages(tabs, path):
    tab = tabs().open(framing(WORDPRESS, f"https://{SAME}{path}"))
    if path.startswith("/status"):
        tab.frame().locator("#state", has_text="answered").wait_for(timeout=10000)
    else:
        assert_shown(tab)
    assert_blocked(tabs().open(framing("https://evil.example.org", f"https://{SAME}{path}")))


def test_what_is_unchanged_keeps_its_directives(tabs, world):
    tab = tabs(world.fresh())
    url = framing(WORDPRESS, f"https://{SAME}/etag?as=beside-others&then=silent")
    before = len(world.behind.asked_for("/etag"))
    for _ in range(2):
        frame = assert_shown(tab.open(url))
        assert frame.evaluate("document.documentElement.dataset.inline !== 'ran'")
    asked = world.behind.asked_for("/etag")[before:]
    assert ["if-none-match" in headers for headers in asked] == [False, True]


OWN = ["/health/liveliness", "/v1/models", "/private/x", "/dead/x"]


@pytest.mark.parametrize("path", OWN)
def test_own_pages_of_a_framed_site_are_as_the_sites(tabs, path):
    tab = tabs().open(framing(WORDPRESS, f"https://{SAME}{path}"))
    assert tab.frame().url == f"https://{SAME}{path}"
    tab.frame().locator("body", has_text="").wait_for(timeout=10000)
    assert not tab.failed
    assert_blocked(tabs().open(framing("https://evil.example.org", f"https://{SAME}{path}")))


@pytest.mark.parametrize("path", ["/ui/", *OWN])
@pytest.mark.parametrize("host", [BARE, "nobody.example.net"])
def test_without_a_word_on_framing_nothing_is_framed(tabs, host, path):
    # Not even by itself.
    for origin in (WORDPRESS, "https://evil.example.org"):
        assert_blocked(tabs().open(framing(origin, f"https://{host}{path}")))


@pytest.mark.parametrize("host", [SAME, GUIDE])
def test_plain_http_ends_at_the_page_over_tls(world, tabs, host):
    # Nobody that was told before to use TLS alone.
    tab = tabs(world.fresh())
    tab.open(f"http://{host}/ui/")
    assert tab.page.url == f"https://{host}/ui/"
    tab.page.locator("#state", has_text="ready").wait_for(timeout=10000)

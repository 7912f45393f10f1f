"""Who may frame a page, by what the browser shows."""

import urllib.parse

import pytest

from conftest import ACROSS, BARE, GUIDE, MOVED, SAME, WORDPRESS
from parties import FORBIDS_SCRIPT, POLICIES

UI = f"https://{SAME}/ui/"
REFUSED = "chrome-error://chromewebdata/"
BLOCKED = "net::ERR_BLOCKED_BY_RESPONSE"


def framing(origin, *src, kind="page", **more):
    return f"{origin}/{kind}?{urllib.parse.urlencode({'src': src, **more}, doseq=True)}"


def assert_shown(tab, depth=1):
    """The page is there, its files arrived, and a click on the picture reaches it."""
    frame = tab.frame(depth)
    frame.locator("#state", has_text="ready").wait_for(timeout=10000)
    box = frame.locator("#count").bounding_box()
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    frame.locator("#count", has_text="1").wait_for(timeout=10000)
    return frame


def assert_blocked(tab, depth=1, number=1):
    """Each of so many frames, all of them on one page."""
    frames = tab.frames(number, depth)
    tab.until("the refusals", lambda: all(frame.url == REFUSED for frame in frames))
    assert not any(frame.locator("body").inner_text().count("ready") for frame in frames)
    tab.until("their reasons", lambda: is_refused(tab, number))


def is_refused(tab, number=1):
    """For what the answers said, and for nothing else."""
    reasons = ("frame-ancestors", "X-Frame-Options")
    said = [said for said in tab.said if any(reason in said for reason in reasons)]
    return len(said) >= number and tab.failed == [BLOCKED] * number


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


def test_a_site_that_nginx_had_is_framed_as_it_was_meant(tabs):
    pages = [f"https://{GUIDE}/ui/?as={policy}" for policy in POLICIES]
    tab = tabs().open(framing(WORDPRESS, *pages))
    for frame in tab.frames(len(pages)):
        frame.locator("#state", has_text="ready").wait_for(timeout=10000)
        frame.locator("#count").click()
    # Images are refused here and there, pages are not.
    assert BLOCKED not in tab.failed
    assert_blocked(tabs().open(framing("https://evil.example.org", *pages)), number=len(pages))


@pytest.mark.parametrize("kind", ["object", "embed"])
def test_other_elements_are_as_frames(tabs, kind):
    assert_shown(tabs().open(framing(WORDPRESS, UI, kind=kind)))
    tab = tabs().open(framing("https://evil.example.org", UI, kind=kind))
    tab.until("the refusal", lambda: is_refused(tab))
    # An object that is refused leaves no frame at all.
    assert all(frame.url in ("", "about:blank", REFUSED) for frame in tab.page.frames[1:])


def test_an_origin_that_is_nobodys_is_not_allowed(tabs):
    assert_blocked(tabs().open(framing(WORDPRESS, UI, kind="opaque")))
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
    assert_shown(tabs().open(framing(WORDPRESS, UI, kind="srcdoc")), depth=2)
    assert_blocked(tabs().open(framing("https://evil.example.org", UI, kind="srcdoc")), depth=2)


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


def test_whatever_the_server_behind_says_of_framing_nobody_else_is_let_in(tab):
    pages = [f"{UI}?as={policy}" for policy in POLICIES]
    assert_blocked(tab.open(framing("https://evil.example.org", *pages)), number=len(pages))


def test_redirects_and_errors_are_as_pages(tabs):
    pages = [f"https://{SAME}{path}" for path in ("/redirect", "/status/404", "/status/500")]
    tab = tabs().open(framing(WORDPRESS, *pages))
    for frame, text in zip(tab.frames(3), ("ready", "answered", "answered"), strict=True):
        frame.locator("#state", has_text=text).wait_for(timeout=10000)
    assert not tab.failed
    assert_blocked(tabs().open(framing("https://evil.example.org", *pages)), number=3)


def test_a_page_that_is_unchanged_keeps_its_other_directives(tabs, world):
    tab = tabs(world.fresh())
    url = framing(WORDPRESS, f"https://{SAME}/etag?as=beside-others&then=silent")
    for _ in range(2):
        frame = assert_shown(tab.open(url))
        assert frame.evaluate("document.documentElement.dataset.inline !== 'ran'")


@pytest.mark.parametrize("policy", ["usual", "header-only"])
def test_a_refusal_from_before_the_gateway_is_forgotten(tabs, world, policy):
    context = world.fresh()
    url = framing(WORDPRESS, f"https://{MOVED}/etag?as={policy}&then=silent")
    world.door.lead(world.bare.port)
    assert_blocked(tabs(context).open(url))
    world.door.lead(world.gateway.tls)
    assert_shown(tabs(context).open(url))


OWN = ["/health/liveliness", "/v1/models", "/private/x", "/dead/x"]


def test_own_pages_of_a_framed_site_are_as_the_sites(tabs):
    pages = [f"https://{SAME}{path}" for path in OWN]
    tab = tabs().open(framing(WORDPRESS, *pages))
    assert {frame.url for frame in tab.frames(len(pages))} == set(pages)
    assert not tab.failed
    assert_blocked(tabs().open(framing("https://evil.example.org", *pages)), number=len(pages))


@pytest.mark.parametrize("host", [BARE, "nobody.example.net"])
def test_without_a_word_on_framing_nothing_is_framed(tabs, host):
    pages = [f"https://{host}{path}" for path in ("/ui/", *OWN)]
    for origin in (WORDPRESS, "https://evil.example.org"):
        assert_blocked(tabs().open(framing(origin, *pages)), number=len(pages))


@pytest.mark.parametrize("host", [SAME, GUIDE])
def test_plain_http_ends_at_the_page_over_tls(world, tabs, host):
    # Nobody that was told before to use TLS alone.
    tab = tabs(world.fresh())
    tab.open(f"http://{host}/ui/")
    assert tab.page.url == f"https://{host}/ui/"
    tab.page.locator("#state", has_text="ready").wait_for(timeout=10000)

"""A login within a frame: whether the browser brings the cookie back."""

import pytest

from conftest import ACROSS, PORTAL, SAME, UNCHANGED, WORDPRESS
from parties import TOKEN
from test_frames import framing

PROFILES = ["fresh", "everyday"]


def log_in(tab, embedder, host):
    tab.open(framing(embedder, f"https://{host}/ui/"))
    frame = tab.frame()
    frame.locator("#state", has_text="ready").wait_for(timeout=10000)
    frame.locator("#login").click()
    return state(tab)


def state(tab):
    """What the page after the login says."""
    home = tab.frame().locator("#state", has_text="logged in")
    home.wait_for(timeout=10000)
    return home.text_content()


def look(tab, embedder, host):
    return state(tab.open(framing(embedder, f"https://{host}/ui/home")))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_login_works_in_a_frame_of_another_site(world, tabs, profile):
    context = getattr(world, profile)()
    tab = tabs(context)
    assert log_in(tab, WORDPRESS, ACROSS) == "logged in"
    # Later, and in another tab.
    assert look(tabs(context), WORDPRESS, ACROSS) == "logged in"
    # And out again.
    assert state(tab.open(framing(WORDPRESS, f"https://{ACROSS}/logout"))) == "nobody is logged in"
    assert look(tab, WORDPRESS, ACROSS) == "nobody is logged in"


@pytest.mark.parametrize("profile", PROFILES)
def test_and_would_not_if_the_cookie_were_left_as_it_is(world, tabs, profile):
    tab = tabs(getattr(world, profile)())
    assert log_in(tab, WORDPRESS, UNCHANGED) == "nobody is logged in"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_login_works_in_a_frame_of_its_own_site_as_it_is(world, tabs, profile):
    assert log_in(tabs(getattr(world, profile)()), WORDPRESS, SAME) == "logged in"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_login_is_known_to_the_page_around_it_alone(world, tabs, profile):
    context = getattr(world, profile)()
    tab = tabs(context)
    assert log_in(tab, WORDPRESS, ACROSS) == "logged in"
    # Framed by another that may, and by nobody.
    assert look(tab, PORTAL, ACROSS) == "nobody is logged in"
    tab.open(f"https://{ACROSS}/ui/home")
    assert tab.page.locator("#state").text_content() == "nobody is logged in"
    # One login does not end the other.
    assert log_in(tab, PORTAL, ACROSS) == "logged in"
    assert look(tab, WORDPRESS, ACROSS) == "logged in"


@pytest.mark.parametrize(("host", "seen"), [(SAME, "logged in"), (ACROSS, "nobody is logged in")])
def test_a_login_in_a_window_of_its_own(world, tabs, host, seen):
    """Reaches the frame where both are of one site; a cookie for one page around it does not."""
    tab = tabs(world.fresh())
    tab.open(framing(WORDPRESS, f"https://{host}/ui/"))
    with tab.page.expect_popup() as popup:
        tab.frame().locator("#popup").click()
    window = popup.value
    window.locator("#login").click()
    window.locator("#state", has_text="logged in").wait_for(timeout=10000)
    assert window.locator("#state").text_content() == "logged in"
    assert look(tab, WORDPRESS, host) == seen


@pytest.mark.parametrize(("host", "left"), [(SAME, ""), (ACROSS, f"token={TOKEN}")])
def test_what_a_pages_own_script_does_with_cookies_is_beyond_the_gateway(world, tabs, host, left):
    """LiteLLM's page logs out so. Where the frame is of another site the login stays: another
    reason to have both below one domain."""
    tab = tabs(world.fresh())
    assert log_in(tab, WORDPRESS, host) == "logged in"
    tab.frame().evaluate("document.cookie = 'token=; Max-Age=0; path=/'")
    assert tab.frame().evaluate("document.cookie") == left

"""The settings: one overlay over the page, with an index, a search, and the pages of the server as sections."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

import pytest
from django.conf import settings
from playwright.sync_api import expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.actions.clients import register_client
from chat.models import Client, Conversation
from tests.cast import PASSWORD
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
SECTIONS = (
    *("profile", "email", "password", "second-factor", "devices", "sessions", "tokens", "appearance"),
    *("notifications", "emoticons", "keyboard", "general", "members", "channels", "invitations", "audit"),
)


@pytest.fixture
def plans(alice: Member, bob: Member) -> Conversation:
    make_channel("general", alice, bob)
    return make_channel("plans", alice, bob)


def forget_the_time_of_sign_in(person: Person) -> None:
    """As if she had signed in some time ago: then some pages ask for the password again."""
    (cookie,) = (each for each in person.page.context.cookies() if each["name"] == settings.SESSION_COOKIE_NAME)
    session = import_module(settings.SESSION_ENGINE).SessionStore(cookie["value"])
    session["account_authentication_methods"] = []
    session.save()


def test_closing_leads_back_to_where_one_was(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.write("Half a sentence")
    a.open_settings("Devices")
    a.settings.get_by_role("link", name="Members").click()
    expect(a.settings.get_by_role("heading", level=1, name="Members")).to_be_focused()
    a.page.go_back()
    expect(a.settings.get_by_role("heading", level=1, name="Devices")).to_be_visible()
    a.press("Escape")
    expect(a.settings).to_be_hidden()
    a.assert_in("plans")
    assert a.draft == "Half a sentence"
    expect(a.page).to_have_url(re.compile(f"/c/{plans.pk}$"))


def test_a_refused_form_stays_and_says_why(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    profile = a.open_settings("Profile")
    handle = profile.get_by_label("Handle")
    handle.fill("bob")  # is somebody else's
    profile.get_by_role("button", name="Save").click()
    expect(handle).to_have_attribute("aria-invalid", "true")
    expect(handle).to_be_focused()
    expect(handle).to_have_value("bob")
    handle.fill("ally")
    handle.press("Enter")
    expect(profile.get_by_text("Your profile was saved.")).to_be_visible()
    with organization_scope(alice.organization_id):
        assert Member.objects.get(pk=alice.pk).handle == "ally"


def test_a_form_is_kept_while_there_is_no_network(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    profile = a.open_settings("Profile")
    profile.get_by_label("Title").fill("Captain")
    with a.offline():
        profile.get_by_role("button", name="Save").click()
        expect(profile.get_by_text("No answer from the server.")).to_be_visible()
        expect(profile.get_by_label("Title")).to_have_value("Captain")
    profile.get_by_role("button", name="Save").click()
    expect(profile.get_by_text("Your profile was saved.")).to_be_visible()


def test_the_password_is_asked_for_again_within_the_settings(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice, form=True)
    forget_the_time_of_sign_in(a)
    a.visit("/o/acme/settings/second-factor")
    a.settings.get_by_role("link", name="Set up the app").click()
    a.settings.get_by_label("Password", exact=True).fill(PASSWORD)
    a.settings.get_by_role("button", name="Continue").click()
    expect(a.settings.get_by_role("heading", level=1, name="Set up an authenticator app")).to_be_visible()
    a.reload()
    expect(a.settings.get_by_role("heading", level=1, name="Set up an authenticator app")).to_be_visible()
    a.settings.get_by_role("link", name="Cancel").click()
    expect(a.settings.get_by_role("heading", level=1, name="Second factor")).to_be_visible()


def test_a_setting_is_found_by_its_words(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.visit("/o/acme/settings")
    search = a.settings.get_by_role("searchbox", name="Search settings")
    search.fill("dark")
    expect(a.settings.get_by_role("navigation").get_by_role("link")).to_have_text(["Appearance"])
    search.press("Enter")
    expect(a.settings.get_by_role("heading", level=1, name="Appearance")).to_be_visible()
    search.fill("nothing like that")
    expect(a.settings.get_by_text("No setting by that name.")).to_be_visible()
    search.press("Escape")
    expect(search).to_have_value("")
    expect(a.settings).to_be_visible()


def test_a_member_sees_and_reaches_no_administration(
    browser_of: BrowserOf, plans: Conversation, alice: Member, gus: Member, charlie: Member
) -> None:
    g, c = browser_of(gus), browser_of(charlie)
    g.expect_refusals()
    g.visit("/o/acme/settings/audit")
    expect(g.settings.get_by_role("heading", level=1, name="You may not do that")).to_be_visible()
    expect(g.settings.get_by_role("link", name="Audit log")).to_have_count(0)
    c.expect_refusals()
    c.visit("/o/acme/settings/members")
    c.assert_not_found()


def test_on_a_phone_the_index_comes_before_the_section(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice, phone=True)
    a.visit("/o/acme/settings")
    a.assert_fits()
    a.settings.get_by_role("link", name="Password").click()
    expect(a.settings.get_by_role("heading", level=1, name="Change your password")).to_be_visible()
    expect(a.settings.get_by_role("navigation")).to_be_hidden()
    a.assert_fits()
    a.settings.get_by_role("link", name="All settings").click()
    expect(a.settings.get_by_role("navigation")).to_be_visible()
    a.settings.get_by_role("button", name="Close the settings").locator("visible=true").click()
    expect(a.settings).to_be_hidden()


def test_tabs_that_ended_do_not_fill_the_devices(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.assert_live()
    with organization_scope(alice.organization_id):
        own = Client.objects.get(member=alice)
        for _ in range(19):
            register_client(alice, platform="web", label="Chrome", credential=own.credential, user_agent=own.user_agent)
        register_client(alice, platform="ios", label="Pocket", credential="token:pocket")
    devices = a.open_settings("Devices").locator("#settings-content").get_by_role("listitem")
    expect(devices).to_have_text([re.compile("This browser"), re.compile("Pocket")])
    expect(devices.first).to_contain_text("Connected now")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_them(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, *, phone: bool, dark: bool
) -> None:
    a = browser_of(alice, phone=phone, dark=dark)
    for section in SECTIONS:
        a.visit(f"/o/acme/settings/{section}")
        expect(a.settings.get_by_role("heading", level=1)).to_be_visible()
        expect(a.page.locator("#settings-content")).not_to_have_attribute("aria-busy", "true")
        a.assert_fits()
        a.assert_accessible()

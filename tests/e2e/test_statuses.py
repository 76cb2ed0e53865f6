"""The status of a member: set in a dialog, shown beside their name to everybody, until it is cleared or ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, expect

from accounts.models import Member
from chat.actions.statuses import set_status
from chat.models import Conversation
from tests.cast import scope_of
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
LOOKS = [
    pytest.param(phone, dark, id=f"{'phone' if phone else 'desk'}, {'dark' if dark else 'light'}")
    for phone in (False, True)
    for dark in (False, True)
]


@pytest.fixture
def town(transactional_db: None, alice: Member, bob: Member) -> Conversation:
    return make_channel("town", alice, bob)


def status(place: Locator, text: str) -> Locator:
    """The emoji beside a name, whose accessible name is the text of the status."""
    return place.get_by_role("img", name=f"Status: {text}", exact=True).locator("visible=true")


def own_row(person: Person) -> Locator:
    return person.page.get_by_role("button", name=f"{person.member.name} @")


def test_a_suggested_status_is_seen_by_others_at_once_wherever_the_name_stands(
    browser_of: BrowserOf, town: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.start_direct_message("Bob")
    a.assert_in("Bob")
    a.send_message("Lunch?")
    a.assert_sent("Lunch?")
    b.open("town")
    b.send_message("Back at two")
    a.open("town")
    a.assert_sees("Back at two")
    dialog = b.open_own("Set a status")
    dialog.get_by_role("button", name="Lunch").click()
    expect(dialog.get_by_label("Status", exact=True)).to_have_value("Lunch")
    expect(dialog.get_by_label("Clear after")).to_have_value("30")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(status(own_row(b), "Lunch")).to_have_text("🥪")

    expect(status(a.message("Back at two"), "Lunch")).to_have_text("🥪")
    direct = a.page.get_by_role("navigation", name="Conversations").get_by_role("link", name="Bob")
    expect(status(direct, "Lunch")).to_have_text("🥪")
    a.message("Back at two").get_by_role("button", name="Bob").click()
    profile = a.page.get_by_role("dialog", name="Bob")
    expect(profile.get_by_text("Lunch")).to_be_visible()
    expect(profile.get_by_text("until")).to_be_visible()
    a.press("Escape")
    a.see("People")
    expect(status(a.page.get_by_role("listitem").filter(has_text="@bob"), "Lunch")).to_be_visible()
    direct.click()
    expect(status(a.page.get_by_role("heading", level=1, name="Bob"), "Lunch")).to_be_visible()


def test_an_own_emoji_text_and_end_are_kept_and_can_be_changed_and_cleared(
    browser_of: BrowserOf, town: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    b.open("town")
    b.send_message("Ask me later")
    a.open("town")
    a.assert_sees("Ask me later")
    dialog = b.open_own("Set a status")
    dialog.get_by_role("button", name="Choose an emoji").click()
    picker = b.page.get_by_role("dialog", name="Choose an emoji")
    picker.get_by_role("searchbox").fill("rocket")
    expect(picker.locator('[data-emoji="🚀"]').first).to_be_visible()
    b.press("Enter")
    expect(picker).to_be_hidden()
    dialog.get_by_label("Status", exact=True).fill("Shipping")
    dialog.get_by_label("Clear after").select_option("1 hour")
    dialog.get_by_label("Status", exact=True).press("Enter")
    expect(dialog).to_be_hidden()
    expect(status(a.message("Ask me later"), "Shipping")).to_have_text("🚀")

    b.reload()
    own_row(b).click()
    b.page.get_by_role("menuitem", name="Shipping").click()
    expect(dialog.get_by_label("Status", exact=True)).to_have_value("Shipping")
    expect(dialog.get_by_role("button", name="Emoji: 🚀")).to_be_visible()
    dialog.get_by_label("Status", exact=True).fill("Shipped")
    dialog.get_by_role("button", name="Save").click()
    expect(status(a.message("Ask me later"), "Shipped")).to_have_text("🚀")

    own_row(b).click()
    b.page.get_by_role("menuitem", name="Shipped").click()
    dialog.get_by_role("button", name="Clear status").click()
    expect(status(own_row(b), "Shipped")).to_have_count(0)
    expect(a.message("Ask me later").get_by_role("img", name="Status")).to_have_count(0)


def test_a_refused_status_is_explained_in_the_dialog_and_stays_in_it(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    b = browser_of(bob)
    b.expect_refusals()
    dialog = b.open_own("Set a status")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("A text or an emoji.")).to_be_visible()
    dialog.get_by_label("Status", exact=True).fill("Typed offline")
    with b.offline():
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_role("alert")).to_have_text(
            "No answer from the server. Check your connection and try again."
        )
    expect(dialog.get_by_label("Status", exact=True)).to_have_value("Typed offline")
    dialog.get_by_role("button", name="Save").click()
    expect(status(own_row(b), "Typed offline")).to_have_text("💬")


def test_a_status_ends_by_itself_though_the_network_is_away(
    browser_of: BrowserOf, town: Conversation, alice: Member, bob: Member
) -> None:
    with scope_of(bob):
        set_status(bob, text="In a meeting", emoji="📅", until=timezone.now() + timedelta(hours=1))
    a = browser_of(alice, own=True)
    a.page.clock.install()
    a.start_direct_message("Bob")
    a.assert_in("Bob")
    a.reload()
    heading = a.page.get_by_role("heading", level=1, name="Bob")
    expect(status(heading, "In a meeting")).to_be_visible()
    a.assert_live()
    with a.offline():  # else the next answer would correct the page's idea of the time
        a.page.clock.fast_forward("02:00:00")
        expect(heading.get_by_role("img", name="Status")).to_have_count(0)
        expect(heading).to_be_visible()


def test_an_outsider_sees_no_status(browser_of: BrowserOf, town: Conversation, bob: Member, charlie: Member) -> None:
    make_channel("elsewhere", charlie)
    c = browser_of(charlie)
    c.open("elsewhere")
    c.assert_live()
    with scope_of(bob):
        set_status(bob, text="In a meeting", emoji="📅")
    c.see("People")
    expect(c.page.get_by_role("listitem").filter(has_text="@charlie")).to_be_visible()
    expect(c.page.get_by_text("In a meeting")).to_have_count(0)
    expect(c.page.get_by_role("img", name="Status")).to_have_count(0)


@pytest.mark.parametrize(("phone", "dark"), LOOKS)
def test_the_dialog_is_accessible(
    browser_of: BrowserOf, town: Conversation, bob: Member, *, phone: bool, dark: bool
) -> None:
    b = browser_of(bob, phone=phone, dark=dark)
    dialog = b.open_own("Set a status")
    dialog.get_by_role("button", name="Out sick").click()
    b.assert_accessible()
    b.assert_fits()
    dialog.get_by_role("button", name="Emoji: 🤒").click()
    expect(b.page.get_by_role("dialog", name="Choose an emoji").locator(".emoji").first).to_be_visible()
    b.assert_accessible()

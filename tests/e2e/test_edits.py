"""An edit that was begun is text that somebody wrote: it is kept until it is saved or cancelled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from chat.models import Conversation
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    return [make_channel(name, alice, bob) for name in ("apples", "berries")]


def begin(person: Person, text: str) -> None:
    """Arrow up, and another text, without saving it."""
    person.composer.press("ArrowUp")
    person.page.get_by_role("textbox", name="Edit the message").fill(text)


def test_a_begun_edit_survives_a_look_elsewhere_a_thread_and_a_reload(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    a.send_message("First words")
    a.assert_sent("First words")
    begin(a, "Ten minutes of better words")
    a.open("berries")
    expect(a.page.get_by_role("link", name="apples draft")).to_be_visible()
    a.open("apples")
    expect(a.message("First words").get_by_text("Edit begun")).to_be_visible()
    a.reload()
    a.message("First words").get_by_role("button", name="Continue editing").click()
    editor = a.page.get_by_role("textbox", name="Edit the message")
    expect(editor).to_have_value("Ten minutes of better words")
    editor.press("Enter")
    a.assert_sees("Ten minutes of better words")
    expect(a.page.get_by_text("Edit begun").locator("visible=true")).to_have_count(0)
    b.open("apples")
    b.assert_sees("Ten minutes of better words")
    a.open("berries")
    expect(a.page.get_by_role("link", name="apples draft")).to_have_count(0)


def test_a_cancelled_edit_is_gone(browser_of: BrowserOf, channels: list[Conversation], alice: Member) -> None:
    a = browser_of(alice)
    a.open("apples")
    a.send_message("As it was")
    a.assert_sent("As it was")
    begin(a, "Not so")
    a.press("Escape")
    a.reload()
    a.assert_sees("As it was")
    expect(a.page.get_by_text("Edit begun").locator("visible=true")).to_have_count(0)


def test_an_edit_made_elsewhere_meanwhile_is_shown_and_not_overwritten_unseen(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a, phone = browser_of(alice), browser_of(alice)
    a.expect_refusals()
    a.open("apples")
    a.send_message("One")
    a.assert_sent("One")
    begin(a, "Mine")
    a.open("berries")
    phone.open("apples")
    phone.edit_last_message("From the phone")
    phone.assert_sent("From the phone")
    a.open("apples")
    a.message("From the phone").get_by_role("button", name="Continue editing").click()
    warning = a.page.get_by_text("It was changed meanwhile and now says: “From the phone”.")
    expect(warning).to_be_visible()
    editor = a.page.get_by_role("textbox", name="Edit the message")
    editor.press("Enter")
    expect(warning).to_be_visible()
    phone.assert_sees("From the phone")
    editor.press("Enter")
    a.assert_sent("Mine")
    begin(a, "Never to be said")
    phone.delete("Mine")
    expect(a.page.get_by_text("The message is gone. What you wrote can only be copied.")).to_be_visible()
    expect(editor).to_have_value("Never to be said")

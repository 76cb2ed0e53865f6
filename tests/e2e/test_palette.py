"""Going anywhere and doing anything by typing a part of its name, and the keys there are."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from chat.models import Conversation
from tests.cast import make_member
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    return [make_channel(name, alice, bob) for name in ("design-review", "general", "random")]


def test_a_few_letters_lead_to_a_conversation(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice)
    a.open("general")
    a.jump_to("dsgrv")
    a.assert_in("design-review")
    a.press("Control+k")
    expect(a.page.get_by_role("option").first).to_contain_text("general")  # where one was before
    a.press("ArrowDown", "Enter")
    a.assert_in("random")


def test_the_palette_gives_the_focus_back(browser_of: BrowserOf, channels: list[Conversation], alice: Member) -> None:
    a = browser_of(alice)
    a.open("general")
    composer = a.page.get_by_role("textbox", name="Message #general")
    composer.focus()
    a.press("Control+k")
    field = a.page.get_by_role("combobox", name="Jump to")
    expect(field).to_be_focused()
    field.fill("zzzzz no such thing")
    expect(a.page.get_by_role("option")).to_have_text(re.compile("Search messages for “zzzzz no such thing”"))
    a.press("Escape")
    expect(field).to_be_hidden()
    expect(composer).to_be_focused()


def test_whom_the_page_does_not_know_is_found_by_the_server(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, charlie: Member
) -> None:
    make_member(alice.organization, "Zora Neale")
    a, c = browser_of(alice), browser_of(charlie)
    for person, found in ((a, 1), (c, 0)):
        person.press("Control+k")
        person.page.get_by_role("combobox", name="Jump to").fill("zora")
        expect(person.page.get_by_role("option", name="Search messages")).to_be_visible()
        expect(person.page.get_by_role("option", name="Zora Neale")).to_have_count(found)
    a.press("Enter")
    expect(a.page.get_by_role("dialog", name="Zora Neale")).to_be_visible()


def test_commands_are_found_by_their_names(browser_of: BrowserOf, channels: list[Conversation], alice: Member) -> None:
    a = browser_of(alice)
    a.open("general")
    a.jump_to("> create")
    expect(a.page.get_by_role("dialog", name="Create a channel")).to_be_visible()
    a.press("Escape")
    a.jump_to("> dark")
    expect(a.page.locator("html")).to_have_attribute("data-theme", "dark")
    a.jump_to("quarterly plans")
    expect(a.page.get_by_text("Nothing found")).to_be_visible()


def test_every_key_is_explained(browser_of: BrowserOf, channels: list[Conversation], alice: Member) -> None:
    a = browser_of(alice)
    a.open("general")
    a.page.get_by_role("heading", name="general").click()
    a.press("Escape")
    a.write("what is this")
    a.press("?")
    assert a.draft == "what is this?"
    a.page.locator("#history").focus()
    a.press("?")
    dialog = a.page.get_by_role("dialog", name="Keyboard shortcuts")
    for label in ("Next unread conversation", "Mark everything read", "Preferences"):
        expect(dialog.get_by_text(label, exact=True)).to_be_visible()
    a.press("Escape")
    a.press("Control+,")
    expect(a.page.get_by_role("dialog", name="Preferences")).to_be_visible()


def test_what_is_found_later_does_not_change_what_enter_chooses(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, charlie: Member
) -> None:
    for name in ("quartz", "aquarium"):
        make_channel(name, alice)
    make_member(alice.organization, "Quay Quist")
    a = browser_of(alice)
    a.open("general")
    a.press("Control+k")
    found = a.page.get_by_role("option")
    with a.late(r"/members\?q=qua"):
        a.page.get_by_role("combobox", name="Jump to").fill("qua")
        expect(found).to_have_text([re.compile(one) for one in ("quartz", "aquarium", "Search messages for “qua”")])
        a.press("ArrowDown")
    expect(found).to_have_text([re.compile(one) for one in ("quartz", "aquarium", "Search messages", "Quay Quist")])
    expect(a.page.get_by_role("option", selected=True)).to_contain_text("aquarium")
    a.page.get_by_role("combobox", name="Jump to").fill("quay")
    expect(found.first).to_contain_text("Quay Quist")


def test_who_is_pressed_is_chosen_though_others_are_found_meanwhile(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member, charlie: Member
) -> None:
    make_member(alice.organization, "Abo Quist")
    a, b = browser_of(alice), browser_of(bob)
    b.open("general")
    b.send_message("I am here")
    a.open("general")
    expect(a.message("I am here")).to_be_visible()  # and so the page knows him
    a.page.get_by_role("button", name="Start a direct message").first.click()
    dialog = a.page.get_by_role("dialog", name="New message")
    option = dialog.get_by_role("option")
    with a.late(r"/members\?q=bo"):
        dialog.get_by_role("combobox", name="To").fill("bo")
        expect(option).to_have_text([re.compile("Bob")])
        option.hover()
        a.page.mouse.down()
    expect(option).to_have_text([re.compile("Bob"), re.compile("Abo Quist")])
    a.page.mouse.up()
    expect(dialog.get_by_role("button", name="Remove Bob")).to_be_visible()
    expect(dialog.get_by_role("combobox", name="To")).to_be_focused()

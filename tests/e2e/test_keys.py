"""One press of a key acts once, and only where it means something; files are caught wherever they are dropped."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from accounts.models import Member
from chat.models import Conversation
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
SENTENCE = "Files cannot be sent yet."

# As a browser does it when a file comes from elsewhere: whether the page took it, so that it is not opened instead.
DROP = """
(element, given) => {
  const data = new DataTransfer();
  if (given.file) data.items.add(new File(["%PDF"], given.file, { type: "application/pdf" }));
  for (const [type, text] of Object.entries(given.texts ?? {})) data.setData(type, text);
  const options = { dataTransfer: data, bubbles: true, cancelable: true };
  const send = (type) => !element.dispatchEvent(new DragEvent(type, options));
  return [send("dragover"), send("drop")];
}
"""
PASTE = """
(element, given) => {
  const data = new DataTransfer();
  if (given.file) data.items.add(new File(["PNG"], given.file, { type: "image/png" }));
  for (const [type, text] of Object.entries(given.texts ?? {})) data.setData(type, text);
  return !element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}
"""


@pytest.fixture
def town(transactional_db: None, alice: Member, bob: Member) -> Conversation:
    make_channel("village", alice, bob)
    return make_channel("town", alice, bob)


def editor(person: Person) -> Locator:
    return person.page.get_by_role("textbox", name="Edit the message")


def test_arrows_with_modifiers_walk_through_the_conversations_and_edit_nothing(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    person = browser_of(bob)
    person.open("town")
    for name in ("town", "village"):
        person.open(name)
        person.send_message(f"mine in {name}")
        person.assert_sent(f"mine in {name}")
    person.composer.focus()
    person.press("Alt+ArrowUp")
    person.assert_in("town")
    person.composer.focus()
    person.press("Alt+ArrowDown")
    person.assert_in("village")
    person.composer.focus()
    person.press("Alt+Shift+ArrowUp", "Shift+ArrowUp", "Control+ArrowUp")
    person.assert_in("village")
    expect(editor(person)).to_have_count(0)
    person.composer.focus()
    person.press("ArrowUp")
    expect(editor(person)).to_be_focused()
    person.press("Escape")
    expect(editor(person)).to_have_count(0)


def test_enter_chooses_an_emoji_once(browser_of: BrowserOf, town: Conversation, bob: Member) -> None:
    person = browser_of(bob)
    person.open("town")
    person.send_message("look")
    person.assert_sent("look")
    picker = person.page.locator("#emoji-picker")
    person.message("look").hover()
    person.message("look").get_by_role("toolbar").get_by_role("button", name="React").click()
    picker.get_by_role("searchbox").fill("rocket")
    expect(picker.locator('[data-emoji="🚀"]').first).to_be_visible()
    picker.get_by_role("searchbox").press("Enter")
    expect(person.message("look").locator(".reaction[data-emoji]")).to_have_text(re.compile("🚀"))
    expect(picker).to_be_hidden()

    person.page.locator("#composer-dock").get_by_role("button", name="Emoji").click()
    picker.get_by_role("searchbox").fill("fire")
    expect(picker.locator('[data-emoji="🔥"]').first).to_be_visible()
    person.page.keyboard.down("Enter")
    person.page.keyboard.down("Enter")  # held: the browser says so again
    person.page.keyboard.up("Enter")
    expect(picker).to_be_hidden()
    assert person.draft == "🔥"
    person.assert_sees("🔥", times=0)


def test_a_key_that_opens_a_field_is_not_typed_into_it(browser_of: BrowserOf, town: Conversation, bob: Member) -> None:
    person = browser_of(bob)
    person.open("town")
    person.send_message("mine")
    person.assert_sent("mine")
    person.message("mine").focus()
    person.page.keyboard.down("e")
    expect(editor(person)).to_be_focused()
    person.page.keyboard.down("e")
    person.page.keyboard.up("e")
    assert editor(person).input_value() == "mine"
    person.press("Escape")
    expect(person.message("mine")).to_be_focused()
    person.page.keyboard.down("/")
    person.page.keyboard.down("/")
    person.page.keyboard.up("/")
    expect(person.page.locator("[name=q]:focus")).to_have_value("")


def test_a_dropped_file_is_answered_wherever_it_falls(browser_of: BrowserOf, town: Conversation, bob: Member) -> None:
    person = browser_of(bob)
    person.open("town")
    person.send_message("here")
    person.assert_sent("here")
    page, answer = person.page, person.page.locator("#files-answer")
    for place in ("#messages", "#sidebar", ".conversation-header", "#composer-dock textarea", "body"):
        assert page.locator(place).first.evaluate(DROP, {"file": "plan.pdf"}) == [True, True], place
        expect(answer).to_have_text(SENTENCE)
        answer.evaluate("place => { place.hidePopover(); place.textContent = '' }")
    preferences = person.open_own("Preferences")
    assert preferences.evaluate(DROP, {"file": "plan.pdf"}) == [True, True]
    expect(answer).to_have_text(SENTENCE)
    expect(answer).to_be_visible()
    person.assert_accessible()
    for path in ("/o/acme/profile", "/accounts/sessions/", "/accounts/email/", "/accounts/2fa/"):
        assert person.visit(path) == 200, path
        assert page.locator("main").evaluate(DROP, {"file": "plan.pdf"}) == [True, True], path
        expect(answer).to_have_text(SENTENCE)


def test_text_is_dropped_where_one_writes_and_nowhere_else(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    person = browser_of(bob)
    person.open("town")
    page = person.page
    address = {"texts": {"text/uri-list": "https://example.test/", "text/plain": "https://example.test/"}}
    assert page.locator("#sidebar").evaluate(DROP, address) == [True, True]  # else it would take the place of the page
    assert person.composer.evaluate(DROP, address) == [False, False]  # the browser puts it in
    person.composer.focus()
    assert person.composer.evaluate(DROP, {**address, "file": "picture.png"}) == [True, True]
    expect(person.composer).to_have_value("https://example.test/")
    expect(page.locator("#files-answer")).to_have_text(SENTENCE)


def test_a_pasted_picture_is_answered_and_the_text_with_it_arrives(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    person = browser_of(bob)
    person.open("town")
    answer = person.page.locator("#files-answer")
    person.composer.focus()
    assert person.composer.evaluate(PASTE, {"file": "shot.png"}) is False
    expect(answer).to_have_text(SENTENCE)
    assert person.draft == ""
    answer.evaluate("place => { place.hidePopover(); place.textContent = '' }")
    person.page.locator("#messages").evaluate(PASTE, {"file": "shot.png"})
    expect(answer).to_have_text(SENTENCE)
    mixed = {"file": "shot.png", "texts": {"text/uri-list": "https://example.test/shot.png"}}
    assert person.composer.evaluate(PASTE, mixed) is True
    expect(person.composer).to_have_value("https://example.test/shot.png")
    both = {"file": "cells.png", "texts": {"text/plain": "1\\t2"}}
    assert person.composer.evaluate(PASTE, both) is False  # the browser pastes the text
    assert person.composer.evaluate(PASTE, {"texts": {"text/plain": "words"}}) is False


PRESS = """
([key, code]) => document.activeElement.dispatchEvent(
  new KeyboardEvent("keydown", { key, code, ctrlKey: true, bubbles: true, cancelable: true })
)
"""


def test_shortcuts_work_on_keyboards_without_latin_letters(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    person = browser_of(bob)
    person.open("town")
    person.write("words")
    person.composer.select_text()
    person.page.evaluate(PRESS, ["и", "KeyB"])  # Cyrillic
    expect(person.composer).to_have_value("**words**")
    palette = person.page.locator("#palette")
    for key in ("л", "κ", "ל", "ن"):  # Cyrillic, Greek, Hebrew, Arabic
        person.page.evaluate(PRESS, [key, "KeyK"])
        expect(palette).to_be_visible()
        person.press("Escape")
        expect(palette).to_be_hidden()

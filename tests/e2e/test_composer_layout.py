"""The composer is one row that grows, with a menu behind "+" and formatting when it is wanted, at every width."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from accounts.models import Member
from chat.models import Conversation
from tests.e2e.cast import make_channel
from tests.e2e.person import Person
from tests.e2e.waiting import wait_until

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
LONG = "\n".join(f"line {number}" for number in range(80))
SENT_BEFORE_THE_HINT_GOES = 10
TARGET = 44  # pixels that a finger needs
EDGES = 4  # pixels: the border and the padding around buttons for fingers
DRAG = """
([selector, type]) => {
  const data = new DataTransfer();
  data.items.add(new File(["%PDF"], "plan.pdf", { type: "application/pdf" }));
  const options = { dataTransfer: data, bubbles: true, cancelable: true };
  document.querySelector(selector).dispatchEvent(new DragEvent(type, options));
  return document.querySelector(".drop-zone").checkVisibility(); // at once, because the frame goes by itself
}
"""
WATCH_NOTICES = """
() => {
  const look = () => {
    const notice = document.querySelector(".toast");
    if (notice) window.noticed = notice.getBoundingClientRect().toJSON();
  };
  new MutationObserver(look).observe(document.querySelector("#toasts"), { childList: true });
}
"""


@pytest.fixture
def plans(transactional_db: None, alice: Member, bob: Member) -> Conversation:
    return make_channel("plans", alice, bob)


def dock(person: Person) -> Locator:
    return person.page.locator("#composer-dock")


def tools(area: Locator) -> Locator:
    return area.get_by_role("toolbar", name="Formatting")


def box_of(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box is not None
    return box


def choose(person: Person, entry: str) -> None:
    """An entry of the menu behind "+" of the composer."""
    dock(person).get_by_role("button", name="Add").click()
    menu = person.page.get_by_role("menu", name="Add")
    menu.locator("[role^=menuitem]").filter(has_text=entry).click()
    expect(menu).to_be_hidden()


@pytest.mark.parametrize("phone", [False, True])
def test_it_is_one_row_at_rest_and_grows_with_the_text(
    browser_of: BrowserOf, plans: Conversation, alice: Member, *, phone: bool
) -> None:
    a = browser_of(alice, phone=phone)
    a.open("plans")
    frame = dock(a).locator(".composer")
    rest = box_of(frame)["height"]
    assert TARGET <= rest <= TARGET + EDGES
    a.write(LONG)
    window = a.page.viewport_size
    assert window is not None
    tall = box_of(a.composer)["height"]
    assert abs(tall - window["height"] * 0.4) <= 1
    a.assert_fits()
    send = box_of(dock(a).get_by_role("button", name="Send"))
    assert send["y"] + send["height"] <= window["height"]
    a.write("")
    assert box_of(frame)["height"] == rest


def test_formatting_appears_with_a_selection_and_goes_with_it(
    browser_of: BrowserOf, plans: Conversation, alice: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.composer.focus()
    a.type("shipped today")
    expect(tools(dock(a))).to_be_hidden()
    a.press("Shift+Control+ArrowLeft")
    tools(dock(a)).get_by_role("button", name="Bold").click()
    expect(a.composer).to_have_value("shipped **today**")
    a.press("Tab", "ArrowRight")
    expect(tools(dock(a)).get_by_role("button", name="Italic")).to_be_focused()
    a.press("Enter")
    expect(a.composer).to_have_value("shipped ***today***")
    expect(a.composer).to_be_focused()
    a.press("Tab", "Escape")
    expect(a.composer).to_be_focused()
    a.press("End")
    expect(tools(dock(a))).to_be_hidden()


def test_formatting_that_is_wanted_at_all_times_is_remembered_everywhere(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("A question")
    a.assert_sent("A question")
    toggle = dock(a).get_by_role("button", name="Formatting")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(tools(dock(a))).to_be_visible()
    a.reload()
    expect(tools(dock(a))).to_be_visible()
    a.reply_in_thread("A question", "An answer")
    expect(tools(a.thread)).to_be_visible()
    a.composer.press("ArrowUp")
    editor = a.page.locator("#messages .editor")
    expect(tools(editor)).to_be_visible()
    a.assert_accessible()
    toggle.click()
    for area in (dock(a), a.thread, editor):
        expect(tools(area)).to_be_hidden()


def test_the_menu_is_used_with_keys_alone(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.composer.focus()
    a.press("Shift+Tab")
    plus = dock(a).get_by_role("button", name="Add")
    expect(plus).to_be_focused()
    a.press("Enter")
    menu = a.page.get_by_role("menu", name="Add")
    expect(menu.get_by_role("menuitem", name="Code block")).to_be_focused()
    a.assert_accessible()
    a.press("Escape")
    expect(menu).to_be_hidden()
    expect(plus).to_be_focused()
    a.press("Enter")
    expect(menu.get_by_role("menuitem", name="Code block")).to_be_focused()
    a.press("Enter")
    expect(a.composer).to_have_value("```\n\n```")
    expect(a.composer).to_be_focused()
    a.type("make up")
    expect(a.composer).to_have_value("```\nmake up\n```")
    a.write("")
    choose(a, "Mention somebody")
    a.page.locator("#conversation").get_by_role("option", name="Bob").click()
    expect(a.composer).to_have_value("@bob ")
    choose(a, "Emoji")
    picker = a.page.get_by_role("dialog", name="Choose an emoji")
    picker.get_by_role("searchbox").fill("rocket")
    expect(picker.locator('[data-emoji="🚀"]').first).to_be_visible()
    a.press("Enter")
    expect(a.composer).to_have_value("@bob 🚀")


@pytest.mark.parametrize("dark", [False, True])
def test_everything_is_reachable_on_a_phone(
    browser_of: BrowserOf, plans: Conversation, alice: Member, *, dark: bool
) -> None:
    a = browser_of(alice, phone=True, dark=dark)
    a.open("plans")
    a.write("**Now**")
    choose(a, "Formatting")
    expect(tools(dock(a)).get_by_role("button", name="Code block")).to_be_visible()
    a.assert_fits()
    buttons = dock(a).locator("button:visible")
    assert min(buttons.evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")) >= TARGET
    a.assert_accessible()
    choose(a, "Formatting")
    expect(tools(dock(a))).to_be_hidden()
    choose(a, "Preview")
    preview = a.page.get_by_role("region", name="Preview")
    expect(preview.locator("strong")).to_have_text("Now")
    choose(a, "Preview")
    expect(preview).to_be_hidden()
    expect(a.composer).to_have_value("**Now**")


def test_the_preview_is_opened_and_left_by_its_key(browser_of: BrowserOf, plans: Conversation, alice: Member) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.write("**Now**")
    a.press("Control+Alt+p")
    preview = a.page.get_by_role("region", name="Preview")
    expect(preview).to_be_focused()
    a.press("Control+Alt+p")
    expect(a.composer).to_be_focused()
    a.press("Control+Alt+p")
    expect(preview).to_be_focused()
    a.press("Escape")
    expect(a.composer).to_be_focused()
    expect(a.composer).to_have_value("**Now**")


def test_the_editor_of_a_message_has_the_same_aids(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("Hi")
    a.assert_sent("Hi")
    a.composer.press("ArrowUp")
    editor = a.page.get_by_role("textbox", name="Edit the message")
    expect(editor).to_be_focused()
    a.type(" :wav")
    suggestions = a.page.locator("#messages").get_by_role("option")
    expect(suggestions.filter(has_text=":wave:")).to_be_visible()
    a.type("e:")
    expect(editor).to_have_value("Hi 👋")
    a.press("Control+a", "Control+b")
    expect(editor).to_have_value("**Hi 👋**")
    a.page.locator("#messages .editor").get_by_role("button", name="Preview").click()
    preview = a.page.locator("#messages").get_by_role("region", name="Preview")
    expect(preview.locator("strong")).to_have_text("Hi 👋")
    a.press("Escape")
    expect(editor).to_be_focused()
    a.press("Enter")
    expect(a.message("Hi 👋").locator("strong")).to_have_text("Hi 👋")


def test_the_hint_goes_after_the_first_messages(browser_of: BrowserOf, plans: Conversation, alice: Member) -> None:
    a = browser_of(alice)
    a.open("plans")
    hint = dock(a).get_by_text("starts a line")
    for number in range(SENT_BEFORE_THE_HINT_GOES):
        expect(hint).to_be_visible()
        a.send_message(f"message {number}.")
    expect(hint).to_be_hidden()
    a.assert_sent(f"message {SENT_BEFORE_THE_HINT_GOES - 1}.")
    a.reload()
    a.composer.focus()
    expect(hint).to_be_hidden()


def test_escape_leaves_an_empty_composer_for_the_messages(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    for text in ("first", "second"):
        a.send_message(text)
        a.assert_sent(text)
    a.message("second").hover()
    expect(a.message("second").get_by_role("toolbar")).to_be_visible()  # the keys on messages work by now
    a.write("unfinished")
    a.press("Escape")
    expect(a.composer).to_be_focused()
    a.write("")
    a.press("Escape")
    expect(a.message("second")).to_be_focused()
    a.press("k")
    expect(a.message("first")).to_be_focused()
    a.press("j", "r")
    expect(a.page.get_by_role("dialog", name="Choose an emoji")).to_be_visible()
    a.press("Escape")
    a.message("second").focus()
    a.press("Escape")
    expect(a.composer).to_be_focused()
    assert a.draft == ""
    a.press("Escape", "?")
    expect(a.page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Go to the messages")


@pytest.mark.parametrize("phone", [False, True])
def test_a_short_notice_never_lies_over_a_composer(
    browser_of: BrowserOf, plans: Conversation, alice: Member, *, phone: bool
) -> None:
    a = browser_of(alice, phone=phone)
    a.open("plans")
    a.write(LONG)
    frame = box_of(dock(a).locator(".composer"))
    a.page.evaluate(WATCH_NOTICES)  # a notice goes by itself
    a.composer.press("Shift+Escape")
    wait_until(a.page, "() => Boolean(window.noticed)")
    notice = a.page.evaluate("window.noticed")
    assert notice["top"] > 0
    assert notice["bottom"] <= frame["y"]


def test_a_file_that_is_dragged_over_the_page_frames_the_conversation(
    browser_of: BrowserOf, plans: Conversation, alice: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    for end in ("drop", "dragleave"):
        assert a.page.evaluate(DRAG, ["#sidebar", "dragover"]) is True
        assert a.page.evaluate(DRAG, ["#messages", end]) is False
    expect(a.page.locator("#files-answer")).to_have_text(re.compile("Files cannot be sent yet"))

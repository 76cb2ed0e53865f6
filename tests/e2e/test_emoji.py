"""Every emoji can be chosen, by the picker or by a name between colons; what is no name stays as it was typed."""

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
def town(transactional_db: None, alice: Member, bob: Member) -> Conversation:
    return make_channel("town", alice, bob)


def test_names_and_smileys_become_emoji_when_a_message_is_sent(
    browser_of: BrowserOf, town: Conversation, alice: Member, bob: Member
) -> None:
    writer, reader = browser_of(bob, own=True), browser_of(alice)
    for person in (writer, reader):
        person.open("town")
    sent = {
        "Hi :wave:": "Hi 👋",
        ":+1: :)": "👍 🙂",
        "at 10:30:45 sharp": "at 10:30:45 sharp",
        "see https://example.test/:wave: there": "see https://example.test/:wave: there",
        "`:wave:` is :tada:": ":wave: is 🎉",
        ":nosuchname: stays": ":nosuchname: stays",
    }
    for text in sent:
        writer.send_message(text)
    for shown in sent.values():
        for person in (writer, reader):
            expect(person.page.locator("#messages .prose", has_text=shown).first).to_be_visible()
    bodies = writer.page.locator("#messages .prose")
    expect(bodies.last).to_have_text(":nosuchname: stays")
    assert [text.strip() for text in bodies.all_inner_texts()][-len(sent) :] == list(sent.values())


def test_the_closing_colon_completes_and_backspace_takes_it_back(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    person = browser_of(bob)
    person.open("town")
    person.composer.focus()
    person.type("Hi :wav")
    expect(person.page.get_by_role("option", name="waving hand :wave:")).to_be_visible()  # the list is here by now
    person.type("e:")
    expect(person.composer).to_have_value("Hi 👋")
    person.press("Backspace")
    expect(person.composer).to_have_value("Hi :wave:")
    person.type(" all :) ")
    expect(person.composer).to_have_value("Hi :wave: all 🙂 ")
    person.press("Enter")
    person.assert_sent("Hi :wave: all 🙂")  # what was taken back stays


def test_who_wants_no_smileys_keeps_their_signs(browser_of: BrowserOf, town: Conversation, bob: Member) -> None:
    person = browser_of(bob)
    person.open("town")
    preferences = person.open_own("Preferences")
    with person.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        preferences.get_by_label(":) stays as it is").check()
    person.reload()
    person.assert_in("town")
    expect(person.open_own("Preferences").get_by_label(":) stays as it is")).to_be_checked()
    person.press("Escape")
    person.send_message("fine :) and :tada:")
    person.assert_sent("fine :) and 🎉")


def test_a_name_is_sent_as_it_was_typed_where_the_list_cannot_be_fetched(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    person = browser_of(bob, own=True)
    person.open("town")
    with person.without_script("emoji/list"):
        person.send_message("Hi :wave:")
        person.assert_sent("Hi :wave:")
    person.send_message("Hi again :wave:")
    person.assert_sent("Hi again 👋")


def test_the_picker_has_groups_tones_and_what_was_used_last(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    person = browser_of(bob, own=True)
    person.open("town")
    person.send_message("look")
    person.assert_sent("look")
    picker = person.page.locator("#emoji-picker")
    smiley = person.page.locator("#composer-dock").get_by_role("button", name="Emoji")
    smiley.click()
    expect(picker.get_by_role("region", name="Animals and nature")).to_be_attached()
    person.assert_accessible()
    for _ in range(3):
        picker.get_by_role("button", name="Change the skin tone").click()
    picker.get_by_role("searchbox").fill("waving hand")
    person.press("ArrowDown")
    expect(picker.get_by_role("button", name="waving hand").first).to_be_focused()
    person.press("Enter")
    expect(person.composer).to_have_value("👋🏽")
    person.press("Enter")
    person.assert_sent("👋🏽")
    smiley.click()
    used = picker.get_by_role("region", name="Used lately")
    expect(used.get_by_role("button")).to_have_count(1)
    expect(used.get_by_role("button")).to_have_attribute("data-emoji", "👋🏽")
    person.press("Escape")
    person.react("look", "🦕")
    expect(person.message("look").locator('.reaction[data-emoji="🦕"]')).to_be_visible()

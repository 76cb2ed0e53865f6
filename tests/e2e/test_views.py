"""The views above the list: inbox, threads, drafts and sent messages."""

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
Follow = Callable[[], None]


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    return [make_channel(name, alice, bob) for name in ("apples", "berries")]


def write(person: Person, conversation: str, text: str) -> None:
    person.open(conversation)
    person.send_message(text)
    person.assert_sent(text)


def items(person: Person) -> Locator:
    return person.page.get_by_role("main").locator(".thread-item, .mention-item").locator("visible=true")


def assert_counted(person: Person, view: str, count: int) -> None:
    name = re.compile(rf"^{view}\s+{count}\s") if count else re.compile(rf"^{view}\s*$")
    expect(person.page.get_by_role("link", name=name)).to_be_visible()


def test_replies_to_ones_own_message_are_in_the_inbox_and_read_there_one_by_one(
    browser_of: BrowserOf, follow: Follow, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    write(a, "apples", "Who picks them?")
    a.open("berries")
    b.open("apples")
    b.reply_in_thread("Who picks them?", "I do")
    write(b, "apples", "@alice bring a basket")
    follow()
    assert_counted(a, "Inbox", 2)
    a.see("Inbox")
    reply = items(a).filter(has_text="I do")
    reply.get_by_role("button", name="Mark read up to here").click()
    assert_counted(a, "Inbox", 1)
    a.assert_accessible()
    items(a).filter(has_text="basket").get_by_role("link", name="Bob").click()
    expect(a.message("bring a basket")).to_be_in_viewport()
    assert_counted(a, "Inbox", 0)


def test_the_inbox_keeps_its_old_address(browser_of: BrowserOf, channels: list[Conversation], alice: Member) -> None:
    a = browser_of(alice)
    a.visit("/o/acme/mentions")
    expect(a.page.get_by_role("heading", level=1, name="Inbox")).to_be_visible()
    expect(a.page.get_by_text("Your inbox is empty")).to_be_visible()


def test_threads_that_one_follows_are_listed_with_what_is_new(
    browser_of: BrowserOf,
    follow: Follow,
    channels: list[Conversation],
    alice: Member,
    bob: Member,
    charlie: Member,
) -> None:
    a, b, c = browser_of(alice), browser_of(bob), browser_of(charlie)
    write(a, "apples", "First question")
    write(a, "apples", "Second question")
    a.open("berries")
    b.open("apples")
    for question in ("First question", "Second question"):
        b.reply_in_thread(question, f"Answer to the {question.split()[0].lower()}")
    follow()
    assert_counted(a, "Threads", 2)
    a.see("Threads")
    expect(items(a)).to_have_count(2)
    expect(items(a).first).to_contain_text("Answer to the second")
    a.assert_accessible()
    items(a).first.get_by_role("button", name="Mark the thread read").click()
    assert_counted(a, "Threads", 1)
    items(a).last.get_by_role("link", name="#apples").click()
    expect(a.thread.get_by_text("Answer to the first")).to_be_visible()
    assert_counted(a, "Threads", 0)
    c.see("Threads")
    expect(c.page.get_by_text("You follow no thread yet")).to_be_visible()


def test_a_thread_is_followed_and_left_by_hand(
    browser_of: BrowserOf, follow: Follow, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    write(b, "apples", "Only for Bob")
    b.reply_in_thread("Only for Bob", "A first reply")
    a.open("apples")
    a.message("Only for Bob").get_by_role("button", name=re.compile("1 reply")).click()
    a.thread.get_by_role("button", name="Follow", exact=True).click()
    expect(a.thread.get_by_role("button", name="Following")).to_be_visible()
    a.thread.get_by_role("button", name="Close the thread").click()
    a.open("berries")
    b.reply_in_thread("Only for Bob", "A second reply")
    follow()
    assert_counted(a, "Threads", 1)
    a.see("Threads")
    items(a).get_by_role("button", name="Unfollow").click()
    expect(a.page.get_by_text("You follow no thread yet")).to_be_visible()
    a.reload()
    expect(a.page.get_by_text("You follow no thread yet")).to_be_visible()


def test_drafts_and_sent_messages_are_found_again(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice)
    write(a, "apples", "Sent before")
    a.open("berries")
    a.write("Not finished")
    a.open("apples")
    assert_counted(a, "Drafts & sent", 1)
    a.see("Drafts")
    drafts = (
        a.page.get_by_role("main").locator("section").filter(has=a.page.get_by_role("heading", name="Drafts", level=2))
    )
    expect(drafts.get_by_role("listitem")).to_have_count(1)
    expect(items(a).filter(has_text="Sent before")).to_be_visible()
    a.assert_accessible()
    items(a).filter(has_text="Not finished").get_by_role("link").click()
    a.assert_in("berries")
    assert a.draft == "Not finished"
    a.see("Drafts")
    items(a).filter(has_text="Not finished").get_by_role("button", name="Discard").click()
    a.page.get_by_role("dialog", name="Discard this draft?").get_by_role("button", name="Discard").click()
    expect(items(a)).to_have_count(1)
    assert_counted(a, "Drafts & sent", 0)


def test_one_field_searches_messages_by_its_key(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice)
    write(a, "apples", "The harvest is in")
    a.see("Inbox")
    a.page.locator("#inbox-body").focus()
    a.press("/")
    field = a.page.get_by_role("combobox", name="Search or jump to")
    field.fill("harvest")
    expect(a.page.get_by_role("option", selected=True)).to_contain_text("Search messages for “harvest”")
    field.press("Enter")
    expect(a.page.get_by_role("main").get_by_role("link", name=re.compile("harvest"))).to_be_visible()


def test_a_command_with_a_verb_acts_on_a_channel(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice)
    a.open("apples")
    a.jump_to("mute berr")
    expect(a.page.get_by_role("link", name=re.compile("^berries muted"))).to_be_visible()
    a.jump_to("> archive apples")
    a.page.get_by_role("dialog", name="Archive #apples?").get_by_role("button", name="Archive").click()
    expect(a.page.get_by_role("navigation").get_by_role("link", name="apples")).to_have_count(0)

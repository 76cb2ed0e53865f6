"""What counts as read: what was shown to the member, what they wrote, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Attention, Conversation, Message, Participant
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
Follow = Callable[[], None]


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    return [make_channel(name, alice, bob) for name in ("plans", "general")]


def fill(channel: Conversation, author: Member, count: int, *, read: int) -> None:
    """`count` messages, "Line 1." to "Line <count>.", of which everybody has read the first `read`."""
    start = datetime.now(UTC) - timedelta(minutes=count)
    organization = channel.organization_id
    with organization_scope(organization):
        Message.objects.bulk_create(
            Message(
                organization_id=organization,
                conversation=channel,
                seq=seq,
                author=author,
                text=f"Line {seq}.",
                html=f"<p>Line {seq}.</p>",
                created_at=start + timedelta(minutes=seq),
            )
            for seq in range(1, count + 1)
        )
        Conversation.objects.filter(pk=channel.pk).update(last_seq=count)
        Participant.objects.filter(conversation=channel).update(read_seq=read, read=[[0, read]])


def test_a_reply_reads_its_thread_and_not_the_channel_behind_it(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member, charlie: Member
) -> None:
    laptop, phone, b, c = browser_of(alice), browser_of(alice, phone=True), browser_of(bob), browser_of(charlie)
    phone.open("plans")
    phone.write("Who pays?")
    phone.page.get_by_role("button", name="Send").click()
    phone.assert_sent("Who pays?")
    phone.page.goto(f"{phone.page.url}?thread={message_id(channels[0])}")
    expect(phone.thread).to_be_visible()
    laptop.open("general")
    b.open("plans")
    b.send_message("Pay the invoice today")
    laptop.assert_unread("plans", 1)
    reply = phone.thread.get_by_role("textbox", name="Reply")
    reply.fill("I do")
    phone.thread.get_by_role("button", name="Send").click()
    expect(b.message("Who pays?").get_by_role("button", name=re.compile("^1 reply"))).to_be_visible()
    laptop.reload()
    laptop.assert_in("general")
    laptop.assert_unread("plans", 1)
    laptop.open("plans")
    laptop.assert_sees("Pay the invoice today")
    laptop.assert_read("plans")
    assert "invoice" not in c.page.content()


def message_id(channel: Conversation) -> str:
    with organization_scope(channel.organization_id):
        return str(Message.objects.get(conversation=channel, text="Who pays?").pk)


def test_what_was_written_offline_reads_what_was_shown_then(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    b.open("plans")
    b.send_message("Seen")
    a.open("general")
    a.open("plans")
    a.assert_sees("Seen")
    a.assert_live()
    with a.offline():
        a.send_message("Written offline")
        a.assert_waiting("Written offline")
        a.open("general")
        for number in range(5):
            b.send_message(f"Unseen {number}")
            b.assert_sent(f"Unseen {number}")
    b.assert_sees("Written offline")
    a.assert_unread("plans", 5)
    a.reload()
    a.assert_unread("plans", 5)
    a.open("plans")
    expect(a.page.locator(".new-divider + .message")).to_contain_text("Unseen 0")
    a.assert_read("plans")


def test_replies_to_ones_own_message_stay_unread_until_their_thread_is_looked_at(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, elsewhere, b = browser_of(alice), browser_of(alice), browser_of(bob)
    a.open("plans")
    a.send_message("Who brings cake?")
    a.assert_sent("Who brings cake?")
    a.open("general")
    elsewhere.open("general")
    b.open("plans")
    b.send_message("Something else")
    b.reply_in_thread("Who brings cake?", "I do")
    reply(b, "Or you")
    a.assert_unread("plans", 3)
    a.open("plans")
    a.assert_sees("Something else")
    expect(a.message("Who brings cake?").get_by_role("button", name=re.compile("^2 replies 2 new"))).to_be_visible()
    a.assert_unread("plans", 2)
    a.open("general")
    a.reload()
    a.assert_unread("plans", 2)
    a.open("plans")
    expect(a.page.locator(".new-divider")).to_have_count(0)
    a.page.get_by_role("button", name="2 new replies").click()
    expect(a.thread.get_by_role("listitem").filter(has_text="Or you")).to_be_visible()
    expect(a.thread.locator(".new-divider + .message")).to_contain_text("I do")
    a.assert_read("plans")
    expect(a.page.get_by_role("button", name=re.compile("new repl"))).to_be_hidden()
    expect(a.message("Who brings cake?").get_by_role("button", name=re.compile("^2 replies last"))).to_be_visible()
    elsewhere.assert_read("plans")
    a.reload()
    a.assert_read("plans")


def reply(person: Person, text: str) -> None:
    """In the thread that is open."""
    field = person.thread.get_by_role("textbox", name="Reply")
    field.fill(text)
    field.press("Enter")
    expect(person.thread.get_by_role("listitem").filter(has_text=text)).to_be_visible()


def test_marking_read_by_hand_takes_the_threads_with_it(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    b.open("plans")
    a.open("plans")
    a.send_message("Who brings cake?")
    a.assert_sent("Who brings cake?")
    b.reply_in_thread("Who brings cake?", "I do")
    new_reply = a.page.get_by_role("button", name="1 new reply")
    expect(new_reply).to_be_visible()
    a.press("Escape")
    expect(new_reply).to_be_hidden()
    for number, mark in enumerate(("bar", "Escape", "Shift+Escape", "menu")):
        a.open("general")
        reply(b, f"Reply {number}")
        a.assert_unread("plans", 1)
        if mark == "menu":
            a.choose_for("plans", "Mark read")
        elif mark == "Shift+Escape":
            a.press(mark)
        else:
            a.open("plans")
            expect(new_reply).to_be_visible()
            if mark == "bar":
                a.page.get_by_role("button", name="Mark as read").click()
            else:
                a.press(mark)
        a.assert_read("plans")
    a.reload()
    a.assert_read("plans")


def test_a_link_far_down_reads_nothing_above_it(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    fill(channels[0], bob, 200, read=100)
    a = browser_of(alice)
    a.visit(f"/o/acme/c/{channels[0].pk}/195")
    expect(a.message("Line 200.")).to_be_in_viewport()
    expect(a.page.get_by_role("button", name="100 new messages")).to_be_visible()
    expect(a.page.get_by_role("link", name=re.compile("plans 99"))).to_be_visible()  # it counts no further
    a.page.get_by_role("button", name="100 new messages").click()
    expect(a.message("Line 101.")).to_be_in_viewport()
    expect(a.page.get_by_role("button", name=re.compile("^[78]. new messages$"))).to_be_visible()
    a.page.get_by_role("button", name=re.compile("^[78]. new messages$")).click()
    expect(a.message("Line 200.")).to_be_in_viewport()
    a.page.get_by_role("button", name="Mark as read").click()
    a.assert_read("plans")


def test_a_mention_that_the_page_has_not_loaded_counts(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    fill(channels[0], bob, 300, read=1)
    with organization_scope(alice.organization_id):
        message = Message.objects.get(conversation=channels[0], seq=20)
        Attention.objects.create(
            organization_id=message.organization_id,
            message=message,
            conversation=channels[0],
            seq=20,
            member=alice,
            reason="mention",
        )
    a = browser_of(alice)
    a.open("general")
    expect(a.page.get_by_role("link", name=re.compile("^Mentions.*1"))).to_be_visible()


def test_a_reply_in_a_thread_that_one_follows_counts_as_a_mention(
    browser_of: BrowserOf, follow: Follow, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    a.send_message("Who pays?")
    a.assert_sent("Who pays?")
    a.open("general")
    b.open("plans")
    b.reply_in_thread("Who pays?", "I do")
    a.assert_unread("plans", 1)
    follow()
    expect(a.page.get_by_role("link", name=re.compile("^Mentions.*1"))).to_be_visible()


def test_deleted_messages_count_nowhere(
    browser_of: BrowserOf, follow: Follow, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("general")
    b.open("plans")
    for text in ("Oops @alice", "Wrong window", "Right"):
        b.send_message(text)
        b.assert_sent(text)
    a.assert_unread("plans", 3)
    follow()
    expect(a.page.get_by_role("link", name=re.compile("^Mentions.*1"))).to_be_visible()
    b.delete("Oops")
    b.delete("Wrong window")
    a.assert_unread("plans", 1)
    expect(a.page.get_by_role("link", name=re.compile(r"^Mentions\s*$"))).to_be_visible()
    b.delete("Right")
    a.assert_read("plans")
    a.reload()
    a.assert_read("plans")
    expect(a.page).to_have_title(re.compile("^#general"))


def test_what_stands_below_the_screen_is_announced_and_not_read(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    fill(channels[0], bob, 60, read=60)
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    expect(a.message("Line 60.")).to_be_in_viewport()
    a.page.locator("#history").hover()
    a.page.mouse.wheel(0, -200)
    expect(a.message("Line 60.")).not_to_be_in_viewport()
    b.open("plans")
    b.send_message("Far below")
    b.assert_sent("Far below")
    a.page.get_by_role("button", name="1 new message").click()
    expect(a.message("Far below")).to_be_in_viewport()
    a.assert_read("plans")

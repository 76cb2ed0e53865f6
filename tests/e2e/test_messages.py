"""What a person does with messages and sees of them, in product words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Conversation, Message, Participant
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
MOST_NODES = 300


@pytest.fixture
def plans(transactional_db: None, alice: Member, bob: Member) -> Conversation:
    return make_channel("plans", alice, bob)


def fill(channel: Conversation, author: Member, count: int, *, read: int = 0, long: bool = False) -> None:
    """`count` messages an hour apart, "Line 1." to "Line <count>.", of which everybody has read the first `read`."""
    start = datetime.now(UTC) - timedelta(hours=count)
    words = " Words that take more than one line where the window is narrow." * 3 if long else ""
    with organization_scope(channel.organization_id):
        Message.objects.bulk_create(
            Message(
                organization_id=channel.organization_id,
                conversation=channel,
                seq=seq,
                author=author,
                text=f"Line {seq}.{words}",
                html=f"<p>Line {seq}.{words}</p>",
            )
            for seq in range(1, count + 1)
        )
        for message in Message.objects.filter(conversation=channel):
            Message.objects.filter(pk=message.pk).update(created_at=start + timedelta(hours=message.seq))
        Conversation.objects.filter(pk=channel.pk).update(last_seq=count)
        Participant.objects.filter(conversation=channel).update(read_seq=read, read=[[0, read]])


def details(person: Person) -> Locator:
    return person.page.locator("#details")


def test_keys_go_through_messages_and_do_what_the_help_says(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    for text in ("One", "Two", "Three"):
        a.send_message(text)
        a.assert_sent(text)
    a.message("Three").focus()
    a.press("k", "k")
    expect(a.message("One")).to_be_focused()
    a.press("j")
    expect(a.message("Two")).to_be_focused()
    a.press("r")
    a.type("rocket")
    a.press("Enter")
    expect(a.message("Two").get_by_role("button", name="🚀 1 by you")).to_be_visible()
    a.message("Two").focus()
    a.press("p")
    expect(a.message("Two").get_by_text("Pinned by you")).to_be_visible()
    a.message("Two").focus()
    a.press("c")
    expect(a.page.get_by_text("Link copied.")).to_be_visible()
    a.press("Delete")
    a.page.get_by_role("dialog", name="Delete this message?").get_by_role("button", name="Delete").click()
    a.assert_sees("This message was deleted.")
    a.press("?")
    help_ = a.page.get_by_role("dialog", name="Keyboard shortcuts")
    for label in ("React", "Reply in its thread", "Mark unread from here", "Bold"):
        expect(help_.get_by_text(label, exact=True)).to_be_visible()


def test_what_is_pinned_is_found_again_by_everybody(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    fill(plans, bob, 120, read=120)
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.visit(f"/o/acme/c/{plans.pk}/10")
    b.act_on("Line 10.", "Pin to the conversation")
    expect(b.message("Line 10.").get_by_text("Pinned by you")).to_be_visible()
    a.page.get_by_role("button", name="Pinned messages").click()
    pins = a.page.get_by_role("dialog", name="Pinned messages")
    expect(pins.get_by_text("Line 10.")).to_be_visible()
    pins.get_by_role("link").click()
    expect(a.message("Line 10.")).to_be_in_viewport()
    expect(a.message("Line 10.").get_by_text("Pinned by Bob")).to_be_visible()
    a.page.get_by_role("button", name="Pinned messages").click()
    pins.get_by_role("button", name="Unpin").click()
    expect(pins.get_by_text("Nothing is pinned yet.")).to_be_visible()
    expect(b.message("Line 10.").get_by_text("Pinned by")).to_be_hidden()


def test_marked_unread_it_stays_so_until_one_comes_back(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    make_channel("other", alice)
    fill(plans, bob, 9, read=9)
    a = browser_of(alice)
    a.open("plans")
    a.assert_read("plans")
    a.act_on("Line 7.", "Mark unread from here")
    a.assert_unread("plans", 3)
    divider = a.page.locator(".new-divider + .message")
    expect(divider).to_contain_text("Line 7.")
    a.send_message("Still reading elsewhere")
    a.assert_sent("Still reading elsewhere")
    a.open("other")
    a.open("plans")
    a.assert_read("plans")


def test_what_a_message_said_before_and_who_reacted(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.send_message("It is on Monday")
    a.assert_sent("It is on Monday")
    a.edit_last_message("It is on Tuesday")
    b.assert_sees("It is on Tuesday (edited)")
    b.react("It is on Tuesday", "🎉")
    a.message("It is on Tuesday").get_by_role("button", name="(edited)").click()
    expect(details(a).get_by_text("It is on Monday")).to_be_visible()
    details(a).get_by_role("button", name="Close").click()
    a.act_on("It is on Tuesday", "Who reacted")
    expect(details(a).get_by_role("listitem")).to_have_text([re.compile("Bob")])
    details(a).get_by_role("button", name="Close").click()
    a.message("It is on Tuesday").get_by_role("button", name="🎉 1 by Bob").click()
    expect(b.message("It is on Tuesday").get_by_role("button", name="🎉 2 by you and Alice")).to_be_visible()


def test_a_message_is_reported_and_its_code_copied(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.send_message("Try\n```python\nprint(1)\n```")
    message = b.message("Try")
    message.hover()
    message.get_by_role("button", name="Copy").click()
    expect(b.page.get_by_text("Code copied.")).to_be_visible()
    assert b.page.evaluate("navigator.clipboard.readText()") == "print(1)\n"
    assert message.locator("pre").evaluate("pre => getComputedStyle(pre, '::before').content") == '"python"'
    b.act_on("Try", "Report to the moderators")
    dialog = b.page.get_by_role("dialog", name="Report to the moderators")
    dialog.get_by_label("Confidential information").check()
    dialog.get_by_label("Comment").fill("That is a secret")
    dialog.get_by_role("button", name="Report").click()
    expect(b.page.get_by_text("Thank you.")).to_be_visible()
    a.message("Try").hover()
    a.message("Try").get_by_role("button", name="More actions").click()
    expect(a.page.get_by_role("menuitem", name="Report to the moderators")).to_be_hidden()  # it is her own


def test_replies_are_read_in_their_thread_and_have_a_place_where_they_came(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.send_message("Who brings cake?")
    b.reply_in_thread("Who brings cake?", "I do")
    root = a.message("Who brings cake?")
    expect(root.get_by_role("button", name="1 reply 1 new last")).to_be_visible()
    a.send_message("Something else")
    b.assert_sees("Something else")
    b.reply_in_thread("Who brings cake?", "A chocolate one")
    line = a.page.get_by_role("button", name="Bob replied in a thread A chocolate one")
    expect(line).to_be_visible()
    a.assert_sees("A chocolate one", times=0)
    line.click()
    expect(a.thread.get_by_role("listitem").filter(has_text="A chocolate one")).to_be_visible()
    expect(a.thread.get_by_role("textbox", name="Reply")).to_be_focused()  # where a thread that opened puts it
    reply = a.thread.get_by_role("listitem").filter(has_text="I do")
    reply.focus()
    a.press("c")
    expect(a.page.get_by_text("Link copied.")).to_be_visible()
    link = str(a.page.evaluate("navigator.clipboard.readText()"))
    b.visit(re.sub(r"\?.*", "", link))
    expect(b.thread.get_by_role("listitem").filter(has_text="I do")).to_have_class(re.compile("is-target"))


def test_what_is_new_above_is_jumped_to_or_marked_read(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, charlie: Member
) -> None:
    fill(plans, bob, 400, read=100)
    a = browser_of(alice)
    a.open("plans")
    expect(a.page.locator(".new-divider + .message, .new-divider + .day + .message").first).to_be_in_viewport()
    expect(a.message("Line 101.")).to_be_in_viewport()
    make_channel("general", bob)  # where he arrives, so that nothing of the other is read before
    b = browser_of(bob)
    with organization_scope(alice.organization_id):
        Participant.objects.filter(conversation=plans, member=bob).update(read_seq=100, read=[[0, 100]])
        Message.objects.filter(conversation=plans).update(author=alice)
    b.visit(f"/o/acme/c/{plans.pk}/390")
    b.page.get_by_role("button", name="300 new messages").click()
    expect(b.message("Line 101.")).to_be_in_viewport()
    c = browser_of(charlie)
    c.expect_refusals()
    assert c.visit(f"/o/acme/c/{plans.pk}/390") == 404


def test_a_day_is_jumped_to(browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member) -> None:
    fill(plans, bob, 500, read=500)
    a = browser_of(alice)
    a.open("plans")
    a.page.locator(".day-label").last.click()
    menu = a.page.get_by_role("dialog", name="Jump to a date")
    menu.get_by_role("menuitem", name="The very beginning").click()
    expect(a.message("Line 1.")).to_be_in_viewport()
    week = datetime.now(UTC) - timedelta(hours=500 - 200)
    a.page.locator(".day-label").first.click()
    menu.get_by_label("Date").fill(week.date().isoformat())
    menu.get_by_role("button", name="Go").click()
    expect(a.page).to_have_url(re.compile(r"/c/[0-9a-f-]+/\d\d\d$"))
    seq = int(a.page.url.rpartition("/")[2])
    expect(a.message(f"Line {seq}.")).to_be_in_viewport()
    assert abs(seq - 200) <= 48, "about that day, in the browser's own time zone"


@contextmanager
def unmoved(person: Person, text: str) -> Iterator[None]:
    """What is done meanwhile does not move a message on the screen."""
    message = person.message(text)
    expect(message).to_be_in_viewport()
    before = message.bounding_box()
    yield
    person.page.evaluate(SETTLED)
    after = message.bounding_box()
    assert before is not None
    assert after is not None
    moved = abs(after["y"] + after["height"] - before["y"] - before["height"])
    assert moved <= 2, f"{text} moved by {moved} px"


# Until layout has come to rest: so many frames in a row in which nothing changes its height.
SETTLED = """
async () => {
  const history = document.getElementById("history");
  const list = document.getElementById("messages");
  for (let still = 0, last = ""; still < 10; ) {
    await new Promise(requestAnimationFrame);
    const now = [history.scrollTop, history.scrollHeight, history.clientHeight, list.childElementCount].join();
    still = now === last ? still + 1 : 0;
    last = now;
  }
}
"""


def test_what_one_reads_does_not_move_whatever_happens_around_it(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    fill(plans, bob, 400, read=400, long=True)
    a, b = browser_of(alice), browser_of(bob)
    b.open("plans")
    a.visit(f"/o/acme/c/{plans.pk}/200")
    a.page.evaluate(SETTLED)
    with unmoved(a, "Line 200."):
        for text in ("New below", "And another"):
            b.send_message(text)
            b.assert_sent(text)
    with unmoved(a, "Line 200."):  # a picture above comes late
        a.page.evaluate(GROW, 180)
    with unmoved(a, "Line 200."):  # the window is made lower, as by a keyboard of glass
        a.page.set_viewport_size({"width": 1280, "height": 640})
    a.page.evaluate("document.querySelector('#messages .message[data-seq=\"200\"]').scrollIntoView({ block: 'start' })")
    a.page.evaluate(SETTLED)
    top = a.page.evaluate(FIRST)
    a.page.set_viewport_size({"width": 900, "height": 640})
    a.page.evaluate(SETTLED)
    assert a.page.evaluate(FIRST) == top, "the same message is the first on the screen when lines break elsewhere"
    assert a.page.locator("#messages .message").count() <= MOST_NODES


GROW = """
(seq) => {
  const picture = document.createElement("div");
  picture.style.height = "240px";
  document.querySelector(`#messages .message[data-seq="${seq}"] .prose`).append(picture);
}
"""

FIRST = """
() => {
  const top = document.getElementById("history").getBoundingClientRect().top;
  const all = [...document.querySelectorAll("#messages .message")];
  return all.find((message) => message.getBoundingClientRect().bottom > top + 1).dataset.seq;
}
"""


def test_who_reads_along_stays_at_the_end(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    fill(plans, bob, 60, read=60, long=True)
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    b.send_message("The last one")
    expect(a.message("The last one")).to_be_in_viewport(ratio=1)
    a.reply_in_thread("The last one", "The panel makes the lines shorter")
    a.page.evaluate(SETTLED)
    expect(a.message("The last one")).to_be_in_viewport(ratio=1)
    a.write("\n".join("A draft that grows" for _ in range(8)))
    a.page.evaluate(SETTLED)
    expect(a.message("The last one")).to_be_in_viewport(ratio=1)


def test_what_was_not_sent_is_tried_again(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    b.open("plans")
    a.open("plans")
    b.assert_live()  # it asks no more, so it does not learn what nobody tells it
    b.expect_refusals()
    with organization_scope(alice.organization_id):
        seat = Participant.objects.get(conversation=plans, member=bob)
        Participant.objects.filter(pk=seat.pk).update(left_at=plans.created_at)
    b.send_message("Let me in")
    failed = b.message("Let me in")
    expect(failed.get_by_text("Not sent: Join the channel first.")).to_be_visible()
    with organization_scope(alice.organization_id):
        Participant.objects.filter(pk=seat.pk).update(left_at=None)
    failed.get_by_role("button", name="Retry").click()
    a.assert_sees("Let me in")
    b.assert_sent("Let me in")


def test_on_a_phone_a_message_is_held_to_act_on_it(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    fill(plans, bob, 5, read=5)
    a = browser_of(alice, phone=True)
    a.open("plans")
    prose = a.message("Line 3.").locator(".prose")
    prose.click(trial=True)  # waits until it stands still
    box = prose.bounding_box()
    assert box is not None
    touch = a.page.context.new_cdp_session(a.page)
    point = {"x": box["x"] + 20, "y": box["y"] + 8}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    menu = a.page.get_by_role("menu", name="Message actions")
    expect(menu).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(menu).to_be_visible()
    a.assert_fits()
    sizes = menu.locator("button:visible").evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")
    assert min(sizes) >= 40
    menu.get_by_role("menuitem", name="thumbs up").click()
    expect(a.message("Line 3.").get_by_role("button", name="👍 1 by you")).to_be_visible()
    dock = a.page.locator("#composer-dock button:visible")
    assert min(dock.evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")) >= 40

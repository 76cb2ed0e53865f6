"""Two people of Acme write to each other in two browsers; Charlie of Globex, on the same server, sees nothing of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Conversation, Message, Participant
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]


@pytest.fixture
def plans(transactional_db: None, alice: Member, bob: Member) -> Conversation:
    """A channel of Alice and Bob with nothing in it yet."""
    with organization_scope(alice.organization):
        channel: Conversation = Conversation.objects.create(
            organization=alice.organization, kind="public", name="plans"
        )
        for member, role in ((alice, "admin"), (bob, "member")):
            Participant.objects.create(organization=alice.organization, conversation=channel, member=member, role=role)
    return channel


def fill(channel: Conversation, author: Member, count: int) -> None:
    """`count` messages, "Line 1" to "Line <count>"."""
    with organization_scope(channel.organization_id):
        Message.objects.bulk_create(
            Message(
                organization_id=channel.organization_id,
                conversation=channel,
                seq=seq,
                author=author,
                text=f"Line {seq}.",
                html=f"<p>Line {seq}.</p>",
            )
            for seq in range(1, count + 1)
        )
        Conversation.objects.filter(pk=channel.pk).update(last_seq=count)


def test_two_people_write_in_a_channel(browser_of: BrowserOf, alice: Member, bob: Member) -> None:
    a, b = browser_of(alice, form=True), browser_of(bob)
    a.create_channel("launch", topic="What ships when")
    b.join_channel("launch")

    a.send_message("The **first** one")
    b.assert_sees("The first one")
    b.send_message("Hello Alice")
    a.assert_sees("Hello Alice")
    a.assert_sent("The first one")

    a.edit_last_message("The **corrected** one")
    b.assert_sees("The corrected one (edited)")
    b.react("The corrected one", "🎉")
    expect(a.message("The corrected one").get_by_role("button", name="🎉 1 by Bob")).to_be_visible()
    b.reply_in_thread("The corrected one", "In detail")
    expect(a.message("The corrected one").get_by_role("button", name="1 reply")).to_be_visible()
    a.delete("The corrected one")
    expect(b.message("This message was deleted.")).to_have_count(1)


def test_two_people_write_in_a_direct_message(browser_of: BrowserOf, alice: Member, bob: Member) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.start_direct_message("Bob")
    a.assert_in("Bob")
    a.send_message("Just between us")
    a.assert_sent("Just between us")
    b.assert_unread("Alice", 1)
    b.open("Alice")
    b.assert_sees("Just between us")
    b.assert_read("Alice")
    b.send_message("Nobody else knows")
    a.assert_sees("Nobody else knows")


def test_unread_messages_are_counted_and_marked(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    for text in ("One", "Two", "Three"):
        a.send_message(text)
    a.assert_sent("Three")
    b = browser_of(bob)
    expect(b.page).to_have_title(re.compile(r"plans · Acme"))
    expect(b.page.get_by_text("New", exact=True)).to_be_visible()
    b.assert_read("plans")
    b.start_direct_message("Alice")
    b.assert_in("Alice")
    a.send_message("Four")
    b.assert_unread("plans", 1)
    expect(b.page).to_have_title(re.compile(r"^\(1\) Alice"))


def test_a_stranger_sees_nothing_whatever_the_address(
    browser_of: BrowserOf, plans: Conversation, alice: Member, charlie: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("Secret of Acme")
    a.assert_sent("Secret of Acme")
    root, own = f"/o/acme/c/{plans.pk}", f"/o/globex/c/{plans.pk}"
    c = browser_of(charlie)
    c.expect_refusals()
    for path in (
        *("/o/acme/", root, f"{root}/1", f"{root}?thread={plans.pk}", "/o/acme/search?q=Secret"),
        *(own, f"{own}/1", "/o/nowhere/", f"/o/acme/c/{alice.pk}"),
    ):
        assert c.visit(path) == 404, path
        c.assert_not_found()
        assert "Secret" not in c.page.content() and "plans" not in c.page.content(), path
    c.visit("/o/globex/")
    c.search("Secret")
    expect(c.page.get_by_text("Nothing found")).to_be_visible()


def test_a_draft_and_a_message_on_its_way_survive_a_reload(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice, sockets=False), browser_of(bob)
    a.open("plans")
    b.open("plans")
    with a.without_network_for_messages():
        a.send_message("Sent into the void")
        a.send_message("And another")
        a.write("Not finished yet")
        a.assert_waiting("Sent into the void")
        a.reload()
        a.assert_waiting("Sent into the void")
        a.assert_waiting("And another")
        assert a.draft == "Not finished yet"
    a.assert_sent("Sent into the void")
    a.assert_sent("And another")
    b.assert_sees("Sent into the void")
    b.assert_sees("And another")
    with organization_scope(alice.organization_id):
        texts = Message.objects.filter(conversation=plans).order_by("seq").values_list("text", flat=True)
        assert list(texts) == ["Sent into the void", "And another"]


def test_without_a_connection_the_page_says_so_and_catches_up(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    with a.offline():
        expect(a.page.get_by_text("No connection.")).to_be_visible()
        b.send_message("While you were away")
        b.assert_sent("While you were away")
        a.send_message("Written offline")
        a.assert_waiting("Written offline")
    a.assert_sees("While you were away")
    a.assert_sent("Written offline")
    expect(a.page.get_by_text("No connection.")).to_be_hidden()
    b.assert_sees("Written offline")


def test_a_refused_message_can_be_discarded(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    b = browser_of(bob)
    b.open("plans")
    b.assert_live()  # it asks no more, so it does not learn what nobody tells it
    b.expect_refusals()
    with organization_scope(alice.organization_id):
        Participant.objects.filter(conversation=plans, member=bob).update(left_at=plans.created_at)
    b.send_message("Too late")
    failed = b.message("Too late")
    expect(failed.get_by_text("Not sent: Join the channel first.")).to_be_visible()
    failed.get_by_role("button", name="Discard").click()
    b.assert_sees("Too late", times=0)


def test_a_long_history_scrolls_both_ways_without_jumping(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    fill(plans, bob, 700)
    with organization_scope(alice.organization_id):
        Participant.objects.filter(conversation=plans).update(read_seq=700, read=[[0, 700]])
    a = browser_of(alice)
    a.open("plans")
    expect(a.message("Line 700.")).to_be_in_viewport()
    page = a.page
    most = worst = 0
    history = page.locator("#history")
    history.hover()
    for far in cycle([False, False, True]):
        shift, count = page.evaluate(SCROLL_AND_MEASURE, -100_000 if far else -700)
        worst, most = max(worst, shift), max(most, count)
        if a.message("Line 1.").count():
            break
    assert most <= 300, "messages in the document"
    assert worst <= 2, "pixels that a message on the screen moved by itself"
    page.get_by_role("button", name="Jump to the newest").click()
    expect(a.message("Line 700.")).to_be_in_viewport()


# Scroll by some pixels, or to the very beginning of what is loaded, wait two frames and whatever they fetch, and say by
# how much the words in the middle of the screen moved other than by scrolling, and how many messages the document has.
SCROLL_AND_MEASURE = """
async (by) => {
  const history = document.getElementById("history");
  const frame = () => new Promise(requestAnimationFrame);
  const middle = history.getBoundingClientRect().top + history.clientHeight / 2;
  history.scrollTop += by;
  await frame();
  const all = [...history.querySelectorAll(".message")];
  const one = all.find((message) => message.getBoundingClientRect().bottom > middle);
  const before = one.getBoundingClientRect().bottom;
  const loading = () => history.querySelector(".edge") && history.scrollTop < 900;
  for (let count = 0; count < 100 && loading(); count += 1) await frame();
  await frame();
  await frame();
  const moved = one.isConnected ? Math.abs(one.getBoundingClientRect().bottom - before) : 0;
  return [moved, history.querySelectorAll(".message").length];
}
"""


def test_links_and_search_lead_to_the_message_in_its_place(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    fill(plans, bob, 400)
    a = browser_of(alice)
    a.visit(f"/o/acme/c/{plans.pk}/123")
    expect(a.message("Line 123.")).to_be_in_viewport()
    path = a.copy_link("Line 125.")
    assert path == f"/o/acme/c/{plans.pk}/125"
    a.search("line 42")
    result = a.page.get_by_role("main").get_by_role("link", name="Line 42")
    expect(result.locator("mark").first).to_have_text(re.compile("line", re.IGNORECASE))
    result.click()
    expect(a.message("Line 42.")).to_be_in_viewport()
    expect(a.page).to_have_url(re.compile(f"/c/{plans.pk}/42$"))
    a.page.go_back()
    expect(a.page.get_by_role("main").get_by_role("link", name="Line 42")).to_be_visible()


def test_on_a_phone_every_view_fits(browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member) -> None:
    with organization_scope(alice.organization_id):
        Conversation.objects.filter(pk=plans.pk).update(topic="A topic that is longer than a telephone is wide " * 3)
    a = browser_of(alice, phone=True)
    a.assert_fits()
    a.open("plans")
    a.write("A word" + "o" * 200 + "\n```\n" + "x = 1;" * 60 + "\n```")
    a.page.get_by_role("button", name="Send").locator("visible=true").click()
    a.assert_sent("A word")
    a.assert_fits()
    a.page.get_by_role("button", name="Channel settings").click()
    a.assert_fits()
    a.page.get_by_role("button", name="Close").locator("visible=true").click()
    a.go_home()
    expect(a.page.get_by_role("navigation", name="Conversations")).to_be_visible()
    a.search("word")
    a.assert_fits()


def test_the_keyboard_is_enough(browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("First")
    a.send_message("Second")
    a.assert_sent("Second")
    keys = a.page.keyboard
    a.message("Second").focus()
    keys.press("ArrowUp")
    expect(a.message("First")).to_be_focused()
    keys.press("e")
    a.page.get_by_role("textbox", name="Edit the message").fill("First, better")
    keys.press("Enter")
    expect(a.message("First, better")).to_be_focused()
    keys.press("+")
    keys.type("rocket")
    keys.press("Enter")
    expect(a.message("First, better").get_by_role("button", name="🚀 1 by you")).to_be_visible()
    a.message("First, better").focus()
    keys.press("t")
    expect(a.page.get_by_role("textbox", name="Reply")).to_be_focused()
    keys.press("Escape")
    expect(a.page.get_by_role("complementary", name="Thread")).to_be_hidden()
    keys.press("/")
    expect(a.page.get_by_role("navigation").get_by_role("searchbox")).to_be_focused()


def test_settings_change_the_channel_for_everybody(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, gus: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.page.get_by_role("button", name="Channel settings").click()
    dialog = a.page.get_by_role("dialog", name="#plans")
    dialog.get_by_role("combobox", name="Add somebody").fill("Gus")
    dialog.get_by_role("option", name="Gus").click()
    expect(dialog.get_by_role("listitem").filter(has_text="@gus")).to_be_visible()
    dialog.get_by_label("Topic").fill("Only good news")
    dialog.get_by_role("button", name="Save").click()
    expect(b.page.get_by_text("Only good news")).to_be_visible()
    g = browser_of(gus)
    g.open("plans")

"""Where one writes: names are completed, text is formatted, nothing that was begun is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Conversation
from tests.cast import make_member
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]


@pytest.fixture
def plans(transactional_db: None, alice: Member, bob: Member) -> Conversation:
    return make_channel("plans", alice, bob)


def offered(person: Person) -> Locator:
    return person.page.locator("#conversation").get_by_role("listbox", name="Suggestions").get_by_role("option")


def test_names_channels_and_emoji_are_completed(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    make_channel("planning", alice)
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.composer.focus()
    a.type("Look, @bo")
    option = offered(a).filter(has_text="Bob")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(a.composer).to_have_attribute("aria-activedescendant", str(option.get_attribute("id")))
    a.press("Enter")
    expect(a.composer).to_have_value("Look, @bob ")
    a.type("at #plann")
    expect(offered(a)).to_have_text([re.compile("#planning")])
    a.press("Tab")
    a.type(":tad")
    offered(a).filter(has_text="🎉").click()
    expect(a.composer).to_have_value("Look, @bob at #planning 🎉 ")
    expect(a.composer).to_be_focused()
    a.press("Enter")
    message = b.message("Look, @Bob at #planning")
    expect(message.locator(".mention.is-me")).to_have_text("@Bob")
    expect(message.get_by_role("link", name="#planning")).to_be_visible()


def test_the_list_of_names_is_gone_through_by_keys_and_left_with_escape(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    make_member(alice.organization, "Aaron Quist")
    a = browser_of(alice)
    a.open("plans")
    a.composer.focus()
    with a.late(r"/members\?active="):
        a.type("@")
        expect(offered(a).first).to_have_attribute("aria-selected", "true")
        names = offered(a).all_inner_texts()
        assert any("@channel" in name for name in names)
        assert any("@here" in name for name in names)
        a.press("ArrowDown")
        expect(offered(a).nth(1)).to_have_attribute("aria-selected", "true")
    expect(offered(a).filter(has_text="Aaron Quist")).to_be_visible()  # known later: below those one goes through
    assert offered(a).all_inner_texts()[: len(names)] == names
    expect(offered(a).nth(1)).to_have_attribute("aria-selected", "true")
    a.press("ArrowUp", "ArrowUp")
    expect(offered(a).last).to_have_attribute("aria-selected", "true")
    a.press("Escape")
    expect(offered(a)).to_have_count(0)
    a.type("bob")
    expect(offered(a)).to_have_count(0)
    a.press("Enter")
    a.assert_sent("@Bob")


def test_who_the_page_does_not_know_is_asked_for_and_nobody_of_another_organization_is(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, charlie: Member
) -> None:
    zelda = make_member(alice.organization, "Zelda Quist")
    a = browser_of(alice)
    a.open("plans")
    a.composer.focus()
    with a.page.expect_response(re.compile(r"/members\?q=quis")):
        a.type("@quis")
    expect(offered(a)).to_have_text([re.compile("Zelda Quist")])
    a.press("Enter")
    expect(a.composer).to_have_value(f"@{zelda.handle} ")
    a.composer.fill("")
    with a.page.expect_response(re.compile(r"/members\?q=charl")):
        a.type("@charl")
    expect(offered(a)).to_have_count(0)


def test_text_is_formatted_by_keys_and_buttons_and_undo_takes_it_back(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.composer.fill("shipped")
    a.press("Control+a", "Control+b")
    expect(a.composer).to_have_value("**shipped**")
    a.press("Control+b")
    expect(a.composer).to_have_value("shipped")
    a.press("Control+z", "Control+z")
    expect(a.composer).to_have_value("shipped")
    a.press("Control+a")
    tools = a.page.locator("#composer-dock").get_by_role("toolbar", name="Formatting")
    tools.get_by_role("button", name="Quote").click()
    expect(a.composer).to_have_value("> shipped")
    a.press("Tab")
    expect(tools.get_by_role("button", name="Bold")).to_be_focused()
    a.press("ArrowRight")
    expect(tools.get_by_role("button", name="Italic")).to_be_focused()


def test_a_preview_is_what_the_others_will_see(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.write("**Now** for @bob <b>plain</b>\n```python\nx = 1\n```")
    a.page.locator("#composer-dock").get_by_role("button", name="Preview").click()
    preview = a.page.get_by_role("region", name="Preview")
    expect(preview.locator("strong")).to_have_text("Now")
    expect(preview.locator("pre")).to_have_attribute("data-language", "python")
    words = preview.locator("p").first.inner_text()
    assert words == "Now for @Bob <b>plain</b>"
    b.assert_sees("x = 1", times=0)
    a.page.locator("#composer-dock").get_by_role("button", name="Send").click()
    expect(preview).to_be_hidden()
    seen = b.message("x = 1").locator(".prose")
    expect(seen.locator("p").first).to_have_text(words)
    expect(seen.locator("strong")).to_have_text("Now")


def test_enter_that_ends_a_word_of_an_input_method_does_not_send(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.write("にほ")
    for how in ({"isComposing": True}, {"keyCode": 229}):
        a.composer.evaluate(
            "(it, how) => it.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, ...how }))", how
        )
    assert a.draft == "にほ"
    a.press("Enter")
    a.assert_sent("にほ")
    a.assert_sees("にほ", times=1)


def test_code_that_is_pasted_can_become_a_block(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    code = "def area(r):\n    return 3 * r * r"
    offer = a.page.get_by_role("button", name="Make it a code block")
    with a.late_script("compose/writing"):  # what makes the offer comes after what is pasted
        a.visit(f"/o/acme/c/{plans.pk}")
        a.page.evaluate("text => navigator.clipboard.writeText(text)", code)
        a.composer.focus()
        a.type("See: ")
        a.press("Control+v")
        expect(a.composer).to_have_value(f"See: {code}")
        expect(offer).to_be_hidden()
    offer.click()
    expect(a.composer).to_have_value(f"See: \n```\n{code}\n```")
    a.press("Enter")
    expect(a.message("See:").locator("pre")).to_have_text(f"{code}\n")
    a.page.evaluate("text => navigator.clipboard.writeText(text)", code)
    a.composer.focus()
    a.press("Control+v")
    expect(offer).to_be_visible()
    a.write("")
    a.page.evaluate("navigator.clipboard.writeText('Dear all,\\nthank you')")
    a.press("Control+v")
    expect(a.composer).to_have_value("Dear all,\nthank you")
    expect(offer).to_be_hidden()


def test_arrow_up_edits_nothing_while_the_last_message_is_on_its_way(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice, sockets=False)
    editor = a.page.get_by_role("textbox", name="Edit the message")
    a.open("plans")
    a.send_message("The one before")
    a.assert_sent("The one before")
    with a.late(r"/conversations/[^/]+/messages$"):
        a.send_message("The last one")
        a.press("ArrowUp")
        expect(a.composer).to_be_focused()
    a.assert_sent("The last one")
    expect(editor).to_be_hidden()
    a.press("ArrowUp")
    expect(editor).to_have_value("The last one")


def test_drafts_of_a_conversation_and_of_a_thread_are_two_and_are_kept_across_tabs(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("Root")
    a.assert_sent("Root")
    a.reply_in_thread("Root", "First")
    a.thread.get_by_role("textbox", name="Reply").fill("Half a reply")
    a.write("Half a message")
    a.reload()
    expect(a.composer).to_have_value("Half a message")
    expect(a.thread.get_by_role("textbox", name="Reply")).to_have_value("Half a reply")
    twin = a.duplicate_tab()
    expect(twin.composer).to_have_value("Half a message")
    twin.page.bring_to_front()
    twin.write("Half a message, and more")
    expect(a.composer).to_have_value("Half a message, and more")
    twin.press("Enter")
    expect(a.composer).to_have_value("")


def test_a_thread_that_comes_late_takes_no_word_from_the_message_that_is_being_written(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("Root")
    a.assert_sent("Root")
    a.reply_in_thread("Root", "First")
    with a.late(r"/messages/[^/]+/thread\b"):
        a.reload()
        a.composer.click()
        a.type("Half a message")
    expect(a.thread.get_by_role("listitem").filter(has_text="First")).to_be_visible()
    a.page.wait_for_load_state("networkidle")  # what came has been looked at
    a.type(", and more")
    expect(a.composer).to_have_value("Half a message, and more")
    expect(a.thread.get_by_role("textbox", name="Reply")).to_have_value("")


def test_what_is_left_of_the_longest_message_is_said_near_its_end(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, settings: object
) -> None:
    a = browser_of(alice)
    a.open("plans")
    dock = a.page.locator("#composer-dock")
    a.write("x" * 8_000)
    expect(dock.get_by_text("characters left")).to_be_hidden()
    a.write("x" * 9_990)
    expect(dock.get_by_text("10 characters left")).to_be_visible()
    a.write("x" * 10_003)
    expect(dock.get_by_text("3 characters too many")).to_be_visible()
    expect(dock.get_by_role("button", name="Send")).to_be_disabled()
    a.press("Enter")
    assert len(a.draft) == 10_003


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"locked_at": timezone.now()}, "A moderator has locked this conversation."),
        ({"announcement_only": True}, "Only its admins write in this channel."),
        ({"archived_at": timezone.now()}, "This channel is archived."),
    ],
    ids=["locked", "announcements", "archived"],
)
def test_why_one_cannot_write_stands_where_one_would(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, changes: dict[str, object], sentence: str
) -> None:
    with organization_scope(alice.organization):
        Conversation.objects.filter(pk=plans.pk).update(**changes)
    b = browser_of(bob)
    b.visit(f"/o/acme/c/{plans.pk}")
    expect(b.page.get_by_text(sentence)).to_be_visible()
    expect(b.composer).to_be_hidden()


def test_who_is_muted_is_told_so_in_place_of_the_composer(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    with organization_scope(alice.organization):
        Member.objects.filter(pk=bob.pk).update(muted_until=timezone.now() + timedelta(hours=1))
    b = browser_of(bob)
    b.open("plans")
    expect(b.page.get_by_text("A moderator has muted you until")).to_be_visible()
    expect(b.composer).to_be_hidden()


def test_slow_mode_says_how_long_one_has_to_wait(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    with organization_scope(alice.organization):
        Conversation.objects.filter(pk=plans.pk).update(slow_mode=600)
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    b.send_message("One")
    a.assert_sees("One")
    expect(b.page.get_by_text(re.compile(r"Slow mode: you can send again in \d+ s"))).to_be_visible()
    b.send_message("Two")
    assert b.draft == "Two"
    expect(b.page.locator("#composer-dock").get_by_role("button", name="Send")).to_be_disabled()
    for text in ("Three", "Four"):  # she runs the channel
        a.send_message(text)
        b.assert_sees(text)


def test_a_part_of_the_page_that_cannot_be_fetched_says_so_and_is_asked_for_again(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    with a.without_script("compose/writing"):
        a.visit(f"/o/acme/c/{plans.pk}")
        a.send_message("One can write without")
        a.assert_sent("One can write without")
        a.page.locator("#composer-dock").get_by_role("button", name="Emoji").click()
        expect(a.page.get_by_text("No answer from the server.")).to_be_visible()
    a.page.locator("#composer-dock").get_by_role("button", name="Emoji").click()
    expect(a.page.get_by_role("dialog", name="Choose an emoji")).to_be_visible()

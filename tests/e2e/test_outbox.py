"""What a member changes is shown at once, waits for the connection, and is applied once or rolled back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Conversation, Message, Participant, Reaction
from tests.e2e.conftest import Server
from tests.e2e.person import Person
from tests.e2e.waiting import wait_until

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
FETCHED = "() => performance.getEntriesByName('offline-kit').length > 0"


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


def prepare(*people: Person) -> None:
    """Wait until the page has fetched what it needs without a connection."""
    for person in people:
        wait_until(person.page, FETCHED)


def reaction(person: Person, text: str, name: str | re.Pattern[str]) -> None:
    expect(person.message(text).get_by_role("button", name=name)).to_be_visible()


def test_changes_made_offline_are_shown_at_once_and_survive_a_reload(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, charlie: Member, running_server: Server
) -> None:
    a, b, c = browser_of(alice), browser_of(bob), browser_of(charlie)
    a.open("plans")
    b.open("plans")
    for text in ("React to this", "Pin this", "Delete this", "Edit this"):
        a.send_message(text)
        b.assert_sees(text)
        a.assert_sent(text)
    for person in (a, b, c):
        person.expect_broken_connections()
    prepare(a)
    running_server.kill()
    expect(a.page.locator("#connection")).to_be_visible()
    a.react("React to this", "🎉")
    reaction(a, "React to this", "🎉 1 by you")
    a.act_on("Pin this", "Pin to the conversation")
    expect(a.message("Pin this").get_by_text("Pinned by you")).to_be_visible()
    a.edit_last_message("Edited without a connection")
    expect(a.message("Edited without a connection")).to_contain_text("Saved when you are back online")
    a.delete("Delete this")
    a.assert_sees("This message was deleted.")
    a.choose_for("plans", "Favourite")
    a.assert_listed("Favourites", "plans")
    assert a.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('parley:outbox:')).length") == 5
    running_server.start()
    for person in (a, b):
        reaction(person, "React to this", re.compile("🎉 1 by"))
        person.assert_sees("Edited without a connection (edited)")
        person.assert_sees("This message was deleted.")
    expect(b.message("Pin this").get_by_text("Pinned by Alice")).to_be_visible()
    a.reload()
    a.assert_listed("Favourites", "plans")
    expect(a.page.locator("#messages .is-changing, #messages .is-pending")).to_have_count(0)
    assert "Edited without" not in c.page.content()


def test_changes_left_by_a_closed_page_are_sent_by_the_next(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    b.send_message("Worth a party")
    a.assert_sees("Worth a party")
    prepare(a)
    with a.offline():
        a.react("Worth a party", "🎉")
        reaction(a, "Worth a party", "🎉 1 by you")
        other = a.page.context.new_page()
        a.page.close()
    a.page = other
    a.page.goto(f"/o/{alice.organization.slug}/")
    a.open("plans")
    reaction(a, "Worth a party", "🎉 1 by you")
    reaction(b, "Worth a party", "🎉 1 by Alice")
    with organization_scope(alice.organization):
        assert Reaction.objects.count() == 1


def test_a_reaction_taken_back_before_it_was_sent_is_never_sent(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    b.send_message("Maybe")
    a.assert_sees("Maybe")
    asked: list[str] = []
    a.page.on("request", lambda request: asked.append(request.url) if "/reactions/" in request.url else None)
    prepare(a)
    with a.offline():
        expect(a.page.locator("#connection")).to_have_attribute("data-status", "offline")
        a.react("Maybe", "🎉")
        a.message("Maybe").get_by_role("button", name="🎉 1 by you").click()
        expect(a.message("Maybe").get_by_role("button", name=re.compile("🎉"))).to_have_count(0)
    a.send_message("Back again")
    b.assert_sees("Back again")
    assert asked == []


def test_a_refused_change_is_rolled_back_and_says_why(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.send_message("Under discussion")
    b.assert_sees("Under discussion")
    a.expect_refusals()
    prepare(a)
    with a.offline():
        expect(a.page.locator("#connection")).to_have_attribute("data-status", "offline")
        a.react("Under discussion", "🎉")
        reaction(a, "Under discussion", "🎉 1 by you")
        with organization_scope(alice.organization):
            Message.objects.filter(text="Under discussion").update(hidden_at="2026-01-01T00:00:00Z")
    row = a.page.locator("#messages .message").filter(has_text="was not added")
    expect(row).to_contain_text("🎉 was not added. A moderator has hidden this message.")
    expect(row.get_by_role("button", name=re.compile("🎉"))).to_have_count(0)
    with organization_scope(alice.organization):
        Message.objects.filter(text="Under discussion").update(hidden_at=None)
    row.get_by_role("button", name="Try again").click()
    reaction(b, "Under discussion", "🎉 1 by Alice")
    expect(a.page.get_by_text("was not added").locator("visible=true")).to_have_count(0)


def test_an_edit_that_conflicts_keeps_both_texts(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("The first text")
    a.assert_sent("The first text")
    phone = browser_of(alice)
    phone.open("plans")
    phone.assert_sees("The first text")
    a.expect_refusals()
    prepare(a)
    with a.offline():
        expect(a.page.locator("#connection")).to_have_attribute("data-status", "offline")
        a.edit_last_message("The laptop's text")
        a.assert_sees("The laptop's text")
        phone.edit_last_message("The phone's text")
        phone.assert_sees("The phone's text (edited)")
        expect(phone.page.locator("#messages .is-changing")).to_have_count(0)
    row = a.message("The phone's text")
    expect(row).to_contain_text("Your edit was not saved, because the message was changed meanwhile.")
    row.get_by_role("button", name="Continue editing").click()
    editor = a.page.get_by_role("textbox", name="Edit the message")
    expect(editor).to_have_value("The laptop's text")
    expect(a.page.get_by_text("It was changed in the meantime and now says “The phone's text”.")).to_be_visible()


def test_a_topic_that_is_refused_is_rolled_back_above_the_composer(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.expect_refusals()
    prepare(a)
    with a.offline():
        expect(a.page.locator("#connection")).to_have_attribute("data-status", "offline")
        change_topic(a, "Only for admins")
        a.press("Escape")
        expect(a.panel).to_be_hidden()
        archive(plans)
    bar = a.page.locator("#refused-changes").get_by_text("The name and topic were not changed.")
    expect(bar).to_be_visible()
    expect(a.page.locator("#conversation-topic")).to_have_text("")
    a.page.locator("#refused-changes").get_by_role("button", name="Discard").click()
    expect(bar).to_be_hidden()


def test_a_topic_that_is_refused_while_its_field_is_open_is_kept_there(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.expect_refusals()
    prepare(a)
    with a.offline():
        expect(a.page.locator("#connection")).to_have_attribute("data-status", "offline")
        change_topic(a, "Only for admins")
        archive(plans)
    topic = a.panel.get_by_label("Topic")
    expect(topic).to_have_attribute("aria-invalid", "true")
    expect(topic).to_have_value("Only for admins")
    expect(a.panel.locator("#settings-topic-error")).not_to_be_empty()
    expect(a.page.locator("#conversation-topic")).to_have_text("")
    expect(a.page.locator("#refused-changes")).to_be_empty()
    assert a.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('parley:outbox:')).length") == 0


def change_topic(person: Person, topic: str) -> None:
    person.choose_for("plans", "Settings")
    field = person.panel.get_by_label("Topic")
    field.fill(topic)
    field.press("Enter")
    expect(person.page.locator("#conversation-topic")).to_have_text(topic)


def archive(channel: Conversation) -> None:
    """Archive it without an event, so that the page does not know."""
    with organization_scope(channel.organization):
        Conversation.objects.filter(pk=channel.pk).update(archived_at="2026-01-01T00:00:00Z")


def test_joining_a_channel_waits_for_the_connection(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    with organization_scope(alice.organization):
        Participant.objects.filter(member=bob, conversation=plans).delete()
    b = browser_of(bob)
    b.visit(f"/o/{bob.organization.slug}/c/{plans.pk}")
    b.assert_in("plans")
    prepare(b)
    with b.offline():
        expect(b.page.locator("#connection")).to_have_attribute("data-status", "offline")
        b.page.get_by_role("button", name="Join the channel").click()
        expect(b.page.get_by_text("Joining the channel…")).to_be_visible()
    b.send_message("Here I am")
    b.assert_sent("Here I am")

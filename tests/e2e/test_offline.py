"""What the page shows without a connection, and when the connection is back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Conversation, Participant
from tests.e2e.person import Person
from tests.e2e.test_messages import fill

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    """Two channels of Alice and Bob."""
    found = []
    with organization_scope(alice.organization):
        for name in ("plans", "trips"):
            channel = Conversation.objects.create(organization=alice.organization, kind="public", name=name)
            for member in (alice, bob):
                Participant.objects.create(organization=alice.organization, conversation=channel, member=member)
            found.append(channel)
    return found


def test_a_channel_that_was_not_opened_before_can_be_written_in_without_a_connection(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member, charlie: Member
) -> None:
    fill(channels[1], bob, 400)  # more than the page knows at first
    with organization_scope(alice.organization):
        Participant.objects.filter(conversation=channels[1], member=bob).update(read_seq=400, read=[[0, 400]])
    a, b, c = browser_of(alice), browser_of(bob), browser_of(charlie)
    a.open("plans")
    b.open("trips")
    with a.offline():
        expect(a.page.locator("#connection")).to_have_attribute("data-status", "offline")
        a.open("trips")
        expect(a.page.get_by_text("Messages will load when you are back online.")).to_be_visible()
        a.send_message("Shall we go?")
        a.assert_waiting("Shall we go?")
    b.assert_sees("Shall we go?")
    expect(a.page.get_by_text("Messages will load when you are back online.")).to_be_hidden()
    expect(a.page.locator("#messages .message").first).to_be_visible()
    assert "Shall we go?" not in c.page.content()


def test_the_line_about_the_connection_covers_nothing(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    with a.offline():
        line = a.page.locator("#connection")
        expect(line).to_be_visible()
        box, header = line.bounding_box(), a.page.locator("#conversation").bounding_box()
        assert box is not None
        assert header is not None
        assert header["y"] >= box["y"] + box["height"]


def test_the_search_offers_people_for_an_operator_and_finds_channels(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("The export is live")
    a.assert_sent("The export is live")
    a.visit(f"/o/{alice.organization.slug}/search?q=trip")
    names = a.page.get_by_role("list", name="People and conversations")
    expect(names.get_by_role("link", name="#trips")).to_be_visible()
    field = a.page.get_by_role("main").get_by_role("combobox", name="Search messages")
    field.fill("")
    field.press_sequentially("expo from:ali")
    expect(a.page.get_by_role("option", name="Alice")).to_be_visible()
    field.press("Enter")
    expect(field).to_have_value("expo from:@alice ")
    field.press("Enter")
    result = a.page.get_by_role("main").get_by_role("listitem").filter(has_text="The export is live")
    expect(result).to_have_count(1)

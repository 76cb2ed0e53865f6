"""The list of conversations: it stands still while it is read, and members arrange it by sections of their own."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from chat.actions.conversations import start_direct
from chat.models import Conversation
from tests.cast import scope_of
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
Follow = Callable[[], None]


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    return [make_channel(name, alice, bob) for name in ("apples", "berries", "cherries")]


def write(person: Person, conversation: str, text: str) -> None:
    person.open(conversation)
    person.send_message(text)
    person.assert_sent(text)


def make_direct(member: Member, other: Member) -> None:
    with scope_of(member):
        start_direct(member, kind="direct", members=[other.pk])


def top_of(person: Person, section: str) -> float:
    """Where the heading of a section is, in pixels from the upper edge of the window."""
    box = person.page.get_by_role("button", name=section, exact=True).bounding_box()
    assert box is not None
    return box["y"]


def test_rows_keep_their_positions_while_they_are_read(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    names = ("apples", "berries", "cherries")
    for name in names[1:]:
        write(b, name, "Ripe")
        a.assert_unread(name, 1)
    a.assert_listed("Channels", *names)
    top = top_of(a, "Channels")
    for name in names[1:]:
        a.open(name)
        a.assert_read(name)
        a.assert_listed("Channels", *names)
        assert top_of(a, "Channels") == top
    a.press("Alt+ArrowUp")
    a.assert_in("berries")  # the order of the keys is the order of the rows


def test_direct_messages_are_ordered_by_their_last_message_also_after_a_reload(
    browser_of: BrowserOf, alice: Member, bob: Member, mona: Member
) -> None:
    for person in (bob, mona):
        make_direct(person, alice)
    a, b, m = browser_of(alice), browser_of(bob), browser_of(mona)
    write(b, "Alice", "First")
    write(m, "Alice", "Second")
    a.assert_listed("Direct messages", "Mona", "Bob")
    a.reload()
    a.assert_listed("Direct messages", "Mona", "Bob")
    write(b, "Alice", "Third")
    a.assert_listed("Direct messages", "Bob", "Mona")
    a.reload()
    a.assert_listed("Direct messages", "Bob", "Mona")


def test_nothing_moves_under_the_pointer(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member, mona: Member
) -> None:
    for person in (bob, mona):
        make_direct(person, alice)
    a, b, m = browser_of(alice), browser_of(bob), browser_of(mona)
    a.open("apples")
    write(b, "Alice", "First")
    write(m, "Alice", "Second")
    a.assert_listed("Direct messages", "Mona", "Bob")
    a.point_at("Bob")
    write(b, "Alice", "Third")
    a.assert_unread("Bob", 2)
    a.assert_listed("Direct messages", "Mona", "Bob")
    a.point_away()
    a.assert_listed("Direct messages", "Bob", "Mona")


def test_the_unread_filter_keeps_what_was_read_until_one_points_away(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    for name in ("berries", "cherries"):
        write(b, name, "Ripe")
        a.assert_unread(name, 1)
    a.page.get_by_role("button", name="Show unread only").click()
    a.assert_listed("Channels", "apples", "berries", "cherries")
    a.point_at("berries")
    a.page.get_by_role("link", name="berries").click()
    a.assert_read("berries")
    a.page.get_by_role("link", name="cherries").click()
    a.assert_read("cherries")
    a.assert_listed("Channels", "apples", "berries", "cherries")
    expect(a.page.get_by_text("Nothing is unread.")).to_be_visible()
    a.point_away()
    a.assert_listed("Channels", "cherries")
    a.page.get_by_role("button", name="Show unread only").click()
    a.assert_listed("Channels", "apples", "berries", "cherries")


def test_views_stay_in_sight_and_edges_lead_to_what_is_unread(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    for number in range(40):
        make_channel(f"team-{number:02}", alice, bob)
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    write(b, "team-39", "Far below")
    below = a.page.get_by_role("button", name="1 unread")
    expect(below).to_be_visible()
    row = a.page.get_by_role("link", name=re.compile("^team-39"))
    expect(row).not_to_be_in_viewport()
    below.click()
    expect(row).to_be_in_viewport()
    expect(below).to_be_hidden()
    for view in ("Inbox", "Threads", "Drafts", "People"):
        expect(a.page.get_by_role("link", name=re.compile(f"^{view}"))).to_be_in_viewport()
    expect(a.page.get_by_role("button", name="Search or jump to")).to_be_in_viewport()


def test_a_section_is_made_filled_renamed_moved_and_deleted(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    other = a.duplicate_tab()
    a.open("apples")
    make_section(a, "Fruit")
    a.choose_for("berries", "Move to section…")
    a.page.get_by_role("menuitemradio", name="Fruit").click()
    a.assert_listed("Fruit", "berries")
    a.assert_listed("Channels", "apples", "cherries")
    other.assert_listed("Fruit", "berries")
    make_section(a, "Later")
    assert sections(a) == ["Fruit", "Later", "Channels", "Direct messages"]
    act_on_section(a, "Later", "Move up")
    expect(a.page.locator("#side-own-sections h2").first).to_have_text("Later")
    act_on_section(a, "Fruit", "Rename")
    dialog = a.page.get_by_role("dialog", name="Rename section")
    dialog.get_by_label("Name").fill("Soft fruit")
    dialog.get_by_role("button", name="Save").click()
    a.reload()
    a.assert_listed("Soft fruit", "berries")
    assert sections(a) == ["Later", "Soft fruit", "Channels", "Direct messages"]
    act_on_section(a, "Soft fruit", "Delete section")
    a.page.get_by_role("dialog", name="Delete the section").get_by_role("button", name="Delete").click()
    a.assert_listed("Channels", "apples", "berries", "cherries")
    other.assert_listed("Channels", "apples", "berries", "cherries")
    assert sections(b) == ["Channels", "Direct messages"]  # they are the member's own


def test_a_conversation_is_dragged_into_a_section(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice)
    a.open("apples")
    make_section(a, "Fruit")
    a.page.get_by_role("link", name="cherries").drag_to(a.page.get_by_role("region", name="Fruit"))
    a.assert_listed("Fruit", "cherries")
    a.page.get_by_role("link", name="cherries").drag_to(a.page.get_by_role("region", name="Channels"))
    a.assert_listed("Channels", "apples", "berries", "cherries")


def test_a_section_without_a_name_is_not_made(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice)
    a.open("apples")
    a.expect_refusals()
    a.add("New section")
    dialog = a.page.get_by_role("dialog", name="New section")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("A section needs a name.")).to_be_visible()
    a.assert_accessible()
    a.press("Escape")
    assert sections(a) == ["Channels", "Direct messages"]


def test_what_one_answered_oneself_is_not_unread_after_a_reload(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    write(b, "apples", "Are they ripe?")
    a.open("apples")
    a.assert_sees("Are they ripe?")
    a.send_message("They are")
    a.assert_sent("They are")
    a.open("berries")
    a.assert_read("apples")
    a.reload()
    a.assert_read("apples")


def make_section(person: Person, name: str) -> None:
    person.add("New section")
    dialog = person.page.get_by_role("dialog", name="New section")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Create").click()
    expect(person.page.get_by_role("region", name=name)).to_be_visible()


def act_on_section(person: Person, section: str, action: str) -> None:
    person.page.get_by_role("button", name=section, exact=True).hover()
    person.page.get_by_role("button", name=f"Actions for the section {section}").click()
    person.page.get_by_role("menuitem", name=action).click()


def sections(person: Person) -> list[str]:
    """The headings in the list, from top to bottom."""
    headings = person.page.locator("#sidebar-body h2").locator("visible=true")
    return [heading.strip() for heading in headings.all_text_contents()]

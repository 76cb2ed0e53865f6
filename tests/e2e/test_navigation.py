"""Finding one's way: the list, keys, mentions, people, search with filters, devices, several tabs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Conversation, Participant
from tests.cast import make_member
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
Follow = Callable[[], None]


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    return [make_channel(name, alice, bob) for name in ("apples", "berries", "cherries")]


def test_keys_lead_through_the_list(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    a.press("Alt+ArrowDown")
    a.assert_in("berries")
    a.press("Alt+ArrowUp", "Alt+ArrowUp")
    a.assert_in("cherries")
    b.open("berries")
    b.send_message("Ripe")
    a.assert_unread("berries", 1)
    a.press("Alt+ArrowUp")
    a.assert_in("apples")
    a.press("Alt+Shift+ArrowUp")
    a.assert_in("berries")
    a.assert_read("berries")
    a.press("Alt+Shift+ArrowDown")
    expect(a.page.get_by_text("Nothing else is unread.")).to_be_visible()


def test_everything_is_marked_read_by_keys(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    for name in ("berries", "cherries"):
        b.open(name)
        b.send_message("News")
        a.assert_unread(name, 1)
    a.press("Shift+Escape")
    for name in ("berries", "cherries"):
        a.assert_read(name)
    a.reload()
    for name in ("berries", "cherries"):
        a.assert_read(name)


def test_sections_fold_and_what_is_unread_stays_in_sight(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    fold = a.page.get_by_role("button", name="Channels", exact=True)
    fold.click()
    expect(fold).to_have_attribute("aria-expanded", "false")
    a.assert_listed("Channels", "apples")
    a.reload()
    a.assert_in("apples")
    expect(fold).to_have_attribute("aria-expanded", "false")
    b.open("cherries")
    b.send_message("Ripe")
    a.assert_unread("cherries", 1)
    a.assert_listed("Unread", "cherries")
    fold.click()
    a.assert_listed("Channels", "apples", "berries")
    a.page.get_by_role("button", name="Show unread only").click()
    a.assert_listed("Unread", "cherries")
    a.assert_listed("Channels", "apples")


def test_what_is_unread_stands_on_top_what_calls_one_first_until_one_goes_on(
    browser_of: BrowserOf, follow: Follow, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    with organization_scope(alice.organization):
        Participant.objects.filter(conversation=make_channel("dates", alice, bob), member=alice).update(muted=True)
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    for name, text in (
        ("dates", "Unheard"),
        ("berries", "Ripe"),
        ("cherries", "@alice, they are ripe"),
        ("apples", "Ripe, too"),
    ):
        b.open(name)
        b.send_message(text)
    a.assert_sees("Ripe, too")  # the open conversation stays where it is
    follow()
    a.assert_listed("Unread", "cherries", "berries")
    a.assert_listed("Channels", "apples", "dates")
    a.open("berries")
    a.assert_read("berries")
    a.assert_listed("Unread", "cherries", "berries")
    a.page.get_by_role("button", name="Mark everything read").click()
    a.assert_read("cherries")
    a.open("apples")
    a.assert_listed("Unread")
    a.assert_listed("Channels", "apples", "berries", "cherries", "dates")


def test_a_conversation_is_favoured_muted_and_left_from_the_list(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    a.choose_for("berries", "Favourite")
    expect(a.page.get_by_role("region", name="Favourites").get_by_role("link", name="berries")).to_be_visible()
    a.choose_for("cherries", "Mute")
    expect(a.page.get_by_role("link", name=re.compile("^cherries muted"))).to_be_visible()
    b.open("cherries")
    b.send_message("Unheard")
    b.assert_sent("Unheard")
    b.open("apples")
    b.send_message("Heard")
    a.assert_sees("Heard")
    a.assert_read("cherries")
    a.choose_for("cherries", "Leave channel")
    expect(a.page.get_by_role("link", name=re.compile("^cherries"))).to_have_count(0)
    a.assert_in("apples")


def test_a_channel_notifies_as_one_asks(
    browser_of: BrowserOf, follow: Follow, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("apples")
    a.choose_for("berries", "Mentions of me")
    b.open("berries")
    b.send_message("To nobody in particular")
    b.send_message("@alice this is for you")
    b.assert_sent("this is for you")
    follow()
    a.assert_unread("berries", 1)
    expect(a.page).to_have_title(re.compile(r"^\(1\) "))


def test_mentions_and_replies_are_gathered(
    browser_of: BrowserOf, follow: Follow, channels: list[Conversation], alice: Member, bob: Member, charlie: Member
) -> None:
    a, b, c = browser_of(alice), browser_of(bob), browser_of(charlie)
    a.open("apples")
    a.send_message("Shall we pick them?")
    a.assert_sent("Shall we pick them?")
    b.open("apples")
    b.reply_in_thread("Shall we pick them?", "Yes, tomorrow")
    b.open("berries")
    b.send_message("@alice the berries are ripe")
    b.assert_sent("the berries are ripe")
    follow()
    a.see("Mentions")
    items = a.page.locator("#mentions").get_by_role("listitem")
    expect(items).to_have_count(2)
    expect(items.first).to_contain_text("the berries are ripe")
    a.page.get_by_role("radio", name="Replies").check()
    expect(items).to_have_count(1)
    expect(items.first).to_contain_text("Yes, tomorrow")
    a.page.get_by_role("radio", name="All").check()
    b.send_message("@alice and sweet")
    b.assert_sent("and sweet")
    follow()
    expect(items).to_have_count(3)
    items.first.get_by_role("link", name="Bob").click()
    expect(a.message("and sweet")).to_be_in_viewport()
    c.see("Mentions")
    expect(c.page.get_by_text("Nobody is waiting for you")).to_be_visible()


def test_people_are_found_and_written_to(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member, charlie: Member
) -> None:
    for number in range(150):
        make_member(alice.organization, f"Person {number:03}")
    a, c = browser_of(alice), browser_of(charlie)
    a.see("People")
    people = a.page.get_by_role("main").get_by_role("listitem")
    expect(people.first).to_be_visible()
    a.page.locator("#people-body").evaluate("body => body.scrollTo(0, body.scrollHeight)")
    expect(a.page.get_by_role("button", name="Person 100")).to_have_count(1)
    a.page.get_by_role("searchbox", name="Find somebody").fill("bob")
    expect(people).to_have_count(1)
    a.page.get_by_role("button", name="Bob").click()
    card = a.page.get_by_role("dialog", name="Bob")
    expect(card).to_contain_text("@bob")
    expect(card.get_by_role("link", name="apples")).to_be_visible()
    card.get_by_role("button", name="Message").click()
    a.assert_in("Bob")
    c.see("People")
    expect(c.page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    c.page.get_by_role("searchbox", name="Find somebody").fill("bob")
    expect(c.page.get_by_text("Nobody is called “bob”")).to_be_visible()


def test_search_is_narrowed_by_what_is_typed_and_by_chips(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    for person, name in ((a, "apples"), (b, "apples"), (b, "berries")):
        person.open(name)
        person.send_message(f"The harvest of {person.member.name} in {name}")
        person.assert_sent(f"The harvest of {person.member.name} in {name}")
    results = a.page.get_by_role("main").get_by_role("listitem")
    a.search("harvest from:@bob in:#apples")
    expect(results).to_have_count(1)
    expect(results).to_contain_text("harvest of Bob in apples")
    expect(a.page.get_by_role("button", name="From Bob", exact=True)).to_be_visible()
    a.page.get_by_role("button", name="Remove the filter In #apples").click()
    expect(results).to_have_count(2)
    a.page.get_by_role("button", name="Remove the filter From Bob").click()
    expect(results).to_have_count(3)
    a.page.get_by_role("button", name="From", exact=True).click()
    a.page.get_by_role("combobox", name="From").fill("ali")
    a.press("Enter")
    expect(results).to_have_count(1)
    a.page.go_back()
    expect(results).to_have_count(3)
    a.search("harvest after:2099-01-01")
    expect(a.page.get_by_text("Nothing found")).to_be_visible()


def test_a_search_without_a_network_keeps_the_words_and_works_again_later(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice)
    a.open("apples")
    a.send_message("The harvest is in")
    a.assert_sent("The harvest is in")
    a.see("Mentions")
    a.search("warm up")  # the script of the view is there
    expect(a.page.get_by_text("Nothing found")).to_be_visible()
    with a.offline():
        a.search("harvest")
        expect(a.page.get_by_text("The search did not work")).to_be_visible()
        expect(a.page.get_by_role("main").get_by_role("searchbox", name="Search messages")).to_have_value("harvest")
    a.page.get_by_role("button", name="Try again").click()
    expect(a.page.get_by_role("main").get_by_role("listitem")).to_have_count(1)


def test_what_is_read_in_one_tab_is_read_in_the_others_at_once(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    with organization_scope(alice.organization):
        Participant.objects.exclude(conversation=channels[0]).update(muted=False)
    a, b = browser_of(alice, own=True), browser_of(bob)
    a.open("apples")
    b.open("berries")
    b.send_message("For every tab")
    a.assert_unread("berries", 1)
    other = a.duplicate_tab()
    other.assert_unread("berries", 1)
    told: list[str] = []
    other.page.on("websocket", lambda socket: told.append(socket.url))
    other.page.context.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    a.open("berries")
    a.assert_read("berries")
    other.assert_read("berries")


def test_news_of_another_organization_are_seen(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, charlie: Member
) -> None:
    guest = make_member(charlie.organization, "Alice of Acme", role="guest", user=alice.user)
    make_channel("globe", charlie, guest)
    a, c = browser_of(alice), browser_of(charlie)
    a.assert_in("apples")
    switcher = a.page.get_by_role("button", name="Acme")
    expect(a.page.get_by_text("something is unread elsewhere")).to_be_hidden()
    c.open("globe")
    c.send_message("Around the world")
    c.assert_sent("Around the world")
    switcher.click()
    expect(a.page.get_by_role("menuitemradio", name="Globex unread")).to_be_visible()
    a.press("Escape")
    expect(a.page.get_by_text("something is unread elsewhere")).to_be_visible()


def test_a_lost_device_is_signed_out(browser_of: BrowserOf, channels: list[Conversation], alice: Member) -> None:
    here, lost = browser_of(alice), browser_of(alice)
    lost.expect_refusals()
    lost.expect_broken_connections()
    dialog = here.open_own("Devices")
    devices = dialog.get_by_role("listitem")
    expect(devices).to_have_count(2)
    expect(devices.first).to_contain_text("This one")
    dialog.get_by_role("button", name="Sign out all others").click()
    here.page.get_by_role("dialog", name="Sign out 1 other device?").get_by_role("button", name="Sign out").click()
    expect(devices).to_have_count(1)
    expect(lost.page.get_by_text("You are signed out.")).to_be_visible()
    here.reload()
    here.assert_in("apples")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nobody_is_shut_out(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member, theme: str
) -> None:
    """axe finds nothing, on any of the views and dialogs."""
    a, b = browser_of(alice, dark=theme == "dark"), browser_of(bob)
    b.open("berries")
    b.send_message("@alice look at this harvest")
    a.assert_unread("berries", 1)
    a.choose_for("cherries", "Mute")
    a.choose_for("apples", "Favourite")
    for path in ("", "mentions", "people", "search", "search?q=harvest+from:@bob"):
        a.visit(f"/o/acme/{path}")
        expect(a.page.locator("#side-channels-list a").first).to_be_visible()
        expect(a.page.locator(".view-status:not(:empty)", has_text="…")).to_have_count(0)
        a.assert_accessible()
    for chord in ("Control+k", "Control+,", "Control+Shift+K", "Control+Shift+L"):
        a.press(chord)
        expect(a.page.get_by_role("dialog")).to_be_visible()
        a.assert_accessible()
        a.press("Escape", "Escape")  # the choices of a field first
        expect(a.page.get_by_role("dialog")).to_be_hidden()
    a.page.locator("#side-direct-list, #side-channels-list").get_by_role("link").first.click(button="right")
    expect(a.page.get_by_role("menu", name="Actions for")).to_be_visible()
    a.assert_accessible()


def test_on_a_phone_one_thing_is_shown_at_a_time(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a = browser_of(alice, phone=True)
    nav = a.page.get_by_role("navigation", name="Conversations")
    for view in ("Mentions", "People"):
        a.see(view)
        a.assert_fits()
        expect(nav).to_be_hidden()
        a.page.go_back()
        expect(nav).to_be_visible()
    a.open("apples")
    expect(nav).to_be_hidden()
    a.page.go_back()
    expect(nav).to_be_visible()
    a.open_own("Preferences")
    a.assert_fits()
    small = a.page.evaluate(SMALL_TARGETS)
    assert small == [], "targets under 40 px"


# What can be pressed in the open dialog, and in the list behind it, and is lower than a finger needs.
SMALL_TARGETS = """
() => [...document.querySelectorAll("#sidebar a, #sidebar button, dialog[open] button, dialog[open] .segments label")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .map((one) => [one.textContent.trim() || one.getAttribute("aria-label"), one.getBoundingClientRect().height])
  .filter(([, height]) => height > 0 && Math.round(height) < 40)
"""

"""The right panel: what it holds, how it is opened, made wider and closed, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.actions.messages import send_message
from chat.actions.pins import pin_message
from chat.models import Conversation, Message, Participant
from tests.cast import scope_of
from tests.e2e.cast import make_channel
from tests.e2e.person import Person
from tests.e2e.waiting import wait_until

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]


@pytest.fixture
def plans(alice: Member, bob: Member) -> Conversation:
    return make_channel("plans", alice, bob)


def fill(channel: Conversation, author: Member, count: int) -> None:
    """Messages that everybody in the channel has read: "Line 1." and so on."""
    with scope_of(author):
        for number in range(1, count + 1):
            send_message(author, channel.pk, text=f"Line {number}.", ref=uuid4())
        Participant.objects.filter(conversation=channel).update(read_seq=count)


def width_of(person: Person) -> float:
    box = person.page.locator("#panel").bounding_box()
    assert box is not None
    return box["width"]


def test_the_number_of_people_opens_people_and_names_what_may_be_done(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, charlie: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    panel = a.open_panel("2 people")
    expect(panel.get_by_role("heading", name="People")).to_be_visible()
    expect(panel.get_by_role("listitem")).to_have_text([re.compile("Alice"), re.compile("Bob")])
    panel.get_by_role("combobox", name="Add people").fill(charlie.name)
    expect(panel.locator(".picker").get_by_text("Nobody by that name.")).to_be_visible()
    panel.get_by_role("combobox", name="Add people").fill("")
    panel.get_by_role("button", name="Actions for Bob").click()
    a.page.get_by_role("menuitem", name="Make channel admin").click()
    expect(panel.get_by_role("listitem").filter(has_text="Bob").get_by_text("Admin", exact=True)).to_be_visible()
    with organization_scope(alice.organization_id):
        assert Participant.objects.get(conversation=plans, member=bob).role == "admin"


def test_settings_fit_a_laptop_and_save_themselves(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.expect_refusals()
    a.open("plans")
    panel = a.open_panel("Channel settings")
    expect(panel.get_by_role("button", name="Archive channel")).to_be_in_viewport(ratio=1)
    name = panel.get_by_label("Name")
    name.fill("!!!")
    name.press("Enter")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(panel.locator("#settings-name-error")).to_be_visible()
    expect(name).to_have_value("!!!")
    expect(a.page.locator("#refused-changes")).to_be_empty()
    name.press("Escape")
    expect(name).to_have_value("plans")
    expect(panel).to_be_visible()
    panel.get_by_label("Notify me of").select_option("none")
    expect(panel.get_by_text("Saved.")).to_be_visible()
    a.reload()
    expect(panel.get_by_label("Notify me of")).to_have_value("none")


def test_escape_closes_it_and_the_focus_returns(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    button = a.page.get_by_role("button", name="Pinned messages")
    button.focus()
    a.press("Enter")
    expect(a.panel.get_by_role("heading", name="Pinned messages")).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    a.press("Escape")
    expect(a.panel).to_be_hidden()
    expect(button).to_be_focused()
    a.assert_in("plans")


def test_the_address_names_it(browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member) -> None:
    a = browser_of(alice)
    a.visit(f"/o/acme/c/{plans.pk}?panel=people")
    expect(a.panel.get_by_role("listitem")).to_have_count(2)
    a.panel.get_by_role("button", name="Bob", exact=True).click()
    expect(a.panel.get_by_role("heading", name="Bob")).to_be_visible()
    a.reload()
    expect(a.panel.get_by_role("heading", name="Bob")).to_be_visible()
    a.panel.get_by_role("button", name="Back").click()
    expect(a.panel.get_by_role("listitem")).to_have_count(2)
    a.panel.get_by_role("button", name="Close").click()
    expect(a.panel).to_be_hidden()
    expect(a.page).to_have_url(re.compile(f"/c/{plans.pk}$"))


def test_its_width_is_changed_and_remembered(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice, own=True)
    a.page.set_viewport_size({"width": 1920, "height": 1080})
    a.open("plans")
    a.open_panel("2 people")
    edge = a.page.get_by_role("separator", name="Width of the panel")
    narrow = width_of(a)
    edge.focus()
    a.press("ArrowLeft", "ArrowLeft")
    wait_until(a.page, f"() => document.querySelector('#panel').offsetWidth >= {narrow + 32}")
    edge.hover()
    a.page.mouse.down()
    a.page.mouse.move(1100, 400)
    a.page.mouse.up()
    wait_until(a.page, "() => Math.abs(document.querySelector('#panel').offsetWidth - 820) < 8")
    edge.focus()
    a.press("End")
    wait_until(a.page, "() => document.querySelector('#panel').offsetWidth === 1152")  # 60 % of the screen
    a.reload()
    a.assert_in("plans")
    expect(a.panel).to_be_visible()
    assert width_of(a) == 1152
    edge.focus()
    a.press("Home")
    wait_until(a.page, "() => document.querySelector('#panel').offsetWidth === 352")


def test_on_a_phone_it_is_a_page_with_a_way_back(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    fill(plans, bob, 40)
    with scope_of(bob):
        pin_message(bob, Message.objects.get(conversation=plans, seq=3).pk)
    a = browser_of(alice, phone=True)
    a.open("plans")
    panel = a.open_panel("2 people")
    assert width_of(a) == a.page.viewport_size["width"]
    a.assert_fits()
    a.page.go_back()
    expect(panel).to_be_hidden()
    a.open_panel("2 people")
    panel.get_by_role("link", name="Pinned").click()
    panel.get_by_role("link", name="Bob").click()  # the pinned message itself
    expect(panel).to_be_hidden()
    expect(a.message("Line 3.")).to_be_in_viewport()
    a.open_panel("Channel settings")
    panel.get_by_role("button", name="Back").click()
    expect(panel).to_be_hidden()
    a.assert_in("plans")


def test_words_are_found_in_this_conversation_alone(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    other = make_channel("other", alice, bob)
    fill(plans, bob, 60)
    fill(other, bob, 60)
    a = browser_of(alice)
    a.open("plans")
    panel = a.open_panel("Search in this conversation")
    field = panel.get_by_role("searchbox", name="Search in this conversation")
    expect(field).to_be_focused()
    field.fill("Line 7")
    field.press("Enter")
    expect(panel.get_by_role("listitem")).to_have_count(1)
    panel.get_by_role("listitem").get_by_role("link").click()
    expect(a.message("Line 7.")).to_be_in_viewport()
    expect(panel.get_by_role("listitem")).to_have_count(1)  # the list stays beside the conversation
    a.open("other")
    expect(panel).to_be_hidden()


def test_who_has_read_it_stands_in_the_panel(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("Have you seen this?")
    a.assert_sent("Have you seen this?")
    a.act_on("Have you seen this?", "Delivered and read")
    expect(a.panel.get_by_role("heading", name="Delivered and read")).to_be_visible()
    expect(a.panel.get_by_role("listitem").filter(has_text="Bob")).to_be_visible()


def test_the_header_of_a_direct_message_shows_who_it_is(
    browser_of: BrowserOf, alice: Member, bob: Member, plans: Conversation
) -> None:
    with organization_scope(alice.organization_id):
        Member.objects.filter(pk=bob.pk).update(title="Head of ships")
    a = browser_of(alice)
    a.start_direct_message("Bob")
    a.assert_in("Bob")
    header = a.page.locator("#conversation-header")
    expect(header).to_contain_text("Head of ships · offline")
    header.get_by_role("button", name="Bob").click()
    expect(a.panel.get_by_role("heading", name="Bob")).to_be_visible()
    expect(a.panel.get_by_role("link", name="plans")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_it(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, *, phone: bool, dark: bool
) -> None:
    fill(plans, bob, 3)
    with scope_of(bob):
        message = Message.objects.get(conversation=plans, seq=3)
        pin_message(bob, message.pk)
    a = browser_of(alice, phone=phone, dark=dark)
    contents = ("about", "people", "pinned", "search&find=line", "settings", f"profile&of={bob.pk}")
    for content in (*contents, f"receipts&of={message.pk}"):
        a.visit(f"/o/acme/c/{plans.pk}?panel={content}")
        expect(a.panel).to_be_visible()
        expect(a.page.locator("#messages .message").first).to_be_attached()
        a.assert_fits()
        a.assert_accessible()

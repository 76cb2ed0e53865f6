"""A report, from the message to the outcome: Bob reports, Mona decides at the desk, by keyboard, and Bob sees it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import AuditEntry, Member
from accounts.tenancy import organization_scope
from chat.models import Conversation, Report
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]


@pytest.fixture
def town(transactional_db: None, alice: Member, bob: Member, gus: Member, mona: Member) -> Conversation:
    return make_channel("town", alice, bob, gus, mona)


def report(person: Person, text: str, *, reason: str, comment: str) -> None:
    """As an app does it: by REST, from the person's own session."""
    identifier = person.message(text).get_attribute("data-message")
    token = next(each["value"] for each in person.page.context.cookies() if each["name"] == "csrftoken")
    answer = person.page.request.post(
        f"/o/acme/api/v1/messages/{identifier}/report",
        data={"reason": reason, "comment": comment},
        headers={"X-CSRFToken": token, "Referer": person.page.url},
    )
    assert answer.status == 201, answer.text()


def go_to_desk(person: Person) -> Page:
    page = person.page
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Open reports")).to_be_visible()
    return page


def press(page: Page, key: str, title: str, reason: str) -> None:
    """The key of an act, its reason, and Ctrl+Enter."""
    page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name=title)
    field = dialog.get_by_role("textbox").last
    field.fill(reason)
    field.press("Control+Enter")


def test_a_report_from_message_to_outcome(browser_of: BrowserOf, town: Conversation, bob, gus, mona) -> None:
    guest, writer = browser_of(gus), browser_of(bob)
    guest.open("town")
    guest.send_message("before it all")
    guest.send_message("buy my coins")
    guest.assert_sent("buy my coins")
    writer.open("town")
    report(writer, "buy my coins", reason="spam", comment="third time today")

    moderator = browser_of(mona)
    page = go_to_desk(moderator)
    page.get_by_role("link", name=re.compile("^Open reports")).click()
    row = page.get_by_role("row").filter(has_text="buy my coins")
    expect(row).to_be_visible()
    page.keyboard.press("j")  # the first of the list
    page.keyboard.press("Enter")
    expect(page.get_by_text("third time today")).to_be_visible()
    expect(page.get_by_text("before it all")).to_be_visible()  # where it was said
    page.keyboard.press("t")
    expect(page.get_by_text("with Mona")).to_be_visible()
    press(page, "h", "Hide", "advertising")
    expect(page.get_by_text("The message was hidden from everybody.")).to_be_visible()
    writer.assert_sees("buy my coins", times=0)  # at once, on Bob's screen
    press(page, "r", "Resolve", "an account for spam")
    expect(page.get_by_text("Message hidden")).to_be_visible()

    with organization_scope(town.organization_id):
        (found,) = Report.objects.all()
        actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert (found.state, found.outcome, found.decided_by_id) == ("resolved", "hidden", mona.pk)
    assert {"message.report", "report.decided"} <= actions
    page.keyboard.press("u")
    expect(page.get_by_text("No entries")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_desk_fits_and_is_refused_nothing(
    browser_of: BrowserOf, town: Conversation, alice, bob, scheme: str
) -> None:
    """On the pages of the desk the browser refuses nothing, nothing is wider than a phone, and the menus work."""
    person = browser_of(alice)
    page = go_to_desk(person)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in ("", "chat/report/", "accounts/member/", "chat/conversation/", "chat/client/", "accounts/auditentry/"):
        page.set_viewport_size({"width": 360, "height": 800})
        page.goto(f"/admin/{path}")
        page.wait_for_load_state("networkidle")
        person.assert_fits()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"/admin/accounts/member/{bob.pk}/change/")
    page.keyboard.press("w")
    dialog = page.get_by_role("dialog", name="Warn")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_text("Acme", exact=True).first.click()
    expect(page.get_by_role("link", name="Acme")).to_be_visible()  # the switcher: read by our own interpreter


def test_charlie_is_not_let_to_acmes_desk(browser_of: BrowserOf, town: Conversation, bob, charlie) -> None:
    page = go_to_desk(browser_of(charlie))
    page.goto("/admin/accounts/member/")
    expect(page.get_by_role("link", name="Charlie")).to_be_visible()
    expect(page.get_by_text("Bob")).to_have_count(0)

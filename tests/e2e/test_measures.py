"""What a moderator does is seen where it matters: by whoever it concerns, by the reporter, by the other moderators."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Member
from chat.models import Conversation
from tests.cast import PASSWORD
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]


@pytest.fixture
def town(transactional_db: None, alice: Member, bob: Member, gus: Member, mona: Member) -> Conversation:
    return make_channel("town", alice, bob, gus, mona)


def call(person: Person, method: str, path: str, body: Any = None) -> Any:
    """As an app does it: by REST, from the person's own session."""
    token = next(each["value"] for each in person.page.context.cookies() if each["name"] == "csrftoken")
    answer = person.page.request.fetch(
        f"/o/acme/api/v1/{path}",
        method=method,
        data=body,
        headers={"X-CSRFToken": token, "Referer": person.page.url},
    )
    assert answer.ok, answer.text()
    return answer.json()


def act(moderator: Person, member: Member, what: str, **body: Any) -> Any:
    return call(moderator, "POST", f"members/{member.pk}/{what}", body)


def report(reporter: Person, text: str) -> str:
    message = reporter.message(text).get_attribute("data-message")
    return str(call(reporter, "POST", f"messages/{message}/report", {"reason": "spam", "comment": "again"})["id"])


def in_an_hour() -> str:
    return (timezone.now() + timedelta(hours=1)).isoformat()


def test_a_warning_stands_above_the_composer_until_it_is_understood(
    browser_of: BrowserOf, town: Conversation, bob: Member, gus: Member, mona: Member
) -> None:
    warned, moderator, other = browser_of(bob), browser_of(mona), browser_of(gus)
    for person in (warned, other):
        person.open("town")
    act(moderator, bob, "warn", reason="Mind your tone, <b>please</b>.")
    bar = warned.page.get_by_role("alert")
    expect(bar).to_contain_text("Mind your tone, <b>please</b>.")
    expect(bar).not_to_contain_text("Mona")
    warned.assert_accessible()
    warned.send_message("I can still write")
    other.assert_sees("I can still write")
    expect(other.page.get_by_role("alert")).to_have_count(0)

    warned.reload()
    expect(bar).to_contain_text("Mind your tone")
    second = warned.duplicate_tab()
    expect(second.page.get_by_role("alert")).to_contain_text("Mind your tone")
    warned.page.get_by_role("button", name="I understand").click()
    for tab in (warned, second):
        expect(tab.page.get_by_role("alert")).to_have_count(0)
    warned.reload()
    warned.assert_in("town")
    warned.assert_live()
    expect(bar).to_have_count(0)

    moderator.page.goto("/admin/chat/sanction/")
    expect(moderator.page.get_by_role("row").filter(has_text="Mind your tone")).to_contain_text("Read")


def test_a_muted_member_reads_why_and_writes_again_when_it_is_lifted(
    browser_of: BrowserOf, town: Conversation, bob: Member, mona: Member
) -> None:
    muted, moderator = browser_of(bob), browser_of(mona)
    muted.open("town")
    muted.send_message("before")
    muted.assert_sent("before")
    muted.reply_in_thread("before", "in the thread")
    act(moderator, bob, "mute", reason="Floods the channel", until=in_an_hour())
    bars = muted.page.get_by_text("A moderator has muted you until").locator("visible=true")
    expect(bars).to_have_count(2)  # the conversation's, and the thread's
    for bar in bars.all():
        expect(bar).to_contain_text("Reason: Floods the channel")
    expect(muted.composer).to_be_hidden()
    act(moderator, bob, "lift", kind="mute", reason="Enough")
    expect(bars).to_have_count(0)
    muted.send_message("after")
    muted.assert_sent("after")


def test_a_mute_that_ends_by_itself_lets_the_member_write_without_a_reload(
    browser_of: BrowserOf, town: Conversation, bob: Member, mona: Member
) -> None:
    muted, moderator = browser_of(bob), browser_of(mona)
    muted.open("town")
    act(moderator, bob, "mute", reason="Calm down", until=(timezone.now() + timedelta(seconds=8)).isoformat())
    expect(muted.page.get_by_text("Reason: Calm down").locator("visible=true")).to_have_count(1)
    expect(muted.composer).to_be_visible()
    muted.send_message("calm now")
    muted.assert_sent("calm now")


def test_a_suspended_member_reads_why_and_comes_back(
    browser_of: BrowserOf, town: Conversation, bob: Member, mona: Member
) -> None:
    suspended, moderator = browser_of(bob, own=True), browser_of(mona)
    suspended.open("town")
    suspended.expect_refusals()
    suspended.expect_broken_connections()
    act(moderator, bob, "suspend", reason="Threats & insults", until=in_an_hour())
    page = suspended.page
    page.get_by_role("link", name=re.compile("^(Sign in again|To your organizations)$")).click()
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(bob.user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page.get_by_text("Threats & insults")).to_be_visible()  # wherever that led
    page.goto("/o/acme/")
    expect(page.get_by_role("heading", name="You are suspended")).to_be_visible()
    expect(page.get_by_text("Threats & insults")).to_be_visible()
    suspended.assert_accessible()
    act(moderator, bob, "lift", kind="suspension", reason="They apologised")
    page.goto("/o/acme/")
    suspended.open("town")
    suspended.send_message("I am back")
    suspended.assert_sent("I am back")


def test_the_reporter_reads_the_outcome_among_the_mentions(
    browser_of: BrowserOf, town: Conversation, bob: Member, gus: Member, mona: Member
) -> None:
    reporter, author, moderator = browser_of(bob), browser_of(gus), browser_of(mona)
    author.open("town")
    author.send_message("buy my coins")
    author.assert_sent("buy my coins")
    reporter.open("town")
    reporter.assert_sent("buy my coins")
    identifier = report(reporter, "buy my coins")
    badge = reporter.page.locator("#mentions-badge")
    expect(badge).to_be_hidden()
    call(moderator, "PATCH", f"reports/{identifier}", {"state": "resolved", "outcome": "warned"})
    expect(badge).to_contain_text("1")
    reporter.see("Mentions")
    entry = reporter.page.locator("#mentions-list > li").filter(has_text="Your report was decided")
    expect(entry).to_contain_text("The author was warned.")
    expect(entry).not_to_contain_text("Mona")
    reporter.assert_accessible()
    entry.get_by_role("button", name="Mark read").click()
    expect(badge).to_be_hidden()
    expect(entry).to_be_visible()
    reporter.reload()
    expect(entry.get_by_role("button", name="Mark read")).to_be_hidden()
    expect(author.page.get_by_text("report", exact=False).locator("visible=true")).to_have_count(0)


def test_moderators_see_how_many_reports_are_open_and_go_to_the_desk(
    browser_of: BrowserOf, town: Conversation, alice: Member, bob: Member, gus: Member, mona: Member
) -> None:
    reporter, moderator, author = browser_of(bob), browser_of(mona), browser_of(gus)
    for person in (moderator, author):
        person.open("town")
        person.send_message(f"buy my coins, says {person.member.name}")
        person.assert_sent(f"buy my coins, says {person.member.name}")
    dot = moderator.page.locator("#desk-dot")
    expect(dot).to_be_hidden()
    reporter.open("town")
    for name in ("Mona", "Gus"):
        reporter.assert_sent(f"buy my coins, says {name}")
        report(reporter, f"buy my coins, says {name}")
    expect(dot).to_be_visible()
    moderator.page.get_by_role("button", name="Acme").click()
    entry = moderator.page.get_by_role("menuitem", name="Moderation 1 open reports")  # not the one about Mona
    expect(entry).to_be_visible()
    moderator.assert_accessible()
    moderator.press("Escape")
    moderator.see("Mentions")
    expect(moderator.page.get_by_text("1 open report", exact=True)).to_be_visible()
    moderator.page.get_by_role("link", name="Open the desk").click()
    page = moderator.page
    expect(page.get_by_role("row").filter(has_text="buy my coins, says Gus")).to_be_visible()
    expect(page.get_by_text("says Mona")).to_have_count(0)
    page.get_by_role("link", name="Conversations").last.click()
    moderator.assert_in("town")
    for person in (reporter, author):
        person.page.get_by_role("button", name="Acme").click()
        expect(person.page.get_by_role("menuitem", name="New organization")).to_be_visible()
        expect(person.page.get_by_role("menuitem", name="Moderation")).to_have_count(0)

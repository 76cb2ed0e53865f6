"""The device's clock is wrong, and days end while the page is open."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Conversation, Message
from tests.e2e.cast import make_channel
from tests.e2e.person import Person
from tests.e2e.test_preferences import GATHER, notices
from tests.e2e.waiting import wait_until

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
SHIFT = """
(by) => {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + by); }
    static now() { return Real.now() + by; }
  };
}
"""


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    return [make_channel(name, alice, bob) for name in ("apples", "berries")]


@pytest.mark.parametrize("off", [timedelta(minutes=5), timedelta(minutes=-7), timedelta(days=3), timedelta(days=-400)])
def test_notifications_and_days_are_the_same_whatever_the_clock_says(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member, off: timedelta
) -> None:
    a, b = browser_of(alice, own=True), browser_of(bob)
    a.page.context.add_init_script(f"({SHIFT})({off / timedelta(milliseconds=1)})")
    a.page.context.add_init_script(f"({GATHER})()")
    a.reload()
    a.open("apples")
    a.open_own("Preferences").get_by_role("switch", name="Desktop notifications").check()
    a.press("Escape")
    b.open("berries")
    b.send_message("Come and see @alice")
    a.assert_unread("berries", 1)
    wait_until(a.page, "() => window.notices.length > 0")
    assert notices(a.page) == ["Bob in #berries: Come and see @Alice"]
    a.open("berries")
    expect(a.page.locator(".day-label")).to_have_text("Today")
    a.assert_live()


def test_today_becomes_yesterday_at_midnight(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice, own=True), browser_of(bob)
    b.open("apples")
    b.send_message("Of the day before")
    b.assert_sent("Of the day before")
    b.start_direct_message("Alice")
    b.assert_in("Alice")
    b.send_message("Psst")
    b.assert_sent("Psst")
    # The midnight that is nearest: a clock that is off by a day is nobody's calendar.
    midnight = (datetime.now(UTC) + timedelta(hours=12)).replace(hour=0, minute=0, second=0, microsecond=0)
    with organization_scope(alice.organization_id):
        Message.objects.update(created_at=midnight - timedelta(hours=1))
        Conversation.objects.exclude(last_seq=0).update(last_message_at=midnight - timedelta(hours=1))
    a.page.clock.install(time=midnight - timedelta(seconds=30))
    a.reload()
    a.open("apples")
    expect(a.page.locator(".day-label")).to_have_text("Today")
    row = a.page.get_by_role("link", name=re.compile("^Bob")).locator("[data-slot=time]")
    expect(row).to_have_text(re.compile(r"\d\d:\d\d"))
    a.page.clock.run_for(31_000)
    expect(a.page.locator(".day-label")).to_have_text("Yesterday")
    expect(row).not_to_have_text(re.compile(r"\d\d:\d\d"))

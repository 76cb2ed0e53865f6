"""How the page looks and makes itself noticed, as each member likes it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Member
from chat.models import Conversation
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]

# What the browser would show outside the page is gathered; `press` presses the last one.
GATHER = """
() => {
  window.notices = [];
  window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(title, options) {
      this.close = () => this.onclose?.();
      window.notices.push({ title, body: options.body, notice: this });
    }
  };
}
"""


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    return [make_channel(name, alice, bob) for name in ("apples", "berries", "cherries")]


def notices(page: Page) -> list[str]:
    return list(page.evaluate("window.notices.map(({ title, body }) => `${title}: ${body}`)"))


def test_a_theme_is_kept_shared_and_there_at_the_first_paint(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    other = a.duplicate_tab()
    other.assert_in("apples")
    html = a.page.locator("html")
    a.open_own("Preferences").get_by_role("radio", name="Dark").check()
    expect(html).to_have_attribute("data-theme", "dark")
    expect(other.page.locator("html")).to_have_attribute("data-theme", "dark")
    a.page.get_by_role("dialog", name="Preferences").get_by_role("radio", name="Compact").check()
    expect(other.page.locator("html")).to_have_attribute("data-density", "compact")
    served = a.page.request.get("/o/acme/").text()
    assert 'data-theme="dark"' in served and 'data-density="compact"' in served
    a.reload()
    expect(html).to_have_css("background-color", re.compile(r"rgb\((1|2)\d, "))
    assert b.page.locator("html").get_attribute("data-theme") == "system"


def test_the_clock_is_the_one_that_was_chosen(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice)
    a.open("apples")
    a.send_message("What time is it?")
    a.assert_sent("What time is it?")
    time = a.message("What time is it?").locator("time")
    expect(time).to_have_text(re.compile("[AP]M$"))
    dialog = a.open_own("Preferences")
    dialog.get_by_role("radio", name="13:30").check()
    expect(time).to_have_text(re.compile(r"^\d\d:\d\d$"))
    a.reload()
    expect(time).to_have_text(re.compile(r"^\d\d:\d\d$"))


def test_one_tab_notifies_of_what_is_not_being_read(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice, own=True), browser_of(bob)
    a.page.context.add_init_script(f"({GATHER})()")
    a.reload()
    a.open("apples")
    a.open_own("Preferences").get_by_role("switch", name="Desktop notifications").check()
    a.press("Escape")
    a.choose_for("cherries", "Nothing")
    other = a.duplicate_tab()
    other.assert_in("apples")
    b.open("cherries")
    b.send_message("Not worth a word")
    b.assert_sent("Not worth a word")
    b.open("berries")
    b.send_message("Come and **see**")
    for tab in (a, other):
        tab.assert_unread("berries", 1)
        expect(tab.page).to_have_title(re.compile(r"^\(1\) "))
    assert [*notices(a.page), *notices(other.page)] == ["Bob in #berries: Come and see"]
    a.page.evaluate("window.notices[0].notice.onclick()")
    a.assert_in("berries")
    expect(a.message("Come and see")).to_be_in_viewport()
    a.page.bring_to_front()
    b.send_message("You are reading this")
    a.assert_sees("You are reading this")
    assert len(notices(a.page)) == 1 and notices(other.page) == []


def test_nothing_is_shown_outside_the_page_unasked(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice, own=True), browser_of(bob)
    a.page.context.add_init_script(f"({GATHER})()")
    a.reload()
    a.open("apples")
    b.open("berries")
    b.send_message("Quietly")
    a.assert_unread("berries", 1)
    assert notices(a.page) == []

"""What a browser keeps of somebody who has signed out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import Member
from chat.models import Conversation
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
KEPT = "Object.keys({ ...localStorage, ...sessionStorage }).filter((key) => key.startsWith('parley:'))"


@pytest.fixture
def channels(transactional_db: None, alice: Member) -> list[Conversation]:
    return [make_channel(name, alice) for name in ("apples", "berries")]


def sign_out(person: Person) -> None:
    person.page.get_by_role("button", name=re.compile("^Alice @")).click()
    person.page.get_by_role("menuitem", name="Sign out").click()


def test_on_a_device_of_somebody_else_nothing_stays_and_what_is_lost_is_said_before(
    browser_of: BrowserOf, channels: list[Conversation], alice: Member
) -> None:
    a = browser_of(alice, own=True)
    a.expect_refusals()  # what was asked for at the moment of signing out
    a.open("apples")
    other = a.duplicate_tab()
    other.open("berries")
    a.write("Half a")
    a.open("berries")
    expect(a.page.get_by_role("link", name="apples draft")).to_be_visible()
    sign_out(a)
    question = a.page.get_by_role("dialog", name="Sign out and delete what is not sent?")
    expect(question.get_by_text("1 message or draft is in this browser only.")).to_be_visible()
    question.get_by_role("button", name="Cancel").click()
    a.reload()
    a.open("apples")
    expect(a.composer).to_have_value("Half a")
    sign_out(a)
    question.get_by_role("button", name="Sign out").click()
    expect(a.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(other.page.get_by_role("heading", name="Sign in")).to_be_visible()
    for tab in (a, other):
        assert tab.page.evaluate(KEPT) == []


def test_on_ones_own_device_drafts_wait(browser_of: BrowserOf, channels: list[Conversation], alice: Member) -> None:
    a = browser_of(alice, own=True)
    a.expect_refusals()  # what was asked for at the moment of signing out
    a.open("apples")
    a.write("Half a")
    a.open("berries")
    a.page.get_by_role("button", name=re.compile("^Alice @")).click()
    a.page.evaluate("localStorage.setItem('parley:own-device', 'yes')")
    a.page.get_by_role("menuitem", name="Sign out").click()
    expect(a.page.get_by_role("checkbox", name="This is my own device")).to_be_checked()
    a.sign_in()
    a.open("apples")
    expect(a.composer).to_have_value("Half a")


def test_the_choice_is_made_at_sign_in(browser_of: BrowserOf, channels: list[Conversation], alice: Member) -> None:
    a = browser_of(alice, own=True)
    a.expect_refusals()  # what was asked for at the moment of signing out
    a.open("apples")
    a.page.context.clear_cookies()
    a.visit("/accounts/login/")
    box = a.page.get_by_role("checkbox", name="This is my own device")
    expect(box).not_to_be_checked()
    box.check()
    a.sign_in()
    a.open("apples")
    a.write("Half a")
    a.open("berries")
    a.visit("/accounts/logout/")
    expect(a.page.get_by_text("signing out deletes them")).to_be_hidden()
    a.page.get_by_role("button", name="Sign out").click()
    a.sign_in()
    a.open("apples")
    expect(a.composer).to_have_value("Half a")

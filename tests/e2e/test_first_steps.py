"""The first five minutes: founding an organization, inviting on a server without mail, joining, the first steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from accounts.actions import accept_invitation, invite_member
from accounts.models import Member
from tests.cast import PASSWORD, make_user, scope_of
from tests.e2e.chromium import DESK, PHONE
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]


@pytest.fixture
def stranger(
    transactional_db: None, queries_beside_playwright: None, server: str, chromium: Browser
) -> Iterator[Callable[..., Page]]:
    """`stranger()`: a page of somebody who has no account."""
    contexts: list[BrowserContext] = []

    def open_page(*, phone: bool = False) -> Page:
        viewport = PHONE if phone else DESK
        contexts.append(chromium.new_context(base_url=server, viewport=viewport, has_touch=phone))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


def found(page: Page) -> Locator:
    """Set up Nova Labs, and return the dialog of the first steps."""
    page.goto("/accounts/signup/")
    page.get_by_label("Name of the organization").fill("Nova Labs")
    expect(page.get_by_label("Address")).to_have_value("nova-labs")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Your name").fill("Ada Byron")
    page.get_by_label("Email").fill("ada@nova.test")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Set up your workspace").click()
    return page.get_by_role("dialog")


@pytest.mark.parametrize("phone", [False, True])
def test_a_founder_is_led_through_the_first_steps(stranger: Callable[..., Page], *, phone: bool) -> None:
    page = stranger(phone=phone)
    steps = found(page)
    expect(steps.get_by_role("heading", name="How should people see you?")).to_be_visible()
    steps.get_by_label("What you do").fill("Founder")
    steps.get_by_role("button", name="Continue").click()

    expect(steps.get_by_role("heading", name="Who else is on your team?")).to_be_visible()
    steps.get_by_label("Email addresses").fill("Bob <bob@nova.test>, nobody")
    steps.get_by_role("button", name="Create invitations").click()
    expect(steps.get_by_text("bob@nova.test: Share this link.")).to_be_visible()
    expect(steps.get_by_text("nobody: Enter a valid email address.")).to_be_visible()
    expect(steps.get_by_text(re.compile("/join/"))).to_have_count(1)
    steps.get_by_role("button", name="Skip").click()

    expect(steps.get_by_role("heading", name="What do you want to talk about?")).to_be_visible()
    page.reload()  # the steps go on where they were
    expect(steps.get_by_role("heading", name="What do you want to talk about?")).to_be_visible()
    steps.get_by_role("checkbox", name="#ideas").uncheck()
    steps.get_by_role("button", name="Continue").click()

    expect(steps.get_by_role("heading", name="Do not miss what is for you")).to_be_visible()
    expect(steps.get_by_role("button", name="Turn on notifications")).to_be_visible()
    steps.get_by_role("button", name="Done").click()
    expect(steps).to_be_hidden()


def test_what_was_skipped_is_on_the_checklist_until_it_is_dismissed(stranger: Callable[..., Page]) -> None:
    page = stranger()
    steps = found(page)
    expect(steps).to_be_visible()
    page.keyboard.press("Escape")
    expect(steps).to_be_hidden()
    checklist = page.get_by_role("region", name="Get started")
    expect(checklist).to_be_visible()
    checklist.get_by_role("button", name="Complete your profile").click()
    steps.get_by_label("What you do").fill("Founder")
    steps.get_by_role("button", name="Done").click()
    expect(checklist.get_by_role("button", name="Complete your profile done")).to_be_visible()
    checklist.get_by_role("button", name="See what you can do").click()
    expect(page.get_by_role("heading", name="What you can do")).to_be_visible()
    expect(page.get_by_text("Only you can see this.")).to_be_visible()
    page.go_back()
    checklist.get_by_role("button", name="Dismiss").click()
    expect(checklist).to_be_hidden()


def test_an_invited_person_joins_with_a_shorter_start(stranger: Callable[..., Page], alice: Member) -> None:
    with scope_of(alice):
        _, secret = invite_member(alice)
    page = stranger()
    page.goto(f"/join/{secret}")
    page.get_by_label("Your name").fill("Dora")
    page.get_by_label("Email").fill("dora@acme.test")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account and join").click()
    steps = page.get_by_role("dialog")
    expect(steps.get_by_text("Step 1 of 3")).to_be_visible()
    steps.get_by_role("button", name="Skip").click()
    expect(steps.get_by_role("heading", name="What do you want to talk about?")).to_be_visible()
    expect(steps.get_by_text("Create these channels")).to_be_hidden()


def test_somebody_whom_nobody_guided_sees_no_steps(browser_of: BrowserOf, alice: Member) -> None:
    page = browser_of(alice).page
    expect(page.locator("#me-button")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("region", name="Get started")).to_have_count(0)


def test_without_a_mail_server_links_are_shown_at_once(browser_of: BrowserOf, alice: Member) -> None:
    person = browser_of(alice)
    person.visit("/o/acme/manage/invitations")
    page = person.page
    page.get_by_label("Email addresses").fill("dora@acme.test\nemil@acme.test")
    page.get_by_role("button", name="Create invitations").click()
    expect(page.get_by_text("This server cannot send email")).to_be_visible()
    expect(page.locator("#invited").get_by_text(re.compile("/join/"))).to_have_count(2)
    expect(page.locator("#invited").get_by_role("button", name="Copy")).to_have_count(2)
    row = page.get_by_role("row", name="dora@acme.test")
    row.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("This is a new link. The previous link no longer works.")).to_be_visible()


def test_one_link_for_several_people(browser_of: BrowserOf, alice: Member) -> None:
    person = browser_of(alice)
    person.visit("/o/acme/manage/invitations")
    page = person.page
    way = page.get_by_role("region", name="With a link")
    way.get_by_label("How many people can use it").select_option("10 people")
    way.get_by_label("How long it works").select_option("1 day")
    way.get_by_role("button", name="Create link").click()
    expect(page.get_by_text("This link works for 10 people")).to_be_visible()
    expect(page.get_by_text("0 of 10 used")).to_be_visible()
    page.get_by_role("row", name="Anyone with the link").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The invitation was revoked.")).to_be_visible()


def test_a_used_link_leads_to_sign_in_and_ones_own_says_so(
    stranger: Callable[..., Page], browser_of: BrowserOf, alice: Member
) -> None:
    with scope_of(alice):
        _, used = invite_member(alice)
        _, open_one = invite_member(alice)
    accept_invitation(make_user("dora@acme.test"), used)
    page = stranger()
    page.goto(f"/join/{used}")
    expect(page.get_by_role("heading", name="This invitation was already used")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    person = browser_of(alice)
    person.visit(f"/join/{open_one}")
    expect(person.page.get_by_text("You are already a member of Acme.")).to_be_visible()
    expect(person.page.get_by_role("link", name="Open Acme")).to_be_visible()


def test_a_password_can_be_shown_and_is_judged_while_it_is_typed(stranger: Callable[..., Page], alice: Member) -> None:
    with scope_of(alice):
        _, secret = invite_member(alice)
    page = stranger()
    page.goto(f"/join/{secret}")
    password = page.get_by_label("Password", exact=True)
    password.fill("short")
    expect(page.get_by_text("Too short")).to_be_visible()
    password.fill("correct horse battery")
    expect(page.get_by_text("Strong")).to_be_visible()
    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")

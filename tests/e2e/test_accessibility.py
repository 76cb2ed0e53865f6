"""axe finds nothing, on any page, in either theme, on a desk and at 360 px."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from accounts.actions import invite_member
from accounts.models import Member, User
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.actions.pins import pin_message
from chat.actions.reactions import add_reaction
from chat.actions.reports import report_message
from chat.models import Message, Report
from tests.cast import PASSWORD, scope_of
from tests.e2e.chromium import DESK, PHONE
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

LOOKS = [
    pytest.param(False, False, id="light"),
    pytest.param(False, True, id="dark"),
    pytest.param(True, False, id="phone"),
    pytest.param(True, True, id="phone, dark"),
]
FINISH = "document.getAnimations().forEach(each => each.effect.getComputedTiming().endTime < Infinity && each.finish())"

ENTRANCE = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/join/unknown", "/nowhere")
ACCOUNT = (
    "/accounts/sessions/",
    "/accounts/tokens",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/logout/",
    "/organizations/new",
)
ORGANIZATION = (
    "/o/acme/profile",
    "/o/acme/manage/members",
    "/o/acme/manage/channels",
    "/o/acme/manage/invitations",
    "/o/acme/manage/settings",
    "/o/acme/manage/audit",
)

DESK_PAGES = (
    "",  # as the installation's staff, with its operations
    "organization/acme",  # from here on as the owner: the queue, and everything one may do
    "chat/report/",
    "accounts/member/",
    "accounts/auditentry/",
)


class Judge:
    """Looks at one page after the other and says in the end what axe found on any of them."""

    def __init__(self) -> None:
        self.axe = Axe()
        self.found: list[str] = []

    def look(self, page: Page, where: str) -> None:
        page.evaluate(FINISH)  # a colour on its way is no colour to judge
        if (wide := page.evaluate("document.scrollingElement.scrollWidth")) > page.viewport_size["width"]:
            self.found.append(f"{where}: {wide} pixels wide")  # a phone shows such a page smaller, and cut off
        for each in self.axe.run(page).response["violations"]:
            places = [" ".join(map(str, node["target"])) for node in each["nodes"]]
            self.found.append(f"{where}: {each['id']}: {each['help']}: {places[:6]}")

    def verdict(self) -> None:
        assert self.found == [], "\n".join(self.found)


@pytest.fixture
def judge() -> Iterator[Judge]:
    judge = Judge()
    yield judge
    judge.verdict()


@pytest.fixture
def town(alice: Member, bob: Member, gus: Member) -> None:
    """A channel with everything in it that a message can have."""
    with scope_of(alice):
        channel = create_channel(alice, kind="public", name="town", topic="Where we meet", members=[bob.pk, gus.pk])
        create_channel(alice, kind="public", name="elsewhere")

        def say(member: Member, text: str, thread: object = None) -> object:
            return send_message(member, channel.pk, text=text, ref=uuid4(), thread_id=thread).message.id

        root = say(bob, "Who can come? @alice, please, with [the list](https://example.org) and `code`")
        for answer in ("I can", "So can I"):
            say(gus, answer, root)
        say(alice, "```python\nprint('hello')\n```\n\n> a quotation\n\n| a | b |\n| - | - |\n| 1 | 2 |")
        add_reaction(alice, root, emoji="👍")
        pin_message(bob, root)


@pytest.mark.parametrize(("phone", "dark"), LOOKS)
@pytest.mark.usefixtures("transactional_db", "queries_beside_playwright")
def test_ways_in(server: str, chromium: Browser, alice: Member, judge: Judge, *, phone: bool, dark: bool) -> None:
    with scope_of(alice):
        _, secret = invite_member(alice)
    context = chromium.new_context(
        base_url=server, viewport=PHONE if phone else DESK, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    for path in (*ENTRANCE, f"/join/{secret}"):
        page.goto(path)
        judge.look(page, path)
    page.goto("/accounts/login/")  # and with what one did wrong
    page.locator("input[type=email]").fill("nobody@acme.test")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page.locator(".notice-error, .errorlist").first).to_be_visible()
    judge.look(page, "a refused sign-in")
    context.close()


@pytest.mark.parametrize(("phone", "dark"), LOOKS)
def test_account_and_organization(
    browser_of: Callable[..., Person], alice: Member, bob: Member, town: None, judge: Judge, *, phone: bool, dark: bool
) -> None:
    person = browser_of(alice, phone=phone, dark=dark)
    person.visit("/accounts/reauthenticate/")
    judge.look(person.page, "the question whether it is her")
    person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    person.page.get_by_role("button", name="Continue").click()  # some pages want to know it just now
    expect(person.page).not_to_have_url(re.compile("/reauthenticate/"))
    for path in (*ACCOUNT, *ORGANIZATION):
        person.visit(path)
        judge.look(person.page, path)


@pytest.mark.parametrize(("phone", "dark"), LOOKS)
def test_the_chat(
    browser_of: Callable[..., Person], alice: Member, bob: Member, town: None, judge: Judge, *, phone: bool, dark: bool
) -> None:
    person = browser_of(alice, phone=phone, dark=dark)
    page = person.page
    judge.look(page, "the list")
    person.open("town")
    expect(page.locator("#messages .message").first).to_be_visible()
    judge.look(page, "a conversation")


def test_the_desk(
    browser_of: Callable[..., Person], alice: Member, bob: Member, gus: Member, town: None, judge: Judge
) -> None:
    with scope_of(bob):
        message = Message.objects.filter(author=gus).latest("seq")
        report = report_message(bob, message.pk, reason=Report.Reason.SPAM, comment="Not this again")
    staff = User.objects.get(pk=alice.user_id)
    staff.is_staff = True
    staff.save(update_fields=["is_staff"])
    person = browser_of(alice)
    for path in (*DESK_PAGES, f"chat/report/{report.pk}/change/", f"accounts/member/{bob.pk}/change/"):
        assert person.visit(f"/admin/{path}") == HTTPStatus.OK
        judge.look(person.page, f"/admin/{path}")
        person.page.evaluate("document.documentElement.classList.add('dark')")  # what the theme's switch does
        judge.look(person.page, f"/admin/{path}, dark")


def test_the_judge_sees(chromium: Browser) -> None:
    """Else every page would be without fault."""
    page = chromium.new_page()
    page.set_content("<main><img src='x.png'><p style='color:#ccc;background:#fff'>pale</p></main>")
    judge = Judge()
    judge.look(page, "a bad page")
    page.close()
    assert {"image-alt", "color-contrast", "html-has-lang"} <= {found.split(": ")[1] for found in judge.found}

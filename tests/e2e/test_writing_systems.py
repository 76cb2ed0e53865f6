"""Messages, names and fields in scripts of both directions, names that change, and messages wider than the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from playwright.sync_api import Locator, expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.actions.messages import send_message
from chat.actions.reactions import add_reaction
from chat.models import Conversation
from tests.cast import make_member
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]

# What is sent, and for which elements of the message which direction and which side is expected.
DIRECTIONS = {
    "שלום, זה מבחן!": {"p": ("rtl", "right")},
    "مرحبا (أهلا) 123؟": {"p": ("rtl", "right")},
    "سلام، ۱۲۳ (آزمون).": {"p": ("rtl", "right")},
    "hello שלום!": {"p": ("ltr", "left")},
    "123 (שלום)": {"p": ("rtl", "right")},
    "`x = 1` זה קוד": {"p": ("rtl", "right"), "code": ("ltr", "left")},
    "- ראשון\n- second\n- שלישי": {"ul": ("rtl", "right"), "li >> nth=1": ("rtl", "left")},
    "> ציטוט\n\nan answer": {"blockquote": ("rtl", "right"), ":scope > p": ("ltr", "left")},
    "| שם | עיר |\n|-|-|\n| חנה | Paris |": {"table": ("rtl", "right"), "td >> nth=1": ("rtl", "left")},
    "# כותרת": {"h3": ("rtl", "right")},
    "```\nקוד = code\n```": {"pre": ("ltr", "left")},
    "one\nשתיים": {"p": ("ltr", "left")},
}

# The side at which the first line of an element's text begins.
SIDE = """element => {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT, (node) => node.data.trim() ? 1 : 3);
  const range = document.createRange();
  range.selectNodeContents(texts.nextNode());
  const text = range.getClientRects()[0], box = element.getBoundingClientRect();
  return Math.abs(text.right - box.right) < Math.abs(text.left - box.left) ? "right" : "left";
}"""


def post(channel: Conversation, author: Member, *texts: str) -> None:
    with organization_scope(channel.organization_id):
        for text in texts:
            send_message(author, channel.pk, text=text, ref=uuid4())


def direction(element: Locator) -> Any:
    return element.evaluate("element => getComputedStyle(element).direction")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_each_block_takes_its_direction_from_its_first_letter(
    browser_of: BrowserOf,
    alice: Member,
    bob: Member,
    phone: bool,  # noqa: FBT001
) -> None:
    post(make_channel("babel", alice, bob), bob, *DIRECTIONS)
    a = browser_of(alice, phone=phone)
    a.open("babel")
    expect(a.page.locator("#messages .message .prose")).to_have_count(len(DIRECTIONS))
    for number, (text, expected) in enumerate(DIRECTIONS.items()):
        message = a.page.locator("#messages .message").nth(number)
        for selector, (towards, side) in expected.items():
            element = message.locator(".prose").locator(selector).first
            assert direction(element) == towards, (text, selector)
            assert element.evaluate(SIDE) == side, (text, selector)
    a.assert_fits()


def test_fields_turn_with_what_is_written(browser_of: BrowserOf, alice: Member, bob: Member) -> None:
    make_channel("babel", alice, bob)
    a = browser_of(alice)
    a.open("babel")
    assert direction(a.composer) == "ltr"
    a.write("(שלום) world.")
    assert direction(a.composer) == "rtl"
    a.composer.press("Enter")
    expect(a.page.locator("#messages .message .prose p")).to_have_count(1)
    expect(a.page.locator("#messages .is-pending")).to_have_count(0)
    a.composer.press("ArrowUp")
    editor = a.page.get_by_role("textbox", name="Edit the message")
    expect(editor).to_be_visible()
    assert direction(editor) == "rtl"


def test_names_are_kept_apart_from_the_sentence_around_them(
    browser_of: BrowserOf, alice: Member, acme: Any, bob: Member
) -> None:
    dana = make_member(acme, "דנה (כהן)", user=None)
    channel = make_channel("babel", alice, bob, dana)
    post(channel, dana, "the question")
    with organization_scope(channel.organization_id):
        add_reaction(dana, channel.messages.get().pk, emoji="👍")
    a = browser_of(alice)
    a.open("babel")
    author = a.page.locator("#messages .message-author")
    expect(author).to_have_text("דנה (כהן)")
    assert direction(author) == "rtl"
    reaction = a.page.locator("#messages .reaction[data-emoji]")
    expect(reaction).to_have_attribute("title", "👍 by \u2068דנה (כהן)\u2069")


def patch(person: Person, path: str, body: dict[str, str]) -> None:
    """Change something by the API, as the person's browser would."""
    cookies = {cookie["name"]: cookie["value"] for cookie in person.page.context.cookies()}
    answer = person.page.request.patch(
        f"/o/{person.member.organization.slug}/api/v1/{path}",
        data=body,
        headers={"X-CSRFToken": cookies[settings.CSRF_COOKIE_NAME]},
    )
    assert answer.ok, answer.text()


def test_old_mentions_show_the_present_name(browser_of: BrowserOf, alice: Member, bob: Member) -> None:
    channel = make_channel("plans", alice, bob)
    post(make_channel("babel", alice, bob), alice, "@bob see #plans\n> @bob said")
    a = browser_of(alice)
    a.open("babel")
    mention = a.page.locator("#messages .mention")
    place = a.page.locator("#messages a.channel")
    expect(mention).to_have_text(["@Bob", "@Bob"])
    a.assert_live()
    patch(browser_of(bob), "members/me", {"name": "Robert Long"})
    expect(mention).to_have_text(["@Robert Long", "@Robert Long"])
    patch(a, f"conversations/{channel.pk}", {"name": "strategy"})
    expect(place).to_have_text("#strategy")
    a.reload()
    expect(mention).to_have_text(["@Robert Long", "@Robert Long"])
    expect(place).to_have_text("#strategy")


WIDE = [
    "ฏ" + "\u0e4e" * 200,
    "Z" + "\u0334\u0301\u0317" * 80,
    "ก" + "\u0e49" * 300 + " then words",
    "https://example.com/" + "a" * 600,
    "漢" * 500,
    "W" * 500,
    "﷽" * 60,
    "`" + "x" * 400 + "`",
    "```\n" + "y" * 400 + "\n```",
    "|" + "column|" * 40 + "\n|" + "-|" * 40 + "\n|" + "value|" * 40,
    "- " + "ฏ" + "\u0e4e" * 200,
    "> " + "ฏ" + "\u0e4e" * 200,
    "# " + "ฏ" + "\u0e4e" * 200,
    "|a|\n|-|\n|" + "ฏ" + "\u0e4e" * 200 + "|",
    "**" + "ฏ" + "\u0e4e" * 200 + "**",
    "\U0001f468" + "\u200d\U0001f468" * 60,
]


def test_no_message_moves_the_list_sideways(browser_of: BrowserOf, alice: Member, bob: Member) -> None:
    post(make_channel("babel", alice, bob), bob, *WIDE)
    a = browser_of(alice, phone=True)
    a.page.set_viewport_size({"width": 360, "height": 740})
    a.open("babel")
    expect(a.page.locator("#messages .message .prose")).to_have_count(len(WIDE))
    for name in ("#history", "#messages", "html"):
        inside, outside = a.page.locator(name).evaluate("element => [element.scrollWidth, element.clientWidth]")
        assert inside <= outside, name
    table = a.page.locator("#messages table").first
    inside, outside = table.evaluate("element => [element.scrollWidth, element.clientWidth]")
    assert inside > outside, "a wide table scrolls in itself"
    a.assert_fits()

"""How a conversation is laid out, as somebody sees it who reads in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from accounts.models import Member
from chat.models import Conversation
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
WIDE = {"width": 1920, "height": 1080}
MEASURE, COLUMN = 46 * 16, 60 * 16  # pixels
SENTENCE = "The quick brown fox jumps over the lazy dog and rests. " * 12
CODE = "```python\nprint('" + "x" * 200 + "')\n```"


@pytest.fixture
def town(transactional_db: None, alice: Member, bob: Member) -> Conversation:
    return make_channel("town", alice, bob)


def box(element: Locator) -> Any:
    found = element.bounding_box()
    assert found is not None
    return found


def gap(above: Locator, below: Locator) -> float:
    first, second = box(above.locator(".prose")), box(below)
    return float(second["y"] - first["y"] - first["height"])


def test_lines_on_a_wide_screen_stay_readable(browser_of: BrowserOf, town: Conversation, bob: Member) -> None:
    person = browser_of(bob, own=True)
    person.page.set_viewport_size(WIDE)
    person.open("town")
    for text in (SENTENCE, CODE):
        person.send_message(text)
    code = person.message("print").locator("pre")
    expect(code).to_be_visible()
    assert box(person.message("quick brown").locator(".prose p"))["width"] <= MEASURE
    assert MEASURE < box(code)["width"] <= COLUMN
    assert box(person.composer)["width"] <= COLUMN
    history = box(person.page.locator("#history"))
    assert box(person.message("quick brown").locator(".avatar"))["x"] - history["x"] == 24


def test_messages_of_one_author_follow_at_even_distances(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    person = browser_of(bob)
    person.open("town")
    words = ["first", "second", "third"]
    for word in words:
        person.send_message(word)
        person.assert_sent(word)
    first, second, third = (person.message(word) for word in words)
    assert gap(first, second.locator(".prose")) == gap(second, third.locator(".prose")) == 4


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_copy_lies_beside_the_language_and_never_over_code(
    browser_of: BrowserOf, town: Conversation, bob: Member, *, phone: bool
) -> None:
    person = browser_of(bob, phone=phone)
    person.open("town")
    person.write(CODE)
    person.page.get_by_role("button", name="Send").click()
    block = person.message("print").locator(".code-block")
    button = block.get_by_role("button", name="Copy")
    if not phone:
        block.hover()
    expect(button).to_have_css("opacity", "1")
    around, copy, code = box(block.locator("pre")), box(button), box(block.locator("code"))
    assert around["y"] <= copy["y"] and copy["x"] + copy["width"] <= around["x"] + around["width"]
    assert copy["y"] + copy["height"] <= code["y"] + 2


def test_the_day_of_what_is_read_stays_in_sight(browser_of: BrowserOf, town: Conversation, bob: Member) -> None:
    person = browser_of(bob)
    person.open("town")
    for number in range(4):
        person.send_message(f"{SENTENCE} {number}")
        person.assert_sent(f"{SENTENCE} {number}")
    history = person.page.locator("#history")
    expect(person.message(f"{SENTENCE} 3")).to_be_in_viewport()
    pill = history.get_by_role("button", name="Today")
    expect(pill).to_be_in_viewport()
    assert box(pill)["y"] - box(history)["y"] == pytest.approx(8, abs=1)


def test_the_open_conversation_is_marked_where_colours_are_the_systems(
    browser_of: BrowserOf, town: Conversation, bob: Member
) -> None:
    person = browser_of(bob, own=True)
    person.page.emulate_media(forced_colors="active")
    person.open("town")
    current = person.page.locator(".side-row[aria-current]")
    expect(current).to_have_css("outline-style", "solid")
    person.page.emulate_media(forced_colors="none")
    expect(current).to_have_css("outline-style", "none")
    person.page.emulate_media(contrast="more")
    expect(current).to_have_css("outline-style", "solid")
    person.assert_accessible()

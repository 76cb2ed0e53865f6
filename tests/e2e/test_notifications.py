"""A notification on the desktop is a view of a message: it changes with it, and goes with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Member
from chat.models import Conversation
from tests.e2e.cast import make_channel
from tests.e2e.person import Person
from tests.e2e.waiting import wait_until

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]

# What lies on the desktop now, by tag, as a system keeps it: a new one with the tag of another takes its place.
DESKTOP = """
() => {
  window.desktop = new Map();
  window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(title, { body, tag }) {
      this.tag = tag;
      window.desktop.set(tag, { title, body, notice: this });
    }
    close() {
      if (window.desktop.get(this.tag)?.notice === this) window.desktop.delete(this.tag);
      this.onclose?.();
    }
  };
}
"""


@pytest.fixture
def channels(transactional_db: None, alice: Member, bob: Member) -> list[Conversation]:
    return [make_channel("general", alice, bob), make_channel("berries", bob, alice)]


@pytest.fixture
def desk(browser_of: BrowserOf, channels: list[Conversation], alice: Member) -> Person:
    """Alice, in another channel than the one that is written in, with notifications allowed."""
    a = browser_of(alice, own=True)
    a.page.context.add_init_script(f"({DESKTOP})()")
    a.reload()
    a.open("general")
    a.open_own("Preferences").get_by_role("switch", name="Desktop notifications").check()
    a.press("Escape")
    return a


def assert_shown(person: Person, *sentences: str) -> None:
    """What lies on the desktop, as soon as it does."""
    shown = "() => JSON.stringify([...window.desktop.values()].map(({ title, body }) => `${title}: ${body}`))"
    wait_until(person.page, f"(wanted) => ({shown})() === JSON.stringify(wanted)", list(sentences))


def test_it_says_what_the_message_says_and_goes_when_it_is_deleted(
    browser_of: BrowserOf, desk: Person, bob: Member
) -> None:
    b = browser_of(bob)
    b.open("berries")
    b.send_message("Wrong window, the password is sesame")
    b.assert_sent("Wrong window, the password is sesame")
    assert_shown(desk, "Bob in #berries: Wrong window, the password is sesame")
    b.edit_last_message("Never mind")
    assert_shown(desk, "Bob in #berries: Never mind")
    b.delete("Never mind")
    assert_shown(desk)
    desk.assert_read("berries")


def test_it_goes_when_the_message_is_read_on_another_device(
    browser_of: BrowserOf, desk: Person, alice: Member, bob: Member
) -> None:
    phone, b = browser_of(alice, phone=True), browser_of(bob)
    b.open("berries")
    b.send_message("Look")
    assert_shown(desk, "Bob in #berries: Look")
    phone.open("berries")
    phone.assert_sees("Look")
    assert_shown(desk)


def test_it_follows_its_conversation(browser_of: BrowserOf, desk: Person, bob: Member) -> None:
    b = browser_of(bob)
    b.open("berries")
    b.send_message("One")
    assert_shown(desk, "Bob in #berries: One")
    b.page.get_by_role("button", name="Channel settings").click()
    dialog = b.page.get_by_role("dialog", name="#berries")
    dialog.get_by_label("Name").fill("cherries")
    dialog.get_by_role("button", name="Save").click()
    assert_shown(desk, "Bob in #cherries: One")
    desk.choose_for("cherries", "Mute")
    assert_shown(desk)
    desk.choose_for("cherries", "Mute")
    b.press("Escape")
    b.send_message("Two")
    assert_shown(desk, "Bob in #cherries: Two")
    desk.choose_for("cherries", "Leave channel")
    assert_shown(desk)

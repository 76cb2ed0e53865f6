"""What opening the page for the first time asks of the network."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, expect

from accounts.models import Member
from tests.e2e.cast import make_channel
from tests.e2e.person import Person

pytestmark = pytest.mark.e2e

MOST_REQUESTS = 15  # to the first message and until the page is complete
OFFLINE_KIT = "/bundles/offline-kit."  # from here on the idle page fetches what it may need without a network


def test_a_first_visit_is_a_handful_of_requests(
    browser_of: Callable[..., Person], transactional_db: None, alice: Member, bob: Member
) -> None:
    make_channel("general", alice, bob)
    writer = browser_of(bob)
    writer.open("general")
    writer.send_message("the first message")
    writer.assert_sent("the first message")
    person = browser_of(alice, own=True)
    person.page.goto("about:blank")
    person.page.context.new_cdp_session(person.page).send("Network.clearBrowserCache")
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(path_of(request)))
    person.arrive()
    person.assert_sees("the first message")
    person.page.wait_for_load_state("networkidle")
    expect(person.page.get_by_role("textbox", name="Message #general")).to_be_editable()
    start = asked[: next((at for at, path in enumerate(asked) if OFFLINE_KIT in path), None)]
    first = set(start)  # an address that a timer asks for again is no part of the start
    assert len(first) <= MOST_REQUESTS, "\n".join(sorted(first))


def path_of(request: Request) -> str:
    return f"{request.method} {urlsplit(request.url).path}"

"""What the page is for: with a connection that comes and goes nothing is lost and nothing is there twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Client, Conversation, Message, Participant
from tests.e2e.conftest import Server
from tests.e2e.person import Person
from tests.e2e.waiting import LONGEST

pytestmark = pytest.mark.e2e

BrowserOf = Callable[..., Person]
SOCKETS = re.compile("/ws/v1/")
API = re.compile("/api/v1/")


@pytest.fixture
def plans(transactional_db: None, alice: Member, bob: Member) -> Conversation:
    """A channel of Alice and Bob with nothing in it yet."""
    with organization_scope(alice.organization):
        channel: Conversation = Conversation.objects.create(
            organization=alice.organization, kind="public", name="plans"
        )
        for member, role in ((alice, "admin"), (bob, "member")):
            Participant.objects.create(organization=alice.organization, conversation=channel, member=member, role=role)
    return channel


def texts_of(channel: Conversation) -> list[str]:
    with organization_scope(channel.organization_id):
        return list(Message.objects.filter(conversation=channel).order_by("seq").values_list("text", flat=True))


def assert_live(*people: Person) -> None:
    """Each has an open socket and is in step, and the page says nothing about it."""
    for person in people:
        person.assert_live()


def test_offline_while_others_write_edit_and_delete(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, charlie: Member
) -> None:
    a, b, c = browser_of(alice), browser_of(bob), browser_of(charlie)
    a.open("plans")
    b.open("plans")
    for text in ("Stays as it is", "Will be deleted", "Will be edited"):
        b.send_message(text)
        a.assert_sees(text)
    a.watch_for_emptiness()
    with a.offline():
        expect(a.page.get_by_text("No connection.")).to_be_visible()
        b.edit_last_message("Was edited")
        b.assert_sees("Was edited (edited)")
        b.delete("Will be deleted")
        b.assert_sees("This message was deleted.")
        b.react("Stays as it is", "🎉")
        b.send_message("Written meanwhile")
        b.assert_sent("Written meanwhile")
        a.send_message("Written offline")
        a.assert_waiting("Written offline")
        a.assert_sees("Will be edited")
        a.assert_sees("Will be deleted")
    a.assert_sees("Was edited (edited)")
    a.assert_sees("This message was deleted.")
    a.assert_sees("Will be deleted", times=0)
    a.assert_sees("Written meanwhile")
    expect(a.message("Stays as it is").get_by_role("button", name="🎉 1 by Bob")).to_be_visible()
    a.assert_sent("Written offline")
    b.assert_sees("Written offline")
    a.assert_never_empty()
    assert_live(a, b)
    assert texts_of(plans) == ["Stays as it is", "", "Was edited", "Written meanwhile", "Written offline"]
    assert "Written" not in c.page.content()


def test_what_was_read_and_what_not_is_right_after_an_absence(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    b.start_direct_message("Alice")
    b.assert_in("Alice")
    b.send_message("Hello")
    a.open("Bob")
    a.assert_sees("Hello")
    b.open("plans")
    with a.offline():
        for text in ("One", "Two", "Three"):
            b.send_message(text)
        b.assert_sent("Three")
    a.assert_unread("plans", 3)
    expect(a.page).to_have_title(re.compile(r"^\(3\) Bob"))
    a.open("plans")
    a.assert_read("plans")
    expect(a.page).to_have_title(re.compile("^#plans"))


def test_a_frozen_page_catches_up_when_it_wakes(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, running_server: Server
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    b.send_message("Before the lid was closed")
    a.assert_sees("Before the lid was closed")
    a.watch_for_emptiness()
    with a.frozen():
        b.edit_last_message("Edited while it was closed")
        b.send_message("While the lid was closed")
        b.assert_sent("While the lid was closed")
    a.assert_sees("While the lid was closed")
    a.assert_sees("Edited while it was closed (edited)")
    for person in (a, b):
        person.expect_broken_connections()
    with a.frozen():
        running_server.kill()
        running_server.start()
        b.send_message("After the server was replaced")
        b.assert_sent("After the server was replaced")
    a.assert_sees("After the server was replaced")
    a.assert_never_empty()
    assert_live(a, b)


def test_a_server_that_restarts_loses_nothing(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, running_server: Server
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.send_message("Before")
    b.assert_sees("Before")
    for person in (a, b):
        person.expect_broken_connections()
        person.watch_for_emptiness()
    running_server.kill()
    a.send_message("From Alice, into the void")
    b.send_message("From Bob, into the void")
    a.assert_waiting("From Alice, into the void")
    expect(b.page.locator("#connection")).to_be_visible()
    running_server.start()
    for person in (a, b):
        for text in ("Before", "From Alice, into the void", "From Bob, into the void"):
            person.assert_sent(text)
        person.assert_never_empty()
    assert_live(a, b)
    assert sorted(texts_of(plans)) == ["Before", "From Alice, into the void", "From Bob, into the void"]


def forget_history(answer: dict[str, Any]) -> None:
    """Make the answer of a sync one that tells no messages and lets the client forget those it has."""
    answer["messages"] = []
    for conversation in answer["conversations"]:
        conversation["history_gap"] = conversation["participants_gap"] = True


def forget_everything(answer: dict[str, Any]) -> None:
    answer["full"] = True
    forget_history(answer)


@pytest.mark.parametrize("forget", [forget_history, forget_everything])
def test_what_a_sync_forgets_stays_on_the_page_until_it_is_back(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, forget: Callable[[dict[str, Any]], None]
) -> None:
    a, b = browser_of(alice, own=True), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.send_message("Before")
    a.assert_sent("Before")
    told: list[str] = []

    def alter(route: Route) -> None:
        response = route.fetch(url=re.sub(r"\?.*", "", route.request.url))  # all conversations, not those that changed
        answer = response.json()
        forget(answer)
        told.append(answer["cursor"])
        route.fulfill(response=response, json=answer)

    a.page.route(re.compile("/api/v1/sync"), alter)
    a.watch_for_emptiness()
    with a.late("/api/v1/conversations/[^/]+/messages"):
        with a.offline():
            expect(a.page.get_by_text("No connection.")).to_be_visible()
            with organization_scope(alice.organization_id):
                Client.objects.filter(member=alice).delete()  # the next one begins with a sync
            b.send_message("Meanwhile")
            b.assert_sent("Meanwhile")
        expect(a.page.locator("#connection")).to_be_hidden()
        a.assert_sees("Before")
    a.assert_sees("Meanwhile")
    a.assert_sees("Before")
    a.assert_never_empty()
    assert told


def test_what_one_sends_is_on_the_page_before_the_next_frame(
    browser_of: BrowserOf, plans: Conversation, alice: Member
) -> None:
    a = browser_of(alice)
    a.open("plans")
    a.send_message("First")
    a.assert_sent("First")
    a.page.evaluate("window.requestAnimationFrame = () => 0")  # as on a machine that is too busy to draw
    a.send_message("Second")
    a.assert_sees("Second")


def test_behind_a_proxy_without_websockets_everything_works(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice, sockets=False), browser_of(bob)
    a.open("plans")
    b.open("plans")
    expect(a.page.get_by_text("No live updates.")).to_be_visible()
    b.send_message("By socket")
    b.assert_sent("By socket")
    a.send_message("By request")  # answered before the next poll tells of the one before
    a.assert_sent("By request")
    b.assert_sees("By request")
    a.assert_sees("By socket")
    a.watch_for_emptiness()
    b.edit_last_message("By socket, better")
    a.assert_sees("By socket, better (edited)")
    b.delete("By socket, better")
    a.assert_sees("This message was deleted.")
    a.react("By request", "🎉")
    expect(b.message("By request").get_by_role("button", name="🎉 1 by Alice")).to_be_visible()
    b.create_channel("fresh")
    a.join_channel("fresh")
    expect(a.page.get_by_text("No live updates.")).to_be_visible()


PORTALS: dict[str, dict[str, Any]] = {
    "empty JSON": {"status": 200, "json": {}},
    "a page": {"status": 200, "content_type": "text/html", "body": "<h1>Welcome to the hotel</h1>"},
    "a redirect": {"status": 302, "headers": {"Location": "/accounts/login/"}},
    "a refusal": {"status": 403, "json": {"error": "sign in"}},
}


@pytest.mark.parametrize("portal", PORTALS)
def test_behind_a_portal_that_answers_in_the_place_of_the_server_nothing_is_lost(
    browser_of: BrowserOf, plans: Conversation, alice: Member, portal: str
) -> None:
    a = browser_of(alice, sockets=False)
    a.expect_refusals()
    a.open("plans")
    a.send_message("Before the portal")
    a.assert_sent("Before the portal")
    a.page.route(API, lambda route: route.fulfill(**PORTALS[portal]))
    with a.page.expect_request(lambda request: request.method == "POST" and "/messages" in request.url):
        a.send_message("Do not lose this")
    a.assert_waiting("Do not lose this")
    expect(a.page.get_by_text("This network asks you to sign in first.")).to_be_visible()
    expect(a.page.get_by_role("link", name="Open its page")).to_be_visible()
    a.assert_waiting("Do not lose this")
    a.assert_sent("Before the portal")
    a.page.unroute(API)
    a.assert_sent("Do not lose this")
    expect(a.page.get_by_text("This network asks you to sign in first.")).to_have_count(0)
    assert texts_of(plans) == ["Before the portal", "Do not lose this"]


def test_each_tab_is_a_client_of_its_own(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    assert_live(a, b)
    a.reload()
    a.assert_in("plans")
    assert_live(a)
    expect_clients(a.page, 1)
    first = client_of(a.page)

    twin = a.duplicate_tab()
    twin.assert_in("plans")
    expect_clients(a.page, 2)
    assert client_of(a.page) == first
    assert client_of(twin.page) != first
    b.send_message("To both tabs")
    for tab in (a, twin):
        tab.assert_sees("To both tabs")
    twin.send_message("From the second tab")
    for tab in (a, twin, b):
        tab.assert_sent("From the second tab")

    twin.page.close(run_before_unload=True)
    expect_clients(a.page, 1)
    b.send_message("To the one that is left")
    a.assert_sees("To the one that is left")


def client_of(page: Page) -> str:
    """The id under which a tab is registered."""
    kept = page.evaluate("({ ...sessionStorage })")
    (found,) = (value for key, value in kept.items() if key.startswith("parley:client:"))
    return str(json.loads(found)["id"])


def expect_clients(page: Page, count: int) -> None:
    """Wait until the member has so many clients, each with an open socket, and no other."""
    page.evaluate(CLIENTS, [count, 1000 * LONGEST])


CLIENTS = """
async ([count, patience]) => {
  const end = performance.now() + patience;
  for (;;) {
    const { results } = await (await fetch("/o/acme/api/v1/clients")).json();
    const online = results.filter((client) => client.online).length;
    if (results.length === count && online === count) return;
    if (performance.now() > end) throw new Error(`${results.length} clients, ${online} of them online`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
"""


@pytest.mark.parametrize("lost", ["the answer", "the message"])
def test_a_send_at_the_moment_the_connection_dies(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member, lost: str
) -> None:
    a, b = browser_of(alice, own=True), browser_of(bob)
    a.open("plans")
    b.open("plans")
    deaths: list[str] = []

    def die_with_the_send(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            fatal = "message.send" in str(message) and "Twice?" in str(message) and not deaths
            if fatal:
                server.on_message(lambda _: None)  # whatever the server says now is lost
            if lost == "the answer" or not fatal:
                server.send(message)
            if fatal:
                deaths.append(str(message))
                socket.close(code=1011)

        socket.on_message(pass_on)

    a.page.context.route_web_socket(SOCKETS, die_with_the_send)
    a.reload()
    a.assert_in("plans")
    assert_live(a)
    a.send_message("Twice?")
    a.send_message("And what comes after it")
    for person in (a, b):
        person.assert_sent("Twice?")
        person.assert_sent("And what comes after it")
    assert len(deaths) == 1
    assert_live(a, b)
    assert texts_of(plans) == ["Twice?", "And what comes after it"]


def test_somebody_who_types_and_somebody_who_is_there(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    assert_live(a, b)
    b.write("Let me th")
    expect(a.page.get_by_text("Bob is typing…")).to_be_visible()
    b.send_message("Let me think")
    a.assert_sees("Let me think")
    expect(a.page.get_by_text("Bob is typing…")).to_have_count(0)
    a.start_direct_message("Bob")
    a.assert_in("Bob")
    a.send_message("There?")
    people = a.page.get_by_role("navigation", name="Conversations")
    expect(people.get_by_role("link", name="Bob online")).to_be_visible()


def test_removed_from_a_channel_it_goes_at_once(
    browser_of: BrowserOf, plans: Conversation, alice: Member, bob: Member
) -> None:
    with organization_scope(alice.organization_id):
        Conversation.objects.filter(pk=plans.pk).update(kind="private")
    a, b = browser_of(alice), browser_of(bob)
    a.open("plans")
    b.open("plans")
    a.send_message("Not for everybody")
    b.assert_sees("Not for everybody")
    b.expect_refusals()  # of requests that his page makes at that moment
    a.expect_refusals()  # her page makes sure that he is gone: 404
    a.page.get_by_role("button", name="Channel settings").click()
    dialog = a.page.get_by_role("dialog", name="#plans")
    dialog.get_by_role("button", name="Remove Bob").click()
    a.page.get_by_role("dialog", name="Remove Bob").get_by_role("button", name="Remove").click()
    expect(b.page.get_by_role("heading", name="This conversation is not here")).to_be_visible()
    expect(b.page.get_by_role("navigation", name="Conversations")).not_to_contain_text("plans")

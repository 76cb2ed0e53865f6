"""The whole client against a real node, over real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from django.db import connection

from chat.client import Api, ApiError, Session, outbox, session
from chat.client.session import SignedOut
from tests.support.people import make_people, make_room
from tests.support.stack import ROOT, Stack

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 120.0  # seconds until what should come is taken for lost, on a machine with much else to do


class Here(Stack):
    """Nodes that work on the database and the Valkey of this test."""

    @property
    def settings(self) -> dict[str, str]:
        url = os.environ["DATABASE_URL"]
        return {
            "DATABASE_URL": re.sub(r"/[^/?]+(?=$|\?)", f"/{connection.settings_dict['NAME']}", url, count=1),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
            "SOCKET_HEARTBEAT": "5",  # a client gives a socket up after two and a half of them
        }


@dataclass
class Scene:
    server: Here
    secrets: list[str]
    town: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.nodes[0].port}"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A node, and three members in a channel."""
    _, members, secrets = make_people("acme", 3)
    town = make_room("town", members)
    (tmp_path / "log").mkdir()
    server = Here(tmp_path, None, None)  # type: ignore[arg-type]  # its engines are those of the test run
    server.start_node()
    yield Scene(server, secrets, str(town.pk))
    for node in list(server.nodes):
        server.kill_node(node)


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as http:
        yield http


def session_of(scene: Scene, who: int, http: httpx.AsyncClient) -> Session:
    return Session(Api(scene.url, "acme", scene.secrets[who], http=http), label="test")


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # what happens elsewhere raises no event here
            await asyncio.sleep(0.02)


def texts(session: Session, conversation: str) -> list[str]:
    room = session.store.rooms.get(conversation)
    return [message["text"] for message in room.history] if room else []


async def test_what_one_says_the_other_hears(scene: Scene, http: httpx.AsyncClient) -> None:
    async with session_of(scene, 0, http) as alice, session_of(scene, 1, http) as bob:
        await alice.ready()
        await bob.ready()
        entries = [alice.outbox.add(scene.town, f"m{number}") for number in range(40)]
        await alice.outbox.drain()
        await until(lambda: len(texts(bob, scene.town)) == len(texts(alice, scene.town)) == 40)
        assert texts(bob, scene.town) == texts(alice, scene.town) == [entry.text for entry in entries]
        assert bob.store.unread(scene.town) == 40
        assert alice.store.unread(scene.town) == 0
        await until(lambda: bob.mailbox.ack is None and bob.mailbox.unacked == 0)
        assert bob.mailbox.syncs == 1


async def test_what_was_shown_is_said_with_what_is_written(scene: Scene, http: httpx.AsyncClient) -> None:
    async with session_of(scene, 0, http) as alice, session_of(scene, 1, http) as bob:
        await alice.ready()
        await bob.ready()
        for number in range(4):
            alice.outbox.add(scene.town, f"m{number}")
        await alice.outbox.drain()
        await until(lambda: bob.store.unread(scene.town) == 4)
        bob.outbox.add(scene.town, "seen one", read=1)  # over the socket
        await bob.outbox.drain()
        await until(lambda: bob.store.unread(scene.town) == 3)
        await bob.api.send(scene.town, text="seen two", ref=str(uuid.uuid4()), read=2)
        await until(lambda: bob.store.unread(scene.town) == 2)
        own = await bob.api.read(scene.town, seq=3)
        assert own["read"] == [[0, 3], [5, 6]]
        await until(lambda: bob.store.unread(scene.town) == 1)


async def test_a_killed_node_loses_nothing(scene: Scene, http: httpx.AsyncClient) -> None:
    async with session_of(scene, 0, http) as alice, session_of(scene, 1, http) as bob:
        await alice.ready()
        await bob.ready()
        for number in range(10):
            alice.outbox.add(scene.town, f"before {number}")
        node = scene.server.nodes[0]
        await until(lambda: texts(bob, scene.town))
        await asyncio.to_thread(scene.server.kill_node, node)
        for number in range(10):
            alice.outbox.add(scene.town, f"meanwhile {number}")
        await asyncio.to_thread(lambda: scene.server.start_node(port=node.port))
        await alice.outbox.drain()
        expected = [f"{when} {number}" for when in ("before", "meanwhile") for number in range(10)]
        await until(lambda: len(texts(bob, scene.town)) >= 20 and len(texts(alice, scene.town)) >= 20)
        assert texts(bob, scene.town) == texts(alice, scene.town) == expected


async def test_without_sockets_it_polls(scene: Scene, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "POLL", (0.05, 0.1))
    monkeypatch.setattr(
        Api, "socket_url", lambda self, client, tag: f"ws{self.base_url.removeprefix('http')}/no/socket"
    )
    syncs: list[int] = []

    async def note(answer: httpx.Response) -> None:
        if answer.url.path.endswith("/sync"):
            syncs.append(answer.status_code)

    http.event_hooks = {"response": [note]}
    async with session_of(scene, 0, http) as alice, session_of(scene, 1, http) as bob:
        await bob.ready()
        await until(lambda: syncs.count(304) > 2)  # the same answer is not sent again and again
        alice.outbox.add(scene.town, "by post")
        await until(lambda: texts(bob, scene.town) == ["by post"])
        assert not bob.connected
        monkeypatch.undo()
        await until(lambda: bob.connected)
        alice.outbox.add(scene.town, "by wire")
        await until(lambda: texts(bob, scene.town) == ["by post", "by wire"])


class Portal(httpx.AsyncBaseTransport):
    """The network to the server, and what answers in its place while `answer` is set."""

    def __init__(self) -> None:
        self._network = httpx.AsyncHTTPTransport()
        self.answer: httpx.Response | None = None
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.answer is None:
            return await self._network.handle_async_request(request)
        self.asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(self.answer.status_code, headers=self.answer.headers, content=self.answer.content)

    async def aclose(self) -> None:
        await self._network.aclose()


PORTALS = [
    httpx.Response(200, json={}),
    httpx.Response(200, html="<h1>Sign in</h1>"),
    httpx.Response(204),
    httpx.Response(302, headers={"Location": "https://portal.example/"}),
    *[httpx.Response(status, json={"error": "sign in"}) for status in (401, 403, 404, 409, 410, 422)],
]


async def test_a_portal_loses_nothing_and_ends_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "POLL", (0.01, 0.02))
    monkeypatch.setattr(outbox, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(Api, "socket_url", lambda self, client, tag: "ws://127.0.0.1:9/no/socket")
    portal, path = Portal(), f"POST /o/acme/api/v1/conversations/{scene.town}/messages"
    async with httpx.AsyncClient(transport=portal) as http, session_of(scene, 0, http) as alice:
        await alice.ready()
        before = set(alice.store.rooms)
        for number, answer in enumerate(PORTALS):
            portal.answer = answer
            portal.asked.clear()
            entry = alice.outbox.add(scene.town, f"do not lose {number}")
            await until(lambda: portal.asked.count(path) > 2 and portal.asked.count("GET /o/acme/api/v1/sync") > 2)
            assert (entry.state, list(alice.outbox.entries)) == ("sending", [entry.ref])
            assert set(alice.store.rooms) == before
            portal.answer = None
            await alice.outbox.drain()
            assert (entry.state, alice.outbox.entries) == ("sent", {})
        written = [f"do not lose {number}" for number in range(len(PORTALS))]
        await until(lambda: texts(alice, scene.town) == written)


class Scripted:
    """A socket whose server says the same to each command."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self.session: Session | None = None

    async def send(self, text: str) -> None:
        frame = json.loads(text)
        assert self.session is not None
        self.session._take({"ref": frame["ref"]} | self.said)


async def test_what_a_socket_says_to_something_else_is_asked_again_by_request(
    scene: Scene, http: httpx.AsyncClient
) -> None:
    alice = session_of(scene, 0, http)
    for said in (
        {"op": "result"},
        {"op": "result", "message": {"id": "m", "ref": "another"}},
        {"op": "error", "code": "sign_in_to_hotel", "message": "Room?"},
    ):
        socket = Scripted(said)
        socket.session, alice._socket = alice, socket  # type: ignore[assignment]  # it has what is used here
        entry = alice.outbox.add(scene.town, "once")
        await alice.outbox.drain()
        assert entry.message is not None
        assert (entry.state, entry.message["ref"], entry.message["text"]) == ("sent", entry.ref, "once")


async def test_a_client_that_was_forgotten_registers_again(scene: Scene, http: httpx.AsyncClient) -> None:
    async with session_of(scene, 0, http) as alice, session_of(scene, 1, http) as bob:
        await bob.ready()
        await until(lambda: bob.connected)
        before = bob.client
        await bob.api.close(before)
        alice.outbox.add(scene.town, "who is there?")
        await until(lambda: texts(bob, scene.town) == ["who is there?"])
        await until(lambda: bob.client not in {"", before})


async def test_a_refusal_comes_back_to_the_writer(scene: Scene, http: httpx.AsyncClient) -> None:
    async with session_of(scene, 0, http) as alice:
        await alice.ready()
        entry = alice.outbox.add("00000000-0000-7000-8000-000000000000", "to nowhere")
        await alice.outbox.drain()
        assert entry.state == "failed"
        assert entry.error is not None and (entry.error.status, entry.error.code) == (404, "not_found")


async def test_a_token_that_ended_ends_the_session(scene: Scene, http: httpx.AsyncClient) -> None:
    async with session_of(scene, 0, http) as alice:
        await until(lambda: alice.connected)
        answer = await http.delete(f"{scene.url}/api/v1/tokens/current", headers=alice.api.headers)
        assert answer.status_code == 204
        assert alice._task is not None
        with pytest.raises(SignedOut):
            async with asyncio.timeout(PATIENCE):
                await alice._task
        with pytest.raises(ApiError):
            await alice.api.sync("")

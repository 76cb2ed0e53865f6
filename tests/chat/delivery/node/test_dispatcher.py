"""What was just committed here is written unread to whoever has everything before it; everybody else is read for."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chat.delivery.mailbox import News
from chat.delivery.node import dispatcher as module
from chat.delivery.node.bodies import Chunk
from chat.delivery.node.connections import Connection
from chat.delivery.node.dispatcher import Dispatcher


class Box:
    """A mailbox that everybody shares: the event of tag t is t. Notes who was read for."""

    def __init__(self) -> None:
        self.newest = 0
        self.reads: list[int] = []

    async def read(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> list[News]:
        self.reads += clients
        found = []
        for client, low, high in zip(clients, after, upto, strict=True):
            tags = tuple(range(low + 1, min(high, self.newest) + 1))
            found += [News(tags, [client], [low + 1])] if tags else []
        return found


class Bodies:
    async def load(self, wanted: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], list[Chunk] | None]:
        return {ids: [(len(ids), f'"events":{json.dumps(ids)}}}'.encode())] for ids in wanted}


def connect(client_id: int, *, sent: int = 0, window: int = 100) -> tuple[Connection, list[dict[str, Any]]]:
    frames: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        frames.append(json.loads(message["text"]))

    ids = {"public_id": uuid.uuid4(), "organization_id": uuid.uuid4(), "member_id": uuid.uuid4()}
    connection = Connection(client_id=client_id, send=send, window=window, **ids)
    connection.sent = connection.acked = sent
    connection.joined = True
    return connection, frames


@asynccontextmanager
async def running(dispatcher: Dispatcher) -> AsyncIterator[None]:
    task = asyncio.create_task(dispatcher.run())
    yield
    async with asyncio.timeout(5):
        await dispatcher.written()
    task.cancel()


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Box:
    box = Box()
    monkeypatch.setattr(module, "mailbox", lambda: box)
    monkeypatch.setattr(module, "Bodies", Bodies)
    return box


def events(frames: list[dict[str, Any]]) -> list[int]:
    """The tags, having checked that each frame says where it begins."""
    told = [(frame["tag"] + place, event) for frame in frames for place, event in enumerate(frame["events"])]
    assert all(tag == event for tag, event in told)
    return [tag for tag, _ in told]


async def test_who_has_everything_before_it_is_not_read_for(box: Box) -> None:
    (ready, heard), (behind, late) = connect(1, sent=4), connect(2, sent=2)
    full, waiting = connect(3, sent=4, window=1)
    dispatcher = Dispatcher({1: ready, 2: behind, 3: full}, repair=lambda *_, **__: None)
    box.newest = 6
    async with running(dispatcher):
        dispatcher.tell(News((5, 6), [1, 2, 3, 4], [5, 5, 5, 5]))
    assert (events(heard), events(late), events(waiting)) == ([5, 6], [3, 4, 5, 6], [5])
    assert sorted(box.reads) == [2, 3]


async def test_what_was_read_meanwhile_is_not_told_again(box: Box) -> None:
    connection, frames = connect(1, sent=6)
    box.newest = 6
    dispatcher = Dispatcher({1: connection}, repair=lambda *_, **__: None)
    async with running(dispatcher):
        dispatcher.tell(News((5, 6), [1], [5]))
    assert frames == [] and box.reads == []


async def test_several_commits_are_one_frame_in_whatever_order_they_are_told(box: Box) -> None:
    connection, frames = connect(1)
    dispatcher = Dispatcher({1: connection}, repair=lambda *_, **__: None)
    box.newest = 3
    async with running(dispatcher):
        dispatcher.tell(News((3,), [1], [3]))
        dispatcher.tell(News((1, 2), [1], [1]))
    assert events(frames) == [1, 2, 3] and len(frames) == 1


async def test_who_is_just_coming_in_is_looked_at_when_they_are(box: Box) -> None:
    connection, frames = connect(1)
    connection.joined = False
    dispatcher = Dispatcher({1: connection}, repair=lambda *_, **__: None)
    async with running(dispatcher):
        dispatcher.tell(News((1,), [1], [1]))
    assert connection.woken and frames == []

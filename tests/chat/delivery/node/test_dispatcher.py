"""Events that this process has just committed are written without a read, to clients that have everything before them.

The mailboxes of all other clients are read.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chat.delivery.mailbox import EventBatch
from chat.delivery.node import dispatcher as module
from chat.delivery.node.bodies import Chunk
from chat.delivery.node.connections import Connection
from chat.delivery.node.dispatcher import Dispatcher
from chat.delivery.node.turns import CommitTurns


class Box:
    """A mailbox that all clients share: the event of tag t is t. Records the clients whose mailboxes were read."""

    def __init__(self) -> None:
        self.newest = 0
        self.reads: list[int] = []

    async def read(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> list[EventBatch]:
        self.reads += clients
        found = []
        for client, low, high in zip(clients, after, upto, strict=True):
            tags = tuple(range(low + 1, min(high, self.newest) + 1))
            found += [EventBatch(tags, [client], [low + 1])] if tags else []
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


def make_dispatcher(connections: dict[int, Connection]) -> Dispatcher:
    return Dispatcher(connections, repair=lambda *_, **__: None, turns=CommitTurns())


@asynccontextmanager
async def running(dispatcher: Dispatcher) -> AsyncIterator[None]:
    task = asyncio.create_task(dispatcher.run())
    yield
    async with asyncio.timeout(60):
        await dispatcher._turns.written()
    task.cancel()


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Box:
    box = Box()
    monkeypatch.setattr(module, "mailbox", lambda: box)
    monkeypatch.setattr(module, "Bodies", Bodies)
    return box


def events(frames: list[dict[str, Any]]) -> list[int]:
    """Return the tags of the events, and check that the tag of each frame is that of its first event."""
    found = [(frame["tag"] + index, event) for frame in frames for index, event in enumerate(frame["events"])]
    assert all(tag == event for tag, event in found)
    return [tag for tag, _ in found]


async def test_mailboxes_of_clients_that_have_everything_before_are_not_read(box: Box) -> None:
    (ready, heard), (behind, late) = connect(1, sent=4), connect(2, sent=2)
    full, waiting = connect(3, sent=4, window=1)
    dispatcher = make_dispatcher({1: ready, 2: behind, 3: full})
    box.newest = 6
    async with running(dispatcher):
        dispatcher.deliver_committed(EventBatch((5, 6), [1, 2, 3, 4], [5, 5, 5, 5]))
    assert (events(heard), events(late), events(waiting)) == ([5, 6], [3, 4, 5, 6], [5])
    assert sorted(box.reads) == [2, 3]


async def test_events_that_a_read_has_delivered_are_not_sent_again(box: Box) -> None:
    connection, frames = connect(1, sent=6)
    box.newest = 6
    dispatcher = make_dispatcher({1: connection})
    async with running(dispatcher):
        dispatcher.deliver_committed(EventBatch((5, 6), [1], [5]))
    assert frames == [] and box.reads == []


async def test_several_commits_are_one_frame_in_the_order_of_their_tags(box: Box) -> None:
    connection, frames = connect(1)
    dispatcher = make_dispatcher({1: connection})
    box.newest = 3
    async with running(dispatcher):
        dispatcher.deliver_committed(EventBatch((3,), [1], [3]))
        dispatcher.deliver_committed(EventBatch((1, 2), [1], [1]))
    assert events(frames) == [1, 2, 3] and len(frames) == 1


async def test_a_client_whose_arrival_is_not_complete_is_marked_as_woken(box: Box) -> None:
    connection, frames = connect(1)
    connection.joined = False
    dispatcher = make_dispatcher({1: connection})
    async with running(dispatcher):
        dispatcher.deliver_committed(EventBatch((1,), [1], [1]))
    assert connection.woken and frames == []

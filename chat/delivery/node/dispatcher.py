"""The one task of a node that moves events from mailboxes to sockets: live, after a reconnect and in repair.

It collects the clients that were woken, reads all their mailboxes in one query, encodes each event once, and writes the
same body to all clients that get the same events. It waits for no socket: a connection that accepts no more is marked
as behind and read for again when it has room. Nothing is kept in memory for it, since the mailbox keeps its entries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final, Protocol

import structlog
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from chat.delivery import metrics
from chat.delivery.mailbox import EventBatch, mailbox
from chat.delivery.node.bodies import Bodies, Chunk
from chat.delivery.node.connections import Connection
from chat.delivery.node.turns import CommitTurns

READ_CLIENTS: Final = 1000  # mailboxes in one read; the next thousand follows at once
READ_EVENTS: Final = 100  # of one client in one read: a frame that a phone can apply without stuttering
READ_AT_LEAST: Final = 16  # of one client, however many are waiting
READ_TOTAL: Final = 20_000  # of all clients in one read: what is read stays in memory until it is written
# After each round of writing the loop is free for as long as the round took: acks and further posts are received.
REST: Final = 0.02  # seconds, at most
RETRY: Final = 0.5  # seconds before a read that failed is tried again

log = structlog.get_logger(__name__)


class Repair(Protocol):
    def __call__(self, client_ids: Iterable[int], *, lost: bool) -> None:
        """The mailboxes of these clients do not continue after what was sent, or (`lost`) hold events that are gone."""


class Dispatcher:
    def __init__(self, connections: Mapping[int, Connection], *, repair: Repair, turns: CommitTurns) -> None:
        """`connections`: by client id; the mapping changes as sockets open and close."""
        self._connections = connections
        self._repair = repair
        self._turns = turns
        self._waiting: dict[Connection, None] = {}  # in the order in which they were woken
        self._committed: list[EventBatch] = []
        self._work = asyncio.Event()
        self._bodies = Bodies()

    def wake(self, client_ids: Iterable[int]) -> None:
        """Read the mailboxes of these clients."""
        for connection in filter(None, map(self._connections.get, client_ids)):
            self._add(connection)
        self._continue()

    def wake_connection(self, connection: Connection) -> None:
        self._add(connection)
        self._continue()

    def resume(self, connection: Connection) -> None:
        """The connection was behind and has room again."""
        connection.behind = False
        self.wake_connection(connection)

    def deliver_committed(self, batch: EventBatch, encoded: Mapping[int, bytes] = {}) -> None:
        """Deliver what this process has just committed; `encoded`: its events by id.

        A client that was sent everything before gets it without a read: a read would find the same entries. The
        mailboxes of all other clients are read.
        """
        if encoded:
            self._bodies.remember(encoded)
        self._committed.append(batch)
        self._continue()

    def forget(self, events: Iterable[int]) -> None:
        """Send no more what these events contained: they were redacted."""
        self._bodies.forget(events)

    async def run(self) -> None:
        while True:
            await self._work.wait()
            committed, ready = self._take()
            try:
                wrote_for = await self._deliver_batches(committed) + await self._deliver_mailboxes(ready)
                if not self._waiting and not self._committed:
                    self._turns.end_writing()
                await asyncio.sleep(min(REST, wrote_for))
                await self._turns.wait_for_commit(wrote_for=wrote_for)
            except (DatabaseError, PoolTimeout, RedisError) as error:
                log.warning("read_delayed", clients=len(ready), reason=repr(error))
                await asyncio.sleep(RETRY)
                self._read_instead(committed)
                for connection in ready:
                    self.wake_connection(connection)

    def _add(self, connection: Connection) -> None:
        if not connection.joined:
            connection.woken = True  # the arrival is not complete; it looks at this when it is
        elif connection.blocked or connection.room <= 0:
            connection.behind = True
        else:
            self._waiting[connection] = None

    def _continue(self) -> None:
        if self._waiting or self._committed:
            self._work.set()
            self._turns.begin_writing()

    def _take(self) -> tuple[list[EventBatch], list[Connection]]:
        committed, self._committed = self._committed, []
        if len(committed) > 1:  # after several commits, read the mailboxes instead, so that each client gets one frame
            self._read_instead(committed)
            committed = []
        some = list(islice(self._waiting, READ_CLIENTS))
        for connection in some:
            del self._waiting[connection]
        if not self._waiting:
            self._work.clear()
        return committed, [each for each in some if not each.closed]

    def _read_instead(self, committed: Iterable[EventBatch]) -> None:
        for batch in committed:
            self.wake(batch.clients)

    async def _deliver_batches(self, committed: list[EventBatch]) -> float:
        """Deliver without a read. Returns the seconds that writing took."""
        clock = asyncio.get_running_loop().time
        wrote_for = 0.0
        for batch in committed:
            chunks = (await self._bodies.load([batch.events]))[batch.events]
            started = clock()
            if chunks is None:
                self.wake(batch.clients)
            else:
                self._write_batch(batch, chunks)
            wrote_for += clock() - started
        return wrote_for

    def _write_batch(self, batch: EventBatch, chunks: list[Chunk]) -> None:
        count = len(batch.events)
        written = 0
        for client_id, first in zip(batch.clients, batch.first_tags, strict=True):
            connection = self._connections.get(client_id)
            if connection is None or connection.sent >= first + count - 1:
                continue  # gone, or a read was faster
            if not connection.joined or connection.blocked or connection.sent + 1 != first or connection.room < count:
                self._add(connection)
                continue
            for some, body in chunks:
                written += some
                if not connection.write_events(some, body):
                    connection.behind = True
                    break
        self._continue()
        metrics.DELIVERIES.inc(written)
        metrics.FRAMES.inc(written * len(chunks) / count)

    async def _deliver_mailboxes(self, ready: list[Connection]) -> float:
        """Read the mailboxes and deliver. Returns the seconds that writing took."""
        if not ready:
            return 0.0
        each_at_most = min(READ_EVENTS, max(READ_AT_LEAST, READ_TOTAL // len(ready)))
        after = [connection.sent for connection in ready]
        upto = [connection.sent + min(connection.room, each_at_most) for connection in ready]
        with metrics.READ_SECONDS.time():
            batches = await mailbox().read([connection.client_id for connection in ready], after, upto)
            frames = await self._bodies.load(batch.events for batch in batches)
        asked = dict(zip(ready, upto, strict=True))
        clock = asyncio.get_running_loop().time
        started = clock()
        for batch in batches:
            chunks = frames[batch.events]
            if chunks is None or not batch.events:
                self._repair(batch.clients, lost=True)
            else:
                self._write_read(batch, chunks, asked)
        return clock() - started

    def _write_read(self, batch: EventBatch, chunks: list[Chunk], asked: Mapping[Connection, int]) -> None:
        """`asked`: the connections that were read for, and the tag up to which."""
        written = frames = 0
        for client_id, first in zip(batch.clients, batch.first_tags, strict=True):
            connection = self._connections.get(client_id)
            if connection is None or connection not in asked:
                continue  # gone, or replaced while its mailbox was read
            if first != connection.sent + 1:
                self._repair([client_id], lost=False)
                continue
            for count, body in chunks:
                written, frames = written + count, frames + 1
                if not connection.write_events(count, body):
                    break
            if connection.blocked:
                connection.behind = True
            elif connection.sent >= asked[connection]:
                self.wake_connection(connection)  # there may be more than one read returns
        metrics.DELIVERIES.inc(written)
        metrics.FRAMES.inc(frames)

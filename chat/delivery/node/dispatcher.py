"""One task a node that moves events from mailboxes to sockets: live, after a reconnect and in repair alike.

It gathers the clients that were woken, reads all their mailboxes in one query, encodes every event once, and writes the
same body to everybody who has the same news. It waits for no socket: who cannot take more is left out, marked as
behind, and read again when there is room. What lies in a mailbox needs no memory here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Final, Protocol

import structlog
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from chat.delivery import metrics
from chat.delivery.mailbox import News, mailbox
from chat.delivery.node.bodies import Bodies, Chunk
from chat.delivery.node.connections import Connection

READ_CLIENTS: Final = 1000  # mailboxes in one read; the next thousand follows at once
READ_EVENTS: Final = 100  # of one client in one read: a frame that a phone can apply without stuttering
READ_AT_LEAST: Final = 16  # of one client, however many are waiting
READ_TOTAL: Final = 20_000  # of all clients in one read: what is read lies in memory until it is written
# After a round of writing the loop belongs to others for as long as it took: acks come in and further posts. If it was
# a heavy round and posts are being committed just then, they are waited for, so that clients get one frame instead of
# two: with 500 readers and 8 posts in flight that halves the cost of a delivery. A small round rests for microseconds.
REST: Final = 0.02  # seconds, at most
COMMIT: Final = 0.05  # seconds to wait for them, at most
HEAVY: Final = 0.003  # seconds of writing
RETRY: Final = 0.5  # seconds before a read that failed is tried again

log = structlog.get_logger(__name__)


class Repair(Protocol):
    def __call__(self, client_ids: Iterable[int], *, lost: bool) -> None:
        """The mailboxes of these clients do not continue where they are, or (`lost`) hold what no longer exists."""


class Dispatcher:
    def __init__(self, connections: Mapping[int, Connection], *, repair: Repair) -> None:
        """`connections`: by client id, live."""
        self._connections = connections
        self._repair = repair
        self._waiting: dict[Connection, None] = {}  # in the order in which they were woken
        self._told: list[News] = []
        self._some = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()
        self._bodies = Bodies()
        self._coming = 0
        self._come = asyncio.Event()

    def wake(self, client_ids: Iterable[int]) -> None:
        for connection in filter(None, map(self._connections.get, client_ids)):
            self._note(connection)
        self._go_on()

    def tell(self, news: News, encoded: Mapping[int, bytes] = {}) -> None:
        """What was just committed in this process, its events `encoded` by id. Whoever has everything before it gets it
        unread: its entries are those that a read would find. All others are read for."""
        if encoded:
            self._bodies.remember(encoded)
        self._told.append(news)
        self._go_on()

    def forget(self, events: Iterable[int]) -> None:
        """What these said is not to be sent any more."""
        self._bodies.forget(events)

    def wake_one(self, connection: Connection) -> None:
        self._note(connection)
        self._go_on()

    @contextmanager
    def coming(self) -> Iterator[None]:
        """While something is being committed in this process that is likely to wake clients of this node."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1
            if not self._coming:
                self._come.set()

    async def written(self) -> None:
        """Until everybody who was woken has been written to, or was found to take nothing now."""
        await self._written.wait()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            told, ready = self._take()
            try:
                written_for = await self._deliver_told(told) + await self._deliver(ready)
                if not self._waiting and not self._told:
                    self._written.set()
                await self._rest(written_for)
            except (DatabaseError, PoolTimeout, RedisError) as error:
                log.warning("read_delayed", clients=len(ready), reason=repr(error))
                await asyncio.sleep(RETRY)
                self._read_for(told)
                for connection in ready:
                    self.wake_one(connection)

    def _note(self, connection: Connection) -> None:
        if not connection.joined:
            connection.woken = True  # while it is being let in; looked at when that is done
        elif connection.blocked or connection.room <= 0:
            connection.behind = True
        else:
            self._waiting[connection] = None

    def _go_on(self) -> None:
        if self._waiting or self._told:
            self._some.set()
            self._written.clear()

    def _take(self) -> tuple[list[News], list[Connection]]:
        told, self._told = self._told, []
        if len(told) > 1:  # read, what several commits brought goes out in one frame
            self._read_for(told)
            told = []
        some = list(islice(self._waiting, READ_CLIENTS))
        for connection in some:
            del self._waiting[connection]
        if not self._waiting:
            self._some.clear()
        return told, [each for each in some if not each.closed]

    def _read_for(self, told: Iterable[News]) -> None:
        for news in told:
            self.wake(news.clients)

    async def _deliver_told(self, told: list[News]) -> float:
        """The seconds that it wrote for."""
        clock = asyncio.get_running_loop().time
        written_for = 0.0
        for news in told:
            chunks = (await self._bodies.load([news.events]))[news.events]
            started = clock()
            if chunks is None:
                self.wake(news.clients)
            else:
                self._write_told(news, chunks)
            written_for += clock() - started
        return written_for

    def _write_told(self, news: News, chunks: list[Chunk]) -> None:
        count = len(news.events)
        written = 0
        for client_id, first in zip(news.clients, news.firsts, strict=True):
            connection = self._connections.get(client_id)
            if connection is None or connection.sent >= first + count - 1:
                continue  # gone, or a read was faster
            if not connection.joined or connection.blocked or connection.sent + 1 != first or connection.room < count:
                self._note(connection)
                continue
            for some, body in chunks:
                written += some
                if not connection.write_events(some, body):
                    connection.behind = True
                    break
        self._go_on()
        metrics.DELIVERIES.inc(written)
        metrics.FRAMES.inc(written * len(chunks) / count)

    async def _deliver(self, ready: list[Connection]) -> float:
        """The seconds that it wrote for."""
        if not ready:
            return 0.0
        each_at_most = min(READ_EVENTS, max(READ_AT_LEAST, READ_TOTAL // len(ready)))
        after = [connection.sent for connection in ready]
        upto = [connection.sent + min(connection.room, each_at_most) for connection in ready]
        with metrics.READ_SECONDS.time():
            news = await mailbox().read([connection.client_id for connection in ready], after, upto)
            frames = await self._bodies.load(each.events for each in news)
        asked = dict(zip(ready, upto, strict=True))
        clock = asyncio.get_running_loop().time
        started = clock()
        for each in news:
            chunks = frames[each.events]
            if chunks is None or not each.events:
                self._repair(each.clients, lost=True)
            else:
                self._write(each, chunks, asked)
        return clock() - started

    async def _rest(self, written_for: float) -> None:
        await asyncio.sleep(min(REST, written_for))
        if self._coming and written_for > HEAVY:
            self._come.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(COMMIT):
                    await self._come.wait()

    def _write(self, news: News, chunks: list[Chunk], asked: Mapping[Connection, int]) -> None:
        written = frames = 0
        for client_id, first in zip(news.clients, news.firsts, strict=True):
            connection = self._connections.get(client_id)
            if connection is None or connection not in asked:
                continue  # replaced or gone while we were reading
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
                self.wake_one(connection)  # there may be more than one read brings
        metrics.DELIVERIES.inc(written)
        metrics.FRAMES.inc(frames)

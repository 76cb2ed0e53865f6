"""Finds what wake-ups did not announce: the node compares the tags of its connections with their mailboxes.

This is what makes a wake-up a mere hint. It also finds mailboxes that were emptied while their client was connected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import structlog
from asgiref.sync import sync_to_async
from django.db import connections as database_connections

from chat.delivery import metrics
from chat.delivery.mailbox import mailbox
from chat.delivery.node.acks import Acks
from chat.delivery.node.connections import Connection, local
from chat.delivery.node.dispatcher import Dispatcher
from chat.delivery.node.hello import resync
from chat.delivery.node.jobs import slices

COMPARE: Final = 4.0  # seconds between two comparisons: for so long a lost wake-up can go unnoticed
CATCH_UP: Final = 3.0  # seconds between two searches for events that a crash kept from the mailboxes

log = structlog.get_logger(__name__)


class Repair:
    def __init__(self, connections: Mapping[int, Connection], *, acks: Acks, dispatcher: Dispatcher) -> None:
        """`connections`: by client id; the mapping changes as sockets open and close."""
        self._connections, self._acks, self._dispatcher = connections, acks, dispatcher
        self._requests: dict[int, bool] = {}  # client → whether its mailbox holds events that no longer exist
        self._more = asyncio.Event()

    def request(self, client_ids: Iterable[int], *, lost: bool) -> None:
        """Compare these clients soon. `lost`: treat their mailboxes as emptied."""
        for client_id in client_ids:
            self._requests[client_id] = lost or self._requests.get(client_id, False)
        self._more.set()

    async def run(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            await self.compare_requested()

    async def compare_requested(self) -> None:
        requests, self._requests = self._requests, {}
        lost = frozenset(client for client, is_lost in requests.items() if is_lost)
        for some in slices(local(self._connections, requests)):
            await self._compare(some, lost=lost)

    async def compare(self) -> None:
        """Compare all connections with their mailboxes."""
        for some in slices([each for each in self._connections.values() if each.joined]):
            await self._compare(some)

    async def _compare(self, connections: list[Connection], *, lost: frozenset[int] = frozenset()) -> None:
        """`lost`: clients whose mailboxes are treated as emptied."""
        sent = {connection: connection.sent for connection in connections}
        # A mailbox that stands where everything was sent is left out of the answer, unless it is lost.
        known = [-1 if connection.client_id in lost else tag for connection, tag in sent.items()]
        positions = await mailbox().positions([connection.client_id for connection in sent], known=known)
        for connection, tag in sent.items():
            position = positions.get(connection.client_id)
            if position is None or connection.sent != tag or connection.closed or connection.blocked:
                continue  # unchanged, gone, sent more meanwhile, or compared later when it accepts frames again
            if connection.client_id in lost or not position.reaches(tag):
                self._acks.add(connection.client_id, *resync(connection, position))
            elif position.tag > tag and not connection.behind and connection.room > 0:
                metrics.REPAIRS.inc()
                self._dispatcher.wake_connection(connection)


async def catch_up() -> None:
    """Put events into mailboxes that a crash kept from them, where mailboxes are outside the database."""
    late = await sync_to_async(_catch_up, thread_sensitive=False)()
    if late:
        log.warning("late_events_appended", events=late)


def _catch_up() -> int:
    try:
        return mailbox().catch_up()
    finally:
        database_connections.close_all()

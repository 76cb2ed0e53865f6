"""Sockets that open: the node claims their clients, reads where the mailboxes stand, and sends hello."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from chat.delivery import wakeups
from chat.delivery.mailbox import Position, mailbox
from chat.delivery.node import claims
from chat.delivery.node.acks import Acks
from chat.delivery.node.connections import Connection
from chat.delivery.node.dispatcher import Dispatcher
from chat.delivery.node.hello import hello
from chat.delivery.node.jobs import TROUBLE
from chat.delivery.node.presence_signals import PresenceSignals
from chat.wire import CheckStanding, Close

AT_ONCE: Final = 200  # sockets admitted in one step
RETURN: Final = 10_000  # milliseconds over which clients return that could not be admitted

log = structlog.get_logger(__name__)


class Arrivals:
    def __init__(
        self,
        node_id: int,
        *,
        acks: Acks,
        dispatcher: Dispatcher,
        presence: PresenceSignals,
        outbox: wakeups.Outbox,
    ) -> None:
        self._node_id = node_id
        self._acks, self._dispatcher, self._presence, self._outbox = acks, dispatcher, presence, outbox
        self._queue: list[tuple[Connection, int, asyncio.Future[None]]] = []
        self._more = asyncio.Event()

    async def admit(self, connection: Connection, *, tag: int) -> None:
        """Claim the client and send hello. Returns when that is done, or when the socket was closed because it failed.

        `tag` is the last one that the client has applied.
        """
        done = asyncio.get_running_loop().create_future()
        self._queue.append((connection, tag, done))
        self._more.set()
        await done

    async def run(self) -> None:
        """Admit sockets that open at the same time together: when a node ends, a thousand clients come to the next."""
        while True:
            await self._more.wait()
            await self.admit_waiting()

    async def admit_waiting(self) -> None:
        """Admit the first AT_ONCE of the sockets that wait."""
        some, self._queue = self._queue[:AT_ONCE], self._queue[AT_ONCE:]
        if not self._queue:
            self._more.clear()
        try:
            await self._admit([(connection, tag) for connection, tag, _ in some if not connection.closed])
        except TROUBLE as error:
            log.warning("join_failed", sockets=len(some), reason=repr(error))
            for connection, _, _ in some:
                connection.close(Close.RESTARTING, f"retry={RETURN}")
        finally:
            for _, _, done in some:
                if not done.done():
                    done.set_result(None)

    async def _admit(self, arrivals: list[tuple[Connection, int]]) -> None:
        """Claim first, read the mailboxes then: what is appended after the claim wakes this node."""
        if not arrivals:
            return
        ids = [connection.client_id for connection, _ in arrivals]
        holders = await claims.claim(self._node_id, ids, [connection.credential for connection, _ in arrivals])
        self._notify_holders(holders)
        positions = await mailbox().positions(ids)
        for connection, tag in arrivals:
            position = positions.get(connection.client_id)
            if position is None or connection.client_id not in holders:
                connection.close(Close.UNKNOWN_CLIENT)
            elif not connection.closed:
                self._greet(connection, position, tag)
        self._presence.arrived((each.organization_id, each.member_id) for each, _ in arrivals)

    def _notify_holders(self, holders: Mapping[int, int | None]) -> None:
        """Have the nodes that held some of these clients close their sockets."""
        before: dict[int, list[int]] = {}
        for client, holder in holders.items():
            if holder is not None and holder != self._node_id:
                before.setdefault(holder, []).append(client)
        for holder, clients in before.items():
            self._outbox.post_to_group(wakeups.group_of(holder), CheckStanding(clients))

    def _greet(self, connection: Connection, position: Position, tag: int) -> None:
        connection.heard_at = asyncio.get_running_loop().time()  # nothing was read from it while it waited
        acked = hello(connection, position, tag)
        connection.joined = True
        if acked is not None:
            self._acks.add(connection.client_id, *acked)
        if connection.woken or position.tag > connection.sent:
            self._dispatcher.wake_connection(connection)

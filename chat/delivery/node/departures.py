"""Sockets that close: the node gives up its claim on their clients and ends the presence of their members."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import structlog

from chat.delivery.node import claims
from chat.delivery.node.connections import Connection
from chat.delivery.node.jobs import RETRY, TROUBLE, slices
from chat.delivery.node.presence_signals import PresenceSignals

GATHER: Final = 0.2  # seconds over which departures are collected for one statement

log = structlog.get_logger(__name__)


class Departures:
    def __init__(self, node_id: int, connections: Mapping[int, Connection], *, presence: PresenceSignals) -> None:
        self._node_id, self._connections, self._presence = node_id, connections, presence
        self._left: dict[int, tuple[UUID, UUID]] = {}  # client → organization, member
        self._more = asyncio.Event()

    def add(self, connection: Connection) -> None:
        self._left[connection.client_id] = (connection.organization_id, connection.member_id)
        self._more.set()

    async def run(self) -> None:
        while True:
            await self._more.wait()
            await asyncio.sleep(GATHER)
            self._more.clear()
            left, self._left = self._left, {}
            try:
                await self._release([client for client in left if client not in self._connections])
                here = {(each.organization_id, each.member_id) for each in self._connections.values()}
                await self._presence.departed({member for member in left.values() if member not in here})
            except TROUBLE as error:
                log.warning("release_delayed", clients=len(left), reason=repr(error))
                self._left = left | self._left
                self._more.set()
                await asyncio.sleep(RETRY)

    async def release_waiting(self) -> None:
        """Give up the claims on clients whose sockets have closed, without waiting for others."""
        left, self._left = self._left, {}
        await self._release(list(left))

    async def release_all(self) -> None:
        """Give up every claim of this node, because it stops."""
        await self._release([*self._left, *self._connections])

    async def _release(self, clients: list[int]) -> None:
        for some in slices(clients):
            await claims.release(self._node_id, some)

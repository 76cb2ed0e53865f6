"""Closes the sockets of clients that may not stay: removed, signed out, deactivated, or connected to another node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from chat.delivery.node import claims
from chat.delivery.node.connections import Connection, local
from chat.delivery.node.jobs import slices
from chat.wire import Close

INTERVAL: Final = 5.0  # seconds between two checks, besides those that another process asks for

CLOSE_CODES: Final[dict[str, Close]] = {
    "gone": Close.UNKNOWN_CLIENT,
    "barred": Close.NOT_A_MEMBER,
    "signed_out": Close.NOT_SIGNED_IN,
    "moved": Close.REPLACED,
}


class Standing:
    def __init__(self, node_id: int, connections: Mapping[int, Connection]) -> None:
        self._node_id, self._connections = node_id, connections

    async def check(self) -> None:
        """Check every connection."""
        await self._check(list(self._connections.values()))

    async def check_clients(self, client_ids: Iterable[int]) -> None:
        await self._check(local(self._connections, client_ids))

    async def _check(self, connections: list[Connection]) -> None:
        for some in slices([connection for connection in connections if connection.joined]):
            visitors = [
                claims.Visitor(each.client_id, each.member_id, each.token_id, each.session_key) for each in some
            ]
            found = await claims.faults(self._node_id, visitors)
            for connection in some:
                code = CLOSE_CODES.get(found.get(connection.client_id, ""))
                if code is not None:
                    connection.close(code)
            unclaimed = [client for client, fault in found.items() if fault == "unclaimed"]
            if unclaimed:
                await claims.reclaim(self._node_id, [each.client_id for each in local(self._connections, unclaimed)])

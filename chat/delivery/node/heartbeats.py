"""Heartbeats of the server, and the end of sockets that are silent or acknowledge nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from django.conf import settings

from chat.delivery.node.connections import Connection
from chat.wire import Close, ServerHeartbeat

TICK: Final = 1.0  # seconds: how precise heartbeats and time-outs are


class Heartbeats:
    def __init__(self, connections: Mapping[int, Connection]) -> None:
        self._connections = connections

    async def run(self) -> None:
        """Each second, send a heartbeat to a share of the connections and close those whose time is over."""
        second, now = 0, asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(TICK)
            second, before, now = second + 1, now, asyncio.get_running_loop().time()
            if now - before > 2 * TICK:  # this process was stopped: the clients were not silent, it did not listen
                for connection in self._connections.values():
                    connection.heard_at = now
            self._tick(second, now)

    def _tick(self, second: int, now: float) -> None:
        interval = settings.SOCKET_HEARTBEAT
        silent, stuck = now - 2 * interval, now - settings.SOCKET_ACK_TIMEOUT
        for connection in [each for each in self._connections.values() if each.joined]:
            if connection.client_id % interval == second % interval and not connection.blocked:
                connection.write(ServerHeartbeat(connection.sent))
            is_stuck = connection.sent > connection.acked and connection.progress_at < stuck
            if is_stuck or connection.heard_at < silent:
                connection.close(Close.TOO_SLOW)

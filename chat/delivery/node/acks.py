"""Acks of a node's clients, collected for a tenth of a second and written in one sorted statement.

If an ack is lost with its node, its events are sent again at worst: a client names its tag when it returns.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from chat.delivery import metrics
from chat.delivery.mailbox import mailbox

GATHER: Final = 0.1  # seconds; then the rows of a statement cost much more than the statement itself
AT_ONCE: Final = 2000  # clients in a statement
RETRY: Final = 0.5  # seconds

log = structlog.get_logger(__name__)


class Acks:
    """Holds at most one range for each client, so its size is bounded by the number of sockets."""

    def __init__(self) -> None:
        self._ranges: dict[int, tuple[int, int]] = {}  # client → (after, upto)
        self._some = asyncio.Event()

    def add(self, client_id: int, after: int, upto: int) -> None:
        known = self._ranges.get(client_id)
        self._ranges[client_id] = (after, upto) if known is None else (min(known[0], after), max(known[1], upto))
        self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(GATHER)
            self._some.clear()
            if not await self.flush():
                await asyncio.sleep(RETRY)
                self._some.set()

    async def flush(self) -> bool:
        """Write the acks. Returns False if that failed; they are kept then."""
        ranges, self._ranges = self._ranges, {}
        clients = sorted(ranges)
        while clients:
            some, clients = clients[:AT_ONCE], clients[AT_ONCE:]
            after, upto = [ranges[client][0] for client in some], [ranges[client][1] for client in some]
            try:
                taken = set(await mailbox().acknowledge(some, after, upto))
            except (DatabaseError, PoolTimeout, RedisError) as error:
                log.warning("acks_delayed", clients=len(some) + len(clients), reason=repr(error))
                for client in some + clients:
                    self.add(client, *ranges[client])
                return False
            for client in taken:
                self.add(client, *ranges[client])
            metrics.ACKS.inc(sum(ranges[client][1] - ranges[client][0] for client in some if client not in taken))
        return True

"""Committing posts and writing their events to sockets: each waits for the other, so that posts share frames."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

WRITTEN: Final = 0.05  # seconds, at most, for which a poster waits until events have been written to sockets
COMMIT: Final = 0.05  # seconds, at most, for which the dispatcher waits for a transaction that is open
HEAVY: Final = 0.003  # seconds of writing, from which on the dispatcher waits for it at all


class CommitTurns:
    """Makes the posters and the dispatcher of a node take turns.

    Without turns, members who post at the same time split into two groups: while the posts of one group are committed,
    the events of the other are written, and every reader gets two frames where one would do. So a poster begins its
    next transaction when the dispatcher has written the events of the last one to the sockets, but waits at most
    WRITTEN (50 ms). And the dispatcher, after a round that took it longer than HEAVY (3 ms), waits for a transaction
    that is just being committed, but at most COMMIT (50 ms).

    Measured with `make bench ONLY=fanout`, 500 readers and 8 posts in flight: with the waits of the poster (this one
    and a short one for further posts, see chat/realtime/poster.py) a delivery costs 11 µs instead of 17. The wait of
    the dispatcher halves the cost again. The price is latency: under load a post may wait for both.
    """

    def __init__(self) -> None:
        self._transactions = 0
        self._committed = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Enter it while a transaction is open that probably wakes clients of this node."""
        self._transactions += 1
        try:
            yield
        finally:
            self._transactions -= 1
            if not self._transactions:
                self._committed.set()

    def begin_writing(self) -> None:
        """There are events that have not been written to sockets."""
        self._written.clear()

    def end_writing(self) -> None:
        """Every connection was written to, or accepts nothing now."""
        self._written.set()

    async def written(self) -> None:
        """Wait until all events have been written, without a limit."""
        await self._written.wait()

    async def wait_for_writing(self) -> None:
        """Called by a poster between two transactions."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WRITTEN):
                await self._written.wait()

    async def wait_for_commit(self, *, wrote_for: float) -> None:
        """Called by the dispatcher after it wrote for so many seconds."""
        if self._transactions and wrote_for > HEAVY:
            self._committed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(COMMIT):
                    await self._committed.wait()

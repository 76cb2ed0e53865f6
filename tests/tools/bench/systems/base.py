"""What the load generator needs to know of a chat server, ours or another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from tests.tools.bench.tally import Tally

SENDERS = 8  # of the readers who post, in turn


class Unavailable(Exception):
    """This system cannot be had here; the text says why, and becomes its column."""


class System(Protocol):
    """A server whose processes run on the server's core, and its clients, which live in this process."""

    name: str

    def running(self) -> AbstractContextManager[None]:
        """Start the servers and stop them. Raises Unavailable."""

    def roots(self) -> list[int]:
        """The processes whose trees are the whole server side."""

    async def connect(self, tally: Tally) -> None:
        """Connect as many readers as the tally has; from now on each records there what it applied."""

    def post(self, number: int) -> None:
        """Send this message to everybody. Returns at once."""

    async def settle(self) -> list[str]:
        """Wait until the server has taken note of every ack. Returns what is wrong then."""

    async def disconnect(self) -> None:
        """Close every connection."""


@runtime_checkable
class Returning(System, Protocol):
    """One whose clients find again what waits for them."""

    senders: Sequence[int]

    async def lose(self) -> None:
        """Cut off everybody but the last reader, with their node where there can be two."""

    async def come_back(self) -> None:
        """Connect them again, all at once, each from where it was."""

    def main_process(self) -> int:
        """The one that holds the connections."""


def slices(count: int, size: int) -> Iterator[range]:
    """Clients connect in portions: nobody's backlog is what is measured."""
    for first in range(0, count, size):
        yield range(first, min(count, first + size))


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float, every: float = 0.05) -> bool:
    """Look until the condition (a coroutine function) holds or time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await condition():
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(every)
    return True

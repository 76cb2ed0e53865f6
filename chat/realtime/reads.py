"""Read positions from sockets: at most one of a member is being written, and those that wait are joined.

A client may send as many positions as it likes. A position that waits is joined by the next one for the same
conversation or thread, and the greater `seq` is written for both. So each member costs a bounded part of a node,
with any number of frames, tabs and devices, and a client that reads quickly waits for two writes at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from django.utils.translation import gettext

from chat.entities.participants import Participant
from chat.errors import Throttled

PACE: Final = 20.0  # reads a second and member in the long run: with 4 ms each, a twelfth of a core
AT_ONCE: Final = 60.0  # and in a burst, for a member who goes through their unread conversations
WAITING: Final = 200  # different reads that a member may have waiting: ten seconds at that pace


class What(NamedTuple):
    """What is read. Two reads of the same differ in `seq` alone, and the greater one includes the other."""

    conversation: UUID
    thread: UUID | None
    threads: bool


Mark = Callable[[What, int], Awaitable[Participant]]


class Bucket:
    """An allowance that refills: `rate` a second, `most` at once."""

    def __init__(self, *, rate: float, most: float, now: float) -> None:
        self._rate, self._most = rate, most
        self._left, self._at = most, now

    def take(self, now: float) -> float:
        """Take one, and return the seconds to wait until the allowance covers it."""
        self._left = min(self._most, self._left + (now - self._at) * self._rate) - 1
        self._at = now
        return max(0.0, -self._left / self._rate)


@dataclass(slots=True)
class _Waiting:
    seq: int
    outcome: asyncio.Future[Participant]


class Reader:
    """The reads of one member on this node. `mark` writes one of them."""

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self._loop = asyncio.get_running_loop()
        self._bucket = Bucket(rate=PACE, most=AT_ONCE, now=self._loop.time())
        self._waiting: dict[What, _Waiting] = {}
        self._busy: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        return self._busy is None

    async def read(self, what: What, seq: int) -> Participant:
        """Write that it was read up to `seq` or further. Raises what `mark` raises, and Throttled if too many wait."""
        waiting = self._waiting.get(what)
        if waiting is None:
            if len(self._waiting) >= WAITING:
                raise Throttled(int(WAITING / PACE), gettext("Too much is being read at once."))
            waiting = self._waiting[what] = _Waiting(seq, self._loop.create_future())
        waiting.seq = max(waiting.seq, seq)
        if self._busy is None:
            self._busy = self._loop.create_task(self._work())
        return await asyncio.shield(waiting.outcome)  # a socket that closes cancels only its own answer

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._bucket.take(self._loop.time()))
            what = next(iter(self._waiting))
            waiting = self._waiting.pop(what)
            marking = asyncio.ensure_future(self._mark(what, waiting.seq))
            await asyncio.wait([marking])
            _pass_on(marking, waiting.outcome)
        self._busy = None


def _pass_on(done: asyncio.Future[Participant], outcome: asyncio.Future[Participant]) -> None:
    error = done.exception()
    if error is None:
        outcome.set_result(done.result())
    else:
        outcome.set_exception(error)
        outcome.exception()  # marks the error as seen, also if all sockets that waited have closed


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[UUID, Reader]] = WeakKeyDictionary()


async def read(member_id: UUID, what: What, seq: int, *, mark: Mark) -> Participant:
    """Write it with the one reader of the member on this node; see `Reader.read`."""
    loop = asyncio.get_running_loop()
    readers = _readers.setdefault(loop, {})
    reader = readers.get(member_id)
    if reader is None:
        reader = readers[member_id] = Reader(mark)
        _forget_later(loop, readers, member_id)
    return await reader.read(what, seq)


def _forget_later(loop: asyncio.AbstractEventLoop, readers: dict[UUID, Reader], member_id: UUID) -> None:
    """Drop the reader once it has nothing to do and its allowance is full again."""

    def forget() -> None:
        if readers[member_id].is_idle:
            del readers[member_id]
        else:
            _forget_later(loop, readers, member_id)

    loop.call_later(AT_ONCE / PACE, forget)

"""Messages from sockets, committed together: what arrives while a transaction is under way goes into the next.

Under load a commit is shared by many posts, the mailboxes of a conversation are touched once for all of them, and their
readers get one frame. A post that is alone waits for nobody. Two things keep those who talk at the same time in one
batch, where otherwise two halves would take turns (with 500 readers and 8 posts in flight: 17 µs a delivery, not 11):
the next batch begins when what the last one brought has been written to the sockets, and it waits a moment for those
who may answer to it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from itertools import groupby
from typing import Final, NamedTuple, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from django.db import Error as DatabaseError
from django.db import connection
from django.utils.translation import gettext
from psycopg_pool import PoolTimeout

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.actions.messages import Post, Sent, send_messages
from chat.errors import Refusal, Throttled
from chat.realtime.protocol import MessageSend

LANES: Final = 2  # threads; a conversation always takes the same one, so that what a member says stays in order
TOGETHER: Final = 64  # posts in a transaction: more would only make the first of them wait
GATHER: Final = 0.005  # seconds, at most, to wait for as many posts as there were in the last round
WRITTEN: Final = 0.05  # seconds, at most, to wait until the last batch has been written to the sockets
SWITCH: Final = 0.0005  # seconds that a busy loop keeps the interpreter from a lane's thread that has its answer
WAITING: Final = 2_000  # posts a lane holds before it says no: some seconds of work

Outcome = Sent | Refusal | None
"""None: something of ours is down; nothing was written, or the ref will say so."""


class Delivery(Protocol):
    """What the poster wants to know of the dispatcher."""

    def coming(self) -> AbstractContextManager[None]:
        """To be entered while a transaction is open that is likely to wake clients of this node."""

    async def written(self) -> None:
        """Until everybody who was woken has been written to."""


log = structlog.get_logger(__name__)


class Parcel(NamedTuple):
    """A post on its way, with those who sent it as ids: what they may do is looked up when it is written."""

    organization_id: UUID
    member_id: UUID
    frame: MessageSend


class Lane:
    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._waiting: list[tuple[Parcel, asyncio.Future[Outcome]]] = []
        self._expected = 1  # posts, if those who talk now go on talking
        self._more = asyncio.Event()
        self._busy: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="poster")

    async def post(self, parcel: Parcel) -> Outcome:
        """Raises Throttled when too much is waiting already."""
        if len(self._waiting) >= WAITING:
            raise Throttled(2, gettext("Too much is being written just now."))
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((parcel, outcome))
        self._more.set()
        if self._busy is None:
            self._busy = loop.create_task(self._work())
        return await outcome

    async def close(self) -> None:
        """Finish what is waiting and give the connection back."""
        if self._busy is not None:
            await self._busy
        await asyncio.get_running_loop().run_in_executor(self._thread, _give_back)
        self._thread.shutdown(wait=False)

    async def _work(self) -> None:
        while self._waiting:
            await self._gather()
            some, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            await self._write(some)
            with suppress(TimeoutError):
                async with asyncio.timeout(WRITTEN):
                    await self._delivery.written()
            self._expected = min(TOGETHER, len(some) + len(self._waiting))
        self._busy = None

    async def _gather(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER):
                while len(self._waiting) < self._expected:
                    self._more.clear()
                    await self._more.wait()

    async def _write(self, some: Sequence[tuple[Parcel, asyncio.Future[Outcome]]]) -> None:
        loop = asyncio.get_running_loop()
        with self._delivery.coming():
            outcomes = await loop.run_in_executor(self._thread, _write, [parcel for parcel, _ in some])
        for (_, waiting), outcome in zip(some, outcomes, strict=True):
            if not waiting.done():
                waiting.set_result(outcome)


_lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, list[Lane]] = WeakKeyDictionary()


async def post(parcel: Parcel, *, delivery: Delivery) -> Outcome:
    """Write it with whatever else is waiting. Raises Throttled."""
    loop = asyncio.get_running_loop()
    lanes = _lanes.get(loop)
    if lanes is None:
        sys.setswitchinterval(SWITCH)
        lanes = _lanes[loop] = [Lane(delivery) for _ in range(LANES)]
    return await lanes[parcel.frame.conversation.int % LANES].post(parcel)


async def close() -> None:
    """When the node stops."""
    for lane in _lanes.pop(asyncio.get_running_loop(), []):
        await lane.close()


def _give_back() -> None:
    connection.close()  # looked up here: it is another one in every thread


def _write(parcels: Sequence[Parcel]) -> list[Outcome]:
    """In the lane's thread. Neighbours of one organization are committed together."""
    outcomes: list[Outcome] = []
    for organization_id, some in groupby(parcels, key=lambda parcel: parcel.organization_id):
        with organization_scope(organization_id):
            outcomes += _write_together(list(some))
    return outcomes


def _write_together(parcels: list[Parcel]) -> list[Outcome]:
    try:
        return _send(parcels)
    except Exception as error:  # noqa: BLE001  # one of them may be at fault: each gets its own try
        log.warning("posts_failed_together", posts=len(parcels), reason=repr(error))
        connection.close()
        return [_write_alone(parcel) for parcel in parcels]


def _write_alone(parcel: Parcel) -> Outcome:
    try:
        return _send([parcel])[0]
    except (DatabaseError, PoolTimeout) as error:
        log.warning("post_failed", reason=repr(error))
    except Exception:
        log.exception("post_failed")
    connection.close()
    return None


def _send(parcels: list[Parcel]) -> list[Outcome]:
    return list(send_messages([_post(parcel) for parcel in parcels]))


def _post(parcel: Parcel) -> Post:
    member, frame = Member(pk=parcel.member_id, organization_id=parcel.organization_id), parcel.frame
    return Post(
        member=member,
        conversation_id=frame.conversation,
        text=frame.text,
        ref=UUID(frame.ref),
        thread_id=frame.thread,
        read=frame.read,
    )

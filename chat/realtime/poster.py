"""Messages from sockets, committed together: posts that arrive while a transaction is open go into the next one.

Under load many posts share a commit, the mailboxes of a conversation are updated once for all of them, and their
readers get one frame. A single post waits for no other. Two waits keep members who post at the same time in one batch:
the next batch begins when the events of the last one have been written to the sockets (chat/delivery/node/turns.py),
and it waits at most GATHER for as many posts as there were in the last round.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from typing import Final
from weakref import WeakKeyDictionary

import structlog
from django.db import Error as DatabaseError
from django.db import connection
from django.utils.translation import gettext
from psycopg_pool import PoolTimeout

from accounts.tenancy import organization_scope
from chat.actions.messages import Post, Sent, send_messages
from chat.delivery.node.turns import CommitTurns
from chat.errors import Refusal, Throttled

LANES: Final = 2  # threads; a conversation always takes the same one, so the posts of a member keep their order
TOGETHER: Final = 64  # posts in a transaction: with more, the first of them would only wait longer
GATHER: Final = 0.005  # seconds, at most, to wait for as many posts as there were in the last round
SWITCH: Final = 0.0005  # seconds for which a busy loop keeps the interpreter from a lane's thread that has its answer
WAITING: Final = 2_000  # posts that wait in a lane, some seconds of work; more are refused

Outcome = Sent | Refusal | None
"""None: the server failed. Either nothing was written, or a repetition with the same ref finds what was written."""

log = structlog.get_logger(__name__)


class Lane:
    def __init__(self, turns: CommitTurns) -> None:
        self._turns = turns
        self._waiting: list[tuple[Post, asyncio.Future[Outcome]]] = []
        self._expected = 1  # posts in the next round, if the same members post again
        self._more = asyncio.Event()
        self._busy: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="poster")

    async def post(self, post: Post) -> Outcome:
        """Raises Throttled when WAITING posts are waiting already."""
        if len(self._waiting) >= WAITING:
            raise Throttled(2, gettext("Too much is being written just now."))
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((post, outcome))
        self._more.set()
        if self._busy is None:
            self._busy = loop.create_task(self._work())
        return await outcome

    async def close(self) -> None:
        """Write the posts that are waiting, and close the connection of the thread."""
        if self._busy is not None:
            await self._busy
        await asyncio.get_running_loop().run_in_executor(self._thread, _close_connection)
        self._thread.shutdown(wait=False)

    async def _work(self) -> None:
        while self._waiting:
            await self._gather()
            some, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            await self._write(some)
            await self._turns.wait_for_writing()
            self._expected = min(TOGETHER, len(some) + len(self._waiting))
        self._busy = None

    async def _gather(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER):
                while len(self._waiting) < self._expected:
                    self._more.clear()
                    await self._more.wait()

    async def _write(self, some: Sequence[tuple[Post, asyncio.Future[Outcome]]]) -> None:
        loop = asyncio.get_running_loop()
        with self._turns.committing():
            outcomes = await loop.run_in_executor(self._thread, _write, [post for post, _ in some])
        for (_, waiting), outcome in zip(some, outcomes, strict=True):
            if not waiting.done():
                waiting.set_result(outcome)


_lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, list[Lane]] = WeakKeyDictionary()


async def send(post: Post, *, turns: CommitTurns) -> Outcome:
    """Commit the post together with others that are waiting. Raises Throttled."""
    loop = asyncio.get_running_loop()
    lanes = _lanes.get(loop)
    if lanes is None:
        sys.setswitchinterval(SWITCH)
        lanes = _lanes[loop] = [Lane(turns) for _ in range(LANES)]
    return await lanes[post.conversation_id.int % LANES].post(post)


async def close() -> None:
    """Called when the node stops."""
    for lane in _lanes.pop(asyncio.get_running_loop(), []):
        await lane.close()


def _close_connection() -> None:
    connection.close()  # resolved here, because every thread has its own


def _write(posts: Sequence[Post]) -> list[Outcome]:
    """Runs in the lane's thread. Commits adjacent posts of an organization together."""
    outcomes: list[Outcome] = []
    for organization_id, some in groupby(posts, key=lambda post: post.organization_id):
        with organization_scope(organization_id):
            outcomes += _write_together(list(some))
    return outcomes


def _write_together(posts: list[Post]) -> list[Outcome]:
    try:
        return list(send_messages(posts))
    except Exception as error:  # noqa: BLE001  # one of them may be the cause: each is tried alone
        log.warning("posts_failed_together", posts=len(posts), reason=repr(error))
        connection.close()
        return [_write_alone(post) for post in posts]


def _write_alone(post: Post) -> Outcome:
    try:
        return send_messages([post])[0]
    except (DatabaseError, PoolTimeout) as error:
        log.warning("post_failed", reason=repr(error))
    except Exception:
        log.exception("post_failed")
    connection.close()
    return None

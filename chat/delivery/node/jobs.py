"""Tasks of a node: they repeat, start again when they fail, and end together.

A task may fail at any await, because the database or Valkey may be restarted. What it was about to do is done later by
the comparison of tags (repair.py).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

import structlog
from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

Item = TypeVar("Item")
Job = Callable[[], Awaitable[None]]

TROUBLE: Final = (DatabaseError, PoolTimeout, RedisError, OSError)  # an engine is away or was restarted
RETRY: Final = 0.5  # seconds before a job that failed starts again
AT_ONCE: Final = 1000  # clients in one statement

log = structlog.get_logger(__name__)

_background: Final[set[asyncio.Future[Any]]] = set()  # the loop holds its tasks only weakly


def every(seconds: float, job: Job) -> Job:
    """Return a job that repeats another one. The interval varies, so that nodes do not act in step with each other."""

    async def repeat() -> None:
        while True:
            await asyncio.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, no secret
            await job()

    return repeat


async def forever(job: Job) -> None:
    """Run the job, and start it again each time it fails."""
    while True:
        try:
            await job()
        except TROUBLE as error:
            log.warning("node_task_interrupted", task=getattr(job, "__qualname__", str(job)), reason=repr(error))
        except Exception:
            log.exception("node_task_failed", task=getattr(job, "__qualname__", str(job)))
        await asyncio.sleep(RETRY)


def in_background(work: Coroutine[Any, Any, None]) -> None:
    """Run a repair beside other work. Its failure is logged: a later comparison finds what it missed."""
    task = asyncio.ensure_future(work)
    _background.add(task)
    task.add_done_callback(_finished)


async def end(tasks: Iterable[asyncio.Task[None]], *, seconds: float) -> None:
    """Cancel the tasks until they have ended, for at most so many seconds.

    One cancellation may not be enough: asyncio.wait_for of Python 3.11 loses one that comes just when its wait ends.
    """
    running, deadline = set(tasks), asyncio.get_running_loop().time() + seconds
    while running and asyncio.get_running_loop().time() < deadline:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=RETRY)
    if running:
        log.error("node_tasks_left_running", tasks=[repr(task) for task in running])


def slices(items: list[Item]) -> Iterable[list[Item]]:
    """The items in lists of at most AT_ONCE."""
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


def _finished(done: asyncio.Future[Any]) -> None:
    _background.discard(done)
    if not done.cancelled() and done.exception() is not None:
        log.warning("repair_interrupted", reason=repr(done.exception()))

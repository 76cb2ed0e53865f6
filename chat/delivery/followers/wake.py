"""Request a worker after a commit. A sender only sets a flag.

A thread of each process that publishes looks at the flag and makes one request in PAUSE at most. A request is one round
trip to Valkey, which returns whether a task waits already, and a message of Celery if none does. A request that is lost
(Valkey or the broker is away, the process dies) costs time only: beat runs the same task every few seconds.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import Final

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from chat.delivery import store
from chat.delivery.followers.registry import is_followed

PAUSE: Final = (
    0.1  # seconds between two requests of a process: as long as nobody notices, and ten tasks a second at most
)
AWAY: Final = 1.0  # seconds before another request when the broker was not there
TASK: Final = "chat.tasks.follow"
WAITING: Final = "parley:followers:waiting"  # set while a task waits for a worker
WAITS: Final = 10_000  # milliseconds after which such a task counts as lost
EXPIRES: Final = 60.0  # seconds: nobody needs an older request

log = structlog.get_logger(__name__)


def wake_after_commit(types: Iterable[str]) -> None:
    """Wake a worker once the present transaction has committed, if a follower wants an event of these types."""
    if is_followed(types):
        transaction.on_commit(wake)


def wake() -> None:
    """Let the thread of this process request a worker. Neither blocks nor raises."""
    _waker.wake()


def ask() -> bool:
    """Queue a task unless one waits. Returns whether Valkey and the broker answered; never raises."""
    try:
        if store.threads().set(WAITING, 1, nx=True, px=WAITS):
            current_app.send_task(TASK, retry=False, expires=EXPIRES)
    except (RedisError, KombuError, OSError) as error:
        log.warning("followers_not_woken", reason=repr(error))
        return False
    return True


def note_answer() -> None:
    """Record that a worker has begun, so that the next request queues another task. Never raises."""
    try:
        store.threads().delete(WAITING)
    except RedisError as error:
        log.warning("followers_not_answered", reason=repr(error))


class _Waker:
    """The flag and the thread that looks at it."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._started = False

    def wake(self) -> None:
        self._wanted.set()
        if not self._started:
            self._start()

    def _start(self) -> None:
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="followers", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()  # never set
        while self._wanted.wait():
            self._wanted.clear()
            pause.wait(PAUSE if ask() else AWAY)


_waker = _Waker()


def _replace() -> None:
    """Start anew in the child of a fork, which has no thread and may have a copy of a lock that nobody releases."""
    global _waker  # noqa: PLW0603
    _waker = _Waker()


os.register_at_fork(after_in_child=_replace)

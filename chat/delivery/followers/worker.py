"""What a worker does for the followers: read the log and call handlers, until nothing is left or its time is over.

A handler runs in the transaction that takes its events out of the queue, so its rows and the queue commit together.
Where it returns effects, the transaction commits without taking them out; the queue is held for the worker by a lease,
the effects run, and a second transaction takes the events out. Where a worker dies in between, the lease runs out and
the events are handled again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import structlog
from django.db import DatabaseError, transaction
from psycopg_pool import PoolTimeout

from chat.delivery import figures
from chat.delivery.followers import failures, handling, names, queues, reader, wake
from chat.delivery.followers.handling import HandlerFailed
from chat.delivery.followers.queues import Taken, Turn
from chat.delivery.followers.registry import Declaration, Effect, registered

RUN: Final = 5.0  # seconds of one task: other tasks of the same worker, mail above all, wait so long at most
LEASE: Final = 120.0  # seconds for the effects of one batch; after that another worker may take the queue

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Called:
    """What became of a call: the queue and the events that were taken, the effects to run, or what was raised."""

    turn: Turn
    taken: Taken
    effects: Sequence[Effect] = ()
    error: Exception | None = None
    token: UUID | None = None  # of the lease, where there are effects


def work() -> None:
    """What a task does: run for RUN seconds, and ask for another task if something is left. Never raises DatabaseError:
    what a database that is away leaves undone is done by the next task.
    """
    wake.note_answer()
    try:
        more = run(seconds=RUN)
    except (DatabaseError, PoolTimeout) as error:
        log.warning("followers_delayed", reason=type(error).__name__)
        return
    if more:
        wake.ask()


def run(*, seconds: float, followers: Sequence[Declaration] | None = None) -> bool:
    """Let every follower work for so long, in turns of one batch each. Returns whether something is left to do.

    Any number of workers may run it at once. Raises DatabaseError where the database is away: the next run goes on.
    """
    declared, deadline = registered() if followers is None else followers, time.monotonic() + seconds
    names.remember(declared)
    handled = {each.name: 0 for each in declared}
    try:
        while sum(_step(each, handled) for each in declared):  # a sum, not any(): each of them gets its turn
            if time.monotonic() > deadline:
                return True
        return False
    finally:
        figures.note_followed(handled)


def handle(declared: Declaration) -> int | None:
    """Give the handler the next events of the organization whose turn it is.

    Returns how many it handled, 0 when it failed, None when nothing waits. Locks the queue of the organization. Raises
    DatabaseError.
    """
    called = _call(declared)
    if called is None:
        return None
    if called.error is None and called.effects:
        called = _run_effects(called)
    if called.error is not None:
        failures.note(called.turn, called.taken, called.error, held=called.token)
        return 0
    return len(called.taken.ids)


def _step(declared: Declaration, handled: dict[str, int]) -> bool:
    """One chunk of reading, one batch, one retry. Returns whether there was any of it to do."""
    more = reader.read(declared)
    count = handle(declared)
    handled[declared.name] += count or 0
    retried = failures.retry_one(declared)
    return more or count is not None or retried


def _call(declared: Declaration) -> _Called | None:
    """In one transaction: lock a queue, call the handler, take the events out or, with effects, hold the queue."""
    called: _Called | None = None
    try:
        with transaction.atomic():
            turn = queues.take_turn(declared.name)
            if turn is None:
                return None
            called = _Called(turn, queues.first_events(turn, 1 if turn.singly else declared.batch))
            effects = handling.call(declared, turn, called.taken.ids)
            if not effects:
                queues.finish(turn, called.taken)
                return called
            token = uuid4()
            queues.hold(turn, token, seconds=LEASE)
            return _Called(turn, called.taken, effects, token=token)
    except HandlerFailed as failed:
        handling.require_database()
        if called is None:
            raise
        return _Called(called.turn, called.taken, error=failed.error)


def _run_effects(called: _Called) -> _Called:
    """Run them, and take their events out of the queue if nobody else has had it meanwhile."""
    try:
        handling.run_effects(called.turn, called.effects)
    except HandlerFailed as failed:
        handling.require_database()
        return _Called(called.turn, called.taken, error=failed.error, token=called.token)
    with transaction.atomic():
        if queues.lock(called.turn.follower, called.turn.organization_id, held=called.token) is not None:
            queues.finish(called.turn, called.taken)
        else:
            log.warning("lease_ran_out", follower=called.turn.follower, events=len(called.taken.ids))
    return called

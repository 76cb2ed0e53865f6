"""The work of a worker for the followers: read the log and call handlers until nothing is left or its time is over.

A turn begins with a mark in the queue, which is committed. The handler then runs in the transaction that takes its
events out of the queue and removes the mark, so its rows and the queue commit together. Where it returns effects, the
transaction commits without taking them out; the queue is held for the worker by a lease, the effects run, and a second
transaction takes the events out.

Where a worker dies in between, the mark stays. The next turn finds it and counts a failure of the handler instead of
calling it (failures.py): an event that kills every worker is set aside like one that raises. The price is that a
worker killed for another reason counts too. Its events are then handled one by one once, and only an event during which
workers die FOLLOWER_TRIES times in a row is set aside.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from django.db import DatabaseError, transaction
from psycopg_pool import PoolTimeout

from chat.delivery import figures
from chat.delivery.followers import failures, handling, names, queues, reader, wake
from chat.delivery.followers.handling import HandlerFailed, Unfinished
from chat.delivery.followers.queues import Begun, Taken
from chat.delivery.followers.registry import Declaration, Effect, registered

RUN: Final = 5.0  # seconds of one task: other tasks of the same worker, mail above all, wait so long at most
LEASE: Final = 120.0  # seconds for the effects of one batch; after that another worker may take the queue
START: Final = 2.0  # seconds between the mark and the lock of a queue, which follow each other; longer is a dead worker

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Called:
    """The result of a call: the events that were taken, the effects to run, or what was raised."""

    taken: Taken
    effects: Sequence[Effect] = ()
    error: Exception | None = None


def work() -> None:
    """Do the work of one task: run for RUN seconds, and request another task if something is left.

    Never raises DatabaseError: after a loss of the database the next task continues.
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
    """Let every follower work for so many seconds, in turns of one batch each. Returns whether something is left.

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
    begun = queues.begin(declared.name, seconds=START)
    if begun is None:
        return None
    called = _call(declared, begun)
    if called.error is None and called.effects:
        called = _run_effects(begun, called)
    if called.error is not None:
        failures.note(begun, called.taken, called.error)
        return 0
    return len(called.taken.ids)


def _step(declared: Declaration, handled: dict[str, int]) -> bool:
    """One chunk of reading, one batch, one retry. Returns whether there was any of it to do."""
    more = reader.read(declared)
    count = handle(declared)
    handled[declared.name] += count or 0
    retried = failures.retry_one(declared)
    return more or count is not None or retried


def _call(declared: Declaration, begun: Begun) -> _Called:
    """In one transaction: lock the queue, call the handler, take the events out or, with effects, hold the queue."""
    taken = queues.NOTHING
    try:
        with transaction.atomic():
            turn = queues.lock(begun.follower, begun.organization_id, token=begun.token)
            if turn is None:  # this worker was so slow that another one began a turn
                log.warning("turn_taken_over", follower=begun.follower)
                return _Called(taken)
            taken = queues.first_events(turn, 1 if turn.singly else declared.batch)
            if begun.unfinished:
                return _Called(taken, error=Unfinished())
            effects = handling.call(declared, turn, taken.ids)
            if effects:
                queues.hold(turn, seconds=LEASE)
            else:
                queues.finish(turn, taken)
            return _Called(taken, effects)
    except HandlerFailed as failed:
        handling.require_database()
        return _Called(taken, error=failed.error)


def _run_effects(begun: Begun, called: _Called) -> _Called:
    """Run the effects, and remove their events from the queue unless another worker began a turn meanwhile."""
    try:
        handling.run_effects(begun.organization_id, called.effects)
    except HandlerFailed as failed:
        handling.require_database()
        return _Called(called.taken, error=failed.error)
    with transaction.atomic():
        turn = queues.lock(begun.follower, begun.organization_id, token=begun.token)
        if turn is not None:
            queues.finish(turn, called.taken)
        else:
            log.warning("lease_ran_out", follower=begun.follower, events=len(called.taken.ids))
    return called

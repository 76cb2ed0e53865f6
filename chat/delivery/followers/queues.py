"""The queues of the followers: choose the next organization, read its first events, and remove them.

The row of a queue is the lock of the worker that handles its events. It is taken with SKIP LOCKED, so a worker goes on
to the next organization instead of waiting. `ready_at` decides the turns: the queue that was served longest ago comes
first, and one that is served goes to the end. So an organization with a million events waiting takes its turn like one
with a single event.

`held` is the token of the worker whose turn it is. `begin` commits it before the handler runs, and the end of the turn,
good or bad, removes it. A queue that is free and still has a token was left by a worker that died or lost the database
in its turn: `begin` returns it as unfinished, and worker.py counts that as a failure. Without the token an event that
kills its worker would leave no trace and kill the next one. It costs one statement and one commit for each batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection

from chat.models import FollowerQueue

ROWS: Final = 50  # rows of a queue that one batch is gathered from: each is what one round of reading brought

# MATERIALIZED: a plan that ran the inner query once for each queue would mark all of them.
_BEGIN: Final = """
WITH next AS MATERIALIZED (
    SELECT q.id, q.held
    FROM (SELECT DISTINCT organization_id FROM chat_queuedevents WHERE follower_id = %(follower)s) AS waiting
    JOIN chat_followerqueue q ON q.organization_id = waiting.organization_id AND q.follower_id = %(follower)s
    WHERE q.ready_at <= clock_timestamp() ORDER BY q.ready_at LIMIT 1 FOR NO KEY UPDATE OF q SKIP LOCKED
)
UPDATE chat_followerqueue SET held = %(token)s, ready_at = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM next WHERE chat_followerqueue.id = next.id RETURNING organization_id, next.held IS NOT NULL
"""
_FIRST: Final = """
SELECT id, ids[done + 1 : done + %(most)s], size - done FROM chat_queuedevents
WHERE follower_id = %(follower)s AND organization_id = %(organization)s ORDER BY id LIMIT %(rows)s
"""
_SERVED: Final = """
UPDATE chat_followerqueue SET handled = handled + %(taken)s, tries = 0, singly = greatest(singly - %(taken)s, 0),
    held = NULL, ready_at = clock_timestamp()
WHERE id = %(queue)s
"""
_HELD: Final = """
UPDATE chat_followerqueue SET ready_at = clock_timestamp() + make_interval(secs => %(seconds)s) WHERE id = %(queue)s
"""
_FAILED: Final = """
UPDATE chat_followerqueue SET failed = failed + 1, tries = %(tries)s, singly = %(singly)s, held = NULL,
    ready_at = clock_timestamp() + make_interval(secs => %(pause)s)
WHERE id = %(queue)s
"""
# While a queue waits, every round of reading adds a row to it: they become one.
_MERGED: Final = """
WITH old AS (
    DELETE FROM chat_queuedevents WHERE follower_id = %(follower)s AND organization_id = %(organization)s
    RETURNING id, ids[done + 1 :] AS ids
)
INSERT INTO chat_queuedevents (id, follower_id, organization_id, ids, size, done)
SELECT min(old.id), %(follower)s, %(organization)s, array_agg(one.id ORDER BY old.id, one.position), count(*), 0
FROM old CROSS JOIN unnest(old.ids) WITH ORDINALITY AS one (id, position) HAVING count(*) > 0
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """The queue whose turn begins. `token` marks it until the turn ends. `unfinished`: the turn before never ended."""

    follower: str
    organization_id: UUID
    token: UUID
    unfinished: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """The queue that this transaction has locked. `tries`: failures of its first event; `singly`: how many of its
    events are to be handled one by one, because a batch with them failed."""

    queue: int
    follower: str
    organization_id: UUID
    tries: int
    singly: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The first events of a queue. `rows` hold these events alone; `part`: one more row and how many it gives."""

    ids: Sequence[int]
    rows: Sequence[int]
    part: tuple[int, int] | None


NOTHING: Final = Taken((), (), None)


def begin(follower: str, *, seconds: float) -> Begun | None:
    """Mark the queue whose turn it is, and return it; None where no queue is ready and free. Outside any transaction.

    The caller has so many seconds to lock the queue. After that another worker may begin a turn of it.
    """
    token = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, {"follower": follower, "token": token, "seconds": seconds})
        found = cursor.fetchall()
    return Begun(follower, found[0][0], token, found[0][1]) if found else None


def lock(follower: str, organization_id: UUID, *, token: UUID | None = None) -> Turn | None:
    """Lock this queue while `token` marks it, or without `token` while no turn of it has begun; else return None."""
    rows = FollowerQueue.objects.select_for_update(skip_locked=True, no_key=True)
    row = rows.filter(follower_id=follower, organization_id=organization_id, held=token).first()
    return Turn(row.pk, follower, row.organization_id, row.tries, row.singly) if row is not None else None


def first_events(turn: Turn, most: int) -> Taken:
    """Return the next events of a locked queue, `most` of them at most."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FIRST,
            {"follower": turn.follower, "organization": turn.organization_id, "most": most, "rows": ROWS},
        )
        rows = cursor.fetchall()
    ids: list[int] = []
    whole: list[int] = []
    for row, some, left in rows:
        fitting = some[: most - len(ids)]
        ids += fitting
        if len(fitting) < left:
            return Taken(ids, whole, (row, len(fitting)))
        whole.append(row)
    return Taken(ids, whole, None)


def finish(turn: Turn, taken: Taken) -> None:
    """Remove handled events from the locked queue, end the turn, and let every other queue come first."""
    remove(taken)
    with connection.cursor() as cursor:
        cursor.execute(_SERVED, {"queue": turn.queue, "taken": len(taken.ids)})


def remove(taken: Taken) -> None:
    with connection.cursor() as cursor:
        if taken.rows:
            cursor.execute("DELETE FROM chat_queuedevents WHERE id = ANY(%s)", [list(taken.rows)])
        if taken.part is not None and taken.part[1]:
            row, done = taken.part
            cursor.execute("UPDATE chat_queuedevents SET done = done + %s WHERE id = %s", [done, row])


def hold(turn: Turn, *, seconds: float) -> None:
    """Keep the locked queue for this worker beyond the commit. After so many seconds another one may begin a turn."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"queue": turn.queue, "seconds": seconds})


def postpone(turn: Turn, *, tries: int, singly: int, pause: float) -> None:
    """Record a failure in the locked queue and end the turn. The next one begins in `pause` seconds at the earliest."""
    names: dict[str, Any] = {"follower": turn.follower, "organization": turn.organization_id}
    with connection.cursor() as cursor:
        cursor.execute(_FAILED, {"queue": turn.queue, "tries": tries, "singly": singly, "pause": pause})
        cursor.execute(_MERGED, names)

"""The queues of the followers: which organization is next, which of its events, and taking them out.

The row of a queue is the lock of the worker that handles its events. It is taken with SKIP LOCKED, so a worker goes on
to the next organization instead of waiting. `ready_at` decides the turns: the queue that was served longest ago comes
first, and one that is served goes to the end. So an organization with a million events waiting takes its turn like one
with a single event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from chat.models import FollowerQueue

ROWS: Final = 50  # rows of a queue that one batch is gathered from: each is what one round of reading brought

_NEXT: Final = """
SELECT q.id, q.organization_id, q.tries, q.singly
FROM (SELECT DISTINCT organization_id FROM chat_queuedevents WHERE follower_id = %(follower)s) AS waiting
JOIN chat_followerqueue q ON q.organization_id = waiting.organization_id AND q.follower_id = %(follower)s
WHERE q.ready_at <= clock_timestamp() ORDER BY q.ready_at LIMIT 1 FOR NO KEY UPDATE OF q SKIP LOCKED
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
UPDATE chat_followerqueue SET held = %(token)s, ready_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE id = %(queue)s
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
    """The first events of a queue: their ids, the rows that hold nothing else, how many of one more row."""

    ids: Sequence[int]
    rows: Sequence[int]
    part: tuple[int, int] | None


def take_turn(follower: str) -> Turn | None:
    """Lock the queue whose turn it is; None where nothing waits that is ready and is not locked."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"follower": follower})
        found = cursor.fetchall()
    return Turn(found[0][0], follower, *found[0][1:]) if found else None


def lock(follower: str, organization_id: UUID, *, held: UUID | None = None) -> Turn | None:
    """Lock this queue; None where another worker has it. `held`: only while this worker still holds its lease."""
    rows = FollowerQueue.objects.select_for_update(skip_locked=True, no_key=True)
    row = rows.filter(follower_id=follower, organization_id=organization_id, held=held).first()
    return Turn(row.pk, follower, row.organization_id, row.tries, row.singly) if row is not None else None


def first_events(turn: Turn, most: int) -> Taken:
    """The next events of a locked queue, `most` of them at most."""
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
    """Take events that were handled out of the locked queue and put it at the end of the line."""
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


def hold(turn: Turn, token: UUID, *, seconds: float) -> None:
    """Keep the locked queue for this worker beyond the commit. After so many seconds it is anybody's again."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"queue": turn.queue, "token": token, "seconds": seconds})


def postpone(turn: Turn, *, tries: int, singly: int, pause: float) -> None:
    """Note a failure in the locked queue: its next events are handled in `pause` seconds at the earliest."""
    names: dict[str, Any] = {"follower": turn.follower, "organization": turn.organization_id}
    with connection.cursor() as cursor:
        cursor.execute(_FAILED, {"queue": turn.queue, "tries": tries, "singly": singly, "pause": pause})
        cursor.execute(_MERGED, names)

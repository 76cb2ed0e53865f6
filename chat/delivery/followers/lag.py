"""How far each follower is behind, for the operations page and for /metrics.

It is read from the database each time, because any worker may have advanced a follower.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from django.db import connection
from django.utils import timezone

from chat.delivery.followers.registry import registered

COUNTED: Final = 10_000  # events that are not in a queue yet; the count goes no further, a few milliseconds

_STANDING: Final = """
SELECT f.name, coalesce(waiting.events, 0), unread.events, least(waiting.at, unread.at), coalesce(queues.handled, 0),
    coalesce(queues.failed, 0), (SELECT count(*) FROM chat_setasideevent s WHERE s.follower_id = f.name),
    (SELECT coalesce(sum(g.events), 0)::bigint FROM chat_followergap g WHERE g.follower_id = f.name), f.restored_at
FROM chat_follower f
LEFT JOIN LATERAL (
    SELECT sum(size - done)::bigint AS events, (SELECT at FROM chat_event WHERE id = min(q.ids[q.done + 1])) AS at
    FROM chat_queuedevents q WHERE q.follower_id = f.name
) AS waiting ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS events, min(at) AS at FROM (
        SELECT at FROM chat_event e
        WHERE e.id > CASE f.until WHEN '' THEN f.floor ELSE f.position END
            AND NOT pg_visible_in_snapshot(e.xid, f.since::pg_snapshot)
            AND coalesce(%(types)s::jsonb -> f.name ? e.type, true)
        ORDER BY e.id LIMIT %(counted)s
    ) AS newest
) AS unread ON true
LEFT JOIN LATERAL (
    SELECT sum(handled)::bigint AS handled, sum(failed)::bigint AS failed
    FROM chat_followerqueue q WHERE q.follower_id = f.name
) AS queues ON true
ORDER BY f.name LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """The position of a follower.

    `waiting`: events in queues; `unread`: those that are not in one yet, COUNTED at most; `oldest`: when the oldest of
    them was written; `failed`: calls of the handler; `missed`: events purged before they were handled; `restored_at`:
    when it found another database and read again what lay above its floor.
    """

    name: str
    waiting: int
    unread: int
    oldest: datetime | None
    handled: int
    failed: int
    set_aside: int
    missed: int
    restored_at: datetime | None

    @property
    def lag(self) -> int:
        """Events."""
        return self.waiting + self.unread

    @property
    def seconds(self) -> float:
        """Since the oldest event that is not handled was written; 0.0 where there is none."""
        return max(0.0, (timezone.now() - self.oldest).total_seconds()) if self.oldest is not None else 0.0


def standings() -> list[Standing]:
    """Return every follower that the database knows, sorted by name. Raises DatabaseError."""
    types = {each.name: sorted(each.types) for each in registered() if each.types}
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"counted": COUNTED, "types": msgspec.json.encode(types).decode()})
        return [Standing(*row) for row in cursor.fetchall()]

"""Gaps: events that the purge of the log removed before a follower handled them. The purge waits FOLLOWER_DAYS.

A gap counts the events of an organization that were purged before a follower handled them. It is shown on the
operations page. There is one row for a follower and an organization, so their number is bounded.
"""

# ruff: noqa: S608  # the parts of the statements are constants of this file, never input

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import structlog
from django.db import connection

from chat.delivery.followers.queues import Turn

_NOTE: Final = """
INSERT INTO chat_followergap (follower_id, organization_id, events, last_id, last_at)
VALUES (%(follower)s, %(organization)s, %(events)s, %(last)s, now())
ON CONFLICT (follower_id, organization_id) DO UPDATE
SET events = chat_followergap.events + excluded.events, last_id = greatest(chat_followergap.last_id, excluded.last_id),
    last_at = excluded.last_at
"""

# For the statements of the purge. `needs`: of each follower what it has not handled. Events above `above` that `since`
# does not see are not in a queue yet; those from `queued` on may be in one.
NEEDS: Final = """
needs AS MATERIALIZED (
    SELECT f.name, f.since::pg_snapshot AS since,
        CASE f.until WHEN '' THEN f.floor ELSE least(f.floor, f.position) END AS above,
        coalesce((SELECT min(q.ids[q.done + 1]) FROM chat_queuedevents q WHERE q.follower_id = f.name), %(no_id)s)
            AS queued
    FROM chat_follower f WHERE f.floor IS NOT NULL
)
"""
NO_ID: Final = 2**63 - 1
_UNREAD: Final = "e.id > n.above AND NOT pg_visible_in_snapshot(e.xid, n.since)"
NEEDED: Final = f"EXISTS (SELECT FROM needs n WHERE e.id >= n.queued OR ({_UNREAD}))"
# Of the events in `gone`, those that were not in a queue. Those that were are noted when their turn comes.
MISSED: Final = f"""
missed AS (
    INSERT INTO chat_followergap (follower_id, organization_id, events, last_id, last_at)
    SELECT n.name, e.organization_id, count(*), max(e.id), now() FROM gone e JOIN needs n ON {_UNREAD} GROUP BY 1, 2
    ON CONFLICT (follower_id, organization_id) DO UPDATE
    SET events = chat_followergap.events + excluded.events,
        last_id = greatest(chat_followergap.last_id, excluded.last_id), last_at = excluded.last_at
)
"""

log = structlog.get_logger(__name__)


def note(turn: Turn, missing: Sequence[int]) -> None:
    """Record that these events of a locked queue, in ascending order, are no longer in the log."""
    values: dict[str, Any] = {"follower": turn.follower, "organization": turn.organization_id}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values | {"events": len(missing), "last": missing[-1]})
    log.error("events_purged_unhandled", follower=turn.follower, events=len(missing), last=missing[-1])

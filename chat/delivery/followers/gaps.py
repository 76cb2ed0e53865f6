"""Events that were purged from the log before a follower handled them: counted, and shown on the operations page."""

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

log = structlog.get_logger(__name__)


def note(turn: Turn, missing: Sequence[int]) -> None:
    """Events of a locked queue that are not in the log any more, ascending."""
    values: dict[str, Any] = {"follower": turn.follower, "organization": turn.organization_id}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values | {"events": len(missing), "last": missing[-1]})
    log.error("events_purged_unhandled", follower=turn.follower, events=len(missing), last=missing[-1])

"""Events of the log that are older than any mailbox or cursor may need."""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import transaction

from chat.actions.batches import number
from chat.delivery.followers import gaps

BATCH: Final = 5_000  # rows removed in one transaction: some tens of milliseconds

_OLD_EVENTS: Final = f"""
FROM chat_event e WHERE e.at < now() - make_interval(days => %(days)s) AND NOT e.pending
    AND (e.at < now() - make_interval(days => %(days)s + %(followers)s) OR NOT {gaps.NEEDED})
"""


def count_old_events() -> int:
    return number(f"WITH {gaps.NEEDS} SELECT count(*) {_OLD_EVENTS}", _bounds())


@transaction.atomic
def remove_old_events() -> int:
    """Delete events older than EVENT_DAYS, the oldest first. Cursors from before the oldest lead to a full sync.

    An event that a follower has not handled stays for FOLLOWER_DAYS more; then it goes and is recorded as a gap.
    """
    return number(
        f"WITH {gaps.NEEDS}, gone AS (DELETE FROM chat_event d WHERE d.id = ANY(ARRAY("
        f"SELECT e.id {_OLD_EVENTS} ORDER BY e.at LIMIT {BATCH} FOR UPDATE OF e SKIP LOCKED))"
        f" RETURNING d.id, d.organization_id, d.xid), {gaps.MISSED} SELECT count(*) FROM gone",
        _bounds(),
    )


def _bounds() -> dict[str, int]:
    """Return for how many days events stay: longer than any mailbox may hold them.

    The mailbox of a client that stays connected and never acknowledges is emptied by its bounds long before.
    """
    days = max(settings.EVENT_DAYS, settings.MAILBOX_DAYS + 1)
    return {"days": days, "followers": settings.FOLLOWER_DAYS, "no_id": gaps.NO_ID}

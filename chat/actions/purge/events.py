"""Events of the log that are older than any mailbox or cursor may need."""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import transaction

from chat.actions.batches import execute, number

BATCH: Final = 5_000  # rows removed in one transaction: some tens of milliseconds

_OLD_EVENTS: Final = "FROM chat_event WHERE at < now() - make_interval(days => %(days)s) AND NOT pending"


def count_old_events() -> int:
    return number(f"SELECT count(*) {_OLD_EVENTS}", {"days": _event_days()})


@transaction.atomic
def remove_old_events() -> int:
    """Delete events older than EVENT_DAYS, the oldest first. Cursors from before the oldest lead to a full sync."""
    return execute(
        f"DELETE FROM chat_event d WHERE d.id = ANY(ARRAY("
        f"SELECT id {_OLD_EVENTS} ORDER BY at LIMIT {BATCH} FOR UPDATE SKIP LOCKED))",
        {"days": _event_days()},
    )


def _event_days() -> int:
    """Return for how many days events stay: longer than any mailbox may hold them.

    The mailbox of a client that stays connected and never acknowledges is emptied by its bounds long before.
    """
    return max(settings.EVENT_DAYS, settings.MAILBOX_DAYS + 1)

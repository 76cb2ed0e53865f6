"""Partitions of kept acknowledgements, one for each day."""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings

from chat.actions.batches import column, execute, number

PARTITIONS_AHEAD: Final = 3  # days for which partitions are made before they are needed


def count_old_acks() -> int:
    return sum(number(f"SELECT count(*) FROM {table}") for table in _old_partitions())


def remove_old_acks() -> int:
    """Drop the partitions of kept acks that are older than ACKED_DAYS, and make those of the next days."""
    if settings.ACKED_ENTRIES == "keep":
        for ahead in range(PARTITIONS_AHEAD + 1):
            make_partition(datetime.now(UTC) + timedelta(days=ahead))
    removed = 0
    for table in _old_partitions():
        removed += number(f"SELECT count(*) FROM {table}")
        execute(f"DROP TABLE IF EXISTS {table}")
    return removed


def make_partition(day: datetime) -> None:
    """Create the partition of a day, unless another process has, or rows of that day are in the default partition."""
    start = day.date()
    end = start + timedelta(days=1)
    if not number("SELECT count(*) FROM chat_ackedentry_rest WHERE acked_at >= %s AND acked_at < %s", [start, end]):
        execute(
            f"CREATE TABLE IF NOT EXISTS chat_ackedentry_{start:%Y%m%d} PARTITION OF chat_ackedentry"
            f" FOR VALUES FROM ('{start}') TO ('{end}')"
        )


def _old_partitions() -> list[str]:
    oldest = datetime.now(UTC) - timedelta(days=settings.ACKED_DAYS)
    tables: list[str] = column(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'chat_ackedentry'::regclass ORDER BY 1"
    )
    return [table for table in tables if table[-8:].isdecimal() and table[-8:] < f"{oldest:%Y%m%d}"]

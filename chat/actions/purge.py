"""Taking out what is no longer needed: in bounded batches that hold no lock for long, safe to run twice at once.

Every batch is a transaction of its own, takes its rows with SKIP LOCKED and stops after BATCHES of them; the next run
goes on. What a batch would remove can be counted without removing it.
"""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, transaction

from accounts.purge import EXPIRED
from chat.actions.retention import (
    count_expired_histories,
    count_expired_messages,
    expire_histories,
    remove_expired_messages,
)
from chat.delivery import figures, metrics
from chat.delivery.mailbox import mailbox

BATCH: Final = 20_000  # rows removed in one transaction: some tens of milliseconds
STALE_BATCH: Final = 100  # clients deleted in one transaction: fan-outs wait for it, not for their mailboxes
PAUSE: Final = 0.05  # seconds
BATCHES: Final = 500  # in one run; the next one goes on
NODE_GRACE: Final = 60  # seconds after its lease ended; living nodes clean up sooner, this is for when none lives
PARTITIONS_AHEAD: Final = 3  # days for which partitions of kept acks are made before they are needed

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Purge:
    """One kind of thing: its name in metrics and on the command line, what would go, and how some of it goes."""

    name: str
    count: Callable[[], int]
    remove: Callable[[], int]  # one batch; how many rows, 0 when there is nothing left

    def run(self) -> int:
        removed = 0
        for _ in range(BATCHES):
            some = self.remove()
            removed += some
            if not some:
                if not self.count():
                    break
                time.sleep(PAUSE)  # what is left is locked by others for a moment
        if removed:
            metrics.PURGED.labels(self.name).inc(removed)
            figures.note_purge(self.name, removed)
        log.info("purged", what=self.name, rows=removed)
        return removed


# --- Clients --------------------------------------------------------------------------------------------

_STALE: Final = " OR ".join(
    f"(platform = '{platform}' AND last_seen_at < now() - make_interval(days => %({platform})s))"
    for platform in settings.CLIENT_DAYS
)


def count_stale_clients() -> int:
    return _number(f"SELECT count(*) FROM chat_client WHERE node_id IS NULL AND ({_STALE})", settings.CLIENT_DAYS)


@transaction.atomic
def remove_stale_clients() -> int:
    """Clients not connected for CLIENT_DAYS of their platform, with their mailboxes. A socket that comes back gets
    4404.
    """
    clients = _column(
        f"SELECT id FROM chat_client WHERE node_id IS NULL AND ({_STALE}) ORDER BY id"
        f" LIMIT {STALE_BATCH} FOR UPDATE SKIP LOCKED",
        settings.CLIENT_DAYS,
    )
    if clients:
        mailbox().drop(clients)
        _execute("DELETE FROM chat_client WHERE id = ANY(%s)", [clients])
    return len(clients)


# --- Mailboxes ------------------------------------------------------------------------------------------


def _of_mailboxes(name: str) -> Purge:
    """Return the purge that the mailbox backend makes under this name. It removes nothing if the backend needs none."""

    def count() -> int:
        purge = mailbox().purges().get(name)
        return purge.count() if purge is not None else 0

    def remove() -> int:
        purge = mailbox().purges().get(name)
        return purge.remove() if purge is not None else 0

    return Purge(name, count, remove)


# --- Nodes ----------------------------------------------------------------------------------------------

_DEAD: Final = "lease_until < now() - make_interval(secs => %(grace)s)"


def count_dead_nodes() -> int:
    return _number(f"SELECT count(*) FROM chat_node WHERE {_DEAD}", {"grace": NODE_GRACE})


@transaction.atomic
def remove_dead_nodes() -> int:
    """Nodes whose lease ran out, and their hold on clients. Living nodes do so too, within seconds."""
    nodes = _column(
        f"SELECT id FROM chat_node WHERE {_DEAD} ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED", {"grace": NODE_GRACE}
    )
    if nodes:
        clients = _column("SELECT id FROM chat_client WHERE node_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [nodes])
        _execute("UPDATE chat_client SET node_id = NULL, last_seen_at = now() WHERE id = ANY(%s)", [clients])
        _execute("DELETE FROM chat_node WHERE id = ANY(%s)", [nodes])
    return len(nodes)


# --- The log --------------------------------------------------------------------------------------------

_OLD_EVENTS: Final = "FROM chat_event WHERE at < now() - make_interval(days => %(days)s) AND NOT pending"


def count_old_events() -> int:
    return _number(f"SELECT count(*) {_OLD_EVENTS}", {"days": _event_days()})


@transaction.atomic
def remove_old_events() -> int:
    """Events older than EVENT_DAYS, oldest first. Cursors from before the oldest that is left lead to a full sync."""
    return _execute(
        f"DELETE FROM chat_event d WHERE d.id = ANY(ARRAY("
        f"SELECT id {_OLD_EVENTS} ORDER BY at LIMIT {BATCH // 4} FOR UPDATE SKIP LOCKED))",
        {"days": _event_days()},
    )


def _event_days() -> int:
    """An event stays longer than any mailbox may hold it: one that a client stays connected to without ever acking is
    emptied by its bounds long before."""
    return max(settings.EVENT_DAYS, settings.MAILBOX_DAYS + 1)


# --- Kept acks ------------------------------------------------------------------------------------------


def count_old_acks() -> int:
    return sum(_number(f"SELECT count(*) FROM {table}") for table in _old_partitions())


def remove_old_acks() -> int:
    """Drop the partitions of kept acks that are older than ACKED_DAYS, and make those of the next days."""
    if settings.ACKED_ENTRIES == "keep":
        for ahead in range(PARTITIONS_AHEAD + 1):
            _make_partition(datetime.now(UTC) + timedelta(days=ahead))
    removed = 0
    for table in _old_partitions():
        removed += _number(f"SELECT count(*) FROM {table}")
        _execute(f"DROP TABLE IF EXISTS {table}")
    return removed


def _make_partition(day: datetime) -> None:
    """One of several that try may be first; and a day that has begun stays in the default partition."""
    start = day.date()
    end = start + timedelta(days=1)
    if not _number("SELECT count(*) FROM chat_ackedentry_rest WHERE acked_at >= %s AND acked_at < %s", [start, end]):
        _execute(
            f"CREATE TABLE IF NOT EXISTS chat_ackedentry_{start:%Y%m%d} PARTITION OF chat_ackedentry"
            f" FOR VALUES FROM ('{start}') TO ('{end}')"
        )


def _old_partitions() -> list[str]:
    oldest = datetime.now(UTC) - timedelta(days=settings.ACKED_DAYS)
    tables: list[str] = _column(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'chat_ackedentry'::regclass ORDER BY 1"
    )
    return [table for table in tables if table[-8:].isdecimal() and table[-8:] < f"{oldest:%Y%m%d}"]


PURGES: Final[dict[str, Purge]] = {
    purge.name: purge
    for purge in (
        Purge("stale_clients", count_stale_clients, remove_stale_clients),
        _of_mailboxes("old_entries"),
        _of_mailboxes("overfull_entries"),
        _of_mailboxes("orphaned_entries"),
        Purge("dead_nodes", count_dead_nodes, remove_dead_nodes),
        Purge("old_events", count_old_events, remove_old_events),
        Purge("expired_histories", count_expired_histories, expire_histories),
        Purge("expired_messages", count_expired_messages, remove_expired_messages),
        Purge("old_acks", count_old_acks, remove_old_acks),
        *(Purge(rows.name, rows.count, rows.remove) for rows in EXPIRED),
    )
}


def _execute(sql: str, parameters: Any = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def _column(sql: str, parameters: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]


def _number(sql: str, parameters: Any = None) -> int:
    return int(_column(sql, parameters)[0])

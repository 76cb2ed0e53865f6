"""Removes entries of the PostgreSQL mailbox that nobody will read: of old and overfull mailboxes, of deleted clients.

Every removal is a transaction of its own that takes its rows with SKIP LOCKED, so that several may run at once.
"""

# ruff: noqa: S608  # the parts are constants of this package, never input

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from chat import sql
from chat.delivery import metrics
from chat.delivery.database import numbers
from chat.delivery.mailbox.contract import Mailbox, Purge
from chat.delivery.mailbox.postgres_statements import FIRST_ROW, OLDEST_TAG

BATCH: Final = 20_000  # entries removed in one transaction: some tens of milliseconds
CLIENT_BATCH: Final = 500  # clients considered for it
DROPPED_AT_ONCE: Final = 2_000  # rows of a deleted client in one statement: some milliseconds, after which it pauses

_OLD: Final = f"""
SELECT c.id FROM chat_client c
WHERE c.node_id IS NULL AND c.last_seen_at < now() - make_interval(days => %(days)s) AND {OLDEST_TAG} IS NOT NULL
"""
_OVERFULL: Final = f"SELECT c.id FROM chat_client c WHERE c.tag - {OLDEST_TAG} >= %(entries)s"
_ORPHANED: Final = "FROM chat_mailboxentry e WHERE NOT EXISTS (SELECT FROM chat_client c WHERE c.id = e.client_id)"

_LAST_ROW: Final = "(SELECT {} FROM chat_mailboxentry e WHERE e.client_id = c.id ORDER BY e.tag DESC LIMIT 1)"
_HELD: Final = f"""
SELECT c.id, {FIRST_ROW.format("e.tag")}, {_LAST_ROW.format("e.tag")} FROM unnest(%s::bigint[]) AS c (id)
"""
# The commit does not wait for the disk: rows that a crash restores are orphans, which the purge removes.
_DROPPED: Final = """
WITH dropped AS (DELETE FROM chat_mailboxentry WHERE client_id = %s AND tag >= %s AND tag < %s)
SELECT set_config('synchronous_commit', 'off', true)
"""


def purges(mailbox: Mailbox) -> Mapping[str, Purge]:
    return {
        "old_entries": Purge(_count_old, lambda: _empty_old(mailbox)),
        "overfull_entries": Purge(_count_overfull, lambda: _empty_overfull(mailbox)),
        "orphaned_entries": Purge(_count_orphaned, _remove_orphaned),
    }


def remove_rows(clients: Sequence[int]) -> None:
    """Remove the rows of clients that were deleted. Rows that a crash leaves behind are orphans."""
    for client, first, last in sql.execute_by_index(_HELD, [numbers(clients)]).fetchall():
        for tag in range(first or 0, (last or -1) + 1, DROPPED_AT_ONCE):
            started = time.monotonic()
            sql.execute_by_index(_DROPPED, [client, tag, tag + DROPPED_AT_ONCE])
            time.sleep(time.monotonic() - started)  # leave half of the processor and the log to those who write


def _count_old() -> int:
    return _number(f"SELECT count(*) FROM ({_OLD}) AS old", {"days": settings.MAILBOX_DAYS})


def _empty_old(mailbox: Mailbox) -> int:
    """Empty mailboxes whose client has not been connected for MAILBOX_DAYS. It gets a resync when it returns."""
    return _empty(mailbox, _OLD, {"days": settings.MAILBOX_DAYS})


def _count_overfull() -> int:
    return _number(f"SELECT count(*) FROM ({_OVERFULL}) AS overfull", {"entries": settings.MAILBOX_ENTRIES})


def _empty_overfull(mailbox: Mailbox) -> int:
    """Empty mailboxes beyond MAILBOX_ENTRIES that no fan-out has checked."""
    return _empty(mailbox, _OVERFULL, {"entries": settings.MAILBOX_ENTRIES})


@transaction.atomic
def _empty(mailbox: Mailbox, chosen: str, parameters: dict[str, int]) -> int:
    """Empty as many mailboxes as hold about BATCH entries. Returns the number of entries."""
    clients = _column(f"{chosen} ORDER BY c.id LIMIT {CLIENT_BATCH} FOR NO KEY UPDATE OF c SKIP LOCKED", parameters)
    some, entries = _bounded(mailbox, clients)
    if some:
        mailbox.truncate(some)
        metrics.OVERFLOWS.inc(len(some))
    return entries


def _bounded(mailbox: Mailbox, clients: list[int]) -> tuple[list[int], int]:
    """Return as many of these clients as hold about BATCH entries, at least one, and how many entries they hold.

    Counts them in steps that grow: counting all entries of five hundred full mailboxes costs more than emptying those
    that fit.
    """
    some: list[int] = []
    entries, step = 0, 2
    while clients and entries < BATCH:
        some_more, clients, step = clients[:step], clients[step:], 2 * step
        held = mailbox.depth(some_more)
        for client in some_more:
            if entries < BATCH:
                some.append(client)
                entries += held.get(client, 0)
    return some, entries


def _count_orphaned() -> int:
    return _number(f"SELECT count(*) {_ORPHANED}")


@transaction.atomic
def _remove_orphaned() -> int:
    """Remove entries whose client is gone: after a crash, or with a whole organization, whose deletion cascades to
    clients and not to mailboxes."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM chat_mailboxentry d WHERE d.ctid = ANY(ARRAY("
            f"SELECT e.ctid {_ORPHANED} LIMIT {BATCH} FOR UPDATE SKIP LOCKED))"
        )
        return int(cursor.rowcount)


def _column(query: str, parameters: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [row[0] for row in cursor.fetchall()]


def _number(query: str, parameters: Any = None) -> int:
    return int(_column(query, parameters)[0])

"""Mailboxes that nobody fetches, that are too full, or whose client is gone."""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import transaction

from chat.actions.batches import column, execute, number
from chat.delivery import metrics
from chat.delivery.mailbox import mailbox
from chat.delivery.mailbox.postgres import OLDEST_TAG

BATCH: Final = 20_000  # entries removed in one transaction: some tens of milliseconds
CLIENT_BATCH: Final = 500  # clients considered for it

_OLD_MAILBOXES: Final = f"""
SELECT c.id FROM chat_client c
WHERE c.node_id IS NULL AND c.last_seen_at < now() - make_interval(days => %(days)s) AND {OLDEST_TAG} IS NOT NULL
"""
_FULL_MAILBOXES: Final = f"SELECT c.id FROM chat_client c WHERE c.tag - {OLDEST_TAG} >= %(entries)s"


def count_old_mailboxes() -> int:
    return number(f"SELECT count(*) FROM ({_OLD_MAILBOXES}) AS old", {"days": settings.MAILBOX_DAYS})


def empty_old_mailboxes() -> int:
    """Mailboxes whose client has not been connected for MAILBOX_DAYS; it is told to resync when it returns."""
    return _empty(f"{_OLD_MAILBOXES} ORDER BY c.id", {"days": settings.MAILBOX_DAYS})


def count_full_mailboxes() -> int:
    return number(f"SELECT count(*) FROM ({_FULL_MAILBOXES}) AS overfull", {"entries": settings.MAILBOX_ENTRIES})


def empty_full_mailboxes() -> int:
    """Mailboxes beyond MAILBOX_ENTRIES that no fan-out has come round to."""
    return _empty(f"{_FULL_MAILBOXES} ORDER BY c.id", {"entries": settings.MAILBOX_ENTRIES})


@transaction.atomic
def _empty(chosen: str, parameters: dict[str, int]) -> int:
    """Empties as many mailboxes as hold about BATCH entries. Returns the number of entries."""
    clients = column(f"{chosen} LIMIT {CLIENT_BATCH} FOR NO KEY UPDATE OF c SKIP LOCKED", parameters)
    some, entries = _bounded(clients)
    if some:
        mailbox().truncate(some)
        metrics.OVERFLOWS.inc(len(some))
    return entries


def _bounded(clients: list[int]) -> tuple[list[int], int]:
    """As many of these clients as hold about BATCH entries together, at least one; and how many they hold.

    Looked at in steps that grow: to count everything that five hundred full mailboxes hold costs more than to empty
    those that fit.
    """
    some: list[int] = []
    entries, step = 0, 2
    while clients and entries < BATCH:
        some_more, clients, step = clients[:step], clients[step:], 2 * step
        held = mailbox().depth(some_more)
        for client in some_more:
            if entries < BATCH:
                some.append(client)
                entries += held.get(client, 0)
    return some, entries


_ORPHANS: Final = "FROM chat_mailboxentry e WHERE NOT EXISTS (SELECT FROM chat_client c WHERE c.id = e.client_id)"


def count_orphans() -> int:
    return number(f"SELECT count(*) {_ORPHANS}")


@transaction.atomic
def remove_orphans() -> int:
    """Entries whose client is gone: with a whole organization, which deletes by cascade and knows nothing of mailboxes,
    or just before a crash.
    """
    return execute(
        f"DELETE FROM chat_mailboxentry d WHERE d.ctid = ANY(ARRAY("
        f"SELECT e.ctid {_ORPHANS} LIMIT {BATCH} FOR UPDATE SKIP LOCKED))"
    )

"""Clients that have not been connected for as long as their platform allows."""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import transaction

from chat.actions.batches import column, execute, number
from chat.delivery.mailbox import mailbox

STALE_BATCH: Final = 100  # clients deleted in one transaction: fan-outs wait for it, not for their mailboxes

_STALE: Final = " OR ".join(
    f"(platform = '{platform}' AND last_seen_at < now() - make_interval(days => %({platform})s))"
    for platform in settings.CLIENT_DAYS
)


def count_stale_clients() -> int:
    return number(f"SELECT count(*) FROM chat_client WHERE node_id IS NULL AND ({_STALE})", settings.CLIENT_DAYS)


@transaction.atomic
def remove_stale_clients() -> int:
    """Delete clients that were not connected for CLIENT_DAYS of their platform, with their mailboxes.

    A socket that comes back gets 4404.
    """
    clients = column(
        f"SELECT id FROM chat_client WHERE node_id IS NULL AND ({_STALE}) ORDER BY id"
        f" LIMIT {STALE_BATCH} FOR UPDATE SKIP LOCKED",
        settings.CLIENT_DAYS,
    )
    if clients:
        mailbox().drop(clients)
        execute("DELETE FROM chat_client WHERE id = ANY(%s)", [clients])
    return len(clients)

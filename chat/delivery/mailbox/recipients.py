"""The recipients of events, for backends that keep entries outside the database.

They are determined inside the transaction, because the conversation is locked there, and the gate that new clients pass
(see publishing.py). Entries are handed over after the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from chat.delivery.audience import RECIPIENTS
from chat.delivery.mailbox.contract import Recipients

_RECIPIENTS: Final = f"""
WITH {RECIPIENTS}
SELECT events, array_agg(client_id), array_agg(node_id) FROM (
    SELECT r.client_id, c.node_id, array_agg(r.event_id ORDER BY r.position) AS events
    FROM recipients r JOIN chat_client c ON c.id = r.client_id GROUP BY r.client_id, c.node_id
) AS each GROUP BY events
"""  # noqa: S608  # a constant


class Group(NamedTuple):
    """The same events, in order, for all these clients."""

    events: list[int]
    clients: list[int]


def recipients(organization_id: UUID, events: Sequence[int]) -> tuple[list[Group], Recipients]:
    """Return the clients that get these events, in groups with the same events, and the nodes of these clients."""
    with connection.cursor() as cursor:
        cursor.execute(_RECIPIENTS, {"organization": organization_id, "events": list(events)})
        rows = cursor.fetchall()
    nodes: Recipients = {}
    for _, clients, holders in rows:
        for client, holder in zip(clients, holders, strict=True):
            if holder is not None:
                nodes.setdefault(holder, []).append(client)
    return [Group(group, clients) for group, clients, _ in rows], nodes


def clients_of(member_id: UUID) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM chat_client WHERE member_id = %s ORDER BY id", [member_id])
        return [row[0] for row in cursor.fetchall()]


def events_of(conversation_id: UUID, events: Sequence[int]) -> set[int]:
    """Return those of the events that belong to the conversation."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM chat_event WHERE conversation_id = %s AND id = ANY(%s)", [conversation_id, list(events)]
        )
        return {row[0] for row in cursor.fetchall()}


def mark_overflowed(clients: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_client SET overflowed_at = now() WHERE id = ANY(%s)", [sorted(clients)])

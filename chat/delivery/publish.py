"""From a change to the mailboxes of everybody who may see it, inside the transaction of the change.

`publish` is the last thing an action does: it writes the event rows and then, as the transaction's last statement, bumps
the tags of all recipient clients and inserts their entries. Lock order: conversation (taken by the action), then clients by
ascending id. Wake-ups leave after commit and carry client ids, never content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from chat import events
from chat.delivery import wakeups


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event about to be written. Its audience: `member_id` alone if given, else the participants of `conversation_id`,
    else every member of the organization (guests only where they share a conversation with the member it is about)."""

    type: str
    entity: events.Entity
    entity_id: UUID
    conversation_id: UUID | None = None
    member_id: UUID | None = None


# The gate orders fan-out against the registration of clients. Without it, a client committed between a fan-out's snapshot
# and its commit could sync too early to see the change and yet not be among its recipients.
_INSERT_EVENTS: Final = """
WITH gate AS (SELECT pg_advisory_xact_lock_shared(hashtextextended(%(organization)s::text, 0)))
INSERT INTO chat_event (organization_id, conversation_id, member_id, type, entity_id, data, at)
SELECT %(organization)s, d.conversation_id, d.member_id, d.type, d.entity_id, d.data, %(at)s
FROM gate, unnest(%(conversations)s::uuid[], %(members)s::uuid[], %(types)s::text[], %(entities)s::uuid[], %(data)s::text[])
    WITH ORDINALITY AS d (conversation_id, member_id, type, entity_id, data, place)
ORDER BY d.place
RETURNING id
"""

_FAN_OUT: Final = """
WITH news AS (
    SELECT id, conversation_id, member_id, type, entity_id FROM chat_event WHERE id = ANY(%(events)s)
), wanted AS (
    SELECT c.id AS client_id, n.id AS event_id
    FROM news n
    JOIN chat_participant p ON p.conversation_id = n.conversation_id AND p.left_at IS NULL
    JOIN chat_client c ON c.member_id = p.member_id
    WHERE n.member_id IS NULL
  UNION ALL
    SELECT c.id, n.id FROM news n JOIN chat_client c ON c.member_id = n.member_id
  UNION ALL
    SELECT c.id, n.id
    FROM news n
    JOIN accounts_member m ON m.organization_id = %(organization)s
    JOIN chat_client c ON c.member_id = m.id
    WHERE n.member_id IS NULL AND n.conversation_id IS NULL
      AND (m.role <> 'guest' OR n.type LIKE 'organization.%%' OR n.entity_id = m.id OR EXISTS (
        SELECT FROM chat_participant own JOIN chat_participant theirs ON theirs.conversation_id = own.conversation_id
        WHERE own.member_id = m.id AND own.left_at IS NULL AND theirs.member_id = n.entity_id AND theirs.left_at IS NULL))
), locked AS (
    SELECT id FROM chat_client WHERE id IN (SELECT client_id FROM wanted) ORDER BY id FOR NO KEY UPDATE
), counted AS (
    SELECT w.client_id, count(*) AS added FROM wanted w JOIN locked l ON l.id = w.client_id GROUP BY w.client_id
), bumped AS (
    UPDATE chat_client c SET tag = c.tag + k.added FROM counted k WHERE c.id = k.client_id
    RETURNING c.id, c.tag - k.added AS base, c.node_id
), entries AS (
    INSERT INTO chat_mailboxentry (client_id, tag, event_id)
    SELECT b.id, b.base + row_number() OVER (PARTITION BY b.id ORDER BY w.event_id), w.event_id
    FROM bumped b JOIN wanted w ON w.client_id = b.id
)
SELECT node_id, array_agg(id) FROM bumped WHERE node_id IS NOT NULL GROUP BY node_id
"""


# Content that a member may no longer see leaves their mailboxes in the same transaction. The entries stay and become the
# removal itself, so that tags stay dense and nobody has to resync over it; applying the removal twice does no harm.
_WITHDRAW: Final = """
UPDATE chat_mailboxentry entry SET event_id = removal.id
FROM chat_event removal, chat_event undelivered, chat_client client
WHERE removal.id = ANY(%(events)s) AND removal.member_id IS NOT NULL
  AND client.member_id = removal.member_id AND entry.client_id = client.id
  AND undelivered.id = entry.event_id AND undelivered.conversation_id = removal.conversation_id
  AND undelivered.id <> removal.id
"""


def publish(organization_id: UUID, *drafts: Draft, withdraw: bool = False) -> list[int]:
    """Write the events and put them into the mailboxes. Returns the event ids, in the order of the drafts.

    `withdraw`: the drafts addressed to one member say that they left; what is undelivered of that conversation goes.
    """
    with connection.cursor() as cursor:
        event_ids = _insert_events(cursor, organization_id, drafts)
        cursor.execute(_FAN_OUT, {"events": event_ids, "organization": organization_id})
        nodes: dict[int, list[int]] = dict(cursor.fetchall())
        if withdraw:
            cursor.execute(_WITHDRAW, {"events": event_ids})
    if nodes:
        transaction.on_commit(lambda: wakeups.wake(nodes))
    return event_ids


def _insert_events(cursor: object, organization_id: UUID, drafts: Sequence[Draft]) -> list[int]:
    cursor.execute(  # type: ignore[attr-defined]
        _INSERT_EVENTS,
        {
            "organization": organization_id,
            "conversations": [draft.conversation_id for draft in drafts],
            "members": [draft.member_id for draft in drafts],
            "types": [draft.type for draft in drafts],
            "entities": [draft.entity_id for draft in drafts],
            "data": [events.encode(draft.entity) for draft in drafts],
            "at": datetime.now(UTC),
        },
    )
    return [row[0] for row in cursor.fetchall()]  # type: ignore[attr-defined]


def pass_gate(organization_id: UUID) -> None:
    """Wait until every fan-out that was under way has committed. Called after a new client is committed, before it is told
    its id: from then on whatever is not in its mailbox is in the answer of its first sync."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [organization_id])

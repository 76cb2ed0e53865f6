"""From a change to the mailboxes of everybody who may see it, inside the transaction of the change.

`publish` is the last thing an action does: it writes the event rows and then, as the transaction's last statement,
bumps the tags of all recipient clients and inserts their entries. Lock order: conversation (taken by the action),
then clients by ascending id. Wake-ups leave after commit and carry client ids, never content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from chat import events, statements
from chat.delivery import wakeups
from chat.delivery.mailbox import mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event about to be written. Its audience: `member_id` alone if given, else the participants of
    `conversation_id`, else every member of the organization (guests only where the member it is about
    takes or took part in a conversation of theirs)."""

    type: str
    entity: events.Entity
    entity_id: UUID
    conversation_id: UUID | None = None
    member_id: UUID | None = None


# The gate orders fan-out against the registration of clients. Without it, a client committed between a fan-out's
# snapshot
# and its commit could sync too early to see the change and yet not be among its recipients.
_INSERT_EVENTS: Final = """
WITH gate AS (SELECT pg_advisory_xact_lock_shared(hashtextextended(%(organization)s::text, 0)))
INSERT INTO chat_event (organization_id, conversation_id, member_id, type, entity_id, data, at)
SELECT %(organization)s, d.conversation_id, d.member_id, d.type, d.entity_id, d.data, %(at)s
FROM gate,
    unnest(%(conversations)s::uuid[], %(members)s::uuid[], %(types)b::text[], %(entities)b::uuid[], %(data)b::text[])
    WITH ORDINALITY AS d (conversation_id, member_id, type, entity_id, data, place)
ORDER BY d.place
RETURNING id
"""


def publish(organization_id: UUID, *drafts: Draft, withdraw: bool = False) -> list[int]:
    """Write the events and put them into the mailboxes. Returns the event ids, in the order of the drafts.

    `withdraw`: the drafts for one member alone take the place of whatever of that conversation waits in that member's
    mailboxes. The removal of a participant says so.
    """
    event_ids = _insert_events(organization_id, drafts)
    if withdraw:
        _withdraw(drafts, event_ids)
    mailbox().append(organization_id, event_ids, conversation_id=_sole_conversation(drafts), wake=wakeups.wake)
    return event_ids


def pass_gate(organization_id: UUID) -> None:
    """Wait until every fan-out that was under way has committed. Called after a new client is committed, before it is
    told its id: from then on whatever is not in its mailbox is in the answer of its first sync."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [organization_id])


def _withdraw(drafts: Sequence[Draft], event_ids: Sequence[int]) -> None:
    for draft, event_id in zip(drafts, event_ids, strict=True):
        if draft.member_id is not None and draft.conversation_id is not None:
            mailbox().withdraw(draft.member_id, draft.conversation_id, event=event_id)


def _sole_conversation(drafts: Sequence[Draft]) -> UUID | None:
    """The conversation whose participants all the drafts are for, if there is one."""
    conversations = {draft.conversation_id if draft.member_id is None else None for draft in drafts}
    return conversations.pop() if len(conversations) == 1 else None


def _insert_events(organization_id: UUID, drafts: Sequence[Draft]) -> list[int]:
    inserted = statements.execute(
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
    return [row[0] for row in inserted]

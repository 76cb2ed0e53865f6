"""Writes events and puts them into the mailboxes of their audiences, inside the transaction of the change.

`publish` is the last step of an action. It writes the rows of the events and then, as the last statement of the
transaction, raises the tags of all recipient clients and appends the entries. Lock order: the conversation (locked by
the action), then clients by ascending id. Wake-ups are sent after commit and carry client ids; content never leaves the
process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from chat import sql
from chat.delivery import wakeups
from chat.delivery.audience import PARTICIPANTS, Audience
from chat.delivery.followers.wake import wake_after_commit
from chat.delivery.mailbox import mailbox
from chat.delivery.mailbox.contract import Notify
from chat.entities.encoding import encode, splice
from chat.entities.registry import Entity
from chat.sql import array


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event to be written: its type, the entity in its new state, and who receives it."""

    type: str
    entity: Entity
    entity_id: UUID
    audience: Audience


# The gate orders fan-out and the registration of clients. Without it, a client that is committed between the snapshot
# and the commit of a fan-out could sync too early to see the change, and yet not be among its recipients. So the gate
# is passed one statement before the recipients are determined.
_INSERT_EVENTS: Final = """
WITH gate AS (SELECT pg_advisory_xact_lock_shared(hashtextextended(%(organization)s::text, 0)))
INSERT INTO chat_event (id, organization_id, conversation_id, member_id, type, entity_id, data, at)
SELECT d.id, %(organization)s, d.conversation_id, d.member_id, d.type, d.entity_id, d.data, %(at)s
FROM gate, unnest(%(ids)s::bigint[], %(conversations)s::uuid[], %(members)s::uuid[], %(types)b::text[],
    %(entities)s::uuid[], %(data)b::text[]) AS d (id, conversation_id, member_id, type, entity_id, data)
"""
# The transaction has its own id before it takes the first of these: chat/delivery/followers/reader.py relies on that.
_RESERVE: Final = """
WITH own AS MATERIALIZED (SELECT pg_current_xact_id() AS xid)
SELECT nextval('chat_event_id_seq') FROM own, generate_series(1, %s) WHERE own.xid IS NOT NULL
"""


def publish(
    organization_id: UUID, *drafts: Draft, withdraw: bool = False, ids: Sequence[int] | None = None
) -> list[int]:
    """Write the events and put them into the mailboxes. Returns the event ids, in the order of the drafts.

    `withdraw`: a draft for one member alone replaces all entries of its conversation that wait in that member's
    mailboxes; the removal of a participant needs this. `ids`: at least as many as there are drafts, reserved in this
    transaction. With `ids`, and within `sql.together()`, it waits for no answer of the database.
    """
    event_ids = list(reserve(len(drafts))() if ids is None else ids)[: len(drafts)]
    at, data = datetime.now(UTC), [encode(draft.entity) for draft in drafts]
    _insert_events(organization_id, drafts, event_ids, data, at)
    if withdraw:
        _withdraw(drafts, event_ids)
    notify: Notify = wakeups.wake
    if wakeups.has_local_node():
        notify = partial(wakeups.wake, encoded=_encoded(drafts, event_ids, data, at))
    mailbox().append(organization_id, event_ids, conversation_id=_sole_conversation(drafts), notify=notify)
    wake_after_commit(draft.type for draft in drafts)
    return event_ids


def reserve(count: int) -> Callable[[], list[int]]:
    """Reserve ids for so many events. Returns a function that returns them, ascending. Within `sql.together()`, call it
    after the block."""
    reserved = sql.execute(_RESERVE, [count])
    return lambda: [row[0] for row in reserved]


def pass_gate(organization_id: UUID) -> None:
    """Wait until every fan-out that has begun has committed.

    Called after a new client is committed and before its id is returned: from then on, every change is in its mailbox
    or in the answer to its first sync.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [organization_id])


def _withdraw(drafts: Sequence[Draft], event_ids: Sequence[int]) -> None:
    for draft, event_id in zip(drafts, event_ids, strict=True):
        member_id, conversation_id = draft.audience.member_id, draft.audience.conversation_id
        if member_id is not None and conversation_id is not None:
            mailbox().withdraw(member_id, conversation_id, event=event_id)


def _sole_conversation(drafts: Sequence[Draft]) -> UUID | None:
    """Return the conversation whose participants are the audience of all drafts, if there is one."""
    audiences = {draft.audience for draft in drafts}
    audience = audiences.pop() if len(audiences) == 1 else None
    return audience.conversation_id if audience is not None and audience.rule is PARTICIPANTS else None


def _encoded(drafts: Sequence[Draft], event_ids: Sequence[int], data: Sequence[str], at: datetime) -> dict[int, bytes]:
    """Return the events as they are sent over sockets, for the node of this process, which need not read them then."""
    return {
        id: splice(id=id, type=draft.type, conversation=draft.audience.conversation_id, at=at, data=text)
        for draft, id, text in zip(drafts, event_ids, data, strict=True)
    }


def _insert_events(
    organization_id: UUID, drafts: Sequence[Draft], event_ids: Sequence[int], data: Sequence[str], at: datetime
) -> None:
    sql.execute(
        _INSERT_EVENTS,
        {
            "organization": organization_id,
            "ids": array(event_ids),
            "conversations": array(draft.audience.conversation_id for draft in drafts),
            "members": array(draft.audience.member_id for draft in drafts),
            "types": [draft.type for draft in drafts],
            "entities": array(draft.entity_id for draft in drafts),
            "data": data,
            "at": at,
        },
    )

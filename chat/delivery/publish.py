"""From a change to the mailboxes of everybody who may see it, inside the transaction of the change.

`publish` is the last thing an action does: it writes the event rows and then, as the transaction's last statement,
bumps the tags of all recipient clients and inserts their entries. Lock order: conversation (taken by the action),
then clients by ascending id. Wake-ups leave after commit and carry client ids; content never leaves the process.
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
from chat.delivery.followers.wake import wake_after_commit
from chat.delivery.mailbox import mailbox
from chat.delivery.mailbox.contract import Notify
from chat.entities.encoding import encode, splice
from chat.entities.registry import Entity
from chat.sql import array


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event about to be written. Its audience: `member_id` alone if given, else the participants of
    `conversation_id`, else every member of the organization (guests only where the member it is about
    takes or took part in a conversation of theirs)."""

    type: str
    entity: Entity
    entity_id: UUID
    conversation_id: UUID | None = None
    member_id: UUID | None = None


# The gate orders fan-out against the registration of clients. Without it, a client committed between a fan-out's
# snapshot and its commit could sync too early to see the change and yet not be among its recipients. So it is passed
# one statement before the recipients are looked up.
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

    `withdraw`: the drafts for one member alone take the place of whatever of that conversation waits in that member's
    mailboxes. The removal of a participant says so. `ids`: as many as are wanted or more, reserved in this transaction.
    With them, and within `sql.together()`, it waits for no answer.
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
    """Ids for so many events, ascending. Within `sql.together()`, what it returns gives them after it."""
    reserved = sql.execute(_RESERVE, [count])
    return lambda: [row[0] for row in reserved]


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


def _encoded(drafts: Sequence[Draft], event_ids: Sequence[int], data: Sequence[str], at: datetime) -> dict[int, bytes]:
    """As they go over the wire, for the node of this process: else it would read what was written here."""
    return {
        id: splice(id=id, type=draft.type, conversation=draft.conversation_id, at=at, data=text)
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
            "conversations": array(draft.conversation_id for draft in drafts),
            "members": array(draft.member_id for draft in drafts),
            "types": [draft.type for draft in drafts],
            "entities": array(draft.entity_id for draft in drafts),
            "data": data,
            "at": at,
        },
    )

"""Taking words back out of the event log, and so out of every mailbox that still holds one of its events.

The events stay, so that tags stay dense and cursors find their anchors; what they carry becomes empty. Newer events say
what the entity is now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from django.db import connection, transaction

from chat.delivery import wakeups

AT_ONCE: Final = 5_000  # event ids in a message to the nodes

# The index leads to the events of the conversation: an index by entity would cost every message for the sake of these.
_REDACT: Final = """
UPDATE chat_event SET data = (data::jsonb || %(changes)s::jsonb)::text
WHERE conversation_id = %(conversation)s AND member_id IS NULL AND entity_id = ANY(%(messages)s)
    AND type LIKE 'message.%%'
RETURNING id
"""


def redact(conversation_id: UUID, messages: Sequence[UUID], *, changes: dict[str, object]) -> int:
    """Put `changes` into every event of these messages; how many. Inside the transaction of the change, before its own
    event is published. The nodes are told to forget what they have encoded; one that is not reached does so in time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _REDACT,
            {
                "conversation": conversation_id,
                "messages": list(messages),
                "changes": msgspec.json.encode(changes).decode(),
            },
        )
        events = [row[0] for row in cursor.fetchall()]
    for start in range(0, len(events), AT_ONCE):
        some = events[start : start + AT_ONCE]
        transaction.on_commit(lambda some=some: wakeups.broadcast({"type": "redacted", "events": some}))  # type: ignore[misc]
    return len(events)

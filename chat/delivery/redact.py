"""Removes text from the event log, and thereby from every mailbox that still holds one of its events.

The events remain, so that tags stay dense and cursors find their anchors; their content becomes empty. Newer events
carry the present state of the entity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from django.db import connection, transaction

from chat.delivery import wakeups
from chat.wire import ForgetEvents

AT_ONCE: Final = 5_000  # event ids in a message to the nodes

# Uses the index by conversation. An index by entity would make every message dearer, for a rare action.
_REDACT: Final = """
UPDATE chat_event SET data = (data::jsonb || %(changes)s::jsonb)::text
WHERE conversation_id = %(conversation)s AND member_id IS NULL AND entity_id = ANY(%(messages)s)
    AND type LIKE 'message.%%'
RETURNING id
"""


def redact(conversation_id: UUID, messages: Sequence[UUID], *, changes: dict[str, object]) -> int:
    """Put `changes` into every event of these messages, and return how many events there were.

    Call it inside the transaction of the change, before its own event is published. After commit, the nodes are asked
    to forget how they encoded these events. A node that misses the request forgets them when its memory turns over.
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
        transaction.on_commit(lambda some=some: wakeups.broadcast(ForgetEvents(some)))  # type: ignore[misc]
    return len(events)

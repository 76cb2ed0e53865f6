"""Typing signals: sent to the connected participants of the conversation, never stored, the first to be dropped."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, NamedTuple
from uuid import UUID

from chat.delivery import audience, database, metrics, wakeups
from chat.wire import SendSignal, TypingSignal

INTERVAL: Final = 2.0  # seconds between two signals of a member in a conversation
WAITING: Final = 500  # notices that wait for the database; later ones are dropped, since they would be sent too late
REMEMBERED: Final = 10_000  # pairs of member and conversation whose last notice is remembered

# The writer has to take part, and must not be muted.
_RECEIVERS: Final = f"""
SELECT c.node_id, array_agg(c.id) FROM {audience.PARTICIPANTS.clients}
WHERE {audience.PARTICIPANTS.condition.format(conversation="%(conversation)s")}
    AND p.organization_id = %(organization)s AND p.member_id <> %(member)s AND c.node_id IS NOT NULL
    AND EXISTS (SELECT FROM chat_participant own JOIN accounts_member m ON m.id = own.member_id
        WHERE own.conversation_id = p.conversation_id AND own.member_id = %(member)s AND own.left_at IS NULL
        AND (m.muted_until IS NULL OR m.muted_until <= now()))
GROUP BY c.node_id
"""  # noqa: S608  # constants of this package, never input


class Notice(NamedTuple):
    """A member is writing in a conversation."""

    organization_id: UUID
    member_id: UUID
    conversation_id: UUID


class TypingSignals:
    def __init__(self, outbox: wakeups.Outbox) -> None:
        self._outbox = outbox
        self._waiting: asyncio.Queue[Notice] = asyncio.Queue(WAITING)
        self._sent_at: OrderedDict[tuple[UUID, UUID], float] = OrderedDict()  # by member and conversation

    def add(self, notice: Notice) -> None:
        """Send the notice on, unless the same was sent within INTERVAL or too many are waiting."""
        now = asyncio.get_running_loop().time()
        key = (notice.member_id, notice.conversation_id)
        if now - self._sent_at.get(key, -INTERVAL) < INTERVAL or self._waiting.full():
            metrics.SIGNALS.labels("shed").inc()
            return
        self._sent_at[key] = now
        self._sent_at.move_to_end(key)
        if len(self._sent_at) > REMEMBERED:
            self._sent_at.popitem(last=False)
        self._waiting.put_nowait(notice)

    async def run(self) -> None:
        while True:
            notice = await self._waiting.get()
            rows = await database.fetch(
                _RECEIVERS,
                {
                    "organization": notice.organization_id,
                    "conversation": notice.conversation_id,
                    "member": notice.member_id,
                },
            )
            signal = TypingSignal(notice.conversation_id, notice.member_id)
            self._outbox.post({node: SendSignal(clients, signal) for node, clients in rows})

"""The default backend: entries and tags commit together with the change, so nothing can be lost.

One row per client and event in chat_mailboxentry, the tag on the client's own row. Measured on two cores: bump and
insert 250,000 rows/s, cumulative acks as deletes over 1,000,000 rows/s, in sorted batches (unsorted ones deadlock).
Lock order: clients by ascending id, after whatever the action has locked.
"""

# ruff: noqa: S608  # the parts are constants of this package, never input

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from chat import statements
from chat.delivery import database, metrics
from chat.delivery.database import numbers
from chat.delivery.mailbox import audience
from chat.delivery.mailbox.contract import News, Position, Wake

CHECK_EVERY: Final = (
    256  # entries between two looks at a mailbox's bounds; staggered, so that few clients are due at once
)
CHECK_AT_ONCE: Final = 16  # mailboxes measured by one fan-out; the purge comes for the others within a minute

# What both fan-outs end with. `base` is the tag before; the last column are clients whose bounds are to be checked.
_APPENDED: Final = f"""
SELECT node_id, array_agg(id) FILTER (WHERE node_id IS NOT NULL),
    array_agg(base + 1) FILTER (WHERE node_id IS NOT NULL),
    array_agg(id) FILTER (WHERE (tag + id) / {CHECK_EVERY} <> (base + id) / {CHECK_EVERY})
FROM bumped GROUP BY node_id
"""

# Client by client, which is the order of the index: that the events depend on the client leaves no other.
_TO_ONE_CONVERSATION: Final = f"""
WITH locked AS (
    SELECT c.id FROM chat_participant p JOIN chat_client c ON c.member_id = p.member_id
    WHERE p.conversation_id = %(conversation)s AND p.left_at IS NULL ORDER BY c.id FOR NO KEY UPDATE OF c
), bumped AS (
    UPDATE chat_client c SET tag = c.tag + %(count)s FROM locked l WHERE c.id = l.id
    RETURNING c.id, c.tag, c.tag - %(count)s AS base, c.node_id
), entries AS (
    INSERT INTO chat_mailboxentry (client_id, tag, event_id)
    SELECT b.id, b.base + e.place, e.id FROM bumped b CROSS JOIN LATERAL (
        SELECT id, place FROM unnest(%(events)s::bigint[]) WITH ORDINALITY AS e (id, place) WHERE b.id > 0 OFFSET 0
    ) AS e
) {_APPENDED}
"""

_TO_ANYBODY: Final = f"""
WITH {audience.WANTED}, locked AS (
    SELECT id FROM chat_client WHERE id IN (SELECT client_id FROM wanted) ORDER BY id FOR NO KEY UPDATE
), counted AS (
    SELECT w.client_id, count(*) AS added FROM wanted w JOIN locked l ON l.id = w.client_id GROUP BY w.client_id
), bumped AS (
    UPDATE chat_client c SET tag = c.tag + k.added FROM counted k WHERE c.id = k.client_id
    RETURNING c.id, c.tag, c.tag - k.added AS base, c.node_id
), entries AS (
    INSERT INTO chat_mailboxentry (client_id, tag, event_id)
    SELECT b.id, b.base + row_number() OVER (PARTITION BY b.id ORDER BY w.place), w.event_id
    FROM bumped b JOIN wanted w ON w.client_id = b.id
) {_APPENDED}
"""

# Whoever keeps up has acked what was there at the last look, and nearly everybody does: theirs need not be counted.
_OVERFLOWING: Final = f"""
SELECT c.id FROM chat_client c CROSS JOIN LATERAL (
    SELECT count(*) AS entries, sum(octet_length(v.data)) AS bytes
    FROM chat_mailboxentry e JOIN chat_event v ON v.id = e.event_id WHERE e.client_id = c.id
) AS held
WHERE c.id = ANY(%s::bigint[])
    AND EXISTS (SELECT FROM chat_mailboxentry e WHERE e.client_id = c.id AND e.tag = c.tag - {CHECK_EVERY} + 1)
    AND (held.entries > %s OR held.bytes > %s)
"""

_OLDEST: Final = """
SELECT c.id, oldest.event_id FROM unnest(%s::bigint[]) AS c (id) CROSS JOIN LATERAL (
    SELECT e.event_id FROM chat_mailboxentry e WHERE e.client_id = c.id ORDER BY e.tag LIMIT 1
) AS oldest
"""

_WITHDRAW: Final = """
WITH locked AS (SELECT id FROM chat_client WHERE member_id = %(member)s ORDER BY id FOR NO KEY UPDATE)
UPDATE chat_mailboxentry e SET event_id = %(event)s
FROM locked l, chat_event v
WHERE e.client_id = l.id AND v.id = e.event_id AND v.conversation_id = %(conversation)s
"""

# The table is empty at one moment and huge at the next, so statistics about it are worth nothing. OFFSET 0 keeps the
# planner from turning the join around, and a row can be found by its ctid in one way only.
_EACH_ENTRY: Final = """
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS w (client_id, after, upto)
CROSS JOIN LATERAL (
    SELECT e.ctid AS place, e.tag, e.event_id FROM chat_mailboxentry e
    WHERE e.client_id = w.client_id AND e.tag > w.after AND e.tag <= w.upto ORDER BY e.tag OFFSET 0
) AS entry
"""

# A mailbox with a hole, which nothing here makes, reads as no events at all.
_READ: Final = f"""
SELECT events, array_agg(client_id), array_agg(first) FROM (
    SELECT w.client_id, min(entry.tag) AS first,
        CASE WHEN max(entry.tag) - min(entry.tag) + 1 = count(*) THEN array_agg(entry.event_id ORDER BY entry.tag)
        ELSE '{{}}' END AS events
    {_EACH_ENTRY} GROUP BY w.client_id
) AS each GROUP BY events
"""

# The way to the oldest entry leads past all that were acked since the last vacuum: it is not gone for nothing.
_POSITIONS: Final = """
SELECT c.id, c.tag, (SELECT min(e.tag) FROM chat_mailboxentry e WHERE e.client_id = c.id)
FROM unnest(%s::bigint[], %s::bigint[]) AS w (id, known) JOIN chat_client c ON c.id = w.id AND c.tag <> w.known
"""

_ACKED: Final = f"""
DELETE FROM chat_mailboxentry d USING (SELECT entry.place {_EACH_ENTRY}) AS acked WHERE d.ctid = acked.place
"""

_ACKED_AND_KEPT: Final = f"""
WITH acked AS ({_ACKED} RETURNING d.client_id, d.tag, d.event_id)
INSERT INTO chat_ackedentry (organization_id, member_id, client, tag, event_id)
SELECT c.organization_id, c.member_id, c.public_id, a.tag, a.event_id
FROM acked a JOIN chat_client c ON c.id = a.client_id
"""


class PostgresMailbox:
    def append(
        self,
        organization_id: UUID,
        events: Sequence[int],
        *,
        conversation_id: UUID | None,
        wake: Wake,
    ) -> None:
        given = {"count": len(events), "events": database.numbers(events)}
        if conversation_id is None:
            rows = statements.execute(_TO_ANYBODY, {**given, "organization": organization_id}).fetchall()
        else:
            rows = statements.execute(_TO_ONE_CONVERSATION, {**given, "conversation": conversation_id}).fetchall()
        crossing = [client for *_, clients in rows for client in clients or ()]
        if crossing:
            self._bound(crossing[:CHECK_AT_ONCE])
        recipients = {node: clients for node, clients, *_ in rows if node is not None}
        if recipients:
            same = conversation_id is not None  # then everybody has the same news
            news = {node: News(tuple(events), clients, firsts) for node, clients, firsts, _ in rows if same and node}
            transaction.on_commit(lambda: wake(recipients, news))

    def withdraw(self, member_id: UUID, conversation_id: UUID, *, event: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_WITHDRAW, {"member": member_id, "conversation": conversation_id, "event": event})

    def truncate(self, clients: Sequence[int], *, hole: bool = False) -> None:
        ids = sorted(clients)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM chat_client WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
            cursor.execute("DELETE FROM chat_mailboxentry WHERE client_id = ANY(%s)", [ids])
            cursor.execute(
                "UPDATE chat_client SET overflowed_at = now(), tag = tag + %s WHERE id = ANY(%s)", [int(hole), ids]
            )

    def drop(self, clients: Sequence[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM chat_mailboxentry WHERE client_id = ANY(%s)", [list(clients)])

    def start(self, client_id: int) -> int:
        return 0

    def depth(self, clients: Sequence[int]) -> Mapping[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT client_id, count(*) FROM chat_mailboxentry WHERE client_id = ANY(%s) GROUP BY client_id",
                [list(clients)],
            )
            return dict(cursor.fetchall())

    def oldest(self, clients: Sequence[int]) -> Mapping[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(_OLDEST, [list(clients)])
            return dict(cursor.fetchall())

    def holding(self, clients: Sequence[int], event: int) -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT client_id FROM chat_mailboxentry WHERE client_id = ANY(%s) AND event_id = %s",
                [list(clients), event],
            )
            return {row[0] for row in cursor.fetchall()}

    def catch_up(self) -> int:
        return 0  # it is part of the commit

    async def read(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> list[News]:
        rows = await database.fetch(_READ, (numbers(clients), numbers(after), numbers(upto)))
        return [News(tuple(events), readers, firsts) for events, readers, firsts in rows]

    async def positions(self, clients: Sequence[int], *, known: Sequence[int] = ()) -> Mapping[int, Position]:
        rows = await database.fetch(_POSITIONS, (numbers(clients), numbers(known or [-1] * len(clients))))
        return {client: Position(tag, oldest) for client, tag, oldest in rows}

    async def acknowledge(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> None:
        statement = _ACKED_AND_KEPT if settings.ACKED_ENTRIES == "keep" else _ACKED
        await database.execute(statement, (numbers(clients), numbers(after), numbers(upto)))

    def _bound(self, clients: Sequence[int]) -> None:
        """Empty those mailboxes that hold more than a sync would cost."""
        bounds = [database.numbers(clients), settings.MAILBOX_ENTRIES, settings.MAILBOX_BYTES]
        overflowing = [client for (client,) in statements.execute(_OVERFLOWING, bounds)]
        if overflowing:
            self.truncate(overflowing)
            metrics.OVERFLOWS.inc(len(overflowing))

"""The default backend: entries and tags commit together with the change, so nothing can be lost.

The newest entries of a client that is connected lie beside the tag, in its own row (`recent`): a fan-out and an ack
are one update of it each. Older ones, and all of a client that is away, are rows of chat_mailboxentry. Both are one
mailbox, the rows first: with `base` = tag - cardinality(recent), rows have tags up to `base`, `recent` those after it.

Measured with 500 recipients, fan-out and ack together, against a row for every entry: 6.6 µs of PostgreSQL a delivery
instead of 12 when each event comes alone, 0.6 instead of 3.5 when eight come together, and 68 bytes of WAL instead of
231: a row costs its way through an index, twice, and the vacuum.

Lock order: clients by ascending id, after whatever the action has locked. Acks wait for no lock.
"""

# ruff: noqa: S608  # the parts are constants of this package, never input

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from chat import sql
from chat.delivery import audience, database, metrics
from chat.delivery.database import numbers
from chat.delivery.mailbox.contract import News, Position, Wake

CHECK_EVERY: Final = 256  # entries between two looks at a mailbox's bounds; staggered: few clients are due at once
WEIGHED: Final = 64  # entries of a mailbox that are read to know about what all of them weigh
CHECK_AT_ONCE: Final = 16  # mailboxes measured by one fan-out; the purge comes for the others within a minute

RECENT: Final = 128  # entries beside the tag, at most: our clients ack 32 at once, and it is an eighth of a page

# Whose entries become rows now: who is away, and who has no more room beside the tag.
_SPILLED: Final = f"CASE WHEN c.node_id IS NULL OR cardinality(c.recent) + %s > {RECENT} THEN c.recent END AS spilled"

# What both fan-outs end with. `given` are the locked clients with the events of each; `base` is the tag before; the
# last column are clients whose bounds are to be checked: of those that are away every so often, of the others whenever
# entries of theirs become rows, since who keeps up has none.
_APPENDED: Final = f"""
bumped AS (
    UPDATE chat_client c SET tag = c.tag + cardinality(g.events),
        recent = CASE WHEN g.spilled IS NULL THEN c.recent || g.events ELSE '{{}}' END
    FROM given g WHERE c.id = g.id
    RETURNING c.id, c.tag, c.tag - cardinality(g.events) AS base, c.node_id,
        CASE WHEN g.spilled IS NOT NULL THEN g.spilled || g.events END AS older
), entries AS (
    INSERT INTO chat_mailboxentry (client_id, tag, event_id)
    SELECT b.id, b.tag - cardinality(b.older) + e.place, e.id
    FROM bumped b CROSS JOIN LATERAL unnest(b.older) WITH ORDINALITY AS e (id, place) WHERE b.older IS NOT NULL
)
SELECT node_id, array_agg(id) FILTER (WHERE node_id IS NOT NULL),
    array_agg(base + 1) FILTER (WHERE node_id IS NOT NULL),
    array_agg(id) FILTER (WHERE older IS NOT NULL
        AND (node_id IS NOT NULL OR (tag + id) / {CHECK_EVERY} <> (base + id) / {CHECK_EVERY}))
FROM bumped GROUP BY node_id
"""

_TO_ONE_CONVERSATION: Final = f"""
WITH given AS (
    SELECT c.id, %(events)s::bigint[] AS events, {_SPILLED % "cardinality(%(events)s::bigint[])"}
    FROM chat_participant p JOIN chat_client c ON c.member_id = p.member_id
    WHERE p.conversation_id = %(conversation)s AND p.left_at IS NULL ORDER BY c.id FOR NO KEY UPDATE OF c
), {_APPENDED}
"""

_TO_ANYBODY: Final = f"""
WITH {audience.WANTED}, counted AS (
    SELECT client_id, array_agg(event_id ORDER BY place) AS events FROM wanted GROUP BY client_id
), given AS (
    SELECT c.id, k.events, {_SPILLED % "cardinality(k.events)"}
    FROM counted k JOIN chat_client c ON c.id = k.client_id ORDER BY c.id FOR NO KEY UPDATE OF c
), {_APPENDED}
"""

_FIRST_ROW: Final = "(SELECT {} FROM chat_mailboxentry e WHERE e.client_id = c.id ORDER BY e.tag LIMIT 1)"
_LAST_ROW: Final = "(SELECT {} FROM chat_mailboxentry e WHERE e.client_id = c.id ORDER BY e.tag DESC LIMIT 1)"

# Whoever keeps up has acked what was there at the last look, and nearly everybody does: theirs need not be measured.
# What would be waiting since then is a row: it is older than all that has room beside the tag. Tags count the entries.
# What they weigh is judged by some of them, as far apart as they can be: to read every event of a full mailbox takes
# 20 ms, in which the next message would wait, and who is emptied a little early or late is only told to sync. OFFSET 0
# and subqueries instead of joins leave one plan, as below.
_OVERFLOWING: Final = f"""
WITH due AS MATERIALIZED (
    SELECT c.id, f.tag AS oldest, c.tag - f.tag + 1 AS entries
    FROM chat_client c CROSS JOIN LATERAL ({_FIRST_ROW.format("e.tag")}) AS f
    WHERE c.id = ANY(%s::bigint[])
        AND (SELECT true FROM chat_mailboxentry e WHERE e.client_id = c.id AND e.tag = c.tag - {CHECK_EVERY} + 1)
)
SELECT d.id FROM due d WHERE d.entries > %s OR {WEIGHED} * %s::bigint < d.entries * (
    SELECT sum(v.bytes) FROM generate_series(0, {WEIGHED} - 1) AS s (place)
        CROSS JOIN LATERAL (
            SELECT e.event_id FROM chat_mailboxentry e
            WHERE e.client_id = d.id AND e.tag = d.oldest + s.place * d.entries / {WEIGHED} OFFSET 0
        ) AS e CROSS JOIN LATERAL (
            SELECT octet_length(v.data) AS bytes FROM chat_event v WHERE v.id = e.event_id OFFSET 0
        ) AS v
)
"""

OLDEST_TAG: Final = (
    f"coalesce({_FIRST_ROW.format('e.tag')}, CASE WHEN c.recent <> '{{}}' THEN c.tag - cardinality(c.recent) + 1 END)"
)
"""Of a chat_client `c`: the tag of the first entry in its mailbox, NULL when it is empty."""

OLDEST_EVENT: Final = f"coalesce({_FIRST_ROW.format('e.event_id')}, c.recent[1])"
"""And the event."""

_OLDEST: Final = f"""
SELECT * FROM (SELECT c.id, {OLDEST_EVENT} AS event FROM chat_client c WHERE c.id = ANY(%s::bigint[])) AS oldest
WHERE event IS NOT NULL
"""

_DEPTH: Final = """
SELECT * FROM (
    SELECT c.id, cardinality(c.recent) + (SELECT count(*) FROM chat_mailboxentry e WHERE e.client_id = c.id) AS entries
    FROM chat_client c WHERE c.id = ANY(%s::bigint[])
) AS held WHERE entries > 0
"""

_HOLDING: Final = """
SELECT c.id FROM chat_client c WHERE c.id = ANY(%(clients)s::bigint[]) AND (%(event)s = ANY(c.recent)
    OR (SELECT true FROM chat_mailboxentry e WHERE e.client_id = c.id AND e.event_id = %(event)s LIMIT 1))
"""

_WITHDRAW: Final = """
WITH locked AS (
    SELECT id, recent FROM chat_client WHERE member_id = %(member)s ORDER BY id FOR NO KEY UPDATE
), kept AS (
    SELECT l.id, array_agg(CASE WHEN v.conversation_id = %(conversation)s THEN %(event)s ELSE r.id END ORDER BY r.place)
        AS recent
    FROM locked l CROSS JOIN LATERAL unnest(l.recent) WITH ORDINALITY AS r (id, place)
        LEFT JOIN chat_event v ON v.id = r.id
    GROUP BY l.id
), rewritten AS (
    UPDATE chat_client c SET recent = k.recent FROM kept k WHERE c.id = k.id
)
UPDATE chat_mailboxentry e SET event_id = %(event)s
FROM locked l, chat_event v
WHERE e.client_id = l.id AND v.id = e.event_id AND v.conversation_id = %(conversation)s
"""

_EACH: Final = "unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS w (client_id, after, upto)"

# The table is empty at one moment and huge at the next, so statistics about it are worth nothing. OFFSET 0 keeps the
# planner from turning the join around, and a row can be found by its ctid in one way only.
_ROWS: Final = """
SELECT e.ctid AS place, e.tag, e.event_id AS id FROM chat_mailboxentry e
WHERE e.client_id = w.client_id AND e.tag > w.after AND e.tag <= w.upto ORDER BY e.tag OFFSET 0
"""

# Nearly everybody reads from what lies beside the tag, which is a slice of it. A mailbox with a hole, which nothing
# here makes, reads as no events at all.
_READ: Final = f"""
WITH asked AS (
    SELECT w.client_id, w.after, least(w.upto, c.tag) AS upto, c.tag - cardinality(c.recent) AS base, c.recent
    FROM {_EACH} JOIN chat_client c ON c.id = w.client_id
)
SELECT events, array_agg(client_id), array_agg(first) FROM (
    SELECT client_id, after + 1 AS first, recent[after - base + 1 : upto - base] AS events
    FROM asked WHERE after >= base AND upto > after
  UNION ALL
    SELECT w.client_id, min(entry.tag),
        CASE WHEN max(entry.tag) - min(entry.tag) + 1 = count(*) THEN array_agg(entry.id ORDER BY entry.tag)
        ELSE '{{}}' END
    FROM asked w CROSS JOIN LATERAL (
        SELECT tag, id FROM ({_ROWS}) AS older
      UNION ALL
        SELECT w.base + place, id
        FROM unnest(w.recent[: greatest(w.upto - w.base, 0)]) WITH ORDINALITY AS newer (id, place)
    ) AS entry
    WHERE w.after < w.base GROUP BY w.client_id
) AS each GROUP BY events
"""

# The way to the oldest entry leads past all that were acked since the last vacuum: it is not gone for nothing.
_POSITIONS: Final = f"""
SELECT c.id, c.tag, {OLDEST_TAG}
FROM unnest(%s::bigint[], %s::bigint[]) AS w (id, known) JOIN chat_client c ON c.id = w.id AND c.tag <> w.known
"""

# An ack never waits: who removes somebody locks that member's clients before all others, not in order of id, and
# could wait for us as we for them. Whose row is taken is acked a moment later.
_TRIMMED: Final = f"""
WITH taken AS (
    SELECT c.id, c.organization_id, c.member_id, c.public_id, c.recent, c.tag - cardinality(c.recent) AS base,
        w.after, least(w.upto, c.tag) AS upto
    FROM {_EACH} JOIN chat_client c ON c.id = w.client_id ORDER BY c.id FOR NO KEY UPDATE OF c SKIP LOCKED
), trimmed AS (
    UPDATE chat_client c SET recent = c.recent[t.upto - t.base + 1 :] FROM taken t WHERE c.id = t.id AND t.upto > t.base
)
"""

_KEPT: Final = """
, kept AS (
    INSERT INTO chat_ackedentry (organization_id, member_id, client, tag, event_id)
    SELECT t.organization_id, t.member_id, t.public_id, t.base + newer.place, newer.id
    FROM taken t CROSS JOIN LATERAL unnest(t.recent[: t.upto - t.base]) WITH ORDINALITY AS newer (id, place)
    WHERE t.upto > t.base
)
"""

# Those whose turn it was, and those of them who may have acked rows, too. It does not wait for the disk: meanwhile it
# would hold what the next message is for, and an ack that a crash undoes costs nothing but a repetition.
_TAKEN: Final = """
SELECT array_agg(id), array_agg(id) FILTER (WHERE after < base), set_config('synchronous_commit', 'off', true)
FROM taken
"""

_TRIM: Final = _TRIMMED + _TAKEN
_TRIM_AND_KEEP: Final = _TRIMMED + _KEPT + _TAKEN

_ACKED: Final = f"""
DELETE FROM chat_mailboxentry d USING (SELECT older.place FROM {_EACH} CROSS JOIN LATERAL ({_ROWS}) AS older) AS acked
WHERE d.ctid = acked.place
"""

_ACKED_AND_KEPT: Final = f"""
WITH acked AS ({_ACKED} RETURNING d.client_id, d.tag, d.event_id)
INSERT INTO chat_ackedentry (organization_id, member_id, client, tag, event_id)
SELECT c.organization_id, c.member_id, c.public_id, a.tag, a.event_id
FROM acked a JOIN chat_client c ON c.id = a.client_id
"""

DROPPED_AT_ONCE: Final = 2_000  # rows: some milliseconds of the processor and the log, which those who write need, too

_HELD: Final = f"""
SELECT c.id, {_FIRST_ROW.format("e.tag")}, {_LAST_ROW.format("e.tag")} FROM unnest(%s::bigint[]) AS c (id)
"""

# It does not wait for the disk: what a crash brings back belongs to nobody and is removed again.
_DROPPED: Final = """
WITH dropped AS (DELETE FROM chat_mailboxentry WHERE client_id = %s AND tag >= %s AND tag < %s)
SELECT set_config('synchronous_commit', 'off', true)
"""

_PRESENT: Final = "SELECT id FROM chat_client WHERE id = ANY(%s::bigint[])"


class PostgresMailbox:
    def append(
        self,
        organization_id: UUID,
        events: Sequence[int],
        *,
        conversation_id: UUID | None,
        wake: Wake,
    ) -> None:
        ids = numbers(events)
        if conversation_id is None:
            appended = sql.execute(_TO_ANYBODY, {"events": ids, "organization": organization_id})
        else:
            appended = sql.execute(_TO_ONE_CONVERSATION, {"events": ids, "conversation": conversation_id})

        def tell() -> None:
            rows = appended.fetchall()  # not before: what is sent together with others has no answer yet
            recipients = {node: clients for node, clients, *_ in rows if node is not None}
            if recipients:
                same = conversation_id is not None  # then everybody has the same news
                news = {node: News(tuple(events), to, firsts) for node, to, firsts, _ in rows if same and node}
                wake(recipients, news)
            crossing = [client for *_, clients in rows for client in clients or ()]
            if crossing:
                transaction.on_commit(lambda: self._bound(crossing[:CHECK_AT_ONCE]), robust=True)

        transaction.on_commit(tell)

    def withdraw(self, member_id: UUID, conversation_id: UUID, *, event: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_WITHDRAW, {"member": member_id, "conversation": conversation_id, "event": event})

    def truncate(self, clients: Sequence[int], *, hole: bool = False) -> None:
        ids = sorted(clients)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM chat_client WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
            cursor.execute("DELETE FROM chat_mailboxentry WHERE client_id = ANY(%s)", [ids])
            cursor.execute(
                "UPDATE chat_client SET overflowed_at = now(), tag = tag + %s, recent = '{}' WHERE id = ANY(%s)",
                [int(hole), ids],
            )

    def drop(self, clients: Sequence[int]) -> None:
        # The rows of a full mailbox take some tens of milliseconds, in which no message should wait for its client.
        # Those that a crash leaves behind belong to nobody, and the purge looks for such.
        ids = numbers(clients)
        transaction.on_commit(lambda: _remove_rows(ids), robust=True)

    def start(self, client_id: int) -> int:
        return 0

    def depth(self, clients: Sequence[int]) -> Mapping[int, int]:
        return dict(sql.execute_by_index(_DEPTH, [numbers(clients)]).fetchall())

    def oldest(self, clients: Sequence[int]) -> Mapping[int, int]:
        return dict(sql.execute_by_index(_OLDEST, [numbers(clients)]).fetchall())

    def holding(self, clients: Sequence[int], event: int) -> set[int]:
        found = sql.execute_by_index(_HOLDING, {"clients": numbers(clients), "event": event})
        return {row[0] for row in found.fetchall()}

    def catch_up(self) -> int:
        return 0  # it is part of the commit

    async def read(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> list[News]:
        rows = await database.fetch(_READ, (numbers(clients), numbers(after), numbers(upto)))
        return [News(tuple(events), readers, firsts) for events, readers, firsts in rows]

    async def positions(self, clients: Sequence[int], *, known: Sequence[int] = ()) -> Mapping[int, Position]:
        rows = await database.fetch(_POSITIONS, (numbers(clients), numbers(known or [-1] * len(clients))))
        return {client: Position(tag, oldest) for client, tag, oldest in rows}

    async def acknowledge(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> Sequence[int]:
        keep = settings.ACKED_ENTRIES == "keep"
        trim, delete = (_TRIM_AND_KEEP, _ACKED_AND_KEPT) if keep else (_TRIM, _ACKED)
        ((taken, older, _),) = await database.fetch(trim, (numbers(clients), numbers(after), numbers(upto)))
        if older:
            await database.execute(delete, _columns(clients, after, upto, of=set(older)))
        missing = set(clients).difference(taken or ())
        return [row[0] for row in await database.fetch(_PRESENT, (numbers(missing),))] if missing else []

    def _bound(self, clients: Sequence[int]) -> None:
        """Empty those mailboxes that hold more than a sync would cost."""
        bounds = [database.numbers(clients), settings.MAILBOX_ENTRIES, settings.MAILBOX_BYTES]
        overflowing = [client for (client,) in sql.execute_by_index(_OVERFLOWING, bounds)]
        if overflowing:
            self.truncate(overflowing)
            metrics.OVERFLOWS.inc(len(overflowing))


def _remove_rows(clients: str) -> None:
    for client, first, last in sql.execute_by_index(_HELD, [clients]).fetchall():
        for tag in range(first or 0, (last or -1) + 1, DROPPED_AT_ONCE):
            started = time.monotonic()
            sql.execute_by_index(_DROPPED, [client, tag, tag + DROPPED_AT_ONCE])
            time.sleep(time.monotonic() - started)  # every other moment belongs to who writes


def _columns(clients: Sequence[int], after: Sequence[int], upto: Sequence[int], *, of: set[int]) -> list[str]:
    """The parameters again, for some of the clients."""
    rows = [row for row in zip(clients, after, upto, strict=True) if row[0] in of]
    return [numbers(column) for column in zip(*rows, strict=True)]

"""The statements of the PostgreSQL mailbox: how entries are appended, read, acknowledged and removed.

The newest entries of a connected client are in its own row, in the array `recent` beside the tag. Older entries, and
all entries of a client that is away, are rows of chat_mailboxentry. Both are one mailbox, the rows first: with
`base` = tag - cardinality(recent), rows have tags up to `base`, and `recent` has the tags after it.

Statistics about these tables are worth nothing, because a queue is empty at one moment and huge at the next. So the
statements are written in a shape that leaves one plan: subqueries with OFFSET 0 are not merged into joins.
"""

# ruff: noqa: S608  # the parts are constants of this package, never input

from __future__ import annotations

from typing import Final

from chat.delivery import audience

CHECK_EVERY: Final = 256  # entries between two checks of a mailbox's bounds; staggered: few clients are due at once
WEIGHED: Final = 64  # entries of a mailbox whose size is read, to estimate the size of all
RECENT: Final = 128  # entries in `recent`, at most: our clients ack 32 at once, and it takes an eighth of a page

# The entries in `recent` become rows where the client is away, or where the array would become too long.
SPILLED: Final = f"CASE WHEN c.node_id IS NULL OR cardinality(c.recent) + %s > {RECENT} THEN c.recent END AS spilled"

# The end of both fan-outs. `given` are the locked clients, each with its events; `base` is the tag before. The last
# column names clients whose bounds are to be checked: a client that is away once in CHECK_EVERY entries, a connected
# one whenever its entries become rows, because a client that keeps up has none.
APPENDED: Final = f"""
bumped AS (
    UPDATE chat_client c SET tag = c.tag + cardinality(g.events),
        recent = CASE WHEN g.spilled IS NULL THEN c.recent || g.events ELSE '{{}}' END
    FROM given g WHERE c.id = g.id
    RETURNING c.id, c.tag, c.tag - cardinality(g.events) AS base, c.node_id,
        CASE WHEN g.spilled IS NOT NULL THEN g.spilled || g.events END AS older
), entries AS (
    INSERT INTO chat_mailboxentry (client_id, tag, event_id)
    SELECT b.id, b.tag - cardinality(b.older) + e.position, e.id
    FROM bumped b CROSS JOIN LATERAL unnest(b.older) WITH ORDINALITY AS e (id, position) WHERE b.older IS NOT NULL
)
SELECT node_id, array_agg(id) FILTER (WHERE node_id IS NOT NULL),
    array_agg(base + 1) FILTER (WHERE node_id IS NOT NULL),
    array_agg(id) FILTER (WHERE older IS NOT NULL
        AND (node_id IS NOT NULL OR (tag + id) / {CHECK_EVERY} <> (base + id) / {CHECK_EVERY}))
FROM bumped GROUP BY node_id
"""

TO_PARTICIPANTS: Final = f"""
WITH given AS (
    SELECT c.id, %(events)s::bigint[] AS events, {SPILLED % "cardinality(%(events)s::bigint[])"}
    FROM {audience.PARTICIPANTS.clients}
    WHERE {audience.PARTICIPANTS.condition.format(conversation="%(conversation)s")} ORDER BY c.id FOR NO KEY UPDATE OF c
), {APPENDED}
"""

TO_AUDIENCES: Final = f"""
WITH {audience.RECIPIENTS}, counted AS (
    SELECT client_id, array_agg(event_id ORDER BY position) AS events FROM recipients GROUP BY client_id
), given AS (
    SELECT c.id, k.events, {SPILLED % "cardinality(k.events)"}
    FROM counted k JOIN chat_client c ON c.id = k.client_id ORDER BY c.id FOR NO KEY UPDATE OF c
), {APPENDED}
"""

FIRST_ROW: Final = "(SELECT {} FROM chat_mailboxentry e WHERE e.client_id = c.id ORDER BY e.tag LIMIT 1)"

# A client that keeps up has acked the entries of the last check, as nearly all clients do; its mailbox is not measured.
# An entry that still waits since the last check is a row, because it is older than all entries in `recent`. Tags count
# the entries. Their size is estimated from WEIGHED of them, at equal distances: to read all events of a full mailbox
# takes 20 ms, during which the next message would wait. A mailbox that is emptied a little early or late only causes a
# resync.
OVERFLOWING: Final = f"""
WITH due AS MATERIALIZED (
    SELECT c.id, f.tag AS oldest, c.tag - f.tag + 1 AS entries
    FROM chat_client c CROSS JOIN LATERAL ({FIRST_ROW.format("e.tag")}) AS f
    WHERE c.id = ANY(%s::bigint[])
        AND (SELECT true FROM chat_mailboxentry e WHERE e.client_id = c.id AND e.tag = c.tag - {CHECK_EVERY} + 1)
)
SELECT d.id FROM due d WHERE d.entries > %s OR {WEIGHED} * %s::bigint < d.entries * (
    SELECT sum(v.bytes) FROM generate_series(0, {WEIGHED} - 1) AS s (step)
        CROSS JOIN LATERAL (
            SELECT e.event_id FROM chat_mailboxentry e
            WHERE e.client_id = d.id AND e.tag = d.oldest + s.step * d.entries / {WEIGHED} OFFSET 0
        ) AS e CROSS JOIN LATERAL (
            SELECT octet_length(v.data) AS bytes FROM chat_event v WHERE v.id = e.event_id OFFSET 0
        ) AS v
)
"""

OLDEST_TAG: Final = (
    f"coalesce({FIRST_ROW.format('e.tag')}, CASE WHEN c.recent <> '{{}}' THEN c.tag - cardinality(c.recent) + 1 END)"
)
"""The tag of the oldest entry in the mailbox of a chat_client `c`, NULL when it is empty."""

OLDEST_EVENT: Final = f"coalesce({FIRST_ROW.format('e.event_id')}, c.recent[1])"
"""The event of that entry."""

BACKLOGS: Final = f"""
SELECT * FROM (
    SELECT c.id, c.tag - {OLDEST_TAG} + 1 AS entries, {OLDEST_EVENT} FROM chat_client c WHERE c.id = ANY(%s::bigint[])
) AS held WHERE entries > 0
"""

DEPTH: Final = """
SELECT * FROM (
    SELECT c.id, cardinality(c.recent) + (SELECT count(*) FROM chat_mailboxentry e WHERE e.client_id = c.id) AS entries
    FROM chat_client c WHERE c.id = ANY(%s::bigint[])
) AS held WHERE entries > 0
"""

HOLDING: Final = """
SELECT c.id FROM chat_client c WHERE c.id = ANY(%(clients)s::bigint[]) AND (%(event)s = ANY(c.recent)
    OR (SELECT true FROM chat_mailboxentry e WHERE e.client_id = c.id AND e.event_id = %(event)s LIMIT 1))
"""

WITHDRAW: Final = """
WITH locked AS (
    SELECT id, recent FROM chat_client WHERE member_id = %(member)s ORDER BY id FOR NO KEY UPDATE
), kept AS (
    SELECT l.id, array_agg(
        CASE WHEN v.conversation_id = %(conversation)s THEN %(event)s ELSE r.id END ORDER BY r.position) AS recent
    FROM locked l CROSS JOIN LATERAL unnest(l.recent) WITH ORDINALITY AS r (id, position)
        LEFT JOIN chat_event v ON v.id = r.id
    GROUP BY l.id
), rewritten AS (
    UPDATE chat_client c SET recent = k.recent FROM kept k WHERE c.id = k.id
)
UPDATE chat_mailboxentry e SET event_id = %(event)s
FROM locked l, chat_event v
WHERE e.client_id = l.id AND v.id = e.event_id AND v.conversation_id = %(conversation)s
"""

EACH: Final = "unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS w (client_id, after, upto)"

# OFFSET 0 keeps the planner from reversing the join, and a row can be found by its ctid in one way only.
ROWS: Final = """
SELECT e.ctid AS address, e.tag, e.event_id AS id FROM chat_mailboxentry e
WHERE e.client_id = w.client_id AND e.tag > w.after AND e.tag <= w.upto ORDER BY e.tag OFFSET 0
"""

# Most reads are a slice of `recent`. A mailbox with a hole, which no statement here makes, is read as no events.
READ: Final = f"""
WITH asked AS (
    SELECT w.client_id, w.after, least(w.upto, c.tag) AS upto, c.tag - cardinality(c.recent) AS base, c.recent
    FROM {EACH} JOIN chat_client c ON c.id = w.client_id
)
SELECT events, array_agg(client_id), array_agg(first) FROM (
    SELECT client_id, after + 1 AS first, recent[after - base + 1 : upto - base] AS events
    FROM asked WHERE after >= base AND upto > after
  UNION ALL
    SELECT w.client_id, min(entry.tag),
        CASE WHEN max(entry.tag) - min(entry.tag) + 1 = count(*) THEN array_agg(entry.id ORDER BY entry.tag)
        ELSE '{{}}' END
    FROM asked w CROSS JOIN LATERAL (
        SELECT tag, id FROM ({ROWS}) AS older
      UNION ALL
        SELECT w.base + position, id
        FROM unnest(w.recent[: greatest(w.upto - w.base, 0)]) WITH ORDINALITY AS newer (id, position)
    ) AS entry
    WHERE w.after < w.base GROUP BY w.client_id
) AS each GROUP BY events
"""

# The search for the oldest entry passes all rows that were acked since the last vacuum, so it is made only where asked.
POSITIONS: Final = f"""
SELECT c.id, c.tag, {OLDEST_TAG}
FROM unnest(%s::bigint[], %s::bigint[]) AS w (id, known) JOIN chat_client c ON c.id = w.id AND c.tag <> w.known
"""

# An ack never waits for a lock. The removal of a participant locks that member's clients before all others, not in the
# order of ids, so a waiting ack could deadlock with it. A client whose row is locked is acked a moment later.
TRIMMED: Final = f"""
WITH taken AS (
    SELECT c.id, c.organization_id, c.member_id, c.public_id, c.recent, c.tag - cardinality(c.recent) AS base,
        w.after, least(w.upto, c.tag) AS upto
    FROM {EACH} JOIN chat_client c ON c.id = w.client_id ORDER BY c.id FOR NO KEY UPDATE OF c SKIP LOCKED
), trimmed AS (
    UPDATE chat_client c SET recent = c.recent[t.upto - t.base + 1 :] FROM taken t WHERE c.id = t.id AND t.upto > t.base
)
"""

KEPT: Final = """
, kept AS (
    INSERT INTO chat_ackedentry (organization_id, member_id, client, tag, event_id)
    SELECT t.organization_id, t.member_id, t.public_id, t.base + newer.position, newer.id
    FROM taken t CROSS JOIN LATERAL unnest(t.recent[: t.upto - t.base]) WITH ORDINALITY AS newer (id, position)
    WHERE t.upto > t.base
)
"""

# Return the clients that could be locked, and which of them may also have acknowledged rows. The commit does not wait
# for the disk: meanwhile it would lock rows that the next message updates. An ack that a crash undoes is repeated.
TAKEN: Final = """
SELECT array_agg(id), array_agg(id) FILTER (WHERE after < base), set_config('synchronous_commit', 'off', true)
FROM taken
"""

TRIM: Final = TRIMMED + TAKEN
TRIM_AND_KEEP: Final = TRIMMED + KEPT + TAKEN

ACKED: Final = f"""
DELETE FROM chat_mailboxentry d USING (SELECT older.address FROM {EACH} CROSS JOIN LATERAL ({ROWS}) AS older) AS acked
WHERE d.ctid = acked.address
"""

ACKED_AND_KEPT: Final = f"""
WITH acked AS ({ACKED} RETURNING d.client_id, d.tag, d.event_id)
INSERT INTO chat_ackedentry (organization_id, member_id, client, tag, event_id)
SELECT c.organization_id, c.member_id, c.public_id, a.tag, a.event_id
FROM acked a JOIN chat_client c ON c.id = a.client_id
"""

PRESENT: Final = "SELECT id FROM chat_client WHERE id = ANY(%s::bigint[])"

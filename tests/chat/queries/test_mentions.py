"""What concerns a member is found by indexes alone, however much was said."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

import pytest
from django.db import connection

from accounts.models import Member
from chat.actions.conversations import create_channel
from chat.queries.mentions import NEWEST, PAGE, mentions, parameters

MESSAGES: Final = 60_000  # enough for the planner to mind
FILL: Final = """
WITH said AS (
    INSERT INTO chat_message (id, organization_id, conversation_id, seq, author_id, text, html, reply_count, mentions,
        created_at, version)
    SELECT gen_random_uuid(), %(organization)s, %(conversation)s, n, %(author)s, 'text ' || n, '', 0, '{}', now(), 1
    FROM generate_series(1, %(last)s) AS n RETURNING id, seq
)
INSERT INTO chat_attention (id, organization_id, message_id, conversation_id, seq, member_id, reason, recorded_at)
SELECT gen_random_uuid(), %(organization)s, id, %(conversation)s, seq,
    CASE seq %% 10 WHEN 1 THEN NULL WHEN 2 THEN %(member)s::uuid ELSE %(author)s::uuid END,
    CASE seq %% 10 WHEN 1 THEN 'group' ELSE 'mention' END, now()
FROM said WHERE seq %% 2 = 0 OR seq %% 10 = 1
"""  # a tenth calls everybody and a tenth names the member: reading them all costs many times what reading a page does

BELIEFS: Final = (-1, 0, 50, 2_000, 200_000)  # rows


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.usefixtures("in_acme")
def test_no_row_is_looked_at_in_vain(alice: Member, bob: Member) -> None:
    town = create_channel(alice, kind="public", name="town", members=[bob.pk])
    row = {"organization": alice.organization_id, "conversation": town.pk, "author": alice.pk, "member": bob.pk}
    with connection.cursor() as cursor:
        cursor.execute(FILL, row | {"last": MESSAGES})
        cursor.execute("ANALYZE chat_message, chat_attention")
    for conversations, participants in product(BELIEFS, BELIEFS):
        believe("chat_conversation", conversations)
        believe("chat_participant", participants)
        scans = plan(bob)
        used = {node.get("Index Name") for node in scans}
        assert {"attention_newest", "attention_newest_of_all"} <= used, (conversations, participants)
        large = {"chat_message", "chat_attention"}
        assert not [node for node in scans if node.get("Relation Name") in large and node["Node Type"] == "Seq Scan"]
    assert len(mentions(bob)) == PAGE


def believe(table: str, rows: int) -> None:
    """Let PostgreSQL believe that the table has so many rows; -1 where it was never counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_clear_relation_stats('public', %(table)s), pg_restore_relation_stats('schemaname', 'public',"
            " 'relname', %(table)s, 'relpages', %(pages)s::integer, 'reltuples', %(rows)s::real)",
            {"table": table, "rows": rows, "pages": max(rows, 0) // 50},
        )


def plan(member: Member) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {NEWEST}", parameters(member, before=None, limit=PAGE))
        return list(nodes(cursor.fetchone()[0][0]["Plan"]))

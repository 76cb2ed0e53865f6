"""What calls a member is found by indexes alone, however much was said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.db import connection

from accounts.models import Member
from chat.actions.conversations import create_channel
from chat.queries.mentions import CALLS, PAGE, mentions, parameters

MESSAGES: Final = 60_000  # enough for the planner to mind
FILL: Final = """
INSERT INTO chat_message (id, organization_id, conversation_id, seq, author_id, text, html, reply_count, mentions,
    wide_mention, thread_id, thread_author, created_at, version)
SELECT gen_random_uuid(), %(organization)s, %(conversation)s, n,
    CASE WHEN n %% 50 = 0 THEN %(member)s ELSE %(author)s END, 'text ' || n, '', 0,
    CASE WHEN n %% 500 = 1 THEN ARRAY[%(member)s]::uuid[] WHEN n %% 10 = 1 THEN ARRAY[%(author)s]::uuid[] ELSE '{}' END,
    CASE WHEN n %% 1000 = 2 THEN 'channel' END, CASE WHEN n %% 5 = 0 THEN %(root)s::uuid END,
    CASE WHEN n %% 5 = 0 THEN %(author)s::uuid END, now(), 1
FROM generate_series(%(first)s, %(last)s) AS n
"""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.usefixtures("in_acme")
def test_no_message_is_looked_at_in_vain(alice: Member, bob: Member) -> None:
    town = create_channel(alice, kind="public", name="town", members=[bob.pk])
    row = {"organization": alice.organization_id, "conversation": town.pk, "author": alice.pk, "member": bob.pk}
    with connection.cursor() as cursor:
        cursor.execute(FILL, row | {"first": 1, "last": 1, "root": None})
        cursor.execute("SELECT id FROM chat_message")
        cursor.execute(FILL, row | {"first": 2, "last": MESSAGES, "root": cursor.fetchone()[0]})
        cursor.execute("ANALYZE chat_message")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {CALLS}", parameters(bob, before=None, limit=PAGE))
        scans = list(nodes(cursor.fetchone()[0][0]["Plan"]))
    used = {node.get("Index Name") for node in scans}
    assert {"message_mentions", "message_wide", "message_answers", "message_replies_of", "message_thread_seq"} <= used
    assert not [
        node for node in scans if node.get("Relation Name") == "chat_message" and node["Node Type"] == "Seq Scan"
    ]
    assert len(mentions(bob)) == PAGE

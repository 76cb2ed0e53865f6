"""What sync costs depends on what changed, not on what is stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Member
from chat.actions.messages import send_message
from chat.models import Conversation, Event, Message, Participant
from chat.queries.cursor import here
from chat.queries.sync import limits, sync
from chat.queries.sync.answer import Answer
from tests.chat.queries.test_sync import room
from tests.tools.bench.data import copied

PEOPLE, ROOMS, EACH = 10_000, 500, 400  # messages in each room
MUCH, LITTLE = 100, 10  # of them since the member was last there, in every fifth room and in the others
BEFORE, SEEN, SINCE = 5, 100, 1000  # transactions: long ago, when the member was last there, since then
LARGEST = 200_000  # bytes of an answer
LARGE = {"chat_message", "chat_event", "chat_participant", "accounts_member"}

Numbers = dict[str, str]


@pytest.fixture
def metropolis(in_acme: None, alice: Member, bob: Member) -> None:
    """Alice and Bob sit in 500 channels; one of them is everybody's."""
    square = room(alice, bob, name="square")
    send_message(alice, square.pk, text="some words", ref=uuid4())
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX message_search")  # which costs more than all else here; it is back afterwards
        cursor.execute("SET LOCAL session_replication_role = replica")  # references are right without being looked at
        _fill(cursor, square.pk, alice, bob)
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(f"ANALYZE {', '.join(sorted(LARGE))}")


def test_it_is_bounded_in_a_large_organization(metropolis: None, alice: Member, bob: Member) -> None:
    """One test for all of it: two hundred thousand messages are made once."""
    expect_a_small_beginning(bob)
    expect_an_end_after_a_month(bob)
    expect_no_question_about_all_that_is_stored(alice, bob)


def expect_a_small_beginning(bob: Member) -> None:
    first, *others = answers = pages(bob, "")
    assert len(msgspec.json.encode(first)) < LARGEST
    assert len(first.members) < 10
    assert [page.full for page in answers] == [True] + [False] * len(others)
    expect_everything(answers, most=ROOMS // limits.PAGE + 1)


def expect_an_end_after_a_month(bob: Member) -> None:
    """What does not fit is a gap: every message that was returned before is known, or forgotten."""
    answers = pages(bob, last_seen(bob))
    assert not any(page.full for page in answers)
    expect_everything(answers, most=limits.TOTAL // limits.BUDGET + ROOMS // limits.PAGE + 1)
    returned = {message.conversation for page in answers for message in page.messages}
    gaps = {each.id for page in answers for each in page.conversations if each.history_gap}
    assert sum(len(msgspec.json.encode(page.messages)) for page in answers) < 2 * limits.TOTAL
    assert len(returned) > 10
    assert returned | gaps == {each.id for page in answers for each in page.conversations}


def expect_no_question_about_all_that_is_stored(alice: Member, bob: Member) -> None:
    since = last_seen(bob)
    assert scans(lambda: sync(bob)) == {}
    assert scans(lambda: sync(bob, cursor=since)) == {}
    Event.objects.update(xid=BEFORE)
    send_message(alice, Conversation.objects.get(name="room7").pk, text="fresh", ref=uuid4())
    answer: list[Answer] = []
    assert scans(lambda: answer.append(sync(bob, cursor=since))) == {}
    assert [message.text for message in answer[0].messages] == ["fresh"]


def expect_everything(answers: list[Answer], *, most: int) -> None:
    """Every conversation once, in so many answers of a bounded size."""
    assert len(answers) <= most
    assert max(len(msgspec.json.encode(page)) for page in answers) < LARGEST
    returned = [each.id for page in answers for each in page.conversations]
    assert len(returned) == len(set(returned)) == ROOMS


def pages(member: Member, cursor: str) -> list[Answer]:
    answers = [sync(member, cursor=cursor)]
    while answers[-1].more:
        answers.append(sync(member, cursor=answers[-1].cursor))
    return answers


def last_seen(member: Member) -> str:
    return msgspec.structs.replace(here(member), since=SEEN, until=0).encode()


def scans(work: Callable[[], Any]) -> dict[str, str]:
    """By large table, a question of `work` that PostgreSQL answers by looking at all of its rows."""
    with CaptureQueriesContext(connection) as asked:
        work()
    found: dict[str, str] = {}
    for query in asked.captured_queries:
        if query["sql"].lstrip().upper().startswith(("SELECT", "WITH")):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"].replace("%", "%%"), ())
                (plan,) = cursor.fetchone()
            plan = json.loads(plan) if isinstance(plan, str) else plan
            found |= dict.fromkeys(_scanned(plan[0]["Plan"]) & LARGE, query["sql"])
    return found


def _scanned(plan: dict[str, Any]) -> set[str]:
    below: set[str] = set().union(*(_scanned(part) for part in plan.get("Plans", ())))
    return below | ({plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set())


def _fill(cursor: Any, square: Any, alice: Member, bob: Member) -> None:
    participants = {
        participant.member_id: participant for participant in Participant.objects.filter(conversation=square)
    }
    message = Message.objects.get(conversation=square)
    event = Event.objects.get(entity_id=message.pk)
    new = "uuidv7()"

    def insert(table: str, like: Any, given: Numbers, source: str) -> None:
        columns, values = copied(connection.connection, table, given)
        rows = f"SELECT {values} FROM {table} t, {source} AND t.id = %s"  # noqa: S608  # ours
        cursor.execute(f"INSERT INTO {table} ({columns}) {rows}", [like])

    insert(
        "accounts_member",
        alice.pk,
        {"id": new, "handle": "'citizen' || n", "user_id": new},
        f"generate_series(1, {PEOPLE}) AS n WHERE TRUE",
    )
    citizens = "accounts_member m WHERE m.handle LIKE 'citizen%%'"
    insert("chat_participant", participants[bob.pk].pk, {"member_id": "m.id"}, citizens)
    rooms = f"generate_series(2, {ROOMS}) AS n WHERE TRUE"
    insert("chat_conversation", square, {"id": new, "name": "'room' || n"}, rooms)
    for member in (alice, bob):
        rooms = "chat_conversation c WHERE c.name LIKE 'room%%'"
        insert("chat_participant", participants[member.pk].pk, {"conversation_id": "c.id"}, rooms)
    cursor.execute("UPDATE chat_conversation SET last_seq = %s", [EACH])
    lines = f"chat_conversation c, generate_series(1, {EACH}) AS n WHERE (c.id <> t.conversation_id OR n > 1)"
    insert("chat_message", message.pk, {"id": new, "conversation_id": "c.id", "seq": "n", "ref": "NULL"}, lines)
    since = f"CASE WHEN c.name LIKE '%%1' OR c.name LIKE '%%7' THEN {MUCH} ELSE {LITTLE} END"
    insert(
        "chat_event",
        event.pk,
        {
            "conversation_id": "c.id",
            "entity_id": "m.id",
            "xid": f"(CASE WHEN m.seq > {EACH} - {since} THEN {SINCE} ELSE {BEFORE} END)::text::xid8",
        },
        "chat_message m JOIN chat_conversation c ON c.id = m.conversation_id WHERE m.id <> t.entity_id",
    )
    cursor.execute("UPDATE chat_event SET xid = %s::text::xid8 WHERE id <= %s", [BEFORE, event.pk])

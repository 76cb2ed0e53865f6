"""A million stored messages in a few seconds, made inside PostgreSQL.

Columns that this file does not name are copied from a row that the models made, so it need not know all of them.
Foreign keys are not checked and the search index is built afterwards; what results is what posting would have made.
"""

# ruff: noqa: S608  # table and column names of ours, never input

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from tests.tools.bench.bench import say
from tests.tools.bench.systems.parley import Account, make_accounts

if TYPE_CHECKING:
    from chat.models import Message

CONVERSATIONS = 200
SIZE = 10  # members of each
WORDS, TEXTS = 3_000, 20_000  # a vocabulary, and texts of a dozen words of it
SEED = 18
EVENT = """'{"id":"' || m.id || '","conversation":"' || m.conversation_id || '","seq":' || m.seq
    || ',"text":"' || m.text || '","html":"' || m.html || '","version":1}'"""


@dataclass
class Archive:
    """An organization in which one member sits in 200 conversations, and how many messages those hold by now."""

    member: Account
    rooms: list[str]
    stored: int = 0
    texts: list[str] = field(default_factory=lambda: _texts())  # noqa: PLW0108  # defined below


def make_archive() -> Archive:
    from accounts.models import Member, Organization
    from accounts.tenancy import organization_scope
    from tests.support.people import make_room

    accounts = make_accounts("archive", SIZE)
    organization = Organization.objects.get(slug="archive")
    with organization_scope(organization):
        members = list(Member.objects.order_by("id"))
    rooms = [make_room(f"archive {number}", members) for number in range(CONVERSATIONS)]
    return Archive(accounts[0], [str(room.pk) for room in rooms])


def store(database: str, archive: Archive, total: int) -> None:
    """Bring the archive to so many messages, spread evenly, each with its event in the log."""
    if archive.stored >= total:
        return
    say(f"storing {total - archive.stored:,} messages")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET wal_compression = off")
        many = total - archive.stored > 100_000
        definitions = _drop_indexes(connection) if many else []
        _copy_texts(connection, archive.texts)
        _insert(connection, archive, total)
        for definition in definitions:
            connection.execute(definition)
        connection.execute("VACUUM ANALYZE chat_message, chat_event, chat_conversation")
        connection.execute("CHECKPOINT")
    archive.stored = total


def copied(
    connection: psycopg.Connection, table: str, given: Mapping[str, str], *, identity: bool = False
) -> tuple[str, str]:
    """The columns of a table, and an expression for each: the given one, or the column of a template row `t`."""
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND is_generated = 'NEVER' AND (%s OR is_identity = 'NO') ORDER BY ordinal_position",
        [table, identity],
    ).fetchall()
    names = [name for (name,) in rows]
    missing = set(given) - set(names)
    assert not missing, f"{table} has no column {missing}"
    return ", ".join(names), ", ".join(given.get(name, f"t.{name}") for name in names)


def _insert(connection: psycopg.Connection, archive: Archive, total: int) -> None:
    message = _template_message(archive)
    columns, values = copied(
        connection,
        "chat_message",
        {
            "id": "uuidv7()",
            "conversation_id": "c.id",
            "seq": f"c.last_seq + 1 + (n - %(first)s) / {CONVERSATIONS}",
            "ref": "NULL",
            "text": "b.text",
            "search": "to_tsvector('english', b.text)",  # as many lexemes as chat/lexemes.py makes, or a few less
            "html": "'<p>' || b.text || '</p>'",
            "created_at": "now()",
        },
    )
    connection.execute(
        f"WITH m AS (INSERT INTO chat_message ({columns}) SELECT {values}"
        " FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n"
        f" JOIN chat_conversation c ON c.id = (%(rooms)s::uuid[])[1 + n %% {CONVERSATIONS}]"
        f" JOIN bench_text b ON b.number = n %% {TEXTS}, chat_message t"
        " WHERE t.id = %(message)s RETURNING id, conversation_id, seq, text, html)"
        " INSERT INTO chat_event (organization_id, conversation_id, type, entity_id, data, at)"
        f" SELECT %(organization)s, m.conversation_id, 'message.created', m.id, {EVENT}, now() FROM m",
        {
            "rooms": archive.rooms,
            "first": archive.stored,
            "last": total - 1,
            "message": message.pk,
            "organization": message.organization_id,
        },
    )
    connection.execute(
        "UPDATE chat_conversation c SET last_seq = m.last FROM"
        " (SELECT conversation_id, max(seq) AS last FROM chat_message WHERE conversation_id = ANY(%s::uuid[])"
        " GROUP BY conversation_id) m WHERE c.id = m.conversation_id",
        [archive.rooms],
    )


def _template_message(archive: Archive) -> Message:
    from accounts.models import Organization
    from accounts.tenancy import organization_scope
    from chat.models import Conversation, Message, Participant

    with organization_scope(Organization.objects.get(slug=archive.member.slug)):
        first: Message | None = Message.objects.filter(conversation_id=archive.rooms[0], seq=1).first()
        if first is not None:
            return first
        room = Conversation.objects.get(pk=archive.rooms[0])
        author = Participant.objects.filter(conversation=room).first()
        assert author is not None
        Conversation.objects.filter(pk=room.pk).update(last_seq=1)
        made: Message = Message.objects.create(
            organization=room.organization, conversation=room, seq=1, author_id=author.member_id, text="first"
        )
        return made


def _copy_texts(connection: psycopg.Connection, texts: Sequence[str]) -> None:
    """As a table: an array of them would be walked from its start for each message."""
    connection.execute("CREATE TEMPORARY TABLE bench_text (number integer PRIMARY KEY, text text)")
    with connection.cursor() as cursor, cursor.copy("COPY bench_text FROM STDIN") as copy:
        for row in enumerate(texts):
            copy.write_row(row)
    connection.execute("ANALYZE bench_text")


def _drop_indexes(connection: psycopg.Connection) -> list[str]:
    """Drop what is no constraint. Returns how to make it again: built at once it takes a tenth of the time."""
    rows = connection.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid IN ('chat_message'::regclass, 'chat_event'::regclass)"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)"
    ).fetchall()
    for name, _ in rows:
        connection.execute(f"DROP INDEX {name}")
    return [definition for _, definition in rows]


def _texts() -> list[str]:
    """Texts whose words are as unevenly common as those of a language (Zipf)."""
    chance = random.Random(SEED)
    words = [word_of(rank) for rank in range(WORDS)]
    weights = [1 / (rank + 1) for rank in range(WORDS)]
    return [" ".join(chance.choices(words, weights, k=12)) for _ in range(TEXTS)]


def word_of(rank: int) -> str:
    """A made-up word that the English stemmer leaves alone."""
    letters, left = "", rank + 700
    while left:
        letters, left = letters + "bdfgklmnprtvz"[left % 13] + "aou"[left % 3], left // 13
    return letters + "x"

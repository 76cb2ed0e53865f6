"""Nothing is skipped and no conversation's order is lost, whatever order transactions begin and commit in."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection

from accounts.models import Organization
from accounts.tenancy import every_organization
from chat.delivery.followers import reader
from chat.delivery.followers.registry import Declaration
from chat.delivery.publishing import _RESERVE
from chat.models import Follower, QueuedEvents

INSERT = """
INSERT INTO chat_event (id, organization_id, conversation_id, type, entity_id, data, at)
VALUES (%s, %s, %s, 'message.created', gen_random_uuid(), '{}', now())
"""


@dataclass
class Writer:
    """A transaction on a connection of its own, which does one thing at a time."""

    database: psycopg.Connection
    ids: list[int] = field(default_factory=list)

    def begin(self) -> int:
        """Let it have its xid, as any write would; which."""
        return int(self.database.execute("SELECT pg_current_xact_id()").fetchone()[0])

    def publish(self, organization: Organization, conversation: UUID | None = None) -> int:
        (id,) = self.database.execute(_RESERVE, [1]).fetchone()  # type: ignore[misc]
        self.database.execute("SET CONSTRAINTS ALL DEFERRED")
        self.database.execute("SET LOCAL session_replication_role = replica")  # there is no such conversation
        self.database.execute(INSERT, [id, organization.pk, conversation])
        self.ids.append(id)
        return int(id)

    def commit(self) -> None:
        self.database.commit()

    def rollback(self) -> None:
        self.database.rollback()


@pytest.fixture
def writer(transactional_db: None) -> Iterator[Callable[[], Writer]]:
    opened: list[Writer] = []

    def open_one() -> Writer:
        given = connection.get_connection_params()
        known = {name: given[name] for name in ("dbname", "user", "password", "host", "port") if given.get(name)}
        opened.append(Writer(psycopg.connect(**known)))
        return opened[-1]

    yield open_one
    for each in opened:
        each.database.close()


@pytest.fixture
def declared(transactional_db: None) -> Declaration:
    """A follower that has begun, in an empty log."""
    given = Declaration(name="reader", handler=lambda events: None, types=frozenset(), start="now", batch=10)
    reader.begin(given)
    reader.read(given)
    assert Follower.objects.get().floor is not None
    return given


def queued() -> list[int]:
    with every_organization():
        return [id for row in QueuedEvents.objects.order_by("id") for id in row.ids]


def read(declared: Declaration) -> list[int]:
    """Read until nothing is new, after the end of a round that was interrupted; everything that is queued."""
    for _ in range(2):
        while reader.read(declared):
            pass
    return queued()


def test_an_event_of_a_transaction_that_commits_late_is_read_late(writer, declared, acme):
    slow, quick = writer(), writer()
    first = slow.publish(acme)
    second = quick.publish(acme)
    quick.commit()
    assert read(declared) == [second]
    slow.commit()
    assert read(declared) == [second, first]
    assert read(declared) == [second, first]


def test_what_is_rolled_back_is_never_read(writer, declared, acme):
    failing, other = writer(), writer()
    failing.publish(acme)
    kept = other.publish(acme)
    other.commit()
    failing.rollback()
    assert read(declared) == [kept]


def test_the_order_of_a_conversation_is_kept_where_xids_say_otherwise(writer, declared, acme):
    """The transaction of the second event has the lowest xid: it began first and waited for the conversation. While
    another one between the two is open, `xmin` lies between their xids."""
    second, open_one, first = writer(), writer(), writer()
    assert second.begin() < open_one.begin() < first.begin()
    conversation = uuid4()
    ids = [first.publish(acme, conversation)]
    first.commit()
    ids.append(second.publish(acme, conversation))
    second.commit()
    assert ids == sorted(ids)
    assert read(declared) == ids, "rounds up to xmin would give the second one alone"
    late = open_one.publish(acme, conversation)
    open_one.commit()
    assert read(declared) == [*ids, late]


def test_a_transaction_that_took_its_ids_before_it_wrote_is_not_below_the_floor(writer, declared, acme):
    slow, quick = writer(), writer()
    (reserved,) = slow.database.execute(_RESERVE, [1]).fetchone()
    for _ in range(5):
        quick.publish(acme)
        quick.commit()
        read(declared)
    assert Follower.objects.get().floor < reserved
    slow.database.execute(INSERT, [reserved, acme.pk, None])
    slow.commit()
    assert read(declared)[-1] == reserved


def test_the_floor_follows_the_log(writer, declared, acme):
    """Else every round would read the log from its beginning."""
    one = writer()
    for _ in range(5):
        last = one.publish(acme)
        one.commit()
        read(declared)
    assert Follower.objects.get().floor >= last - 2


def test_a_round_goes_on_where_it_was_interrupted(writer, declared, acme, globex, monkeypatch):
    monkeypatch.setattr(reader, "CHUNK", 2)
    one = writer()
    ids = [one.publish(organization) for organization in (acme, globex, acme, acme, globex)]
    one.commit()
    assert reader.read(declared)
    assert queued() == ids[:2]
    other = writer()
    late = other.publish(acme)
    other.commit()
    with every_organization():
        sizes = QueuedEvents.objects.values_list("organization_id", "ids")
        assert dict(sizes) == {acme.pk: [ids[0]], globex.pk: [ids[1]]}
    assert sorted(read(declared)) == [*ids, late]
    assert of(acme) == [ids[0], ids[2], ids[3], late]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_beginnings_and_commits(seed, writer, declared, acme, globex, monkeypatch):
    """Every event that was committed, once, and each conversation in the order of its ids."""
    monkeypatch.setattr(reader, "CHUNK", 3)
    rooms = {uuid4(): organization for organization in (acme, acme, globex)}
    chance = random.Random(seed)
    writers = Interleaved(chance, rooms, [writer() for _ in range(6)])
    steps = [writers.begin, writers.publish, writers.publish, writers.end]
    for _ in range(100):
        chance.choice([*steps, lambda: read(declared), lambda: reader.read(declared)])()
    writers.end_all()
    everything = read(declared)
    assert sorted(everything) == sorted(id for ids in writers.committed.values() for id in ids)
    for room, ids in writers.committed.items():
        assert [id for id in everything if id in ids] == ids, room
        assert set(ids) <= set(of(rooms[room]))


@dataclass
class Interleaved:
    """Writers that begin, wait for a conversation, publish, and commit or fail, in an order that chance gives."""

    chance: random.Random
    rooms: dict[UUID, Organization]
    idle: list[Writer]
    begun: list[Writer] = field(default_factory=list)
    inside: dict[UUID, Writer] = field(default_factory=dict)  # who holds the lock of a conversation until it ends
    committed: dict[UUID, list[int]] = field(default_factory=lambda: defaultdict(list))

    def begin(self) -> None:
        if self.idle:
            self.begun.append(self.idle.pop())
            self.begun[-1].begin()

    def publish(self) -> None:
        free = [room for room in self.rooms if room not in self.inside]
        if self.begun and free:
            room = self.chance.choice(free)
            self.inside[room] = self.begun.pop(self.chance.randrange(len(self.begun)))
            for _ in range(self.chance.randint(1, 3)):
                self.inside[room].publish(self.rooms[room], room)

    def end(self) -> None:
        if self.inside:
            room = self.chance.choice(list(self.inside))
            one = self.inside.pop(room)
            if self.chance.random() < 0.8:
                one.commit()
                self.committed[room] += one.ids
            else:
                one.rollback()
            one.ids.clear()
            self.idle.append(one)

    def end_all(self) -> None:
        while self.inside:
            self.end()


def test_a_restored_database_is_read_again_from_the_floor(writer, declared, acme, settings):
    """After pg_restore into a new cluster the rows have the xids of the old one, which had given out far more."""
    one = writer()
    handled, left = one.publish(acme), None
    one.commit()
    read(declared)
    one.publish(acme)
    one.commit()
    read(declared)
    floor = Follower.objects.get().floor
    left = one.publish(acme)
    one.commit()
    with closing(connection.cursor()) as cursor:
        cursor.execute("UPDATE chat_event SET xid = '9000000000000'::xid8 WHERE id > %s", [floor])
        cursor.execute(
            "UPDATE chat_follower SET cluster = 'old.00000001', since = '9000000000000:9000000000000:',"
            " mark_xid = '8999999999999', mark_id = %s",
            [floor],
        )
    fresh = one.publish(acme)
    one.commit()
    found = read(declared)
    assert {left, fresh} <= set(found), "an event of the old cluster that nobody had read, and one of the new"
    assert handled <= floor
    assert found.count(handled) == 1, "not from the beginning"
    row = Follower.objects.get()
    assert row.restored_at is not None
    assert row.cluster != "old.00000001"
    before = len(found)
    later = one.publish(acme)
    one.commit()
    assert read(declared)[before:] == [later]


def test_a_restored_log_that_is_shorter_is_read_from_its_end(declared, writer, acme):
    """The row of a follower that is older than the log's restored sequence."""
    Follower.objects.update(floor=10**9, cluster="old.00000001", mark_xid=10**12)
    one = writer()
    one.publish(acme)
    one.commit()
    read(declared)
    fresh = one.publish(acme)
    one.commit()
    assert read(declared)[-1] == fresh


def test_two_readers_of_one_follower_do_not_read_at_once(declared, writer, acme):
    one = writer()
    id = one.publish(acme)
    one.commit()
    other = writer()
    other.database.execute("SELECT FROM chat_follower FOR NO KEY UPDATE")
    assert reader.read(declared) is False
    other.rollback()
    assert read(declared) == [id]


def test_queues_that_are_full_leave_events_in_the_log(declared, writer, acme, monkeypatch):
    monkeypatch.setattr(reader, "QUEUED", 2)
    monkeypatch.setattr(reader, "CHUNK", 2)
    one = writer()
    ids = [one.publish(acme) for _ in range(5)]
    one.commit()
    assert read(declared) == ids[:2]
    with every_organization():
        QueuedEvents.objects.all().delete()
    assert read(declared) == ids[2:4]


def of(organization: Organization) -> list[int]:
    with every_organization():
        rows = QueuedEvents.objects.filter(organization=organization).order_by("id")
        return [id for row in rows for id in row.ids]

"""What mailboxes in PostgreSQL alone care for: entries beside the tag, and rows before them, are one mailbox."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Member
from chat.actions import purge
from chat.delivery import Draft, one_member, publish
from chat.delivery.mailbox import Position, mailbox
from chat.delivery.mailbox.postgres import PostgresMailbox
from chat.delivery.mailbox.postgres_purges import remove_rows
from chat.delivery.mailbox.postgres_statements import CHECK_EVERY, RECENT
from chat.models import Client, Conversation, MailboxEntry, Participant
from tests.cast import scope_of
from tests.chat.delivery.conftest import MakeClient, make_channel
from tests.chat.delivery.mailbox.test_contract import NODE, at, do, hold, post, waiting

pytestmark = pytest.mark.django_db(transaction=True)


def rows(client: Client) -> list[int]:
    """The tags of those entries that are rows."""
    return list(MailboxEntry.objects.filter(client_id=client.pk).order_by("tag").values_list("tag", flat=True))


def beside(client: Client) -> int:
    """How many entries lie beside the tag."""
    with scope_of(client.member):
        return len(Client.objects.get(pk=client.pk).recent)


def weights(events: list[int]) -> list[int]:
    """How many bytes each of them is when it is sent."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT octet_length(data) FROM chat_event WHERE id = ANY(%s)", [events])
        return [weight for (weight,) in cursor.fetchall()]


def drop(client: Client) -> None:
    mailbox().drop([client.pk])
    with scope_of(client.member):
        Client.objects.filter(pk=client.pk).delete()


def numbered(ids: list[int]) -> list[tuple[int, int]]:
    return list(enumerate(ids, start=1))


@pytest.fixture
def client(channel: Conversation, alice: Member, make_client: MakeClient) -> Client:
    return make_client(alice)


@pytest.fixture
def ids(client: Client, channel: Conversation, alice: Member) -> list[int]:
    """Three events for a client that is away, and three more after it has come back."""
    away = post(channel, alice, 2) + post(channel, alice)
    hold(client, NODE)
    back = post(channel, alice) + post(channel, alice, 2)
    assert (rows(client), beside(client)) == ([1, 2, 3], 3)
    return away + back


def test_rows_and_what_lies_beside_the_tag_are_read_as_one(client: Client, ids: list[int]) -> None:
    assert at(client) == Position(6, 1)
    whole = numbered(ids)
    for after in range(7):
        for upto in range(8):
            assert waiting(client, after=after, upto=upto) == whole[after : max(after, upto)], (after, upto)
    assert mailbox().depth([client.pk]) == {client.pk: 6}
    assert mailbox().backlogs([client.pk]) == {client.pk: (len(waiting(client)), ids[0])}
    assert [mailbox().holding([client.pk], event) for event in ids] == [{client.pk}] * 6


@pytest.mark.parametrize("upto", range(7))
def test_an_ack_takes_from_both(client: Client, ids: list[int], upto: int) -> None:
    assert do(mailbox().acknowledge([client.pk], [0], [upto])) == []
    assert waiting(client, after=upto) == numbered(ids)[upto:]
    assert at(client) == Position(6, upto + 1 if upto < 6 else None)
    assert mailbox().depth([client.pk]) == ({client.pk: 6 - upto} if upto < 6 else {})


def test_kept_acks_are_proof_of_both(client: Client, ids: list[int], settings: Any) -> None:
    settings.ACKED_ENTRIES = "keep"
    do(mailbox().acknowledge([client.pk], [0], [5]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT tag, event_id FROM chat_ackedentry WHERE client = %s ORDER BY tag", [client.public_id])
        assert cursor.fetchall() == numbered(ids)[:5]


def test_who_does_not_ack_has_rows_at_last_and_nothing_is_missing(
    client: Client, channel: Conversation, alice: Member
) -> None:
    hold(client, NODE)
    ids = [event for _ in range(4) for event in post(channel, alice, RECENT // 3)]
    assert (len(rows(client)), beside(client)) == (4 * (RECENT // 3), 0)
    ids += post(channel, alice)
    assert waiting(client) == numbered(ids)
    assert beside(client) == 1


def test_who_leaves_has_rows_from_the_next_event_on(client: Client, ids: list[int], channel: Conversation) -> None:
    hold(client, None)
    ids += post(channel, client.member)
    assert (rows(client), beside(client)) == (list(range(1, 8)), 0)
    assert waiting(client) == numbered(ids)


def test_whose_row_is_taken_is_acked_later_and_nobody_waits_for_it(
    client: Client, ids: list[int], channel: Conversation, bob: Member, make_client: MakeClient
) -> None:
    his = make_client(bob)
    hold(his, NODE)
    (event,) = post(channel, bob)
    acks = ([client.pk, his.pk, his.pk + 1], [0, 0, 0], [7, 1, 1])
    with scope_of(bob), transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=his.pk)
        assert do(mailbox().acknowledge(*acks)) == [his.pk]  # the third is nobody's
        assert (waiting(client, after=0), waiting(his)) == ([], [(1, event)])
    assert do(mailbox().acknowledge(*acks)) == []
    assert waiting(his) == []


def test_what_is_withdrawn_is_withdrawn_from_both(
    client: Client, ids: list[int], channel: Conversation, alice: Member, charlie: Member, make_client: MakeClient
) -> None:
    stranger = make_client(charlie)
    other = make_channel("other", alice)
    (kept,) = post(other, alice)
    with scope_of(alice):
        participant = Participant.objects.get(conversation=channel, member=alice)
        entity = participant.entity(own=True)
    removal = Draft(
        type="participant.removed",
        entity=entity,
        entity_id=alice.pk,
        audience=one_member(alice.pk, conversation_id=channel.pk),
    )
    with scope_of(alice), transaction.atomic():
        (gone,) = publish(alice.organization_id, removal, withdraw=True)
    assert waiting(client) == numbered([gone] * len(ids) + [kept, gone])
    assert waiting(stranger) == []


def test_emptied_is_both(client: Client, ids: list[int]) -> None:
    with scope_of(client.member):
        mailbox().truncate([client.pk])
    assert (rows(client), beside(client), at(client)) == ([], 0, Position(6, None))


def test_a_hole_between_rows_and_what_lies_beside_the_tag_is_noticed(client: Client, ids: list[int]) -> None:
    MailboxEntry.objects.filter(client_id=client.pk, tag=3).delete()
    (broken,) = do(mailbox().read([client.pk], [0], [6]))
    assert broken.events == ()
    assert waiting(client, after=3) == numbered(ids)[3:]


def test_only_who_has_rows_is_measured(
    client: Client, channel: Conversation, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []
    monkeypatch.setattr(PostgresMailbox, "_bound", lambda self, clients: measured.extend(clients))
    hold(client, NODE)
    for upto in range(50, 601, 50):
        post(channel, alice, 50)
        do(mailbox().acknowledge([client.pk], [0], [upto]))
    assert measured == []
    for _ in range(6):
        post(channel, alice, 50)
    assert measured == [client.pk] * 2  # of 300, once for every 150
    hold(client, None)
    for _ in range(3):
        post(channel, alice, CHECK_EVERY)
    assert measured == [client.pk] * 5


@pytest.mark.parametrize(("share", "emptied"), [(1.5, False), (0.5, True)])
def test_a_mailbox_that_weighs_too_much_is_emptied(
    client: Client, channel: Conversation, alice: Member, settings: Any, share: float, *, emptied: bool
) -> None:
    at_once, times = 32, 2 * CHECK_EVERY // 32
    settings.MAILBOX_BYTES = round(share * times * sum(weights(post(channel, alice, at_once))))
    for _ in range(times - 1):
        post(channel, alice, at_once)
    assert at(client).reaches(client.tag) is not emptied
    assert at(client).tag == client.tag + times * at_once


def test_what_is_planned_while_there_are_no_rows_does_not_read_all_of_them_later(client: Client) -> None:
    def whole_reads() -> int:
        """Of this connection alone, in this transaction."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'chat_mailboxentry'")
            return int(cursor.fetchone()[0])

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) chat_mailboxentry, chat_client, chat_event")
    box = PostgresMailbox()
    with transaction.atomic():
        earlier = whole_reads()
        assert not MailboxEntry.objects.exists()
        assert (before := whole_reads()) == earlier + 1, "what reads it all is seen"
        box._bound([client.pk])
        remove_rows([client.pk])
        assert (box.depth([client.pk]), box.backlogs([client.pk]), box.holding([client.pk], 1)) == ({}, {}, set())
        assert whole_reads() == before


def test_rows_of_a_client_that_is_deleted_go_when_nobody_waits_for_it_any_longer(
    client: Client,
    ids: list[int],
    alice: Member,
    channel: Conversation,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chat.delivery.mailbox.postgres_purges.DROPPED_AT_ONCE", 2)
    other = make_client(alice)
    post(channel, alice)
    with transaction.atomic():
        drop(client)
        assert rows(client) == [1, 2, 3]
    assert rows(client) == []
    assert rows(other) == [1]


def test_deleting_a_client_succeeds_when_its_rows_cannot_be_removed(
    client: Client, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.delivery.mailbox.postgres_purges._DROPPED", "SELECT 1/0, %s, %s, %s")
    with transaction.atomic():
        drop(client)
    assert rows(client) == [1, 2, 3]
    assert purge.PURGES["orphaned_entries"].run() == 3
    assert rows(client) == []

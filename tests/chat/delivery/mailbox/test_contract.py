"""The contract of mailbox backends (chat/delivery/mailbox/contract.py), as one suite that runs against all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Member
from chat.delivery import Draft, database, one_member, participants_of, publish, store, whole_organization
from chat.delivery.mailbox import BACKENDS, Mailbox, Position, backend, mailbox
from chat.entities.members import member_entity
from chat.models import Client, Conversation, Event, Participant
from tests.cast import scope_of
from tests.chat.delivery.conftest import MakeClient, make_channel

pytestmark = pytest.mark.django_db(transaction=True)


NODE = 7
CASES = [*((name, None) for name in sorted(BACKENDS)), ("postgres", NODE)]  # whose entries lie elsewhere


@pytest.fixture(params=CASES, ids=str, autouse=True)
def node_id(request: pytest.FixtureRequest) -> int | None:
    """The node that holds the clients."""
    node: int | None = request.param[1]
    return node


@pytest.fixture(autouse=True)
def box(request: pytest.FixtureRequest, settings: Any) -> Mailbox:
    settings.MAILBOX_BACKEND = request.node.callspec.params["node_id"][0]
    backend.cache_clear()
    return mailbox()


@pytest.fixture
def make_client(make_client: MakeClient, node_id: int | None) -> MakeClient:
    def make(member: Member) -> Client:
        client = make_client(member)
        hold(client, node_id)
        return client

    return make


def hold(client: Client, node_id: int | None) -> None:
    """Let this node hold the client."""
    with scope_of(client.member):
        Client.objects.filter(pk=client.pk).update(node_id=node_id)


def do(work: Coroutine[Any, Any, Any]) -> Any:
    """Run what a node would, on a loop of its own."""

    async def alone() -> Any:
        try:
            return await work
        finally:
            await database.close()
            await store.close()

    return asyncio.run(alone())


def post(conversation: Conversation, sender: Member, count: int = 1, **options: bool) -> list[int]:
    """Publish `count` events for the participants of the conversation."""
    drafts = [
        Draft(
            type="conversation.updated",
            entity=conversation.entity(),
            entity_id=conversation.pk,
            audience=participants_of(conversation.pk),
        )
        for _ in range(count)
    ]
    with scope_of(sender), transaction.atomic():
        return publish(sender.organization_id, *drafts, **options)


def at(client: Client) -> Position:
    return do(mailbox().positions([client.pk]))[client.pk]


def waiting(client: Client, *, after: int | None = None, upto: int = 2**52) -> list[tuple[int, int]]:
    """(tag, event) of what a client has."""
    start = client.tag if after is None else after
    batches = do(mailbox().read([client.pk], [start], [upto]))
    return [(each.first_tags[0] + index, event) for each in batches for index, event in enumerate(each.events)]


def test_everybody_who_takes_part_gets_the_events_in_order_under_dense_tags(
    channel: Conversation, alice: Member, bob: Member, make_client: MakeClient
) -> None:
    tab, phone, bobs = make_client(alice), make_client(alice), make_client(bob)
    ids = post(channel, alice, 2) + post(channel, bob, 3)
    for client in (tab, phone, bobs):
        assert waiting(client) == list(zip(range(client.tag + 1, client.tag + 6), ids, strict=True))
        assert at(client) == Position(client.tag + 5, client.tag + 1)


def test_positions_leaves_out_a_mailbox_that_stands_at_the_known_tag(
    channel: Conversation, alice: Member, make_client: MakeClient
) -> None:
    client = make_client(alice)
    post(channel, alice, 3)
    now = at(client)
    assert do(mailbox().positions([client.pk], known=[now.tag])) == {}
    behind = do(mailbox().positions([client.pk], known=[now.tag - 1]))[client.pk]
    assert behind == now and behind.reaches(now.tag - 3)


def test_outsiders_get_nothing(
    channel: Conversation, alice: Member, gus: Member, charlie: Member, make_client: MakeClient
) -> None:
    guest, stranger = make_client(gus), make_client(charlie)
    make_channel("elsewhere", charlie)
    post(channel, alice, 3)
    assert waiting(guest) == waiting(stranger) == []
    assert at(stranger) == Position(stranger.tag, None)


def test_an_event_for_one_member_is_for_that_member_alone(
    channel: Conversation, alice: Member, bob: Member, make_client: MakeClient
) -> None:
    hers, his = make_client(alice), make_client(bob)
    draft = Draft(
        type="conversation.updated",
        entity=channel.entity(),
        entity_id=channel.pk,
        audience=one_member(bob.pk, conversation_id=channel.pk),
    )
    with scope_of(bob), transaction.atomic():
        (event,) = publish(bob.organization_id, draft)
    assert waiting(his) == [(his.tag + 1, event)]
    assert waiting(hers) == []


def test_an_event_for_nobody_in_particular_is_for_the_organization_and_guests_only_if_it_concerns_them(
    alice: Member, bob: Member, gus: Member, charlie: Member, make_client: MakeClient
) -> None:
    clients = {member.name: make_client(member) for member in (alice, bob, gus, charlie)}
    make_channel("with-gus", bob, gus)
    drafts = [
        Draft(type="member.updated", entity=member_entity(member), entity_id=member.pk, audience=whole_organization())
        for member in (alice, bob)
    ]
    with scope_of(alice), transaction.atomic():
        about_alice, about_bob = publish(alice.organization_id, *drafts)
    received = {name: [event for _, event in waiting(client)] for name, client in clients.items()}
    assert received == {
        "Alice": [about_alice, about_bob],
        "Bob": [about_alice, about_bob],
        "Gus": [about_bob],
        "Charlie": [],
    }


def test_mixed_audiences_in_one_step_stay_in_order(
    channel: Conversation, alice: Member, bob: Member, make_client: MakeClient
) -> None:
    hers, his = make_client(alice), make_client(bob)
    both = {"type": "conversation.updated", "entity": channel.entity(), "entity_id": channel.pk}
    with scope_of(alice), transaction.atomic():
        one, two, three = publish(
            alice.organization_id,
            Draft(**both, audience=participants_of(channel.pk)),
            Draft(**both, audience=one_member(bob.pk)),
            Draft(**both, audience=participants_of(channel.pk)),
        )
    assert waiting(his) == [(his.tag + 1, one), (his.tag + 2, two), (his.tag + 3, three)]
    assert waiting(hers) == [(hers.tag + 1, one), (hers.tag + 2, three)]


def test_what_is_rolled_back_was_never_there(channel: Conversation, alice: Member, make_client: MakeClient) -> None:
    client = make_client(alice)
    with transaction.atomic():
        post(channel, alice)
        transaction.set_rollback(True)
    (event,) = post(channel, alice)
    assert waiting(client) == [(client.tag + 1, event)]


def test_clients_are_woken_only_when_entries_can_be_read(
    channel: Conversation, alice: Member, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(alice)
    hold(client, NODE)
    seen: list[Any] = []
    monkeypatch.setattr(
        "chat.delivery.wakeups.wake", lambda recipients, batches=None: seen.append((recipients, len(waiting(client))))
    )
    with transaction.atomic():
        post(channel, alice, 2)
        assert seen == []
    assert seen == [({NODE: [client.pk]}, 2)]


def test_a_read_ends_at_the_given_tag(channel: Conversation, alice: Member, make_client: MakeClient) -> None:
    client = make_client(alice)
    ids = post(channel, alice, 5)
    assert waiting(client, after=client.tag + 1, upto=client.tag + 3) == [
        (client.tag + 2, ids[1]),
        (client.tag + 3, ids[2]),
    ]
    assert waiting(client, after=client.tag + 5) == []


def test_clients_with_the_same_events_are_in_one_batch(
    channel: Conversation, alice: Member, bob: Member, make_client: MakeClient
) -> None:
    clients = [make_client(alice), make_client(bob), make_client(bob)]
    post(channel, alice, 2)
    keys, starts = [client.pk for client in clients], [client.tag for client in clients]
    groups = do(mailbox().read(keys, starts, [start + 10 for start in starts]))
    assert sorted(client for group in groups for client in group.clients) == sorted(keys)
    assert len({group.events for group in groups}) == 1


def test_acks_are_cumulative_and_repeatable(
    channel: Conversation, alice: Member, bob: Member, make_client: MakeClient
) -> None:
    hers, his = make_client(alice), make_client(bob)
    ids = post(channel, alice, 5)
    acks = ([hers.pk, his.pk], [hers.tag, his.tag], [hers.tag + 2, his.tag + 5])
    for _ in range(2):
        do(mailbox().acknowledge(*acks))
        assert waiting(hers) == [(hers.tag + 3, ids[2]), (hers.tag + 4, ids[3]), (hers.tag + 5, ids[4])]
        assert at(hers) == Position(hers.tag + 5, hers.tag + 3)
        assert at(his) == Position(his.tag + 5, None)
    assert mailbox().depth([hers.pk, his.pk]) == {hers.pk: 3}


def test_a_position_reaches_back_to_what_is_still_there(
    channel: Conversation, alice: Member, make_client: MakeClient
) -> None:
    client = make_client(alice)
    post(channel, alice, 5)
    do(mailbox().acknowledge([client.pk], [client.tag], [client.tag + 2]))
    reaches = [tag for tag in range(client.tag - 1, client.tag + 8) if at(client).reaches(tag)]
    assert reaches == [client.tag + 2, client.tag + 3, client.tag + 4, client.tag + 5]


def test_a_truncated_mailbox_reaches_only_its_own_end_and_goes_on_from_there(
    channel: Conversation, alice: Member, make_client: MakeClient
) -> None:
    client = make_client(alice)
    post(channel, alice, 3)
    with scope_of(alice):
        mailbox().truncate([client.pk])
        assert Client.objects.get(pk=client.pk).overflowed_at is not None
    assert waiting(client) == []
    assert not at(client).reaches(client.tag + 2)
    assert at(client).reaches(client.tag + 3)
    (event,) = post(channel, alice)
    assert waiting(client) == [(client.tag + 4, event)]


def test_a_hole_is_noticed_by_who_had_everything_too(
    channel: Conversation, alice: Member, bob: Member, make_client: MakeClient
) -> None:
    client, other = make_client(alice), make_client(bob)
    with scope_of(alice):
        mailbox().truncate([client.pk], hole=True)
    assert not at(client).reaches(client.tag)
    assert at(client) == Position(client.tag + 1, None)
    (event,) = post(channel, alice)
    assert not at(client).reaches(client.tag)
    assert waiting(client, after=client.tag + 1) == [(client.tag + 2, event)]
    assert waiting(other) == [(other.tag + 1, event)]


def test_a_backlog_counts_entries_and_names_the_oldest_that_is_not_acked(
    channel: Conversation, alice: Member, bob: Member, make_client: MakeClient
) -> None:
    hers, his, idle = make_client(alice), make_client(bob), make_client(alice)
    ids = post(channel, alice, 3)
    do(mailbox().acknowledge([hers.pk, idle.pk], [hers.tag, idle.tag], [hers.tag + 2, idle.tag + 3]))
    assert mailbox().backlogs([hers.pk, his.pk, idle.pk]) == {hers.pk: (1, ids[2]), his.pk: (3, ids[0])}
    assert mailbox().backlogs([]) == {}


def test_a_dropped_mailbox_is_empty_and_unknown(channel: Conversation, alice: Member, make_client: MakeClient) -> None:
    client = make_client(alice)
    post(channel, alice, 3)
    with transaction.atomic(), scope_of(alice):
        mailbox().drop([client.pk])
        Client.objects.filter(pk=client.pk).delete()
    assert mailbox().depth([client.pk]) == {}


def test_withdrawn_events_leave_their_tags_to_the_removal(
    channel: Conversation, alice: Member, bob: Member, make_client: MakeClient
) -> None:
    hers, his = make_client(alice), make_client(bob)
    other = make_channel("other", alice, bob)
    first = post(channel, alice, 2)
    (kept,) = post(other, alice)
    second = post(channel, alice)
    removal = Draft(
        type="participant.removed",
        entity=_participant(channel, bob).entity(own=True),
        entity_id=bob.pk,
        audience=one_member(bob.pk, conversation_id=channel.pk),
    )
    with scope_of(alice), transaction.atomic():
        (gone,) = publish(alice.organization_id, removal, withdraw=True)
    assert [event for _, event in waiting(his)] == [gone, gone, kept, gone, gone]
    assert [tag for tag, _ in waiting(his)] == list(range(his.tag + 1, his.tag + 6))
    assert [event for _, event in waiting(hers)] == [*first, kept, *second]


def test_an_overflowing_mailbox_is_emptied_instead_of_growing(
    channel: Conversation, alice: Member, make_client: MakeClient, settings: Any
) -> None:
    settings.MAILBOX_ENTRIES = 300
    client = make_client(alice)
    for _ in range(12):
        post(channel, alice, 50)
    assert mailbox().depth([client.pk]).get(client.pk, 0) <= 300 + 256  # checked every 256 entries
    assert not at(client).reaches(client.tag)
    assert at(client).tag == client.tag + 600


def test_every_event_is_where_it_belongs_when_many_write_at_once(
    alice: Member, bob: Member, make_client: MakeClient
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    channels = [make_channel(f"room-{number}", alice, bob) for number in range(4)]
    clients = [make_client(alice), make_client(bob), make_client(bob)]

    def write(conversation: Conversation) -> list[int]:
        try:
            return [event for _ in range(10) for event in post(conversation, alice)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(write, channels))
    for client in clients:
        got = waiting(client)
        assert [tag for tag, _ in got] == list(range(client.tag + 1, client.tag + 41))
        assert sorted(event for _, event in got) == sorted(event for events in written for event in events)


def test_nothing_stays_pending(channel: Conversation, alice: Member, make_client: MakeClient) -> None:
    make_client(alice)
    post(channel, alice, 3)
    with scope_of(alice):
        assert not Event.objects.filter(pending=True).exists()
    assert mailbox().catch_up() == 0


def test_kept_acks_are_proof(
    channel: Conversation, alice: Member, make_client: MakeClient, settings: Any, box: Mailbox
) -> None:
    if settings.MAILBOX_BACKEND == "memory":
        return  # it keeps nothing beyond the process, least of all proof
    settings.ACKED_ENTRIES = "keep"
    client = make_client(alice)
    ids = post(channel, alice, 3)
    do(box.acknowledge([client.pk], [client.tag], [client.tag + 2]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id, client, tag, event_id FROM chat_ackedentry WHERE client = %s ORDER BY tag",
            [client.public_id],
        )
        rows = cursor.fetchall()
    assert rows == [(alice.pk, client.public_id, client.tag + 1 + index, ids[index]) for index in range(2)]


def test_a_ref_that_was_never_a_client_is_nothing(alice: Member) -> None:
    assert do(mailbox().read([2**40], [0], [10])) == []
    assert mailbox().depth([2**40]) == {}


def _participant(conversation: Conversation, member: Member) -> Participant:
    with scope_of(member):
        return Participant.objects.get(conversation=conversation, member=member)


def test_whose_mailbox_holds_an_event(
    channel: Conversation, alice: Member, bob: Member, charlie: Member, make_client: MakeClient
) -> None:
    hers, his, theirs = make_client(alice), make_client(bob), make_client(charlie)
    first, second = post(channel, alice, 2)
    clients = [hers.pk, his.pk, theirs.pk]
    assert mailbox().holding(clients, second) == {hers.pk, his.pk}
    do(mailbox().acknowledge([hers.pk], [hers.tag], [hers.tag + 1]))
    assert mailbox().holding(clients, first) == {his.pk}
    assert mailbox().holding([], first) == set()

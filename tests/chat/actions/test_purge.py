"""Each purge takes out what it should and nothing else, says so beforehand, and may run twice at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import ApiToken, Invitation, Member
from accounts.purge import INVITATION_KEPT
from accounts.tenancy import every_organization
from chat.actions import purge
from chat.actions.purge import acks, clients, nodes
from chat.models import Client, Conversation, Event, MailboxEntry, Node
from tests.cast import scope_of
from tests.chat.delivery.conftest import make_channel

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def conversation(alice: Member) -> Conversation:
    return make_channel("general", alice)


def add_client(member: Member, *, seen: timedelta = timedelta(), entries: int = 0, **fields: Any) -> Client:
    with scope_of(member):
        client: Client = Client.objects.create(
            organization=member.organization,
            member=member,
            credential="test",
            last_seen_at=timezone.now() - seen,
            tag=entries,
            **{"platform": "web"} | fields,
        )
        MailboxEntry.objects.bulk_create(
            MailboxEntry(client_id=client.pk, tag=tag, event_id=1) for tag in range(1, entries + 1)
        )
    return client


def kept(model: Any) -> set[Any]:
    with every_organization():
        return set(model.objects.values_list("pk", flat=True))


def run(name: str) -> tuple[int, int]:
    """What the dry run says and what goes."""
    with every_organization():
        return purge.PURGES[name].count(), purge.PURGES[name].run()


def test_stale_clients_go_with_their_mailboxes_by_platform(alice: Member, charlie: Member) -> None:
    week = timedelta(days=7)
    fresh, phone = add_client(alice, entries=2), add_client(alice, seen=week, platform="ios", entries=2)
    connected = add_client(alice, seen=week, node_id=1)
    add_client(alice, seen=week, entries=2)
    add_client(charlie, seen=timedelta(days=50), platform="android", entries=2)
    assert run("stale_clients") == (2, 2)
    assert kept(Client) == {fresh.pk, phone.pk, connected.pk}
    assert {client for client, _ in kept(MailboxEntry)} == {fresh.pk, phone.pk}


def test_old_mailboxes_are_emptied_and_their_clients_will_resync(alice: Member, settings: Any) -> None:
    old = add_client(alice, seen=timedelta(days=settings.MAILBOX_DAYS + 1), platform="bot", entries=3)
    fresh = add_client(alice, entries=3)
    assert run("old_entries") == (1, 3)
    assert {client for client, _ in kept(MailboxEntry)} == {fresh.pk}
    with every_organization():
        emptied = Client.objects.get(pk=old.pk)
    assert (emptied.tag, emptied.overflowed_at is not None) == (3, True)


def test_overfull_mailboxes_are_emptied(alice: Member, settings: Any) -> None:
    settings.MAILBOX_ENTRIES = 5
    add_client(alice, entries=6)
    full = add_client(alice, entries=5)
    assert run("overfull_entries") == (1, 6)
    assert {client for client, _ in kept(MailboxEntry)} == {full.pk}


def test_entries_without_a_client_go(alice: Member) -> None:
    client = add_client(alice, entries=1)
    MailboxEntry.objects.create(client_id=client.pk + 1, tag=1, event_id=1)
    assert run("orphaned_entries") == (1, 1)
    assert kept(MailboxEntry) == {(client.pk, 1)}


def test_dead_nodes_let_go_of_their_clients(alice: Member) -> None:
    now = timezone.now()
    dead = Node.objects.create(name="dead", lease_until=now - timedelta(seconds=nodes.NODE_GRACE + 1))
    living = Node.objects.create(name="living", lease_until=now)
    held, lost = add_client(alice, node_id=living.pk), add_client(alice, node_id=dead.pk)
    assert run("dead_nodes") == (1, 1)
    with every_organization():
        holders = dict(Client.objects.values_list("pk", "node_id"))
    assert holders == {held.pk: living.pk, lost.pk: None}


def test_old_events_go_but_never_before_the_mailboxes_that_hold_them(
    alice: Member, conversation: Conversation, settings: Any
) -> None:
    settings.EVENT_DAYS, settings.MAILBOX_DAYS = 1, 7
    ages = {days: add_event(conversation, at=timezone.now() - timedelta(days=days)) for days in (0, 2, 7, 9)}
    pending = add_event(conversation, at=timezone.now() - timedelta(days=9), pending=True)
    assert run("old_events") == (1, 1)
    assert kept(Event) == {ages[0].pk, ages[2].pk, ages[7].pk, pending.pk}


def test_kept_acks_go_by_the_day(alice: Member, settings: Any) -> None:
    settings.ACKED_ENTRIES, settings.ACKED_DAYS = "keep", 10
    old = timezone.now() - timedelta(days=12)
    acks.make_partition(old)
    for at in (old, timezone.now()):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO chat_ackedentry (organization_id, member_id, client, tag, event_id, acked_at)"
                " VALUES (%s, %s, %s, 1, 1, %s)",
                [alice.organization_id, alice.pk, alice.pk, at],
            )
    assert run("old_acks") == (1, 1)
    assert run("old_acks") == (0, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM chat_ackedentry WHERE client = %s", [alice.pk])
        assert cursor.fetchone() == (1,)


def test_expired_invitations_and_tokens_go(alice: Member) -> None:
    now = timezone.now()
    for days in (1, -INVITATION_KEPT - 1):
        expires = now + timedelta(days=days)
        ApiToken.objects.create(user=alice.user, label="t", secret_hash=str(days), expires_at=expires)
        with scope_of(alice):
            Invitation.objects.create(
                organization=alice.organization, invited_by=alice, secret_hash=str(days), expires_at=expires
            )
    assert run("expired_invitations") == (1, 1)
    assert run("expired_tokens") == (1, 1)
    assert len(kept(Invitation)) == ApiToken.objects.count() == 1


def test_expired_sessions_go(alice: Member, charlie: Member) -> None:
    for key, days in (("old", -1), ("live", 1)):
        expires = timezone.now() + timedelta(days=days)
        Session.objects.create(session_key=key, session_data="", expire_date=expires)
    assert run("expired_sessions") == (1, 1)
    assert [session.session_key for session in Session.objects.all()] == ["live"]


def test_a_dry_run_says_what_would_go_and_removes_nothing(alice: Member) -> None:
    add_client(alice, seen=timedelta(days=50), entries=3)
    said = StringIO()
    call_command("purge", "--dry-run", stdout=said)
    assert "stale_clients: 1 would go" in said.getvalue().splitlines()
    assert len(said.getvalue().splitlines()) == len(purge.PURGES)
    assert len(kept(Client)) == 1
    call_command("purge", "stale_clients", stdout=said)
    assert "stale_clients: 1 gone" in said.getvalue()
    assert not kept(Client)


def test_two_at_once_remove_everything_once(alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "STALE_BATCH", 20)
    for _ in range(60):
        add_client(alice, seen=timedelta(days=50), entries=10)

    def work(_: int) -> int:
        try:
            with every_organization():
                return purge.PURGES["stale_clients"].run()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == 60
    assert not kept(Client) and not kept(MailboxEntry)


def add_event(conversation: Conversation, *, at: datetime, pending: bool = False) -> Event:
    with every_organization():
        event: Event = Event.objects.create(
            organization_id=conversation.organization_id,
            conversation=conversation,
            type="conversation.updated",
            entity_id=conversation.pk,
            data="{}",
            at=at,
            pending=pending,
        )
    return event

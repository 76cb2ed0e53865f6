"""The migration from read positions to sets, run on rows as they were before it."""

from __future__ import annotations

from importlib import import_module
from uuid import uuid4

import pytest
from django.db import connection

from accounts.models import Member
from chat.actions.conversations import create_channel
from chat.actions.messages import delete_message, send_message
from chat.actions.moderation import hide_message
from chat.models import Conversation, Message, Participant

migration = import_module("chat.migrations.0017_read_sets")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]


def test_read_positions_become_sets(alice: Member, bob: Member, gus: Member) -> None:
    town = create_channel(alice, kind="private", name="town", members=[bob.pk, gus.pk])
    empty = create_channel(alice, kind="private", name="empty", members=[bob.pk])
    head = send_message(bob, town.pk, text="head", ref=uuid4()).message.id
    said = [send_message(bob, town.pk, text="hello", ref=uuid4(), thread_id=head).message.id for _ in range(5)]
    delete_message(bob, said[0])
    delete_message(bob, said[2])
    hide_message(alice, said[3], reason="rude")
    newest = Message.objects.get(pk=said[-1]).created_at
    Conversation.objects.update(gone=[], last_message_at=None)
    Message.objects.filter(pk=head).update(reply_count=5)
    for member, position in ((alice, 6), (bob, 3), (gus, 2)):
        Participant.objects.filter(conversation=town, member=member).update(read_seq=position, read=[[0, 0]])

    with connection.cursor() as cursor:
        for statement in ("FILL_READ", "FILL_LAST_MESSAGE", "FILL_GONE", "COUNT_REPLIES"):
            cursor.execute(getattr(migration, statement))

    seats = Participant.objects.filter(conversation=town).order_by("pk")
    assert {seat.member_id: seat.read for seat in seats} == {
        alice.pk: [[0, 6]],
        bob.pk: [[0, 3]],
        gus.pk: [[0, 2]],
    }
    town.refresh_from_db()
    assert (town.gone, town.last_message_at) == ([[4, 5]], newest)  # what lies below every position is read anyway
    assert [seat.unread(town) for seat in seats] == [0, 1, 2]
    assert Message.objects.get(pk=head).reply_count == 2
    empty.refresh_from_db()
    assert (empty.gone, empty.last_message_at) == ([], None)

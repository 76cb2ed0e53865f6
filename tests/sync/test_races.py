"""What the state machine seldom meets: two transactions at once, and events that come after a sync of later ones."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Member
from chat.actions.participants import (
    add_participant,
    change_participant,
    change_preferences,
    leave_conversation,
    remove_participant,
)
from chat.actions.read import mark_read
from chat.delivery.mailbox import mailbox
from chat.models import Conversation, Event, Participant
from tests.cast import scope_of
from tests.sync.conftest import Say
from tests.sync.viewer import Viewer, fresh, is_live, load_everything, projection, synchronize

pytestmark = pytest.mark.django_db(transaction=True)

WAIT = 120.0  # seconds until a thread that should wait for another one is taken for lost


def test_a_conversation_does_not_return_by_events_that_are_older_than_the_sync(
    alice: Member, bob: Member, town: Conversation
) -> None:
    """He is brought back and removed again; a sync returns the end of it. Then come the frames of its beginning, but
    never the frame with the end."""
    with scope_of(alice):
        remove_participant(alice, town.pk, member_id=bob.pk)
        viewer = Viewer.arrive("bob", bob)
        add_participant(alice, town.pk, member_id=bob.pk)
        entries = viewer.entries()
        remove_participant(alice, town.pk, member_id=bob.pk)
        box = viewer.mailbox
        box.receive(viewer.hello())
        request = box.begin_sync()
        assert not box.take_answer(request, viewer.server.sync(request.cursor))
        box.receive({"op": "events", "tag": entries[0][0], "events": [event for _, event in entries]})
        assert is_live(box)
        assert [*box.store.own_rooms()] != []  # for a moment, as with everything that comes late

        mailbox().truncate([viewer.client.pk])
        box.receive({"op": "resync", "tag": viewer.client.tag + 4, "reason": "overflow"})
        synchronize(box, viewer.server)
        load_everything(box.store, viewer.server)
        assert projection(box.store) == projection(fresh(viewer.server))
        assert [*box.store.own_rooms()] == []


@pytest.mark.parametrize("change", ["preferences", "role", "removal"])
def test_two_changes_of_a_participant_have_two_versions(
    alice: Member, bob: Member, town: Conversation, say: Say, change: str
) -> None:
    """Reading takes no lock of the conversation, so it may happen in the middle of any other change."""
    say(alice, town)
    changes: dict[str, Callable[[], Any]] = {
        "preferences": lambda: change_preferences(bob, town.pk, muted=True),
        "role": lambda: change_participant(alice, town.pk, member_id=bob.pk, role=Participant.Role.ADMIN),
        "removal": lambda: leave_conversation(bob, town.pk),
    }
    with scope_of(bob), transaction.atomic():
        mark_read(bob, town.pk, seq=1)
        other = threading.Thread(target=_alone, args=(bob, changes[change]))
        other.start()
        _until_somebody_waits()
    other.join(WAIT)
    assert not other.is_alive()
    with scope_of(bob):
        log = Event.objects.filter(entity_id=bob.pk, conversation=town, type__startswith="participant.").order_by("pk")
        versions = [json.loads(event.data)["version"] for event in log]
        participant = Participant.objects.get(conversation=town, member=bob)
    assert (sorted(set(versions)), versions[-1]) == ([1, 2, 3], 3)
    assert (participant.version, participant.read_seq) == (3, 1)


def _alone(member: Member, action: Callable[[], Any]) -> None:
    try:
        with scope_of(member):
            action()
    finally:
        connection.close()


def _until_somebody_waits() -> None:
    """For a lock, in this database."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")

"""The purge of the log does not overtake a follower silently."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.tenancy import every_organization
from chat.actions.purge.events import count_old_events, remove_old_events
from chat.delivery.followers import reader
from chat.models import Event, Follower, FollowerGap, QueuedEvents
from tests.chat.delivery.followers.conftest import room_of, say, work


@pytest.fixture
def two_days(settings) -> None:
    settings.EVENT_DAYS, settings.MAILBOX_DAYS, settings.FOLLOWER_DAYS = 2, 1, 3


def test_the_purge_waits_for_what_is_not_handled(two_days, alice, notebook, follower):
    reader.begin(follower)
    ids = say(alice, room_of(alice), "a", "b")
    age(days=4)
    assert (count_old_events(), remove_old_events()) == (0, 0)
    with every_organization():
        while reader.read(follower):
            pass
    assert count_old_events() == remove_old_events() > 0, "those that the follower does not want"
    with every_organization():
        assert list(Event.objects.order_by("id").values_list("id", flat=True)) == ids, "in a queue it is not handled"
    work()
    assert notebook.ids() == ids
    assert (count_old_events(), remove_old_events()) == (2, 2)
    assert gaps() == {}


@pytest.mark.parametrize("queued", [False, True])
def test_beyond_the_bound_it_goes_and_a_gap_is_recorded(two_days, queued, alice, charlie, notebook, follower):
    reader.begin(follower)
    ids = say(alice, room_of(alice), "a", "b")
    if queued:
        with every_organization():
            while reader.read(follower):
                pass
    age(days=6)
    with every_organization():
        Event.objects.exclude(pk__in=ids).delete()
    assert remove_old_events() == 2
    fresh = say(alice, room_of(alice, "later"), "c")
    others = say(charlie, room_of(charlie), "1")
    work()
    assert sorted(notebook.ids()) == fresh + others
    assert gaps() == {alice.organization_id: (2, ids[-1])}
    with every_organization():
        assert not QueuedEvents.objects.exists()


def test_a_follower_that_was_removed_holds_the_purge_up_no_longer_than_others(two_days, alice, notebook, follower):
    reader.begin(follower)
    say(alice, room_of(alice), "a")
    work()
    Follower.objects.update(seen_at="2020-01-01T00:00:00Z")
    work(notebook.declared(name="another"))
    assert set(Follower.objects.values_list("name", flat=True)) == {"another"}
    with every_organization():
        assert not QueuedEvents.objects.filter(follower_id="notebook").exists()


def age(*, days: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_event SET at = at - make_interval(days => %s)", [days])


def gaps() -> dict:
    with every_organization():
        return {row.organization_id: (row.events, row.last_id) for row in FollowerGap.objects.all()}

"""A follower gets every event once, in order, and what cannot be handled holds nothing else up."""

from __future__ import annotations

from contextlib import suppress

from django.db import connection

from accounts.tenancy import every_organization
from chat.delivery.followers import failures, registry, worker
from chat.models import FollowerQueue, QueuedEvents, SetAsideEvent
from tests.chat.delivery.followers.conftest import room_of, say, work


def test_every_event_is_handled_once_and_in_order(alice, charlie, notebook, follower):
    town, globe = room_of(alice), room_of(charlie)
    first = say(alice, town, "a", "b", "c", "d") + say(charlie, globe, "1") + say(alice, town, "e")
    work()
    assert sorted(notebook.ids()) == first
    assert notebook.ids(alice.organization_id) == [id for id in first if id != first[4]]
    more = say(alice, town, "f")
    work()
    work()
    assert notebook.ids(alice.organization_id)[-1:] == more
    assert len(notebook.ids()) == len(first) + 1
    assert all(len(call) <= follower.batch for call in notebook.calls)


def test_a_call_has_the_events_of_one_organization(alice, charlie, notebook, follower):
    town, globe = room_of(alice), room_of(charlie)
    for text in "abc":
        say(alice, town, text)
        say(charlie, globe, text)
    work()
    of = {
        id: organization
        for organization in (alice.organization_id, charlie.organization_id)
        for id in notebook.ids(organization)
    }
    assert len(of) == 6
    assert all(len({of[id] for id in call}) == 1 for call in notebook.calls)


def test_a_new_follower_begins_now_or_at_the_beginning(alice, notebook):
    town = room_of(alice)
    old = say(alice, town, "before")
    late, early = notebook.declared(name="late", start="now"), notebook.declared(name="early")
    work(late)
    new = say(alice, town, "after")
    work(late)
    assert notebook.ids() == new
    work(early)
    assert notebook.ids() == new + old + new


def test_a_big_organization_takes_its_turn_like_a_small_one(alice, charlie, notebook, follower):
    town, globe = room_of(alice), room_of(charlie)
    big = say(alice, town, *"abcdefghijkl")
    (small,) = say(charlie, globe, "1")
    work()
    turns = [call[0] for call in notebook.calls]
    assert len(turns) == 1 + len(big) // follower.batch
    assert turns.index(small) <= 1, "the small one waits for one batch at most"


def test_a_poisoned_event_holds_nothing_up(alice, charlie, notebook, follower, monkeypatch, settings):
    monkeypatch.setattr(failures, "PAUSE", 0.0)
    settings.FOLLOWER_TRIES = 3
    town, globe = room_of(alice), room_of(charlie)
    ids = say(alice, town, *"abcdef")
    (other,) = say(charlie, globe, "1")
    notebook.refused = {ids[1]}
    work()
    assert notebook.ids(alice.organization_id) == [id for id in ids if id != ids[1]]
    assert notebook.ids(charlie.organization_id) == [other]
    with every_organization():
        (row,) = SetAsideEvent.objects.all()
        assert not QueuedEvents.objects.exists()
        assert FollowerQueue.objects.get(organization=alice.organization_id).failed == 4  # once as a batch
    assert (row.event_id, row.type, row.tries, row.organization_id) == (
        ids[1],
        "message.created",
        3,
        alice.organization_id,
    )
    assert row.error.startswith("ValueError at tests/chat/delivery/followers/conftest.py:")
    assert "words" not in row.error


def test_an_event_that_fails_waits_and_so_do_those_behind_it(alice, charlie, notebook, follower):
    town, globe = room_of(alice), room_of(charlie)
    ids = say(alice, town, "a", "b", "c")
    notebook.refused = {ids[1]}
    work()
    assert notebook.ids() == ids[:1]
    more = say(alice, town, "d")
    others = say(charlie, globe, "1", "2")
    work()
    assert notebook.ids() == ids[:1] + others, "another organization goes on"
    with every_organization():
        queue = FollowerQueue.objects.get(organization=alice.organization_id)
        assert (queue.tries, queue.singly) == (1, 2)
    notebook.refused.clear()
    let_time_pass()
    work()
    assert notebook.ids(alice.organization_id) == ids + more


def test_where_too_many_are_set_aside_the_rest_waits(alice, notebook, follower, monkeypatch, settings):
    monkeypatch.setattr(failures, "SET_ASIDE", 1)
    settings.FOLLOWER_TRIES = 1
    ids = say(alice, room_of(alice), "a", "b", "c")
    notebook.refused = set(ids)
    work()
    with every_organization():
        assert SetAsideEvent.objects.get().event_id == ids[0]
    notebook.refused.clear()
    let_time_pass()
    work()
    assert notebook.ids() == ids[1:], "nothing was skipped"


def test_effects_run_after_the_commit_and_again_where_they_were_cut_off(alice, notebook, follower):
    (id,) = say(alice, room_of(alice), "a")
    seen = []

    def effect():
        seen.append((connection.in_atomic_block, list(notebook.ids())))
        if len(seen) == 1:
            raise KeyboardInterrupt  # as near to a dying process as a test comes

    notebook.effects = [effect]
    with suppress(KeyboardInterrupt):
        work()
    assert seen == [(False, [id])]
    work()
    assert len(seen) == 1, "the lease holds: another worker might still be at it"
    let_time_pass()
    work()
    with every_organization():
        assert (FollowerQueue.objects.get().tries, len(seen)) == (1, 1), "the turn that was cut off counts as a failure"
    let_time_pass()
    work()
    assert seen[1:] == [(False, [id, id])], "the handler had the event again; it knows it by its id"
    work()
    assert len(seen) == 2


def test_an_effect_that_fails_is_a_failure_of_the_event(alice, notebook, follower):
    say(alice, room_of(alice), "a")
    tries = []

    def effect():
        tries.append(1)
        if len(tries) == 1:
            raise OSError

    notebook.effects = [effect]
    work()
    with every_organization():
        assert FollowerQueue.objects.get().tries == 1
    let_time_pass()
    work()
    assert len(tries) == 2
    with every_organization():
        assert not QueuedEvents.objects.exists()


def test_two_names_are_two_followers_and_one_name_is_one(notebook, follower):
    registry.follow("notebook_2", notebook)
    assert [each.name for each in registry.registered()] == ["notebook", "notebook_2"]
    for name, handler in (("notebook_2", print), ("No", notebook), ("", notebook)):
        try:
            registry.follow(name, handler)
        except ValueError:
            continue
        raise AssertionError(name)


def test_a_task_whose_time_is_over_says_that_something_is_left(alice, notebook, follower):
    say(alice, room_of(alice), *"abcdefgh")
    with every_organization():
        assert worker.run(seconds=0) is True
        while worker.run(seconds=0):
            pass
    assert len(notebook.ids()) == 8


def let_time_pass() -> None:
    """Every pause and every lease is over."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_followerqueue SET ready_at = now() - interval '1 second'")

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import change_profile
from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.actions.conversations import create_channel, start_direct, update_conversation
from chat.actions.messages import send_message
from chat.actions.participants import add_participant, join_conversation, leave_conversation, remove_participant
from chat.actions.reactions import add_reaction
from chat.actions.read import mark_read
from chat.actions.revisions import delete_message, edit_message
from chat.models import Conversation, Event, Message
from chat.queries.cursor import Cursor
from chat.queries.sync import answer as answers
from chat.queries.sync import limits, sync
from tests.cast import make_member, scope_of


def say(member: Member, conversation: Conversation, text: str = "hello") -> UUID:
    return send_message(member, conversation.pk, text=text, ref=uuid4()).message.id


def room(member: Member, *others: Member, name: str = "town", kind: str = "public") -> Conversation:
    return create_channel(member, kind=kind, name=name, members=[other.pk for other in others])


def texts(answer: answers.Answer) -> list[str]:
    return [message.text for message in answer.messages]


@pytest.mark.usefixtures("in_acme")
class TestFirst:
    def test_it_returns_what_the_member_is_in_and_nothing_else(self, alice: Member, bob: Member) -> None:
        town, _ = room(alice, bob), room(alice, name="elsewhere")
        say(alice, town, "welcome")

        answer = sync(bob)

        assert (answer.full, answer.more, answer.me.id) == (True, False, bob.pk)
        assert [c.name for c in answer.conversations] == ["town"]
        assert texts(answer) == ["welcome"]
        (participant,) = answer.participants
        assert (participant.member, participant.read_seq) == (bob.pk, 0)
        assert {m.id for m in answer.members} == {alice.pk, bob.pk}
        assert not answer.conversations[0].history_gap

    def test_long_histories_come_with_their_end_and_a_gap(self, alice: Member, settings) -> None:
        settings.MESSAGE_RATE = 1000
        town = room(alice)
        for number in range(60):
            say(alice, town, f"m{number}")
        answer = sync(alice)
        assert texts(answer) == [f"m{number}" for number in range(10, 60)]
        assert answer.conversations[0].history_gap

    def test_everybody_in_a_direct_message_is_returned(self, alice: Member, bob: Member) -> None:
        start_direct(alice, kind="direct", members=[bob.pk])
        answer = sync(alice)
        participants = {participant.member: participant for participant in answer.participants}
        assert set(participants) == {alice.pk, bob.pk}
        assert participants[bob.pk].read_seq is msgspec.UNSET

    def test_it_is_paged_by_conversation_and_then_goes_on_from_its_first_page(self, alice: Member) -> None:
        rooms = [room(alice, name=f"r{number}") for number in range(5)]
        first = sync(alice, limit=2)
        say(alice, rooms[0], "meanwhile")
        second = sync(alice, cursor=first.cursor, limit=2)
        third = sync(alice, cursor=second.cursor, limit=2)
        assert [(page.full, page.more) for page in (first, second, third)] == [
            (True, True),
            (False, True),
            (False, False),
        ]
        returned = [c.id for page in (first, second, third) for c in page.conversations]
        assert returned == [r.pk for r in rooms]
        assert texts(sync(alice, cursor=third.cursor)) == ["meanwhile"]

    def test_the_first_answer_stays_small_in_a_large_organization(self, alice: Member, bob: Member, settings) -> None:
        settings.MESSAGE_RATE = 10_000
        rooms = [room(alice, bob, name=f"channel-{number}") for number in range(170)]
        for number in range(240):
            say(alice, rooms[number % 40], f"{number} " + "some words of a sentence that goes on for a while " * 6)
        answer = sync(bob)
        assert len(msgspec.json.encode(answer)) < 200_000
        assert answer.more
        assert len(answer.conversations) == limits.PAGE


@pytest.mark.usefixtures("in_acme")
class TestDelta:
    def test_nothing_changed_is_almost_nothing(self, alice: Member, bob: Member) -> None:
        say(alice, room(alice, bob))
        cursor = sync(bob).cursor
        again = sync(bob, cursor=cursor)
        # In a test everything is one transaction, which is still under way: it is returned again rather than missed.
        assert not again.full
        with connection.cursor() as sql:
            sql.execute("UPDATE chat_event SET xid = '3'")
        answer = sync(bob, cursor=cursor)
        assert (answer.conversations, answer.messages, answer.participants) == ([], [], [])

    def test_it_returns_the_present_state_of_what_changed(self, alice: Member, bob: Member) -> None:
        town = room(alice, bob)
        edited, deleted, reacted, _ = (say(alice, town, text) for text in ("one", "two", "three", "four"))
        cursor = self.after_all(bob)

        edit_message(alice, edited, text="ONE")
        delete_message(alice, deleted)
        add_reaction(bob, reacted, emoji="👍")
        say(alice, town, "five")
        say(alice, town, "six")
        update_conversation(alice, town.pk, topic="numbers")

        answer = sync(bob, cursor=cursor)
        assert [(m.seq, m.text) for m in answer.messages] == [
            (1, "ONE"),
            (2, ""),
            (3, "three"),
            (5, "five"),
            (6, "six"),
        ]
        assert answer.messages[1].deleted_at is not None
        assert answer.messages[2].reactions[0].members == [bob.pk]
        (conversation,) = answer.conversations
        assert (conversation.topic, conversation.last_seq, conversation.history_gap) == ("numbers", 6, False)

    def test_reading_elsewhere_is_returned_to_oneself_alone(self, alice: Member, bob: Member) -> None:
        town = room(alice, bob)
        say(alice, town)
        cursors = {member: self.after_all(member) for member in (alice, bob)}
        mark_read(bob, town.pk, seq=1)
        assert [participant.read_seq for participant in sync(bob, cursor=cursors[bob]).participants] == [1]
        assert sync(alice, cursor=cursors[alice]).conversations == []

    def test_a_conversation_that_was_joined_comes_whole(self, alice: Member, bob: Member, settings) -> None:
        settings.MESSAGE_RATE = 1000
        town = room(alice)
        for number in range(55):
            say(alice, town, f"m{number}")
        cursor = self.after_all(bob)
        join_conversation(bob, town.pk)
        answer = sync(bob, cursor=cursor)
        assert texts(answer) == [f"m{number}" for number in range(5, 55)]
        assert answer.conversations[0].history_gap

    def test_what_was_left_or_lost_is_returned_as_removed(self, alice: Member, bob: Member) -> None:
        town, cellar = room(alice, bob), room(alice, bob, name="cellar", kind="private")
        cursor = self.after_all(bob)
        leave_conversation(bob, town.pk)
        remove_participant(alice, cellar.pk, member_id=bob.pk)
        say(alice, cellar, "now that he is gone")
        answer = sync(bob, cursor=cursor)
        assert answer.removed.conversations == sorted([town.pk, cellar.pk])
        assert answer.messages == []
        add_participant(alice, cellar.pk, member_id=bob.pk)
        answer = sync(bob, cursor=cursor)
        assert answer.removed.conversations == [town.pk]
        assert texts(answer) == ["now that he is gone"]

    def test_more_changes_than_it_returns_leave_a_gap(self, alice: Member, bob: Member, settings) -> None:
        settings.MESSAGE_RATE = 1000
        town = room(alice, bob)
        say(alice, town, "early")
        cursor = self.after_all(bob)
        for number in range(51):
            say(alice, town, f"m{number}")
        answer = sync(bob, cursor=cursor)
        assert texts(answer) == [f"m{number}" for number in range(1, 51)]
        assert answer.conversations[0].history_gap

    def test_it_is_bounded_and_goes_on_where_it_was_cut(self, alice: Member, bob: Member, settings) -> None:
        settings.MESSAGE_RATE = 1000
        rooms = [room(alice, bob, name=f"r{number}") for number in range(4)]
        cursor = self.after_all(bob)
        for each in rooms:
            for _ in range(12):
                say(alice, each, "x" * 3000)
        seen, more = [], True
        while more:
            answer = sync(bob, cursor=cursor)
            assert len(msgspec.json.encode(answer)) < 200_000
            seen += [c.id for c in answer.conversations]
            cursor, more = answer.cursor, answer.more
        assert seen == [each.pk for each in rooms]

    def test_people_who_changed_are_returned(self, alice: Member, bob: Member) -> None:
        from accounts.actions.members import change_profile

        cursor = self.after_all(bob)
        change_profile(alice, title="Chief")
        titles = {m.id: m.title for m in sync(bob, cursor=cursor).members}
        assert titles[alice.pk] == "Chief"

    def after_all(self, member: Member) -> str:
        """A cursor after everything so far: the test's one transaction is made to look like one that has ended."""
        with connection.cursor() as sql:
            sql.execute("UPDATE chat_event SET xid = '3'")
        return sync(member).cursor

    def test_many_changes_of_few_push_nobody_out_unsaid(self, alice: Member, bob: Member, monkeypatch) -> None:
        monkeypatch.setattr(limits, "EVENTS", 3)
        monkeypatch.setattr(limits, "PEOPLE", 2)
        cursor = sync(alice).cursor
        change_profile(bob, name="Bobby")
        for name in ("Al", "Ali", "Alic"):
            change_profile(alice, name=name)
        answer = sync(alice, cursor=cursor)
        returned = {member.id for member in answer.members}
        assert answer.members_gap or bob.pk in returned, "else nothing would say that Bob has another name"


@pytest.mark.usefixtures("in_acme")
class TestCursor:
    @pytest.mark.parametrize("cursor", ["x", "%%%", "AAAA", "a" * 300, "kw", "é"])
    def test_one_that_makes_no_sense_starts_afresh(self, alice: Member, cursor: str) -> None:
        assert sync(alice, cursor=cursor).full

    def test_one_of_another_member_starts_afresh(self, alice: Member, bob: Member) -> None:
        assert sync(bob, cursor=sync(alice).cursor).full

    @pytest.mark.parametrize("change", [{"cluster": "1.00000002"}, {"since": 2**60}, {"anchor": (10**15, "0" * 16)}])
    def test_one_of_another_database_starts_afresh(self, alice: Member, change) -> None:
        room(alice)
        cursor = Cursor.decode(sync(alice).cursor)
        assert cursor is not None
        assert sync(alice, cursor=msgspec.structs.replace(cursor, **change).encode()).full
        assert not sync(alice, cursor=cursor.encode()).full

    def test_a_restored_database_that_gave_the_same_ids_again_starts_afresh(self, alice: Member) -> None:
        room(alice)
        cursor = sync(alice).cursor
        with connection.cursor() as sql:
            sql.execute("UPDATE chat_event SET at = at + interval '1 hour'")
        assert sync(alice, cursor=cursor).full

    def test_one_that_is_too_old_starts_afresh_even_where_nothing_had_happened_before_it(
        self, alice: Member, settings
    ) -> None:
        """The log was empty then, so there is no event whose absence would show that others were purged since."""
        cursor = sync(alice).cursor
        assert not sync(alice, cursor=cursor).full
        with time_machine.travel(timezone.now() + timedelta(days=settings.EVENT_DAYS), tick=False):
            assert sync(alice, cursor=cursor).full
            assert not sync(alice, cursor=sync(alice).cursor).full

    def test_one_whose_events_were_purged_starts_afresh(self, alice: Member) -> None:
        room(alice)
        cursor = sync(alice).cursor
        Event.objects.all().delete()
        assert sync(alice, cursor=cursor).full

    def test_charlie_receives_nothing_of_acme_by_any_cursor(self, alice: Member, charlie: Member) -> None:
        say(alice, room(alice), "between us")
        cursor = sync(alice).cursor
        with scope_of(charlie):
            for given in ("", cursor):
                answer = sync(charlie, cursor=given)
                assert answer.full
                assert (answer.conversations, answer.messages) == ([], [])
                assert [m.id for m in answer.members] == [charlie.pk]


@pytest.mark.django_db(transaction=True)
def test_what_commits_late_under_a_low_id_is_never_skipped(alice: Member, bob: Member) -> None:
    """The commit-order hazard: a transaction takes its event ids, another one takes later ones and commits first."""
    with scope_of(alice):
        slow, quick = room(alice, bob, name="slow"), room(alice, bob, name="quick")
        cursor = sync(bob).cursor
    written, go_on = threading.Event(), threading.Event()

    def write_slowly() -> None:
        try:
            with scope_of(alice), transaction.atomic():
                say(alice, slow, "late")
                written.set()
                assert go_on.wait(20)
        finally:
            connection.close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert written.wait(20)
    with scope_of(alice):
        say(alice, quick, "early")
        between = sync(bob, cursor=cursor)
        go_on.set()
        writer.join(20)
        late, early = (Event.objects.get(entity_id=Message.objects.get(text=text).pk) for text in ("late", "early"))
        assert late.pk < early.pk
        assert texts(between) == ["early"]
        assert set(texts(sync(bob, cursor=between.cursor))) >= {"late"}


@pytest.mark.django_db(transaction=True)
def test_one_answer_is_one_snapshot(alice: Member, bob: Member, monkeypatch) -> None:
    """What commits while an answer is put together is in none of its parts, and in the next one."""
    with scope_of(alice):
        town = room(alice, bob)
        real = answers.participants_of  # type: ignore[attr-defined]

        def interrupted(*args, **kwargs):
            thread = threading.Thread(target=intrude)
            thread.start()
            thread.join(20)
            return real(*args, **kwargs)

        def intrude() -> None:
            try:
                with scope_of(alice):
                    say(alice, town, "meanwhile")
            finally:
                connection.close()

        monkeypatch.setattr(answers, "participants_of", interrupted)
        answer = sync(bob)
        monkeypatch.undo()
        assert (answer.messages, answer.conversations[0].last_seq) == ([], 0)
        assert texts(sync(bob, cursor=answer.cursor)) == ["meanwhile"]


def test_guests_receive_nothing_of_people_they_do_not_meet(acme, alice: Member, gus: Member) -> None:
    from accounts.actions.members import change_profile

    with organization_scope(acme):
        cursor = sync(gus).cursor
        change_profile(make_member(acme, "Nina"), title=f"New {timezone.now():%Y}")
        assert [m.id for m in sync(gus, cursor=cursor).members] == [gus.pk]

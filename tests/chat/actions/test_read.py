"""What counts as read, and how much is unread. tests/sync/test_state_machine.py does the same with chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.models import Member
from chat import sql
from chat.access import find_conversation
from chat.actions import changes, read
from chat.actions.conversations import create_channel, start_direct
from chat.actions.messages import send_message
from chat.actions.moderation import hide_message, remove_message, restore_message
from chat.actions.participants import add_participant, leave_conversation
from chat.actions.read import mark_read, mark_unread
from chat.actions.revisions import delete_message, edit_message
from chat.client.ranges import Ranges
from chat.errors import Invalid, NotFound
from chat.models import Conversation, Event, Message, Participant
from chat.queries.conversations import conversation_view
from chat.queries.receipts import receipts
from tests.cast import scope_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

Say = Callable[..., UUID]


@pytest.fixture
def town(alice: Member, bob: Member, gus: Member, in_acme: None) -> Conversation:
    """A private channel of Alice, with Bob and Gus."""
    return create_channel(alice, kind="private", name="town", members=[bob.pk, gus.pk])


@pytest.fixture
def say(town: Conversation) -> Say:
    def say(member: Member, text: str = "hello", *, thread: UUID | None = None, read: int | None = None) -> UUID:
        return send_message(member, town.pk, text=text, ref=uuid4(), thread_id=thread, read=read).message.id

    return say


def unread(member: Member, conversation: Conversation) -> int:
    return conversation_view(find_conversation(member, conversation.pk)).unread_count


def participant(member: Member, conversation: Conversation) -> Participant:
    return Participant.objects.get(conversation=conversation, member=member)


def own_events(member: Member) -> list[str]:
    return list(Event.objects.filter(member_id=member.pk).order_by("pk").values_list("type", flat=True))


# --- Writing --------------------------------------------------------------------------------------------


def test_a_reply_reads_nothing_but_itself(say: Say, alice: Member, bob: Member, town: Conversation) -> None:
    head = say(bob, "a question")
    say(alice, "pay the invoice today")
    say(bob, "an answer to myself", thread=head)
    assert unread(bob, town) == 1
    assert (participant(bob, town).read, participant(bob, town).read_seq) == ([[0, 1], [3, 3]], 1)


@pytest.mark.parametrize("kind", ["channel", "direct"])
def test_a_message_written_before_others_were_shown_reads_nothing(
    alice: Member, bob: Member, town: Conversation, kind: str
) -> None:
    room = town if kind == "channel" else start_direct(alice, kind="direct", members=[bob.pk])[0]
    for _ in range(5):
        send_message(alice, room.pk, text="meanwhile", ref=uuid4())
    send_message(bob, room.pk, text="written offline, long ago", ref=uuid4(), read=0)
    assert unread(bob, room) == 5


def test_a_message_moves_the_position_where_everything_before_it_was_read(
    say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    say(bob)
    say(bob)
    assert (unread(bob, town), participant(bob, town).read_seq) == (0, 2)
    say(alice)
    mark_read(bob, town.pk, seq=3)
    say(bob)
    assert (unread(bob, town), participant(bob, town).read_seq) == (0, 4)


def test_a_message_may_say_what_was_shown_when_it_was_written(
    say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    for _ in range(4):
        say(alice)
    before = own_events(bob)
    say(bob, read=3)
    assert (unread(bob, town), participant(bob, town).read) == (1, [[0, 3], [5, 5]])
    assert own_events(bob) == [*before, "participant.updated"]


def test_nobody_was_shown_what_is_only_now_being_written(
    say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    say(alice)
    say(bob, read=2**60)
    assert (participant(bob, town).read_seq, unread(bob, town)) == (2, 0)
    say(alice)
    assert unread(bob, town) == 1


def test_what_was_shown_before_costs_nothing_and_is_no_event(
    say: Say, alice: Member, bob: Member, town: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(alice)
    mark_read(bob, town.pk, seq=1)
    events, run, execute = own_events(bob), [], sql.execute

    def count(statement: str, parameters: Any) -> Any:
        run.append(statement)
        return execute(statement, parameters)

    monkeypatch.setattr(sql, "execute", count)
    say(bob)
    without = list(run)
    run.clear()
    say(bob, read=1)
    assert run == without
    assert own_events(bob) == events


def test_sending_it_again_reads_no_more(alice: Member, bob: Member, say: Say, town: Conversation) -> None:
    say(alice)
    ref = uuid4()
    send_message(bob, town.pk, text="once", ref=ref)
    assert not send_message(bob, town.pk, text="once", ref=ref, read=1).created
    assert unread(bob, town) == 1


# --- Threads --------------------------------------------------------------------------------------------


def started(say: Say, bob: Member, alice: Member) -> UUID:
    return say(bob, "my question")


def answered(say: Say, bob: Member, alice: Member) -> UUID:
    head = say(alice, "a question")
    say(bob, "an answer", thread=head)
    return head


def named_in_the_head(say: Say, bob: Member, alice: Member) -> UUID:
    return say(alice, "what does @bob think?")


def named_in_a_reply(say: Say, bob: Member, alice: Member) -> UUID:
    head = say(alice, "a question")
    say(alice, "@bob may know", thread=head)
    return head


@pytest.mark.parametrize("follow", [started, answered, named_in_the_head, named_in_a_reply])
def test_reading_the_main_line_leaves_replies_of_followed_threads(
    say: Say, alice: Member, bob: Member, gus: Member, town: Conversation, follow: Callable[[Say, Member, Member], UUID]
) -> None:
    head = follow(say, bob, alice)
    mark_read(bob, town.pk, seq=9, threads=True)
    say(gus, "an answer", thread=head)
    last = Message.objects.get(pk=say(alice, "something else")).seq
    mark_read(bob, town.pk, seq=last)
    assert (unread(bob, town), participant(bob, town).read_seq) == (1, last)
    mark_read(bob, town.pk, seq=last, thread_id=head)
    assert unread(bob, town) == 0


@pytest.mark.parametrize("text", ["a question", "a question @channel", "ask @alice"])
def test_replies_of_other_threads_are_read_with_the_line_that_announces_them(
    say: Say, alice: Member, bob: Member, gus: Member, town: Conversation, text: str
) -> None:
    head = say(gus, text)
    say(alice, "an answer", thread=head)
    mark_read(bob, town.pk, seq=2)
    assert unread(bob, town) == 0


def test_a_thread_is_followed_from_ones_first_reply_on(
    say: Say, alice: Member, bob: Member, gus: Member, town: Conversation
) -> None:
    """So that a client which has the thread up to a reply judges it as the server does, whatever is written later."""
    head = say(alice)
    say(gus, "before", thread=head)
    say(bob, "mine", thread=head)
    say(gus, "after", thread=head)
    mark_read(bob, town.pk, seq=4)
    assert participant(bob, town).read == [[0, 3]]
    assert unread(bob, town) == 1


def test_a_reply_that_is_passed_stays_unread_however_often_the_main_line_is_read(
    say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    head = say(bob)
    say(alice, "an answer", thread=head)
    for seq in (3, 4, 5):
        say(alice)
        mark_read(bob, town.pk, seq=seq)
        assert unread(bob, town) == 1
    say(bob, "back again", read=5)
    assert unread(bob, town) == 1


def test_reading_a_thread_moves_nothing_on_the_main_line(
    say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    head = say(bob)
    say(alice, "elsewhere")
    replies = [say(alice, "an answer", thread=head) for _ in range(3)]
    mark_read(bob, town.pk, seq=4, thread_id=replies[0])  # a reply stands for its thread
    assert (participant(bob, town).read, participant(bob, town).read_seq) == ([[0, 1], [3, 4]], 1)
    assert unread(bob, town) == 2


def test_marking_by_hand_reads_threads_as_well(say: Say, alice: Member, bob: Member, town: Conversation) -> None:
    head = say(bob)
    say(alice, thread=head)
    say(alice)
    mark_read(bob, town.pk, seq=3)
    mark_read(bob, town.pk, seq=3, threads=True)
    assert (unread(bob, town), participant(bob, town).read) == (0, [[0, 3]])


def test_threads_of_other_conversations_are_not_there(
    say: Say, alice: Member, bob: Member, charlie: Member, town: Conversation
) -> None:
    head = say(alice)
    other = create_channel(alice, kind="private", name="other", members=[bob.pk])
    for wanted in (head, uuid4()):
        with pytest.raises(NotFound):
            mark_read(bob, other.pk, seq=1, thread_id=wanted)
    with scope_of(charlie), pytest.raises(NotFound):
        mark_read(charlie, town.pk, seq=1, thread_id=head)
    with pytest.raises(Invalid):
        mark_read(bob, town.pk, seq=1, thread_id=head, threads=True)


# --- What is gone ---------------------------------------------------------------------------------------


def test_deleted_messages_are_not_unread(say: Say, alice: Member, bob: Member, town: Conversation) -> None:
    messages = [say(alice) for _ in range(3)]
    delete_message(alice, messages[0])
    delete_message(alice, messages[2])
    assert unread(bob, town) == 1
    mark_read(bob, town.pk, seq=3)
    mark_unread(bob, town.pk, seq=1)
    assert unread(bob, town) == 1


def test_hidden_messages_are_unread_again_when_they_are_restored(
    say: Say, alice: Member, bob: Member, gus: Member, town: Conversation
) -> None:
    message = say(gus, "rude")
    hide_message(alice, message, reason="rude")
    assert unread(bob, town) == 0
    restore_message(alice, message, reason="not so rude")
    assert unread(bob, town) == 1
    remove_message(alice, message, reason="very rude")
    assert unread(bob, town) == 0


def test_what_is_deleted_stays_gone_when_it_is_no_longer_hidden(
    say: Say, alice: Member, bob: Member, gus: Member, town: Conversation
) -> None:
    message = say(gus, "rude")
    hide_message(alice, message, reason="rude")
    delete_message(gus, message)
    restore_message(alice, message, reason="not so rude")
    assert (unread(bob, town), Conversation.objects.get(pk=town.pk).gone) == (0, [[1, 1]])


def test_a_thread_counts_the_replies_that_can_be_read(say: Say, alice: Member, gus: Member) -> None:
    head = say(alice)
    replies = [say(gus, thread=head) for _ in range(3)]
    counts = []
    for change in (
        lambda: delete_message(gus, replies[0]),
        lambda: hide_message(alice, replies[1], reason="rude"),
        lambda: remove_message(alice, replies[1], reason="very rude"),
        lambda: hide_message(alice, replies[2], reason="rude"),
        lambda: restore_message(alice, replies[2], reason="not so rude"),
        lambda: edit_message(gus, replies[2], text="polite"),
    ):
        change()
        counts.append(Message.objects.get(pk=head).reply_count)
    assert counts == [2, 1, 1, 0, 1, 1]


# --- Marks, joining, receipts ---------------------------------------------------------------------------


def test_a_mark_ends_with_what_is_read_on_the_main_line_alone(
    say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    head = say(bob)
    for _ in range(3):
        say(alice, thread=head)
    say(alice)
    mark_read(bob, town.pk, seq=5, threads=True)
    marks: list[int | None] = []
    for action in (
        lambda: say(bob),
        lambda: mark_read(bob, town.pk, seq=4, thread_id=head),
        lambda: say(bob, read=1),
        lambda: mark_read(bob, town.pk, seq=0, threads=True),
        lambda: mark_read(bob, town.pk, seq=0),
    ):
        mark_unread(bob, town.pk, seq=2)
        action()
        marks.append(participant(bob, town).unread_from)
    assert marks == [2, 2, None, None, None]
    assert unread(bob, town) == 0


def test_who_comes_has_read_what_was_there(
    say: Say, alice: Member, bob: Member, adam: Member, town: Conversation
) -> None:
    for _ in range(3):
        say(alice)
    mark_unread(bob, town.pk, seq=1)
    leave_conversation(bob, town.pk)
    for member in (bob, adam):
        add_participant(alice, town.pk, member_id=member.pk)
        assert (participant(member, town).read, unread(member, town)) == ([[0, 3]], 0)


def test_receipts_know_which_messages_were_shown(
    say: Say, alice: Member, bob: Member, gus: Member, town: Conversation
) -> None:
    first, second = say(alice), say(alice)
    say(bob)
    mark_read(gus, town.pk, seq=2)
    mark_unread(gus, town.pk, seq=1)  # for themselves: it was shown to them all the same
    assert receipts(alice, second).read == [gus.pk]
    mark_read(bob, town.pk, seq=1)
    assert receipts(alice, first).read == [bob.pk, gus.pk]


# --- Nothing moves; bounds ------------------------------------------------------------------------------


def test_what_moves_nothing_writes_nothing(say: Say, alice: Member, bob: Member, town: Conversation) -> None:
    head = say(bob)
    say(alice, thread=head)
    say(alice)
    mark_read(bob, town.pk, seq=3)
    before = (participant(bob, town).version, own_events(bob))
    for seq in (0, 2, 3, 99):
        mark_read(bob, town.pk, seq=seq)
    mark_read(bob, town.pk, seq=1, thread_id=head)
    mark_read(bob, town.pk, seq=1, threads=True)
    assert (participant(bob, town).version, own_events(bob)) == before


def sparse(count: int) -> Ranges:
    """Every second seq is read: so many ranges."""
    return [[2 * number, 2 * number] for number in range(count)]


def test_where_too_many_gaps_are_left_the_oldest_count_as_read(
    say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    last = 2 * read.MOST
    Conversation.objects.filter(pk=town.pk).update(last_seq=last)
    Participant.objects.filter(pk=participant(bob, town).pk).update(read=sparse(read.MOST))
    events = own_events(bob)
    say(alice)
    say(bob)
    bobs, closed = participant(bob, town), read.MOST + 1 - read.KEPT
    assert bobs.read == [[0, 2 * closed], *sparse(read.MOST)[closed + 1 :], [last + 2, last + 2]]
    assert (len(bobs.read), bobs.read_seq) == (read.KEPT, 2 * closed)
    assert own_events(bob) == [*events, "participant.updated"]  # their clients cannot know which gaps were closed
    say(alice)
    say(bob)
    assert (len(participant(bob, town).read), len(own_events(bob))) == (read.KEPT + 1, len(events) + 1)


def test_of_too_many_tombstones_the_oldest_count_again(
    say: Say, alice: Member, bob: Member, town: Conversation
) -> None:
    odd = [[2 * number + 1, 2 * number + 1] for number in range(changes.MOST)]
    Conversation.objects.filter(pk=town.pk).update(last_seq=2 * changes.MOST, gone=odd)
    assert unread(bob, town) == changes.MOST
    delete_message(alice, say(alice))
    assert Conversation.objects.get(pk=town.pk).gone == [*odd[1:], [2 * changes.MOST + 1, 2 * changes.MOST + 1]]
    assert unread(bob, town) == changes.MOST + 1

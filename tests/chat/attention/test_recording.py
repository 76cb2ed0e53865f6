"""Whom a message concerns is recorded once, follows edits and measures, and never includes who may not read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from accounts.actions import change_preferences
from accounts.models import Member
from accounts.tenancy import every_organization
from chat.actions.conversations import create_channel, start_direct
from chat.actions.messages import send_message
from chat.actions.moderation import hide_message, remove_message, restore_message
from chat.actions.participants import remove_participant
from chat.actions.reactions import add_reaction
from chat.actions.revisions import delete_message, edit_message
from chat.attention.concerned import concerned_by
from chat.attention.recording import record
from chat.delivery.followers.handling import load
from chat.models import Attention, Conversation, Event, Message
from tests.cast import make_member, scope_of

pytestmark = pytest.mark.usefixtures("in_acme")

Follow = Callable[[], int]


@pytest.fixture
def dora(alice: Member) -> Member:
    """Member of Acme, in no conversation."""
    return make_member(alice.organization, "Dora")


@pytest.fixture
def town(alice: Member, bob: Member, gus: Member, mona: Member) -> Conversation:
    return create_channel(alice, kind="private", name="town", members=[bob.pk, gus.pk, mona.pk])


@pytest.fixture
def square(alice: Member) -> Conversation:
    """A public channel in which only Alice takes part."""
    return create_channel(alice, kind="public", name="square")


def say(member: Member, conversation: Conversation, text: str, **options: Any) -> Message:
    sent = send_message(member, conversation.pk, text=text, ref=uuid4(), **options)
    return Message.objects.get(pk=sent.message.id)


def recorded(message: Message) -> dict[str | None, str]:
    """By handle, or None for everybody: the reasons that are not withdrawn."""
    rows = Attention.objects.filter(message=message, withdrawn_at=None).select_related("member")
    return {row.member.handle if row.member else None: row.reason for row in rows}


def published() -> list[str]:
    return list(Event.objects.filter(type__startswith="attention.").order_by("pk").values_list("type", flat=True))


def test_a_message_that_names_nobody_leaves_no_row(follow_all: Follow, alice: Member, town: Conversation) -> None:
    message = say(alice, town, "nothing in particular")
    follow_all()
    assert recorded(message) == {}
    assert published() == []


def test_a_message_concerns_whom_it_names_but_not_its_author(
    follow_all: Follow, alice: Member, town: Conversation
) -> None:
    message = say(alice, town, "@bob, @gus and I, @alice")
    follow_all()
    assert recorded(message) == {"bob": "mention", "gus": "mention"}
    assert published() == ["attention.created"] * 2


def test_a_call_to_everybody_is_one_row(follow_all: Follow, alice: Member, bob: Member, town: Conversation) -> None:
    message = say(alice, town, "@channel, and @bob above all")
    follow_all()
    assert recorded(message) == {None: "group", "bob": "mention"}
    event = Event.objects.get(type="attention.created", member_id=None)
    assert event.conversation_id == town.pk


def test_a_reply_concerns_those_who_follow_the_thread_by_then(
    follow_all: Follow, alice: Member, bob: Member, gus: Member, mona: Member, town: Conversation
) -> None:
    head = say(alice, town, "a question for @mona")
    first = say(gus, town, "an answer", thread_id=head.pk)
    second = say(alice, town, "thanks, @bob knows more", thread_id=head.pk)
    third = say(bob, town, "I do", thread_id=head.pk)
    fourth = say(alice, town, "well", thread_id=head.pk)
    follow_all()
    assert recorded(first) == {"alice": "reply", "mona": "reply"}
    assert recorded(second) == {"gus": "reply", "mona": "reply", "bob": "mention"}
    assert recorded(third) == {"alice": "reply", "gus": "reply", "mona": "reply"}
    assert recorded(fourth) == {"gus": "reply", "mona": "reply", "bob": "reply"}


def test_a_keyword_concerns_the_member_who_set_it_alone(
    follow_all: Follow, alice: Member, bob: Member, gus: Member, town: Conversation, square: Conversation
) -> None:
    change_preferences(bob, keywords=["Deploy", "東京", "on call"])
    found = [say(alice, town, text) for text in ("We DEPLOY now", "来週は東京都に", "who is on-call?", "déploy")]
    missed = [say(alice, town, text) for text in ("deployment", "call on", "京東")]
    elsewhere = say(alice, square, "deploy")  # Bob does not take part there
    own = say(bob, town, "deploy")
    follow_all()
    assert [recorded(message) for message in found] == [{"bob": "keyword"}] * len(found)
    assert [recorded(message) for message in (*missed, elsewhere, own)] == [{}] * 5


def test_the_strongest_reason_of_a_member_is_recorded(
    follow_all: Follow, alice: Member, bob: Member, town: Conversation
) -> None:
    change_preferences(bob, keywords=["plan"])
    head = say(bob, town, "a plan")
    reply = say(alice, town, "the plan", thread_id=head.pk)
    named = say(alice, town, "@bob, the plan", thread_id=head.pk)
    follow_all()
    assert (recorded(reply), recorded(named)) == ({"bob": "reply"}, {"bob": "mention"})


def test_nobody_is_concerned_by_what_they_may_not_read(
    follow_all: Follow, alice: Member, bob: Member, gus: Member, dora: Member, town: Conversation, square: Conversation
) -> None:
    head = say(gus, town, "a question")
    remove_participant(alice, town.pk, member_id=gus.pk)
    reply = say(alice, town, "an answer", thread_id=head.pk)
    public = say(alice, square, "@dora may look in, @gus may not")
    Message.objects.filter(pk=reply.pk).update(mentions=[dora.pk])  # as if she could have been named
    follow_all()
    assert recorded(reply) == {}
    assert recorded(public) == {"dora": "mention"}
    assert published() == []  # she takes no part, so her clients count nothing there


def test_handling_events_again_changes_nothing(alice: Member, town: Conversation) -> None:
    message = say(alice, town, "@bob and @channel")
    for _ in range(3):
        handle_again(message)
    assert recorded(message) == {None: "group", "bob": "mention"}
    assert published() == ["attention.created"] * 2


def handle_again(message: Message) -> None:
    record(load(list(Event.objects.filter(entity_id=message.pk).order_by("pk").values_list("pk", flat=True))))


def test_an_edit_adds_and_takes_back(follow_all: Follow, alice: Member, bob: Member, town: Conversation) -> None:
    message = say(alice, town, "@bob")
    follow_all()
    edit_message(alice, message.pk, text="@gus, @channel")
    follow_all()
    assert recorded(message) == {None: "group", "gus": "mention"}
    edit_message(alice, message.pk, text="@bob, again")
    follow_all()
    assert recorded(message) == {"bob": "mention"}
    assert Attention.objects.get(message=message, member=bob).version == 3
    assert sorted(published()) == ["attention.created"] * 3 + ["attention.updated"] * 4


def test_an_edit_makes_a_reason_stronger_and_weaker(
    follow_all: Follow, alice: Member, bob: Member, town: Conversation
) -> None:
    head = say(bob, town, "a question")
    reply = say(alice, town, "an answer", thread_id=head.pk)
    follow_all()
    edit_message(alice, reply.pk, text="an answer, @bob")
    follow_all()
    assert recorded(reply) == {"bob": "mention"}
    edit_message(alice, reply.pk, text="an answer")
    follow_all()
    assert recorded(reply) == {"bob": "reply"}


def test_hiding_takes_back_and_restoring_brings_back(
    follow_all: Follow, alice: Member, bob: Member, mona: Member, town: Conversation
) -> None:
    message = say(bob, town, "@gus and @channel")
    follow_all()
    hide_message(mona, message.pk, reason="unkind")
    follow_all()
    assert recorded(message) == {}
    restore_message(mona, message.pk, reason="kind enough")
    follow_all()
    assert recorded(message) == {None: "group", "gus": "mention"}


def test_a_message_that_is_hidden_before_it_is_recorded_can_be_restored(
    follow_all: Follow, bob: Member, mona: Member, town: Conversation
) -> None:
    message = say(bob, town, "@gus")
    hide_message(mona, message.pk, reason="unkind")
    follow_all()
    assert recorded(message) == {}
    restore_message(mona, message.pk, reason="kind enough")
    follow_all()
    assert recorded(message) == {"gus": "mention"}


@pytest.mark.parametrize("take_away", ["delete", "remove"])
def test_a_message_that_is_gone_concerns_nobody(
    take_away: str, follow_all: Follow, bob: Member, mona: Member, town: Conversation
) -> None:
    message = say(bob, town, "@gus and @channel")
    follow_all()
    if take_away == "delete":
        delete_message(bob, message.pk)
    else:
        remove_message(mona, message.pk, reason="a password")
    follow_all()
    assert recorded(message) == {}
    late = say(bob, town, "@gus")
    delete_message(bob, late.pk)
    follow_all()
    assert not Attention.objects.filter(message=late).exists()


def test_what_changes_later_elsewhere_does_not_change_whom_it_concerned(
    follow_all: Follow, alice: Member, bob: Member, gus: Member, town: Conversation
) -> None:
    change_preferences(bob, keywords=["plan"])
    head = say(alice, town, "the plan")
    reply = say(gus, town, "first", thread_id=head.pk)
    follow_all()
    change_preferences(bob, keywords=[])
    say(bob, town, "second", thread_id=head.pk)
    add_reaction(bob, head.pk, emoji="👍")
    follow_all()
    assert recorded(head) == {"bob": "keyword"}
    assert recorded(reply) == {"alice": "reply"}


def test_everybody_with_every_reason(
    follow_all: Follow, alice: Member, bob: Member, gus: Member, mona: Member, town: Conversation
) -> None:
    change_preferences(gus, keywords=["plan"])
    message = say(alice, town, "@bob, the plan")
    direct = say(alice, start_direct(alice, kind="direct", members=[bob.pk])[0], "between us")
    call = say(alice, town, "@channel and @bob")
    follow_all()
    assert concerned_by(message) == {bob.pk: "mention", gus.pk: "keyword", mona.pk: "all"}
    assert concerned_by(direct) == {bob.pk: "direct"}
    assert concerned_by(call) == {bob.pk: "mention", gus.pk: "group", mona.pk: "group"}


def test_another_organization_is_not_touched(
    follow_all: Follow, alice: Member, charlie: Member, town: Conversation
) -> None:
    with scope_of(charlie):
        change_preferences(charlie, keywords=["plan"])
        channel = create_channel(charlie, kind="public", name="town")
        say(charlie, channel, "the plan of @bob")
    message = say(alice, town, "the plan, @charlie")
    follow_all()
    assert recorded(message) == {}
    with every_organization():
        assert not Attention.objects.exists()

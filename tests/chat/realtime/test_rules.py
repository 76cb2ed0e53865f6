"""Every command of the socket that writes, tried by the rule that is declared for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Member
from accounts.rules import Rule
from chat import rules
from chat.actions.messages import send_message
from chat.models import Conversation
from chat.realtime import commands
from chat.wire import Ack, ConversationRead, Heartbeat, MessageSend, Presence, Typing
from tests.chat.realtime.conftest import Server
from tests.chat.realtime.test_sanctions import inside, town_of

pytestmark = pytest.mark.django_db(transaction=True)

COMMANDS: Final[dict[type[Any], Rule | str]] = {
    MessageSend: rules.WRITE,
    ConversationRead: rules.READ,
    Ack: "writes nothing that others see",
    Heartbeat: "writes nothing",
    Presence: "a signal, never stored, sent at the pace of chat/delivery/node/presence_signals.py",
    Typing: "a signal, never stored, sent at the pace of chat/delivery/node/typing_signals.py",
}


def muted(bob: Member, town: Conversation) -> None:
    Member.objects.filter(pk=bob.pk).update(muted_until=timezone.now() + timedelta(hours=1))


def locked(bob: Member, town: Conversation) -> None:
    Conversation.objects.filter(pk=town.pk).update(locked_at=timezone.now())


def archived(bob: Member, town: Conversation) -> None:
    Conversation.objects.filter(pk=town.pk).update(archived_at=timezone.now())


def test_every_command_has_its_rule() -> None:
    assert commands.HANDLERS.keys() == COMMANDS.keys()


@pytest.mark.parametrize(("situation", "flag"), [(muted, "muted"), (locked, "locked"), (archived, "archived")])
async def test_by_the_rule(
    situation: Callable[[Member, Conversation], None], flag: str, server: Server, enter: Any, alice: Member, bob: Member
) -> None:
    town = await town_of(alice, bob)
    await inside(alice, lambda: send_message(alice, town.pk, text="hello", ref=uuid4()))
    client, token = await enter(bob)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    await inside(bob, lambda: situation(bob, town))
    frames = {
        rules.WRITE: {"op": "message.send", "text": "hm"},
        rules.READ: {"op": "conversation.read", "seq": 1},
    }
    for rule, frame in frames.items():
        ref = str(uuid4())
        talk.say(**frame, ref=ref, conversation=str(town.pk))
        answer = await talk.hear("result" if getattr(rule, flag) else "error")
        assert (answer["ref"], answer.get("code")) == (ref, None if getattr(rule, flag) else "forbidden")


async def test_a_ref_with_another_text_is_a_conflict(server: Server, enter: Any, alice: Member, bob: Member) -> None:
    town = await town_of(alice, bob)
    client, token = await enter(bob)
    talk = await server.connect(client, token=token)
    ref = str(uuid4())
    for text, op, code in (("one", "result", None), ("one", "result", None), ("two", "error", "conflict")):
        talk.say(op="message.send", ref=ref, conversation=str(town.pk), text=text)
        answer = await talk.hear(op)
        assert (answer["ref"], answer.get("code")) == (ref, code)


async def test_beyond_the_pace(server: Server, enter: Any, alice: Member, bob: Member, settings: Any) -> None:
    town = await town_of(alice, bob)
    client, token = await enter(bob)
    talk = await server.connect(client, token=token)
    settings.MESSAGE_RATE = 0
    talk.say(op="message.send", ref=str(uuid4()), conversation=str(town.pk), text="hm")
    answer = await talk.hear("error")
    assert answer["code"] == "throttled"
    assert 0 < answer["retry_after"] <= 60


async def test_charlie_reads_and_writes_nothing_of_acme(
    server: Server, enter: Any, alice: Member, charlie: Member
) -> None:
    town = await town_of(alice)
    client, token = await enter(charlie)
    talk = await server.connect(client, token=token, slug="globex")
    for frame in ({"op": "message.send", "text": "hm"}, {"op": "conversation.read", "seq": 1}):
        talk.say(**frame, ref=str(uuid4()), conversation=str(town.pk))
        assert (await talk.hear("error"))["code"] == "not_found"

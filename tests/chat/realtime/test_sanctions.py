"""A mute and a suspension take hold on a live socket within a second."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.actions.conversations import create_channel
from chat.actions.sanctions import mute_member, suspend_member
from chat.delivery.mailbox import mailbox
from chat.models import Conversation
from tests.chat.realtime.conftest import PATIENCE, Server, Talk

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = 1.0


async def inside(member: Member, work: Any) -> Any:
    def run() -> Any:
        try:
            with organization_scope(member.organization_id):
                return work()
        finally:
            connections.close_all()

    return await sync_to_async(run, thread_sensitive=False)()


async def town_of(alice: Member, *others: Member) -> Conversation:
    make = lambda: create_channel(alice, kind="private", name="town", members=[each.pk for each in others])  # noqa: E731
    found: Conversation = await inside(alice, make)
    return found


def post(talk: Talk, town: Conversation, text: str) -> str:
    ref = str(uuid4())
    talk.say(op="message.send", ref=ref, conversation=str(town.pk), text=text)
    return ref


@pytest.mark.usefixtures("no_repair")
async def test_a_mute(server: Server, enter: Any, alice: Member, bob: Member, charlie: Member) -> None:
    town = await town_of(alice, bob)
    client, token = await enter(bob)
    hers, her_token = await enter(alice)
    strange, strange_token = await enter(charlie)
    talk = await server.connect(client, token=token)
    other = await server.connect(hers, token=her_token)
    outsider = await server.connect(strange, token=strange_token, slug="globex")
    for each in (talk, other, outsider):
        await each.hear("hello")
    post(talk, town, "before")
    assert (await talk.hear("result"))["message"]["text"] == "before"
    await inside(alice, lambda: mute_member(alice, bob.pk, reason="Noise", until=timezone.now() + timedelta(hours=1)))
    ref = post(talk, town, "after")
    refused = await talk.hear("error")
    assert (refused["ref"], refused["code"]) == (ref, "forbidden")
    assert (refused["sanction"], refused["reason"]) == ("mute", "Noise")
    assert refused["until"] is not None
    received = [event["type"] for event in (await talk.hear("events"))["events"]]
    while "sanction.created" not in received:
        received += [event["type"] for event in (await talk.hear("events"))["events"]]
    talk.say(op="typing", conversation=str(town.pk))
    await asyncio.sleep(SECOND)  # within which the event would have arrived
    assert not [frame for frame in other.frames if frame["op"] == "signal" and frame["signal"]["type"] == "typing"]
    await inside(alice, lambda: Member.objects.filter(pk=bob.pk).update(muted_until=timezone.now()))
    post(talk, town, "at last")
    assert (await talk.hear("result"))["message"]["text"] == "at last"
    assert not [frame for frame in outsider.frames if frame["op"] == "events"]


@pytest.mark.usefixtures("no_repair")
async def test_a_suspension(server: Server, enter: Any, alice: Member, bob: Member) -> None:
    town = await town_of(alice, bob)
    client, token = await enter(bob)
    away, _ = await enter(bob)
    talk = await server.connect(client, token=token)
    hello = await talk.hear("hello")
    assert hello["op"] == "hello"
    post(talk, town, "waits for the other one")
    await talk.hear("result")
    await inside(alice, lambda: suspend_member(alice, bob.pk, reason="Threats"))
    assert await talk.close_code() == 4403
    assert await inside(alice, lambda: mailbox().depth([client.pk, away.pk])) == {}
    async with asyncio.timeout(PATIENCE):
        again = await server.connect(client, token=token)
        assert await again.close_code() in {4401, 4403}

"""A client that stops reading costs a bounded amount of memory, holds nobody up, and ends with a resync."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psutil
import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.delivery import Draft, participants_of, publish
from chat.models import Client, Conversation
from tests.chat.delivery.conftest import make_channel
from tests.chat.realtime.conftest import PATIENCE, Server

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS, TOGETHER = 100_000, 1000
MEMORY = 64 * 2**20  # bytes by which the process may grow: twice the memories of chat/delivery/node/bodies.py


def post(conversation: Conversation, sender: Member, count: int) -> None:
    draft = Draft(
        type="conversation.updated",
        entity=conversation.entity(),
        entity_id=conversation.pk,
        audience=participants_of(conversation.pk),
    )
    try:
        with organization_scope(sender.organization_id):
            for _ in range(count // TOGETHER):
                with transaction.atomic():
                    publish(sender.organization_id, *[draft] * TOGETHER)
    finally:
        connections.close_all()


async def test_a_reader_that_stops_is_bounded_and_resyncs(
    server: Server, enter: Callable[[Member], Awaitable[tuple[Client, str]]], alice: Member, bob: Member
) -> None:
    conversation = await sync_to_async(lambda: make_channel("busy", alice, bob), thread_sensitive=False)()
    client, token = await enter(alice)
    slow = await server.connect(client, token=token)
    await slow.hear("hello")
    slow.wire.transport.pause_reading()
    before = psutil.Process().memory_info().rss
    await sync_to_async(post, thread_sensitive=False)(conversation, bob, EVENTS)
    assert psutil.Process().memory_info().rss - before < MEMORY
    connection = server.node.connections[client.pk]
    assert connection.sent - connection.acked <= connection.window
    slow.wire.transport.resume_reading()
    resync = await slow.hear("resync")
    slow.say(op="ack", tag=resync["tag"])
    await sync_to_async(post, thread_sensitive=False)(conversation, bob, TOGETHER)
    async with asyncio.timeout(PATIENCE):
        while connection.sent < EVENTS + TOGETHER:
            slow.say(op="ack", tag=connection.sent)
            await asyncio.sleep(0.01)

"""Commands that clients send over their sockets: one handler for each frame of chat/wire.py.

Handlers of frequent frames (ack, heartbeat, typing) run where the frame arrives, without a task or a thread. Handlers
that write return a coroutine, which runs while further frames are read; its refusals become `error` frames.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import msgspec
from asgiref.sync import sync_to_async
from django.db import connections

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.actions.messages import Post
from chat.actions.read import mark_read
from chat.delivery.node import Node
from chat.delivery.node.connections import Connection
from chat.delivery.node.typing_signals import Notice
from chat.entities.participants import Participant
from chat.errors import Forbidden, Refusal
from chat.realtime import failures, poster, reads
from chat.wire import Ack, ConversationRead, Heartbeat, MessageSend, Presence, Ref, Result, Typing


class Socket(Protocol):
    """The part of the consumer that handlers use."""

    node: Node
    connection: Connection


Work = Coroutine[Any, Any, Result | None]
Handler = Callable[[Socket, Any], Work | None]
Frame = TypeVar("Frame", bound=msgspec.Struct)

HANDLERS: Final[dict[type[msgspec.Struct], Handler]] = {}


def command(schema: type[Frame]) -> Callable[[Callable[[Socket, Frame], Work | None]], Handler]:
    def register(handler: Callable[[Socket, Frame], Work | None]) -> Handler:
        HANDLERS[schema] = handler
        return handler

    return register


@command(Ack)
def ack(socket: Socket, frame: Ack) -> None:
    if not socket.node.ack(socket.connection, frame.tag):
        raise failures.ProtocolError


@command(Heartbeat)
def heartbeat(socket: Socket, frame: Heartbeat) -> None:
    """Nothing to do: the consumer has noted that a frame came."""


@command(Typing)
def typing(socket: Socket, frame: Typing) -> None:
    connection = socket.connection
    socket.node.typing.add(Notice(connection.organization_id, connection.member_id, frame.conversation))


@command(Presence)
def presence(socket: Socket, frame: Presence) -> None:
    connection = socket.connection
    connection.away = frame.state == "away"
    socket.node.presence.arrived([(connection.organization_id, connection.member_id)])


@command(MessageSend)
def message_send(socket: Socket, frame: MessageSend) -> Work:
    connection = socket.connection
    post = Post(
        organization_id=connection.organization_id,
        member_id=connection.member_id,
        conversation_id=frame.conversation,
        text=frame.text,
        ref=UUID(frame.ref),
        thread_id=frame.thread,
        read=frame.read,
    )
    return _send(socket.node, post, ref=frame.ref)


@command(ConversationRead)
def conversation_read(socket: Socket, frame: ConversationRead) -> Work:
    return _read(socket.connection.organization_id, socket.connection.member_id, frame)


async def _send(node: Node, post: Post, *, ref: Ref) -> Result:
    outcome = await poster.send(post, turns=node.turns)
    if outcome is None:
        raise Unavailable
    if isinstance(outcome, Refusal):
        raise outcome
    return Result(ref=ref, message=outcome.message)


async def _read(organization_id: UUID, member_id: UUID, frame: ConversationRead) -> Result | None:
    async def mark(what: reads.What, seq: int) -> Participant:
        participant: Participant = await sync_to_async(_mark_read, thread_sensitive=False)(
            organization_id, member_id, what, seq
        )
        return participant

    what = reads.What(frame.conversation, frame.thread, frame.threads)
    participant = await reads.read(member_id, what, frame.seq, mark=mark)
    return Result(ref=frame.ref, participant=participant) if frame.ref is not None else None


def _mark_read(organization_id: UUID, member_id: UUID, what: reads.What, seq: int) -> Participant:
    try:
        with organization_scope(organization_id):
            member = Member.objects.filter(pk=member_id, deactivated_at=None).first()
            if member is None:
                raise Forbidden
            participant = mark_read(member, what.conversation, seq=seq, thread_id=what.thread, threads=what.threads)
            return participant.entity(own=True)
    finally:
        connections.close_all()


class Unavailable(Exception):
    """A part of the server is down for a moment."""

"""What a client may say on its socket: one handler per op, registered with the struct that is its schema.

Handlers of the hot ops (ack, heartbeat, typing) run where the frame arrives, without a task or a thread. Those that
write return a coroutine, which runs beside the reading of further frames; its refusals become error frames.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar, Union
from uuid import UUID

import msgspec
from asgiref.sync import sync_to_async
from django.db import connections

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.actions.read import mark_read
from chat.delivery.node import Node
from chat.delivery.node.connections import Connection
from chat.delivery.node.signals import Notice
from chat.entities.participants import Participant
from chat.errors import Forbidden, Refusal
from chat.realtime import poster, protocol, reads
from chat.realtime.protocol import Ack, ConversationRead, Heartbeat, MessageSend, Result, Stir, Typing


class Socket(Protocol):
    """What a handler sees of the consumer."""

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
        raise protocol.ProtocolError


@command(Heartbeat)
def heartbeat(socket: Socket, frame: Heartbeat) -> None:
    """That it came is all there is to it."""


@command(Typing)
def typing(socket: Socket, frame: Typing) -> None:
    connection = socket.connection
    socket.node.signals.typing(Notice(connection.organization_id, connection.member_id, frame.conversation))


@command(Stir)
def presence(socket: Socket, frame: Stir) -> None:
    connection = socket.connection
    connection.away = frame.state == "away"
    socket.node.signals.arrived([(connection.organization_id, connection.member_id)])


@command(MessageSend)
def message_send(socket: Socket, frame: MessageSend) -> Work:
    connection = socket.connection
    return _send(socket.node, poster.Parcel(connection.organization_id, connection.member_id, frame))


@command(ConversationRead)
def conversation_read(socket: Socket, frame: ConversationRead) -> Work:
    return _read(socket.connection.organization_id, socket.connection.member_id, frame)


decoder: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(Union[tuple(HANDLERS)])  # noqa: UP007  # made at run time


async def _send(node: Node, parcel: poster.Parcel) -> Result:
    outcome = await poster.post(parcel, delivery=node.dispatcher)
    if outcome is None:
        raise Unavailable
    if isinstance(outcome, Refusal):
        raise outcome
    return Result(ref=parcel.frame.ref, message=outcome.message)


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
            seat = mark_read(member, what.conversation, seq=seq, thread_id=what.thread, threads=what.threads)
            return seat.entity(own=True)
    finally:
        connections.close_all()


class Unavailable(Exception):
    """Something of ours is down for a moment."""

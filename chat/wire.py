"""Everything that is sent over a socket and between nodes: close codes, frames and node messages, in one table.

Sockets speak the version `parley.v1`. A frame from a client is decoded into exactly one struct, so no unchecked value
passes this module. The JSON Schema that the server publishes is made from the same structs (chat/realtime/schema.py).
Two server frames are sent far more often than others, `events` and `signal`. They are put together from a template and
an encoded body that all their receivers share; their structs describe them, and a test compares both.

Nodes exchange `NodeMessage`s over the channel layer, as dictionaries with a `type`. During a rolling upgrade a node may
receive a message of another version: unknown fields are ignored, and `read_node_message` raises for everything else.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from chat.entities.fields import Time
from chat.entities.messages import Message as MessageEntity
from chat.entities.participants import Participant as ParticipantEntity

SUBPROTOCOL: Final = "parley.v1"

Ordinal = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Ref = Annotated[str, Meta(min_length=1, max_length=64)]  # returned exactly as the client spelled it
# `$` alone also matches before a last newline in Python; readers of the JSON Schema do not know Python's `\Z`.
UuidRef = Annotated[str, Meta(pattern="^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$(?!\\n)")]
State = Literal["online", "away", "offline"]


class Close(IntEnum):
    """Close codes of the socket. Codes below 4000 are those of the WebSocket standard."""

    BAD_TEXT = 1007
    TOO_BIG = 1009
    RESTARTING = 1012  # its reason is `retry=<ms>`: reconnect after a random time up to that
    PROTOCOL_ERROR = 4400
    NOT_SIGNED_IN = 4401
    NOT_A_MEMBER = 4403
    UNKNOWN_CLIENT = 4404
    TOO_SLOW = 4408
    REPLACED = 4409
    TOO_LARGE = 4413
    TOO_MANY = 4429


# --- Frames from clients --------------------------------------------------------------------------------


class Ack(Struct, frozen=True, tag_field="op", tag="ack"):
    """The client has applied all events up to `tag`."""

    tag: Ordinal


class Heartbeat(Struct, frozen=True, tag_field="op", tag="heartbeat"):
    """Sent at least once in two heartbeats of the server."""


class MessageSend(Struct, frozen=True, tag_field="op", tag="message.send"):
    """Send a message; the answer is a `result` with `message`. `ref` is the idempotency key. `read` is the seq up to
    which the main line was shown when the message was written, as if a `conversation.read` preceded it."""

    ref: UuidRef
    conversation: UUID
    text: str
    thread: UUID | None = None
    read: Ordinal | None = None


class ConversationRead(Struct, frozen=True, tag_field="op", tag="conversation.read"):
    """The main line was shown up to `seq`. Messages up to it count as read, except unread replies in threads that the
    member follows; with `threads` these count as well. With `thread`, the id of the message that the thread belongs to,
    the replies of that thread up to `seq` count as read, and nothing else."""

    conversation: UUID
    seq: Ordinal
    thread: UUID | None = None
    threads: bool = False
    ref: Ref | None = None


class Typing(Struct, frozen=True, tag_field="op", tag="typing"):
    """The member is writing in the conversation."""

    conversation: UUID


class Presence(Struct, frozen=True, tag_field="op", tag="presence"):
    """Whether the member is at this client: `away` after minutes without a key press or a touch. A new socket counts as
    `online`."""

    state: Literal["online", "away"]


ClientFrame = Ack | Heartbeat | Typing | Presence | MessageSend | ConversationRead
CLIENT_FRAMES: Final[tuple[type[Struct], ...]] = get_args(ClientFrame)

client_frames: Final = msgspec.json.Decoder(ClientFrame)


# --- Frames from the server -----------------------------------------------------------------------------


class Hello(Struct, frozen=True, tag_field="op", tag="hello"):
    """The first frame of a socket. With the outcome `resync` the client syncs, then continues after `tag`."""

    client: UUID
    tag: int
    outcome: Literal["resumed", "resync"]
    pending: int
    heartbeat: int  # seconds
    window: int  # events in flight, at most


class Event(Struct, frozen=True):
    id: int
    type: str
    conversation: UUID | None
    at: Time
    data: dict[str, Any]  # the whole entity


class Events(Struct, frozen=True, tag_field="op", tag="events"):
    """Durable events; the one at index i has the tag `tag` + i."""

    tag: int
    events: list[Event]


class TypingSignal(Struct, frozen=True, tag_field="type", tag="typing"):
    conversation: UUID
    member: UUID


class PresenceSignal(Struct, frozen=True, tag_field="type", tag="presence"):
    member: UUID
    state: State


class Signal(Struct, frozen=True, tag_field="op", tag="signal"):
    """An ephemeral signal. `tag` is the tag of the last durable event that was sent."""

    tag: int
    signal: TypingSignal | PresenceSignal


class ServerHeartbeat(Struct, frozen=True, tag_field="op", tag="heartbeat"):
    """Sent regularly. `tag` is the tag of the last durable event that was sent."""

    tag: int


class Resync(Struct, frozen=True, tag_field="op", tag="resync"):
    """The mailbox was emptied: sync, then continue after `tag`."""

    tag: int
    reason: str


class Result(Struct, frozen=True, tag_field="op", tag="result"):
    """The answer to a command that had this `ref`."""

    ref: Ref
    message: MessageEntity | UnsetType = UNSET
    participant: ParticipantEntity | UnsetType = UNSET


class Failure(Struct, frozen=True, tag_field="op", tag="error"):
    """A command was refused. `sanction`, `reason` and `until` describe the measure of a moderator that forbids it."""

    ref: Ref | None
    code: str
    message: str
    errors: dict[str, list[str]] | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET  # seconds
    sanction: Literal["mute", "suspension"] | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    until: Time | UnsetType | None = UNSET


ServerFrame = Hello | Events | Signal | ServerHeartbeat | Resync | Result | Failure
SERVER_FRAMES: Final[tuple[type[Struct], ...]] = get_args(ServerFrame)

EVENTS_BODY: Final = b'"events":[%b]}'  # of the encoded events, joined by commas
EVENTS_FRAME: Final = b'{"op":"events","tag":%d,%b'  # of the tag and a body
SIGNAL_FRAME: Final = b'{"op":"signal","tag":%d,"signal":%b}'  # of the tag and an encoded signal

encode: Final = msgspec.json.Encoder().encode


# --- Messages between nodes -----------------------------------------------------------------------------


class Wake(Struct, frozen=True, tag_field="type", tag="wake"):
    """The mailboxes of these clients have new entries. Carries no content; a lost message only delays them."""

    clients: list[int]


class CloseSockets(Struct, frozen=True, tag_field="type", tag="close"):
    clients: list[int]
    code: int


class CheckStanding(Struct, frozen=True, tag_field="type", tag="check"):
    """Another node has claimed these clients, or their members' standing changed: check whether they may stay."""

    clients: list[int]


class ResyncClients(Struct, frozen=True, tag_field="type", tag="resync"):
    """The mailboxes of these clients were emptied by an operator."""

    clients: list[int]


class ForgetEvents(Struct, frozen=True, tag_field="type", tag="redacted"):
    """These events were redacted: forget how they were encoded."""

    events: list[int]


class Echo(Struct, frozen=True, tag_field="type", tag="echo"):
    """A node sends it to itself. A missing number reveals that its subscription was interrupted."""

    number: int


class SendSignal(Struct, frozen=True, tag_field="type", tag="signal"):
    clients: list[int]
    signal: TypingSignal | PresenceSignal


class PresenceChanged(Struct, frozen=True, tag_field="type", tag="presence"):
    """Members of an organization, each with the state that it has from now on. Sent to all nodes."""

    organization: UUID
    changes: list[tuple[UUID, State]]


NodeMessage = Wake | CloseSockets | CheckStanding | ResyncClients | ForgetEvents | Echo | SendSignal | PresenceChanged
NODE_MESSAGES: Final[tuple[type[Struct], ...]] = get_args(NodeMessage)


class UnreadableMessage(Exception):
    """A node message is unknown or malformed: the node that sent it has another version."""


def pack_node_message(message: NodeMessage) -> dict[str, Any]:
    """The message as the channel layer takes it."""
    packed: dict[str, Any] = msgspec.to_builtins(message)
    return packed


def read_node_message(packed: object) -> NodeMessage:
    """The message that came over the channel layer. Raises UnreadableMessage."""
    try:
        message: NodeMessage = msgspec.convert(packed, NodeMessage)
    except msgspec.ValidationError as error:
        raise UnreadableMessage(str(error)) from error
    return message

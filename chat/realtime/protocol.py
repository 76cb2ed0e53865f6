"""The frames of the socket, version `parley.v1`, and its close codes.

Frames to the client are written by hand where they are hot (chat/delivery) and by the structs below elsewhere; frames
from the client are decoded into one struct per op, so nothing unchecked gets further than this file.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from django.utils.translation import gettext
from msgspec import UNSET, Meta, Struct, UnsetType

from accounts.surrogates import mend
from chat.entities.fields import Time
from chat.entities.messages import Message as MessageEntity
from chat.entities.participants import Participant as ParticipantEntity
from chat.errors import Invalid, Refusal, Sanctioned, Throttled

SUBPROTOCOL: Final = "parley.v1"

Ordinal = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Ref = Annotated[str, Meta(min_length=1, max_length=64)]  # given back letter by letter, however a client spells it
# `$` alone also matches before a last newline in Python; `\Z` would be another thing to the readers of the JSON Schema.
UuidRef = Annotated[str, Meta(pattern="^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$(?!\\n)")]


class Close(IntEnum):
    PROTOCOL_ERROR = 4400
    NOT_SIGNED_IN = 4401
    NOT_A_MEMBER = 4403
    UNKNOWN_CLIENT = 4404
    TOO_SLOW = 4408
    REPLACED = 4409
    TOO_LARGE = 4413
    TOO_MANY = 4429
    RESTARTING = 1012


class Ack(Struct, frozen=True, tag_field="op", tag="ack"):
    """Cumulative, sent after applying."""

    tag: Ordinal


class Heartbeat(Struct, frozen=True, tag_field="op", tag="heartbeat"):
    """At least every two heartbeats of the server."""


class MessageSend(Struct, frozen=True, tag_field="op", tag="message.send"):
    """`ref` is the idempotency key; the answer is a `result` with `message`. `read`: the seq up to which the main line
    was shown when it was written, as if `conversation.read` came first."""

    ref: UuidRef
    conversation: UUID
    text: str
    thread: UUID | None = None
    read: Ordinal | None = None


class ConversationRead(Struct, frozen=True, tag_field="op", tag="conversation.read"):
    """The main line was shown up to `seq`: it counts as read, but for unread replies of threads that the member
    follows. With `threads` those as well. With `thread`, the id of a head, the replies of that thread up to `seq` and
    no more."""

    conversation: UUID
    seq: Ordinal
    thread: UUID | None = None
    threads: bool = False
    ref: Ref | None = None


class Typing(Struct, frozen=True, tag_field="op", tag="typing"):
    conversation: UUID


class Stir(Struct, frozen=True, tag_field="op", tag="presence"):
    """Whether somebody is at the client: `away` after minutes without a key or a press. A new socket is `online`."""

    state: Literal["online", "away"]


class Result(Struct, frozen=True, tag_field="op", tag="result"):
    ref: Ref
    message: MessageEntity | UnsetType = UNSET
    participant: ParticipantEntity | UnsetType = UNSET


class Failure(Struct, frozen=True, tag_field="op", tag="error"):
    ref: Ref | None
    code: str
    message: str
    errors: dict[str, list[str]] | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET  # seconds
    sanction: Literal["mute", "suspension"] | UnsetType = UNSET  # what a moderator imposed, told with the next two
    reason: str | UnsetType = UNSET
    until: Time | UnsetType | None = UNSET


class ProtocolError(Exception):
    """What came is no frame at all: the socket is closed with 4400."""


class BadCommand(Exception):
    """A frame that is understood but not accepted: answered with an `error` frame."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _Envelope(Struct):
    """What can be said of a frame that fits no schema."""

    op: Any = None
    ref: Any = None


_encoder: Final = msgspec.json.Encoder()
_REF: Final = re.compile(rb'"ref"\s*:\s*"([^"\\]{1,64})"')
_envelopes: Final = msgspec.json.Decoder(_Envelope)


def encode(frame: Result | Failure) -> str:
    return _encoder.encode(frame).decode()


def refused(ref: Ref | None, refusal: Refusal) -> Failure:
    """The one place that turns a refusal into a frame."""
    measure = refusal if isinstance(refusal, Sanctioned) else None
    return Failure(
        ref=ref,
        code=refusal.code,
        message=refusal.detail,
        errors=refusal.errors if isinstance(refusal, Invalid) else UNSET,
        retry_after=refusal.retry_after if isinstance(refusal, Throttled) else UNSET,
        sanction=measure.sanction if measure else UNSET,
        reason=measure.reason if measure else UNSET,
        until=measure.until if measure else UNSET,
    )


def unavailable(ref: Ref | None) -> Failure:
    """Something of ours is down for a moment. Nothing was written, or the ref will say so: try again."""
    return Failure(ref=ref, code="unavailable", message="Try again in a moment.")


def read_again(text: str, decoder: msgspec.json.Decoder[Any]) -> Any:
    """The frame that could not be decoded as it came. Raises BadCommand when one of its fields is at fault, and
    ProtocolError when it is no JSON object at all.

    A fault of one field must not end the socket: the client would send it again on the next one, for ever.
    """
    document = mend(text.encode())
    try:
        return decoder.decode(document)
    except msgspec.ValidationError as error:
        raise BadCommand(Failure(ref=_ref_of(document), code="invalid", message=str(error))) from error
    except RecursionError as error:
        if not text.lstrip().startswith("{"):
            raise ProtocolError from error
        deep = gettext("The frame is nested too deeply.")
        raise BadCommand(Failure(ref=_ref_of(document), code="invalid", message=deep)) from error
    except msgspec.DecodeError as error:
        raise ProtocolError from error


def _ref_of(document: bytes) -> str | None:
    """The ref of a frame that fits no command, None when it has none. Raises ProtocolError when it is no object."""
    try:
        ref = _envelopes.decode(document).ref
    except RecursionError:  # what nests too deeply may come before or after the ref
        found = _REF.search(document)
        ref = found.group(1).decode() if found else None
    except msgspec.MsgspecError as error:
        raise ProtocolError from error
    try:
        return msgspec.convert(ref, Ref | None)
    except msgspec.ValidationError:
        return None

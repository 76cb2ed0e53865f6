"""The frames of the socket as JSON Schema, published beside the OpenAPI description.

What clients say is described by the very structs that decode it. What they are told is written by hand where it is hot
(chat/delivery), so it is described here, and a test holds real frames against it.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe
from msgspec import Struct

from chat.entities.fields import Time
from chat.entities.registry import event_types, registrations
from chat.realtime.commands import HANDLERS
from chat.realtime.protocol import SUBPROTOCOL, Failure, Result


class Hello(Struct, tag_field="op", tag="hello"):
    """The first frame. `resync`: sync, then continue after `tag`."""

    client: UUID
    tag: int
    outcome: Literal["resumed", "resync"]
    pending: int
    heartbeat: int  # seconds
    window: int  # events in flight, at most


class Event(Struct):
    id: int
    type: str
    conversation: UUID | None
    at: Time
    data: dict[str, Any]  # the whole entity


class Events(Struct, tag_field="op", tag="events"):
    """Durable events; the one at place i has the tag `tag` + i."""

    tag: int
    events: list[Event]


class TypingSignal(Struct, tag_field="type", tag="typing"):
    conversation: UUID
    member: UUID


class PresenceSignal(Struct, tag_field="type", tag="presence"):
    member: UUID
    state: Literal["online", "away", "offline"]


class Signal(Struct, tag_field="op", tag="signal"):
    """Ephemeral; `tag` is the last durable one that was sent."""

    tag: int
    signal: TypingSignal | PresenceSignal


class ServerHeartbeat(Struct, tag_field="op", tag="heartbeat"):
    tag: int


class Resync(Struct, tag_field="op", tag="resync"):
    """The mailbox was emptied: sync, then continue after `tag`."""

    tag: int
    reason: str


TOLD: Final = [Hello, Events, Signal, ServerHeartbeat, Resync, Result, Failure]


@cache
def document() -> bytes:
    """The description as JSON, made once: it is open to everybody."""
    return msgspec.json.encode(description())


@cache
def _etag() -> str:
    return f'"{blake2b(document(), digest_size=12).hexdigest()}"'


@require_safe
@condition(etag_func=lambda request: _etag())
def frames(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document(), content_type="application/json", headers={"Cache-Control": "no-cache"})


def description() -> dict[str, Any]:
    """`client`: what a client may say; `server`: what it is told; the shapes in `$defs`."""
    entities = [registration.struct for registration in registrations()]
    references, definitions = msgspec.json.schema_components(
        [*HANDLERS, *TOLD, *entities], ref_template="#/$defs/{name}"
    )
    said, told = references[: len(HANDLERS)], references[len(HANDLERS) : len(HANDLERS) + len(TOLD)]
    definitions["Event"]["properties"]["data"] = {"anyOf": list(references[-len(entities) :])}
    definitions["Event"]["properties"]["type"] = {"enum": event_types()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SUBPROTOCOL,
        "anyOf": [{"$ref": "#/$defs/client"}, {"$ref": "#/$defs/server"}],
        "$defs": {**definitions, "client": {"oneOf": list(said)}, "server": {"oneOf": list(told)}},
    }

"""How entities and events are written as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from chat.entities.registry import Entity

_encoder: Final = msgspec.json.Encoder()


def encode(entity: Entity) -> str:
    """The entity as JSON, made once and stored; everything that is sent later is spliced from it."""
    return _encoder.encode(entity).decode()


def splice(
    *, id: int, type: str, conversation: UUID | str | None, at: datetime, data: str
) -> bytes:  # the wire's own names
    """One event as it goes over the wire, around its already encoded entity."""
    room = f'"{conversation}"' if conversation else "null"
    stamp = at.isoformat().replace("+00:00", "Z")
    return f'{{"id":{id},"type":"{type}","conversation":{room},"at":"{stamp}","data":{data}}}'.encode()

"""The registered followers. Every process with the same code has the same ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
BATCH: Final = 100  # events in one call: some megabytes of messages at the very most, and a transaction of milliseconds

Effect = Callable[[], object]


class Followed(Struct, frozen=True):
    """One event as a follower gets it. `id` is the key by which a handler recognizes an event that it had before.

    `member`: the one member whom the event was for, None where it was for a conversation or the organization. `data`:
    the JSON of the entity; where a message has been deleted or hidden meanwhile, its texts are empty.
    """

    id: int
    type: str
    organization: UUID
    conversation: UUID | None
    member: UUID | None
    entity: UUID
    data: str
    at: datetime


Handler = Callable[[Sequence[Followed]], Iterable[Effect] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A registered follower."""

    name: str
    handler: Handler
    types: frozenset[str]  # empty: every type
    start: Literal["now", "beginning"]
    batch: int

    def wants(self, type: str) -> bool:
        return not self.types or type in self.types


_registered: dict[str, Declaration] = {}


def follow(
    name: str,
    handler: Handler,
    *,
    types: Collection[str] = (),
    start: Literal["now", "beginning"] = "now",
    batch: int = BATCH,
) -> None:
    """Register `handler` for every event of these types, or of all types. Call it in `ready()` of an app.

    `handler(events)` gets one to `batch` events of one organization, in their order, within that organization's scope
    and within the transaction that takes them out of the queue: what it writes to the database happens exactly once. It
    may return functions to call after the commit; their events are taken out of the queue when they are done. Where a
    worker dies before that, the handler gets the same events once more, so it has to recognize an event by its `id`.
    Whatever it raises undoes the transaction; the events are tried again one by one, with growing pauses, and one that
    fails FOLLOWER_TRIES times is set aside for the installation's staff.

    `name` is the key of its position in the database: another name is another follower. `start`: where a new follower
    begins, with the events that are written from now on or with the oldest that the log still holds.
    Raises ValueError for a name that is no word of small letters, digits and "_", or that is taken by another handler.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"a follower's name is a word of small letters, digits and _: {name!r}")
    declared = Declaration(name=name, handler=handler, types=frozenset(types), start=start, batch=batch)
    if _registered.setdefault(name, declared) != declared:
        raise ValueError(f"two followers are called {name!r}")


def registered() -> list[Declaration]:
    """All followers, by name."""
    return [declared for _, declared in sorted(_registered.items())]


def is_followed(types: Iterable[str]) -> bool:
    """Whether any follower wants an event of one of these types."""
    return any(declared.wants(type) for declared in _registered.values() for type in types)

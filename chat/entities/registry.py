"""The registry of entities and of the types of their events.

Each module of this package declares one entity and registers it. Everything that needs to know all entities asks here:
the check constraint of the event log, the published schemas, the generated types of the browser, the answer of sync and
the stores of both clients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from msgspec import Struct


class Entity(Struct, frozen=True):
    """Base of all entities. An entity has a `version` that grows with every change of it."""


EntityT = TypeVar("EntityT", bound=Entity)


Owner = Literal["", "member", "conversation"]


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of an entity.

    An entity without a `collection` has rules of its own in the answer of sync and in the stores of both clients. All
    others have a field of that name in the answer and a collection of that name in both stores, where an entity
    replaces the one with the same `key` if it is newer.
    """

    noun: str  # what its event types begin with
    struct: type[Entity]
    event_types: tuple[str, ...]
    collection: str = ""
    key: str = "id"  # the field by which the collection is indexed
    owner: Owner = ""  # the field that names its owner: clients forget the entity when they forget the owner
    whole: bool = False  # sync answers with the whole collection, in place of what clients know
    moderators: bool = False  # only moderators receive it; clients forget it when the member is no longer one


_registrations: dict[str, Registration] = {}


def register(
    *event_types: str,
    collection: str = "",
    key: str = "id",
    owner: Owner = "",
    whole: bool = False,
    moderators: bool = False,
) -> Callable[[type[EntityT]], type[EntityT]]:
    """Decorate the struct of an entity with the types of its events, which all begin with the same noun, and with what
    clients do with it (see `Registration`)."""

    def decorate(struct: type[EntityT]) -> type[EntityT]:
        nouns = {type.partition(".")[0] for type in event_types}
        if len(nouns) != 1 or nouns & _registrations.keys():
            raise ValueError(f"{struct.__name__}: the event types need one noun that no other entity has")
        if "version" not in struct.__struct_fields__:
            raise TypeError(f"{struct.__name__}: an entity has a version")
        noun = nouns.pop()
        _registrations[noun] = Registration(
            noun, struct, event_types, collection, key=key, owner=owner, whole=whole, moderators=moderators
        )
        return struct

    return decorate


def registrations() -> list[Registration]:
    """All entities, by noun."""
    return [_registrations[noun] for noun in sorted(_registrations)]


def event_types() -> list[str]:
    """The types of all events, in ascending order."""
    return sorted(type for registration in _registrations.values() for type in registration.event_types)

"""The registry of entities and of the types of their events.

Each module of this package declares one entity and registers it. Everything that needs to know all entities asks here:
the check constraint of the event log, the published schemas, the generated types of the browser, the answer of sync and
the stores of both clients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from msgspec import Struct


class Entity(Struct, frozen=True):
    """Base of all entities. An entity has a `version` that grows with every change of it."""


EntityT = TypeVar("EntityT", bound=Entity)


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of an entity: its name in event types (`message`), its struct and the types of its events."""

    noun: str
    struct: type[Entity]
    event_types: tuple[str, ...]


_registrations: dict[str, Registration] = {}


def register(*event_types: str) -> Callable[[type[EntityT]], type[EntityT]]:
    """Decorate the struct of an entity with the types of its events, all of which begin with the same noun."""

    def decorate(struct: type[EntityT]) -> type[EntityT]:
        nouns = {type.partition(".")[0] for type in event_types}
        if len(nouns) != 1 or nouns & _registrations.keys():
            raise ValueError(f"{struct.__name__}: the event types need one noun that no other entity has")
        if "version" not in struct.__struct_fields__:
            raise TypeError(f"{struct.__name__}: an entity has a version")
        noun = nouns.pop()
        _registrations[noun] = Registration(noun, struct, event_types)
        return struct

    return decorate


def registrations() -> list[Registration]:
    """All entities, by noun."""
    return [_registrations[noun] for noun in sorted(_registrations)]


def event_types() -> list[str]:
    """The types of all events, in ascending order."""
    return sorted(type for registration in _registrations.values() for type in registration.event_types)

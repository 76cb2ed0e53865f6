"""What a page of the answer already holds, and the readers that add the other entities to it.

A module in `readers/` reads one entity: it decorates a function with `reads(struct)`. The function takes the page and
returns the entities that belong into it. The answer then has a field of that name, which is the entity's `collection`
in `chat/entities/`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from uuid import UUID

from accounts.models import Member
from chat.entities.registry import Entity
from chat.models import Conversation
from chat.queries.sync import readers
from chat.queries.sync.changes import Change


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the answer to one member."""

    member: Member
    since: int  # the transaction from which on changes are wanted; 0 for a first sync
    first: bool  # whether it is the first page of its sync
    members: frozenset[UUID]  # the members in this page: all that it refers to, and those who changed
    changes: Sequence[Change]  # what changed in the conversations of this page, ascending
    conversations: Mapping[UUID, Conversation]  # at least those of `changes`


Reader = Callable[[Page], Sequence[Entity] | None]

_readers: dict[type[Entity], Reader] = {}


def reads(struct: type[Entity]) -> Callable[[Reader], Reader]:
    """Decorate the function that reads the entities of this struct for a page.

    It returns None where the page says nothing about them; only entities that sync answers with as a whole do that.
    """

    def decorate(reader: Reader) -> Reader:
        _readers[struct] = reader
        return reader

    return decorate


@cache
def all_readers() -> dict[type[Entity], Reader]:
    """The readers of all modules in `readers/`, by struct."""
    for module in pkgutil.iter_modules(readers.__path__, f"{readers.__name__}."):
        import_module(module.name)
    return dict(_readers)

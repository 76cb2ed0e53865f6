"""The registry of facets. A package of its own registers its facet when its Django app is ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import models

from chat import sql

Load = Callable[[Sequence[UUID]], Mapping[UUID, list[Any]]]
Empty = Callable[[Sequence[UUID]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One kind of content that hangs on messages.

    A facet with a `field` is part of the message's entity. `load` returns its values for many messages with one query;
    messages without any may be missing in the answer.
    """

    name: str
    models: tuple[type[models.Model], ...]  # the tables whose rows refer to a message and go with it
    emptied: Literal["on delete", "for good"]  # what is kept when a message is deleted is kept for moderators
    empty: Empty | None = None  # without it the rows of `models` are deleted
    field: str = ""  # of the entity: a list, empty by default
    load: Load | None = None
    is_hidden: bool = False  # not shown while a moderator hides the message

    def take_away(self, messages: Sequence[UUID]) -> None:
        """Delete what hangs on these messages, with few queries."""
        if self.empty is not None:
            self.empty(messages)
            return
        for model in self.models:
            sql.execute(
                f"DELETE FROM {model._meta.db_table} WHERE message_id = ANY(%s::uuid[])",  # noqa: S608  # a table of ours
                [list(messages)],
            )


_facets: dict[str, Facet] = {}


def register(facet: Facet) -> Facet:
    """Register a facet. Raises ValueError where the name is taken or a field cannot be loaded."""
    if facet.name in _facets:
        raise ValueError(f"{facet.name}: there is a facet of this name")
    if bool(facet.field) != (facet.load is not None):
        raise ValueError(f"{facet.name}: a field needs a way to load it, and the other way round")
    _facets[facet.name] = facet
    return facet


def facets() -> list[Facet]:
    """Return all facets, by name."""
    return [_facets[name] for name in sorted(_facets)]

"""Reactions as a facet: who reacted to a message with which emoji."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from chat import sql
from chat.content.facets import Facet, register
from chat.entities.messages import Reaction as ReactionEntity
from chat.models import Reaction

_FIND: Final = """
SELECT message_id, emoji, member_id FROM chat_reaction WHERE message_id = ANY(%s::uuid[]) ORDER BY id
"""


def load(messages: Sequence[UUID]) -> Mapping[UUID, list[ReactionEntity]]:
    """Return the reactions of these messages, in the order in which they were made."""
    pairs: dict[UUID, list[tuple[str, UUID]]] = {}
    for message_id, emoji, member_id in sql.execute(_FIND, [list(messages)]):
        pairs.setdefault(message_id, []).append((emoji, member_id))
    return {message_id: _by_emoji(each) for message_id, each in pairs.items()}


def _by_emoji(pairs: Iterable[tuple[str, UUID]]) -> list[ReactionEntity]:
    members: dict[str, list[UUID]] = {}
    for emoji, member_id in pairs:
        members.setdefault(emoji, []).append(member_id)
    return [ReactionEntity(emoji=emoji, members=ids) for emoji, ids in members.items()]


register(Facet(name="reactions", models=(Reaction,), field="reactions", load=load, emptied="on delete"))

"""The entities of messages with everything they carry: the one way from rows to what clients receive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from chat.content.facets import Facet, facets
from chat.entities.messages import Message as MessageEntity
from chat.models import Message


def entity(message: Message) -> MessageEntity:
    """Return the entity of one message, with a query for each facet that has a field."""
    return entities([message])[0]


def entities(messages: Sequence[Message]) -> list[MessageEntity]:
    """Return the entities of messages, with one query for each facet that has a field."""
    if not messages:
        return []
    ids = [message.pk for message in messages]
    loaded = [(facet, facet.load(ids)) for facet in facets() if facet.load is not None]
    return [_entity(message, loaded) for message in messages]


def _entity(message: Message, loaded: Sequence[tuple[Facet, Mapping[UUID, list[Any]]]]) -> MessageEntity:
    fields = {
        facet.field: values[message.pk]
        for facet, values in loaded
        if message.pk in values and not (facet.is_hidden and message.hidden_at is not None)
    }
    bare = message.bare_entity()
    return msgspec.structs.replace(bare, **fields) if fields else bare

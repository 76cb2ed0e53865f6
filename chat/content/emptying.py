"""Taking the content of messages away: the row, everything that hangs on it, and what the event log says of it.

| what happens | row | facets | event log |
| --- | --- | --- | --- |
| a moderator hides a message | stays, and is not shown | stay; hidden ones are not shown | words and hidden facets go |
| a message is deleted | emptied, its text kept as a revision | those "on delete" go | stays, the deletion follows |
| a message is removed for good, or expires | emptied or deleted | all go | all content goes |

All functions run inside the transaction of the change, before its own event is published. None of them saves a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from chat.content.facets import facets
from chat.delivery.redact import redact
from chat.models import Message

WORDS: Final[dict[str, Any]] = {"text": "", "html": ""}


def blank_row() -> dict[str, Any]:
    """Return the fields of a row that hold content, with what they hold when they are emptied."""
    return {**WORDS, "mentions": [], "wide_mention": None, "pinned_at": None, "pinned_by": None}


def hide(message: Message) -> None:
    """Take what is not shown of a hidden message out of the event log. Row and facets stay, so it can be restored."""
    hidden: dict[str, Any] = {facet.field: [] for facet in facets() if facet.field and facet.is_hidden}
    redact(message.conversation_id, [message.pk], changes=WORDS | hidden)


def empty(message: Message, *, for_good: bool) -> tuple[str, ...]:
    """Empty a message. Returns the names of the fields that it sets, for the caller to save.

    Not `for_good`, the words stay in the event log, in the revisions and in facets that are kept for moderators.
    """
    if for_good:
        empty_for_good(message.conversation_id, [message.pk])
    else:
        _empty_facets([message.pk], for_good=False)
    blank = blank_row()
    for name, value in blank.items():
        setattr(message, name, value)
    return tuple(blank)


def empty_for_good(conversation_id: UUID, messages: Sequence[UUID]) -> None:
    """Delete everything that hangs on these messages of a conversation, and what the event log says of them."""
    _empty_facets(messages, for_good=True)
    fields: dict[str, Any] = {facet.field: [] for facet in facets() if facet.field}
    redact(conversation_id, messages, changes=blank_row() | fields)


def _empty_facets(messages: Sequence[UUID], *, for_good: bool) -> None:
    for facet in facets():
        if for_good or facet.emptied == "on delete":
            facet.take_away(messages)

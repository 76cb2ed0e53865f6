from __future__ import annotations

from typing import Literal
from uuid import UUID

from chat.entities.fields import Time
from chat.entities.registry import Entity, register


@register("attention.created", "attention.updated", collection="attention", owner="conversation")
class Attention(Entity, frozen=True):
    """A message concerns a member, or with `member` null every participant but its author, for `reason`.

    `mention`: the message names the member. `group`: it calls everybody. `reply`: it is a reply in a thread that the
    member follows. `keyword`: it contains a word that the member asked for. A message has at most one entity for each
    member and one for all. To count what concerns the member, count the messages that are unread and of which one of
    these entities is not withdrawn.
    """

    id: UUID
    message: UUID
    conversation: UUID
    seq: int  # of the message
    thread: UUID | None  # of the message
    author: UUID  # of the message, whom it never concerns
    member: UUID | None
    reason: Literal["mention", "group", "reply", "keyword"]
    withdrawn_at: Time | None  # set while it does not concern them: the message was edited, deleted or hidden
    version: int

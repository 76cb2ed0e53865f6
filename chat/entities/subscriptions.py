from __future__ import annotations

from uuid import UUID

from chat.entities.registry import Entity, register


@register("subscription.updated", collection="subscriptions", key="thread")
class Subscription(Entity, frozen=True):
    """Whether the member follows a thread, as they chose by hand. Only the member receives it.

    With `follows` every reply after `since` concerns them. Without it no later reply does, until they write in the
    thread or are mentioned there again. Threads without this entity are followed as the rules of reading say.
    """

    id: UUID
    thread: UUID  # its head
    follows: bool
    since: int  # the newest seq of the conversation at that time
    version: int

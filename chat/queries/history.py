"""Pages of messages by `seq`, oldest first within a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from chat.access import Access
from chat.access.predicates import is_kept
from chat.content.loading import entities
from chat.entities.messages import Message as MessageEntity
from chat.models import Message

PAGE: Final = 50
LARGEST_PAGE: Final = 200  # messages; a page of the longest ones stays near 4 MB


@dataclass(frozen=True, slots=True)
class Page:
    """`before` and `after`: the seq to go on from in either direction, None where the history ends."""

    messages: list[MessageEntity]
    before: int | None
    after: int | None


def page_before(access: Access, *, before: int | None = None, limit: int = PAGE) -> Page:
    """Return the newest `limit` messages below `before`, or of all."""
    messages = _of(access)
    if before is not None:
        messages = messages.filter(seq__lt=before)
    rows = list(messages.order_by("-seq")[: limit + 1])
    more = len(rows) > limit
    return _page(access, rows[:limit][::-1], more_before=more)


def page_after(access: Access, *, after: int, limit: int = PAGE) -> Page:
    """Return the oldest `limit` messages above `after`."""
    rows = list(_of(access).filter(seq__gt=after).order_by("seq")[:limit])
    return _page(access, rows, more_before=bool(rows) and rows[0].seq > access.conversation.first_seq)


def page_around(access: Access, *, around: int, limit: int = PAGE) -> Page:
    """Return about half of `limit` messages on each side of `around`, which is included."""
    older = list(_of(access).filter(seq__lt=around).order_by("-seq")[: limit // 2])[::-1]
    newer = list(_of(access).filter(seq__gte=around).order_by("seq")[: limit - len(older)])
    rows = [*older, *newer]
    return _page(access, rows, more_before=bool(rows) and rows[0].seq > access.conversation.first_seq)


def page_since(access: Access, *, since: datetime, limit: int = PAGE) -> Page:
    """Return the oldest `limit` messages written at or after `since`.

    Times grow with `seq`, so the first is found by halving: at most 62 reads of one row by the index on `seq`.
    """
    times = _of(access).order_by("seq").values_list("seq", "created_at")
    low, high = access.conversation.first_seq, access.conversation.last_seq + 1
    while low < high:
        middle = (low + high) // 2
        found = times.filter(seq__gte=middle).first()
        if found is None or found[1] >= since:
            high = middle
        else:
            low = found[0] + 1
    return page_after(access, after=low - 1, limit=limit)


def thread(access: Access, root: Message, *, after: int = 0, limit: int = PAGE) -> tuple[list[MessageEntity], bool]:
    """Return the head, empty where it has expired, then its replies above `after`, and whether there are more."""
    rows = list(_of(access).filter(thread=root, seq__gt=after).order_by("seq")[: limit + 1])
    if not is_kept(root, access.conversation):
        head = [root.expired_entity()] if after == 0 else []
        return [*head, *entities(rows[:limit])], len(rows) > limit
    return entities([root, *rows[:limit]] if after == 0 else rows[:limit]), len(rows) > limit


def pins(access: Access) -> list[MessageEntity]:
    """Return the pinned messages, the newest pin last; PINS_PER_CONVERSATION at most."""
    return entities(list(_of(access).filter(pinned_at__isnull=False).order_by("pinned_at", "seq")))


def _of(access: Access) -> QuerySet[Message]:
    """Return the kept messages of a conversation: expired ones are not shown, though their rows may still exist."""
    messages = Message.objects.filter(conversation=access.conversation, seq__gte=access.conversation.first_seq)
    return messages.defer("search")


def _page(access: Access, rows: list[Message], *, more_before: bool) -> Page:
    more_after = bool(rows) and rows[-1].seq < access.conversation.last_seq
    return Page(
        messages=entities(rows),
        before=rows[0].seq if more_before else None,
        after=rows[-1].seq if more_after else None,
    )

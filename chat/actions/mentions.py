"""Turn the text of a message into what is stored: safe HTML, and the members whom it mentions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from accounts.models import Member
from accounts.roles import Right
from chat import markdown
from chat.access import Access, visible_conversations, visible_members
from chat.access.predicates import readers_of
from chat.models import Kind

WideMention = Literal["here", "channel", "group"]


@dataclass(frozen=True, slots=True)
class Written:
    html: str
    mentions: list[UUID]  # members, ascending
    wide: WideMention | None  # the widest that was written and allowed


def write(access: Access, text: str) -> Written:
    """Render a message that the member writes in this conversation.

    A handle resolves to a member who can see the conversation and whom the writer can see; the name of a channel to a
    public one that the writer can see. Otherwise a guest could try names and learn which exist.
    """
    candidates = markdown.parse_mentions(text)
    called = _who_can_come(access, candidates.handles) if candidates.handles else []
    wide_allowed = _may_call_everyone(access)
    rendered = markdown.render(
        text,
        mentions={member.handle: markdown.Mentioned(member.pk, member.name) for member in called},
        channels=_linked_channels(access.member, candidates.channels) if candidates.channels else {},
        wide_allowed=wide_allowed,
    )
    written = [member.pk for member in called if member.handle in rendered.handles]
    return Written(rendered.html, sorted(written), _widest(rendered.wide) if wide_allowed else None)


def _who_can_come(access: Access, handles: frozenset[str]) -> list[Member]:
    reach = readers_of(access.conversation)
    return list(visible_members(access.member).filter(reach, handle__in=handles, deactivated_at=None))


def _linked_channels(writer: Member, names: frozenset[str]) -> dict[str, UUID]:
    """Return the public channels among the names. Private ones stay text: readers may not know of them."""
    channels = visible_conversations(writer).filter(kind=Kind.PUBLIC, name__in=names, archived_at=None)
    return dict(channels.values_list("name", "pk"))


def _may_call_everyone(access: Access) -> bool:
    return not access.conversation.is_channel or access.is_admin or access.member.may(Right.MENTION_EVERYONE)


def _widest(wide: frozenset[str]) -> WideMention | None:
    if "channel" in wide:
        return "channel"
    if "group" in wide:
        return "group"
    return "here" if "here" in wide else None

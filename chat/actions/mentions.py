"""Turning what somebody typed into what is stored: safe HTML, and whom it calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.models import Member
from accounts.roles import Right, Role
from chat import markdown
from chat.access import Place
from chat.models import Conversation, Kind, Participant

WideMention = Literal["here", "channel", "group"]


@dataclass(frozen=True, slots=True)
class Written:
    html: str
    mentions: list[UUID]  # members, ascending
    wide: WideMention | None  # the widest that was written and allowed


def write(place: Place, text: str) -> Written:
    """Render a message. A name calls nobody who cannot come: only those who can see the conversation are mentioned."""
    candidates = markdown.parse_mentions(text)
    called = _who_can_come(place, candidates.handles) if candidates.handles else []
    wide_allowed = _may_call_everyone(place)
    rendered = markdown.render(
        text,
        mentions={member.handle: markdown.Mentioned(member.pk, member.name) for member in called},
        channels=_public_channels(candidates.channels) if candidates.channels else {},
        wide_allowed=wide_allowed,
    )
    written = [member.pk for member in called if member.handle in rendered.handles]
    return Written(rendered.html, sorted(written), _widest(rendered.wide) if wide_allowed else None)


def _who_can_come(place: Place, handles: frozenset[str]) -> list[Member]:
    present = Exists(Participant.objects.filter(conversation=place.conversation, member=OuterRef("pk"), left_at=None))
    reach = Q(present)
    if place.conversation.kind == Kind.PUBLIC:
        reach |= ~Q(role=Role.GUEST)
    return list(Member.objects.filter(reach, handle__in=handles, deactivated_at=None))


def _public_channels(names: frozenset[str]) -> dict[str, UUID]:
    """Only public ones become links: the name of a private channel is not told to those who are not in it."""
    channels = Conversation.objects.filter(kind=Kind.PUBLIC, name__in=names, archived_at=None)
    return dict(channels.values_list("name", "pk"))


def _may_call_everyone(place: Place) -> bool:
    return not place.conversation.is_channel or place.is_admin or place.member.may(Right.MENTION_EVERYONE)


def _widest(wide: frozenset[str]) -> WideMention | None:
    if "channel" in wide:
        return "channel"
    if "group" in wide:
        return "group"
    return "here" if "here" in wide else None

"""People, as far as a member may see them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from accounts.models import Member
from chat.access import known_members, visible_members
from chat.access.predicates import participations_of
from chat.entities.members import Member as MemberEntity
from chat.entities.members import member_entity

PAGE: Final = 200
AT_ONCE: Final = 100  # members asked for by id: about as much as an address may be long
WORDS: Final = 5  # of a question; each is a look into the index
SHARED: Final = 100  # conversations of a profile


class Profile(MemberEntity, frozen=True, kw_only=True):
    """`shared`: conversations in which both take part, at most SHARED."""

    shared: list[UUID]


def list_members(
    member: Member, *, q: str = "", active: bool | None = None, after: str = "", limit: int = PAGE
) -> list[Member]:
    """Return members by handle. Every word of `q` must be part of handle, name or title.

    `active` keeps only active members, or only former ones.
    """
    members = visible_members(member).filter(handle__gt=after)
    for word in q.lower().removeprefix("@").split()[:WORDS]:
        members = members.filter(directory__contains=word)
    if active is not None:
        members = members.filter(deactivated_at__isnull=active)
    return list(members.order_by("handle")[:limit])


def members_by_id(member: Member, ids: list[UUID]) -> list[Member]:
    """Return the members among these ids whom the member may know of, by handle."""
    return list(known_members(member).filter(pk__in=ids).order_by("handle"))


def profile(member: Member, subject: Member) -> Profile:
    own = participations_of(member).values("conversation")
    both = participations_of(subject).filter(conversation__in=own)
    entity = member_entity(subject, own=subject.pk == member.pk)
    return Profile(
        **{name: getattr(entity, name) for name in entity.__struct_fields__},
        shared=list(both.order_by("conversation").values_list("conversation", flat=True)[:SHARED]),
    )

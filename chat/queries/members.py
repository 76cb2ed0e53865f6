"""People, as far as a member may see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from accounts.models import Member
from chat.access import known_members, visible_members
from chat.access.predicates import participations_of
from chat.entities.members import Member as MemberEntity
from chat.entities.members import member_entity
from chat.entities.registry import registrations
from chat.queries.sync.page import Page, all_readers

PAGE: Final = 200
AT_ONCE: Final = 100  # members asked for by id: about as much as an address may be long
WORDS: Final = 5  # of a question; each is a look into the index
SHARED: Final = 100  # conversations of a profile


OWNED: Final = [registration for registration in registrations() if registration.owner == "member"]

if TYPE_CHECKING:
    KnownMember = MemberEntity
else:
    KnownMember = msgspec.defstruct(
        "KnownMember",
        [(registration.noun, registration.struct | None) for registration in OWNED],
        bases=(MemberEntity,),
        frozen=True,
        kw_only=True,
        namespace={"__doc__": "A member with the entities that belong to them, null where there never was one."},
    )


class Profile(KnownMember, frozen=True, kw_only=True):
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


def known_member(viewer: Member, subject: Member) -> KnownMember:
    """Return the member as the viewer knows them."""
    return known_members_of(viewer, [subject])[0]


def known_members_of(viewer: Member, members: Sequence[Member]) -> list[KnownMember]:
    """Return members whom the viewer may know, each with the entities that belong to them."""
    owned = _owned(viewer, [member.pk for member in members])
    return [KnownMember(**_fields(viewer, member), **owned[member.pk]) for member in members]


def profile(viewer: Member, subject: Member) -> Profile:
    own = participations_of(viewer).values("conversation")
    both = participations_of(subject).filter(conversation__in=own)
    return Profile(
        **_fields(viewer, subject),
        **_owned(viewer, [subject.pk])[subject.pk],
        shared=list(both.order_by("conversation").values_list("conversation", flat=True)[:SHARED]),
    )


def _fields(viewer: Member, member: Member) -> dict[str, Any]:
    entity = member_entity(member, own=member.pk == viewer.pk)
    return {name: getattr(entity, name) for name in entity.__struct_fields__}


def _owned(viewer: Member, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return by member the entities that belong to them, by noun: what sync answers with for these members."""
    found: dict[UUID, dict[str, Any]] = {id: dict.fromkeys(each.noun for each in OWNED) for id in ids}
    page = Page(member=viewer, since=0, first=True, members=frozenset(ids), changes=(), conversations={})
    for registration in OWNED:
        for entity in all_readers()[registration.struct](page) or ():
            found[getattr(entity, registration.key)][registration.noun] = entity
    return found

"""People, as far as a member may see them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import Q

from accounts.models import Member
from chat.access import known_members, visible_members

PAGE: Final = 200
AT_ONCE: Final = 100  # members asked for by id: about as much as an address may be long


def list_members(
    member: Member, *, q: str = "", active: bool | None = None, after: str = "", limit: int = PAGE
) -> list[Member]:
    """Members by handle; `q` is part of a name or handle, `active` keeps those who are, or are no longer, active."""
    members = visible_members(member).filter(handle__gt=after)
    if q:
        members = members.filter(Q(handle__icontains=q) | Q(name__icontains=q))
    if active is not None:
        members = members.filter(deactivated_at__isnull=active)
    return list(members.order_by("handle")[:limit])


def members_by_id(member: Member, ids: list[UUID]) -> list[Member]:
    """Those of them whom the member may know, by handle."""
    return list(known_members(member).filter(pk__in=ids).order_by("handle"))

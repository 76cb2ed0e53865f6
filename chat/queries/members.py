"""People, as far as a member may see them."""

from __future__ import annotations

from typing import Final

from django.db.models import Q

from accounts.models import Member
from chat.access import visible_members

PAGE: Final = 200


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

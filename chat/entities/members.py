from __future__ import annotations

from typing import Any, Literal, cast
from uuid import UUID

from msgspec import UNSET, UnsetType

from accounts import models as accounts
from accounts.preferences import Preferences, read_preferences
from chat.entities.fields import Time
from chat.entities.registry import Entity, register


@register("member.created", "member.updated")
class Member(Entity, frozen=True):
    """A person in the organization. Only the member receives the fields after `version`."""

    id: UUID
    handle: str
    name: str
    title: str
    role: Literal["owner", "admin", "moderator", "member", "guest"]
    joined_at: Time
    deactivated_at: Time | None
    suspended_at: Time | None  # by a moderator; deactivated_at says the same then
    version: int
    preferences: Preferences | UnsetType = UNSET
    muted_until: Time | UnsetType | None = UNSET  # by a moderator


def member_entity(member: accounts.Member, *, own: bool = False) -> Member:
    """Return the entity; `own` adds the fields that only the member receives."""
    return Member(
        id=member.pk,
        handle=member.handle,
        name=member.name,
        title=member.title,
        role=cast(Any, member.role),
        joined_at=member.joined_at,
        deactivated_at=member.deactivated_at,
        suspended_at=member.suspended_at,
        version=member.version,
        preferences=read_preferences(member.preferences) if own else UNSET,
        muted_until=member.muted_until if own else UNSET,
    )

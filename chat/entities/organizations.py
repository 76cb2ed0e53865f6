from __future__ import annotations

from uuid import UUID

from accounts import models as accounts
from chat.entities.registry import Entity, register


@register("organization.updated")
class Organization(Entity, frozen=True):
    id: UUID
    slug: str
    name: str
    description: str
    edit_window: int | None  # seconds in which authors may edit; null: always
    retention_days: int | None  # after which messages go for good; null: never
    version: int


def organization_entity(organization: accounts.Organization) -> Organization:
    return Organization(
        id=organization.pk,
        slug=organization.slug,
        name=organization.name,
        description=organization.description,
        edit_window=organization.edit_window,
        retention_days=organization.retention_days,
        version=organization.version,
    )

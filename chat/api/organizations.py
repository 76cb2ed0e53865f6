from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import change_organization
from accounts.rest.openapi import operation
from accounts.rest.serialization import read_body
from accounts.rest.views import MemberView
from chat.actions.moderation import LONGEST_RETENTION
from chat.entities.organizations import Organization as OrganizationEntity
from chat.entities.organizations import organization_entity


class OrganizationChange(Struct, frozen=True, omit_defaults=True):
    """What is left out stays. `edit_window` null: authors may always edit; `retention_days` null: kept for ever."""

    name: Annotated[str, Meta(min_length=1, max_length=80)] | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=250)] | UnsetType = UNSET
    edit_window: Annotated[int, Meta(ge=0, le=2**31 - 1)] | UnsetType | None = UNSET
    retention_days: Annotated[int, Meta(ge=1, le=LONGEST_RETENTION)] | UnsetType | None = UNSET
    version: int | None = None


class OrganizationDetail(MemberView):
    @operation(summary="The organization", gives={200: OrganizationEntity})
    def get(self, request: Request) -> Response:
        return Response(organization_entity(self.member.organization))

    @operation(
        summary="Change the organization: admins only",
        takes=OrganizationChange,
        gives={200: OrganizationEntity},
        refuses=(403, 409),
        example={"retention_days": 365},
    )
    def patch(self, request: Request) -> Response:
        changes: dict[str, Any] = msgspec.structs.asdict(read_body(request, OrganizationChange))
        version = changes.pop("version")
        given = {name: value for name, value in changes.items() if value is not UNSET}
        changed = change_organization(self.member, version=version, **given)
        return Response(organization_entity(changed))

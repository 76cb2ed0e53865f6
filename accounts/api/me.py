from __future__ import annotations

from uuid import UUID

from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.views import UserView
from accounts.tenancy import memberships_of


class OrganizationOfMe(Struct, frozen=True):
    slug: str
    name: str
    role: str
    member: UUID


class Me(Struct, frozen=True):
    id: UUID
    email: str
    name: str
    organizations: list[OrganizationOfMe]


class MeDetail(UserView):
    @operation(summary="Who you are and the organizations you are in", gives={200: Me})
    def get(self, request: Request) -> Response:
        user = self.user
        organizations = [
            OrganizationOfMe(member.organization.slug, member.organization.name, member.role, member.pk)
            for member in memberships_of(user)
        ]
        return Response(Me(user.pk, user.email, user.get_full_name(), organizations))

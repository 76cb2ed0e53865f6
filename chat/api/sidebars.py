from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.urls import URLPattern, path
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation
from accounts.rest.serialization import read_body
from accounts.rest.views import MemberView
from chat.actions import sidebars as actions
from chat.entities.sidebars import Section, Sidebar
from chat.queries.sidebars import sidebar_of


class SectionChange(Struct, frozen=True):
    """`id`: made by the client for a new section."""

    id: UUID
    name: Annotated[str, Meta(max_length=400)]
    conversations: Annotated[list[UUID], Meta(max_length=actions.CONVERSATIONS)] = []


class SidebarChange(Struct, frozen=True):
    """All sections, from top to bottom, and the `version` of the sidebar that was changed; 0 where there was none."""

    sections: Annotated[list[SectionChange], Meta(max_length=10 * actions.SECTIONS)]
    version: Annotated[int, Meta(ge=0, le=2**31 - 1)]


class OwnSidebar(MemberView):
    @operation(summary="Your sections", gives={200: Sidebar})
    def get(self, request: Request) -> Response:
        return Response(sidebar_of(self.member))

    @operation(
        summary="Change your sections",
        takes=SidebarChange,
        gives={200: Sidebar},
        refuses=(409,),
        example={"sections": [{"id": "0199f3a4-0000-7000-8000-000000000000", "name": "Launch"}], "version": 0},
    )
    def put(self, request: Request) -> Response:
        body = read_body(request, SidebarChange)
        sections = [Section(id=one.id, name=one.name, conversations=one.conversations) for one in body.sections]
        return Response(actions.change_sidebar(self.member, sections=sections, version=body.version))


urlpatterns: list[URLPattern] = [
    path("o/<slug:slug>/api/v1/members/me/sidebar", OwnSidebar.as_view(), name="own_sidebar"),
]

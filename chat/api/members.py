from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import change_preferences, change_profile
from accounts.models import Member
from accounts.preferences import (
    Clock,
    Density,
    Keywords,
    Motion,
    Smileys,
    Theme,
    read_preferences,
    remember_appearance,
)
from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_body, read_query
from accounts.rest.views import MemberView, keep_page, list_response
from chat.access import find_member
from chat.errors import Invalid
from chat.queries.members import (
    AT_ONCE,
    PAGE,
    KnownMember,
    Profile,
    known_member,
    known_members_of,
    list_members,
    members_by_id,
    profile,
)


class MemberQuery(Struct, frozen=True):
    """`ids`: up to 100 of them, with commas between; then nothing else counts, and who is not known is left out."""

    q: Annotated[str, Meta(max_length=80)] = ""
    active: bool | None = None
    after: Annotated[str, Meta(max_length=32)] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE
    ids: Annotated[str, Meta(max_length=37 * AT_ONCE)] = ""


class PreferencesChange(Struct, frozen=True, omit_defaults=True):
    """What is left out, or null, stays."""

    theme: Theme | None = None
    density: Density | None = None
    clock: Clock | None = None
    motion: Motion | None = None
    smileys: Smileys | None = None
    keywords: Keywords | None = None


class OwnMemberChange(Struct, frozen=True, omit_defaults=True):
    name: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    handle: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    title: Annotated[str, Meta(max_length=80)] | None = None
    preferences: PreferencesChange | None = None


class MemberList(MemberView):
    @operation(summary="People of the organization, by handle", query=MemberQuery, gives={200: page_of(KnownMember)})
    def get(self, request: Request) -> Response:
        query = read_query(request, MemberQuery)
        if query.ids:
            return list_response(request, known_members_of(self.member, members_by_id(self.member, _ids(query.ids))))
        rows = list_members(self.member, q=query.q, active=query.active, after=query.after, limit=query.limit + 1)
        page, more = keep_page(rows, query.limit)
        return list_response(
            request, known_members_of(self.member, page), **({"after": page[-1].handle} if more else {})
        )


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(id) for id in text.split(",")]
    except ValueError:
        raise Invalid({"ids": [gettext("Ids with commas between.")]}) from None


class MemberDetail(MemberView):
    @operation(summary="One member, and the conversations you share", gives={200: Profile})
    def get(self, request: Request, member_id: UUID) -> Response:
        return Response(profile(self.member, find_member(self.member, member_id)))


class OwnMember(MemberView):
    @operation(summary="Yourself, with your preferences", gives={200: KnownMember})
    def get(self, request: Request) -> Response:
        return Response(known_member(self.member, self.member))

    @operation(
        summary="Change your name, handle, title or preferences",
        takes=OwnMemberChange,
        gives={200: KnownMember},
        refuses=(409,),
        example={"title": "Support, Berlin", "preferences": {"theme": "dark"}},
    )
    def patch(self, request: Request) -> Response:
        body = read_body(request, OwnMemberChange)
        member = _change(self.member, body)
        response = Response(known_member(member, member))
        remember_appearance(response, read_preferences(member.preferences))
        return response


@transaction.atomic
def _change(member: Member, body: OwnMemberChange) -> Member:
    profile = msgspec.to_builtins(body)
    preferences = profile.pop("preferences", {})
    if profile:
        member = change_profile(member, **profile)
    return change_preferences(member, **preferences)

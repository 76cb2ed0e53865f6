"""Measures against members, by moderators of higher rank. All of them need a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_body, read_query
from accounts.rest.views import MemberView, keep_page, list_response
from chat.access import find_member_to_moderate, require_moderator
from chat.actions import sanctions as actions
from chat.api.moderation import Because
from chat.entities.sanctions import Sanction as SanctionEntity
from chat.queries.reports import PAGE, SanctionView, list_sanctions, sanction_view

Reason = Annotated[str, Meta(min_length=1, max_length=500)]
Until = Annotated[datetime, Meta(tz=True)]


class Mute(Struct, frozen=True):
    reason: Reason
    until: Until


class Suspension(Struct, frozen=True):
    """Without `until` it lasts until it is lifted."""

    reason: Reason
    until: Until | None = None


class Lift(Struct, frozen=True):
    reason: Reason
    kind: Literal["mute", "suspension"]


class SanctionQuery(Struct, frozen=True):
    member: UUID | None = None
    before: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class OwnQuery(Struct, frozen=True):
    before: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class SanctionList(MemberView):
    @operation(
        summary="Measures against members, for moderators, the newest first",
        query=SanctionQuery,
        gives={200: page_of(SanctionView)},
        refuses=(403,),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, SanctionQuery)
        require_moderator(self.member)
        if query.member is not None:
            find_member_to_moderate(self.member, query.member)
        rows = list(list_sanctions(query.member, before=query.before)[: query.limit + 1])
        page, more = keep_page(rows, query.limit)
        return list_response(request, [sanction_view(row) for row in page], **({"before": page[-1].pk} if more else {}))


class OwnSanctionList(MemberView):
    @operation(
        summary="Measures against yourself, with the reasons, the newest first",
        query=OwnQuery,
        gives={200: page_of(SanctionEntity)},
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, OwnQuery)
        rows = list(list_sanctions(self.member.pk, before=query.before)[: query.limit + 1])
        page, more = keep_page(rows, query.limit)
        return list_response(request, [row.entity() for row in page], **({"before": page[-1].pk} if more else {}))


class SanctionAcknowledge(MemberView):
    @operation(
        summary="Say that you have read why a measure was taken against you",
        gives={200: SanctionEntity},
    )
    def post(self, request: Request, sanction_id: UUID) -> Response:
        return Response(actions.acknowledge_sanction(self.member, sanction_id).entity())


class MemberWarn(MemberView):
    @operation(
        summary="Warn a member",
        takes=Because,
        gives={201: SanctionView},
        refuses=(403, 409),
        example={"reason": "Mind your tone."},
    )
    def post(self, request: Request, member_id: UUID) -> Response:
        body = read_body(request, Because)
        return Response(sanction_view(actions.warn_member(self.member, member_id, reason=body.reason)), status=201)


class MemberMute(MemberView):
    @operation(
        summary="Let a member write nothing for a time; another mute replaces it",
        takes=Mute,
        gives={201: SanctionView},
        refuses=(403, 409),
        example={"reason": "Floods #general", "until": "2030-01-01T12:00:00Z"},
    )
    def post(self, request: Request, member_id: UUID) -> Response:
        body = read_body(request, Mute)
        sanction = actions.mute_member(self.member, member_id, reason=body.reason, until=body.until)
        return Response(sanction_view(sanction), status=201)


class MemberSuspend(MemberView):
    @operation(
        summary="Shut a member out: sessions, tokens, sockets and undelivered mail end at once",
        takes=Suspension,
        gives={201: SanctionView},
        refuses=(403, 409),
        example={"reason": "Threats"},
    )
    def post(self, request: Request, member_id: UUID) -> Response:
        body = read_body(request, Suspension)
        sanction = actions.suspend_member(self.member, member_id, reason=body.reason, until=body.until)
        return Response(sanction_view(sanction), status=201)


class MemberLift(MemberView):
    @operation(
        summary="End a mute or a suspension",
        takes=Lift,
        gives={200: SanctionView},
        refuses=(403, 409),
        example={"reason": "They apologised", "kind": "mute"},
    )
    def post(self, request: Request, member_id: UUID) -> Response:
        body = read_body(request, Lift)
        return Response(
            sanction_view(actions.lift_sanction(self.member, member_id, kind=body.kind, reason=body.reason))
        )

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.utils.translation import gettext
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_body, read_query
from accounts.rest.views import MemberView, keep_page, list_response
from chat.access import find_conversation
from chat.access.predicates import participants_of
from chat.actions import participants as actions
from chat.entities.participants import Participant as ParticipantEntity
from chat.errors import Forbidden, NotFound
from chat.models import Participant
from chat.queries.conversations import PAGE, participants


class ParticipantQuery(Struct, frozen=True):
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class NewParticipant(Struct, frozen=True):
    member: UUID


class ParticipantChange(Struct, frozen=True):
    """`role` for any participant, by the channel's admins; the rest for oneself alone."""

    role: Literal["admin", "member"] | None = None
    notifications: Literal["all", "mentions", "none"] | None = None
    muted: bool | None = None
    favourite: bool | None = None


class ParticipantList(MemberView):
    @operation(summary="Who takes part", query=ParticipantQuery, gives={200: page_of(ParticipantEntity)})
    def get(self, request: Request, conversation_id: UUID) -> Response:
        query = read_query(request, ParticipantQuery)
        access = find_conversation(self.member, conversation_id)
        page, more = keep_page(participants(access, after=query.after, limit=query.limit + 1), query.limit)
        results = [participant.entity(own=participant.member_id == self.member.pk) for participant in page]
        return list_response(request, results, **({"after": page[-1].pk} if more else {}))

    @operation(
        summary="Add somebody to a channel",
        takes=NewParticipant,
        gives={201: ParticipantEntity},
        refuses=(403, 409),
        example={"member": "0199f3a4-0000-7000-8000-000000000000"},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        body = read_body(request, NewParticipant)
        participant = actions.add_participant(self.member, conversation_id, member_id=body.member)
        return Response(participant.entity(own=participant.member_id == self.member.pk), status=201)


class ParticipantDetail(MemberView):
    @operation(summary="How somebody takes part", gives={200: ParticipantEntity})
    def get(self, request: Request, conversation_id: UUID, member_id: UUID) -> Response:
        access = find_conversation(self.member, conversation_id)
        participant = participants_of(access.conversation).filter(member=member_id).first()
        if participant is None:
            raise NotFound
        return Response(participant.entity(own=member_id == self.member.pk))

    @operation(
        summary="Change a role, or one's own notifications",
        takes=ParticipantChange,
        gives={200: ParticipantEntity},
        refuses=(403,),
        example={"notifications": "mentions"},
    )
    def patch(self, request: Request, conversation_id: UUID, member_id: UUID) -> Response:
        body = read_body(request, ParticipantChange)
        participant = _change(self, conversation_id, member_id, body)
        return Response(participant.entity(own=member_id == self.member.pk))

    @operation(summary="Put somebody out of a channel, or leave it", gives={204: None}, refuses=(403, 409))
    def delete(self, request: Request, conversation_id: UUID, member_id: UUID) -> Response:
        actions.remove_participant(self.member, conversation_id, member_id=member_id)
        return Response(status=204)


def _change(view: MemberView, conversation_id: UUID, member_id: UUID, body: ParticipantChange) -> Participant:
    touches_own = any(value is not None for value in (body.notifications, body.muted, body.favourite))
    if touches_own and member_id != view.member.pk:
        find_conversation(view.member, conversation_id)
        raise Forbidden(gettext("Everybody sets their own notifications."))
    if body.role is not None:
        participant = actions.change_participant(
            view.member, conversation_id, member_id=member_id, role=Participant.Role(body.role)
        )
        if not touches_own:
            return participant
    if member_id != view.member.pk:
        raise Forbidden(gettext("Everybody sets their own notifications."))
    return actions.change_preferences(
        view.member,
        conversation_id,
        notifications=body.notifications,
        muted=body.muted,
        favourite=body.favourite,
    )

from __future__ import annotations

from typing import Annotated, Any, Literal, cast
from uuid import UUID

from django.conf import settings
from django.urls import URLPattern, path, reverse
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import invite_addresses, invite_by_link, renew_link, revoke_invitation
from accounts.actions.invitations import (
    LONGEST_DAYS,
    MOST_ADDRESSES,
    MOST_CHANNELS,
    MOST_USES,
    PENDING_INVITATIONS,
    Invited,
    find_invitation,
    pending_invitations,
)
from accounts.errors import Forbidden
from accounts.models import Invitation
from accounts.network import absolute_url
from accounts.rest.fields import Time
from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_body
from accounts.rest.views import MemberView, list_response
from accounts.roles import Right, Role

RoleName = Literal["owner", "admin", "moderator", "member", "guest"]


class NewInvitations(Struct, frozen=True):
    """`emails`: each address gets an invitation of its own, or a reason why not. Without `emails`, one link is made
    that `uses` people can use within `days`."""

    emails: Annotated[list[Annotated[str, Meta(max_length=254)]], Meta(max_length=MOST_ADDRESSES)] = []
    role: RoleName = "member"
    channels: Annotated[list[UUID], Meta(max_length=MOST_CHANNELS)] = []
    days: Annotated[int, Meta(ge=1, le=LONGEST_DAYS)] | None = None
    uses: Annotated[int, Meta(ge=1, le=MOST_USES)] = 1


class InvitationView(Struct, frozen=True):
    """`email` is empty for a link that is shared. `uses` of `most_uses` people have used it."""

    id: UUID
    email: str
    role: RoleName
    channels: list[UUID]
    uses: int
    most_uses: int
    invited_by: UUID
    created_at: Time
    expires_at: Time


class InvitedView(Struct, frozen=True):
    """What became of one address. `link` is shown only here, and null where it was mailed; `reason` says why there is
    no invitation."""

    email: str
    invitation: InvitationView | None
    link: str | None
    mailed: bool
    reason: str


class InvitedViews(Struct, frozen=True):
    results: list[InvitedView]


class InvitationLink(Struct, frozen=True):
    link: str


class InvitationList(MemberView):
    @operation(
        summary="Open invitations, the newest first; for admins", gives={200: page_of(InvitationView)}, refuses=(403,)
    )
    def get(self, request: Request) -> Response:
        if not self.member.may(Right.INVITE):
            raise Forbidden
        rows = pending_invitations().order_by("-created_at", "pk")[:PENDING_INVITATIONS]
        return list_response(request, [_view(invitation) for invitation in rows])

    @operation(
        summary="Invite several addresses, or make a link for several people",
        takes=NewInvitations,
        gives={201: InvitedViews},
        refuses=(403, 409, 429),
        example={"emails": ["dora@acme.example", "emil@acme.example"], "role": "member"},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, NewInvitations)
        if not body.emails:
            invited = invite_by_link(
                self.member, role=Role(body.role), channels=body.channels, days=body.days, uses=body.uses
            )
            return Response(InvitedViews([_invited(request, invited)]), status=201)
        found = invite_addresses(
            self.member,
            emails=body.emails,
            role=Role(body.role),
            channels=body.channels,
            show_links=not settings.MAIL_SERVER,
        )
        return Response(InvitedViews([_invited(request, each) for each in found]), status=201)


class InvitationDetail(MemberView):
    @operation(summary="Withdraw an invitation", gives={204: None}, refuses=(403, 409))
    def delete(self, request: Request, invitation_id: UUID) -> Response:
        revoke_invitation(self.member, find_invitation(self.member, invitation_id))
        return Response(status=204)


class InvitationLinkDetail(MemberView):
    @operation(
        summary="Make a new link of an open invitation; the link that it had ends",
        gives={200: InvitationLink},
        refuses=(403, 409),
    )
    def post(self, request: Request, invitation_id: UUID) -> Response:
        secret = renew_link(self.member, find_invitation(self.member, invitation_id))
        return Response(InvitationLink(_link(request, secret)))


def _invited(request: Request, invited: Invited) -> InvitedView:
    is_mailed = bool(invited.email and invited.invitation) and settings.MAIL_SERVER
    return InvitedView(
        email=invited.email,
        invitation=_view(invited.invitation) if invited.invitation else None,
        link=_link(request, invited.secret) if invited.secret and not is_mailed else None,
        mailed=is_mailed,
        reason=invited.refusal,
    )


def _link(request: Request, secret: str) -> str:
    return absolute_url(reverse("join", args=[secret]), request._request)  # noqa: SLF001  # what the framework wraps


def _view(invitation: Invitation) -> InvitationView:
    return InvitationView(
        id=invitation.pk,
        email=invitation.email,
        role=cast(Any, invitation.role),
        channels=invitation.channels,
        uses=invitation.uses,
        most_uses=invitation.most_uses,
        invited_by=invitation.invited_by_id,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )


ONE = "o/<slug:slug>/api/v1/invitations/<uuid:invitation_id>"

urlpatterns: list[URLPattern] = [
    path("o/<slug:slug>/api/v1/invitations", InvitationList.as_view(), name="invitations"),
    path(ONE, InvitationDetail.as_view(), name="invitation"),
    path(f"{ONE}/link", InvitationLinkDetail.as_view(), name="invitation_link"),
]

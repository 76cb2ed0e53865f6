from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import find_entries
from accounts.errors import Forbidden
from accounts.models import AuditEntry
from accounts.rest.fields import Time
from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import as_utc, read_query
from accounts.rest.views import MemberView, keep_page, list_response
from accounts.roles import Right

PAGE = 200


class AuditQuery(Struct, frozen=True):
    """`action`: the whole name, or how it begins (`message.`). `before`: the id of an entry, for the next page."""

    action: Annotated[str, Meta(max_length=60)] = ""
    actor: UUID | None = None
    target_type: Annotated[str, Meta(max_length=40)] = ""
    target: Annotated[str, Meta(max_length=64)] = ""
    since: Annotated[datetime, Meta(tz=True)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None
    before: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = 50


class AuditView(Struct, frozen=True):
    """`actor` is a member, null when the system acted or the staff of the installation."""

    id: int
    at: Time
    action: str
    actor: UUID | None
    target_type: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str
    address: str | None
    user_agent: str
    request_id: str


class AuditList(MemberView):
    @operation(
        summary="What was done in the organization, the newest first; for its admins",
        query=AuditQuery,
        gives={200: page_of(AuditView)},
        refuses=(403,),
    )
    def get(self, request: Request) -> Response:
        if not self.member.may(Right.READ_AUDIT_LOG):
            raise Forbidden
        query = read_query(request, AuditQuery)
        rows = find_entries(
            action=query.action,
            actor_id=query.actor,
            target_type=query.target_type,
            target_id=query.target,
            since=as_utc("since", query.since),
            until=as_utc("until", query.until),
            before=query.before,
        )
        page, more = keep_page(list(rows[: query.limit + 1]), query.limit)
        return list_response(request, [_view(entry) for entry in page], **({"before": page[-1].pk} if more else {}))


def _view(entry: AuditEntry) -> AuditView:
    return AuditView(
        id=entry.pk,
        at=entry.at,
        action=entry.action,
        actor=entry.actor_id,
        target_type=entry.target_type,
        target=entry.target_id,
        before=entry.before,
        after=entry.after,
        reason=entry.reason,
        address=entry.address,
        user_agent=entry.user_agent,
        request_id=entry.request_id,
    )

from __future__ import annotations

from typing import Annotated, Any, Literal, cast
from uuid import UUID

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from chat.actions.reports import report_message
from chat.api.rendering import read_body
from chat.api.schemas import operation
from chat.api.views import MemberView
from chat.events import Time
from chat.models import Report


class NewReport(Struct, frozen=True):
    reason: Literal["spam", "harassment", "inappropriate", "confidential", "other"]
    comment: Annotated[str, Meta(max_length=1000)] = ""


class ReportView(Struct, frozen=True):
    id: UUID
    message: UUID
    reason: str
    comment: str
    state: Literal["open", "in_review", "resolved", "dismissed"]
    created_at: Time


class MessageReport(MemberView):
    @operation(
        summary="Ask the moderators to look at a message",
        takes=NewReport,
        gives={201: ReportView},
        refuses=(409,),
        example={"reason": "spam", "comment": "The third time today"},
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        body = read_body(request, NewReport)
        report = report_message(self.member, message_id, reason=Report.Reason(body.reason), comment=body.comment)
        return Response(_view(report), status=201)


def _view(report: Report) -> ReportView:
    return ReportView(
        id=report.pk,
        message=report.message_id,
        reason=report.reason,
        comment=report.comment,
        state=cast(Any, report.state),
        created_at=report.created_at,
    )

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_body, read_query
from accounts.rest.views import MemberView, keep_page, list_response
from chat.actions import report_decisions as decisions
from chat.actions import reports as actions
from chat.actions.removed import open_report
from chat.entities.reports import Report as ReportEntity
from chat.models import Report
from chat.queries.reports import (
    PAGE,
    DeskReport,
    ReportContext,
    desk_report,
    list_own_reports,
    list_reports,
    read_context,
)

Reason = Literal["spam", "harassment", "inappropriate", "confidential", "other"]
State = Literal["open", "in_review", "resolved", "dismissed"]
Outcome = Literal["no_action", "hidden", "removed", "warned", "muted", "suspended", "other"]
Note = Annotated[str, Meta(max_length=decisions.NOTE_LENGTH)]


class NewReport(Struct, frozen=True):
    reason: Reason
    comment: Annotated[str, Meta(max_length=actions.COMMENT_LENGTH)] = ""


class ReportQuery(Struct, frozen=True):
    state: State | None = None
    assignee: UUID | None = None
    author: UUID | None = None
    reason: Reason | None = None
    before: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class OwnQuery(Struct, frozen=True):
    before: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = PAGE


class ReportChange(Struct, frozen=True):
    """What is left out stays; `assignee` null hands it back to everybody."""

    state: State | None = None
    outcome: Outcome | None = None
    assignee: UUID | UnsetType | None = UNSET
    note: Note = ""


class ReportDecision(Struct, frozen=True):
    reports: Annotated[list[UUID], Meta(min_length=1, max_length=decisions.AT_ONCE)]
    state: Literal["resolved", "dismissed"]
    outcome: Outcome | None = None
    note: Note = ""


class MessageReport(MemberView):
    @operation(
        summary="Ask the moderators to look at a message",
        takes=NewReport,
        gives={201: ReportEntity},
        refuses=(409,),
        example={"reason": "spam", "comment": "The third time today"},
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        body = read_body(request, NewReport)
        report = actions.report_message(
            self.member, message_id, reason=Report.Reason(body.reason), comment=body.comment
        )
        return Response(report.entity(), status=201)


class ReportList(MemberView):
    @operation(
        summary="The moderators' queue, the newest first; without reports about yourself",
        query=ReportQuery,
        gives={200: page_of(DeskReport)},
        refuses=(403,),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, ReportQuery)
        rows = list_reports(
            self.member,
            state=query.state or "",
            assignee=query.assignee,
            author=query.author,
            reason=query.reason or "",
            before=query.before,
            limit=query.limit + 1,
        )
        page, more = keep_page(rows, query.limit)
        return list_response(
            request, [desk_report(report) for report in page], **({"before": page[-1].pk} if more else {})
        )

    @operation(
        summary="Decide several reports in one way, all or none",
        takes=ReportDecision,
        gives={200: page_of(DeskReport)},
        refuses=(403,),
        example={"reports": ["01936d0e-7c4e-7bb2-8a52-5b8f6a0c9b10"], "state": "dismissed"},
    )
    def patch(self, request: Request) -> Response:
        body = read_body(request, ReportDecision)
        decided = decisions.decide_reports(
            self.member,
            body.reports,
            state=Report.State(body.state),
            outcome=Report.Outcome(body.outcome) if body.outcome else None,
            note=body.note,
        )
        return list_response(request, [desk_report(report) for report in decided])


class OwnReportList(MemberView):
    @operation(
        summary="What became of the messages that you reported, the newest first",
        query=OwnQuery,
        gives={200: page_of(ReportEntity)},
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, OwnQuery)
        rows = list_own_reports(self.member, before=query.before, limit=query.limit + 1)
        page, more = keep_page(rows, query.limit)
        return list_response(request, [row.entity() for row in page], **({"before": page[-1].pk} if more else {}))


class ReportAcknowledge(MemberView):
    @operation(
        summary="Say that you have read what was decided about your report",
        gives={200: ReportEntity},
        refuses=(409,),
    )
    def post(self, request: Request, report_id: UUID) -> Response:
        return Response(actions.acknowledge_report(self.member, report_id).entity())


class ReportDetail(MemberView):
    @operation(
        summary="A report with what came before and after; that you read it is recorded",
        gives={200: ReportContext},
        refuses=(403,),
    )
    def get(self, request: Request, report_id: UUID) -> Response:
        return Response(read_context(self.member, open_report(self.member, report_id)))

    @operation(
        summary="Take a report on, hand it over, write a note, decide it",
        takes=ReportChange,
        gives={200: DeskReport},
        refuses=(403,),
        example={"state": "resolved", "outcome": "hidden", "note": "Third time."},
    )
    def patch(self, request: Request, report_id: UUID) -> Response:
        body = read_body(request, ReportChange)
        report = decisions.update_report(
            self.member,
            report_id,
            state=Report.State(body.state) if body.state else None,
            outcome=Report.Outcome(body.outcome) if body.outcome else None,
            assignee=body.assignee,
            note=body.note,
        )
        return Response(desk_report(report))

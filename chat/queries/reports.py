"""Reports as moderators see them, and everything that they need to decide one."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from msgspec import Struct

from accounts.models import Member
from chat.access import visible_reports
from chat.content.loading import entities, entity
from chat.entities.fields import Time
from chat.entities.messages import Message as MessageEntity
from chat.entities.reports import Report as ReportEntity
from chat.entities.sanctions import Sanction as SanctionEntity
from chat.models import Message, Report, ReportNote, Sanction

PAGE: Final = 100
CONTEXT: Final = 10  # messages before and after: what a person reads to understand one
EARLIER: Final = 50  # reports and sanctions of the same author; more of them say nothing more


class ReportNoteView(Struct, frozen=True):
    author: UUID
    text: str
    created_at: Time


class DeskReport(ReportEntity, frozen=True, kw_only=True):
    """A report with what only moderators see."""

    author: UUID
    reporter: UUID
    assignee: UUID | None
    decided_by: UUID | None


class SanctionView(SanctionEntity, frozen=True, kw_only=True):
    """A measure with what only moderators see."""

    created_by: UUID | None
    lifted_by: UUID | None
    lift_reason: str


class ReportContext(Struct, frozen=True):
    """`original` is what the reported message says, hidden or not; null when it was removed or its time was over.
    `reports` are others about the same author, the newest first, this one left out."""

    report: DeskReport
    original: str | None
    message: MessageEntity | None
    before: list[MessageEntity]
    after: list[MessageEntity]
    notes: list[ReportNoteView]
    reports: list[DeskReport]
    sanctions: list[SanctionView]


def list_reports(
    member: Member,
    *,
    state: str = "",
    assignee: UUID | None = None,
    author: UUID | None = None,
    reason: str = "",
    before: UUID | None = None,
    limit: int = PAGE,
) -> list[Report]:
    """Return reports, the newest first; `before` is the last of the page before. Raises Forbidden."""
    exact = {"state": state, "assignee": assignee, "author": author, "reason": reason}
    reports = visible_reports(member).filter(**{name: value for name, value in exact.items() if value})
    if before is not None:
        reports = reports.filter(pk__lt=before)  # ids are UUIDv7: they sort by time
    return list(reports.order_by("-pk")[:limit])


def list_own_reports(member: Member, *, before: UUID | None = None, limit: int = PAGE) -> list[Report]:
    """Return what the member reported, the newest first; `before` is the last of the page before."""
    reports = Report.objects.filter(reporter=member)
    if before is not None:
        reports = reports.filter(pk__lt=before)
    return list(reports.order_by("-pk")[:limit])


def read_context(member: Member, report: Report) -> ReportContext:
    """Return everything that a moderator needs to decide a report which they opened with `open_report`.

    That action records the read: the moderator may take no part in the conversation. Hidden text is shown only as the
    `original` of the reported message.
    """
    message = report.message
    around = Message.objects.filter(conversation=report.conversation_id).defer("search")
    before = list(around.filter(seq__lt=message.seq).order_by("-seq")[:CONTEXT])[::-1] if message else []
    after = list(around.filter(seq__gt=message.seq).order_by("seq")[:CONTEXT]) if message else []
    others = visible_reports(member).filter(author=report.author_id).exclude(pk=report.pk)
    return ReportContext(
        report=desk_report(report),
        original=message.text if message and message.purged_at is None else None,
        message=entity(message) if message else None,
        before=entities(before),
        after=entities(after),
        notes=[_note(note) for note in ReportNote.objects.filter(report=report).order_by("pk")],
        reports=[desk_report(other) for other in others.order_by("-pk")[:EARLIER]],
        sanctions=[sanction_view(sanction) for sanction in list_sanctions(report.author_id)[:EARLIER]],
    )


def list_sanctions(member_id: UUID | None = None, *, before: UUID | None = None) -> QuerySet[Sanction]:
    """Return the sanctions of the organization in scope, or of one member, the newest first."""
    sanctions: QuerySet[Sanction] = Sanction.objects.order_by("-pk")
    if member_id is not None:
        sanctions = sanctions.filter(member=member_id)
    return sanctions if before is None else sanctions.filter(pk__lt=before)


def desk_report(report: Report) -> DeskReport:
    entity = report.entity()
    return DeskReport(
        **{name: getattr(entity, name) for name in entity.__struct_fields__},
        author=report.author_id,
        reporter=report.reporter_id,
        assignee=report.assignee_id,
        decided_by=report.decided_by_id,
    )


def sanction_view(sanction: Sanction) -> SanctionView:
    entity = sanction.entity()
    return SanctionView(
        **{name: getattr(entity, name) for name in entity.__struct_fields__},
        created_by=sanction.created_by_id,
        lifted_by=sanction.lifted_by_id,
        lift_reason=sanction.lift_reason,
    )


def _note(note: ReportNote) -> ReportNoteView:
    return ReportNoteView(note.author_id, note.text, note.created_at)

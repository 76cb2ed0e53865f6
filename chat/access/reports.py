"""Reports that one moderator may see."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext

from accounts.models import Member
from accounts.roles import Right
from chat.errors import Forbidden, NotFound
from chat.models import Report

UNDECIDED: Final = (Report.State.OPEN, Report.State.IN_REVIEW)
OPEN_REPORTS: Final = 200  # counted for a moderator: the page shows "99+" long before


def require_moderator(member: Member) -> None:
    """Raise Forbidden for a member who may not moderate."""
    if not member.may(Right.MODERATE):
        raise Forbidden(gettext("Only moderators may do that."))


def visible_reports(member: Member) -> QuerySet[Report]:
    """Return every report of the organization except those about the member: nobody learns who reported them.

    Raises Forbidden for a member who may not moderate.
    """
    require_moderator(member)
    reports: QuerySet[Report] = Report.objects.exclude(author=member)
    return reports


def open_reports(member: Member) -> QuerySet[Report]:
    """Return the newest OPEN_REPORTS reports that a moderator has to decide, the oldest first."""
    undecided = visible_reports(member).filter(state__in=UNDECIDED)
    newest = undecided.order_by("-pk").values("pk")[:OPEN_REPORTS]
    reports: QuerySet[Report] = Report.objects.filter(pk__in=newest).order_by("pk")
    return reports


def find_report(member: Member, report_id: UUID, *, lock: bool = False) -> Report:
    """Return a report, for moderators. Raises NotFound for everybody else, its reporter included."""
    if not member.may(Right.MODERATE):
        raise NotFound
    reports = visible_reports(member).filter(pk=report_id)
    report = (reports.select_for_update(no_key=True) if lock else reports).first()
    if report is None:
        raise NotFound
    return report

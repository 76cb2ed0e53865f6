"""Reports: a member asks the moderators to look at a message, and reads what they decided.

Lock order: conversation, reports by ascending id, clients (inside publish).
"""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import audit
from accounts.clean_text import clean_lines
from accounts.models import Member
from accounts.roles import Right, Role, has_right
from accounts.rules import governed
from chat import rules
from chat.access import find_message, open_reports
from chat.delivery import Draft, one_member, publish
from chat.errors import Conflict, Invalid, NotFound
from chat.models import Report

COMMENT_LENGTH: Final = 1000


@governed(rules.REPORT)
@transaction.atomic
def report_message(member: Member, message_id: UUID, *, reason: Report.Reason, comment: str = "") -> Report:
    """Put a message into the moderators' queue. Once for each member and message: a second report finds the first.

    Locks the conversation, so that retention does not take the message away meanwhile.
    """
    message, _ = find_message(member, message_id, lock=True)
    if message.author_id == member.pk:
        raise Conflict(gettext("That is your own message."))
    if message.purged_at is not None:
        raise Conflict(gettext("The message was removed."))
    report: Report
    report, created = Report.objects.get_or_create(
        organization_id=member.organization_id,
        message=message,
        reporter=member,
        defaults={
            "conversation_id": message.conversation_id,
            "author_id": message.author_id,
            "reason": reason,
            "comment": clean_remark(comment, "comment", COMMENT_LENGTH),
        },
    )
    if created:
        publish_report(report, "created")
        audit.record("message.report", actor=member, target=message, after={"reason": reason})
    return report


@governed(rules.ACKNOWLEDGE)
@transaction.atomic
def acknowledge_report(member: Member, report_id: UUID) -> Report:
    """Record that the reporter has read the outcome. Repeating it changes nothing.

    Raises NotFound for reports of others, Conflict while the report is not decided.
    """
    own = Report.objects.filter(reporter=member, pk=report_id).select_for_update(no_key=True)
    report: Report | None = own.first()
    if report is None:
        raise NotFound
    if not report.is_decided:
        raise Conflict(gettext("The report has not been decided yet."))
    if report.acknowledged_at is None:
        report.acknowledged_at = timezone.now()
        report.version += 1
        report.save(update_fields=["acknowledged_at", "version"])
        publish(report.organization_id, _to_reporter(report, "report.updated"))
    return report


def publish_open_reports(moderator: Member) -> None:
    """Publish the open reports to a member who has just become a moderator, as a first sync would return them."""
    cases = [_case(report, moderator.pk, "case.updated") for report in open_reports(moderator)]
    if cases:
        publish(moderator.organization_id, *cases)


def clean_remark(text: str, field: str, most: int) -> str:
    """Return a comment or a note as it is stored. Raises Invalid for `field` where it is too long."""
    text = clean_lines(text)
    if len(text) > most:
        raise Invalid({field: [gettext("%(most)s characters at most.") % {"most": most}]})
    return text


def publish_report(report: Report, change: Literal["created", "updated"]) -> None:
    """Publish the report to its reporter, and as a case to the moderators. Its author learns nothing of it."""
    cases = [_case(report, moderator, f"case.{change}") for moderator in _moderators(report)]
    publish(report.organization_id, _to_reporter(report, f"report.{change}"), *cases)


def _to_reporter(report: Report, type: str) -> Draft:
    return Draft(type=type, entity=report.entity(), entity_id=report.pk, audience=one_member(report.reporter_id))


def _case(report: Report, moderator: UUID, type: str) -> Draft:
    return Draft(type=type, entity=report.case(), entity_id=report.pk, audience=one_member(moderator))


def _moderators(report: Report) -> list[UUID]:
    """Return everybody who finds the report on the desk, by ascending id."""
    roles = [role for role in Role if has_right(role, Right.MODERATE)]
    active = Member.objects.filter(role__in=roles, deactivated_at=None).exclude(pk=report.author_id)
    return list(active.order_by("pk").values_list("pk", flat=True))

"""A member asks the moderators to look at a message."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import Member
from chat.access import find_message
from chat.delivery.publish import Draft, publish
from chat.errors import Conflict, Invalid
from chat.models import Report


@transaction.atomic
def report_message(member: Member, message_id: UUID, *, reason: Report.Reason, comment: str = "") -> Report:
    """Put a message into the moderators' queue. Once for each member and message: a second report finds the first."""
    message, _ = find_message(member, message_id)
    if message.author_id == member.pk:
        raise Conflict("That is your own message.")
    comment = comment.replace("\x00", "").strip()
    if len(comment) > 1000:
        raise Invalid({"comment": ["1000 characters at most."]})
    report: Report
    report, created = Report.objects.get_or_create(
        organization_id=member.organization_id,
        message=message,
        reporter=member,
        defaults={
            "conversation_id": message.conversation_id,
            "author_id": message.author_id,
            "reason": reason,
            "comment": comment,
        },
    )
    if created:
        _publish(report, "report.created")
        audit.record("message.report", actor=member, target=message, after={"reason": reason})
    return report


def _publish(report: Report, type: str) -> None:
    """Tell whoever reported it, and nobody else."""
    draft = Draft(type=type, entity=report.entity(), entity_id=report.pk, member_id=report.reporter_id)
    publish(report.organization_id, draft)

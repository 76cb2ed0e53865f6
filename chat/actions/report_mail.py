"""Mail to moderators about new reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.mail import send_template_later
from accounts.models import Member
from accounts.roles import Right, Role, has_right
from chat.access.reports import UNDECIDED
from chat.models import Report

MAIL_PAUSE: Final = timedelta(hours=1)


def mail_open_reports() -> int:
    """Mail the moderators how many reports are open, where there are new ones since the last mail.

    An organization gets at most one such mail in MAIL_PAUSE to each moderator, and it names neither people nor texts.
    Returns how many mails were queued: none without a mail server. Runs with every organization in scope.
    """
    if not settings.MAIL_SERVER:
        return 0
    waiting = Report.objects.filter(state__in=UNDECIDED, mailed_at=None).values_list("organization_id", flat=True)
    return sum(_mail_moderators(organization_id) for organization_id in sorted(waiting.distinct()))


@transaction.atomic
def _mail_moderators(organization_id: UUID) -> int:
    """Mail the moderators of one organization. Locks the new reports, so that two runs do not mail the same ones."""
    ours = Report.objects.filter(organization_id=organization_id)
    undecided = ours.filter(state__in=UNDECIDED)
    fresh = list(undecided.filter(mailed_at=None).order_by("pk").select_for_update(no_key=True))
    now, last = timezone.now(), ours.aggregate(last=Max("mailed_at"))["last"]
    if not fresh or (last is not None and last > now - MAIL_PAUSE):
        return 0
    ours.filter(pk__in=[report.pk for report in fresh]).update(mailed_at=now)
    roles = [role for role in Role if has_right(role, Right.MODERATE)]
    moderators = Member.objects.filter(organization_id=organization_id, role__in=roles, deactivated_at=None)
    recipients = [
        each
        for each in moderators.select_related("user", "organization").order_by("pk")
        if any(report.author_id != each.pk for report in fresh)  # nobody learns of reports about themselves
    ]
    for moderator in recipients:
        context = {
            "organization": moderator.organization.name,
            "count": undecided.exclude(author=moderator).count(),
            "link": f"{settings.BASE_URL}/o/{moderator.organization.slug}/desk",
        }
        send_template_later("chat/email/reports", to=moderator.user.email, context=context)
    return len(recipients)

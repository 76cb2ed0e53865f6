"""The effect of mutes and suspensions on a membership. The chat imposes and records them, and notifies the member.

Locks the organization, then both members by ascending id, as accounts/actions/members.py does.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import rules
from accounts.actions.members import end_access, keep_an_owner, lock_both, save_activity
from accounts.audit import record
from accounts.errors import Conflict, Forbidden
from accounts.models import Member
from accounts.roles import may_moderate
from accounts.rules import governed
from accounts.signals import member_preferences_changed, member_reactivated


def lock_to_sanction(member: Member, subject: Member) -> tuple[Member, Member]:
    """Both as they are now. Raises Forbidden for oneself and for somebody of equal or higher rank."""
    actor, subject = lock_both(member, subject)
    if actor.pk == subject.pk:
        raise Forbidden(gettext("You cannot take measures against yourself."))
    if not may_moderate(actor.role, subject.role):
        raise Forbidden(gettext("You may not do that to a member of this role."))
    return actor, subject


@governed(rules.SANCTION)
@transaction.atomic
def mute(member: Member, subject: Member, *, until: datetime | None, reason: str) -> Member:
    """Let the subject write nothing before `until`; None ends it. It ends by itself, too: times are compared."""
    actor, subject = lock_to_sanction(member, subject)
    before = {"muted_until": subject.muted_until}
    subject.muted_until, subject.mute_reason = until, reason if until else ""
    subject.version += 1
    subject.save(update_fields=["muted_until", "mute_reason", "version"])
    action = "member.muted" if until else "member.unmuted"
    record(action, actor=actor, target=subject, before=before, after={"muted_until": until}, reason=reason)
    member_preferences_changed.send(sender=Member, member=subject)
    return subject


@governed(rules.SANCTION)
@transaction.atomic
def suspend(member: Member, subject: Member, *, until: datetime | None, reason: str) -> Member:
    """Treat the subject as a former member from now on. Raises Conflict for the last owner and who is not active."""
    actor, subject = lock_to_sanction(member, subject)
    if not subject.is_active:
        raise Conflict(
            gettext("They are already suspended.") if subject.is_suspended else gettext("They are no longer a member.")
        )
    keep_an_owner(subject)
    subject.deactivated_at = subject.suspended_at = timezone.now()
    subject.suspended_until, subject.suspension_reason = until, reason
    end_access(subject)
    after = {"suspended_at": subject.suspended_at, "suspended_until": until}
    before = {"suspended_at": None, "suspended_until": None}
    record("member.suspended", actor=actor, target=subject, before=before, after=after, reason=reason)
    return subject


@governed(rules.SANCTION)
@transaction.atomic
def lift_suspension(member: Member, subject: Member, *, reason: str) -> Member:
    """Let the subject back in with the role they had. Raises Conflict when they are not suspended."""
    actor, subject = lock_to_sanction(member, subject)
    return _readmit(subject, actor=actor, reason=reason)


@transaction.atomic
def end_suspension(subject: Member) -> Member | None:
    """The time of a suspension is over; None when somebody was first."""
    rows = Member.objects.select_for_update(no_key=True).filter(pk=subject.pk, suspended_until__lte=timezone.now())
    fresh = rows.first()
    return _readmit(fresh, actor=None, reason="Its time is over.") if fresh else None


def _readmit(subject: Member, *, actor: Member | None, reason: str) -> Member:
    if not subject.is_suspended:
        raise Conflict(gettext("They are not suspended."))
    before = {"suspended_at": subject.suspended_at, "suspended_until": subject.suspended_until}
    subject.deactivated_at = subject.suspended_at = subject.suspended_until = None
    subject.suspension_reason = ""
    save_activity(subject)
    after = {"suspended_at": None, "suspended_until": None}
    record("member.readmitted", actor=actor, target=subject, before=before, after=after, reason=reason)
    member_reactivated.send(sender=Member, member=subject)
    return subject

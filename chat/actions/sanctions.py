"""Measures against a member: a warning, a mute for a time, a suspension; and lifting them.

accounts/actions/sanctions.py says what a mute and a suspension do. Here they are recorded and published, to the member
alone and never with the name of who imposed them.

Lock order: organization, members, sanctions, clients (inside publish).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from accounts import audit
from accounts.actions import sanctions as accounts
from accounts.models import Member
from accounts.rules import governed
from chat import rules
from chat.access import find_member_to_moderate
from chat.actions.reasons import clean_reason
from chat.delivery import Draft, one_member, publish
from chat.errors import Conflict, Invalid, NotFound
from chat.models import Sanction

Kind = Sanction.Kind


@governed(rules.WARN)
@transaction.atomic
def warn_member(member: Member, member_id: UUID, *, reason: str) -> Sanction:
    """Warn a member. Raises Forbidden, NotFound, and Conflict for a member who is not active."""
    reason = clean_reason(reason)
    actor, subject = accounts.lock_to_sanction(member, find_member_to_moderate(member, member_id))
    if not subject.is_active:
        raise Conflict(gettext("They are no longer a member."))
    audit.record("member.warned", actor=actor, target=subject, reason=reason)
    return _impose(actor, subject, Kind.WARNING, reason)


@governed(rules.MUTE)
@transaction.atomic
def mute_member(member: Member, member_id: UUID, *, reason: str, until: datetime) -> Sanction:
    """Let a member write nothing until then. A mute that is in force is replaced."""
    reason, until = clean_reason(reason), _future(until)
    subject = find_member_to_moderate(member, member_id)
    if not subject.is_active:
        raise Conflict(gettext("They are no longer a member."))
    subject = accounts.mute(member, subject, until=until, reason=reason)
    _end(subject, Kind.MUTE, by=member, reason="Replaced by another one.")
    return _impose(member, subject, Kind.MUTE, reason, until=until)


@governed(rules.SUSPEND)
@transaction.atomic
def suspend_member(member: Member, member_id: UUID, *, reason: str, until: datetime | None = None) -> Sanction:
    """Suspend a member until then, or until it is lifted. Their sessions, tokens, sockets and mailboxes end here."""
    reason = clean_reason(reason)
    until = None if until is None else _future(until)
    subject = accounts.suspend(member, find_member_to_moderate(member, member_id), until=until, reason=reason)
    return _impose(member, subject, Kind.SUSPENSION, reason, until=until)


@governed(rules.LIFT)
@transaction.atomic
def lift_sanction(member: Member, member_id: UUID, *, kind: str, reason: str) -> Sanction:
    """End a mute or a suspension before its time. Raises Conflict when there is none, Invalid for another kind."""
    reason = clean_reason(reason)
    if kind not in {Kind.MUTE, Kind.SUSPENSION}:
        raise Invalid({"kind": [gettext("mute or suspension; a warning stays a warning.")]})
    _, subject = accounts.lock_to_sanction(member, find_member_to_moderate(member, member_id))
    if kind == Kind.MUTE:
        if not subject.is_muted:
            raise Conflict(gettext("They are not muted."))
        subject = accounts.mute(member, subject, until=None, reason=reason)
    else:
        subject = accounts.lift_suspension(member, subject, reason=reason)
    lifted = _end(subject, Kind(kind), by=member, reason=reason)
    if not lifted:
        raise Conflict(gettext("There is nothing to lift."))
    return lifted[-1]


@governed(rules.ACKNOWLEDGE_SANCTION)
@transaction.atomic
def acknowledge_sanction(member: Member, sanction_id: UUID) -> Sanction:
    """Record that the member has read why a measure was taken against them. Repeating it changes nothing.

    Raises NotFound for measures against others. Locks the sanction, then clients (inside publish).
    """
    own = Sanction.objects.filter(member=member, pk=sanction_id).select_for_update(no_key=True)
    sanction: Sanction | None = own.first()
    if sanction is None:
        raise NotFound
    if sanction.acknowledged_at is None:
        sanction.acknowledged_at = timezone.now()
        sanction.version += 1
        sanction.save(update_fields=["acknowledged_at", "version"])
        _publish(sanction, "sanction.updated")
    return sanction


def end_expired_suspensions() -> int:
    """End suspensions whose time is over. Returns how many. Mutes need no task: their times are compared."""
    over = Member.objects.filter(suspended_until__lte=timezone.now()).order_by("pk")
    return sum(_end_suspension(subject) for subject in over)


def in_force(sanctions: Any) -> Any:
    """Return the sanctions of a queryset that are neither lifted nor over."""
    return sanctions.filter(Q(until=None) | Q(until__gt=timezone.now()), lifted_at=None)


@transaction.atomic
def _end_suspension(subject: Member) -> bool:
    fresh = accounts.end_suspension(subject)
    if fresh is not None:
        _end(fresh, Kind.SUSPENSION, by=None, reason="Its time is over.")
    return fresh is not None


def _future(until: datetime) -> datetime:
    """Return the time in UTC: RFC 3339 allows offsets that PostgreSQL does not. Raises Invalid for the past."""
    try:
        until = until.astimezone(UTC)
    except OverflowError:
        raise Invalid({"until": [gettext("Out of range.")]}) from None
    if until <= timezone.now():
        raise Invalid({"until": [gettext("That time has passed.")]})
    return until


def _impose(
    actor: Member, subject: Member, kind: Sanction.Kind, reason: str, *, until: datetime | None = None
) -> Sanction:
    sanction: Sanction = Sanction.objects.create(
        organization_id=subject.organization_id,
        member=subject,
        kind=kind,
        reason=reason,
        until=until,
        created_by=actor,
    )
    _publish(sanction, "sanction.created")
    return sanction


def _end(subject: Member, kind: Sanction.Kind, *, by: Member | None, reason: str) -> list[Sanction]:
    rows = Sanction.objects.filter(member=subject, kind=kind, lifted_at=None).select_for_update(no_key=True)
    ended = list(rows.order_by("pk"))
    for sanction in ended:
        sanction.lifted_at, sanction.lifted_by, sanction.lift_reason = timezone.now(), by, reason
        sanction.version += 1
        sanction.save(update_fields=["lifted_at", "lifted_by", "lift_reason", "version"])
        _publish(sanction, "sanction.updated")
    return ended


def _publish(sanction: Sanction, type: str) -> None:
    """Publish the sanction to the member alone."""
    draft = Draft(type=type, entity=sanction.entity(), entity_id=sanction.pk, audience=one_member(sanction.member_id))
    publish(sanction.organization_id, draft)

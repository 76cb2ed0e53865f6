"""The refusals that state a moderator's measure to the member against whom it was taken: what, why, until when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.utils.translation import gettext

from accounts.errors import Sanctioned
from accounts.models import Member, User
from accounts.tenancy import suspension_of

CLOSE_REASON: Final = 123  # bytes: what a close frame has room for (RFC 6455)


def muted(member: Member) -> Sanctioned:
    """Why a muted member may not write. It costs no query."""
    detail = gettext("A moderator has muted you until %(until)s.") % {"until": _time(member.muted_until)}
    return Sanctioned(
        _with_reason(detail, member.mute_reason),
        sanction="mute",
        reason=member.mute_reason,
        until=member.muted_until,
    )


def suspension_refusal(user: User, slug: str) -> Sanctioned | None:
    """Why the user may not enter the organization called `slug`; None for everybody who is not suspended from it."""
    member = suspension_of(user, slug)
    return None if member is None else suspended(member)


def suspended(member: Member) -> Sanctioned:
    if member.suspended_until is None:
        detail = gettext("A moderator has suspended you from this organization until the suspension is lifted.")
    else:
        detail = gettext("A moderator has suspended you from this organization until %(until)s.") % {
            "until": _time(member.suspended_until)
        }
    return Sanctioned(
        _with_reason(detail, member.suspension_reason),
        sanction="suspension",
        reason=member.suspension_reason,
        until=member.suspended_until,
    )


def close_reason(refusal: Sanctioned) -> str:
    """The reason for a close frame of a socket, cut to the room that there is."""
    text = f"{refusal.sanction}: {refusal.reason}" if refusal.reason else refusal.sanction
    return text.encode()[:CLOSE_REASON].decode(errors="ignore")


def _with_reason(detail: str, reason: str) -> str:
    return gettext("%(detail)s Reason: %(reason)s") % {"detail": detail, "reason": reason} if reason else detail


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else ""

"""Why somebody did something to others, for the audit log."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from accounts.models import Member
from accounts.text import clean_line
from chat.errors import Invalid
from chat.models import Conversation, Participant

REASON_LENGTH: Final = 500


def clean_reason(reason: str) -> str:
    """Raises Invalid without one."""
    reason = clean_line(reason)
    if not reason:
        raise Invalid({"reason": [gettext("Say why.")]})
    if len(reason) > REASON_LENGTH:
        raise Invalid({"reason": [gettext("%(reason_length)s characters at most.") % {"reason_length": REASON_LENGTH}]})
    return reason


def reason_to_run(conversation: Conversation, *, by: Member, reason: str) -> str:
    """The same where a moderator of the organization steps in; an admin of the channel itself may go without."""
    seats = Participant.objects.filter(conversation=conversation, member=by, left_at=None)
    if not reason and seats.filter(role=Participant.Role.ADMIN).exists():
        return ""
    return clean_reason(reason)

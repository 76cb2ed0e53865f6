"""Reasons that members give for acts against others, for the audit log."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from accounts.clean_text import clean_line
from chat.access import Access
from chat.errors import Invalid

REASON_LENGTH: Final = 500


def clean_reason(reason: str) -> str:
    """Return the reason as it is stored. Raises Invalid without one."""
    reason = clean_line(reason)
    if not reason:
        raise Invalid({"reason": [gettext("Say why.")]})
    if len(reason) > REASON_LENGTH:
        raise Invalid({"reason": [gettext("%(reason_length)s characters at most.") % {"reason_length": REASON_LENGTH}]})
    return reason


def reason_to_run(access: Access, reason: str) -> str:
    """Return the same for a moderator of the organization; an admin of the channel itself may give no reason."""
    return "" if access.runs_channel and not clean_line(reason) else clean_reason(reason)

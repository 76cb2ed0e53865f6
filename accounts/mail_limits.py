"""Limits of mails that users can make the server send.

They are counted in the cache, in fixed windows. If the cache is down, all are allowed, as in accounts/throttle.py.
"""

from __future__ import annotations

import hashlib
import time
from typing import Final

import structlog
from django.core.cache import cache
from django.utils.translation import gettext
from redis.exceptions import RedisError

from accounts.errors import Throttled
from accounts.models import Member

HOUR: Final = 3600  # seconds
DAY: Final = 24 * HOUR
# (how many, in how many seconds)
INVITATIONS_TO_AN_ADDRESS: Final = (
    5,
    DAY,
)  # of the whole installation: a few to one stranger, from all senders together
INVITATIONS_OF_A_MEMBER: Final = (60, HOUR)  # enough to invite a department one by one
INVITATIONS_OF_AN_ORGANIZATION: Final = (300, DAY)  # for more people, use a directory or a link
MAILS_TO_AN_ADDRESS: Final = (20, DAY)  # confirmations, resets and similar mails that anybody can request

log = structlog.get_logger(__name__)


def count_invitation(member: Member, email: str) -> None:
    """Count an invitation by mail. Raises Throttled when one of its limits is reached."""
    _count("invitation:to", _hidden(email), INVITATIONS_TO_AN_ADDRESS)
    _count("invitation:by", str(member.pk), INVITATIONS_OF_A_MEMBER)
    _count("invitation:from", str(member.organization_id), INVITATIONS_OF_AN_ORGANIZATION)


def may_mail(email: str) -> bool:
    """Count a mail that anybody can request for this address. Returns whether it may be sent."""
    try:
        _count("mail:to", _hidden(email), MAILS_TO_AN_ADDRESS)
    except Throttled:
        log.warning("mail_withheld", limit=MAILS_TO_AN_ADDRESS[0])
        return False
    return True


def _count(action: str, key: str, limit: tuple[int, int]) -> None:
    most, seconds = limit
    now = time.time()
    name = f"pace:{action}:{key}:{int(now // seconds)}"
    try:
        cache.add(name, 0, timeout=2 * seconds)
        count = cache.incr(name)
    except (RedisError, ValueError):  # the cache is down, or the counter expired between the two calls
        log.warning("pace_unavailable", action=action)
        return
    if count > most:
        raise Throttled(
            int(seconds - now % seconds) + 1, gettext("Too many emails were sent. Try again later, or share a link.")
        )


def _hidden(email: str) -> str:
    """Return one hash for all spellings of the address of a mailbox. Addresses are not stored in the cache."""
    name, _, domain = email.strip().lower().partition("@")
    return hashlib.sha256(f"{name.partition('+')[0]}@{domain}".encode()).hexdigest()

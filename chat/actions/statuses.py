"""The status that a member shows beside their name. Lock order: status, clients (inside publish)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.clean_text import clean_line
from accounts.models import Member
from accounts.rules import governed
from chat import rules
from chat.delivery import Draft, publish, whole_organization
from chat.emoji import one_emoji
from chat.entities.statuses import Status as StatusEntity
from chat.errors import Invalid
from chat.models.statuses import LENGTH, Status

LONGEST: Final = timedelta(days=366)  # what holds for longer is a title
AT_ONCE: Final = 500  # statuses that one run clears: each is an event for the whole organization


@governed(rules.SET_STATUS)
@transaction.atomic
def set_status(member: Member, *, text: str, emoji: str = "", until: datetime | None = None) -> StatusEntity:
    """Set the member's status and return it. Raises Invalid. The same status again changes nothing."""
    text = clean_line(text)
    spelled = one_emoji(emoji) if emoji else ""
    if spelled is None:
        raise Invalid({"emoji": [gettext("One emoji.")]})
    if not text and not spelled:
        raise Invalid({"text": [gettext("A text or an emoji.")]})
    if len(text) > LENGTH:
        raise Invalid({"text": [gettext("At most %(length)s characters.") % {"length": LENGTH}]})
    return _save(member, text=text, emoji=spelled, until=_ending(until))


@governed(rules.CLEAR_STATUS)
@transaction.atomic
def clear_status(member: Member) -> None:
    """Clear the member's status. Without one nothing changes."""
    if Status.objects.filter(member=member).exists():
        _save(member, text="", emoji="", until=None)


def clear_expired_statuses() -> int:
    """Clear the statuses whose time is over, at most AT_ONCE of them, and return how many."""
    return sum(1 for _ in takewhile(lambda _: _clear_expired(), range(AT_ONCE)))


@transaction.atomic
def _clear_expired() -> bool:
    """Clear one of them. Returns False if there is none, or if other workers hold all that are left."""
    expired = Status.objects.filter(until__lte=timezone.now()).select_related("member")
    status = expired.select_for_update(of=("self",), skip_locked=True).first()
    if status is None:
        return False
    _change(status, text="", emoji="", until=None)
    return True


def _ending(until: datetime | None) -> datetime | None:
    """Return the time in UTC. RFC 3339 allows offsets that PostgreSQL does not, and times that UTC cannot express."""
    if until is None:
        return None
    try:
        until = until.astimezone(UTC)
    except OverflowError:
        raise Invalid({"until": [gettext("Out of range.")]}) from None
    now = timezone.now()
    if until <= now:
        raise Invalid({"until": [gettext("That time has passed.")]})
    if until > now + LONGEST:
        raise Invalid({"until": [gettext("At most a year from now.")]})
    return until


def _save(member: Member, *, text: str, emoji: str, until: datetime | None) -> StatusEntity:
    given = {"organization_id": member.organization_id}
    status, _ = Status.objects.select_for_update().get_or_create(member=member, defaults=given)
    return _change(status, text=text, emoji=emoji, until=until)


def _change(status: Status, *, text: str, emoji: str, until: datetime | None) -> StatusEntity:
    """Save and publish the status if it differs, under its next version."""
    if (status.text, status.emoji, status.until) == (text, emoji, until):
        return status.entity()
    status.text, status.emoji, status.until = text, emoji, until
    status.version += 1
    status.save(update_fields=["text", "emoji", "until", "version"])
    entity = status.entity()
    draft = Draft(type="status.updated", entity=entity, entity_id=status.member_id, audience=whole_organization())
    publish(status.organization_id, draft)
    return entity

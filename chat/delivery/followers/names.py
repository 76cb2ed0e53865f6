"""Keep the followers in the database in step with those in the code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from django.utils import timezone

from chat.delivery.followers import reader
from chat.delivery.followers.registry import Declaration
from chat.models import Follower

SEEN: Final = timedelta(minutes=1)  # how exact `seen_at` is kept
FORGOTTEN: Final = timedelta(days=7)  # without being in any worker's code: longer than any change of versions takes

log = structlog.get_logger(__name__)


def remember(declared: Sequence[Declaration]) -> None:
    """Create the rows of new followers, and record that all of them are in use."""
    known = dict(Follower.objects.values_list("name", "seen_at"))
    for each in declared:
        if each.name not in known:
            reader.begin(each)
    now = timezone.now()
    old = [each.name for each in declared if each.name in known and known[each.name] < now - SEEN]
    if old:
        Follower.objects.filter(pk__in=old).update(seen_at=now)
    _forget_removed(declared)


def _forget_removed(declared: Sequence[Declaration]) -> None:
    """Delete the rows of followers that no worker has had in its code for FORGOTTEN."""
    left = Follower.objects.exclude(pk__in=[each.name for each in declared])
    for follower in left.filter(seen_at__lt=timezone.now() - FORGOTTEN):
        follower.delete()
        log.warning("follower_forgotten", follower=follower.name)

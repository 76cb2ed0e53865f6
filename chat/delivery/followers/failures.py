"""Events that a follower cannot handle.

A batch that failed is undone and its events are handled one by one. An event that fails waits, each time longer, and
its organization's later events of this follower wait behind it, since their order is kept. After FOLLOWER_TRIES
failures it is set aside and they go on; it is shown on the operations page until it is tried again or discarded. Of
what was raised the kind and the place are kept, never the words: they may quote a message.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.tenancy import organization_scope
from chat.delivery.followers import handling, queues
from chat.delivery.followers.handling import HandlerFailed
from chat.delivery.followers.queues import Taken, Turn
from chat.delivery.followers.registry import Declaration
from chat.models import Event, SetAsideEvent

PAUSE: Final = 1.0  # seconds after the first failure; it doubles
LONGEST: Final = 60.0  # seconds: with eight tries an event holds its organization up for two minutes
# Events of one follower. More are no poisoned events but a broken follower: then they wait in their queues, where
# nothing is lost, until somebody has cleared some away.
SET_ASIDE: Final = 10_000
PURGED: Final = "the event has been purged"
ROOT: Final = Path(__file__).resolve().parents[3]

log = structlog.get_logger(__name__)


@transaction.atomic
def note(turn: Turn, taken: Taken, error: Exception, *, held: UUID | None) -> None:
    """Note that the handler failed with these events; they are the first of the queue unless another worker has had it.

    Locks the queue; where another worker has it, that one finds out by itself. `held`: the lease that we had.
    """
    locked = queues.lock(turn.follower, turn.organization_id, held=held)
    if locked is None:
        return
    first = queues.first_events(locked, 1)
    if list(first.ids) != list(taken.ids[:1]):
        return
    log.warning("follower_failed", follower=turn.follower, first=taken.ids[0], events=len(taken.ids), error=name(error))
    if len(taken.ids) > 1:
        queues.postpone(locked, tries=0, singly=len(taken.ids), pause=0)
    elif locked.tries + 1 < settings.FOLLOWER_TRIES or _is_full(turn.follower):
        queues.postpone(locked, tries=locked.tries + 1, singly=locked.singly, pause=_pause(locked.tries))
    else:
        _set_aside(locked, first, error)


@transaction.atomic
def retry_one(declared: Declaration) -> bool:
    """Handle one event that somebody wants to be tried again. Returns whether there was one that could be locked.

    Locks the queue of its organization, then its row. Effects run before the commit.
    """
    waiting = SetAsideEvent.objects.filter(follower_id=declared.name, retry_at__isnull=False).order_by("retry_at")
    found = waiting.first()
    turn = queues.lock(declared.name, found.organization_id) if found is not None else None
    if found is None or turn is None:
        return False
    with organization_scope(found.organization_id):
        row = waiting.select_for_update(no_key=True).filter(pk=found.pk).first()
        if row is not None:
            _retry(declared, turn, row)
    return True


def name(error: Exception) -> str:
    """What is kept of an error: its kind, and the last line of ours that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT)]
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if not ours:
        return kind[:300]
    frame = ours[-1]
    return f"{kind} at {Path(frame.filename).relative_to(ROOT)}:{frame.lineno} in {frame.name}"[:300]


def _pause(tries: int) -> float:
    return min(PAUSE * 2.0 ** min(tries, 30), LONGEST)


def _is_full(follower: str) -> bool:
    return SetAsideEvent.objects.filter(follower_id=follower).count() >= SET_ASIDE


def _set_aside(turn: Turn, first: Taken, error: Exception) -> None:
    """Take the first event out of a locked queue and keep it for the staff."""
    (event_id,) = first.ids
    with organization_scope(turn.organization_id):
        type = Event.objects.filter(pk=event_id).values_list("type", flat=True).first()
        values = {
            "type": type or "",
            "tries": turn.tries + 1,
            "error": name(error),
            "organization_id": turn.organization_id,
        }
        SetAsideEvent.objects.update_or_create(follower_id=turn.follower, event_id=event_id, defaults=values)
    queues.remove(first)
    queues.postpone(turn, tries=0, singly=max(turn.singly - 1, 0), pause=0)
    log.error("event_set_aside", follower=turn.follower, id=event_id)


def _retry(declared: Declaration, turn: Turn, row: SetAsideEvent) -> None:
    try:
        with transaction.atomic():
            events = handling.load([row.event_id])
            if events:
                with handling.failures_of_handlers():
                    effects = list(declared.handler(events) or ())
                handling.run_effects(turn, effects)
                row.delete()
                return
            row.error = PURGED
    except HandlerFailed as failed:
        row.error, row.tries = name(failed.error), row.tries + 1
    row.retry_at, row.last_at = None, timezone.now()
    row.save(update_fields=["error", "tries", "retry_at", "last_at"])

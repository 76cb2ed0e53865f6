"""Events that a follower cannot handle.

A batch that failed is undone and its events are handled one by one. An event that fails waits, each time longer, and
its organization's later events of this follower wait behind it, since their order is kept. After FOLLOWER_TRIES
failures it is set aside and the later ones are handled; it is shown on the operations page until it is tried again or
discarded. The death of a worker that handles an event is a failure like another. The kind of an exception and the line
that raised it are stored, never its text: it may quote a message.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.tenancy import organization_scope
from chat.delivery.followers import handling, queues
from chat.delivery.followers.handling import HandlerFailed, Unfinished
from chat.delivery.followers.queues import Begun, Taken, Turn
from chat.delivery.followers.registry import Declaration
from chat.models import Event, SetAsideEvent

PAUSE: Final = 1.0  # seconds after the first failure; it doubles
LONGEST: Final = 60.0  # seconds: with eight tries an event holds its organization up for two minutes
# Events of one follower. Where there are more, the follower is broken, not its events: they wait in their queues, where
# nothing is lost, until the staff retry or discard some.
SET_ASIDE: Final = 10_000
PURGED: Final = "the event has been purged"
UNFINISHED: Final = "the worker ended before the handler did"
ROOT: Final = Path(__file__).resolve().parents[3]

log = structlog.get_logger(__name__)


@transaction.atomic
def note(begun: Begun, taken: Taken, error: Exception) -> None:
    """Count a failure of the handler with these events, the first of the queue, and end the turn.

    Locks the queue. Does nothing where another worker began a turn meanwhile: that one counts the failure.
    """
    turn = queues.lock(begun.follower, begun.organization_id, token=begun.token)
    if turn is None:
        return
    log.warning("follower_failed", follower=turn.follower, first=taken.ids[0], events=len(taken.ids), error=name(error))
    if len(taken.ids) > 1:
        queues.postpone(turn, tries=0, singly=len(taken.ids), pause=0)
    elif turn.tries + 1 < settings.FOLLOWER_TRIES or _is_full(turn.follower):
        queues.postpone(turn, tries=turn.tries + 1, singly=turn.singly, pause=_pause(turn.tries))
    else:
        _set_aside(turn, taken, error)


def retry_one(declared: Declaration) -> bool:
    """Handle one event that somebody wants to be tried again. Returns whether there was one that could be locked.

    Locks the queue of its organization, then its row. Effects run before the commit.
    """
    begun = _begin_retry(declared.name)
    if begun is None:
        return False
    with organization_scope(begun.organization_id), transaction.atomic():
        turn = queues.lock(declared.name, begun.organization_id)
        row = SetAsideEvent.objects.select_for_update(no_key=True).filter(pk=begun.pk).first()
        if row is not None and turn is not None:
            _retry(declared, turn, row)
        elif row is not None:  # another worker began a turn of the queue meanwhile: the event waits on
            row.retry_at, row.tries = timezone.now(), row.tries - 1
            row.save(update_fields=["retry_at", "tries"])
    return turn is not None


def name(error: Exception) -> str:
    """Return what is stored of an error: its kind, and the last line of our code in its traceback."""
    if isinstance(error, Unfinished):
        return UNFINISHED
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


def _set_aside(turn: Turn, taken: Taken, error: Exception) -> None:
    """Take the first event out of a locked queue and keep it for the staff."""
    (event_id,) = taken.ids
    with organization_scope(turn.organization_id):
        type = Event.objects.filter(pk=event_id).values_list("type", flat=True).first()
        values = {
            "type": type or "",
            "tries": turn.tries + 1,
            "error": name(error),
            "organization_id": turn.organization_id,
        }
        SetAsideEvent.objects.update_or_create(follower_id=turn.follower, event_id=event_id, defaults=values)
    queues.remove(taken)
    queues.postpone(turn, tries=0, singly=max(turn.singly - 1, 0), pause=0)
    log.error("event_set_aside", follower=turn.follower, id=event_id)


@transaction.atomic
def _begin_retry(follower: str) -> SetAsideEvent | None:
    """Count a try that did not finish before it begins, so that an event that kills its worker is tried once only.

    Returns the row; None where none waits or its queue is locked. Locks the queue, then the row.
    """
    waiting = SetAsideEvent.objects.filter(follower_id=follower, retry_at__isnull=False).order_by("retry_at")
    found = waiting.first()
    if found is None or queues.lock(follower, found.organization_id) is None:
        return None
    row = waiting.select_for_update(no_key=True).filter(pk=found.pk).first()
    if row is not None:
        row.error, row.tries, row.retry_at, row.last_at = UNFINISHED, row.tries + 1, None, timezone.now()
        row.save(update_fields=["error", "tries", "retry_at", "last_at"])
    return row


def _retry(declared: Declaration, turn: Turn, row: SetAsideEvent) -> None:
    """Handle the event and delete its row, or note why that failed."""
    try:
        with transaction.atomic():
            events = handling.load([row.event_id])
            if events:
                with handling.failures_of_handlers():
                    effects = list(declared.handler(events) or ())
                handling.run_effects(turn.organization_id, effects)
                row.delete()
                return
            row.error = PURGED
    except HandlerFailed as failed:
        row.error = name(failed.error)
    row.save(update_fields=["error"])

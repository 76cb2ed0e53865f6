"""Call a handler with its events, within their organization, and distinguish its failures from those of the engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import OperationalError, connection

from accounts.tenancy import organization_scope
from chat.delivery.followers import gaps
from chat.delivery.followers.queues import Turn
from chat.delivery.followers.registry import Declaration, Effect, Followed
from chat.models import Event

_COLUMNS = ("id", "type", "organization_id", "conversation_id", "member_id", "entity_id", "data", "at")


class HandlerFailed(Exception):  # it is what happened, not ours
    """A handler, or an effect that it returned, raised `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class Unfinished(Exception):
    """A worker began with these events and did not end its turn: it was killed, or it lost the database."""


class DatabaseAway(OperationalError):
    """The connection to the database was lost while a handler ran, so its failure says nothing about the event."""


def call(declared: Declaration, turn: Turn, ids: Sequence[int]) -> list[Effect]:
    """Call the handler with these events and return its effects. Within a transaction that holds the lock of `turn`.

    Events that are no longer in the log are noted as a gap. Raises HandlerFailed.
    """
    with organization_scope(turn.organization_id):
        events = load(ids)
        if len(events) < len(ids):
            gaps.note(turn, sorted(set(ids) - {event.id for event in events}))
        if not events:
            return []
        with failures_of_handlers():
            return list(declared.handler(events) or ())


def run_effects(organization_id: UUID, effects: Sequence[Effect]) -> None:
    """Call them one after the other, in the scope of the organization. Raises HandlerFailed at the first that fails."""
    with organization_scope(organization_id), failures_of_handlers():
        for effect in effects:
            effect()


def load(ids: Sequence[int]) -> list[Followed]:
    """Return the events of the organization in scope that have these ids, in the order of the ids given."""
    rows = {row[0]: Followed(*row) for row in Event.objects.filter(pk__in=ids).values_list(*_COLUMNS)}
    return [rows[id] for id in ids if id in rows]


@contextmanager
def failures_of_handlers() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a handler is any code: whatever it raises is a failure of its event
        raise HandlerFailed(error) from error


def require_database() -> None:
    """Raise DatabaseAway where the failure may be that of the connection. Outside any transaction."""
    if not connection.is_usable():
        connection.close()
        raise DatabaseAway

"""Followers in tests: every event since the test began goes to every handler, synchronously, when the test says so.

It reads the log and calls the handlers, nothing else, so it works within a transaction that is never committed. How
events reach a handler in earnest is tested in tests/chat/delivery/followers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

import pytest
from django.db import connection, transaction

from accounts.tenancy import every_organization, organization_scope
from chat.delivery.followers import registry
from chat.delivery.followers.handling import load
from chat.delivery.followers.registry import Declaration, Followed
from chat.models import Event


def _last_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM chat_event_id_seq")
        return int(cursor.fetchall()[0][0])


@dataclass
class Following:
    """Call it to give every follower its events since the last call; it returns how many events there were."""

    last: int = field(default_factory=_last_id)

    def __call__(self) -> int:
        with every_organization():
            rows = Event.objects.filter(pk__gt=self.last).order_by("organization_id", "id")
            found = list(rows.values_list("organization_id", "id"))
        for organization_id, pairs in groupby(found, key=lambda row: row[0]):
            with organization_scope(organization_id):
                events = load([id for _, id in pairs])
                for declared in registry.registered():
                    _give(declared, events)
        self.last = max((id for _, id in found), default=self.last)
        return len(found)


@pytest.fixture
def follow_all(db: None) -> Following:
    return Following()


@contextmanager
def only(*declared: Declaration) -> Iterator[None]:
    """Within the block there are these followers alone."""
    before = dict(registry._registered)
    registry._registered.clear()
    registry._registered.update({each.name: each for each in declared})
    try:
        yield
    finally:
        registry._registered.clear()
        registry._registered.update(before)


def _give(declared: Declaration, events: Sequence[Followed]) -> None:
    wanted = [event for event in events if declared.wants(event.type)]
    for start in range(0, len(wanted), declared.batch):
        with transaction.atomic():
            effects = list(declared.handler(wanted[start : start + declared.batch]) or ())
        for effect in effects:
            effect()

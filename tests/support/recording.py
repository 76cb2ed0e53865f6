"""Run the follower that records whom messages concern, synchronously."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from accounts.tenancy import every_organization, organization_scope
from chat.attention.recording import record
from chat.models import Event


@dataclass(frozen=True)
class Logged:
    type: str
    entity: UUID
    data: str


@pytest.fixture
def follow_all(db: None) -> Callable[[], None]:
    """Hand every event since the last call to the follower."""
    done = 0

    def follow() -> None:
        nonlocal done
        with every_organization():
            events = list(Event.objects.filter(pk__gt=done).order_by("pk"))
        for organization in {event.organization_id for event in events}:
            with organization_scope(organization):
                record([Logged(e.type, e.entity_id, e.data) for e in events if e.organization_id == organization])
        done = max([done, *(event.pk for event in events)])

    return follow

"""A follower that writes down what it gets, in a table of its own, and the log that it follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from django.db import connection

from accounts.models import Member
from accounts.tenancy import every_organization
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.delivery.followers import Effect, Followed, worker
from chat.delivery.followers.registry import Declaration
from chat.models import Conversation
from tests.cast import scope_of
from tests.support.following import only

TABLE = """
CREATE TABLE IF NOT EXISTS notebook (place bigserial, event_id bigint, organization uuid, conversation uuid, type text)
"""


@dataclass
class Notebook:
    """A handler whose rows commit with its queue. `refused`: events that it fails for."""

    refused: set[int] = field(default_factory=set)
    calls: list[list[int]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def __call__(self, events: Sequence[Followed]) -> list[Effect]:
        self.calls.append([event.id for event in events])
        with connection.cursor() as cursor:
            for event in events:
                cursor.execute(
                    "INSERT INTO notebook (event_id, organization, conversation, type) VALUES (%s, %s, %s, %s)",
                    [event.id, event.organization, event.conversation, event.type],
                )
        for event in events:
            if event.id in self.refused:
                raise ValueError("the words of a message")
        return self.effects

    def ids(self, organization: UUID | None = None) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT event_id FROM notebook WHERE %(of)s::uuid IS NULL OR organization = %(of)s ORDER BY place",
                {"of": organization},
            )
            return [row[0] for row in cursor.fetchall()]

    def declared(self, **changes: object) -> Declaration:
        given = {"name": "notebook", "types": frozenset({"message.created"}), "start": "beginning", "batch": 3}
        return Declaration(**{"handler": self, **given, **changes})


@pytest.fixture
def notebook(transactional_db: None) -> Iterator[Notebook]:
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("TRUNCATE notebook")
    yield Notebook()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE notebook")


@pytest.fixture
def follower(notebook: Notebook) -> Iterator[Declaration]:
    """The notebook as the one follower that there is, from the beginning of the log."""
    declared = notebook.declared()
    with only(declared):
        yield declared


def room_of(member: Member, name: str = "town") -> Conversation:
    with scope_of(member):
        return create_channel(member, kind="public", name=name, members=[])


def say(member: Member, room: Conversation, *texts: str) -> list[int]:
    """Send these messages; the ids of their events."""
    from uuid import uuid4

    from chat.models import Event

    with scope_of(member):
        sent = [send_message(member, room.pk, text=text, ref=uuid4()).message.id for text in texts]
        rows = Event.objects.filter(entity_id__in=sent, type="message.created").order_by("id")
        return list(rows.values_list("id", flat=True))


def work(*followers: Declaration) -> None:
    """What a task does, until nothing is left that could be done now."""
    with every_organization():
        while worker.run(seconds=5, followers=followers or None):
            pass

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from django.test import Client

from accounts.models import Member
from chat.actions.conversations import create_channel
from chat.delivery.mailbox import Position
from chat.delivery.node import hello
from chat.delivery.node.connections import Connection
from chat.entities.encoding import splice
from chat.models import Event
from chat.realtime.commands import HANDLERS
from tests.cast import scope_of


def validator(side: str) -> jsonschema.Draft202012Validator:
    published = Client().get("/api/v1/schema/socket").json()
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{side}", "$defs": published["$defs"]})


def test_every_command_is_described() -> None:
    published = Client().get("/api/v1/schema/socket").json()["$defs"]
    said = {reference["$ref"].rpartition("/")[2] for reference in published["client"]["oneOf"]}
    assert said == {schema.__name__ for schema in HANDLERS}
    validator("client").validate({"op": "ack", "tag": 3})
    for wrong in ({"op": "ack", "tag": "3"}, {"op": "dance"}, {"op": "message.send", "text": "no ref"}):
        with pytest.raises(jsonschema.ValidationError):
            validator("client").validate(wrong)


async def test_hello_and_resync_are_as_described() -> None:
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(json.loads(message["text"]))

    connection = Connection(
        client_id=1, public_id=uuid4(), organization_id=uuid4(), member_id=uuid4(), send=send, window=8
    )
    hello.hello(connection, Position(5, 4), 3)
    hello.hello(connection, Position(5, 4), 1)
    hello.resync(connection, Position(9, None))
    assert [(frame["op"], frame.get("outcome")) for frame in said] == [
        ("hello", "resumed"),
        ("hello", "resync"),
        ("resync", None),
    ]
    for frame in said:
        validator("server").validate(frame)


@pytest.mark.django_db
def test_events_are_as_described_and_charlie_has_none(alice: Member, charlie: Member) -> None:
    with scope_of(alice):
        create_channel(alice, kind="public", name="town")
        rows = [
            SimpleNamespace(id=e.pk, type=e.type, conversation=e.conversation_id, at=e.at, data=e.data)
            for e in Event.objects.order_by("pk")
        ]
    body = [json.loads(splice(**vars(row))) for row in rows]
    assert {event["type"] for event in body} == {"conversation.created", "participant.created"}
    validator("server").validate({"op": "events", "tag": 1, "events": body})
    with scope_of(charlie):
        assert not Event.objects.exists()

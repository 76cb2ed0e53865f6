"""The table of frames and node messages (chat/wire.py)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from chat import wire
from chat.client import session
from chat.delivery import metrics
from chat.delivery.node import Node
from chat.delivery.wakeups import Committed
from chat.realtime.commands import HANDLERS
from chat.wire import (
    NODE_MESSAGES,
    CheckStanding,
    Close,
    CloseSockets,
    Echo,
    Event,
    Events,
    ForgetEvents,
    NodeMessage,
    PresenceChanged,
    PresenceSignal,
    ResyncClients,
    SendSignal,
    Signal,
    TypingSignal,
    UnreadableMessage,
    Wake,
    pack_node_message,
    read_node_message,
)

SOCKET_JS = Path(__file__).parents[2] / "static/js/client/socket.js"
EXAMPLES: list[NodeMessage] = [
    Wake([1, 2]),
    CloseSockets([1], Close.NOT_A_MEMBER),
    CheckStanding([1]),
    ResyncClients([3]),
    ForgetEvents([7, 8]),
    Echo(4),
    SendSignal([1], TypingSignal(uuid4(), uuid4())),
    SendSignal([1], PresenceSignal(uuid4(), "away")),
    PresenceChanged(uuid4(), [(uuid4(), "online"), (uuid4(), "offline")]),
]


def counted() -> float:
    return metrics.UNREADABLE._value.get()  # type: ignore[no-any-return]


def test_every_frame_from_a_client_has_a_handler() -> None:
    assert set(HANDLERS) == set(wire.CLIENT_FRAMES)


def test_the_examples_contain_every_node_message() -> None:
    assert {type(example) for example in EXAMPLES} == set(NODE_MESSAGES)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_node_message_survives_the_channel_layer(message: NodeMessage) -> None:
    sent = json.loads(json.dumps(pack_node_message(message)))
    assert read_node_message(sent) == message
    assert read_node_message(sent | {"added_by_a_later_version": 1}) == message


@pytest.mark.parametrize(
    "packed",
    [
        {"type": "of a later version", "clients": [1]},
        {"type": "wake"},
        {"type": "wake", "clients": ["one"]},
        {"type": "signal", "clients": [1], "signal": {"type": "of a later version"}},
        {"type": "presence", "organization": "acme", "changes": []},
        {"clients": [1]},
        {},
        [],
        None,
    ],
    ids=repr,
)
async def test_an_unreadable_message_is_counted_and_dropped(packed: object) -> None:
    with pytest.raises(UnreadableMessage):
        read_node_message(packed)
    node, before = Node(1, name="test"), counted()
    node.receive_packed(packed)
    assert counted() == before + 1


async def test_a_node_handles_every_message() -> None:
    assert set(Node(1, name="test").handlers) == {*NODE_MESSAGES, Committed}


def test_the_templates_make_the_frames_that_the_structs_describe() -> None:
    events = [{"id": id, "type": "t", "conversation": None, "at": "2026-01-01T00:00:00Z", "data": {}} for id in (1, 2)]  # type: ignore[var-annotated]
    body = wire.EVENTS_BODY % b",".join(json.dumps(event).encode() for event in events)
    frame = msgspec.json.decode(wire.EVENTS_FRAME % (5, body), type=Events)
    assert frame == Events(5, [msgspec.convert(event, Event) for event in events])
    signal = PresenceSignal(uuid4(), "away")
    assert msgspec.json.decode(wire.SIGNAL_FRAME % (5, wire.encode(signal)), type=Signal) == Signal(5, signal)


def test_the_clients_know_the_close_codes() -> None:
    assert (session.UNKNOWN_CLIENT, session.REPLACED, session.RESTARTING) == (
        Close.UNKNOWN_CLIENT,
        Close.REPLACED,
        Close.RESTARTING,
    )
    assert {Close.NOT_SIGNED_IN, Close.NOT_A_MEMBER} == session.FINAL_CODES
    assert session.SUBPROTOCOL == wire.SUBPROTOCOL
    in_browser = dict(re.findall(r"^const ([A-Z_]+) = (\d{4});", SOCKET_JS.read_text(), re.MULTILINE))
    assert in_browser == {
        "SIGNED_OUT": str(Close.NOT_SIGNED_IN),
        "NOT_A_MEMBER": str(Close.NOT_A_MEMBER),
        "UNKNOWN_CLIENT": str(Close.UNKNOWN_CLIENT),
        "REPLACED": str(Close.REPLACED),
        "RESTARTING": str(Close.RESTARTING),
    }

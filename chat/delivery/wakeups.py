"""A hint to a node that some of its clients have news: ids, between processes no content, and no harm when it is lost.

Whoever commits calls `wake` from its own thread. What is for a node in the same process goes straight to it; the rest
goes over the channel layer, one message a node, sent by the event loop so that no request waits for Valkey. The
messages

    {"type": "wake", "clients": [ids]}                 they have news; within a process also
        "events": [ids], "firsts": [tags],             what it is for all of them, from which tag on
        "encoded": {id: bytes}                         and how the events go over the wire
    {"type": "close", "clients": [ids], "code": 4403}  their sockets must go
    {"type": "resync", "clients": [ids]}               their mailboxes were emptied by hand
    {"type": "redacted", "events": [ids]}              their words were taken out of the log: forget what is encoded
    {"type": "signal", "clients": [ids], "signal": {}} pass it on
    {"type": "presence", …}                            see chat/delivery/node/signals.py
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from chat.delivery import metrics
from chat.delivery.mailbox import News, Recipients

Message = dict[str, Any]

EVERYBODY: Final = "nodes"  # the group of all nodes
OUTGOING: Final = 1000  # messages waiting for a slow Valkey; what does not fit is repaired by the nodes' own comparison
TIMEOUT: Final = 2.0  # seconds for Valkey to take a message

log = structlog.get_logger(__name__)


class Outbox:
    """The node of this process, seen from its threads: takes messages for it and for other nodes."""

    def __init__(self, node_id: int, receive: Callable[[Message], None]) -> None:
        self.node_id = node_id
        self.loop = asyncio.get_running_loop()
        self._receive = receive
        self._outgoing: deque[tuple[str, Message]] = deque()
        self._more = asyncio.Event()

    def post(self, messages: dict[int, Message]) -> None:
        """From any thread."""
        self.loop.call_soon_threadsafe(self._take, messages)

    def post_to_group(self, group: str, message: Message) -> None:
        """From the loop."""
        if len(self._outgoing) >= OUTGOING:
            metrics.WAKEUPS.labels("dropped").inc()
            return
        self._outgoing.append((group, message))
        self._more.set()

    async def run(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._outgoing:
                await _send(*self._outgoing.popleft())

    def _take(self, messages: dict[int, Message]) -> None:
        for node_id, message in messages.items():
            if node_id == self.node_id:
                self._receive(message)
            else:
                self.post_to_group(group_of(node_id), message)


_outboxes: set[Outbox] = set()


def attach(outbox: Outbox) -> None:
    _outboxes.add(outbox)


def detach(outbox: Outbox) -> None:
    _outboxes.discard(outbox)


def group_of(node_id: int) -> str:
    return f"node.{node_id}"


def heard_here() -> bool:
    """Whether there is a node in this process."""
    return bool(_outboxes)


def wake(recipients: Recipients, news: Mapping[int, News] = {}, *, encoded: Mapping[int, bytes] = {}) -> None:
    """Tell the nodes that these clients have news. Call it after commit; it neither blocks nor fails.

    The node of this process is told which `news`, too, and gets them `encoded`: it need not read what has just been
    written here.
    """
    messages: dict[int, Message] = {node: {"type": "wake", "clients": clients} for node, clients in recipients.items()}
    for outbox in _outboxes:
        if (own := news.get(outbox.node_id)) is not None:
            told = {"clients": own.clients, "events": own.events, "firsts": own.firsts}
            messages[outbox.node_id] = {"type": "wake", **told, "encoded": encoded}
    send(messages)


def close_on_commit(recipients: Recipients, *, code: int) -> None:
    """Close these clients' sockets once the present transaction has committed."""
    messages = {node: {"type": "close", "clients": clients, "code": code} for node, clients in recipients.items()}
    if messages:
        transaction.on_commit(lambda: send(messages))


def send(messages: dict[int, Message]) -> None:
    outbox = next((each for each in _outboxes if each.node_id in messages), None) or next(iter(_outboxes), None)
    if outbox is not None:
        try:
            outbox.post(messages)
        except RuntimeError:  # its loop has just ended
            detach(outbox)
        else:
            return
    _send_alone(messages)


def broadcast(message: Message) -> None:
    """To all nodes, this one included, from any thread."""
    outbox = next(iter(_outboxes), None)
    if outbox is not None:
        try:
            outbox.loop.call_soon_threadsafe(outbox.post_to_group, EVERYBODY, message)
        except RuntimeError:  # its loop has just ended
            detach(outbox)
        else:
            return
    async_to_sync(_send)(EVERYBODY, message)


@async_to_sync
async def _send_alone(messages: dict[int, Message]) -> None:
    """From a process without a node: a worker, a command, a shell."""
    for node_id, message in messages.items():
        await _send(group_of(node_id), message)


async def _send(group: str, message: Message) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async with asyncio.timeout(TIMEOUT):
            await layer.group_send(group, message)
    except Exception as error:  # noqa: BLE001  # whatever the layer's client raises: a wake-up may be lost
        metrics.WAKEUPS.labels("failed").inc()
        log.warning("wakeup_failed", group=group, reason=repr(error))
    else:
        metrics.WAKEUPS.labels("sent").inc()

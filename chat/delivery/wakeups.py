"""Messages to nodes: that mailboxes have new entries, that sockets are to be closed, that signals are to be sent.

A wake-up is a hint. Between processes it carries client ids and no content, and a lost one does no harm: each node
compares its clients' tags with the database every few seconds. The thread that commits calls `wake`. What is for a node
of the same process is handed to it directly; the rest goes over the channel layer, one message for each node, sent by
the event loop so that no request waits for Valkey. The messages are the structs of chat/wire.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from chat.delivery import metrics
from chat.delivery.mailbox import EventBatch, Recipients
from chat.wire import CloseSockets, NodeMessage, ResyncClients, Wake, pack_node_message


@dataclass(frozen=True, slots=True)
class Committed:
    """A wake-up within the process, with what was committed: its node need not read what was just written here.

    `encoded`: the events by id, as they are sent over sockets.
    """

    batch: EventBatch
    encoded: Mapping[int, bytes]


Message = NodeMessage | Committed

ALL_NODES: Final = "nodes"  # the group of all nodes
OUTGOING: Final = 1000  # messages waiting for a slow Valkey; the comparison by the nodes makes up for dropped ones
TIMEOUT: Final = 2.0  # seconds for Valkey to take a message

log = structlog.get_logger(__name__)


class Outbox:
    """Messages of this process: its threads post them, its loop hands them to its node or sends them to other nodes."""

    def __init__(self, node_id: int, receive: Callable[[Message], None]) -> None:
        self.node_id = node_id
        self.loop = asyncio.get_running_loop()
        self._receive = receive
        self._outgoing: deque[tuple[str, Message]] = deque()
        self._more = asyncio.Event()

    def post(self, messages: Mapping[int, Message]) -> None:
        """Post messages by node id. May be called from any thread; raises RuntimeError when the loop has ended."""
        self.loop.call_soon_threadsafe(self._take, messages)

    def post_to_group(self, group: str, message: Message) -> None:
        """Post a message to a group of nodes. May be called in the loop only."""
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

    def _take(self, messages: Mapping[int, Message]) -> None:
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


def has_local_node() -> bool:
    """Return whether there is a node in this process."""
    return bool(_outboxes)


def wake(recipients: Recipients, batches: Mapping[int, EventBatch] = {}, *, encoded: Mapping[int, bytes] = {}) -> None:
    """Notify the nodes of clients whose mailboxes have new entries. Call it after commit; it neither blocks nor fails.

    `batches`, by node: the events, where they are the same for all its clients. Only the node of this process gets
    them, with the events `encoded`.
    """
    messages: dict[int, Message] = {node: Wake(clients) for node, clients in recipients.items()}
    for outbox in _outboxes:
        if (own := batches.get(outbox.node_id)) is not None:
            messages[outbox.node_id] = Committed(own, encoded)
    send(messages)


def close_on_commit(recipients: Recipients, *, code: int) -> None:
    """Close the sockets of these clients once the present transaction has committed."""
    messages = {node: CloseSockets(clients, code) for node, clients in recipients.items()}
    if messages:
        transaction.on_commit(lambda: send(messages))


def resync_on_commit(node_id: int, client_id: int) -> None:
    """Send a resync to a connected client once the present transaction, which empties its mailbox, has committed."""
    transaction.on_commit(lambda: send({node_id: ResyncClients([client_id])}))


def send(messages: Mapping[int, Message]) -> None:
    """Send messages by node id, from any thread."""
    outbox = next((each for each in _outboxes if each.node_id in messages), None) or next(iter(_outboxes), None)
    if outbox is not None:
        try:
            outbox.post(messages)
        except RuntimeError:  # its loop has just ended
            detach(outbox)
        else:
            return
    _send_without_node(messages)


def broadcast(message: NodeMessage) -> None:
    """Send a message to all nodes, including the one of this process, from any thread."""
    outbox = next(iter(_outboxes), None)
    if outbox is not None:
        try:
            outbox.loop.call_soon_threadsafe(outbox.post_to_group, ALL_NODES, message)
        except RuntimeError:  # its loop has just ended
            detach(outbox)
        else:
            return
    async_to_sync(_send)(ALL_NODES, message)


@async_to_sync
async def _send_without_node(messages: Mapping[int, Message]) -> None:
    """Send from a process that has no node: a worker, a command, a shell."""
    for node_id, message in messages.items():
        await _send(group_of(node_id), message)


async def _send(group: str, message: Message) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async with asyncio.timeout(TIMEOUT):
            await layer.group_send(group, pack_node_message(_without_content(message)))
    except Exception as error:  # noqa: BLE001  # each layer raises its own errors, and a wake-up may be lost
        metrics.WAKEUPS.labels("failed").inc()
        log.warning("wakeup_failed", group=group, reason=repr(error))
    else:
        metrics.WAKEUPS.labels("sent").inc()


def _without_content(message: Message) -> NodeMessage:
    return Wake(list(message.batch.clients)) if isinstance(message, Committed) else message

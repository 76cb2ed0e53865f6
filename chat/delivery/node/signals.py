"""Signals that a node writes to its own sockets: never stored, encoded once for all receivers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chat.delivery.node.connections import Connection, local
from chat.wire import PresenceSignal, TypingSignal, encode


def send_signal(
    connections: Mapping[int, Connection], client_ids: Iterable[int], signal: TypingSignal | PresenceSignal
) -> None:
    """Write the signal to those of the clients that are connected to this node."""
    body = encode(signal)
    for connection in local(connections, client_ids):
        connection.write_signal(body)

"""A hint to a node that some of its clients have news: ids, no content, and no harm when it is lost."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer


def wake(nodes: dict[int, list[int]]) -> None:
    """`nodes`: for each node the ids of its clients that have news."""
    layer = get_channel_layer()
    if layer is None:
        return
    for node_id, client_ids in nodes.items():
        async_to_sync(layer.group_send)(f"node.{node_id}", {"type": "wake", "clients": client_ids})

"""The part of delivery that runs in an ASGI process and holds sockets; `node.py` says what it consists of."""

from __future__ import annotations

from chat.delivery.node.jobs import TROUBLE
from chat.delivery.node.node import Node, present_node, running_node

__all__ = ["TROUBLE", "Node", "present_node", "running_node"]

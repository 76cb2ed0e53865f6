"""A node for tests: the server as it is in production, with faults if the environment asks for them.

`FAULT_DROP_WAKEUPS=0.2` loses every fifth message that one process sends a node, its own included.
"""

from __future__ import annotations

import os
import random
import socket
import sys
from typing import Any

import django


def main(descriptor: int) -> None:
    django.setup()
    from config.server.run import serve

    drop = float(os.environ.get("FAULT_DROP_WAKEUPS", "0"))
    if drop:
        _drop_wakeups(drop)
    serve(socket.socket(fileno=descriptor))


def _drop_wakeups(share: float) -> None:
    from chat.delivery.node import Node
    from chat.wire import Echo

    receive = Node.receive

    def unreliable(self: Node, message: Any) -> None:
        if isinstance(message, Echo) or random.random() >= share:
            receive(self, message)

    setattr(Node, "receive", unreliable)  # noqa: B010  # mypy knows no replaced methods


if __name__ == "__main__":
    main(int(sys.argv[1]))

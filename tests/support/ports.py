"""A port for a server that a test starts, stops and starts again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a port of 127.0.0.1 that no other process gets meanwhile.

    It is bound here without listening, so connections are refused until a server listens. A server may bind it as well,
    because both set SO_REUSEADDR. The kernel gives it neither to another test nor to an outgoing connection, as it may
    a port that was only looked up.
    """
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]

"""Password hashes, and the bound on how many are computed at the same time.

Computing a hash is expensive on purpose, to slow down attackers who guess passwords. Anybody can make the server
compute one without signing in, so memory and time of all hashes together are bounded.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts.errors import Unavailable

AT_ONCE: Final = max(1, min(4, (os.cpu_count() or 2) // 2))  # half of the cores; the others stay free for requests
WAITING: Final = 20  # waiting hashes: a second at 40 ms each; more would block every thread of the pool
PATIENCE: Final = 10.0  # seconds to wait; hashes with old parameters take four times as long
RETRY_AFTER: Final = 5  # seconds


class Turns:
    """Limits how many threads run a block at the same time, and how many wait for it."""

    def __init__(self, *, at_once: int, waiting: int, patience: float) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._slots = threading.BoundedSemaphore(at_once + waiting)
        self._patience = patience

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn. Raises Unavailable when too many threads wait already, or after `patience` seconds."""
        if not self._slots.acquire(blocking=False):
            raise Unavailable(RETRY_AFTER)
        try:
            if not self._turns.acquire(timeout=self._patience):
                raise Unavailable(RETRY_AFTER)
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._slots.release()


turns = Turns(at_once=AT_ONCE, waiting=WAITING, patience=PATIENCE)


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with the parameters that OWASP names for servers: 19 MiB, two passes, one lane.

    Django's defaults take 100 MiB and eight lanes: 50 simultaneous sign-ins took 1.1 GiB. A hash with other parameters
    is replaced when its owner signs in.
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1

    def encode(self, password: str, salt: Any) -> str:
        with turns.taken():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with turns.taken():
            return bool(super().verify(password, encoded))

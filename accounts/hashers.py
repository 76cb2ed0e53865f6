"""Password hashes, and how many are made at once.

A hash is meant to be dear: for whoever guesses passwords, and so for us, too. Nobody needs to be signed in to have one
made, so their memory and time are bounded together.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts.errors import Unavailable

AT_ONCE: Final = max(1, min(4, (os.cpu_count() or 2) // 2))  # half of the cores, so that everybody else has the others
WAITING: Final = 20  # who may wait for their turn: a second at 40 ms a hash; more would keep every thread of a pool
PATIENCE: Final = 10.0  # seconds to wait: hashes of before take four times as long
RETRY_AFTER: Final = 5  # seconds


class Turns:
    """Lets so many in at once and so many more wait."""

    def __init__(self, *, at_once: int, waiting: int, patience: float) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._patience = patience

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn. Raises Unavailable when too many wait already, or when it takes too long."""
        if not self._places.acquire(blocking=False):
            raise Unavailable(RETRY_AFTER)
        try:
            if not self._turns.acquire(timeout=self._patience):
                raise Unavailable(RETRY_AFTER)
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()


turns = Turns(at_once=AT_ONCE, waiting=WAITING, patience=PATIENCE)


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with the parameters that OWASP names for servers: 19 MiB, two passes, one lane.

    Django's own take 100 MiB and eight lanes: 50 people who sign in at once took 1.1 GiB. Hashes that were made with
    other parameters are made anew when their owner signs in.
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

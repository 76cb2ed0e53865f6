"""Was everything delivered, to everybody, once? Counted for every single delivery, not sampled."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable

DIGITS = 8  # of the number with which every text begins
FILLER = "The quick brown fox jumps over the lazy dog while everybody in this room is reading along. "


def text_of(number: int, size: int = 300) -> str:
    """A message of so many bytes that says which one it is."""
    words = FILLER * (size // len(FILLER) + 1)
    return f"{number:0{DIGITS}d} {words}"[: size - 1] + "."


def number_of(text: str) -> int:
    return int(text[:DIGITS])


class Tally:
    """Expects each posted message once at every reader.

    `done` is called with the number of a message that has reached everybody.
    """

    def __init__(self, readers: int, *, capacity: int = 20_000) -> None:
        """`capacity`: messages, at most."""
        self.readers = readers
        self.delivered = self.doubled = self.strange = 0
        self.latencies = array("d")  # seconds from the send to each application
        self.last = 0.0  # when the latest delivery came
        self.done: Callable[[int], None] = _nobody
        self._seen = [bytearray(capacity) for _ in range(readers)]
        self._left = [0] * capacity
        self._sent_at = array("d", bytes(8 * capacity))
        self._posted = self._expected = 0

    @property
    def posted(self) -> int:
        return self._posted

    @property
    def missing(self) -> int:
        return self._expected - self.delivered

    async def complete(self) -> bool:
        return not self.missing

    def post(self, *, audience: int | None = None) -> int:
        """The number of a message that is about to be sent to so many readers, to all of them unless it is said."""
        number = self._posted
        self._posted += 1
        self._left[number] = self.readers if audience is None else audience
        self._expected += self._left[number]
        self._sent_at[number] = time.perf_counter()
        return number

    def applied(self, reader: int, number: int) -> None:
        now = self.last = time.perf_counter()
        if number >= self._posted:
            self.strange += 1
            return
        seen = self._seen[reader]
        if seen[number]:
            self.doubled += 1
            return
        seen[number] = 1
        self.delivered += 1
        self.latencies.append(now - self._sent_at[number])
        self._left[number] -= 1
        if not self._left[number]:
            self.done(number)

    def problems(self) -> list[str]:
        """What went wrong, in words; nothing when every delivery was made exactly once."""
        facts = {"lost": self.missing, "delivered twice": self.doubled, "never sent": self.strange}
        return [f"{count} deliveries {what}" for what, count in facts.items() if count]


def _nobody(_number: int) -> None:
    """Between two runs nobody waits for the end of a message."""

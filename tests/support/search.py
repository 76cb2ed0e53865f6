"""How long Hypothesis searches: for moments in the suite, for long with `make search`."""

from __future__ import annotations

import os
from typing import Final

LONG: Final = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def examples(short: int, *, long: int) -> int:
    """Return the number of examples to try in this run."""
    return long if LONG else short

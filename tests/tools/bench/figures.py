"""Medians, spreads and percentiles; nothing else is needed to say what repeats have shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """What repeats of one measurement came to."""

    median: float
    least: float
    most: float
    repeats: int

    @property
    def spread(self) -> float:
        """(most - least) / median: 0.1 means that the repeats lay within a tenth of each other."""
        return (self.most - self.least) / self.median if self.median else 0.0


def figure(values: Sequence[float]) -> Figure:
    """Raises ValueError for none."""
    if not values:
        raise ValueError("no repeats")
    return Figure(median(values), min(values), max(values), len(values))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The least value that so large a share of the ordered values does not exceed (nearest rank); 0 for none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

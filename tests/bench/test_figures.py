"""Medians, spreads, percentiles."""

from __future__ import annotations

import pytest

from tests.tools.bench.figures import figure, percentile


def test_the_middle_and_the_spread():
    seen = figure([10.0, 30.0, 20.0])
    assert (seen.median, seen.least, seen.most, seen.repeats) == (20, 10, 30, 3)
    assert seen.spread == pytest.approx(1.0)


def test_nothing_has_no_median():
    with pytest.raises(ValueError, match="no repeats"):
        figure([])


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.0, 1)])
def test_nearest_rank(share, wanted):
    assert percentile(range(1, 101), share) == wanted


def test_no_values_no_percentile():
    assert percentile([], 0.99) == 0

"""Figures of the followers for /metrics. They describe the whole installation, so every node returns the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import structlog
from django.db import DatabaseError
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout

from chat.delivery.followers.lag import Standing, standings

LABELS: Final = ["follower"]

log = structlog.get_logger(__name__)


class FollowerCollector(Collector):
    """Queries the database at each scrape. While it is away, these figures are left out and all others returned."""

    def describe(self) -> list[Metric]:
        """Return the families without samples, so that registering the collector queries no database."""
        return list(_families([]))

    def collect(self) -> Iterator[Metric]:
        try:
            found = standings()
        except (DatabaseError, PoolTimeout) as error:
            log.warning("followers_not_measured", reason=type(error).__name__)
            return
        yield from _families(found)


def _families(found: list[Standing]) -> Iterator[Metric]:
    gauges = {
        "parley_follower_lag_events": "Events that a follower has not handled",
        "parley_follower_lag_seconds": "Age of the oldest event that a follower has not handled",
        "parley_follower_set_aside_events": "Events that a follower could not handle",
    }
    counters = {
        "parley_follower_handled": "Events that a follower handled",
        "parley_follower_failures": "Calls of a follower that failed",
        "parley_follower_missed": "Events purged before a follower handled them",
    }
    families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
        **{name: GaugeMetricFamily(name, text, labels=LABELS) for name, text in gauges.items()},
        **{name: CounterMetricFamily(name, text, labels=LABELS) for name, text in counters.items()},
    }
    for each in found:
        values = (each.lag, each.seconds, each.set_aside, each.handled, each.failed, each.missed)
        for family, value in zip(families.values(), values, strict=True):
            family.add_metric([each.name], value)
    yield from families.values()

"""More people need more; what one PostgreSQL cannot carry is spread; the page says what the command computes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tools.bench.bench import Workload
from tests.tools.bench.capacity import END, PAGE, START, Costs, Habits, Machines, costs_of, plan, section, spread
from tests.tools.bench.readme import between

COSTS = Costs(
    post=600e-6,
    post_database=0.4,
    delivery=20e-6,
    delivery_database=0.5,
    alone=2e-3,
    delta=15e-3,
    delta_database=0.3,
    page=10e-3,
    connection=10e-6,
    connection_bytes=25_000,
    message_bytes=2_000,
    return_each=3e-3,
)


def test_a_thousand_fit_one_of_each():
    small = plan(1_000, COSTS, Habits(), Machines())
    assert (small.shards, small.workers) == (1, 1)
    assert small.posts == pytest.approx(1_000 * 40 * 0.2 / 3600 * 3)
    assert small.sockets == 900


def test_work_grows_with_members_and_shards_come_when_it_must():
    plans = [plan(members, COSTS, Habits(), Machines()) for members in (10_000, 100_000, 10_000_000)]
    assert [each.shards for each in plans] == sorted(each.shards for each in plans)
    assert plans[-1].shards > 1
    assert plans[1].database_cores == pytest.approx(10 * plans[0].database_cores)
    assert "PostgreSQL" in plans[-1].first_limit


def test_nodes_are_bounded_by_sockets_even_when_idle():
    silent = Habits(messages=0.0, reads=0.0, syncs=0.0)
    idle = plan(1_000_000, replace(COSTS, connection=0.0), silent, Machines())
    assert idle.nodes == 900_000 / 20_000


def test_a_dearer_delivery_needs_more_of_both():
    cheap, dear = (plan(50_000, replace(COSTS, delivery=cost), Habits(), Machines()) for cost in (10e-6, 40e-6))
    assert dear.node_cores > cheap.node_cores
    assert dear.database_cores > cheap.database_cores


def test_organizations_lie_evenly_and_none_is_divided():
    placed = spread(200_000, 20_000)
    assert placed.shards == 10
    assert placed.largest <= 20_000
    assert 1 <= placed.fullest < 1.05


def test_an_incomplete_run_is_refused():
    with pytest.raises(LookupError, match="the run has no idle"):
        costs_of([Workload("idle"), Workload("posts")])


def test_the_page_is_current():
    text = PAGE.read_text()
    assert between(text, START, END, section()) == text, "write it again: python -m tests.tools.bench.capacity --write"

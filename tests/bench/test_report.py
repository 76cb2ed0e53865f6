"""Verdicts on bars, the file that a run leaves, its charts."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.tools.bench.bars import BARS, THERE, Verdict, judge, slowness
from tests.tools.bench.bench import Bench, Workload, record
from tests.tools.bench.chart import METRICS, chart
from tests.tools.bench.report import read, table, write

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def bench(capsys):
    bench = Bench()
    fanout = bench.add("fanout")
    _line(fanout, "8 in flight", "Parley", rate=[90e3, 100e3, 110e3], cost=[8.0, 9.0, 10.0])
    _line(fanout, "8 in flight", "Socket.IO, PostgreSQL", rate=[80e3] * 3, cost=[12.0] * 3)
    fanout.unavailable["mosquitto, QoS 1"] = "there is no <apt>"
    return bench


def _line(workload: Workload, case: str, system: str, *, rate: list[float], cost: list[float]) -> None:
    record(workload, case, system, {"deliveries/s": rate, "µs/delivery": cost})


def test_a_bar_of_our_own_and_one_against_a_peer(bench):
    verdicts = {each.bar.subject: each for each in judge(bench.workloads)}
    cost = verdicts["8 in flight: µs/delivery"]
    assert (cost.value, cost.met, cost.reached) == (9, True, False)
    ratio = verdicts["8 in flight: deliveries/s ÷ Socket.IO, PostgreSQL"]
    assert (ratio.value, ratio.met, ratio.reached) == (pytest.approx(1.25), True, False)


def test_what_was_not_measured_is_neither_met_nor_missed(bench):
    verdicts = {each.bar.subject: each for each in judge(bench.workloads)}
    assert verdicts["8 in flight: deliveries/s ÷ Channels, uvicorn"].met is None
    assert verdicts["20/s: µs/delivery"].value is None


def test_a_missed_bar_is_said_so(bench):
    bench.workloads[0].lines.clear()
    _line(bench.workloads[0], "8 in flight", "Parley", rate=[1e3], cost=[50.0])
    assert "NOT MET" in table(bench.workloads)


def test_what_a_slower_machine_misses_is_distinguished_from_what_we_do(bench):
    fanout = bench.workloads[0]
    fanout.lines.clear()
    _line(fanout, "20/s", "Parley", rate=[1e3], cost=[40.0])
    for case, cost in {"8 in flight": 24.0, "1 in flight": 32.4, "20/s": 40.5}.items():
        _line(fanout, case, "Socket.IO, PostgreSQL", rate=[1e3], cost=[cost])
    assert slowness(bench.workloads) is None  # one peer's noise
    assert _of(bench, "20/s: µs/delivery").there is None
    _line(fanout, "20/s", "mosquitto, QoS 1", rate=[1e3], cost=[18.4])
    assert slowness(bench.workloads) == pytest.approx(2)
    paced = _of(bench, "20/s: µs/delivery")
    assert (paced.met, paced.there, paced.met_there) == (False, pytest.approx(20), True)
    assert "NOT MET here, met there" in table(bench.workloads)
    assert "2.00 times as long" in table(bench.workloads)
    ratio = _of(bench, "20/s: µs/delivery ÷ Socket.IO, PostgreSQL")
    assert (ratio.met, ratio.there) == (True, None)  # it was measured in the same run


def test_more_is_better_of_a_rate_there_too(bench):
    for system, cases in THERE.items():
        for case, cost in cases.items():
            bench.workloads[0].lines[:] = [
                line for line in bench.workloads[0].lines if (line.case, line.system) != (case, system)
            ]
            _line(bench.workloads[0], case, system, rate=[1e3], cost=[cost * 2])
    record(bench.add("posts"), "200 members", "Parley", {"posts/s": [600.0]})
    posts = _of(bench, "200 members: posts/s")
    assert (posts.met, posts.there, posts.met_there) == (False, pytest.approx(1200), True)


def _of(bench: Bench, subject: str) -> Verdict:
    return next(each for each in judge(bench.workloads) if each.bar.subject == subject)


def test_a_run_is_read_as_it_was_written(bench, tmp_path):
    bench.workloads[0].lines[0].problems.append("3 deliveries lost")
    bench.workloads[0].seconds = 12.3
    write(bench, tmp_path)
    content, workloads = read(tmp_path / "bench.json")
    assert workloads == bench.workloads
    assert content["seconds"] == 12
    assert content["machine"]["cores"] >= 1
    assert bench.problems == ["fanout, 8 in flight, Parley: 3 deliveries lost"]


def test_workloads_that_were_not_run_again_are_kept(bench, tmp_path):
    write(bench, tmp_path)
    again = Bench()
    for name in ("posts", "fanout"):
        record(again.add(name), "case", "Parley", {"posts/s": [1.0]})
    again.workloads.pop()
    write(again, tmp_path, keep=True)
    assert [each.name for each in read(tmp_path / "bench.json")[1]] == ["fanout", "posts"]
    write(again, tmp_path)
    assert [each.name for each in read(tmp_path / "bench.json")[1]] == ["posts"]


def test_the_table_has_every_figure_the_ratio_and_the_reason_for_a_gap(bench):
    text = table(bench.workloads)
    assert "100,000 ±10%" in text
    assert "ours: 1.25 ×" in text
    assert "not measured: there is no <apt>" in text


def test_a_chart_has_a_bar_for_every_line_and_is_sound_xml(bench):
    root = ET.fromstring(chart(bench.workloads[0], "today & here"))  # noqa: S314  # ours
    bars = [each for each in root.iter(f"{SVG}rect") if each.get("class") in {"ours", "other"}]
    widths = [float(bar.get("width", "0")) for bar in bars]
    assert len(widths) == 2 * 2  # two metrics of two lines
    assert widths[0] / widths[1] == pytest.approx(100 / 80, rel=0.01)


def test_every_bar_is_about_a_workload_that_has_a_chart():
    assert {bar.workload for bar in BARS} <= set(METRICS)

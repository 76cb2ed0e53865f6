"""What a run has shown, for people (a table) and for programs (JSON, from which charts and tables are made again)."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.tools.bench.bars import OURS, Verdict, judge, slowness
from tests.tools.bench.bench import Bench, Line, Workload, number
from tests.tools.bench.chart import METRICS, chart
from tests.tools.bench.figures import Figure

RESULTS = Path(__file__).parent / "results"
OFFICIAL = RESULTS / "bench.json"


def write(bench: Bench, folder: Path, *, keep: bool = False) -> None:
    """JSON and a chart for each workload. `keep`: workloads that were not run stay as they were measured before."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bench.json"
    kept = read(path)[1] if keep and path.exists() else []
    content = describe(bench, merged(kept, bench.workloads))
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    for workload in bench.workloads:
        (folder / f"{workload.name}.svg").write_text(chart(workload, f"{content['date']}, {content['machine']['cpu']}"))


def merged(before: Sequence[Workload], after: Sequence[Workload]) -> list[Workload]:
    """In the order of the charts, each as it was measured last."""
    known = {workload.name: workload for workload in (*before, *after)}
    return [known[name] for name in METRICS if name in known]


def describe(bench: Bench, workloads: Sequence[Workload]) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "seconds": round(sum(workload.seconds for workload in workloads)),
        "repeats": bench.repeats,
        "machine": machine(),
        "slowness": slowness(workloads),
        "workloads": [asdict(workload) for workload in workloads],
        "bars": [
            {
                "workload": each.bar.workload,
                "bar": each.bar.subject,
                "limit": each.bar.limit,
                "reach": each.bar.reach,
                "value": each.value,
                "met": each.met,
                "there": each.there,
                "met_there": each.met_there,
            }
            for each in judge(workloads)
        ],
    }


def read(path: Path) -> tuple[dict[str, Any], list[Workload]]:
    """A run that was written: the whole, and its workloads as they were measured."""
    content = json.loads(path.read_text())
    workloads = [
        Workload(
            each["name"],
            each["seconds"],
            [
                Line(
                    line["case"],
                    line["system"],
                    {name: Figure(**figure) for name, figure in line["metrics"].items()},
                    line["problems"],
                )
                for line in each["lines"]
            ],
            each["unavailable"],
            each.get("others"),
        )
        for each in content["workloads"]
    ]
    return content, workloads


def machine() -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def table(workloads: Sequence[Workload]) -> str:
    """Every figure with its spread and our ratio to each peer, and then the bars."""
    return "\n".join([*_figures(workloads), "", *_verdicts(judge(workloads)), *_machine(workloads)])


def _figures(workloads: Sequence[Workload]) -> Iterator[str]:
    for workload in workloads:
        yield f"\n{workload.name} ({workload.seconds:.0f} s){_noise(workload)}"
        for line in workload.lines:
            figures = "   ".join(f"{name} {_shown(figure)}" for name, figure in line.metrics.items())
            yield f"  {line.case:20}{line.system:24}{figures}{_ratio(workload, line)}"
        for system, reason in workload.unavailable.items():
            yield f"  {'':20}{system:24}not measured: {reason}"


def _noise(workload: Workload) -> str:
    if workload.quiet or workload.others is None:
        return ""
    return f": others used {workload.others:.0%} of the machine, so trust processor time, not rates and latencies"


def _shown(figure: Figure) -> str:
    return f"{number(figure.median)} ±{figure.spread / 2:.0%}" if figure.repeats > 1 else number(figure.median)


def _ratio(workload: Workload, line: Line) -> str:
    """How many times as much of the first metric we do."""
    first = next(iter(line.metrics))
    ours = workload.find(line.case, OURS, first)
    if line.system == OURS or ours is None or not line.metrics[first].median:
        return ""
    return f"   ours: {ours.median / line.metrics[first].median:.2f} ×"


def _verdicts(verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield f"{'':10}{'bar':52}{'measured':>12}{'there':>12}{'bar':>12}{'reach':>10}"
    for each in verdicts:
        bar, sign = each.bar, "≥" if each.bar.least else "≤"
        limit = "-" if bar.limit is None else f"{sign} {number(bar.limit)}"
        reach = "" if bar.reach is None else f"{sign} {number(bar.reach)}"
        value = "-" if each.value is None else number(each.value)
        there = "" if each.there is None else number(each.there)
        yield f"{bar.workload:10}{bar.subject:52}{value:>12}{there:>12}{limit:>12}{reach:>10}   {_said(each)}"


def _said(verdict: Verdict) -> str:
    if verdict.met is False:
        return "NOT MET here, met there" if verdict.met_there else "NOT MET"
    return ", ".join(["met"] * bool(verdict.met) + ["reached"] * bool(verdict.reached))


def _machine(workloads: Sequence[Workload]) -> Iterator[str]:
    slow = slowness(workloads)
    if slow is not None:
        yield f"\nthere: where the bars were set. The peers take {slow:.2f} times as long here for the same work."


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=RESULTS.parent, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()

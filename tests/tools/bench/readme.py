"""The table in the README of the whole, made of the last official run: `python -m tests.tools.bench.readme` writes it.

A test holds the two together (test_readme.py), so nobody has to remember.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.tools.bench.bars import OURS
from tests.tools.bench.bench import Workload, number
from tests.tools.bench.report import OFFICIAL, read

README = Path(__file__).resolve().parents[3] / "README.md"
START, END = "<!-- benchmark: made by python -m tests.tools.bench.readme -->", "<!-- end of benchmark -->"
STEADY = {"µs/delivery", "KiB/connection"}  # what others on the machine hardly change
SYSTEMS = (
    OURS,
    "Socket.IO, PostgreSQL",
    "Socket.IO, not stored",
    "mosquitto, QoS 1",
    "Channels, uvicorn",
    "Channels, daphne",
)
HEADS = (
    "500 clients",
    "deliveries/s, 8 / 1 in flight",
    "µs CPU each, 8 / 1 in flight / 20 a second",
    "ms to each at 20 a second, p50 / p99",
    "KiB an idle connection",
    "1,000 clients × 50 return",
)
NOT_COMPARABLE = """\
What is **not** comparable: only Parley and the second line store messages in PostgreSQL; Parley also checks who may
write and read, renders the text, keeps a mailbox for each device and reports gaps to it. Socket.IO without storage and
mosquitto (whose queues are in memory) lose everything with their process, textbook Channels acknowledges nothing.
None of the peers is a chat. Figures of a shared machine are worth their ratios, no more."""


def main() -> int:
    README.write_text(filled(README.read_text()))
    return 0


def filled(text: str) -> str:
    """The README with the table of the official run between its two marks."""
    return between(text, START, END, section())


def between(text: str, start: str, end: str, content: str) -> str:
    """The text with this content between its two marks."""
    pattern = f"{re.escape(start)}.*?{re.escape(end)}"
    return re.sub(pattern, lambda _found: f"{start}\n{content}\n{end}", text, flags=re.DOTALL)


def section(path: Path = OFFICIAL) -> str:
    content, workloads = read(path)
    rows = [_row(system, workloads) for system in SYSTEMS]
    lines = [f"| {' | '.join(cells)} |" for cells in (HEADS, ("---",) * len(HEADS), *rows)]
    return "\n".join(["", _where(content), "", *lines, "", *_busy(workloads), NOT_COMPARABLE, ""])


def _busy(workloads: Sequence[Workload]) -> list[str]:
    """What has to be said when the machine was not ours alone."""
    noisy = [workload.name for workload in workloads if not workload.quiet]
    if not noisy:
        return []
    names = ", ".join(noisy)
    return [
        f"¹ Others used the machine while this was measured ({names}):",
        "rates and times would say more about them than about us. Processor time is a little too high for all, for",
        "the same reason; `make bench` on a quiet machine says the rest.",
        "",
    ]


def _where(content: dict[str, Any]) -> str:
    machine = content["machine"]
    return (
        f"Measured on {content['date']} at {content['commit'] or 'an export'} with `make bench`: {machine['cpu']},"
        f" {machine['cores']} cores,\neverything of a server on one of them; median of {content['repeats']}. Every"
        " delivery was counted: applied once, and acked\nwhere there are acks. What is measured, and why it is fair:"
        " [`tests/tools/bench`](tests/tools/bench/README.md)."
    )


def _row(system: str, workloads: Sequence[Workload]) -> tuple[str, ...]:
    def cell(name: str, *wanted: tuple[str, str]) -> str:
        workload = next((each for each in workloads if each.name == name), None)
        if workload is None or (system in workload.unavailable):
            return "not measured"
        if not workload.quiet and not {metric for _, metric in wanted} <= STEADY:
            return "¹"
        found = [workload.find(case, system, metric) for case, metric in wanted]
        return " / ".join("-" if each is None else number(each.median) for each in found)

    return (
        f"**{system}**" if system == OURS else system,
        cell("fanout", ("8 in flight", "deliveries/s"), ("1 in flight", "deliveries/s")),
        cell("fanout", *((case, "µs/delivery") for case in ("8 in flight", "1 in flight", "20/s"))),
        cell("latency", ("20/s", "p50 ms"), ("20/s", "p99 ms")),
        cell("idle", ("2,000 clients", "KiB/connection")),
        _seconds(cell("storm", ("1,000 clients", "seconds"))),
    )


def _seconds(text: str) -> str:
    return f"{text} s" if text[0].isdecimal() else text


if __name__ == "__main__":
    sys.exit(main())

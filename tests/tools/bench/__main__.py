"""`make bench`, or `python -m tests.tools.bench --only fanout,latency --systems parley`. Exits with 1 on a loss."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

from tests.tools.bench.bench import Bench
from tests.tools.bench.report import RESULTS, table, write
from tests.tools.bench.workloads import fanout, idle, latency, posts, purge, stored, storm

SHARED = ("sync", "history", "growth")  # they share a million stored messages
WORKLOADS: dict[str, Callable[[Bench], None]] = {
    "fanout": fanout.run,
    "latency": latency.run,
    "posts": posts.run,
    "storm": storm.run,
    "idle": idle.run,
    "purge": purge.run,
}


def main() -> int:
    given = _arguments()
    signal.signal(signal.SIGTERM, _stop)
    with Bench(repeats=given.repeats, systems=frozenset(given.systems)) as bench:
        wanted = given.only or [*WORKLOADS, *SHARED]
        for name, run in WORKLOADS.items():
            if name in wanted:
                run(bench)
        if shared := frozenset(SHARED).intersection(wanted):
            stored.run(bench, shared)
    # What is for others to see is whole, or was said to belong to it.
    official = given.keep or not (given.only or given.systems)
    write(bench, RESULTS if official else RESULTS / "partial", keep=given.keep)
    sys.stdout.write(table(bench.workloads) + "\n")
    for problem in bench.problems:
        sys.stdout.write(f"WRONG: {problem}\n")
    return 1 if bench.problems else 0


def _stop(_number: int, _frame: object) -> None:
    """As with Ctrl-C: whatever was started is ended."""
    sys.exit(143)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=_names, default=[], help=f"of {', '.join([*WORKLOADS, *SHARED])}")
    parser.add_argument("--systems", type=lambda text: text.split(","), default=[], help="parley, socketio, …")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="put these workloads among the official results")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    wanted = [name for name in text.split(",") if name]
    unknown = sorted(set(wanted) - {*WORKLOADS, *SHARED})
    if unknown:
        raise argparse.ArgumentTypeError(f"no such workload: {', '.join(unknown)}")
    return wanted


if __name__ == "__main__":
    sys.exit(main())

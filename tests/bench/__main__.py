"""`make bench`, or `python -m tests.bench --only fanout,latency --systems parley`. Ends with 1 if anything was lost."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tests.bench.bench import Bench, say
from tests.bench.workloads import fanout

WORKLOADS: dict[str, Callable[[Bench], None]] = {"fanout": fanout.run}


def main() -> int:
    given = _arguments()
    with Bench(repeats=given.repeats, systems=frozenset(given.systems)) as bench:
        for name in given.only or WORKLOADS:
            WORKLOADS[name](bench)
    for problem in bench.problems:
        say(f"WRONG: {problem}")
    return 1 if bench.problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=_names(WORKLOADS), default=[], help=f"of {', '.join(WORKLOADS)}")
    parser.add_argument("--systems", type=lambda text: text.split(","), default=[], help="parley, socketio, …")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def _names(known: dict[str, Callable[[Bench], None]]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        wanted = [name for name in text.split(",") if name]
        unknown = sorted(set(wanted) - set(known))
        if unknown:
            raise argparse.ArgumentTypeError(f"no such workload: {', '.join(unknown)}")
        return wanted

    return names


if __name__ == "__main__":
    sys.exit(main())

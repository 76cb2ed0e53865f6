"""Where the time goes: `make profile ONLY=fanout` draws a flame graph of our node under load, with py-spy.

py-spy looks at the process from outside, 500 times a second, so what is profiled is what runs in production. It reads
another process's memory: root may, and everybody where kernel.yama.ptrace_scope is 0; otherwise it says so.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import uvloop

from tests.tools.bench.bench import Bench, number, say
from tests.tools.bench.load import closed_loop
from tests.tools.bench.report import RESULTS
from tests.tools.bench.systems.parley import Account, Parley, make_accounts
from tests.tools.bench.tally import Tally
from tests.tools.bench.workloads.posts import MEMBERS, SIZE, post_for

SECONDS, RATE = 8, 500  # of the recording; looks a second
READERS, IN_FLIGHT = 500, 8
PROFILED = ("fanout", "posts")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PROFILED, default="fanout")
    only = parser.parse_args().only
    picture = RESULTS / "partial" / f"profile-{only}.svg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    with Bench() as bench:
        system = bench.parley
        system.accounts = make_accounts("profile", READERS) if only == "fanout" else _posters()
        with system.running():
            reason = uvloop.run(_record(system, only, picture))
    sys.stdout.write(f"{reason or picture}\n")
    return 1 if reason else 0


def _posters() -> list[Account]:
    return make_accounts("profile", MEMBERS, rooms=MEMBERS // SIZE)


async def _record(system: Parley, only: str, picture: Path) -> str:
    """Why there is no picture, if there is none."""
    tally = Tally(len(system.accounts), capacity=200_000)
    await system.connect(tally)
    recording = asyncio.create_task(_py_spy(system.main_process(), picture))
    if only == "fanout":
        run = await closed_loop(system, tally, in_flight=IN_FLIGHT, seconds=SECONDS + 2)
        say(f"{number(run.rate)} deliveries/s, {number(run.microseconds)} µs each, while looked at")
    else:
        await post_for(system, tally, SECONDS + 2)
    reason = await recording
    await system.disconnect()
    return reason


async def _py_spy(pid: int, picture: Path) -> str:
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if program is None:
        return "py-spy is not installed: make dev"
    command = [program, "record", "--pid", str(pid), "--duration", str(SECONDS), "--rate", str(RATE)]
    command += ["--output", str(picture)]
    spying = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, said = await spying.communicate()
    if spying.returncode == 0:
        return ""
    last = (said.decode().strip().splitlines() or ["no reason given"])[-1]
    return f"py-spy could not look at the node: {last}. As root, or with sysctl kernel.yama.ptrace_scope=0, it can."


if __name__ == "__main__":
    sys.exit(main())

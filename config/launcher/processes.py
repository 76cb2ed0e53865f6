"""Child processes that never outlive us: how they are started, found again and ended.

A child gets a process group of its own (Ctrl-C reaches only the parent, which then ends its children in order) and, on
Linux, a death signal: the kernel ends it when its parent is killed. What escapes that is found by looking, not by
remembering: our processes are recognised by what they are (their working folder, a mark in their environment), so no
file can be stale and no recycled process id can mislead.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

MARK = "PARLEY_SUPERVISED"  # the environment variable by which children are recognised; its value is the data folder
ENGINES = frozenset({"postgres", "valkey-server"})  # they write their title over their environment
POLL = 0.02  # seconds between two looks at a condition
PR_SET_PDEATHSIG = 1
ZOMBIE = psutil.STATUS_ZOMBIE
T = TypeVar("T")

Stages = Sequence[tuple[signal.Signals, float]]  # signals to stop by, each with the seconds until the next

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How to start one process. `user` is a system user (only root may name one); `log` gets stdout and stderr."""

    argv: Sequence[str | Path]
    log: Path
    folder: Path
    stop_signal: signal.Signals = signal.SIGTERM
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[int] = ()  # descriptors the child inherits


def spawn(launch: Launch) -> subprocess.Popen[bytes]:
    """Start the process in a group of its own. Raises OSError."""
    with launch.log.open("ab") as log:
        return subprocess.Popen(
            [os.fspath(part) for part in launch.argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=launch.folder,
            env={**os.environ, **launch.environment},
            process_group=0,
            pass_fds=launch.files,
            preexec_fn=_die_with(os.getpid(), launch.stop_signal),  # noqa: PLW1509  (two system calls, no lock)
            **identity(launch.user),
        )


def stop_all(processes: Sequence[tuple[subprocess.Popen[bytes], Stages]]) -> None:
    """Stop children together, each by its own stages of (signal, seconds of patience); kill what is left."""
    for stage in range(max((len(stages) for _, stages in processes), default=0)):
        alive = [(process, stages[stage]) for process, stages in processes if len(stages) > stage and _runs(process)]
        for process, (number, _) in alive:
            process.send_signal(number)
        patience = max((seconds for _, (_, seconds) in alive), default=0)
        wait_until(lambda: not any(_runs(process) for process, _ in processes), seconds=patience)
    for process, _ in processes:
        kill_group(process.pid)
        process.wait()


def kill_group(leader: int) -> None:
    """Kill whatever is left of a group that we started: the pool of a dead worker, for example."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def marked(home: Path) -> list[psutil.Process]:
    """Every living process that was started for this data folder: its environment says so."""
    unknown: dict[str, str] = {}
    return [each for each in _others() if _ask(each.environ, unknown).get(MARK) == str(home)]


def engines_in(folder: Path) -> list[psutil.Process]:
    """Every living PostgreSQL or Valkey process that works in this folder."""
    real = os.path.realpath(folder)
    return [each for each in _others() if _ask(each.name, "") in ENGINES and _ask(each.cwd, "") == real]


def leaders(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those among them that none of the others started: the postmaster, or the orphans of a killed one."""
    pids = {each.pid for each in processes}
    return [each for each in processes if _ask(each.ppid, 0) not in pids]


def end(processes: Sequence[psutil.Process], number: signal.Signals, *, seconds: float) -> None:
    """Ask processes that are not our children to stop; kill those that have not after so many seconds."""
    for process in processes:
        _signal(process, number)
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=seconds)


def identity(user: str | None) -> dict[str, Any]:
    """The arguments by which subprocess runs a program as that system user, in none of our groups."""
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def die_with_parent(number: signal.Signals) -> None:
    """Ask the kernel to send us this signal when the process that started us dies. Linux only; elsewhere nothing."""
    _die_with(os.getppid(), number)()


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Look until the condition holds or time is up; the last look counts."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL)
    return True


def is_alive(pid: int, started: float) -> bool:
    """Whether the process that had this id and start time still lives; a recycled id does not count."""
    try:
        process = psutil.Process(pid)
        # Start times are derived from the clock, which may be stepped by a second or two.
        return abs(process.create_time() - started) < 5 and process.status() != ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _runs(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def _others() -> list[psutil.Process]:
    own = os.getpid()
    return [each for each in psutil.process_iter() if each.pid != own and _ask(each.status, ZOMBIE) != ZOMBIE]


def _ask(question: Callable[[], T], otherwise: T) -> T:
    """The answer, or else this: a process may be gone meanwhile, or be somebody else's."""
    try:
        return question()
    except (psutil.Error, OSError):
        return otherwise


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)


def _die_with(parent: int, number: signal.Signals) -> Callable[[], None]:
    def hook() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
            if os.getppid() != parent:  # it died before we could ask
                os._exit(1)

    return hook

"""Child processes: started, recognised, ended with all they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from config.launcher import processes
from config.launcher.processes import MARK, Launch

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def launch(tmp_path: Path, code: str, **environment: str) -> Launch:
    return Launch(argv=[sys.executable, "-c", code], log=tmp_path / "log", folder=tmp_path, environment=environment)


def first_line(log: Path) -> str:
    assert processes.wait_until(lambda: log.exists() and "\n" in log.read_text(), seconds=30)
    return log.read_text().splitlines()[0]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_stubborn_process_and_its_children_are_killed(tmp_path: Path) -> None:
    process = processes.spawn(launch(tmp_path, STUBBORN))
    grandchild = int(first_line(tmp_path / "log"))
    processes.stop_all([(process, ((signal.SIGTERM, 0.2),))])
    assert process.returncode == -signal.SIGKILL
    assert processes.wait_until(lambda: gone(grandchild), seconds=60)


def test_stages_follow_each_other(tmp_path: Path) -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)"
    )
    process = processes.spawn(launch(tmp_path, code))
    first_line(tmp_path / "log")
    processes.stop_all([(process, ((signal.SIGTERM, 0.1), (signal.SIGUSR1, 30.0)))])
    assert process.returncode == -signal.SIGUSR1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals to children that their parent died")
def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    parent_code = f"""
import time
from pathlib import Path
from config.launcher.processes import Launch, spawn
child = spawn(Launch(argv=["sleep", "600"], log=Path({str(tmp_path / "child")!r}), folder=Path("/")))
print(child.pid, flush=True)
time.sleep(600)
"""
    root = Path(__file__).parents[3]
    parent = subprocess.Popen([sys.executable, "-c", parent_code], cwd=root, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as stdout:
        child = int(stdout.readline())
    parent.kill()
    parent.wait()
    assert processes.wait_until(lambda: gone(child), seconds=60)


def test_marked_processes_are_found_by_their_folder(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "home2"
    process = processes.spawn(launch(tmp_path, "import time; time.sleep(600)", **{MARK: str(home)}))
    try:
        assert [each.pid for each in processes.marked(home)] == [process.pid]
        assert processes.marked(other) == []
    finally:
        processes.stop_all([(process, ())])
    assert processes.marked(home) == []


def test_a_shell_that_stands_in_the_data_folder_is_no_engine(tmp_path: Path) -> None:
    process = processes.spawn(launch(tmp_path, "import time; time.sleep(600)"))
    try:
        assert processes.engines_in(tmp_path) == []
    finally:
        processes.stop_all([(process, ())])


def test_a_recycled_id_is_another_process() -> None:
    own = psutil.Process()
    assert processes.is_alive(own.pid, own.create_time())
    assert not processes.is_alive(own.pid, own.create_time() - 3600)
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert not processes.is_alive(process.pid, own.create_time())


def test_only_the_files_that_are_named_are_inherited(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as answer, os.fdopen(writer, "wb") as question:
        code = f"import os; os.write({question.fileno()}, b'inherited')"
        named = Launch(
            argv=[sys.executable, "-c", code], log=tmp_path / "log", folder=tmp_path, files=[question.fileno()]
        )
        assert processes.spawn(named).wait(timeout=30) == 0
        assert answer.read(9) == b"inherited"
        assert processes.spawn(launch(tmp_path, code)).wait(timeout=30) != 0

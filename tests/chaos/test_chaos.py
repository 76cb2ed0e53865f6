"""The short form of `make chaos`: everything breaks once, and nobody misses anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.support.stack import ROOT


def test_nothing_is_lost_whatever_breaks() -> None:
    figures = run("--minutes", "0.2", "--clients", "40", "--seed", "11")
    assert figures["messages"] > 50 and figures["deliveries"] > 1000
    assert figures["handled"] == figures["messages"] and figures["mentions"] > 10 and figures["workers_killed"]


def test_every_tab_ends_up_with_what_the_server_has() -> None:
    figures = run("--library", "js", "--minutes", "0.1", "--clients", "12", "--seed", "11")
    assert figures["messages"] > 30 and figures["deliveries"] > 300
    for kind in ("frames", "syncs", "requests"):
        assert any(name.startswith(kind) for name in figures), f"no fault among the {kind}: {figures}"


def run(*arguments: str) -> dict[str, Any]:
    """The figures of a run in which nothing was wrong in the end. It starts engines of its own."""
    engines = {"DATABASE_URL", "REDIS_URL", "PARLEY_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in engines}
    command = [sys.executable, "-m", "tests.tools.chaos.run", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
    assert figures["problems"] == 0
    return figures

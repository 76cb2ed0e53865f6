"""The short form of `make chaos`: everything breaks once, and nobody misses anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.stack import ROOT


@pytest.mark.parametrize("backend", ["postgres"])
def test_nothing_is_lost_whatever_breaks(backend: str) -> None:
    command = [sys.executable, "-m", "tests.chaos.run", "--minutes", "0.2", "--clients", "40", "--seed", "11"]
    engines = {"DATABASE_URL", "REDIS_URL", "PARLEY_HOME"}  # it starts its own
    environment = {name: value for name, value in os.environ.items() if name not in engines}
    done = subprocess.run(
        [*command, "--backend", backend], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[0])
    assert figures["problems"] == 0
    assert figures["messages"] > 50 and figures["deliveries"] > 1000

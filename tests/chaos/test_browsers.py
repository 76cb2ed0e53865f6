"""The short form of `make chaos LIBRARY=js`: everything breaks once, and every tab ends up with what the server has."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.support.stack import ROOT


def test_every_tab_ends_up_with_what_the_server_has() -> None:
    command = [sys.executable, "-m", "tests.chaos.run", "--library", "js", "--minutes", "0.1", "--clients", "12"]
    engines = {"DATABASE_URL", "REDIS_URL", "PARLEY_HOME"}  # it starts its own
    environment = {name: value for name, value in os.environ.items() if name not in engines}
    done = subprocess.run(
        [*command, "--seed", "11"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[0])
    assert figures["problems"] == 0
    assert figures["messages"] > 30 and figures["deliveries"] > 300
    for kind in ("frames", "syncs", "requests"):
        assert any(name.startswith(kind) for name in figures), f"no fault among the {kind}: {figures}"

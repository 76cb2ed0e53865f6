"""The check of known vulnerabilities fails for one that is not accepted, and for nothing that the network does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.tools import audit

FOUND = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.1"]}


def report(*vulns: dict[str, Any]) -> str:
    return json.dumps({"dependencies": [{"name": "some", "version": "2.0", "vulns": list(vulns)}], "fixes": []})


def answer_with(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    done = subprocess.CompletedProcess([], 0, output, "")
    monkeypatch.setattr(subprocess, "run", lambda *_arguments, **_options: done)


def test_a_vulnerability_fails_the_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answer_with(monkeypatch, report(FOUND))
    assert audit.main("requirements.lock") == 1
    assert capsys.readouterr().out == "some 2.0: PYSEC-2026-1; fixed in 2.1\n"


@pytest.mark.parametrize("id", ["PYSEC-2026-1", "CVE-2026-1"])
def test_an_accepted_vulnerability_does_not(monkeypatch: pytest.MonkeyPatch, id: str) -> None:
    monkeypatch.setitem(audit.ACCEPTED, id, "we do not call it")
    answer_with(monkeypatch, report(FOUND))
    assert audit.main("requirements.lock") == 0


def test_a_registry_that_cannot_be_reached_skips_the_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    skipped = {"name": "some", "skip_reason": "Dependency not found on PyPI"}
    for output in ("", "Traceback", json.dumps({"dependencies": [skipped], "fixes": []})):
        answer_with(monkeypatch, output)
        assert audit.main("requirements.lock") == 0
        assert capsys.readouterr().out == f"{audit.SKIPPED}\n"


def test_a_registry_that_is_slow_skips_the_check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def run(*_arguments: Any, **_options: Any) -> None:
        raise subprocess.TimeoutExpired("pip-audit", 60)

    monkeypatch.setattr(subprocess, "run", run)
    assert audit.ask(str(tmp_path / "requirements.lock")) is None

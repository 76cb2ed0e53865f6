"""What happens before anything is installed: on machines that will do, and on those that will not."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config.launcher import install

SCRIPT = Path(settings.BASE_DIR) / "config" / "launcher" / "install.py"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def reason(error: pytest.ExceptionInfo[SystemExit]) -> str:
    (line,) = str(error.value.code).splitlines()
    return line


def test_an_environment_is_mended_filled_once_and_never_half(tmp_path: Path) -> None:
    """One test, because making an environment takes seconds."""
    project = tmp_path / "with a space"
    python = project / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/nowhere")  # its Python was upgraded away
    (project / "good.lock").write_text("")

    made = run("venv", "good.lock", cwd=project)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("Parley: making venv with Python")
    assert subprocess.run([python, "-c", ""], check=False).returncode == 0
    assert run("venv", "good.lock", cwd=project).stdout == ""
    (project / "good.lock").write_text("# changed\n")
    assert run("venv", "good.lock", cwd=project).stdout.startswith("Parley: installing good.lock")

    for hashes in (f" --hash=sha256:{'0' * 64}", ""):
        (project / "bad.lock").write_text(f"parley-has-no-such-package==1{hashes}\n")
        failed = run("venv", "bad.lock", cwd=project)
        assert failed.returncode == 1
        (line,) = failed.stderr.splitlines()
        assert line.startswith("Parley: cannot install bad.lock: ERROR: ")
        assert not (project / "venv" / "installed-bad.lock").exists()


def test_an_old_python_is_named_as_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit) as error:
        install.check_machine()
    assert reason(error) == "Parley: Python 3.9 is too old; 3.11 or newer is needed: make up PYTHON=python3.11"


@pytest.mark.parametrize(
    ("system", "machine", "libc", "expected"),
    [
        ("Windows", "AMD64", "", "no PostgreSQL and Valkey for Windows on AMD64"),
        ("Linux", "riscv64", "glibc", "no PostgreSQL and Valkey for Linux on riscv64"),
        ("Linux", "x86_64", "", "this Linux has no glibc"),
    ],
)
def test_a_platform_without_engines_gets_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, libc: str, expected: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.libc_ver", lambda: (libc, ""))
    with pytest.raises(SystemExit) as error:
        install.check_machine()
    assert expected in reason(error)


def test_the_error_about_a_missing_venv_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = "The virtual environment was not created successfully because ensurepip is not available.\n"
    failed = subprocess.CompletedProcess([], returncode=1, stdout=said)
    monkeypatch.setattr(install, "run", lambda command: failed)
    with pytest.raises(SystemExit) as error:
        install.create(str(tmp_path / "venv"))
    assert "apt-get install python3." in reason(error)


def test_a_full_disk_is_named_as_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "LEAST_DISK", 2**60)
    with pytest.raises(SystemExit) as error:
        install.create("venv")
    assert "MB are free here; installing takes" in reason(error)


def test_an_old_python_can_read_the_script() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 4))

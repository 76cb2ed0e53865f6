"""The random key in the data folder."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.secret_key import FILE, LEAST_LENGTH, secret_key


def test_the_key_is_random_kept_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key = secret_key(tmp_path)
    assert len(key) >= LEAST_LENGTH
    assert secret_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    other = tmp_path / "other"
    other.mkdir()
    assert secret_key(other) != key


def test_processes_that_start_together_use_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        assert len(set(threads.map(lambda _: secret_key(tmp_path), range(64)))) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 80])
def test_a_file_that_holds_no_key_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    key = secret_key(tmp_path)
    assert len(key) >= LEAST_LENGTH
    assert secret_key(tmp_path) == key


def test_without_a_data_folder_the_key_is_of_the_process_and_nothing_is_written(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert secret_key(missing) != secret_key(missing)
    assert not missing.exists()


def test_no_key_is_in_the_source() -> None:
    settings = (Path(__file__).parents[2] / "config" / "settings.py").read_text()
    (line,) = [line for line in settings.splitlines() if line.startswith("SECRET_KEY")]
    assert line == 'SECRET_KEY = envstr("SECRET_KEY", "" if PRODUCTION else secret_key(PARLEY_HOME))'

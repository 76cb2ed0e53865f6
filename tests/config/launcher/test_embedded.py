"""The engines from wheels, with real processes in temporary folders."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest
import redis

from config.launcher import embedded, processes
from config.launcher.embedded import EngineError, Postgres, Valkey, engines, running_urls


@pytest.fixture
def home(data_folder: Path) -> Path:
    """A data folder whose path has a space and is too long for a socket."""
    return data_folder / ("long" * 20)


def write_both(urls: embedded.Urls, value: str) -> None:
    with psycopg.connect(urls.database) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])
    with redis.Redis.from_url(urls.redis) as valkey:
        valkey.rpush("kept", value)
        valkey.waitaof(1, 0, 5000)  # until it is on the disk: the second of everysec is not what is tested


def read_both(urls: embedded.Urls) -> tuple[list[str], list[str]]:
    with psycopg.connect(urls.database) as connection:
        rows = [value for (value,) in connection.execute("SELECT value FROM kept")]
    with redis.Redis.from_url(urls.redis, decode_responses=True) as valkey:
        return rows, list(valkey.lrange("kept", 0, -1))


def test_what_was_written_is_there_after_a_restart(home: Path) -> None:
    with engines(home) as urls:
        write_both(urls, "first")
    with engines(home) as urls:
        assert read_both(urls) == (["first"], ["first"])


def test_a_killed_pair_comes_back_with_everything_committed(home: Path) -> None:
    sockets = embedded.prepare(home)
    both: list[Postgres | Valkey] = [Postgres(home, sockets), Valkey(home, sockets)]
    running = [processes.spawn(engine.launch()) for engine in both]
    for engine, process in zip(both, running, strict=True):
        engine.wait_ready(process)
    write_both(running_urls(home), "before the crash")
    for process in running:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (home / "postgres" / "postmaster.pid").exists()

    with engines(home) as urls:
        assert read_both(urls) == (["before the crash"], ["before the crash"])


def test_orphans_of_a_killed_supervisor_are_ended_before_a_new_start(home: Path) -> None:
    # A session of its own and no death signal: the worst an orphan can be.
    sockets = embedded.prepare(home)
    launch = Postgres(home, sockets).launch()
    orphan = subprocess.Popen(
        [os.fspath(part) for part in launch.argv],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **launch.environment},
        **processes.identity(launch.user),
    )
    Postgres(home, sockets).wait_ready(orphan)
    orphan_waits = processes.wait_until(lambda: bool(processes.engines_in(home / "postgres")), seconds=60)
    assert orphan_waits

    with engines(home) as urls, psycopg.connect(urls.database) as connection:
        (running,) = connection.execute("SELECT pg_postmaster_start_time() IS NOT NULL").fetchone() or ()
        assert running
        assert orphan.wait(timeout=60) is not None


def test_two_folders_run_side_by_side(data_folder: Path) -> None:
    with engines(data_folder / "one") as one, engines(data_folder / "two") as two:
        write_both(one, "one")
        write_both(two, "two")
        assert read_both(one) == (["one"], ["one"])
        assert read_both(two) == (["two"], ["two"])


def test_sockets_are_private_and_short(home: Path) -> None:
    with engines(home, durable=False):
        sockets = Path(json.loads((home / "run" / "engines.json").read_text())["sockets"])
        assert len(os.fsencode(sockets / "pg" / ".s.PGSQL.5432")) <= embedded.SOCKET_PATH_LIMIT
        assert (sockets / "pg").stat().st_mode & 0o077 == 0
        assert (sockets / "valkey.sock").stat().st_mode & 0o077 == 0
    assert not sockets.exists()


def test_nothing_recorded_gives_the_usual_urls(tmp_path: Path) -> None:
    assert running_urls(tmp_path / "nowhere") == embedded.Urls(
        embedded.DEFAULT_DATABASE_URL, embedded.DEFAULT_REDIS_URL
    )


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"sockets": 3}', "\0"])
def test_a_damaged_record_gives_the_usual_urls(tmp_path: Path, content: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "engines.json").write_text(content)
    assert running_urls(tmp_path).database == embedded.DEFAULT_DATABASE_URL


def test_a_full_disk_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LEAST_DISK", 2**60)
    with pytest.raises(EngineError, match=r"only \d+ MB are free in .*; Parley needs \d+ MB"):
        embedded.prepare(tmp_path)


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineError, match="choose another folder with PARLEY_HOME"):
        embedded.prepare(tmp_path / "file" / "home")


def test_data_of_another_major_version_is_refused_and_untouched(home: Path) -> None:
    with engines(home, durable=False, valkey=False):
        pass
    (home / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EngineError, match="is of PostgreSQL 17, this is 18"), engines(home, valkey=False):
        pytest.fail("it started")
    assert (home / "postgres" / "global").is_dir()


def test_an_interrupted_creation_is_done_again(home: Path) -> None:
    (home / "postgres.new").mkdir(parents=True)
    (home / "postgres.new" / "PG_VERSION").write_text("18")
    with engines(home, durable=False, valkey=False) as urls, psycopg.connect(urls.database) as connection:
        assert connection.execute("SHOW server_version_num").fetchone()[0].startswith("18")  # type: ignore[index]


def test_what_a_killed_test_run_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = subprocess.Popen(["true"])
    dead.wait()
    abandoned = tmp_path / "parley-test-abandoned"
    abandoned.mkdir()
    (abandoned / "owner.json").write_text(json.dumps([dead.pid, 0.0]))
    with embedded.temporary_home() as home:
        assert not abandoned.exists()
        with embedded.temporary_home():  # a second run leaves a living one alone
            assert home.exists()
    assert not list(tmp_path.glob("parley-test-*"))


def test_settings_of_the_engines(home: Path) -> None:
    with engines(home) as urls, psycopg.connect(urls.database) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
            for name in ("fsync", "synchronous_commit", "max_connections", "wal_compression", "listen_addresses")
        }
        assert shown == {
            "fsync": "on",
            "synchronous_commit": "on",
            "max_connections": "200",
            "wal_compression": "pglz",
            "listen_addresses": "",
        }
        with redis.Redis.from_url(urls.redis, decode_responses=True) as valkey:
            assert valkey.config_get("appendonly", "appendfsync", "port") == {
                "appendonly": "yes",
                "appendfsync": "everysec",
                "port": "0",
            }

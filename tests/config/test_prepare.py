"""Between a started database and a started server."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, connections
from django.test.utils import override_settings

from accounts.models import User
from config.launcher import processes
from config.management.commands import prepare
from config.management.commands.prepare import LOCK, Command, fingerprint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> object:
    with override_settings(PARLEY_HOME=tmp_path, STATIC_ROOT=tmp_path / "staticfiles", DEMO=False):
        yield tmp_path


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that prepare calls, except that collecting only pretends."""
    called: list[str] = []

    def record(name: str, **options: object) -> None:
        called.append(name)
        if name == "collectstatic":
            Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
        else:
            call_command(name, **options)

    monkeypatch.setattr(prepare, "call_command", record)
    return called


def test_static_files_are_collected_only_when_they_changed(
    collected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Command().collect()
    Command().collect()
    assert collected == ["collectstatic"]
    monkeypatch.setattr(prepare, "fingerprint", lambda: "other sources")
    Command().collect()
    assert collected == ["collectstatic", "collectstatic"]


def test_the_fingerprint_sees_a_changed_file(tmp_path: Path) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a.css").write_text("a {}")
    with override_settings(STATICFILES_DIRS=[folder]):
        before = fingerprint()
        assert fingerprint() == before
        (folder / "a.css").write_text("a { color: red }")
        assert fingerprint() != before


def test_an_empty_database_is_seeded_once_and_a_used_one_never(
    monkeypatch: pytest.MonkeyPatch, collected: list[str], home: Path
) -> None:
    monkeypatch.setattr(prepare, "get_commands", lambda: {"seed_demo": "chat"})

    def seed(name: str, **options: object) -> None:
        collected.append(name)
        if name == "seed_demo":
            User.objects.create(email="owner@acme.example")

    monkeypatch.setattr(prepare, "call_command", seed)
    with override_settings(DEMO=True, DEBUG=True):
        call_command("prepare")
        call_command("prepare")
    assert collected == ["migrate", "seed_demo", "migrate"]
    assert json.loads((home / "run" / "prepared.json").read_text()) == {"empty": False, "demo": True}


def test_a_failed_seed_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, **options: object) -> None:
        User.objects.create(email="owner@acme.example")
        raise RuntimeError("half-way")

    monkeypatch.setattr(prepare, "get_commands", lambda: {"seed_demo": "chat"})
    monkeypatch.setattr(prepare, "call_command", fail)
    with override_settings(DEMO=True), pytest.raises(RuntimeError, match="half-way"):
        Command().seed()
    assert not User.objects.exists()


def test_without_the_demo_the_database_stays_empty(home: Path) -> None:
    with override_settings(DEBUG=True):
        call_command("prepare")
    assert not User.objects.exists()
    assert json.loads((home / "run" / "prepared.json").read_text()) == {"empty": True, "demo": False}


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = %s", [LOCK]
        )
        return int(cursor.fetchone()[0])


def test_two_servers_prepare_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    migrated = threading.Event()
    monkeypatch.setattr(prepare, "call_command", lambda name, **options: migrated.set())

    def other() -> None:
        with override_settings(DEBUG=True):
            call_command("prepare")
        connections.close_all()

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        thread = threading.Thread(target=other)
        thread.start()
        assert processes.wait_until(lambda: waiting() == 1, seconds=30)
        assert not migrated.is_set()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    thread.join(timeout=30)
    assert migrated.is_set()


def test_wrong_settings_stop_it_before_anything_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "call_command", lambda name, **options: pytest.fail(f"{name} was called"))
    with override_settings(ENVIRONMENT_ERRORS=[("LOG_LEVEL", "LOUD", "one of DEBUG")]), pytest.raises(SystemCheckError):
        call_command("prepare", skip_checks=False)

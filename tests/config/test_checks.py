"""Wrong settings: `manage.py check` names each and says what to write."""

from __future__ import annotations

import inspect
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import CheckMessage
from django.test.utils import override_settings

from config import checks
from config.checks import check_environment, check_production

PRODUCTION = {
    "PRODUCTION": "1",
    "SECRET_KEY": "V9tPq2mXr7LkZ4wNc8HsJ1yB6fGd3aQeUoTi5RvKxMnEzWpS0YbC",
    "ALLOWED_HOSTS": "chat.example.com",
    "BASE_URL": "https://chat.example.com",
    "DATABASE_URL": "postgresql://parley:secret@db.example.com:5432/parley",
    "REDIS_URL": "redis://valkey.example.com:6379/0",
    "EMAIL_HOST": "mail.example.com",
}
OURS = {
    *PRODUCTION,
    "DEBUG",
    "DEMO",
    "HTTPS",
    "PORT",
    "LOG_LEVEL",
    "TRUSTED_PROXIES",
    "STATIC_ROOT",
    "EMAIL_VERIFICATION",
}
CHECKED = (
    *("ENVIRONMENT_ERRORS", "PRODUCTION", "SECRET_KEY", "ALLOWED_HOSTS", "BASE_URL", "DEMO", "DEBUG", "HTTPS"),
    *("DATABASE_URL", "REDIS_URL", "MAIL_SERVER", "ACCOUNT_EMAIL_VERIFICATION"),
)
Check = Callable[..., list[CheckMessage]]


def manage_check(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run `manage.py check` in a fresh process with exactly these settings."""
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=settings.BASE_DIR,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[CheckMessage]]:
    """The messages of our checks for settings read from exactly this environment."""

    def run(**environment: str) -> list[CheckMessage]:
        for name in OURS:
            monkeypatch.delenv(name, raising=False)
        for name, value in {"PARLEY_HOME": str(tmp_path), **environment}.items():
            monkeypatch.setenv(name, value)
        read = runpy.run_path(str(Path(settings.BASE_DIR) / "config" / "settings.py"))
        with override_settings(**{name: read[name] for name in CHECKED}):
            return [*check_environment(), *check_production()]

    return run


def ids(output: str) -> set[str]:
    return set(re.findall(r"parley\.[EW]\d{3}", output))


def test_production_settings_are_clean(tmp_path: Path) -> None:
    status, output = manage_check("--deploy", "--fail-level", "INFO", **PRODUCTION, PARLEY_HOME=str(tmp_path))
    assert (status, output.strip()) == (0, "System check identified no issues (0 silenced).")


def test_nothing_set_is_fine_for_development(tmp_path: Path) -> None:
    status, output = manage_check(PARLEY_HOME=str(tmp_path))
    assert (status, output.strip()) == (0, "System check identified no issues (0 silenced).")


def test_production_with_nothing_set_names_everything_at_once(tmp_path: Path) -> None:
    status, output = manage_check(PRODUCTION="1", DEMO="1", DEBUG="1", HTTPS="0", PARLEY_HOME=str(tmp_path))
    assert status == 1
    assert ids(output) == {f"parley.E00{number}" for number in range(2, 8)} | {"parley.W001", "parley.W002"}
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("DEBUG", "maybe", "Write 1 or 0."),
        ("TRUSTED_PROXIES", "many", "Write a whole number from 0 to 5."),
        ("TRUSTED_PROXIES", "6", "Write a whole number from 0 to 5."),
        ("LOG_LEVEL", "LOUD", "Write one of DEBUG, INFO, WARNING, ERROR."),
        ("DATABASE_URL", "mysql://root@localhost/parley", "Write postgresql://user:password@host:port/name."),
        ("DATABASE_URL", "postgresql://user:secret@host:port/name", "Write postgresql://user:password@host:port/name."),
        ("REDIS_URL", "localhost:6379", "Write redis://"),
    ],
)
def test_a_value_that_cannot_be_read(check: Check, variable: str, value: str, wanted: str) -> None:
    (message,) = check(**{variable: value})
    assert message.id == "parley.E001"
    assert variable in message.msg
    assert wanted in str(message.hint)
    assert "secret" not in str(message)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("SECRET_KEY", "", "parley.E002"),
        ("SECRET_KEY", "short", "parley.E002"),
        ("SECRET_KEY", "a" * 60, "parley.E002"),
        ("ALLOWED_HOSTS", "", "parley.E003"),
        ("ALLOWED_HOSTS", "chat.example.com,*", "parley.E003"),
        ("ALLOWED_HOSTS", ".example.com", "parley.E003"),
        ("ALLOWED_HOSTS", "chat.example.com,.example.org", "parley.E003"),
        ("ALLOWED_HOSTS", "*.example.com", "parley.E003"),
        ("ALLOWED_HOSTS", "other.example.com", "parley.E003"),
        ("BASE_URL", "", "parley.E004"),
        ("BASE_URL", "http://chat.example.com", "parley.E004"),
        ("BASE_URL", "https://chat.example.com/below", "parley.E004"),
        ("DEMO", "1", "parley.E005"),
        ("DATABASE_URL", "", "parley.E006"),
        ("REDIS_URL", "", "parley.E006"),
        ("DEBUG", "1", "parley.E007"),
        ("HTTPS", "0", "parley.W001"),
        ("EMAIL_HOST", "", "parley.W002"),
        ("EMAIL_VERIFICATION", "optional", "parley.W002"),
    ],
)
def test_one_mistake_in_production(check: Check, variable: str, value: str, expected: str) -> None:
    assert [message.id for message in check(**{**PRODUCTION, variable: value})] == [expected]


def test_every_id_is_documented() -> None:
    used = set(ids(inspect.getsource(checks).partition('"""')[2].partition('"""')[2]))
    assert used == ids(str(checks.__doc__))

"""Everything between a started database and a started server."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import BaseCommand, call_command, get_commands
from django.db import connection, transaction

from accounts.models import User

DEMO_ACCOUNT = "owner@acme.example"
LOCK = 7_271_539  # an arbitrary number: two servers on one database migrate one after the other


class Command(BaseCommand):
    """Migrate, collect static files when they changed, seed the demo when the database is empty."""

    requires_system_checks = ["environment"]
    help = "Makes database and static files ready for this version; safe to run at any time, by several at once."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Do it; each step is quick when there is nothing to do."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            try:
                call_command("migrate", interactive=False, verbosity=0)
                self.seed()
                self.remember()
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        self.collect()

    def seed(self) -> None:
        """An interrupted seed leaves nothing, so that the next start seeds again."""
        if settings.DEMO and "seed_demo" in get_commands() and not User.objects.exists():
            with transaction.atomic():
                call_command("seed_demo", verbosity=0)

    def remember(self) -> None:
        """Record for the supervisor how people sign in."""
        state = {
            "empty": not User.objects.exists(),
            "demo": settings.DEMO and User.objects.filter(email=DEMO_ACCOUNT).exists(),
        }
        path = Path(settings.PARLEY_HOME) / "run" / "prepared.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(state))

    def collect(self) -> None:
        """Skipped when the sources are those of last time; hashing and compressing them all takes seconds."""
        if settings.DEBUG:
            return
        stamp = Path(settings.STATIC_ROOT) / ".sources"
        sources = fingerprint()
        if stamp.is_file() and stamp.read_text() == sources:
            return
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(sources)


def fingerprint() -> str:
    """A digest of the names, sizes and times of all source files."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list(ignore_patterns=None):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()

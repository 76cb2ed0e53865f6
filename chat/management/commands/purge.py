"""`manage.py purge [--dry-run] [what …]`: what the periodic tasks do, now and by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.tenancy import every_organization
from chat.actions.purge import PURGES


class Command(BaseCommand):
    help = "Remove what is no longer needed: clients, mailboxes, events, nodes, kept acks, invitations and tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", nargs="*", choices=[[], *PURGES], help="Only these kinds.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would go, remove nothing.")

    def handle(self, *args: Any, what: list[str], dry_run: bool, **options: Any) -> None:
        with every_organization():
            for name in what or PURGES:
                rows = PURGES[name].count() if dry_run else PURGES[name].run()
                self.stdout.write(f"{name}: {rows} {'would go' if dry_run else 'gone'}")

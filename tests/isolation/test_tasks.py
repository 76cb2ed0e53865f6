"""Every task, and what of it could carry something from one tenant to another."""

from __future__ import annotations

import inspect

from django.conf import settings

from chat.actions.purge import PURGES
from config.celery import app

# The arguments that each task takes. None takes an id of a tenant's row: what the queue holds can be read by the worker
# of any organization, and a forged id in it would be acted on.
TASKS = {
    "accounts.tasks.deliver_mail": {"to", "subject", "text"},  # written out where the scope was open
    "chat.tasks.purge": {"what"},  # for the whole installation
    "chat.tasks.end_suspensions": set(),  # likewise
    "chat.tasks.mail_reports": set(),  # likewise
    "chat.tasks.clear_statuses": set(),  # likewise
    "chat.tasks.follow": set(),  # opens the scope of one organization after the other
}


def test_every_task_is_known_with_what_it_takes() -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert {name: set(inspect.signature(task.run).parameters) for name, task in ours.items()} == TASKS


def test_what_runs_by_the_clock_is_the_installations_and_complete() -> None:
    entries = settings.CELERY_BEAT_SCHEDULE.values()
    assert {entry["task"] for entry in entries} == {
        "chat.tasks.purge",
        "chat.tasks.end_suspensions",
        "chat.tasks.mail_reports",
        "chat.tasks.clear_statuses",
        "chat.tasks.follow",
    }
    assert {entry["args"][0] for entry in entries if "args" in entry} == set(PURGES)

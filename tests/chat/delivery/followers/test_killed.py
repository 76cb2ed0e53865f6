"""Workers are killed without warning: every event is handled once, in the order of its organization."""

from __future__ import annotations

import subprocess
import sys
import time

from django.conf import settings
from django.db import connection

from accounts.models import Organization
from chat.delivery.followers import reader

EVENTS = 1500  # of each organization
KILLS = 4
PATIENCE = 120.0  # seconds, on a machine with much else to do

WORKER = """
import sys, django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from accounts.tenancy import every_organization
from chat.delivery.followers import worker
from tests.chat.delivery.followers.conftest import Notebook
with every_organization():
    while True:
        worker.run(seconds=1, followers=[Notebook().declared(batch=4)])
"""
FILL = """
INSERT INTO chat_event (organization_id, type, entity_id, data, at)
SELECT %s, 'message.created', gen_random_uuid(), '{}', now() FROM generate_series(1, %s)
"""


def test_workers_that_are_killed_lose_and_repeat_nothing(notebook, acme: Organization, globex: Organization) -> None:
    reader.begin(notebook.declared())
    with connection.cursor() as cursor:
        for organization in (acme, globex):
            cursor.execute(FILL, [organization.pk, EVENTS])
    workers = [start() for _ in range(2)]
    try:
        for kill in range(KILLS):
            wait_for(notebook, EVENTS * 2 * kill // (KILLS + 1) + 1)
            victim = workers.pop(0)
            victim.kill()
            victim.wait()
            workers.append(start())
        wait_for(notebook, EVENTS * 2)
    finally:
        for each in workers:
            each.kill()
            each.wait()
    for organization in (acme, globex):
        ids = notebook.ids(organization.pk)
        assert ids == sorted(set(ids))
        assert len(ids) == EVENTS


def start() -> subprocess.Popen[bytes]:
    name = connection.settings_dict["NAME"]
    return subprocess.Popen([sys.executable, "-c", WORKER, str(name)], cwd=settings.BASE_DIR)


def wait_for(notebook, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(notebook.ids()) < count:
        assert time.monotonic() < deadline, f"{len(notebook.ids())} of {count}"
        time.sleep(0.05)

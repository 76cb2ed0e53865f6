"""Workers die without warning: every event is handled once, in order, and one that kills its worker is set aside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import every_organization
from chat.delivery.followers import failures, reader, worker
from chat.models import FollowerQueue, QueuedEvents, SetAsideEvent
from tests.chat.delivery.followers.conftest import work

EVENTS = 600  # of each organization
KILLS = 4
PATIENCE = 120.0  # seconds, on a machine with much else to do

# Forks a worker for each line of its input and prints its process id. To fork costs less than to load Django each time.
WORKERS = """
import os, signal, sys, django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from accounts.tenancy import every_organization
from chat.delivery.followers import worker
from tests.chat.delivery.followers.conftest import Notebook
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        with every_organization():
            while True:
                worker.run(seconds=1, followers=[Notebook().declared(batch=4)])
    print(child, flush=True)
"""
# Works in children until nothing is left; an event whose id is given kills the child at once, as the kernel would. Each
# pause is over at once. Prints how many children died.
MORTAL_WORKER = """
import os, signal, sys, django
from django.conf import settings
name, tries, poison, where = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
settings.DATABASES["default"]["NAME"] = name
django.setup()
settings.FOLLOWER_TRIES = tries
from accounts.tenancy import every_organization
from chat.delivery.followers import failures, worker
from tests.chat.delivery.followers.conftest import Notebook
failures.PAUSE = worker.START = worker.LEASE = 0.0
notebook = Notebook()
def die():
    os.kill(os.getpid(), signal.SIGKILL)
def handler(events):
    notebook(events)
    poisoned = poison in [event.id for event in events]
    if poisoned and where == "handler":
        die()
    return [die] if poisoned else []
def work():
    with every_organization():
        while worker.run(seconds=5, followers=[notebook.declared(handler=handler)]):
            pass
for died in range(50):
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if end != -signal.SIGKILL:
        print(died)
        sys.exit(end)
"""
FILL = """
INSERT INTO chat_event (organization_id, type, entity_id, data, at)
SELECT %s, 'message.created', gen_random_uuid(), '{}', now() FROM generate_series(1, %s)
"""


def test_workers_that_are_killed_lose_and_repeat_nothing(notebook, acme: Organization, globex: Organization) -> None:
    reader.begin(notebook.declared())
    fill(acme, EVENTS)
    fill(globex, EVENTS)
    with forking() as parent:
        workers = [start(parent) for _ in range(2)]
        try:
            for kill in range(KILLS):
                wait_for(notebook, EVENTS * 2 * kill // (KILLS + 1) + 1)
                os.kill(workers.pop(0), signal.SIGKILL)
                workers.append(start(parent))
            wait_for(notebook, EVENTS * 2)
        finally:
            for each in workers:
                os.kill(each, signal.SIGKILL)
    for organization in (acme, globex):
        ids = notebook.ids(organization.pk)
        assert ids == sorted(set(ids))
        assert len(ids) == EVENTS


@pytest.mark.parametrize("where", ["handler", "effect"])
def test_an_event_that_kills_its_worker_is_set_aside(where, notebook, acme: Organization, globex: Organization) -> None:
    declared = notebook.declared()
    reader.begin(declared)
    ids, others = fill(acme, 4), fill(globex, 2)
    died = let_die(poison=ids[1], where=where, tries=3)
    assert died == 1 + 3, "once as a batch, then as often as any event may fail"
    assert set(notebook.ids(acme.pk)) == set(ids if where == "effect" else [ids[0], *ids[2:]])
    assert notebook.ids(globex.pk) == others
    with every_organization():
        (row,) = SetAsideEvent.objects.all()
        assert not QueuedEvents.objects.exists()
        assert set(FollowerQueue.objects.values_list("held", "tries")) == {(None, 0)}
    assert (row.event_id, row.organization_id, row.tries) == (ids[1], acme.pk, 3)
    assert row.error == failures.UNFINISHED


def test_an_event_that_is_tried_again_and_kills_its_worker_is_tried_once(notebook, acme: Organization) -> None:
    reader.begin(notebook.declared())
    (id,) = fill(acme, 1)
    let_die(poison=id, where="handler", tries=1)
    with every_organization():
        SetAsideEvent.objects.update(retry_at=timezone.now(), error="")
    assert let_die(poison=id, where="handler", tries=1) == 1
    with every_organization():
        row = SetAsideEvent.objects.get()
        assert (row.tries, row.retry_at, row.error) == (2, None, failures.UNFINISHED)
        SetAsideEvent.objects.update(retry_at=timezone.now())
    assert let_die(poison=0, where="handler", tries=1) == 0
    assert notebook.ids() == [id]
    with every_organization():
        assert not SetAsideEvent.objects.exists()


def test_a_worker_that_died_once_costs_its_events_nothing(notebook, acme: Organization) -> None:
    """Somebody else killed it: its events are handled one by one, then in batches as before."""
    declared = notebook.declared()
    reader.begin(declared)
    ids = fill(acme, 8)
    with every_organization():
        while reader.read(declared):
            pass
        FollowerQueue.objects.update(held=uuid4())
        work(declared)
        assert FollowerQueue.objects.get().failed == 1
    assert notebook.ids() == ids
    assert [len(call) for call in notebook.calls] == [1, 1, 1, 3, 2]


def test_a_healthy_batch_costs_one_statement_and_one_commit_more(notebook, acme: Organization) -> None:
    declared = notebook.declared(batch=100, handler=lambda events: None)
    reader.begin(declared)
    for events in (1, 90):
        fill(acme, events)
        with every_organization():
            while reader.read(declared):
                pass
            with CaptureQueriesContext(connection) as made:
                assert worker.handle(declared) == events
        kinds = [query["sql"].split()[0] for query in made]
        assert kinds == ["WITH", "BEGIN", "SELECT", "SELECT", "SELECT", "DELETE", "UPDATE", "COMMIT"]


def fill(organization: Organization, count: int) -> list[int]:
    """Write so many events of the organization, and return their ids."""
    with connection.cursor() as cursor:
        cursor.execute(FILL + " RETURNING id", [organization.pk, count])
        return sorted(row[0] for row in cursor.fetchall())


def let_die(*, poison: int, where: str, tries: int) -> int:
    """Let workers handle what waits, each in a process of its own; how many of them were killed by the event."""
    name = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-c", MORTAL_WORKER, name, str(tries), str(poison), where]
    run = subprocess.run(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    return int(run.stdout)


@contextmanager
def forking() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", WORKERS, str(connection.settings_dict["NAME"])]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=settings.BASE_DIR, text=True, stdin=pipe, stdout=pipe) as parent:
        try:
            yield parent
        finally:
            parent.kill()


def start(parent: subprocess.Popen[str]) -> int:
    """Start a worker, and return its process id."""
    assert parent.stdin is not None
    assert parent.stdout is not None
    print(file=parent.stdin, flush=True)
    return int(parent.stdout.readline())


def wait_for(notebook, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(notebook.ids()) < count:
        assert time.monotonic() < deadline, f"{len(notebook.ids())} of {count}"
        time.sleep(0.05)

"""What the staff of the installation see of followers, and do with events that could not be handled."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.tenancy import every_organization
from chat.delivery.followers import failures
from chat.models import Event, SetAsideEvent
from tests.cast import make_user, sign_in
from tests.chat.delivery.followers.conftest import follower, notebook, room_of, say, work

__all__ = ["follower", "notebook"]


@pytest.fixture
def staff(transactional_db) -> Client:
    return sign_in(Client(), make_user("staff@parley.test", is_staff=True))


@pytest.fixture
def poisoned(alice, notebook, follower, monkeypatch, settings) -> SetAsideEvent:
    """An event of Alice's that was set aside."""
    monkeypatch.setattr(failures, "PAUSE", 0.0)
    settings.FOLLOWER_TRIES = 2
    (id,) = say(alice, room_of(alice), "a secret text")
    notebook.refused = {id}
    work()
    with every_organization():
        return SetAsideEvent.objects.get(event_id=id)


def test_the_overview_shows_how_each_follower_is_doing(staff, alice, poisoned, notebook, settings):
    page = staff.get("/admin/").content.decode()
    assert "Followers of the event log" in page
    assert "notebook" in page
    assert f'?follower=notebook">{1}</a>' in page
    settings.METRICS_TOKEN = "a token"
    figures = Client().get("/metrics", headers={"Authorization": "Bearer a token"}).content.decode()
    assert 'parley_follower_set_aside_events{follower="notebook"} 1.0' in figures
    assert 'parley_follower_lag_events{follower="notebook"} 0.0' in figures
    assert 'parley_follower_failures_total{follower="notebook"} 2.0' in figures
    notebook.refused = set()
    say(alice, room_of(alice, "other"), "b", "c")
    figures = Client().get("/metrics", headers={"Authorization": "Bearer a token"}).content.decode()
    (lag,) = [line for line in figures.splitlines() if line.startswith("parley_follower_lag_seconds{")]
    assert float(lag.split()[-1]) > 0


def test_an_event_is_tried_again(staff, poisoned, notebook):
    page = staff.get(change(poisoned)).content.decode()
    assert "ValueError at tests/" in page
    assert "secret" not in page
    act(staff, poisoned, "retry")
    work()
    with every_organization():
        row = SetAsideEvent.objects.get()
    assert (row.tries, row.retry_at) == (3, None), "it failed again"
    notebook.refused = set()
    act(staff, poisoned, "retry")
    work()
    assert notebook.ids() == [poisoned.event_id]
    with every_organization():
        assert not SetAsideEvent.objects.exists()
        entry = AuditEntry.objects.filter(action="event.retried").first()
    assert (entry.reason, entry.organization_id) == ("checked", poisoned.organization_id)


def test_an_event_that_was_purged_can_only_be_discarded(staff, poisoned):
    act(staff, poisoned, "retry")
    with every_organization():
        Event.objects.filter(pk=poisoned.event_id).delete()
    work()
    with every_organization():
        assert SetAsideEvent.objects.get().error == failures.PURGED
    act(staff, poisoned, "retry")
    with every_organization():
        assert SetAsideEvent.objects.get().retry_at is None
    act(staff, poisoned, "discard")
    with every_organization():
        assert not SetAsideEvent.objects.exists()
        assert AuditEntry.objects.filter(action="event.discarded").count() == 1


def test_an_event_of_a_follower_that_is_gone_is_not_tried_again(staff, poisoned):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chat_follower SELECT 'gone', cluster, since, until, position, last, floor, mark_xid,"
            " mark_id, restored, restored_at, created_at, seen_at FROM chat_follower"
        )
    with every_organization():
        SetAsideEvent.objects.update(follower_id="gone")
    act(staff, poisoned, "retry")
    with every_organization():
        assert SetAsideEvent.objects.get().retry_at is None


def test_nobody_else_sees_or_does_any_of_it(poisoned, alice, charlie, mona, client_of):
    for member in (alice, charlie, mona):
        client = client_of(member)
        assert client.get(reverse("admin:chat_setasideevent_changelist")).status_code == 403
        assert client.post(address(poisoned, "discard"), {"reason": "x"}).status_code in {302, 403, 404}
        assert "Followers of the event log" not in client.get("/admin/").content.decode()
    with every_organization():
        assert SetAsideEvent.objects.get().retry_at is None


def change(row: SetAsideEvent) -> str:
    return reverse("admin:chat_setasideevent_change", args=[row.pk])


def address(row: SetAsideEvent, name: str) -> str:
    return reverse("admin:chat_setasideevent_act", args=[row.pk, name])


def act(staff: Client, row: SetAsideEvent, name: str) -> None:
    assert staff.post(address(row, name), {"reason": "checked"}).status_code == 302

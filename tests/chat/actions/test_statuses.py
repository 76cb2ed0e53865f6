"""The statuses whose time is over are cleared with few queries."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Member
from accounts.tenancy import every_organization
from chat.actions import statuses
from chat.actions.statuses import clear_expired_statuses, set_status
from chat.models.statuses import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def later(alice: Member, bob: Member, charlie: Member) -> timedelta:
    """The time after which the statuses of Alice, Bob and Charlie (of another organization) are over."""
    with every_organization():
        for member in (alice, bob, charlie):
            set_status(member, text="Lunch", until=timezone.now() + timedelta(minutes=30))
    return timedelta(hours=1)


def clear(*, after: timedelta) -> tuple[int, int]:
    """Return how many statuses a run of the task clears, and how many queries look for them."""
    now = timezone.now() + after
    with (
        every_organization(),
        mock.patch.object(timezone, "now", return_value=now),
        CaptureQueriesContext(connection) as captured,
    ):
        cleared = clear_expired_statuses()
    looks = [query for query in captured if query["sql"].startswith("SELECT") and Status._meta.db_table in query["sql"]]
    return cleared, len(looks)


def test_one_query_finds_that_nothing_is_over(later: timedelta) -> None:
    assert clear(after=timedelta()) == (0, 1)


def test_a_run_looks_once_for_each_status_and_once_in_vain(later: timedelta) -> None:
    assert clear(after=later) == (3, 4)
    assert clear(after=later) == (0, 1)
    with every_organization():
        assert set(Status.objects.values_list("text", "until")) == {("", None)}


def test_a_run_clears_no_more_than_its_bound(later: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statuses, "AT_ONCE", 2)
    assert clear(after=later) == (2, 2)
    assert clear(after=later) == (1, 2)

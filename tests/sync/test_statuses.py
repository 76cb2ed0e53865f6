"""A member's status reaches everybody who may know them."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from accounts.models import Member
from accounts.tenancy import every_organization
from chat.actions.statuses import clear_expired_statuses, clear_status, set_status
from chat.models import Conversation
from tests.sync.conftest import Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)

EVERYBODY = ("alice", "alice again", "bob", "gus", "dora")
WITHOUT_GUS = ("alice", "alice again", "bob", "dora")
UPDATED = ["status.updated"]


@proves(set_status, events=("status.updated",))
def test_status_of_a_member_whom_the_guest_meets(verify: Verify, bob: Member, town: Conversation) -> None:
    until = timezone.now() + timedelta(hours=1)
    assert verify(lambda: set_status(bob, text="Lunch", emoji="🍜", until=until)) == alike(EVERYBODY, UPDATED)


@proves(set_status, events=("status.updated",))
def test_status_of_a_member_whom_the_guest_does_not_meet(verify: Verify, dora: Member, town: Conversation) -> None:
    assert verify(lambda: set_status(dora, text="Lunch")) == alike(WITHOUT_GUS, UPDATED)


@proves(clear_status, events=("status.updated",))
def test_clearing(verify: Verify, bob: Member, town: Conversation) -> None:
    with every_organization():
        set_status(bob, text="Lunch")
    assert verify(lambda: clear_status(bob)) == alike(EVERYBODY, UPDATED)


@proves(clear_expired_statuses, events=("status.updated",))
def test_expiry(verify: Verify, bob: Member, dora: Member, town: Conversation) -> None:
    """It clears what is over, of every organization, and nothing else."""
    now = timezone.now()
    with every_organization():
        set_status(bob, text="Lunch", until=now + timedelta(hours=1))
        set_status(dora, text="Holiday", until=now + timedelta(days=1))

    def expire() -> None:
        with mock.patch.object(timezone, "now", return_value=now + timedelta(hours=2)):
            assert clear_expired_statuses() == 1

    assert verify(expire) == alike(EVERYBODY, UPDATED)

"""That a member follows a thread by their own choice reaches their own clients alone."""

from __future__ import annotations

import pytest

from accounts.models import Member
from chat.actions.subscriptions import subscribe
from chat.models import Conversation
from tests.cast import scope_of
from tests.sync.conftest import Say, Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)

OWN = ("alice", "alice again")
UPDATED = ["subscription.updated"]


@proves(subscribe, events=("subscription.updated",))
def test_following_a_thread(verify: Verify, say: Say, alice: Member, bob: Member, town: Conversation) -> None:
    head = say(bob, town).id
    assert verify(lambda: subscribe(alice, head, follows=True)) == alike(OWN, UPDATED)


@proves(subscribe, events=("subscription.updated",))
def test_following_it_no_more(verify: Verify, say: Say, alice: Member, town: Conversation) -> None:
    head = say(alice, town).id
    with scope_of(alice):
        subscribe(alice, head, follows=True)
    assert verify(lambda: subscribe(alice, head, follows=False)) == alike(OWN, UPDATED)

from __future__ import annotations

import pytest

from accounts.models import Member
from chat.actions.read import mark_read
from chat.models import Conversation
from tests.sync.conftest import Say, Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)


@proves(mark_read, events=("participant.updated",))
def test_read(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    for _ in range(3):
        say(bob, town)

    def read_back_and_forth() -> None:
        for seq in (1, 3, 2):
            mark_read(alice, town.pk, seq=seq)

    assert verify(read_back_and_forth) == alike(("alice", "alice again"), ["participant.updated"] * 2)

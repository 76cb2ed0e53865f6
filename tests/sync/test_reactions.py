from __future__ import annotations

import pytest

from accounts.models import Member
from chat.actions.reactions import add_reaction, remove_reaction
from chat.models import Conversation
from tests.cast import scope_of
from tests.sync.conftest import Say, Verify, alike, proves
from tests.sync.test_messages import THOSE_THERE

pytestmark = pytest.mark.django_db(transaction=True)


@proves(add_reaction, events=("message.updated",))
def test_react(verify: Verify, alice: Member, gus: Member, town: Conversation, say: Say) -> None:
    message = say(alice, town)

    def react() -> None:
        add_reaction(gus, message.id, emoji="👍")
        add_reaction(alice, message.id, emoji="👍")

    assert verify(react) == alike(THOSE_THERE, ["message.updated"] * 2)


@proves(remove_reaction, events=("message.updated",))
def test_take_back(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    message = say(alice, town)
    with scope_of(bob):
        add_reaction(bob, message.id, emoji="🎉")
    received = verify(lambda: remove_reaction(bob, message.id, emoji="🎉"))
    assert received == alike(THOSE_THERE, ["message.updated"])

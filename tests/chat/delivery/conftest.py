"""What tests of delivery share: a channel with people in it, and their clients."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Member
from chat.actions.clients import register_client
from chat.models import Client, Conversation, Kind, Participant
from tests.cast import scope_of

MakeClient = Callable[[Member], Client]


@pytest.fixture
def make_client() -> MakeClient:
    def make(member: Member) -> Client:
        with scope_of(member):
            return register_client(member, platform="bot", credential="test")

    return make


@pytest.fixture
def channel(alice: Member, bob: Member) -> Conversation:
    """A channel whose only participants are Alice and Bob."""
    return make_channel("general", alice, bob)


def make_channel(name: str, *people: Member) -> Conversation:
    organization = people[0].organization
    with scope_of(people[0]):
        conversation = Conversation.objects.create(organization=organization, kind=Kind.PRIVATE, name=name)
        for person in people:
            Participant.objects.create(organization=organization, conversation=conversation, member=person)
    return conversation

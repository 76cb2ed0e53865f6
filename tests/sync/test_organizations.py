from __future__ import annotations

import pytest

from accounts.actions import change_organization, create_organization
from accounts.models import Member
from chat.actions.members import open_welcome_channels, publish_organization
from chat.models import Conversation
from tests.sync.conftest import Verify, alike, proves
from tests.sync.test_members import EVERYBODY

pytestmark = pytest.mark.django_db(transaction=True)


@proves(change_organization, publish_organization, events=("organization.updated",))
def test_change(verify: Verify, alice: Member, town: Conversation) -> None:
    received = verify(lambda: change_organization(alice, name="Acme & Sons", description="Anvils", edit_window=60))
    assert received == alike(EVERYBODY, ["organization.updated"])


@proves(
    create_organization,
    open_welcome_channels,
    events=("member.created", "conversation.created", "participant.created"),
)
def test_another_organization_is_nobodys_business(verify: Verify, bob: Member, town: Conversation) -> None:
    assert verify(lambda: create_organization(bob.user, name="Initech")) == {}

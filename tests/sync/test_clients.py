from __future__ import annotations

import pytest

from accounts.models import Member
from chat.actions.clients import close_client, forget_clients, list_clients, register_client, sign_out_client
from chat.actions.messages import send_message
from chat.models import Conversation
from tests.sync.conftest import Say, Verify, proves

pytestmark = pytest.mark.django_db(transaction=True)


@proves(register_client, list_clients, close_client, forget_clients)
def test_comings_and_goings_of_clients_are_nobodys_business(verify: Verify, alice: Member, bob: Member) -> None:
    def come_and_go() -> None:
        client = register_client(alice, platform="web", credential="test")
        assert client.public_id in {each.public_id for each in list_clients(alice)}
        close_client(alice, client.public_id)

    assert verify(come_and_go) == {}


@proves(sign_out_client)
def test_signing_a_device_out_is_nobodys_business(verify: Verify, bob: Member) -> None:
    def sign_out() -> None:
        sign_out_client(bob, register_client(bob, platform="web", credential="token:lost").public_id)

    assert verify(sign_out) == {}


@proves(register_client, send_message, events=("message.created",))
def test_the_tags_of_the_others_stay_dense(verify: Verify, alice: Member, town: Conversation, say: Say) -> None:
    def among_messages() -> None:
        say(alice, town, "one")
        client = register_client(alice, platform="web", credential="test")
        say(alice, town, "two")
        close_client(alice, client.public_id)
        say(alice, town, "three")

    assert verify(among_messages)["bob"] == ["message.created"] * 3

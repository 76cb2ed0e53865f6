"""What mailboxes in Valkey alone have to care for: events that are committed and not yet handed over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis.exceptions import RedisError

from accounts.models import Member
from chat.delivery.mailbox import mailbox, valkey
from chat.models import Client, Conversation, Event
from tests.cast import scope_of
from tests.chat.delivery.conftest import MakeClient, make_channel
from tests.chat.delivery.mailbox.test_contract import post, waiting

pytestmark = pytest.mark.django_db(transaction=True)

Forsake = Callable[[], None]


@pytest.fixture
def forsake(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Forsake:
    """The process that commits next dies before it hands over."""
    settings.MAILBOX_BACKEND = "valkey"

    def once() -> None:
        def fail(groups: object) -> None:
            monkeypatch.undo()
            settings.MAILBOX_BACKEND = "valkey"
            raise RedisError

        monkeypatch.setattr(valkey, "_append", fail)

    return once


def test_what_was_left_behind_goes_before_what_comes_next_in_its_conversation(
    forsake: Forsake, channel: Conversation, alice: Member, bob: Member, charlie: Member, make_client: MakeClient
) -> None:
    his, stranger = make_client(bob), make_client(charlie)
    other = make_channel("other", alice, bob)
    forsake()
    (left,) = post(channel, alice)
    (elsewhere,) = post(other, alice)
    (following,) = post(channel, alice)
    assert [event for _, event in waiting(his)] == [elsewhere, left, following]
    assert waiting(stranger) == []
    expect_settled(alice)


def test_a_long_absence_is_made_up_for_by_the_nodes_in_order(
    forsake: Forsake, channel: Conversation, alice: Member, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers: Client = make_client(alice)
    forsake()
    left = post(channel, alice, valkey.ALONG + 1)
    left += post(channel, alice)
    assert waiting(hers) == []
    monkeypatch.setattr(valkey, "LATE", 0)
    assert mailbox().catch_up() == len(left)
    assert [event for _, event in waiting(hers)] == left
    expect_settled(alice)


def expect_settled(member: Member) -> None:
    with scope_of(member):
        assert not Event.objects.filter(pending=True).exists()

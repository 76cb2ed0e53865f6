from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from chat.actions.conversations import create_channel
from chat.models import Conversation
from tests.cast import make_user, scope_of, sign_in
from tests.chat.admin.test_reports import act, fresh

LIST = "/admin/chat/conversation/"


@pytest.fixture
def channel(alice, bob) -> Conversation:
    with scope_of(alice):
        return create_channel(alice, kind="public", name="town", members=[bob.pk])


@pytest.fixture
def private(alice, bob) -> Conversation:
    with scope_of(alice):
        return create_channel(alice, kind="private", name="cellar", members=[bob.pk])


@pytest.mark.parametrize(
    ("name", "values", "field", "value"),
    [
        ("announce", {}, "announcement_only", True),
        ("slow", {"seconds": "30"}, "slow_mode", 30),
        ("retention", {"days": "90"}, "retention_days", 90),
    ],
)
def test_rules_are_set(client_of, mona, alice, channel, name, values, field, value):
    act(client_of(alice), channel, name, **values)
    assert getattr(fresh(channel), field) == value
    with scope_of(alice):
        entry = AuditEntry.objects.filter(target_id=str(channel.pk)).order_by("-pk").first()
    assert entry.reason == "because"


def test_a_channel_is_locked_archived_and_opened_again(client_of, mona, channel):
    browser = client_of(mona)
    act(browser, channel, "lock")
    assert fresh(channel).locked_at is not None
    act(browser, channel, "unlock")
    act(browser, channel, "archive")
    assert (fresh(channel).locked_at, fresh(channel).archived_at is not None) == (None, True)
    act(browser, channel, "unarchive")
    assert fresh(channel).archived_at is None


@pytest.mark.parametrize("seconds", ["-1", "86401", "soon", ""])
def test_nonsense_is_refused(client_of, mona, channel, seconds):
    act(client_of(mona), channel, "slow", seconds=seconds)
    assert fresh(channel).slow_mode == 0


def test_a_moderator_does_not_see_private_channels_of_others(client_of, mona, alice, channel, private):
    text = client_of(mona).get(LIST).content.decode()
    assert "town" in text
    assert "cellar" not in text
    assert client_of(mona).get(reverse("admin:chat_conversation_change", args=[private.pk])).status_code == 302
    assert "cellar" in client_of(alice).get(LIST).content.decode()


def test_staff_see_that_a_private_channel_exists_and_not_its_name(channel, private):
    staff = sign_in(Client(), make_user("staff@parley.test", is_staff=True))
    text = staff.get(LIST).content.decode()
    assert "town" in text
    assert str(private.pk) in text
    assert "cellar" not in text
    assert "cellar" not in staff.get(reverse("admin:chat_conversation_change", args=[private.pk])).content.decode()
    assert str(private.pk) in staff.get(LIST, {"q": "nothing-is-called-so"}).content.decode()  # no search by name


def test_charlie_locks_nothing_of_acmes(client_of, charlie, channel):
    path = reverse("admin:chat_conversation_act", args=[channel.pk, "lock"])
    assert client_of(charlie).post(path, {"reason": "x"}).status_code == 404
    assert fresh(channel).locked_at is None

from __future__ import annotations

from unittest.mock import patch

import pytest
import redis
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from django.utils.translation.trans_real import translation

from accounts.credentials import session_credential, token_credential
from accounts.models import ApiToken, AuditEntry
from accounts.tokens import issue_token
from chat.actions.clients import register_client
from chat.delivery import store
from chat.delivery.mailbox import mailbox
from chat.models import Client as Device
from tests.cast import make_user, scope_of, sign_in
from tests.chat.admin.test_dashboard import waiting  # noqa: F401  # a fixture
from tests.chat.admin.test_reports import act


def page(device: Device) -> str:
    return reverse("admin:chat_client_change", args=[device.pk])


def there(device: Device) -> bool:
    with scope_of(device):
        return Device.objects.filter(pk=device.pk).exists()


def test_a_members_clients_say_how_far_they_are(client_of, adam, bob, waiting):  # noqa: F811
    text = client_of(adam).get("/admin/chat/client/", {"member__id__exact": bob.pk}).content.decode()
    for number in (12, 7, 0):
        assert f'<span class="desk-number">{number}</span>' in text
    assert all(page(device) in text for device in waiting)


def test_a_forced_resync_empties_the_mailbox(client_of, adam, waiting):  # noqa: F811
    (older, newer) = waiting
    assert mailbox().depth([older.pk, newer.pk]) == {older.pk: 12, newer.pk: 7}
    act(client_of(adam), older, "resync")
    assert mailbox().depth([older.pk, newer.pk]) == {newer.pk: 7}
    with scope_of(adam):
        entry = AuditEntry.objects.get(action="client.resynced")
    assert (entry.actor_id, entry.reason) == (adam.pk, "because")


def test_signing_out_ends_the_session_it_came_with(client_of, adam, bob):
    browser, other = client_of(bob), client_of(bob)
    with scope_of(bob):
        device = register_client(bob, platform="web", credential=session_credential(browser.session.session_key))
    act(client_of(adam), device, "sign-out")
    assert not there(device)
    assert browser.get("/o/acme/").status_code == 302
    assert other.get("/o/acme/").status_code == 200
    assert UserSession.objects.filter(user=bob.user).count() == 1


def test_signing_out_revokes_the_token_it_came_with(client_of, adam, bob):
    token, _ = issue_token(bob.user, label="phone")
    kept, _ = issue_token(bob.user, label="tablet")
    with scope_of(bob):
        device = register_client(bob, platform="ios", credential=token_credential(token))
    act(client_of(adam), device, "sign-out")
    assert not there(device)
    assert list(ApiToken.objects.filter(user=bob.user)) == [kept]


@pytest.mark.parametrize("name", ["resync", "sign-out"])
def test_nobody_acts_on_a_client_of_a_higher_role_or_without_a_reason(client_of, adam, alice, bob, name):
    with scope_of(alice):
        devices = {who.handle: register_client(who, platform="bot", credential="session:none") for who in (alice, bob)}
    path = {handle: reverse("admin:chat_client_act", args=[device.pk, name]) for handle, device in devices.items()}
    client_of(adam).post(path["alice"], {"reason": "because"})
    client_of(adam).post(path["bob"], {"reason": "\u200b"})
    assert all(there(device) for device in devices.values())
    with scope_of(alice):
        assert not AuditEntry.objects.filter(action__startswith="client.").exists()


def test_staff_of_the_installation_may_too(waiting):  # noqa: F811
    user = make_user("staff@parley.test", is_staff=True)
    act(sign_in(Client(), user), waiting[0], "sign-out")
    assert not there(waiting[0])
    with scope_of(waiting[0]):
        entry = AuditEntry.objects.get(action="client.signed_out")
    assert (entry.user_id, entry.actor_id) == (user.pk, None)


@pytest.mark.parametrize("name", ["resync", "sign-out"])
def test_neither_moderators_nor_charlie_touch_them(client_of, mona, charlie, waiting, name):  # noqa: F811
    path = reverse("admin:chat_client_act", args=[waiting[0].pk, name])
    for member in (mona, charlie):
        assert client_of(member).post(path, {"reason": "x"}).status_code == 404
        assert client_of(member).get(page(waiting[0])).status_code in {302, 403}
    assert there(waiting[0])
    assert mailbox().depth([waiting[0].pk]) == {waiting[0].pk: 12}


def test_where_valkey_holds_the_mailboxes_and_is_away_the_desk_says_so(client_of, adam, bob, waiting, settings):  # noqa: F811
    settings.MAILBOX_BACKEND = "valkey"
    gone = redis.Redis(port=1, socket_timeout=1)  # nobody listens there
    with patch.object(store, "threads", return_value=gone):
        clients = client_of(adam)
        listed = clients.get("/admin/chat/client/", {"member__id__exact": bob.pk})
        opened = clients.get(page(waiting[0]))
    for answer in (listed, opened):
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "Valkey does not respond" in text
        assert "unknown" in text
        assert '<span class="desk-number">0</span>' not in text


def test_the_desk_speaks_the_readers_language(client_of, adam, waiting):  # noqa: F811
    words = {"Force a resync": "Neu abgleichen", "waiting": "wartend"}
    catalogue = translation("en")
    with patch.object(catalogue, "gettext", lambda text: words.get(text, text)):
        text = client_of(adam).get(page(waiting[0])).content.decode()
    assert "Neu abgleichen" in text
    assert "artend" in text
    assert "Force a resync" not in text

"""What is mailed: how much of it, with whose words, and what a server says that cannot mail."""

from __future__ import annotations

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import mail_limits
from accounts.actions import invite_member
from accounts.errors import Throttled
from accounts.mail import name_in_mail
from accounts.models import Invitation
from tests.cast import PASSWORD, make_member, scope_of

STRANGER = "stranger@else.test"


@pytest.fixture
def noon():
    with time_machine.travel(timezone.now().replace(hour=12, minute=0), tick=False):
        yield


@pytest.mark.usefixtures("noon")
def test_a_stranger_gets_few_invitations_from_all_senders_together(alice, charlie):
    most = mail_limits.INVITATIONS_TO_AN_ADDRESS[0]
    for number in range(most):
        member = (alice, charlie)[number % 2]
        with scope_of(member):
            invite_member(member, email=f"Stranger+{number}@else.test")
    for member in (alice, charlie):
        with scope_of(member), pytest.raises(Throttled) as refused:
            invite_member(member, email=STRANGER)
        assert 0 < refused.value.retry_after <= mail_limits.DAY
    with scope_of(alice):
        assert invite_member(alice, email="another@else.test")
        assert invite_member(alice)  # a link is no mail


@pytest.mark.usefixtures("noon")
def test_a_member_and_an_organization_have_a_pace(acme, alice, monkeypatch):
    monkeypatch.setattr(mail_limits, "INVITATIONS_OF_A_MEMBER", (3, mail_limits.HOUR))
    monkeypatch.setattr(mail_limits, "INVITATIONS_OF_AN_ORGANIZATION", (5, mail_limits.DAY))
    adam = make_member(acme, "Adam Two", role="admin")
    sent = 0
    for member in (alice, adam):
        with scope_of(member):
            for number in range(4):
                try:
                    invite_member(member, email=f"{member.handle}{number}@else.test")
                except Throttled:
                    continue
                sent += 1
    assert sent == 5
    with scope_of(alice):
        assert Invitation.objects.count() == 5


def test_the_page_says_that_it_is_too_often(alice, client_of, monkeypatch):
    monkeypatch.setattr(mail_limits, "INVITATIONS_OF_A_MEMBER", (0, mail_limits.HOUR))
    page = client_of(alice).post("/o/acme/manage/invitations", {"email": STRANGER, "role": "member"})
    assert "Too many emails were sent" in page.content.decode()


@pytest.mark.usefixtures("eager_tasks")
def test_resets_and_confirmations_are_bounded_together(bob, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(mail_limits, "MAILS_TO_AN_ADDRESS", (2, mail_limits.DAY))
    for number in range(4):
        with django_capture_on_commit_callbacks(execute=True):
            page = Client(REMOTE_ADDR=f"198.51.100.{number}").post(
                "/accounts/password/reset/", {"email": bob.user.email}
            )
        assert page.status_code == 302
    assert len(mail.outbox) == 2


@pytest.mark.usefixtures("eager_tasks")
@pytest.mark.parametrize("email", ["nobody@acme.test", "bob+x@acme.test", "owner@acme.example"])
def test_a_stranger_gets_no_mail_for_a_reset(bob, email, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        page = Client().post("/accounts/password/reset/", {"email": email})
    assert (page.status_code, mail.outbox) == (302, [])


@pytest.mark.parametrize(
    "name", ["Adam", "Acme Ltd", "Ärzte & Söhne", "山田太郎", "O'Neill-Smith", "J. R. Hartley", "St. John"]
)
def test_a_name_stands_in_a_mail(name):
    assert name_in_mail(name, "Somebody") == name


@pytest.mark.parametrize(
    "name",
    [
        *("Cheap pills at evil.example", "www evil", "https://evil.example/x", "evil．example", "call 0800 123 456"),
        *(
            "me@evil.example",
            "Win €1000",
            "💰 money",
            "NOW!!! buy",
            "x" * 41,
            "\u202egnp",
            "a\u200bb",
            "#1 shop",
            "evil。com",
        ),
        *("ｗｗｗ.evil.example", "", " "),
    ],
)
def test_an_advertisement_does_not(name):
    assert name_in_mail(name, "Somebody") == "Somebody"


@pytest.mark.usefixtures("eager_tasks")
def test_no_mail_carries_the_text_of_who_sends_it(alice, acme, django_capture_on_commit_callbacks):
    acme.name, alice.name = "Visit evil.example today", "WIN https://evil.example"
    acme.save()
    alice.organization.name = acme.name
    with scope_of(alice), django_capture_on_commit_callbacks(execute=True):
        invite_member(alice, email=STRANGER)
    (message,) = mail.outbox
    assert message.subject == "Somebody invites you to an organization on Parley"
    assert "evil" not in message.subject + message.body


# --- Without a mail server ------------------------------------------------------------------------------


def test_an_invitation_shows_its_link_at_once(alice, client_of, settings):
    settings.MAIL_SERVER = False
    page = client_of(alice).post("/o/acme/manage/invitations", {"email": STRANGER, "role": "member"})
    text = page.content.decode()
    assert "This server cannot send email, so nothing was sent." in text
    assert page.context["link"] in text
    assert 'data-copy="invitation-link"' in text
    assert "We have sent" not in text
    with scope_of(alice):
        assert not Invitation.objects.get().proves_address


@pytest.mark.parametrize("mail_server", [True, False])
@pytest.mark.parametrize(
    "path", ["/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/confirm-email/"]
)
def test_a_page_claims_a_mail_only_where_one_is_sent(db, settings, mail_server, path):
    settings.MAIL_SERVER = mail_server
    text = Client().get(path).content.decode()
    assert ("no email" in text or "cannot send email" in text) is not mail_server
    assert ("We have sent" in text or "We send you a link" in text or "we have sent a link" in text) is mail_server


def test_a_confirmation_says_where_its_email_is(bob, client_of, settings):
    settings.MAIL_SERVER = False
    browser = client_of(bob)
    EmailAddress.objects.create(user=bob.user, email="bob@home.test")
    page = browser.post("/accounts/email/", {"email": "bob@home.test", "action_send": ""}, follow=True)
    assert "This server sends no email. The email to bob@home.test was saved as a file" in page.content.decode()


def test_the_list_of_members_says_whose_address_nobody_confirmed(alice, bob, charlie, client_of):
    assert "not confirmed" not in client_of(alice).get("/o/acme/manage/members").content.decode()
    EmailAddress.objects.filter(user=bob.user).update(verified=False)
    assert client_of(alice).get("/o/acme/manage/members").content.decode().count("Address not confirmed") == 1
    assert "not confirmed" not in client_of(charlie).get("/o/globex/manage/members").content.decode()


# --- Mail to the owner ----------------------------------------------------------------------------------


@pytest.fixture
def at_hand(bob, client_of) -> Client:
    """Bob's browser, in which he entered his password a moment ago."""
    browser = client_of(bob)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


CHANGES = {
    "An address was added to your account": ("/accounts/email/", {"email": "bob@home.test", "action_add": ""}),
    "A new API token was created": ("/accounts/tokens", {"label": "x"}),
    "An address was removed from your account": ("/accounts/email/", {"email": "old@home.test", "action_remove": ""}),
    "Your main address on Parley was changed": ("/accounts/email/", {"email": "main@home.test", "action_primary": ""}),
    "Your password was changed": (
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "a better battery", "password2": "a better battery"},
    ),
}


@pytest.mark.usefixtures("eager_tasks")
@pytest.mark.parametrize("subject", CHANGES)
def test_the_owner_learns_of_each_change(bob, at_hand, subject, django_capture_on_commit_callbacks):
    EmailAddress.objects.create(user=bob.user, email="old@home.test", verified=True)
    EmailAddress.objects.create(user=bob.user, email="main@home.test", verified=True)
    path, form = CHANGES[subject]
    agent = "Mozilla/5.0 (X11; Linux) Firefox/140.0 \x1b]8;;https://evil.example"
    with django_capture_on_commit_callbacks(execute=True):
        at_hand.post(path, form, headers={"user-agent": agent})
    messages = [message for message in mail.outbox if message.subject == subject]
    assert [message.to for message in messages] == [[bob.user.email]]
    assert "Firefox on Linux" in messages[0].body
    assert "evil" not in messages[0].body


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/accounts/email/", {"email": "bob@home.test", "action_add": ""}),
        ("/accounts/email/", {"email": "old@home.test", "action_remove": ""}),
        ("/accounts/email/", {"email": "old@home.test", "action_primary": ""}),
        ("/accounts/tokens", {"label": "x"}),
        ("/accounts/2fa/totp/activate/", {"code": "000000"}),
        ("/accounts/2fa/recovery-codes/generate/", {}),
    ],
)
def test_a_browser_left_open_is_not_enough(bob, client_of, path, form):
    EmailAddress.objects.create(user=bob.user, email="old@home.test", verified=True)
    before = list(EmailAddress.objects.values_list("email", "primary"))
    answer = client_of(bob).post(path, form)
    assert answer.status_code in {302, 404}
    assert answer.status_code == 404 or answer.headers["Location"].startswith(
        ("/accounts/reauthenticate/", "/accounts/2fa/")
    )
    assert list(EmailAddress.objects.values_list("email", "primary")) == before
    assert not bob.user.api_tokens.exists()


@pytest.mark.usefixtures("eager_tasks")
def test_an_unconfirmed_address_gets_no_mail_about_changes(bob, at_hand, django_capture_on_commit_callbacks):
    EmailAddress.objects.filter(user=bob.user).update(verified=False)
    with django_capture_on_commit_callbacks(execute=True):
        at_hand.post("/accounts/tokens", {"label": "x"})
    assert bob.user.api_tokens.exists()
    assert mail.outbox == []

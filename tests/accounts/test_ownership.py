"""Whose an account is: who makes one with somebody else's address gets nothing of what that person does later.

Mallory makes accounts with addresses of others, Vera reads the mail of vera@bank.test.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.test import Client, RequestFactory

from accounts.actions import accept_invitation, invite_member, prove_address, renew_link
from accounts.actions.email_addresses import LOST_ADDRESS, accounts_of, is_proven
from accounts.errors import Forbidden
from accounts.models import Invitation, User
from accounts.sign_in.adapters import SocialAccountAdapter
from accounts.tenancy import member_of
from accounts.tokens import find_token, issue_token
from tests.cast import PASSWORD, make_user, scope_of, sign_in

VERA = "vera@bank.test"
MALLORY = "mallory@evil.test"
HERS = "a better battery staple"

pytestmark = pytest.mark.usefixtures("eager_tasks")


def sign_up(email: str, *, slug: str = "", password: str = PASSWORD) -> Client:
    browser = Client()
    form = {"name": "M", "email": email, "password1": password, "organization": "Org", "slug": slug}
    browser.post("/accounts/signup/", form)
    return browser


@pytest.fixture
def squatter(db, django_capture_on_commit_callbacks) -> Client:
    """The browser in which Mallory signed up as Vera; it is signed in."""
    with django_capture_on_commit_callbacks(execute=True):
        browser = sign_up(VERA)
    assert "_auth_user_id" in browser.session
    return browser


@pytest.fixture
def mailed(django_capture_on_commit_callbacks) -> Callable[..., str]:
    """`mailed(VERA, "/join/", act)` does `act` and returns the path of the link that was mailed to Vera."""

    def run(to: str, part: str, act: Callable[[], object]) -> str:
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            act()
        (message,) = [message for message in mail.outbox if message.to == [to]]
        found = re.search(r"https?://[^/\s]+(\S*" + part + r"\S*)", message.body)
        assert found is not None, message.body
        return found[1]

    return run


@pytest.fixture
def reset(mailed) -> Callable[..., Client]:
    """Vera chooses a password by the link that was mailed to her."""

    def run(email: str = VERA, password: str = HERS) -> Client:
        path = mailed(email, "/reset/key/", lambda: Client().post("/accounts/password/reset/", {"email": email}))
        browser = Client()
        form = browser.get(path, follow=True).redirect_chain[-1][0]
        browser.post(form, {"password1": password, "password2": password})
        return browser

    return run


def signs_in(email: str, password: str) -> bool:
    browser = Client()
    browser.post("/accounts/login/", {"login": email, "password": password})
    return "_auth_user_id" in browser.session


def leftovers(user: User) -> list[str]:
    """Everything by which somebody could get into the account but its password."""
    found: list[str] = []
    found += EmailAddress.objects.filter(user=user).exclude(email=VERA).values_list("email", flat=True)
    found += Authenticator.objects.filter(user=user).values_list("type", flat=True)
    found += SocialAccount.objects.filter(user=user).values_list("uid", flat=True)
    return found


def dig_in(user: User) -> str:
    """What somebody with the password can prepare for later, also where the pages do not let them any more."""
    EmailAddress.objects.create(user=user, email=MALLORY, verified=False)
    TOTP.activate(user, generate_totp_secret())
    SocialAccount.objects.create(user=user, provider="sso", uid="mallory")
    return issue_token(user, label="backdoor")[1]


# --- Mallory first --------------------------------------------------------------------------------------


def test_after_a_reset_nobody_else_gets_in(squatter, reset):
    user = User.objects.get(email=VERA)
    secret = dig_in(user)
    reset()
    assert leftovers(user) == []
    assert find_token(secret) is None
    assert squatter.get("/api/v1/me").status_code == 401
    assert EmailAddress.objects.get(user=user).verified
    assert signs_in(VERA, HERS)
    assert not signs_in(VERA, PASSWORD)
    assert not signs_in(MALLORY, HERS)


def test_who_confirms_elsewhere_gets_the_account_alone(squatter):
    user = User.objects.get(email=VERA)
    path = confirmation_of(user)
    secret = dig_in(user)
    vera = Client()
    assert "Choose a new password" in vera.get(path).content.decode()
    answer = vera.post(path)
    assert answer.headers["Location"].endswith("-set-password/")
    assert is_proven(user)
    assert leftovers(user) == []
    assert find_token(secret) is None
    assert squatter.get("/api/v1/me").status_code == 401
    assert not signs_in(VERA, PASSWORD)
    vera.post(answer.headers["Location"], {"password1": HERS, "password2": HERS})
    assert signs_in(VERA, HERS)


def test_who_confirms_where_they_signed_up_stays_in_and_others_do_not(squatter):
    user = User.objects.get(email=VERA)
    elsewhere = sign_in(Client(), user)
    path = confirmation_of(user)
    assert "Confirm address" in squatter.get(path).content.decode()
    squatter.post(path)
    assert is_proven(user)
    assert squatter.get("/api/v1/me").status_code == 200
    assert elsewhere.get("/api/v1/me").status_code == 401
    assert signs_in(VERA, PASSWORD)


def test_who_confirms_elsewhere_and_knows_the_password_keeps_it(squatter):
    user = User.objects.get(email=VERA)
    path, phone = confirmation_of(user), Client()
    wrong = phone.post(path, {"password": "not it at all"})
    assert (wrong.status_code, is_proven(user)) == (422, False)
    assert "wrong" in wrong.content.decode()
    phone.post(path, {"password": PASSWORD})
    assert is_proven(user)
    assert signs_in(VERA, PASSWORD)


def test_passwords_cannot_be_tried_by_a_confirmation(squatter):
    path = confirmation_of(User.objects.get(email=VERA))
    answers = [Client().post(path, {"password": f"wrong {number}"}).content.decode() for number in range(6)]
    assert "Too many wrong attempts" in answers[-1]


def test_an_invitation_by_mail_makes_the_invited_the_owner(squatter, alice, mailed):
    user = User.objects.get(email=VERA)
    secret = dig_in(user)

    def invite() -> None:
        with scope_of(alice):
            invite_member(alice, email=VERA)

    path = mailed(VERA, "/join/", invite)
    vera = Client()
    answer = vera.post(path, {"name": "Vera", "password1": HERS})
    assert answer.headers["Location"] == "/o/acme/"
    assert member_of(user, "acme") is not None
    assert leftovers(user) == []
    assert find_token(secret) is None
    assert squatter.get("/o/acme/").status_code in {302, 404}
    assert squatter.get("/api/v1/me").status_code == 401
    assert not signs_in(VERA, PASSWORD)
    assert vera.get("/o/acme/").status_code == 200


@pytest.mark.parametrize("reset_first", [True, False])
def test_reset_before_and_after_accepting(squatter, alice, reset, mailed, reset_first):
    user = User.objects.get(email=VERA)
    dig_in(user)

    def invite() -> None:
        with scope_of(alice):
            invite_member(alice, email=VERA)

    path = mailed(VERA, "/join/", invite)
    if reset_first:
        reset()
        assert "Sign in" in Client().post(path, {"name": "Vera", "password1": HERS}).content.decode()
        vera = Client()
        vera.post("/accounts/login/", {"login": VERA, "password": HERS})
        assert vera.post(path).headers["Location"] == "/o/acme/"
    else:
        Client().post(path, {"name": "Vera", "password1": PASSWORD + "!"})
        reset()
    assert member_of(user, "acme") is not None
    assert leftovers(user) == []
    assert squatter.get("/api/v1/me").status_code == 401
    assert signs_in(VERA, HERS)
    assert not signs_in(MALLORY, HERS)


def test_a_reset_link_from_before_a_change_of_address_proves_nothing(db, reset, mailed):
    """Mallory has a link mailed to her own address, then puts Vera's into the account."""
    browser = sign_up(MALLORY)
    user = User.objects.get(email=MALLORY)
    path = mailed(MALLORY, "/reset/key/", lambda: Client().post("/accounts/password/reset/", {"email": MALLORY}))
    reauthenticate(browser)
    browser.post("/accounts/email/", {"email": VERA, "action_add": ""})
    user.refresh_from_db()
    assert (user.email, [a.email for a in EmailAddress.objects.filter(user=user)]) == (VERA, [VERA])
    assert "no longer works" in Client().get(path, follow=True).content.decode()
    assert not is_proven(user)


def test_an_unproven_account_has_one_address(squatter):
    reauthenticate(squatter)
    assert "Use this address instead" in squatter.get("/accounts/email/").content.decode()
    squatter.post("/accounts/email/", {"email": MALLORY, "action_add": ""})
    assert [(a.email, a.primary) for a in EmailAddress.objects.all()] == [(MALLORY, True)]
    assert accounts_of(VERA) == []  # free again


# --- A waiting address of an account that is proved -----------------------------------------------------


@pytest.fixture
def trap(db) -> User:
    """Mallory's own confirmed account, to which she added Vera's address."""
    user = make_user(MALLORY)
    EmailAddress.objects.create(user=user, email=VERA)
    return user


def test_a_waiting_address_gets_no_reset_and_signs_nobody_in(trap, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        Client().post("/accounts/password/reset/", {"email": VERA})
    assert mail.outbox == []
    assert not signs_in(VERA, PASSWORD)
    assert signs_in(MALLORY, PASSWORD)


def test_a_waiting_address_keeps_nobody_from_signing_up(trap):
    assert "_auth_user_id" in sign_up(VERA, password=HERS).session
    vera = User.objects.get(email=VERA)
    assert EmailAddress.objects.get(user=vera).email == VERA
    assert prove_address(vera, VERA)
    assert [a.email for a in EmailAddress.objects.filter(user=trap)] == [MALLORY]


def test_a_careless_click_adds_nothing_to_somebody_elses_account(trap):
    path = confirmation_of(trap, VERA)
    vera = Client()
    assert "Sign in to the account" in vera.get(path).content.decode()
    assert vera.post(path).headers["Location"].startswith("/accounts/login/?next=/accounts/confirm-email/")
    assert vera.post(path, {"password": PASSWORD}).headers["Location"].startswith("/accounts/login/")
    other = sign_in(Client(), make_user("other@bank.test"))
    assert other.post(path).headers["Location"].startswith("/accounts/login/")
    assert not EmailAddress.objects.get(email=VERA).verified


def test_the_owner_adds_an_address_where_they_are_signed_in(trap):
    sign_in(browser := Client(), trap)
    browser.post(confirmation_of(trap, VERA))
    assert EmailAddress.objects.get(email=VERA).verified
    trap.refresh_from_db()
    assert trap.email == MALLORY
    assert len(EmailAddress.objects.filter(user=trap, verified=True)) == 2
    assert browser.get("/api/v1/me").status_code == 200


def test_of_two_accounts_that_wait_for_one_address_the_one_that_proves_it_has_it(trap):
    other = make_user("other@bank.test")
    EmailAddress.objects.create(user=other, email=VERA)
    trapped = confirmation_of(trap, VERA)
    assert prove_address(other, VERA)
    assert not EmailAddress.objects.filter(user=trap, email=VERA).exists()
    assert not prove_address(trap, VERA)
    assert "no longer works" in sign_in(Client(), trap).get(trapped).content.decode()
    assert accounts_of(VERA) == [other]


def test_an_account_loses_the_address_that_another_one_proved(squatter):
    """Vera has an account with another address and confirms vera@bank.test there: the squatter's loses it."""
    squatted = User.objects.get(email=VERA)
    vera = make_user("vera@home.test")
    EmailAddress.objects.create(user=vera, email=VERA)
    assert prove_address(vera, VERA)
    squatted.refresh_from_db()
    assert squatted.email.endswith(LOST_ADDRESS)
    assert accounts_of(VERA) == [vera]
    assert not signs_in(VERA, "wrong")
    assert signs_in(VERA, PASSWORD)  # of Vera's account, which has the same password in this test
    assert squatter.get("/api/v1/me").json()["email"] != VERA


# --- Links that were shown ------------------------------------------------------------------------------


def test_a_link_that_was_shown_proves_no_address(alice):
    with scope_of(alice):
        _, secret = invite_member(alice, email=VERA, show_link=True)
    browser = Client()
    assert browser.post(f"/join/{secret}", {"name": "Vera", "password1": HERS}).headers["Location"] == "/o/acme/"
    assert not EmailAddress.objects.get(email=VERA).verified


def test_a_mailed_link_that_is_shown_later_proves_nothing_either(alice, squatter):
    with scope_of(alice):
        invitation, mailed_secret = invite_member(alice, email=VERA)
        secret = renew_link(alice, invitation)
    assert Client().get(f"/join/{mailed_secret}").status_code == 404
    answer = Client().post(f"/join/{secret}", {"name": "Vera", "password1": HERS})
    assert list(answer.context["form"].errors) == ["email"]
    user = User.objects.get(email=VERA)
    assert not is_proven(user)
    assert signs_in(VERA, PASSWORD)


def test_a_shown_link_is_not_for_an_address_that_waits(alice, trap):
    with scope_of(alice):
        _, secret = invite_member(alice, email=VERA, show_link=True)
    with pytest.raises(Forbidden):
        accept_invitation(trap, secret)
    assert member_of(trap, "acme") is None


def test_charlie_shows_no_link_of_acme(alice, adam, bob, charlie, client_of):
    with scope_of(alice):
        invitation, secret = invite_member(alice, email=VERA)
    path = f"manage/invitations/{invitation.pk}/link"
    assert client_of(charlie).post(f"/o/acme/{path}").status_code == 404
    assert client_of(charlie).post(f"/o/globex/{path}").status_code == 404
    assert client_of(bob).post(f"/o/acme/{path}").status_code == 403
    page = client_of(adam).post(f"/o/acme/{path}")
    assert re.search(r"/join/[\w-]{40,}", page.content.decode())
    assert Client().get(f"/join/{secret}").status_code == 404


def test_nobody_shows_the_link_of_a_role_above_their_own(alice, adam, client_of):
    with scope_of(alice):
        invitation, _ = invite_member(alice, email=VERA, role="owner")
        before = Invitation.objects.get().secret_hash
    page = client_of(adam).get("/o/acme/manage/invitations").content.decode()
    assert "Copy link" not in page
    assert client_of(adam).post(f"/o/acme/manage/invitations/{invitation.pk}/link").status_code == 403
    with scope_of(alice):
        assert Invitation.objects.get().secret_hash == before


# --- Where an address has to be confirmed ---------------------------------------------------------------


@pytest.fixture
def mandatory(settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION, settings.MAIL_SERVER = "mandatory", True


@pytest.mark.usefixtures("mandatory")
def test_signing_up_answers_the_same_for_a_known_and_an_unknown_address(bob, django_capture_on_commit_callbacks):
    answers = []
    for email in (bob.user.email, "nobody@acme.test"):
        for slug in ("new-place", "acme", "admin"):
            mail.outbox.clear()
            form = {"name": "E", "email": email, "password1": PASSWORD, "organization": "Org", "slug": slug}
            with django_capture_on_commit_callbacks(execute=True):
                answer = Client().post("/accounts/signup/", form)
            errors = answer.context["form"].errors if answer.status_code == 200 else {}
            answers.append((slug, answer.status_code, answer.headers.get("Location"), dict(errors), len(mail.outbox)))
    assert answers[:3] == answers[3:]
    assert answers[0][1:3] == (302, "/accounts/confirm-email/")
    assert bob.user.check_password(PASSWORD)


@pytest.mark.usefixtures("mandatory")
def test_the_owner_of_an_account_is_notified_by_mail(bob, mailed):
    path = mailed(bob.user.email, "/password/reset/", lambda: sign_up(bob.user.email))
    assert path == "/accounts/password/reset/"


@pytest.mark.usefixtures("mandatory")
def test_a_link_passed_on_answers_the_same_and_waits_for_the_confirmation(
    alice, bob, mailed, django_capture_on_commit_callbacks
):
    with scope_of(alice):
        invitation, secret = invite_member(alice)
    form = {"name": "Vera", "email": bob.user.email, "password1": HERS}
    with django_capture_on_commit_callbacks(execute=True):
        known = Client().post(f"/join/{secret}", form)
    vera = Client()
    path = mailed(VERA, "/confirm-email/", lambda: vera.post(f"/join/{secret}", {**form, "email": VERA}))
    assert known.headers["Location"] == "/accounts/confirm-email/"
    assert member_of(User.objects.get(email=VERA), "acme") is None
    with scope_of(alice):
        assert Invitation.objects.get(pk=invitation.pk).accepted_at is None
    answer = vera.post(path)
    assert answer.headers["Location"] == f"/join/{secret}"  # signed in, and back to where they were
    assert vera.post(f"/join/{secret}").headers["Location"] == "/o/acme/"


@pytest.mark.usefixtures("mandatory")
def test_nobody_is_in_before_the_address_is_confirmed(db, mailed):
    browser = Client()
    form = {"name": "V", "email": VERA, "password1": PASSWORD, "organization": "Bank", "slug": ""}
    path = mailed(VERA, "/confirm-email/", lambda: browser.post("/accounts/signup/", form))
    assert browser.get("/api/v1/me").status_code == 401
    assert not signs_in(VERA, PASSWORD)
    browser.post(path)
    assert browser.get("/o/bank/").status_code == 200


# --- Another service says who somebody is ---------------------------------------------------------------


@pytest.fixture
def service(monkeypatch) -> Callable[..., SocialLogin]:
    """`service(VERA)` is what another service says of somebody with that address."""
    monkeypatch.setattr(SocialAccount, "get_provider", lambda self, request=None: None)
    monkeypatch.setattr(SocialAccountAdapter, "can_authenticate_by_email", lambda self, login, email: True)

    def of(email: str, *, verified: bool = True) -> SocialLogin:
        return SocialLogin(
            user=User(email=email),
            account=SocialAccount(provider="sso", uid=email),
            email_addresses=[EmailAddress(email=email, verified=verified, primary=True)],
        )

    return of


def arrive(login: SocialLogin) -> None:
    request = RequestFactory().get("/")
    request.user, request.session = AnonymousUser(), SessionStore()
    with context.request_context(request):
        login.lookup()
        SocialAccountAdapter(request).pre_social_login(request, login)


def test_a_service_that_vouches_makes_its_person_the_owner(squatter, service):
    user = User.objects.get(email=VERA)
    secret = dig_in(user)
    arrive(login := service(VERA))
    assert login.user == user
    assert leftovers(user) == [VERA]  # the service's account, which has the address for its name
    assert is_proven(user)
    assert find_token(secret) is None
    assert squatter.get("/api/v1/me").status_code == 401
    assert not signs_in(VERA, PASSWORD)


def test_a_service_that_does_not_vouch_proves_nothing(squatter, service):
    arrive(login := service(VERA, verified=False))
    assert not login.is_existing
    assert not is_proven(User.objects.get(email=VERA))
    assert squatter.get("/api/v1/me").status_code == 200


def test_a_service_leads_to_no_account_where_the_address_waits(trap, service):
    arrive(login := service(VERA))
    assert not login.is_existing
    assert not SocialAccount.objects.filter(user=trap).exists()


# --- A sign-in of several steps -------------------------------------------------------------------------


def test_a_sign_in_that_waits_for_its_code_ends_with_the_password(bob):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    TOTP.activate(bob.user, generate_totp_secret())
    code = RecoveryCodes.activate(bob.user).generate_codes()[0]
    thief = Client()
    thief.post("/accounts/login/", {"login": bob.user.email, "password": PASSWORD})
    bob.user.set_password(HERS)
    bob.user.save(update_fields=["password"])
    answer = thief.post("/accounts/2fa/authenticate/", {"code": code})
    assert answer.headers["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in thief.session


def confirmation_of(user: User, email: str = "") -> str:
    from allauth.account.models import EmailConfirmationHMAC

    address = EmailAddress.objects.get(user=user, email=email or user.email)
    return f"/accounts/confirm-email/{EmailConfirmationHMAC.create(address).key}/"


def reauthenticate(browser: Client) -> None:
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})

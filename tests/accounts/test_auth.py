from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actions import sign_out_everywhere
from accounts.credentials import credential_of, hash_secret, session_credential
from accounts.errors import Conflict, Invalid, NotAuthenticated, NotFound, Throttled
from accounts.models import ApiToken, User
from accounts.sign_in.policy import may_sign_in
from accounts.sign_in.without_page import authenticate
from accounts.tokens import TOKENS_PER_USER, find_own_token, find_token, issue_token, live_tokens, revoke_token
from tests.accounts.conftest import audit_log
from tests.cast import PASSWORD, make_user, sign_in


def request_from(address: str = "192.0.2.1") -> HttpRequest:
    request = RequestFactory().post("/api/v1/tokens", REMOTE_ADDR=address)
    request.user, request.session = AnonymousUser(), SessionStore()
    return request


def sign_in_as(email: str, password: str = PASSWORD, *, otp: str = "", address: str = "192.0.2.1") -> User:
    request = request_from(address)
    with context.request_context(request):
        return authenticate(request, email=email, password=password, otp=otp)


# --- Tokens ---------------------------------------------------------------------------------------------


def test_only_a_hash_of_a_token_is_kept(bob):
    token, secret = issue_token(bob.user, label=" phone ")
    assert secret.startswith("parley_")
    assert len(secret) >= len("parley_") + 43  # 256 bits
    assert token.secret_hash == hash_secret(secret)
    assert secret not in repr(list(ApiToken.objects.values()))
    assert token.label == "phone"
    assert find_token(secret) == token
    assert secret not in repr([(entry.before, entry.after) for entry in audit_log("token.issued")])


@pytest.mark.parametrize("label", ["", "  ", "x" * 81])
def test_a_token_is_for_something(bob, label):
    with pytest.raises(Invalid) as refused:
        issue_token(bob.user, label=label)
    assert list(refused.value.errors) == ["label"]


def test_tokens_expire(bob, settings):
    settings.API_TOKEN_DAYS = 10
    _token, secret = issue_token(bob.user, label="phone")
    with time_machine.travel(timezone.now() + timedelta(days=9, hours=23)):
        assert find_token(secret) is not None
    with time_machine.travel(timezone.now() + timedelta(days=10, seconds=1)):
        assert find_token(secret) is None
        assert list(live_tokens(bob.user)) == []


def test_use_is_noted_at_most_once_a_minute(bob):
    _token, secret = issue_token(bob.user, label="phone")
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        find_token(secret)
        assert ApiToken.objects.get().last_used_at == start
    with time_machine.travel(start + timedelta(seconds=59), tick=False):
        with CaptureQueriesContext(connection) as queries:
            find_token(secret)
        assert [query["sql"].split()[0] for query in queries] == ["SELECT"]
        assert ApiToken.objects.get().last_used_at == start
    with time_machine.travel(start + timedelta(seconds=61), tick=False):
        find_token(secret)
        assert ApiToken.objects.get().last_used_at == start + timedelta(seconds=61)


def test_revoking_ends_a_token_and_its_sockets_once(bob, sent):
    token, secret = issue_token(bob.user, label="phone")
    revoke_token(token)
    revoke_token(token)
    assert find_token(secret) is None
    assert sent == [("credential_ended", {"credentials": [f"token:{token.pk}"]})]
    assert len(audit_log("token.revoked")) == 1


def test_charlie_finds_no_token_of_bobs(bob, charlie):
    token, _secret = issue_token(bob.user, label="phone")
    with pytest.raises(NotFound):
        find_own_token(charlie.user, token.pk)
    assert find_own_token(bob.user, token.pk) == token


def test_tokens_are_bounded(bob):
    later = timezone.now() + timedelta(days=1)
    ApiToken.objects.bulk_create(
        ApiToken(user=bob.user, label="bot", secret_hash=f"{number:064}", expires_at=later)
        for number in range(TOKENS_PER_USER)
    )
    with pytest.raises(Conflict, match="Revoke"):
        issue_token(bob.user, label="one more")


@pytest.mark.parametrize("secret", ["", "parley_", "parley_\ud800", "parley_\x00", "é", "x" * 100_000])
def test_nonsense_is_no_token(db, secret):
    assert find_token(secret) is None


def test_credentials_name_what_let_a_request_in(bob):
    browser = sign_in(Client(), bob.user)
    request = request_from()
    request.api_token = None  # type: ignore[attr-defined]
    assert credential_of(request) == ""
    request.session = SessionStore(browser.session.session_key)
    assert credential_of(request) == session_credential(browser.session.session_key)
    assert browser.session.session_key not in credential_of(request)  # type: ignore[operator]
    request.api_token, _secret = issue_token(bob.user, label="phone")  # type: ignore[attr-defined]
    assert credential_of(request) == f"token:{request.api_token.pk}"  # type: ignore[attr-defined]


# --- Signing in -----------------------------------------------------------------------------------------


def test_address_and_password_sign_in(bob):
    assert sign_in_as("bob@acme.test") == bob.user
    assert sign_in_as(" Bob@ACME.test ") == bob.user
    assert [entry.user_id for entry in audit_log("user.signed_in")] == [bob.user_id] * 2


def test_the_refusal_does_not_say_what_was_wrong(bob, charlie):
    make_user("gone@acme.test", is_active=False)
    sentences = set()
    for email, password in [
        ("bob@acme.test", "wrong"),
        ("nobody@acme.test", PASSWORD),
        ("gone@acme.test", PASSWORD),
        ("", ""),
        ("bob@acme.test", ""),
        ("not an address", "x"),
        ("bob@acme.test\x00", PASSWORD),
        ("bob@acme.test", "\ud800"),
    ]:
        with pytest.raises(NotAuthenticated) as refused:
            sign_in_as(email, password)
        sentences.add(refused.value.detail)
    assert len(sentences) == 1


def test_one_account_cannot_be_tried(bob):
    """Five wrong attempts in five minutes, from whatever addresses; then even the right password has to wait."""
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        for number in range(5):
            with pytest.raises(NotAuthenticated):
                sign_in_as("bob@acme.test", "wrong", address=f"198.51.100.{number}")
        with pytest.raises(Throttled) as refused:
            sign_in_as("bob@acme.test", address="198.51.100.99")
        assert 295 <= refused.value.retry_after <= 301
    with time_machine.travel(start + timedelta(seconds=refused.value.retry_after + 1), tick=False):
        assert sign_in_as("bob@acme.test") == bob.user


def test_wrong_passwords_elsewhere_lock_nobody_out_of_their_own_device(bob):
    with time_machine.travel(timezone.now(), tick=False):
        device = Client(REMOTE_ADDR="192.0.2.1")
        device.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD})
        device.post("/accounts/logout/")
        stranger = Client(REMOTE_ADDR="198.51.100.1")
        for _ in range(6):
            stranger.post("/accounts/login/", {"login": "bob@acme.test", "password": "wrong"})
        newcomer = Client(REMOTE_ADDR="198.51.100.2")
        newcomer.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD})
        assert "_auth_user_id" not in newcomer.session
        device.post("/accounts/login/", {"login": "Bob@acme.test ", "password": PASSWORD})
        assert "_auth_user_id" in device.session


def test_a_known_device_has_five_attempts_as_well(bob, charlie):
    with time_machine.travel(timezone.now(), tick=False):
        device = Client()
        device.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD})
        device.post("/accounts/logout/")
        for _ in range(5):
            device.post("/accounts/login/", {"login": "bob@acme.test", "password": "wrong"})
        device.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD})
        assert "_auth_user_id" not in device.session


def test_a_device_is_known_for_its_own_accounts_and_a_forged_one_for_none(bob, charlie):
    with time_machine.travel(timezone.now(), tick=False):
        device = Client()
        device.post("/accounts/login/", {"login": charlie.user.email, "password": PASSWORD})
        device.post("/accounts/logout/")
        forged = Client()
        forged.cookies["parley_device"] = "WyJhIixbImIiXV0:1:x"
        for browser in (device, forged):
            for _ in range(5):
                browser.post("/accounts/login/", {"login": "bob@acme.test", "password": "wrong"})
            browser.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD})
            assert "_auth_user_id" not in browser.session
        assert "bob" not in device.cookies["parley_device"].value


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "other.example"])
def test_another_host_gives_no_further_attempts(bob, host):
    with time_machine.travel(timezone.now(), tick=False):
        for _ in range(5):
            Client().post("/accounts/login/", {"login": "bob@acme.test", "password": "wrong"})
        browser = Client(headers={"host": host})
        browser.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD})
        assert "_auth_user_id" not in browser.session


def test_one_address_cannot_try_many_accounts(bob):
    with time_machine.travel(timezone.now(), tick=False):
        for number in range(20):
            with pytest.raises(NotAuthenticated):
                sign_in_as(f"user{number}@acme.test", "wrong")
        with pytest.raises(Throttled) as refused:
            sign_in_as("bob@acme.test")
        assert 1 <= refused.value.retry_after <= 61
        assert sign_in_as("bob@acme.test", address="198.51.100.1") == bob.user


def test_the_page_and_the_api_count_together(bob):
    page = Client(REMOTE_ADDR="198.51.100.1")
    for _ in range(5):
        answer = page.post("/accounts/login/", {"login": "bob@acme.test", "password": "wrong"})
        assert answer.status_code == 200
    answer = page.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD})
    assert "_auth_user_id" not in page.session
    request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.1")
    with pytest.raises(Throttled), context.request_context(request):
        authenticate(request, email="bob@acme.test", password=PASSWORD)


def test_success_does_not_use_the_limit_up(bob):
    for _ in range(8):
        sign_in_as("bob@acme.test")


def test_unverified_addresses_wait_where_verification_is_mandatory(bob, settings):
    EmailAddress.objects.filter(user=bob.user).update(verified=False)
    assert sign_in_as("bob@acme.test") == bob.user
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    with pytest.raises(NotAuthenticated, match="Confirm"):
        sign_in_as("bob@acme.test")


# --- Second factor --------------------------------------------------------------------------------------


def code_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30))


@pytest.fixture
def totp_secret(bob) -> str:
    secret = generate_totp_secret()
    TOTP.activate(bob.user, secret)
    return secret


def test_a_second_factor_is_asked_for(bob, totp_secret):
    with pytest.raises(Invalid) as refused:
        sign_in_as("bob@acme.test")
    assert refused.value.errors == {"otp": ["otp_required"]}
    with pytest.raises(Invalid) as refused:
        sign_in_as("bob@acme.test", otp="000000" if code_now(totp_secret) != "000000" else "000001")
    assert refused.value.errors == {"otp": ["otp_incorrect"]}
    assert sign_in_as("bob@acme.test", otp=code_now(totp_secret)) == bob.user
    assert Authenticator.objects.get(user=bob.user).last_used_at is not None


def test_a_code_works_once(bob, totp_secret):
    code = code_now(totp_secret)
    sign_in_as("bob@acme.test", otp=code)
    with pytest.raises(Invalid):
        sign_in_as("bob@acme.test", otp=code)


def test_a_code_works_once_as_long_as_a_slow_clock_is_forgiven(bob, totp_secret, monkeypatch):
    """allauth forgets a used code after one step of 30 seconds, and accepts it for longer."""
    monkeypatch.setattr(TOTP, "_mark_code_used", lambda self, code: True)
    code = code_now(totp_secret)
    sign_in_as("bob@acme.test", otp=code)
    with pytest.raises(Invalid):
        sign_in_as("bob@acme.test", otp=f"{code[:3]} {code[3:]}")


def test_a_wrong_password_does_not_reveal_the_second_factor(bob, totp_secret):
    with pytest.raises(NotAuthenticated):
        sign_in_as("bob@acme.test", "wrong", otp=code_now(totp_secret))


def test_recovery_codes_sign_in_once_each(bob, totp_secret):
    first, second = RecoveryCodes.activate(bob.user).generate_codes()[:2]
    assert sign_in_as("bob@acme.test", otp=first) == bob.user
    with pytest.raises(Invalid):
        sign_in_as("bob@acme.test", otp=first)
    assert sign_in_as("bob@acme.test", otp=second) == bob.user


def test_codes_cannot_be_tried(bob, totp_secret):
    wrong = "000000" if code_now(totp_secret) != "000000" else "000001"
    for number in range(5):
        with pytest.raises(Invalid):
            sign_in_as("bob@acme.test", otp=wrong, address=f"198.51.100.{number}")
    with pytest.raises(Throttled):
        sign_in_as("bob@acme.test", otp=code_now(totp_secret), address="198.51.100.99")


def test_a_phone_is_activated_and_asked_for_on_the_pages(bob, client_of):
    browser = client_of(bob)
    page = browser.post("/accounts/reauthenticate/?next=/accounts/2fa/totp/activate/", {"password": PASSWORD})
    assert page.headers["Location"] == "/accounts/2fa/totp/activate/"
    page = browser.get("/accounts/2fa/totp/activate/")
    assert b"data:image/svg+xml" in page.content
    secret = page.context["form"].secret
    used = code_now(secret)
    page = browser.post("/accounts/2fa/totp/activate/", {"code": used})
    assert page.status_code == 302
    assert Authenticator.objects.filter(user=bob.user, type="totp").exists()

    with time_machine.travel(timezone.now(), tick=False):  # the code that switched it on is used up
        newcomer = Client()
        newcomer.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD})
        newcomer.post("/accounts/2fa/authenticate/", {"code": used})
        assert "_auth_user_id" not in newcomer.session
    with time_machine.travel(timezone.now() + timedelta(seconds=60)):  # a code works once, so the next one
        newcomer = Client()
        page = newcomer.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD})
        assert page.headers["Location"] == "/accounts/2fa/authenticate/"
        assert "_auth_user_id" not in newcomer.session
        newcomer.post("/accounts/2fa/authenticate/", {"code": code_now(secret)})
        assert newcomer.session["_auth_user_id"] == str(bob.user_id)


# --- Demo accounts --------------------------------------------------------------------------------------


@pytest.fixture
def demo_user(db) -> User:
    return make_user("owner@acme.example")


def test_demo_accounts_are_welcome_where_the_demo_is_on(demo_user, settings):
    settings.DEMO = True
    assert sign_in_as("owner@acme.example") == demo_user


def test_demo_accounts_are_refused_everywhere_where_it_is_off(demo_user, bob, settings):
    settings.DEMO = True
    _token, secret = issue_token(demo_user, label="left from the demo")
    browser = sign_in(Client(), demo_user)
    settings.DEMO = False

    assert not may_sign_in(demo_user)
    with pytest.raises(NotAuthenticated):
        sign_in_as("owner@acme.example")
    with pytest.raises(NotAuthenticated):
        issue_token(demo_user, label="phone")
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/me").status_code == 401
    assert browser.get("/api/v1/me").status_code == 401
    newcomer = Client()
    page = newcomer.post("/accounts/login/", {"login": "owner@acme.example", "password": PASSWORD})
    assert page.headers["Location"] == "/accounts/inactive/"
    assert "_auth_user_id" not in newcomer.session
    assert sign_in_as("bob@acme.test") == bob.user


# --- What ends together ---------------------------------------------------------------------------------


def test_signing_out_everywhere(bob, charlie, sent):
    browsers = [sign_in(Client(), bob.user) for _ in range(2)]
    token, secret = issue_token(bob.user, label="phone")
    other = sign_in(Client(), charlie.user)
    keys = [browser.session.session_key for browser in browsers]

    sign_out_everywhere(bob.user)

    assert find_token(secret) is None
    assert [browser.get("/api/v1/me").status_code for browser in browsers] == [401, 401]
    assert other.get("/api/v1/me").status_code == 200
    ended = {one for _name, given in sent for one in given["credentials"]}
    assert ended == {f"token:{token.pk}", *(session_credential(key) for key in keys)}
    (entry,) = audit_log("user.signed_out_everywhere")
    assert entry.after == {"sessions": 2, "tokens": 1}


def test_a_new_password_ends_everything_that_the_old_one_opened(bob, client_of, sent):
    elsewhere, browser = client_of(bob), client_of(bob)
    _token, secret = issue_token(bob.user, label="phone")
    new = {"oldpassword": PASSWORD, "password1": "a better battery staple", "password2": "a better battery staple"}
    assert browser.post("/accounts/password/change/", new).status_code == 302
    assert elsewhere.get("/api/v1/me").status_code == 401
    assert browser.get("/api/v1/me").status_code == 401
    assert find_token(secret) is None
    assert "credential_ended" in [name for name, _ in sent]
    assert sign_in_as("bob@acme.test", "a better battery staple") == bob.user


def test_signing_out_ends_the_session_and_its_sockets(bob, client_of, sent):
    browser = client_of(bob)
    key = browser.session.session_key
    browser.post("/accounts/logout/")
    assert browser.get("/api/v1/me").status_code == 401
    assert sent == [("credential_ended", {"credentials": [session_credential(key)]})]


# --- Other ways in are configuration --------------------------------------------------------------------


PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "sso",
                "name": "Acme SSO",
                "client_id": "parley",
                "secret": "s",
                "settings": {"server_url": "https://sso.acme.test"},
            }
        ]
    },
    "saml": {"APPS": []},
}
SHOW_SIGN_IN_PAGE = """
import django; django.setup()
from django.test import Client
page = Client(headers={"host": "localhost"}).get("/accounts/login/")
print(page.status_code, page.content.decode())
"""


def test_identity_providers_and_passkeys_need_no_code(db):
    """Settings are read at start, so this looks at what a process with other ones shows."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + connection.settings_dict["NAME"])
    environment = {
        **os.environ,
        "DATABASE_URL": database.geturl(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SOCIALACCOUNT_PROVIDERS": json.dumps(PROVIDERS),
        "MFA_TYPES": "totp,recovery_codes,webauthn",
        "DEBUG": "1",  # static files under their own names
    }
    command = [sys.executable, "-c", SHOW_SIGN_IN_PAGE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("200 ")
    assert 'href="/accounts/oidc/sso/login/' in done.stdout
    assert "Acme SSO" in done.stdout
    assert "Sign in with a passkey" in done.stdout
    assert done.stdout.count('<script nonce="') == 5  # the page's own and those of the passkey


def test_pages_of_the_second_factor_obey_the_policy(bob, totp_secret, client_of):
    browser = client_of(bob)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    browser.post("/accounts/2fa/reauthenticate/", {"code": code_now(totp_secret)})
    RecoveryCodes.activate(bob.user)
    for address in ("", "recovery-codes/", "recovery-codes/generate/", "totp/deactivate/"):
        page = browser.get(f"/accounts/2fa/{address}")
        text = page.content.decode()
        assert page.status_code == 200, address
        assert text.count("<script") == text.count("<script nonce=")
        assert " style=" not in text

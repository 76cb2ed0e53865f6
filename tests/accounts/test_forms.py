"""The pages of allauth and ours: worded by one hand, and one begins to type where there is something to type."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from tests.cast import PASSWORD

ACCOUNT = "/accounts"
PAGES = [
    *(
        "/email/",
        "/password/change/",
        "/logout/",
        "/inactive/",
        "/confirm-email/",
        "/confirm-email/x/",
        "/reauthenticate/",
    ),
    *(
        "/2fa/",
        "/2fa/reauthenticate/",
        "/2fa/totp/deactivate/",
        "/2fa/recovery-codes/",
        "/2fa/recovery-codes/generate/",
    ),
    *("/3rdparty/", "/3rdparty/login/cancelled/", "/3rdparty/login/error/"),
    *("/password/change/", "/password/reset/done/", "/password/reset/key/1-x/", "/password/reset/key/done/"),
]
TITLE_CASE = re.compile(r"^\W*\w+ (?!API|Parley)[A-Z]")


def inputs(page) -> dict[str, dict[str, str]]:
    """The attributes of each field that is sent, by its name."""
    found = [dict(re.findall(r'([\w-]+)(?:="([^"]*)")?', tag)) for tag in re.findall(r"<input ([^>]*)>", text(page))]
    return {
        attributes["name"]: attributes
        for attributes in found
        if "name" in attributes and attributes.get("type") != "hidden"
    }


def focused(page) -> list[str]:
    return [name for name, attributes in inputs(page).items() if "autofocus" in attributes]


def text(page) -> str:
    return page.content.decode()


@pytest.fixture
def protected(bob) -> None:
    """Bob has an authenticator app and recovery codes."""
    TOTP.activate(bob.user, generate_totp_secret())
    RecoveryCodes.activate(bob.user)


@pytest.mark.usefixtures("protected")
def test_every_page_of_allauth_is_worded_as_ours(bob, client_of):
    browser = client_of(bob)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for path in PAGES:
        page = browser.get(ACCOUNT + path, follow=True)
        headings = [" ".join(heading.split()) for heading in re.findall(r"<h[12][^>]*>(.*?)</h", text(page), re.DOTALL)]
        assert headings, path
        assert [heading for heading in headings if TITLE_CASE.search(heading)] == [], path
        assert "placeholder" not in text(page), path
        assert text(page).count("<script") == text(page).count("<script nonce="), path


@pytest.mark.usefixtures("protected")
def test_the_second_step_of_signing_in(bob):
    browser = Client()
    page = browser.post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD}, follow=True)
    assert "One more step" in text(page)
    assert (focused(page), inputs(page)["code"]["inputmode"]) == (["code"], "numeric")
    page = browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "The code was not accepted" in text(page)
    codes = Authenticator.objects.get(user=bob.user, type=Authenticator.Type.RECOVERY_CODES).wrap()
    page = browser.post("/accounts/2fa/authenticate/", {"code": codes.get_unused_codes()[0]}, follow=True)
    assert page.redirect_chain[-1][0] == "/o/acme/"


def test_one_begins_to_type_in_the_first_empty_field(bob, client_of):
    assert focused(Client().get("/accounts/login/")) == ["login"]
    assert focused(client_of(bob).get("/organizations/new")) == ["name"]
    assert focused(client_of(bob).get("/accounts/tokens")) == []  # there is something to read first


def test_what_was_refused_has_the_focus_and_says_why(bob, client_of):
    page = Client().post("/accounts/login/", {"login": "bob@acme.test", "password": "wrong"})
    assert focused(page) == ["password"]
    assert inputs(page)["password"]["aria-describedby"] == "form-notice id_password_helptext"
    assert 'role="alert" id="form-notice">The email address or the password is wrong.' in text(page)
    assert "<title>Not accepted: Sign in" in text(page)
    page = client_of(bob).post("/organizations/new", {"name": "Bob & Co", "slug": "-no-"})
    slug = inputs(page)["slug"]
    assert (focused(page), slug["aria-invalid"]) == (["slug"], "true")
    assert slug["aria-describedby"] == "id_slug_helptext id_slug_error"
    assert 'id="id_slug_error"' in text(page)


def test_only_what_can_be_done_with_an_address_is_offered(bob, client_of):
    def offered() -> set[str]:
        return set(re.findall(r'name="action_(\w+)"', text(client_of(bob).get("/accounts/email/"))))

    assert offered() == {"add"}
    other = EmailAddress.objects.create(user=bob.user, email="robert@acme.test")
    assert offered() == {"add", "send", "remove"}
    other.verified = True
    other.save(update_fields=["verified"])
    assert offered() == {"add", "primary", "remove"}

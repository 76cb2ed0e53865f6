from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from accounts.actions import accept_invitation, invite_member, revoke_invitation
from accounts.models import User
from accounts.roles import Role
from accounts.tenancy import member_of
from tests.cast import make_user, scope_of, sign_in

NEWCOMER = {"name": "Dora", "email": "dora@acme.test", "password1": "correct horse battery"}


@pytest.fixture
def mailed(adam) -> tuple:
    """An invitation to dora@acme.test, and its path."""
    with scope_of(adam):
        invitation, secret = invite_member(adam, email="dora@acme.test", role=Role.GUEST)
    return invitation, f"/join/{secret}"


@pytest.fixture
def link(adam) -> str:
    with scope_of(adam):
        return "/join/" + invite_member(adam)[1]


def test_joining_with_a_new_account(mailed):
    _invitation, address = mailed
    browser = Client()
    page = browser.get(address)
    assert "Join Acme" in page.content.decode()
    assert 'value="dora@acme.test"' in page.content.decode()
    page = browser.post(address, NEWCOMER)
    assert page.headers["Location"] == "/o/acme/"
    dora = User.objects.get(email="dora@acme.test")
    assert browser.session["_auth_user_id"] == str(dora.pk)
    member = member_of(dora, "acme")
    assert (member.role, member.name, member.handle) == (Role.GUEST, "Dora", "dora")
    assert EmailAddress.objects.get(user=dora).verified  # the mailed link has shown it


def test_the_address_of_the_invitation_counts_not_the_one_in_the_form(mailed):
    _invitation, address = mailed
    Client().post(address, {**NEWCOMER, "email": "eve@evil.test"})
    assert not User.objects.filter(email="eve@evil.test").exists()
    assert member_of(User.objects.get(email="dora@acme.test"), "acme") is not None


def test_a_link_passed_on_takes_any_address_and_proves_none(link):
    browser = Client()
    assert browser.post(link, NEWCOMER).headers["Location"] == "/o/acme/"
    assert not EmailAddress.objects.get(email="dora@acme.test").verified


def test_joining_with_the_account_one_has(charlie, link, client_of):
    browser = client_of(charlie)
    assert "Join Acme" in browser.get(link).content.decode()
    assert member_of(charlie.user, "acme") is None  # looking is not joining
    assert browser.post(link).headers["Location"] == "/o/acme/"
    assert member_of(charlie.user, "acme").role == Role.MEMBER


def test_signing_in_comes_back_to_the_link(mailed):
    _invitation, address = mailed
    dora = make_user("dora@acme.test")
    browser = Client()
    login = f"/accounts/login/?next={address}"
    assert login in browser.get(address).content.decode()
    page = browser.post(login, {"login": "dora@acme.test", "password": "correct horse battery"})
    assert page.headers["Location"] == address
    assert browser.post(address).headers["Location"] == "/o/acme/"
    assert member_of(dora, "acme") is not None


def test_an_account_that_exists_is_not_made_again(mailed):
    _invitation, address = mailed
    dora = make_user("dora@acme.test")
    page = Client().post(address, {**NEWCOMER, "password1": "another password"})
    assert list(page.context["form"].errors) == ["email"]
    dora.refresh_from_db()
    assert dora.check_password("correct horse battery")
    assert member_of(dora, "acme") is None


def test_charlie_cannot_use_an_invitation_for_somebody_else(charlie, mailed, client_of):
    _invitation, address = mailed
    browser = client_of(charlie)
    page = browser.get(address).content.decode()
    assert "This invitation is for dora@acme.test" in page
    assert "Sign out and use the other account" in page
    page = browser.post(address)
    assert page.status_code == 403
    assert member_of(charlie.user, "acme") is None


def test_members_are_led_in(bob, link, client_of):
    assert client_of(bob).get(link).headers["Location"] == "/o/acme/"


def test_used_withdrawn_and_expired_links_say_so(adam, mailed, link, client_of):
    invitation, address = mailed
    with scope_of(adam):
        revoke_invitation(adam, invitation)
    accept_invitation(make_user("first@acme.test"), link.removeprefix("/join/"))
    stranger = sign_in(Client(), make_user("second@acme.test"))
    for browser in (Client(), stranger):
        page = browser.get(address)
        assert (page.status_code, "was withdrawn" in page.content.decode()) == (410, True)
        page = browser.get(link)
        assert (page.status_code, "was already used" in page.content.decode()) == (410, True)
        assert browser.post(link, NEWCOMER).status_code in {409, 410}
    assert not User.objects.filter(email="dora@acme.test").exists()


def test_expired_links_say_so(link):
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        page = Client().get(link)
        assert (page.status_code, "has expired" in page.content.decode()) == (410, True)
        assert Client().post(link, NEWCOMER).status_code == 410
    assert not User.objects.filter(email="dora@acme.test").exists()


@pytest.mark.parametrize("secret", ["x", "x" * 500, "%00", "é"])
def test_links_that_lead_nowhere_are_not_found(db, secret):
    assert Client().get(f"/join/{secret}").status_code == 404
    assert Client().post(f"/join/{secret}", NEWCOMER).status_code == 404


def test_sign_up_can_be_closed_and_invitations_still_work(link, settings):
    settings.SIGNUP = "invited"
    assert Client().post(link, NEWCOMER).headers["Location"] == "/o/acme/"


@pytest.mark.parametrize("field", ["name", "password1", "email"])
def test_an_incomplete_form_comes_back(link, field):
    page = Client().post(link, {**NEWCOMER, field: ""})
    assert field in page.context["form"].errors
    assert not User.objects.filter(email="dora@acme.test").exists()


def test_making_accounts_is_bounded_per_address(link):
    browser = Client()
    answers = [browser.post(link, {}).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]

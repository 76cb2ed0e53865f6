from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Member, Organization, User
from accounts.roles import Role
from accounts.tenancy import member_of, memberships_of
from tests.cast import PASSWORD, make_member, make_user, scope_of, sign_in

FOUNDER = {
    "name": "Ada Lovelace",
    "email": "Ada@Initech.test",
    "password1": "analytical engine",
    "organization": "Initech",
    "slug": "",
}


def test_the_first_visitor_is_led_to_found_an_organization(db):
    page = Client().get("/", follow=True)
    assert page.redirect_chain == [("/accounts/signup/", 302)]
    assert "Set up an organization" in page.content.decode()


def test_later_visitors_are_led_to_sign_in(acme):
    assert Client().get("/").headers["Location"] == "/accounts/login/"


def test_signing_up_with_a_new_organization(db):
    browser = Client()
    page = browser.post("/accounts/signup/", FOUNDER)
    assert page.headers["Location"] == "/"
    assert browser.get("/").headers["Location"] == "/o/initech/"
    user = User.objects.get(email="ada@initech.test")
    member = member_of(user, "initech")
    assert (user.name, member.name, member.handle, member.role) == ("Ada Lovelace",) * 2 + ("ada.lovelace", Role.OWNER)
    assert browser.get("/o/initech/manage/members").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 81),
        ("name", "a\x00b"),
        ("email", "nobody"),
        ("password1", "short"),
        ("password1", "1234567890123"),
        ("organization", ""),
        ("slug", "admin"),
        ("slug", "-no-"),
        ("slug", "acme"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_leaves_nothing_behind(acme, field, value):
    page = Client().post("/accounts/signup/", {**FOUNDER, field: value})
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert not User.objects.filter(email="ada@initech.test").exists()
    assert Organization.objects.count() == 1


def test_an_address_signs_up_once(bob):
    page = Client().post("/accounts/signup/", {**FOUNDER, "email": bob.user.email})
    assert list(page.context["form"].errors) == ["email"]
    assert not Organization.objects.filter(slug="initech").exists()


def test_sign_up_can_be_closed_but_for_the_first_visitor(db, settings):
    settings.SIGNUP = "invited"
    assert Client().post("/accounts/signup/", FOUNDER).headers["Location"] == "/"
    page = Client().post("/accounts/signup/", {**FOUNDER, "email": "eve@initech.test", "slug": "eve"})
    assert "By invitation only" in page.content.decode()
    assert not User.objects.filter(email="eve@initech.test").exists()
    nobody = sign_in(Client(), make_user("nobody@initech.test"))
    assert nobody.post("/organizations/new", {"name": "Eve"}).status_code == 403
    assert Organization.objects.count() == 1


def test_members_of_one_organization_go_there_and_others_choose(bob, globex, charlie, client_of):
    assert client_of(bob).get("/").headers["Location"] == "/o/acme/"
    assert client_of(charlie).get("/").headers["Location"] == "/o/globex/"
    make_member(globex, "Bob", user=bob.user)
    page = client_of(bob).get("/").content.decode()
    assert 'href="/o/acme/"' in page
    assert 'href="/o/globex/"' in page


def test_a_user_without_an_organization_sees_what_to_do(db):
    page = sign_in(Client(), make_user("nobody@acme.test")).get("/")
    assert "You are not in an organization yet" in page.content.decode()


def test_founding_another_organization(bob, client_of):
    page = client_of(bob).post("/organizations/new", {"name": "Bob & Co", "slug": ""})
    assert page.headers["Location"] == "/o/bob-co/"
    assert {member.organization.slug for member in memberships_of(bob.user)} == {"acme", "bob-co"}
    page = client_of(bob).post("/organizations/new", {"name": "Acme", "slug": "acme"})
    assert list(page.context["form"].errors) == ["slug"]
    assert Client().get("/organizations/new").headers["Location"].startswith("/accounts/login/")


def test_signing_in_and_out(bob):
    browser = Client()
    page = browser.post("/accounts/login/?next=/o/acme/profile", {"login": "bob@acme.test", "password": PASSWORD})
    assert page.headers["Location"] == "/o/acme/profile"
    assert browser.get("/o/acme/profile").status_code == 200
    browser.post("/accounts/logout/")
    assert browser.get("/o/acme/profile").status_code == 302


def test_a_wrong_password_says_nothing_about_the_account(bob):
    said = [
        Client().post("/accounts/login/", {"login": email, "password": "wrong"}).context["form"].errors
        for email in ("bob@acme.test", "nobody@acme.test")
    ]
    assert said[0] == said[1] != {}


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(bob, target):
    page = Client().post("/accounts/login/", {"login": "bob@acme.test", "password": PASSWORD, "next": target})
    assert page.headers["Location"] == "/"


@pytest.mark.usefixtures("eager_tasks")
def test_a_forgotten_password_is_replaced_by_a_mailed_link(bob, client_of, django_capture_on_commit_callbacks):
    elsewhere = client_of(bob)
    with django_capture_on_commit_callbacks(execute=True):
        page = Client().post("/accounts/password/reset/", {"email": "bob@acme.test"}, follow=True)
    assert page.status_code == 200
    (message,) = mail.outbox
    assert message.to == ["bob@acme.test"]
    assert message.subject == "Choose a new password for Parley"
    assert message.body.startswith("Somebody, probably you, asked for a new password for bob@acme.test.")
    link = next(word for word in message.body.split() if "/password/reset/key/" in word)
    browser = Client()
    page = browser.get(link, follow=True)
    new = {"password1": "a better battery staple", "password2": "a better battery staple"}
    browser.post(page.redirect_chain[-1][0], new)
    bob.user.refresh_from_db()
    assert bob.user.check_password("a better battery staple")
    assert elsewhere.get("/o/acme/profile").status_code == 302  # signed out
    again = Client().get(link, follow=True)
    assert "password1" not in again.content.decode()  # the link works once


@pytest.mark.usefixtures("eager_tasks")
def test_asking_for_an_unknown_address_looks_the_same(bob, django_capture_on_commit_callbacks):
    answers = []
    for email in ("bob@acme.test", "nobody@acme.test"):
        with django_capture_on_commit_callbacks(execute=True):
            page = Client().post("/accounts/password/reset/", {"email": email}, follow=True)
        answers.append((page.status_code, page.redirect_chain))
    assert answers[0] == answers[1]


@pytest.mark.usefixtures("eager_tasks")
def test_an_address_is_confirmed_by_a_mailed_link(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        Client().post("/accounts/signup/", FOUNDER)
    (message,) = mail.outbox
    assert not EmailAddress.objects.get().verified
    link = next(word for word in message.body.split() if "/confirm-email/" in word)
    Client().post(link)
    assert EmailAddress.objects.get().verified


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/sessions/",
        "/accounts/tokens",
        "/accounts/logout/",
        "/organizations/new",
        "/o/acme/profile",
    ],
)
def test_pages_of_ones_own_are_there_without_inline_script_or_style(alice, client_of, address):
    assert Client().get(address).status_code in {302, 404}
    page = client_of(alice).get(address)
    text = page.content.decode()
    assert page.status_code == 200
    assert "<h1" in text
    assert " style=" not in text
    assert " onclick=" not in text
    assert text.count("<script") == text.count("<script nonce=")


def test_a_suspended_member_sees_the_reason_and_nothing_else(bob, charlie):
    now = timezone.now()
    with scope_of(bob):
        Member.objects.filter(pk=bob.pk).update(deactivated_at=now, suspended_at=now)
    browser = sign_in(Client(), bob.user)
    page = browser.get("/")
    assert page.status_code == 200
    assert "You are suspended from <bdi>Acme</bdi>" in page.content.decode()
    assert browser.get("/o/acme/").status_code == 403
    assert sign_in(Client(), charlie.user).get("/").headers["Location"] == "/o/globex/"

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Organization, User
from accounts.roles import Role
from accounts.tenancy import member_of
from accounts.tokens import find_token, issue_token
from tests.cast import make_user, sign_in


def test_an_organization_is_set_up_for_somebody_new(db, capsys):
    call_command("create_organization", "Initech", owner="Ada@Initech.test")
    ada = User.objects.get(email="ada@initech.test")
    assert member_of(ada, "initech").role == Role.OWNER
    assert not ada.has_usable_password()
    said = capsys.readouterr().out
    assert "/o/initech/ belongs to ada@initech.test." in said
    assert "Forgot your password?" in said


def test_an_account_that_exists_is_used(charlie):
    call_command("create_organization", "Initech", owner="charlie@globex.test", slug="ini")
    assert member_of(charlie.user, "ini") is not None


def test_an_account_that_nobody_proved_is_emptied_first(db):
    """Somebody who signed up with the address of a future owner is not to become the owner."""
    squatter = make_user("ceo@initech.test")
    EmailAddress.objects.filter(user=squatter).update(verified=False)
    browser = sign_in(Client(), squatter)
    _, secret = issue_token(squatter, label="backdoor")
    call_command("create_organization", "Initech", owner="CEO@initech.test", slug="ini")
    squatter.refresh_from_db()
    assert member_of(squatter, "ini") is not None
    assert not squatter.has_usable_password()
    assert find_token(secret) is None
    assert browser.get("/api/v1/me").status_code == 401


def test_an_address_that_waits_at_another_account_owns_nothing(charlie):
    EmailAddress.objects.create(user=charlie.user, email="ceo@initech.test")
    call_command("create_organization", "Initech", owner="ceo@initech.test", slug="ini")
    assert member_of(charlie.user, "ini") is None


@pytest.mark.parametrize(
    ("name", "owner", "slug", "why"),
    [
        ("", "ada@initech.test", "x", "name: "),
        ("Initech", "ada@initech.test", "admin", "slug: "),
        ("Initech", "ada@initech.test", "acme", "taken"),
        ("Initech", "nobody", "x", "valid email"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing_behind(acme, name, owner, slug, why):
    with pytest.raises(CommandError, match=why):
        call_command("create_organization", name, owner=owner, slug=slug)
    assert list(Organization.objects.all()) == [acme]
    assert not User.objects.exists()

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organization, User
from accounts.roles import Role
from accounts.tenancy import member_of


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

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts import models
from accounts.actions import invite_member
from accounts.audit import record
from accounts.auth import issue_token
from accounts.models import User
from tests.cast import make_user, scope_of, sign_in

REGISTERED = [models.User, models.Organization, models.Member, models.Invitation, models.ApiToken, models.AuditEntry]


@pytest.fixture
def rows(alice, charlie) -> dict[type[Model], Model]:
    """One row of everything, half of it of either organization."""
    with scope_of(alice):
        invitation, _secret = invite_member(alice, email="dora@acme.test")
        entry = record("member.tested", actor=alice, target=alice)
    token, _secret = issue_token(charlie.user, label="phone")
    found = [alice.user, charlie.organization, alice, invitation, token, entry]
    return dict(zip(REGISTERED, found, strict=True))


@pytest.fixture
def staff(db) -> Client:
    return sign_in(Client(), make_user("root@parley.test", is_staff=True, is_superuser=True))


def address(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:accounts_{model._meta.model_name}_{page}", args=args)


def test_every_model_of_accounts_is_there():
    registered = {model for model in admin.site._registry if model._meta.app_label == "accounts"}
    assert registered == set(REGISTERED)


@pytest.mark.parametrize("model", REGISTERED)
def test_staff_look_at_everything_and_see_no_secret(staff, rows, model):
    row = rows[model]
    assert staff.get(address(model, "changelist") + "?q=a").status_code == 200
    page = staff.get(address(model, "change", row.pk))
    assert page.status_code == 200
    for secret in ("secret_hash", "password"):
        value = getattr(row, secret, "")
        assert not value or value not in page.content.decode()


@pytest.mark.parametrize("model", REGISTERED)
def test_staff_change_nothing_here(staff, rows, model):
    row = rows[model]
    assert staff.get(address(model, "add")).status_code == 403
    assert staff.post(address(model, "change", row.pk), {"name": "x"}).status_code == 403
    assert staff.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403


def test_nobody_else_gets_in(alice, charlie, client_of, rows):
    for browser in (Client(), client_of(alice), client_of(charlie)):
        for model in (Group, *REGISTERED):
            page = browser.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/")
            assert page.status_code in {302, 403, 404}
            assert b"dora@acme.test" not in page.content


def test_the_admins_own_sign_in_page_is_ours(acme):
    page = Client().get("/admin/login/?next=/admin/")
    assert (page.status_code, page.headers["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_staff_who_are_no_longer_staff_are_out(rows, staff):
    User.objects.filter(email="root@parley.test").update(is_staff=False, is_superuser=False)
    assert staff.get(address(models.Member, "changelist")).status_code in {302, 403}

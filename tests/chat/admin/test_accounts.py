from __future__ import annotations

import csv
import io
import json

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import audit_export, models
from accounts.actions import invite_member
from accounts.audit import record
from accounts.models import AuditEntry, Member, User
from accounts.roles import Role
from accounts.tenancy import every_organization
from accounts.tokens import issue_token
from tests.cast import make_member, make_user, scope_of, sign_in

REGISTERED = [models.User, models.Organization, models.Member, models.Invitation, models.ApiToken, models.AuditEntry]
OVERVIEW = "/admin/"


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
    return sign_in(Client(), make_user("root@parley.test", is_staff=True))


def address(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:accounts_{model._meta.model_name}_{page}", args=args)


def text(answer) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode()


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
def test_nobody_changes_anything_by_form(staff, client_of, alice, rows, model):
    row = rows[model]
    for browser in (staff, client_of(alice)):
        assert browser.get(address(model, "add")).status_code == 403
        assert browser.post(address(model, "change", row.pk), {"name": "x"}).status_code in {403, 302}
        assert browser.post(address(model, "delete", row.pk), {"post": "yes"}).status_code in {403, 302}
    with every_organization():
        assert model._default_manager.filter(pk=row.pk).exists()
        assert not Member.objects.filter(name="x").exists()


def test_the_admins_own_sign_in_page_is_ours(acme):
    page = Client().get("/admin/login/?next=/admin/")
    assert (page.status_code, page.headers["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_passwords_are_changed_where_everybody_changes_them(staff):
    assert staff.get("/admin/password_change/").headers["Location"] == reverse("account_change_password")


def test_staff_who_are_no_longer_staff_are_out(rows, staff):
    User.objects.filter(email="root@parley.test").update(is_staff=False)
    assert staff.get(address(models.Member, "changelist")).status_code in {302, 403}


# --- Who sees what ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.OWNER, {"member", "organization", "invitation", "auditentry"}),
        (Role.ADMIN, {"member", "organization", "invitation", "auditentry"}),
        (Role.MODERATOR, {"member", "organization"}),
        (Role.MEMBER, set()),
        (Role.GUEST, set()),
    ],
)
def test_a_role_sees_what_its_rights_say(acme, rows, client_of, role, seen):
    browser = client_of(make_member(acme, "Someone", role=role))
    answers = {model._meta.model_name: browser.get(address(model, "changelist")).status_code for model in REGISTERED}
    assert {name for name, status in answers.items() if status == 200} == seen
    assert all(status in {302, 403} for name, status in answers.items() if name not in seen)
    assert (browser.get(OVERVIEW).status_code == 200) == bool(seen)


def test_a_moderator_sees_no_addresses_of_people(client_of, alice, mona, bob):
    page = address(models.Member, "change", bob.pk)
    assert bob.user.email in text(client_of(alice).get(page))
    assert bob.user.email not in text(client_of(mona).get(page))


def test_an_owner_sees_their_own_organization_alone(client_of, charlie, rows):
    lists = text(client_of(charlie).get(address(models.Organization, "changelist")))
    assert "Globex" in lists
    assert "Acme" not in lists
    assert "Alice" not in text(client_of(charlie).get(address(models.Member, "changelist")))


def test_who_moderates_two_organizations_works_in_one_at_a_time(client_of, mona, globex, alice, charlie):
    make_member(globex, "Mona in Globex", role=Role.MODERATOR, user=mona.user)
    browser = client_of(mona)
    assert "Alice" in text(browser.get(address(models.Member, "changelist")))  # the first by name
    assert browser.get(reverse("admin:choose", args=["globex"])).headers["Location"] == OVERVIEW
    page = text(browser.get(address(models.Member, "changelist")))
    assert ("Charlie" in page, "Alice" in page) == (True, False)
    assert browser.get(address(models.Member, "change", alice.pk)).status_code == 302
    assert reverse("admin:choose", args=["acme"]) in page


def test_a_right_that_ends_closes_the_site_at_once(client_of, mona, alice):
    browser = client_of(mona)
    assert browser.get(OVERVIEW).status_code == 200
    with scope_of(alice):
        Member.objects.filter(pk=mona.pk).update(role=Role.MEMBER)
    assert browser.get(OVERVIEW).status_code in {302, 403}


def test_staff_choose_an_organization_and_leave_it_again(staff, alice, charlie):
    members = address(models.Member, "changelist")
    assert {"Alice", "Charlie"} <= {name for name in ("Alice", "Charlie") if name in text(staff.get(members))}
    staff.get(reverse("admin:choose", args=["globex"]))
    page = text(staff.get(members))
    assert ("Charlie" in page, "Alice" in page) == (True, False)
    assert alice.user.email not in text(staff.get(address(models.User, "changelist")))
    staff.get(reverse("admin:choose_every"))
    assert "Alice" in text(staff.get(members))
    assert staff.get(reverse("admin:choose", args=["nowhere"])).status_code == 404


# --- The audit log ------------------------------------------------------------------------------------


@pytest.fixture
def log(alice, bob) -> list[AuditEntry]:
    with scope_of(alice):
        return [
            record("member.tested", actor=alice, target=bob, before={"title": "a"}, after={"title": "b"}, reason="why"),
            record("channel.tested", actor=bob, target=alice, reason='=HYPERLINK("http://evil.test")'),
            record("message.tested", actor=alice, target=None, after={"text": "+1"}, reason="@sum"),
        ]


def found(browser: Client, **query: object) -> set[str]:
    page = text(browser.get(address(AuditEntry, "changelist"), query))
    return {name for name in ("member.tested", "channel.tested", "message.tested") if name in page}


def test_the_log_is_filtered(client_of, alice, bob, log):
    browser = client_of(alice)
    assert found(browser) == {"member.tested", "channel.tested", "message.tested"}
    assert found(browser, target_type="member", target_id=str(bob.pk)) == {"member.tested"}
    assert found(browser, since="2001-01-01", until="2001-12-31") == set()
    assert found(browser, since="never") == set()
    for actor in ("@bob", "Bob", str(bob.pk)):
        assert "channel.tested" in found(browser, actor=actor)
        assert "member.tested" not in found(browser, actor=actor)
    lines = [json.loads(line) for line in exported(browser, "audit.jsonl", action="message.").splitlines()]
    assert [line["action"] for line in lines] == ["message.tested"]


def exported(browser: Client, name: str, **query: object) -> str:
    answer = browser.get(reverse("admin:accounts_auditentry_export", args=[name]), query)
    assert answer.status_code == 200
    assert name in answer.headers["Content-Disposition"]
    return text(answer)


def test_an_export_is_the_list_and_is_itself_recorded(client_of, alice, log):
    browser = client_of(alice)
    lines = [json.loads(line) for line in exported(browser, "audit.jsonl", target_type="member").splitlines()]
    assert [line["action"] for line in lines] == ["channel.tested", "member.tested"]
    assert (lines[1]["before"], lines[1]["after"], lines[1]["reason"]) == ({"title": "a"}, {"title": "b"}, "why")
    with scope_of(alice):
        entry = AuditEntry.objects.get(action="audit.exported")
    assert entry.after == {"format": "audit.jsonl", "filters": {"target_type": "member"}}
    assert entry.actor_id == alice.pk


def test_no_cell_of_the_table_is_a_formula(client_of, alice, log):
    table = list(csv.DictReader(io.StringIO(exported(client_of(alice), "audit.csv"))))
    assert {row["action"] for row in table} >= {"member.tested", "channel.tested"}
    assert {row["reason"] for row in table} >= {'\'=HYPERLINK("http://evil.test")', "'@sum", "why"}
    assert not [cell for row in table for cell in row.values() if cell.startswith(audit_export.FORMULA)]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1"])
def test_whatever_begins_a_formula_is_made_text(text):
    assert audit_export.safe_cell(text) == "'" + text
    assert audit_export.safe_cell("a" + text) == "a" + text


@pytest.mark.parametrize(
    "text",
    [
        *("＝1+1", "﹦1+1", "⁼1", "＋1", "－1", "−1", "﹣1", "＠SUM(A1)", "﹫a"),
        *(" =1+1", "\u00a0=1", "\u3000＝1", "\u200b=1", "\ufeff=1", "\u202e=1", "\x1b=1", "\x00=1"),
        *('"=1+1', "'=1", "\" '=1"),
    ],
)
def test_what_a_spreadsheet_skips_or_normalizes_does_not_hide_a_formula(text):
    assert audit_export.safe_cell(text) == "'" + text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("x; ＝1;+2", "x;' ＝1;'+2"),
        ("a|@b", "a|'@b"),
        ("1 - 2 = -1, a@b", "1 - 2 = -1, a@b"),
        ("well-known", "well-known"),
        ("", ""),
    ],
)
def test_a_separator_of_another_language_starts_no_formula(text, cell):
    assert audit_export.safe_cell(text) == cell


def test_every_cell_is_quoted(client_of, alice, log):
    header, *rows = exported(client_of(alice), "audit.csv").splitlines()
    assert header.startswith('"id","at"')
    assert rows
    assert all(row.startswith('"') and row.endswith('"') for row in rows)


def test_a_long_log_is_read_page_by_page(alice, monkeypatch):
    monkeypatch.setattr(audit_export, "PAGE", 10)
    with scope_of(alice):
        AuditEntry.objects.bulk_create(
            [AuditEntry(organization_id=alice.organization_id, action=f"a.{number}") for number in range(95)]
        )
        pages = audit_export.pages(AuditEntry.objects.filter(action__startswith="a."))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            first = next(pages)
        assert (len(first), len(queries)) == (10, 1)  # nothing is read before it is sent
        names = [row["action"] for page in (first, *pages) for row in page]
    assert len(names) == len(set(names)) == 95


def test_only_known_files_are_exported(client_of, alice, mona):
    assert client_of(alice).get("/admin/accounts/auditentry/export/passwd").status_code == 404
    assert client_of(mona).get("/admin/accounts/auditentry/export/audit.csv").status_code == 403


def test_history_is_the_audit_log(client_of, alice, mona, bob, log):
    path = address(models.Member, "history", bob.pk)
    answer = client_of(alice).get(path)
    assert answer.status_code == 302
    assert str(bob.pk) in answer.headers["Location"]
    assert client_of(mona).get(path).status_code == 403


def test_the_policy_lets_no_inline_script_and_no_evaluation(client_of, alice):
    policy = client_of(alice).get(OVERVIEW).headers["Content-Security-Policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert directives["script-src"] == ["'self'"]
    assert directives["style-src"] == ["'self'"]
    assert directives["require-trusted-types-for"] == ["'script'"]

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from accounts.actions import change_profile
from accounts.audit import NOWHERE, Origin, acting_from, current_origin, record
from accounts.models import AuditEntry
from accounts.network import client_address
from accounts.tenancy import NoOrganizationInScope, every_organization
from tests.accounts.conftest import audit_log
from tests.cast import scope_of


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditentry SET action = 'nothing.happened'",
        "UPDATE accounts_auditentry SET action = action",
        "DELETE FROM accounts_auditentry",
    ],
)
def test_the_database_refuses_to_change_an_entry(bob, statement):
    record("member.tested", actor=bob, target=bob)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert [entry.action for entry in audit_log("member.tested")] == ["member.tested"]


def test_the_database_refuses_to_empty_the_log(bob):
    record("member.tested", actor=bob, target=bob)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with pending checks cannot be altered
        cursor.execute("ALTER TABLE accounts_auditentry ENABLE TRIGGER audit_is_not_truncated")
    for statement in ("TRUNCATE accounts_auditentry", "TRUNCATE accounts_auditentry RESTART IDENTITY CASCADE"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert [entry.action for entry in audit_log("member.tested")] == ["member.tested"]


def test_the_log_outlives_its_organization(bob):
    entry = record("member.tested", actor=bob, target=bob)
    with every_organization():
        bob.organization.delete()
        assert AuditEntry.objects.get(pk=entry.pk).organization_id == bob.organization_id


def test_the_models_own_methods_are_refused_too(bob, in_acme):
    entry = record("member.tested", actor=bob, target=bob)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(action="nothing.happened")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).delete()


def test_an_entry_says_who_did_what_to_what_from_where(adam, bob):
    origin = Origin(address="2001:db8::7", user_agent="Firefox", request_id="r-1")
    with acting_from(origin):
        entry = record(
            "member.tested", actor=adam, target=bob, before={"title": ""}, after={"title": "x"}, reason="y" * 600
        )
    assert current_origin() == NOWHERE
    entry.refresh_from_db(from_queryset=AuditEntry._base_manager.all())
    assert (entry.organization_id, entry.actor_id, entry.user_id) == (adam.organization_id, adam.pk, adam.user_id)
    assert (entry.target_type, entry.target_id) == ("member", str(bob.pk))
    assert (entry.before, entry.after, entry.reason) == ({"title": ""}, {"title": "x"}, "y" * 500)
    assert (entry.address, entry.user_agent, entry.request_id) == ("2001:db8::7", "Firefox", "r-1")


def test_users_act_outside_any_organization_and_the_system_without_a_user(bob):
    assert (record("user.tested", actor=bob.user, target=bob.user).organization_id) is None
    entry = record("member.tested", actor=None, target=bob)
    assert (entry.organization_id, entry.actor_id, entry.user_id) == (bob.organization_id, None, None)
    assert record("organization.tested", actor=None, target=bob.organization).organization_id == bob.organization_id


def test_charlie_reads_nothing_of_acmes_log(bob, charlie):
    record("member.tested", actor=bob, target=bob)
    with scope_of(charlie):
        assert not AuditEntry.objects.exists()
    with scope_of(bob):
        assert AuditEntry.objects.count() == 1
    with pytest.raises(NoOrganizationInScope):
        AuditEntry.objects.count()


def test_an_entry_goes_with_what_it_speaks_of(bob):
    with scope_of(bob), transaction.atomic():
        change_profile(bob, title="Support")
        transaction.set_rollback(True)
    assert audit_log("member.profile_changed") == []


def test_a_request_is_where_its_changes_come_from(bob, client_of):
    browser = client_of(bob)
    browser.post(
        "/o/acme/profile",
        {"name": "Bob", "handle": "bob", "title": "Support"},
        headers={"User-Agent": "Lynx " + "x" * 300, "X-Request-ID": "abc-1234"},
        REMOTE_ADDR="198.51.100.7",
    )
    (entry,) = audit_log("member.profile_changed")
    assert (entry.actor_id, entry.after, entry.address) == (bob.pk, {"title": "Support"}, "198.51.100.7")
    assert (entry.user_agent, entry.request_id) == ("Lynx " + "x" * 195, "abc-1234")
    with every_organization():
        assert AuditEntry.objects.filter(organization_id=bob.organization_id).count() == 1


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.1", "192.0.2.1"),  # nobody's word is taken
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "6.6.6.6, 203.0.113.1", "203.0.113.1"),  # what the client itself wrote stays unread
        (2, "6.6.6.6, 203.0.113.1, 10.0.0.1", "203.0.113.1"),
        (2, "203.0.113.1", "192.0.2.1"),  # came around a proxy
        (1, "", "192.0.2.1"),
        (1, "unknown", None),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_clients_address_is_believed_of_trusted_proxies_only(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers=headers)
    assert client_address(request) == address


def test_a_unix_socket_has_no_address():
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="")) is None

from __future__ import annotations

from accounts.models import AuditEntry, Member
from accounts.tenancy import every_organization
from tests.chat.api.conftest import code_of


def test_a_report_is_made_once(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    sent = api_of(alice).say(channel, "buy now")
    path = f"messages/{sent['id']}/report"
    first = api_of(bob).make(path, {"reason": "spam", "comment": "again"})
    again = api_of(bob).make(path, {"reason": "other"})
    assert first == again
    assert (first["state"], first["reason"], first["message"]) == ("open", "spam", sent["id"])
    with every_organization():
        assert AuditEntry.objects.filter(action="message.report", actor_id=bob.pk).count() == 1


def test_ones_own_message_needs_no_report(api_of, alice: Member) -> None:
    sent = api_of(alice).say(api_of(alice).channel(), "mine")
    assert code_of(api_of(alice)("POST", f"messages/{sent['id']}/report", {"reason": "spam"})) == (409, "conflict")


def test_charlie_reports_nothing_of_acme(api_of, alice: Member, charlie: Member) -> None:
    sent = api_of(alice).say(api_of(alice).channel(), "ours")
    assert code_of(api_of(charlie)("POST", f"messages/{sent['id']}/report", {"reason": "spam"})) == (404, "not_found")

"""Every read of removed text is recorded, by every way to read it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Member
from tests.cast import scope_of
from tests.chat.api.conftest import code_of

SECRET = "xylophone"


@pytest.fixture
def said(api_of, alice: Member, bob: Member, gus: Member, mona: Member) -> dict[str, Any]:
    """Messages of Bob's, edited once and then kept, hidden and deleted; each was reported."""
    channel = api_of(alice).channel("town", "public", [bob.pk, gus.pk, mona.pk])
    found = {}
    for fate in ("kept", "hidden", "deleted"):
        found[fate] = sent = api_of(bob).say(channel, f"{SECRET} one")
        api_of(bob)("PATCH", f"messages/{sent['id']}", {"text": f"{SECRET} two"})
        api_of(gus).make(f"messages/{sent['id']}/report", {"reason": "spam"})
    api_of(mona)("POST", f"messages/{found['hidden']['id']}/hide", {"reason": "rude"})
    api_of(bob)("DELETE", f"messages/{found['deleted']['id']}")
    return found


def traces(member: Member) -> list[tuple[str, str]]:
    """What was read, as (action, id), by that member."""
    with scope_of(member):
        read = AuditEntry.objects.filter(action__endswith=".read", actor_id=member.pk).order_by("pk")
        return [(entry.action, entry.target_id) for entry in read]


@pytest.mark.parametrize("fate", ["hidden", "deleted"])
def test_revisions_of_a_removed_message(api_of, said, fate: str, mona: Member, bob: Member, charlie: Member) -> None:
    path = f"messages/{said[fate]['id']}/revisions"
    for member in (bob, charlie):
        assert code_of(api_of(member)("GET", path)) == (404, "not_found")
    assert SECRET in api_of(mona).get(path)["results"][0]["text"]
    assert traces(mona) == [("message.read", said[fate]["id"])]
    assert traces(bob) == []


def test_what_a_message_said_before_an_edit_is_no_secret(api_of, said, gus: Member, mona: Member) -> None:
    for member in (gus, mona):
        assert len(api_of(member).get(f"messages/{said['kept']['id']}/revisions")["results"]) == 1
        assert traces(member) == []


def test_the_original_of_a_hidden_message(api_of, said, mona: Member, gus: Member) -> None:
    path = f"messages/{said['hidden']['id']}/original"
    assert code_of(api_of(gus)("GET", path)) == (403, "forbidden")
    assert SECRET in api_of(mona).get(path)["text"]
    assert traces(mona) == [("message.read", said["hidden"]["id"])]


def test_a_report_by_the_api_and_on_the_desk(api_of, client_of, said, mona: Member) -> None:
    reports = {row["message"]: row["id"] for row in api_of(mona).get("reports")["results"]}
    report = reports[said["hidden"]["id"]]
    assert traces(mona) == []
    assert SECRET in api_of(mona).get(f"reports/{report}")["original"]
    page = client_of(mona).get(reverse("admin:chat_report_change", args=[report])).content.decode()
    assert SECRET in page
    assert traces(mona) == [("report.read", report)] * 2


def test_a_report_shows_no_hidden_message_beside_the_reported_one(api_of, client_of, said, mona: Member) -> None:
    reports = {row["message"]: row["id"] for row in api_of(mona).get("reports")["results"]}
    api_of(mona)("POST", f"messages/{said['kept']['id']}/hide", {"reason": "rude"})
    page = client_of(mona).get(reverse("admin:chat_report_change", args=[reports[said["deleted"]["id"]]]))
    said_in_public = page.content.decode().partition('id="revisions-title"')[0]
    assert SECRET not in said_in_public


def test_lists_of_the_desk_show_nothing_hidden_and_pages_leave_a_trace(api_of, client_of, said, mona: Member) -> None:
    browser = client_of(mona)
    api_of(mona)("POST", f"messages/{said['kept']['id']}/hide", {"reason": "rude"})
    for name in ("chat_message_changelist", "chat_report_changelist"):
        assert SECRET not in browser.get(reverse(f"admin:{name}")).content.decode()
    assert traces(mona) == []
    hidden = said["hidden"]["id"]
    assert SECRET in browser.get(reverse("admin:chat_message_change", args=[hidden])).content.decode()
    assert traces(mona) == [("message.read", hidden)]


def test_search_finds_nothing_hidden_or_deleted(api_of, said, mona: Member) -> None:
    found = [hit["id"] for hit in api_of(mona).get("search", q=SECRET)["results"]]
    assert found == [said["kept"]["id"]]
    assert traces(mona) == []

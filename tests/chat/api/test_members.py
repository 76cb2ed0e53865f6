from __future__ import annotations

from accounts.models import Member
from tests.chat.api.conftest import code_of


def test_members_are_listed_by_handle_and_found_by_name(api_of, alice: Member, bob: Member, mona: Member) -> None:
    api = api_of(bob)
    assert [m["handle"] for m in api.get("members")["results"]] == ["alice", "bob", "mona"]
    assert [m["handle"] for m in api.get("members", q="ON")["results"]] == ["mona"]
    page = api.get("members", limit=2)
    assert [m["handle"] for m in api.http.get(page["next"]).json()["results"]] == ["mona"]
    assert api.get(f"members/{alice.pk}")["role"] == "owner"


def test_no_address_is_told(api_of, alice: Member, bob: Member) -> None:
    assert alice.user.email not in str(api_of(bob).get("members"))


def test_a_guest_knows_only_whom_they_meet(api_of, alice: Member, bob: Member, gus: Member) -> None:
    assert [m["handle"] for m in api_of(gus).get("members")["results"]] == ["gus"]
    assert code_of(api_of(gus)("GET", f"members/{bob.pk}")) == (404, "not_found")
    api_of(bob).channel(members=[gus.pk])
    assert [m["handle"] for m in api_of(gus).get("members")["results"]] == ["bob", "gus"]


def test_charlie_knows_nobody_of_acme(api_of, alice: Member, charlie: Member) -> None:
    assert [m["handle"] for m in api_of(charlie).get("members")["results"]] == ["charlie"]
    assert code_of(api_of(charlie)("GET", f"members/{alice.pk}")) == (404, "not_found")
    assert code_of(api_of(charlie, "acme")("GET", "members")) == (404, "not_found")

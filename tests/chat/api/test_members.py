from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Member
from accounts.preferences import COOKIE
from tests.chat.api.conftest import code_of


def test_members_are_listed_by_handle_and_found_by_name(api_of, alice: Member, bob: Member, mona: Member) -> None:
    api = api_of(bob)
    assert [m["handle"] for m in api.get("members")["results"]] == ["alice", "bob", "mona"]
    assert [m["handle"] for m in api.get("members", q="ON")["results"]] == ["mona"]
    page = api.get("members", limit=2)
    assert [m["handle"] for m in api.http.get(page["next"]).json()["results"]] == ["mona"]
    assert api.get(f"members/{alice.pk}")["role"] == "owner"


def test_no_address_is_shown(api_of, alice: Member, bob: Member) -> None:
    assert alice.user.email not in str(api_of(bob).get("members"))


def test_a_guest_knows_only_whom_they_meet(api_of, alice: Member, bob: Member, gus: Member) -> None:
    assert [m["handle"] for m in api_of(gus).get("members")["results"]] == ["gus"]
    assert code_of(api_of(gus)("GET", f"members/{bob.pk}")) == (404, "not_found")
    api_of(bob).channel(members=[gus.pk])
    assert [m["handle"] for m in api_of(gus).get("members")["results"]] == ["bob", "gus"]


def test_people_are_asked_for_by_id(api_of, alice: Member, bob: Member, gus: Member, charlie: Member) -> None:
    api_of(bob).channel(members=[gus.pk])
    ids = f"{bob.pk},{alice.pk},{charlie.pk}"
    assert [m["handle"] for m in api_of(alice).get("members", ids=ids)["results"]] == ["alice", "bob"]
    assert [m["handle"] for m in api_of(gus).get("members", ids=ids)["results"]] == ["bob"]
    assert [m["handle"] for m in api_of(charlie).get("members", ids=ids)["results"]] == ["charlie"]
    assert code_of(api_of(bob)("GET", "members?ids=bob")) == (422, "invalid")
    assert code_of(api_of(bob)("GET", "members?ids=" + ",".join([str(bob.pk)] * 101))) == (422, "invalid")


def test_charlie_knows_nobody_of_acme(api_of, alice: Member, charlie: Member) -> None:
    assert [m["handle"] for m in api_of(charlie).get("members")["results"]] == ["charlie"]
    assert code_of(api_of(charlie)("GET", f"members/{alice.pk}")) == (404, "not_found")
    assert code_of(api_of(charlie, "acme")("GET", "members")) == (404, "not_found")


def test_preferences_are_changed_one_by_one_and_shown_to_nobody_else(api_of, alice: Member, bob: Member) -> None:
    api = api_of(bob)
    assert api.get("members/me")["preferences"] == {
        "theme": "system",
        "density": "comfortable",
        "clock": "auto",
        "motion": "system",
        "smileys": "on",
        "keywords": [],
    }
    api("PATCH", "members/me", {"preferences": {"theme": "dark"}})
    changed = api("PATCH", "members/me", {"preferences": {"clock": "24"}, "title": "Support"}).json()
    assert (changed["title"], changed["preferences"]["theme"], changed["preferences"]["clock"]) == (
        "Support",
        "dark",
        "24",
    )
    assert api.get(f"members/{bob.pk}") == changed | {"shared": []}
    assert "preferences" not in api_of(alice).get(f"members/{bob.pk}")
    assert all("preferences" not in m for m in api_of(alice).get("members")["results"] if m["handle"] == "bob")


@pytest.mark.parametrize(
    "body",
    [
        {"preferences": {"theme": "pink"}},
        {"preferences": {"theme": 1}},
        {"preferences": []},
        {"preferences": {"keywords": "plan"}},
        {"preferences": {"keywords": ["x" * 41]}},
        {"preferences": {"keywords": [str(number) for number in range(21)]}},
        {"preferences": {"keywords": ["plan", "!?"]}},
        {"preferences": {"keywords": ["  "]}},
        {"name": ""},
        {"title": "x" * 81},
        {"title": "Cook", "handle": "no spaces"},
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(api_of, bob: Member, body: dict[str, object]) -> None:
    before = api_of(bob).get("members/me")
    assert code_of(api_of(bob)("PATCH", "members/me", body)) == (422, "invalid")
    assert api_of(bob).get("members/me") == before


def test_keywords_are_cleaned_and_private(api_of, alice: Member, bob: Member) -> None:
    api = api_of(bob)
    answer = api("PATCH", "members/me", {"preferences": {"keywords": [" on   call ", "Plan", "plan", "東京", "🚀"]}})
    assert answer.json()["preferences"]["keywords"] == ["on call", "plan", "東京", "🚀"]
    assert "call" not in answer.cookies[COOKIE].value
    assert "preferences" not in api_of(alice).get(f"members/{bob.pk}")
    assert api("PATCH", "members/me", {"preferences": {"keywords": []}}).json()["preferences"]["keywords"] == []


def test_a_handle_that_is_taken_changes_nothing(api_of, alice: Member, bob: Member) -> None:
    body = {"handle": "alice", "preferences": {"theme": "dark"}}
    assert code_of(api_of(bob)("PATCH", "members/me", body)) == (409, "conflict")
    assert api_of(bob).get("members/me")["preferences"]["theme"] == "system"


def test_the_first_paint_is_as_one_likes_it(api_of, bob: Member) -> None:
    api = api_of(bob)
    api("PATCH", "members/me", {"preferences": {"theme": "dark", "density": "compact", "motion": "reduced"}})
    page = api.http.get("/o/acme/").content.decode()
    assert 'data-theme="dark" data-density="compact" data-motion="reduced"' in page
    del api.http.cookies[settings.SESSION_COOKIE_NAME]  # signed out, the browser still looks as it did
    assert 'data-theme="dark"' in api.http.get("/accounts/login/").content.decode()
    assert 'data-theme="system"' in Client().get("/accounts/login/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("forged", ["", "{", '{"theme": "x\\" onload"}', "[]", "null"])
def test_a_forged_cookie_is_not_believed(forged: str) -> None:
    browser = Client()
    browser.cookies[COOKIE] = forged
    assert 'data-theme="system"' in browser.get("/accounts/login/").content.decode(), forged


def test_the_directory_finds_words_of_name_handle_and_title(api_of, alice: Member, bob: Member, mona: Member) -> None:
    api = api_of(bob)
    api("PATCH", "members/me", {"name": "Bob Żółć", "title": "Support, Berlin"})
    for q in ("bob", "@bo", "żół", "BERLIN sup", "support żółć bob"):
        assert [m["handle"] for m in api.get("members", q=q)["results"]] == ["bob"], q
    for q in ("berlin mona", "%", "_", "b%b"):
        assert api.get("members", q=q)["results"] == [], q


def test_a_profile_names_the_conversations_one_shares(api_of, alice: Member, bob: Member, gus: Member) -> None:
    town = api_of(alice).channel("town", "private", [bob.pk, gus.pk])
    api_of(alice).channel("elsewhere", "private", [gus.pk])
    assert api_of(bob).get(f"members/{gus.pk}")["shared"] == [town["id"]]
    api_of(alice)("DELETE", f"conversations/{town['id']}/participants/{bob.pk}")
    assert api_of(bob).get(f"members/{gus.pk}")["shared"] == []

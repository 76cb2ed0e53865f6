from __future__ import annotations

from accounts.models import Member
from tests.chat.api.conftest import code_of


def test_a_client_starts_from_nothing_and_goes_on_from_its_cursor(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    sent = api_of(alice).say(channel, "hello")

    first = api_of(bob).get("sync")

    assert (first["full"], first["more"]) == (True, False)
    assert first["me"]["id"] == str(bob.pk)
    assert first["organization"]["slug"] == "acme"
    assert first["messages"] == [sent]
    assert first["removed"] == {"conversations": [], "members": []}
    assert {p["member"]: p["state"] for p in first["presence"]}[str(bob.pk)] == "online"
    assert not api_of(bob).get("sync", cursor=first["cursor"])["full"]


def test_an_answer_that_did_not_change_is_not_sent_again(api_of, alice: Member) -> None:
    api = api_of(alice)
    cursor = api.get("sync")["cursor"]
    answer = api("GET", "sync", cursor=cursor)
    again = api.http.get(f"/o/acme/api/v1/sync?cursor={cursor}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    api.say(api.channel(), "fresh")
    answer = api.http.get(f"/o/acme/api/v1/sync?cursor={cursor}", headers={"If-None-Match": answer.headers["ETag"]})
    assert [m["text"] for m in answer.json()["messages"]] == ["fresh"]


def test_a_cursor_that_makes_no_sense_is_no_error(api_of, alice: Member) -> None:
    assert api_of(alice).get("sync", cursor="garbage")["full"]
    assert code_of(api_of(alice)("GET", "sync", limit="many")) == (422, "invalid")


def test_charlie_syncs_nothing_of_acme(api_of, alice: Member, charlie: Member) -> None:
    api_of(alice).say(api_of(alice).channel(), "between us")
    cursor = api_of(alice).get("sync")["cursor"]
    assert code_of(api_of(charlie, "acme")("GET", "sync")) == (404, "not_found")
    answer = api_of(charlie).get("sync", cursor=cursor)
    assert (answer["full"], answer["conversations"], answer["messages"]) == (True, [], [])

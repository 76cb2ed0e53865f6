"""Members who were warned, muted or suspended read why and until when; reporters read the outcome."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.actions import deactivate_member
from accounts.models import Member
from accounts.tenancy import every_organization
from chat.models import Sanction
from tests.cast import make_member, scope_of, sign_in
from tests.chat.api.conftest import code_of

UNKNOWN = "01a22e07-a763-723f-9648-1d82221c656b"


def soon(**time: int) -> str:
    return (timezone.now() + timedelta(**time)).isoformat()


def problem_of(answer: Any) -> Any:
    code_of(answer)
    return json.loads(answer.content)


def test_a_muted_member_is_answered_with_the_reason_and_the_end(api_of, bob: Member, mona: Member) -> None:
    muted, moderator = api_of(bob), api_of(mona)
    channel = muted.channel(members=[mona.pk])
    message = muted.say(channel, "before")
    moderator.make(f"members/{bob.pk}/mute", {"reason": "Floods the channel <b>", "until": "2099-05-06T07:08:00Z"})
    attempts = {
        f"conversations/{channel['id']}/messages": ("POST", {"ref": UNKNOWN, "text": "hm"}),
        f"messages/{message['id']}": ("PATCH", {"text": "hm"}),
        f"messages/{message['id']}/reactions/👍": ("PUT", None),
    }
    for path, (method, body) in attempts.items():
        problem = problem_of(muted(method, path, body))
        assert (problem["status"], problem["code"], problem["sanction"]) == (403, "forbidden", "mute")
        assert (problem["reason"], problem["until"]) == ("Floods the channel <b>", "2099-05-06T07:08:00Z")
        assert "Floods the channel <b>" in problem["detail"]
        assert "2099-05-06 07:08 UTC" in problem["detail"]
        assert "Mona" not in problem["detail"]
    lift = {"reason": "Enough", "kind": "mute"}
    assert moderator("POST", f"members/{bob.pk}/lift", lift).status_code == 200
    assert muted.say(channel, "after")["text"] == "after"


def test_a_second_mute_gives_its_own_reason(api_of, bob: Member, mona: Member) -> None:
    channel = api_of(bob).channel()
    for reason in ("First", "Second"):
        api_of(mona).make(f"members/{bob.pk}/mute", {"reason": reason, "until": soon(hours=1)})
    path = f"conversations/{channel['id']}/messages"
    assert problem_of(api_of(bob)("POST", path, {"ref": UNKNOWN, "text": "hm"}))["reason"] == "Second"


def test_a_suspended_member_and_nobody_else_reads_why(
    api_of, acme: Any, bob: Member, gus: Member, mona: Member, charlie: Member
) -> None:
    moderator = api_of(mona)
    moderator.make(f"members/{bob.pk}/suspend", {"reason": "Threats & insults", "until": "2099-05-06T07:08:00Z"})
    with scope_of(gus):
        deactivate_member(gus, gus)
    suspended = api_of(bob)  # signs in again: the suspension ended all sessions
    for path in ("sync", "conversations", f"members/{mona.pk}", f"conversations/{UNKNOWN}/messages"):
        problem = problem_of(suspended("GET", path))
        assert (problem["status"], problem["code"], problem["sanction"]) == (403, "forbidden", "suspension")
        assert (problem["reason"], problem["until"]) == ("Threats & insults", "2099-05-06T07:08:00Z")
        for stranger in (api_of(gus), api_of(charlie, "acme")):
            other = stranger("GET", path)
            assert code_of(other) == (404, "not_found")
            assert b"Threats" not in other.content
    page = suspended.http.get("/o/acme/")
    assert page.status_code == 403
    assert "Threats &amp; insults" in page.content.decode()
    assert "6 May 2099, 07:08" in page.content.decode()
    assert "Threats &amp; insults" in suspended.http.get("/").content.decode()
    for other_page in ("/o/globex/", "/o/nowhere/"):
        assert suspended.http.get(other_page).status_code == 404
    lift = {"reason": "They apologised", "kind": "suspension"}
    assert moderator("POST", f"members/{bob.pk}/lift", lift).status_code == 200
    assert suspended.http.get("/o/acme/").status_code == 200


def test_a_suspension_without_end_says_so(api_of, bob: Member, mona: Member) -> None:
    api_of(mona).make(f"members/{bob.pk}/suspend", {"reason": "Spam"})
    problem = problem_of(api_of(bob)("GET", "sync"))
    assert (problem["reason"], problem["until"]) == ("Spam", None)
    assert "until a moderator lifts it" in api_of(bob).http.get("/o/acme/").content.decode()


def test_a_former_member_who_was_suspended_before_receives_nothing_more(
    api_of, alice: Member, bob: Member, mona: Member
) -> None:
    api_of(mona).make(f"members/{bob.pk}/suspend", {"reason": "Threats"})
    with scope_of(alice):
        deactivate_member(alice, bob)
    assert code_of(api_of(bob)("GET", "sync")) == (404, "not_found")


def test_a_warning_is_read_and_acknowledged_by_the_member_alone(
    api_of, bob: Member, gus: Member, mona: Member, charlie: Member
) -> None:
    warned, moderator = api_of(bob), api_of(mona)
    warning = moderator.make(f"members/{bob.pk}/warn", {"reason": "Mind your tone."})
    (received,) = warned.get("members/me/sanctions")["results"]
    assert (received["id"], received["reason"], received["acknowledged_at"]) == (warning["id"], "Mind your tone.", None)
    assert "created_by" not in received
    path = f"members/me/sanctions/{warning['id']}/acknowledge"
    for stranger in (api_of(gus), moderator, api_of(charlie, "acme"), api_of(charlie)):
        assert code_of(stranger("POST", path)) == (404, "not_found")
    assert code_of(warned("POST", f"members/me/sanctions/{UNKNOWN}/acknowledge")) == (404, "not_found")
    first, again = (json.loads(warned("POST", path).content) for _ in range(2))
    assert first["acknowledged_at"] is not None
    assert first == again == warned.get("sync")["sanctions"][0]
    (row,) = moderator.get("sanctions", member=bob.pk)["results"]
    assert row["acknowledged_at"] == first["acknowledged_at"]
    assert [api_of(other).get("members/me/sanctions")["results"] for other in (gus, mona)] == [[], []]


def test_measures_against_oneself_are_paged(api_of, bob: Member, mona: Member) -> None:
    for number in range(3):
        api_of(mona).make(f"members/{bob.pk}/warn", {"reason": f"Warning {number}"})
    first = api_of(bob).get("members/me/sanctions", limit=2)
    rest = api_of(bob).get("members/me/sanctions", before=first["results"][-1]["id"])
    assert [row["reason"] for row in first["results"]] == ["Warning 2", "Warning 1"]
    assert first["next"] is not None
    assert ([row["reason"] for row in rest["results"]], rest["next"]) == (["Warning 0"], None)


def test_the_outcome_of_a_report_is_read_and_acknowledged_by_the_reporter_alone(
    api_of, alice: Member, bob: Member, mona: Member, gus: Member, charlie: Member
) -> None:
    reporter, moderator, author = api_of(alice), api_of(mona), api_of(bob)
    channel = author.channel(members=[alice.pk, gus.pk])
    report = reporter.make(f"messages/{author.say(channel, 'buy')['id']}/report", {"reason": "spam"})
    path = f"members/me/reports/{report['id']}/acknowledge"
    assert code_of(reporter("POST", path)) == (409, "conflict")
    decision = {"state": "resolved", "outcome": "warned"}
    assert moderator("PATCH", f"reports/{report['id']}", decision).status_code == 200
    (received,) = reporter.get("members/me/reports")["results"]
    assert (received["state"], received["outcome"], received["acknowledged_at"]) == ("resolved", "warned", None)
    for stranger in (author, moderator, api_of(gus), api_of(charlie, "acme"), api_of(charlie)):
        assert code_of(stranger("POST", path)) == (404, "not_found")
    first, again = (json.loads(reporter("POST", path).content) for _ in range(2))
    assert first["acknowledged_at"] is not None
    assert first == again
    assert "Mona" not in json.dumps(first) + json.dumps(received)
    assert str(mona.pk) not in json.dumps(first)
    assert moderator("PATCH", f"reports/{report['id']}", {"state": "open"}).status_code == 200
    assert reporter.get("members/me/reports")["results"][0]["acknowledged_at"] is None


def test_moderators_count_the_open_reports_but_those_about_themselves(
    api_of, acme: Any, alice: Member, bob: Member, mona: Member, charlie: Member
) -> None:
    mike = make_member(acme, "Mike", role="moderator")
    channel = api_of(alice).channel(members=[bob.pk, mona.pk, mike.pk])
    about_bob, about_mona = (api_of(author).say(channel, "buy")["id"] for author in (bob, mona))
    for message in (about_bob, about_mona):
        api_of(alice).make(f"messages/{message}/report", {"reason": "spam"})
    counts = {each.name: len(api_of(each).get("sync")["cases"]) for each in (alice, mona, mike, bob, charlie)}
    assert counts == {"Alice": 2, "Mona": 1, "Mike": 2, "Bob": 0, "Charlie": 0}
    assert about_bob not in json.dumps(api_of(mona).get("sync")["cases"])


def test_reasons_from_before_are_kept_on_the_members(api_of, bob: Member, mona: Member) -> None:
    """The reason beside the member is that of the measure in force, and goes with it."""
    api_of(mona).make(f"members/{bob.pk}/mute", {"reason": "Noise", "until": soon(hours=1)})
    api_of(mona).make(f"members/{bob.pk}/suspend", {"reason": "Threats"})
    with every_organization():
        bob.refresh_from_db()
        reasons = dict(Sanction.objects.filter(member=bob).values_list("kind", "reason"))
    assert (bob.mute_reason, bob.suspension_reason) == (reasons["mute"], reasons["suspension"])
    for kind in ("suspension", "mute"):
        assert api_of(mona)("POST", f"members/{bob.pk}/lift", {"reason": "Enough", "kind": kind}).status_code == 200
    with every_organization():
        bob.refresh_from_db()
    assert (bob.mute_reason, bob.suspension_reason) == ("", "")


def test_the_page_of_a_suspended_member_needs_a_session(client: Any, bob: Member, mona: Member, api_of) -> None:
    api_of(mona).make(f"members/{bob.pk}/suspend", {"reason": "Threats"})
    assert client.get("/o/acme/").status_code == 302
    assert sign_in(client, bob.user).get("/o/acme/").status_code == 403

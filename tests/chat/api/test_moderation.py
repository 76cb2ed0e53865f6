"""The moderators' desk over REST: who may, what it does, and what stands in the audit log afterwards."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Member
from accounts.tenancy import every_organization
from chat.models import Event, Message, Revision
from tests.chat.api.conftest import code_of

pytestmark = pytest.mark.django_db

BECAUSE = {"reason": "because"}


def soon(**ahead: int) -> str:
    return (timezone.now() + timedelta(**ahead)).isoformat()


def entries(action: str) -> list[AuditEntry]:
    with every_organization():
        return list(AuditEntry.objects.filter(action=action).order_by("pk"))


def test_hide_and_restore(api_of, bob: Member, mona: Member, gus: Member, charlie: Member) -> None:
    moderator, author = api_of(mona), api_of(bob)
    message = author.say(author.channel(), "rude words")
    path = f"messages/{message['id']}"
    assert code_of(author("POST", f"{path}/hide", BECAUSE)) == (403, "forbidden")
    assert code_of(api_of(gus)("POST", f"{path}/hide", BECAUSE)) == (404, "not_found")
    assert code_of(api_of(charlie, "acme")("POST", f"{path}/hide", BECAUSE)) == (404, "not_found")
    assert code_of(moderator("POST", f"{path}/hide", {"reason": " "})) == (422, "invalid")
    hidden = json.loads(moderator("POST", f"{path}/hide", {"reason": "Rude"}).content)
    assert (hidden["text"], hidden["html"], hidden["hidden_at"] is not None) == ("", "", True)
    assert author.get(path)["text"] == ""
    assert author.get("search", q="rude")["results"] == []
    assert code_of(author("PATCH", path, {"text": "polite words"})) == (403, "forbidden")
    assert code_of(author("GET", f"{path}/original")) == (403, "forbidden")
    assert code_of(author("GET", f"{path}/revisions")) == (404, "not_found")
    assert moderator.get(f"{path}/original")["text"] == "rude words"
    assert json.loads(moderator("POST", f"{path}/restore", BECAUSE).content)["text"] == "rude words"
    (entry,) = entries("message.hidden")
    assert (entry.actor_id, entry.reason, entry.before["hidden_at"]) == (mona.pk, "Rude", None)
    assert entry.after["hidden_at"]
    assert len(entries("message.read")) == 1


def test_remove_for_good_leaves_no_word(api_of, bob: Member, mona: Member, charlie: Member) -> None:
    author, moderator = api_of(bob), api_of(mona)
    channel = author.channel()
    message = author.say(channel, "the password is xyzzy")
    author("PATCH", f"messages/{message['id']}", {"text": "the password was xyzzy"})
    assert code_of(api_of(charlie, "acme")("POST", f"messages/{message['id']}/remove", BECAUSE))[0] == 404
    removed = json.loads(moderator("POST", f"messages/{message['id']}/remove", {"reason": "A secret"}).content)
    assert (removed["text"], removed["deleted_at"] is not None, removed["seq"]) == ("", True, message["seq"])
    with every_organization():
        assert not Revision.objects.filter(message=message["id"]).exists()
        row = Message.objects.get(pk=message["id"])
        assert (row.text, row.html, str(row.search)) == ("", "", "")
        assert not Event.objects.filter(data__contains="xyzzy").exists()
    assert "xyzzy" not in str([vars(entry) for entry in entries("message.removed")])
    assert author.say(channel, "next")["seq"] == message["seq"] + 1


def test_nobody_acts_on_themselves_or_their_betters(
    api_of, alice: Member, adam: Member, mona: Member, bob: Member, charlie: Member
) -> None:
    moderator = api_of(mona)
    for subject in (alice, adam, mona):
        for act in ("warn", "suspend"):
            assert code_of(moderator("POST", f"members/{subject.pk}/{act}", BECAUSE)) == (403, "forbidden")
    assert code_of(api_of(bob)("POST", f"members/{mona.pk}/warn", BECAUSE)) == (403, "forbidden")
    assert code_of(moderator("POST", f"members/{charlie.pk}/warn", BECAUSE)) == (404, "not_found")
    assert code_of(api_of(alice)("POST", f"members/{alice.pk}/suspend", BECAUSE)) == (403, "forbidden")
    owners = api_of(alice).say(api_of(alice).channel(), "I am the owner")
    assert code_of(moderator("POST", f"messages/{owners['id']}/hide", BECAUSE)) == (403, "forbidden")


def test_a_mute_takes_writing_away_until_it_is_over(api_of, bob: Member, mona: Member, charlie: Member) -> None:
    muted, moderator = api_of(bob), api_of(mona)
    channel = muted.channel()
    message = muted.say(channel, "before")
    mute = {"reason": "Noise", "until": soon(hours=1)}
    assert code_of(api_of(charlie, "acme")("POST", f"members/{bob.pk}/mute", mute))[0] == 404
    assert code_of(moderator("POST", f"members/{bob.pk}/mute", {"reason": "Noise", "until": soon(hours=-1)}))[0] == 422
    moderator.make(f"members/{bob.pk}/mute", mute)
    path = f"conversations/{channel['id']}/messages"
    assert code_of(muted("POST", path, {"ref": "6f1c1f4e-7f0b-4c57-9d5a-0d4bb0a7f5a1", "text": "hm"})) == (
        403,
        "forbidden",
    )
    assert code_of(muted("PATCH", f"messages/{message['id']}", {"text": "hm"})) == (403, "forbidden")
    assert code_of(muted("PUT", f"messages/{message['id']}/reactions/👍")) == (403, "forbidden")
    assert muted.get("sync")["me"]["muted_until"] is not None
    assert [sanction["kind"] for sanction in muted.get("sync")["sanctions"]] == ["mute"]
    assert "muted_until" not in moderator.get(f"members/{bob.pk}")
    with every_organization():  # its time is over: no task is needed
        Member.objects.filter(pk=bob.pk).update(muted_until=timezone.now())
    assert muted.say(channel, "after")["text"] == "after"
    (entry,) = entries("member.muted")
    assert (entry.actor_id, entry.before, entry.reason) == (mona.pk, {"muted_until": None}, "Noise")


def test_a_mute_ends_at_any_offset_of_a_clock(api_of, bob: Member, mona: Member, charlie: Member) -> None:
    mute, moderator = f"members/{bob.pk}/mute", api_of(mona)
    assert code_of(moderator("POST", mute, {"reason": "Noise", "until": "9999-12-31T23:59:59-23:00"}))[0] == 422
    unusual = {"reason": "Noise", "until": "2384-02-26T16:10:32+20:15"}  # PostgreSQL knows offsets below 16 hours
    assert code_of(api_of(charlie, "acme")("POST", mute, unusual))[0] == 404
    moderator.make(mute, unusual)
    assert api_of(bob).get("sync")["me"]["muted_until"].startswith("2384-02-25T19:55:32")


def test_a_suspended_member_is_a_former_one_until_it_is_lifted(
    api_of, alice: Member, bob: Member, mona: Member, charlie: Member
) -> None:
    moderator, suspended = api_of(mona), api_of(bob)
    suspended.get("conversations")
    moderator.make(f"members/{bob.pk}/suspend", {"reason": "Threats"})
    assert suspended("GET", "conversations").status_code == 401
    found = moderator.get(f"members/{bob.pk}")
    assert (found["suspended_at"] is not None, found["deactivated_at"] is not None) == (True, True)
    assert code_of(moderator("POST", f"members/{bob.pk}/suspend", BECAUSE)) == (409, "conflict")
    assert (
        code_of(api_of(charlie, "acme")("POST", f"members/{bob.pk}/lift", {**BECAUSE, "kind": "suspension"}))[0] == 404
    )
    assert moderator("POST", f"members/{bob.pk}/lift", {**BECAUSE, "kind": "suspension"}).status_code == 200
    assert api_of(bob)("GET", "conversations").status_code == 200
    assert [row["lifted_at"] is not None for row in moderator.get("sanctions", member=bob.pk)["results"]] == [True]


def test_rules_of_a_channel(api_of, alice: Member, bob: Member, mona: Member, charlie: Member) -> None:
    owner, member, moderator = api_of(alice), api_of(bob), api_of(mona)
    channel = owner.channel(members=[bob.pk, mona.pk])
    path = f"conversations/{channel['id']}"

    def post(api: Any, text: str, **fields: Any) -> Any:
        from uuid import uuid4

        return api("POST", f"{path}/messages", {"ref": uuid4(), "text": text, **fields})

    root = member.say(channel, "first")
    assert code_of(api_of(charlie, "acme")("PATCH", path, {"locked": True}))[0] == 404
    assert code_of(member("PATCH", path, {"slow_mode": 5})) == (403, "forbidden")
    assert code_of(moderator("PATCH", path, {"locked": True})) == (422, "invalid")
    assert moderator("PATCH", path, {"locked": True, "reason": "Calm down"}).status_code == 200
    assert code_of(post(member, "no")) == (403, "forbidden")
    assert post(moderator, "yes").status_code == 201
    assert moderator("PATCH", path, {"locked": False, "announcement_only": True, "reason": "Quiet"}).status_code == 200
    assert code_of(post(member, "no")) == (403, "forbidden")
    assert post(member, "in a thread", thread=root["id"]).status_code == 201
    assert moderator("PATCH", path, {"announcement_only": False, "slow_mode": 60, "reason": "Slow"}).status_code == 200
    refused = post(member, "too soon")
    assert (code_of(refused), 0 < int(refused.headers["Retry-After"]) <= 60) == ((429, "throttled"), True)
    assert code_of(moderator("PATCH", path, {"retention_days": 7, "reason": "Law"})) == (403, "forbidden")
    assert owner("PATCH", path, {"retention_days": 7}).status_code == 200
    assert owner.get(path)["retention_days"] == 7


def test_a_report_from_message_to_outcome_in_a_channel_the_moderator_is_not_in(
    api_of, alice: Member, bob: Member, mona: Member, gus: Member, charlie: Member
) -> None:
    owner, author, moderator = api_of(alice), api_of(bob), api_of(mona)
    channel = owner.channel("secret", kind="private", members=[bob.pk])
    messages = [author.say(channel, f"message {number}") for number in range(30)]
    bad = messages[15]["id"]
    assert code_of(moderator("GET", f"messages/{bad}")) == (404, "not_found")
    assert code_of(moderator("POST", f"messages/{bad}/hide", BECAUSE)) == (404, "not_found")
    report = owner.make(f"messages/{bad}/report", {"reason": "spam", "comment": "Look"})
    assert code_of(author("GET", "reports")) == (403, "forbidden")
    assert code_of(author("GET", f"reports/{report['id']}")) == (404, "not_found")
    assert code_of(api_of(charlie, "acme")("GET", f"reports/{report['id']}")) == (404, "not_found")
    assert [row["id"] for row in moderator.get("reports", state="open", author=bob.pk)["results"]] == [report["id"]]
    assert moderator.get("reports", reason="harassment")["results"] == []
    context = moderator.get(f"reports/{report['id']}")
    assert context["original"] == "message 15"
    assert [row["text"] for row in context["before"]] == [f"message {number}" for number in range(5, 15)]
    assert [row["text"] for row in context["after"]] == [f"message {number}" for number in range(16, 26)]
    assert len(entries("report.read")) == 1
    assert moderator("POST", f"messages/{bad}/hide", {"reason": "Spam"}).status_code == 200
    path = f"reports/{report['id']}"
    assert moderator("PATCH", path, {"state": "in_review", "assignee": mona.pk, "note": "Mine."}).status_code == 200
    assert code_of(moderator("PATCH", path, {"assignee": bob.pk})) == (422, "invalid")
    decided = json.loads(moderator("PATCH", path, {"state": "resolved"}).content)
    assert (decided["outcome"], decided["decided_by"]) == ("hidden", str(mona.pk))
    (found,) = owner.get("sync")["reports"]
    assert (found["state"], found["outcome"]) == ("resolved", "hidden")
    assert str(mona.pk) not in json.dumps(found)
    assert [note["text"] for note in moderator.get(path)["notes"]] == ["Mine."]


def test_reports_about_oneself_are_not_on_ones_desk(api_of, alice: Member, mona: Member, charlie: Member) -> None:
    moderator = api_of(mona)
    message = moderator.say(moderator.channel(), "power")
    report = api_of(alice).make(f"messages/{message['id']}/report", {"reason": "harassment"})
    assert moderator.get("reports")["results"] == []
    assert code_of(moderator("GET", f"reports/{report['id']}")) == (404, "not_found")
    assert code_of(moderator("PATCH", "reports", {"reports": [report["id"]], "state": "dismissed"}))[0] == 404
    assert api_of(charlie).get("reports")["results"] == []


def test_several_reports_are_decided_together(api_of, alice: Member, bob: Member, gus: Member, charlie: Member) -> None:
    owner = api_of(alice)
    channel = owner.channel(members=[bob.pk, gus.pk])
    author, reporter = api_of(bob), api_of(gus)
    ids = [
        reporter.make(f"messages/{author.say(channel, f'spam {number}')['id']}/report", {"reason": "spam"})["id"]
        for number in range(3)
    ]
    assert code_of(api_of(charlie)("PATCH", "reports", {"reports": ids, "state": "dismissed"}))[0] == 404
    answer = owner("PATCH", "reports", {"reports": ids, "state": "dismissed", "note": "All the same."})
    assert [row["outcome"] for row in json.loads(answer.content)["results"]] == ["no_action"] * 3
    assert owner.get("reports", state="open")["results"] == []


def test_receipts_go_as_far_as_ones_rights(
    api_of, alice: Member, bob: Member, mona: Member, gus: Member, charlie: Member
) -> None:
    owner, author, other = api_of(alice), api_of(bob), api_of(gus)
    channel = owner.channel(members=[bob.pk, mona.pk, gus.pk])
    other.make("clients", {"platform": "ios", "label": "phone"})
    message = author.say(channel, "did you get it?")
    path = f"messages/{message['id']}/receipts"
    assert code_of(other("GET", path)) == (403, "forbidden")
    assert code_of(api_of(charlie, "acme")("GET", path)) == (404, "not_found")
    other("PUT", f"conversations/{channel['id']}/read", {"seq": message["seq"]})
    found = author.get(path)
    assert found["read"] == [str(gus.pk)]
    by_member = {row["member"]: row for row in found["delivered"]}
    assert (by_member[str(gus.pk)]["delivered"], by_member[str(gus.pk)]["clients"]) == (False, None)
    (phone,) = {row["member"]: row for row in owner.get(path)["delivered"]}[str(gus.pk)]["clients"]
    assert (phone["label"], phone["delivered"]) == ("phone", False)

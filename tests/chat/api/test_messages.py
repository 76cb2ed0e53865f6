from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from accounts.models import AuditEntry, Member
from accounts.tenancy import organization_scope
from chat.models import Message
from tests.cast import make_member, scope_of
from tests.chat.api.conftest import Api, code_of


def test_a_message_is_stored_and_read_back_as_it_was_answered(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    sent = api_of(bob).say(channel, "Hello **world**")

    assert sent["seq"] == 1
    assert sent["version"] == 1
    assert sent["author"] == str(bob.pk)
    assert "<strong>world</strong>" in sent["html"]
    page = api_of(alice).get(f"conversations/{channel['id']}/messages")
    assert page == {"results": [sent], "next": None, "before": None, "after": None}
    assert api_of(alice).get(f"messages/{sent['id']}") == sent


def test_the_same_ref_sends_once(api_of, alice: Member) -> None:
    api, ref = api_of(alice), str(uuid4())
    channel = api.channel()
    path = f"conversations/{channel['id']}/messages"

    first = api("POST", path, {"ref": ref, "text": "once"})
    again = api("POST", path, {"ref": ref, "text": "once"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(api.get(path)["results"]) == 1


def test_a_ref_of_another_conversation_is_a_conflict(api_of, alice: Member) -> None:
    api, ref = api_of(alice), str(uuid4())
    here, there = api.channel("here"), api.channel("there")
    api("POST", f"conversations/{here['id']}/messages", {"ref": ref, "text": "one"})

    answer = api("POST", f"conversations/{there['id']}/messages", {"ref": ref, "text": "two"})

    assert code_of(answer) == (409, "conflict")
    assert api.get(f"conversations/{there['id']}/messages")["results"] == []


def test_two_members_may_use_the_same_ref(api_of, alice: Member, bob: Member) -> None:
    channel, ref = api_of(alice).channel(members=[bob.pk]), uuid4()
    assert api_of(alice).say(channel, "mine", ref=ref)["seq"] == 1
    assert api_of(bob).say(channel, "mine", ref=ref)["seq"] == 2


def test_history_is_paged_both_ways_without_holes(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    for number in range(1, 8):
        api.say(channel, f"message {number}")
    path = f"conversations/{channel['id']}/messages"

    newest = api.get(path, limit=3)
    assert [m["seq"] for m in newest["results"]] == [5, 6, 7]
    older = api.http.get(newest["next"]).json()
    assert [m["seq"] for m in older["results"]] == [2, 3, 4]
    oldest = api.http.get(older["next"]).json()
    assert [m["seq"] for m in oldest["results"]] == [1]
    assert oldest["next"] is None

    forward = api.get(path, after=2, limit=3)
    assert [m["seq"] for m in forward["results"]] == [3, 4, 5]
    assert [m["seq"] for m in api.http.get(forward["next"]).json()["results"]] == [6, 7]

    around = api.get(path, around=4, limit=4)
    assert [m["seq"] for m in around["results"]] == [2, 3, 4, 5]
    assert (around["before"], around["after"]) == (2, 5)


def test_an_edit_keeps_what_was_said_before(api_of, alice: Member, bob: Member) -> None:
    api = api_of(alice)
    channel = api.channel(members=[bob.pk])
    sent = api.say(channel, "teh plan")

    edited = api("PATCH", f"messages/{sent['id']}", {"text": "the plan", "version": 1}).json()

    assert (edited["text"], edited["version"]) == ("the plan", 2)
    assert edited["edited_at"] is not None
    (revision,) = api_of(bob).get(f"messages/{sent['id']}/revisions")["results"]
    assert (revision["text"], revision["version"]) == ("teh plan", 1)


def test_an_edit_of_an_outdated_version_is_a_conflict(api_of, alice: Member) -> None:
    api = api_of(alice)
    sent = api.say(api.channel(), "one")
    api("PATCH", f"messages/{sent['id']}", {"text": "two"})
    assert code_of(api("PATCH", f"messages/{sent['id']}", {"text": "three", "version": 1})) == (409, "conflict")
    assert api.get(f"messages/{sent['id']}")["text"] == "two"


def test_only_the_author_edits(api_of, alice: Member, bob: Member) -> None:
    sent = api_of(bob).say(api_of(alice).channel(members=[bob.pk]), "mine")
    assert code_of(api_of(alice)("PATCH", f"messages/{sent['id']}", {"text": "hers"})) == (403, "forbidden")


def test_the_edit_window_closes(api_of, alice: Member) -> None:
    api = api_of(alice)
    alice.organization.edit_window = 0
    alice.organization.save(update_fields=["edit_window"])
    sent = api.say(api.channel(), "final")
    assert code_of(api("PATCH", f"messages/{sent['id']}", {"text": "not so final"})) == (403, "forbidden")


def test_deleting_leaves_a_tombstone_with_nothing_in_it(api_of, alice: Member, bob: Member) -> None:
    api = api_of(bob)
    channel = api_of(alice).channel(members=[bob.pk])
    sent = api.say(channel, "oops @alice")
    api_of(alice)("PUT", f"messages/{sent['id']}/reactions/👍")

    assert api("DELETE", f"messages/{sent['id']}").status_code == 204

    tombstone = api.get(f"messages/{sent['id']}")
    assert (tombstone["text"], tombstone["html"], tombstone["reactions"], tombstone["mentions"]) == ("", "", [], [])
    assert tombstone["deleted_at"] is not None
    assert tombstone["seq"] == sent["seq"]
    assert code_of(api("GET", f"messages/{sent['id']}/revisions")) == (404, "not_found")
    assert api_of(alice).get(f"messages/{sent['id']}/revisions")["results"][0]["text"] == "oops @alice"


def test_moderators_delete_what_lower_roles_wrote_and_say_why(
    api_of, mona: Member, bob: Member, alice: Member, gus: Member
) -> None:
    channel = api_of(alice).channel(members=[bob.pk, mona.pk, gus.pk])
    by_bob, by_alice = api_of(bob).say(channel, "delete me"), api_of(alice).say(channel, "leave me")
    path = f"messages/{by_bob['id']}"
    assert code_of(api_of(gus)("DELETE", path, {"reason": "rude"})) == (403, "forbidden")
    assert code_of(api_of(mona)("DELETE", path)) == (422, "invalid")
    assert code_of(api_of(mona)("DELETE", path, {"reason": "\u200b"})) == (422, "invalid")
    assert code_of(api_of(mona)("DELETE", f"messages/{by_alice['id']}", {"reason": "rude"})) == (403, "forbidden")
    assert api_of(mona)("DELETE", path, {"reason": " rude "}).status_code == 204
    with scope_of(mona):
        assert AuditEntry.objects.get(action="message.delete").reason == "rude"


def test_who_runs_a_channel_deletes_what_equals_wrote_and_need_not_say_why(
    api_of, bob: Member, gus: Member, alice: Member, mona: Member
) -> None:
    cora = make_member(bob.organization, "Cora")
    channel = api_of(bob).channel(members=[gus.pk, cora.pk, alice.pk, mona.pk])
    said = {who.handle: api_of(who).say(channel, "hm") for who in (cora, gus, alice, mona)}
    for handle, status in (("cora", 204), ("gus", 204), ("alice", 403), ("mona", 403)):
        assert api_of(bob)("DELETE", f"messages/{said[handle]['id']}").status_code == status, handle


def test_a_moderator_cannot_spare_the_reason_by_a_role_of_their_own_making(api_of, bob: Member, mona: Member) -> None:
    channel = api_of(bob).channel(members=[mona.pk])
    sent = api_of(bob).say(channel, "hm")
    participant = f"conversations/{channel['id']}/participants/{mona.pk}"
    assert code_of(api_of(mona)("PATCH", participant, {"role": "admin"})) == (403, "forbidden")
    assert code_of(api_of(mona)("DELETE", f"messages/{sent['id']}")) == (422, "invalid")
    assert code_of(api_of(mona)("PATCH", f"conversations/{channel['id']}", {"slow_mode": 5})) == (422, "invalid")
    assert api_of(bob)("PATCH", participant, {"role": "admin"}).status_code == 200
    assert api_of(mona)("DELETE", f"messages/{sent['id']}").status_code == 204


def test_the_same_ref_with_something_else_is_a_conflict(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel, other = api.channel(), api.channel("other")
    path, ref = f"conversations/{channel['id']}/messages", uuid4()
    head = api.say(channel, "head")
    sent = api.say(channel, "one", ref=ref)
    for body in ({"text": "two"}, {"text": "one", "thread": head["id"]}, {"text": "\u200b"}):
        assert code_of(api("POST", path, {"ref": ref, **body})) == (409, "conflict"), body
    elsewhere = api("POST", f"conversations/{other['id']}/messages", {"ref": ref, "text": "one"})
    assert code_of(elsewhere) == (409, "conflict")
    again = api("POST", path, {"ref": ref, "text": "\none  "})
    assert (again.status_code, again.json()["id"]) == (200, sent["id"])


def test_a_repeated_ref_is_compared_with_what_was_sent_first(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    path = f"conversations/{channel['id']}/messages"
    body = {"ref": uuid4(), "text": "one"}
    sent = api.make(path, body)
    for text in ("two", "three"):
        api("PATCH", f"messages/{sent['id']}", {"text": text})
    again = api("POST", path, body)
    assert (again.status_code, again.json()["text"]) == (200, "three")
    assert code_of(api("POST", path, {**body, "text": "three"})) == (409, "conflict")
    api("DELETE", f"messages/{sent['id']}")
    again = api("POST", path, body)
    assert (again.status_code, again.json()["deleted_at"] is None) == (200, False)


def test_a_repeated_reply_may_name_the_head_or_the_reply_it_answers(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    path = f"conversations/{channel['id']}/messages"
    head, other = api.say(channel, "head"), api.say(channel, "other head")
    reply = api.say(channel, "reply", thread=head["id"])
    body = {"ref": uuid4(), "text": "deeper", "thread": reply["id"]}
    sent = api.make(path, body)
    for thread in (reply["id"], head["id"]):
        assert api("POST", path, {**body, "thread": thread}).json()["id"] == sent["id"]
    for thread in (other["id"], sent["id"], None):
        status = api("POST", path, {**body, "thread": thread}).status_code
        assert status == (200 if thread == sent["id"] else 409)  # a reply to itself is in its thread, too


def test_revisions_come_in_pages_and_have_an_end(api_of, alice: Member, settings) -> None:
    settings.REVISIONS_PER_MESSAGE = 3
    api = api_of(alice)
    path = f"messages/{api.say(api.channel(), '0')['id']}"
    for number in (1, 2, 3):
        assert api("PATCH", path, {"text": str(number)}).status_code == 200
    assert code_of(api("PATCH", path, {"text": "4"})) == (409, "conflict")
    assert api("PATCH", path, {"text": "3"}).status_code == 200  # nothing to keep
    first = api.get(f"{path}/revisions", limit=2)
    assert [row["text"] for row in first["results"]] == ["0", "1"]
    rest = api.http.get(first["next"]).json()
    assert ([row["text"] for row in rest["results"]], rest["next"]) == (["2"], None)
    assert code_of(api("GET", f"{path}/revisions", limit=1000)) == (422, "invalid")


@pytest.mark.usefixtures("one_minute")
def test_edits_and_reactions_and_topics_share_one_pace(api_of, alice: Member, settings) -> None:
    api = api_of(alice)
    channel = api.channel()
    path = f"messages/{api.say(channel, 'one')['id']}"
    settings.PUBLISH_RATE = 4  # the channel was the first
    assert api("PATCH", path, {"text": "two"}).status_code == 200
    assert api("PUT", f"{path}/reactions/👍").status_code == 200
    assert api("PUT", f"{path}/pin").status_code == 200
    for method, address, body in (
        ("PATCH", path, {"text": "three"}),
        ("DELETE", f"{path}/reactions/👍", None),
        ("PATCH", f"conversations/{channel['id']}", {"topic": "t"}),
        ("POST", "conversations", {"kind": "public", "name": "more"}),
    ):
        assert code_of(api(method, address, body)) == (429, "throttled"), address
    api.say(channel, "messages have a pace of their own")


def test_a_reply_counts_at_the_head_of_its_thread_however_deep_it_was_meant(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    root = api.say(channel, "who is coming?")
    reply = api.say(channel, "I am", thread=root["id"])
    nested = api.say(channel, "me too", thread=reply["id"])

    assert nested["thread"] == root["id"]
    thread = api.get(f"messages/{root['id']}/thread")["results"]
    assert [m["text"] for m in thread] == ["who is coming?", "I am", "me too"]
    assert thread[0]["reply_count"] == 2


def test_a_thread_of_another_conversation_is_not_found(api_of, alice: Member) -> None:
    api = api_of(alice)
    elsewhere = api.say(api.channel("elsewhere"), "root")
    here = api.channel("here")
    answer = api(
        "POST", f"conversations/{here['id']}/messages", {"ref": uuid4(), "text": "reply", "thread": elsewhere["id"]}
    )
    assert code_of(answer) == (404, "not_found")


def test_mentions_call_those_who_can_come(api_of, alice: Member, bob: Member, gus: Member, charlie: Member) -> None:
    channel = api_of(alice).channel()
    sent = api_of(alice).say(channel, "@bob @gus @charlie @nobody `@bob` bob@acme.test")
    assert sent["mentions"] == [str(bob.pk)]


def test_guests_cannot_call_everyone(api_of, alice: Member, gus: Member) -> None:
    channel = api_of(alice).channel(members=[gus.pk])
    assert api_of(alice).say(channel, "@channel lunch")["wide_mention"] == "channel"
    assert api_of(gus).say(channel, "@channel lunch")["wide_mention"] is None


def test_input_that_cannot_be_accepted_is_named(api_of, alice: Member, settings) -> None:
    api = api_of(alice)
    path = f"conversations/{api.channel()['id']}/messages"
    too_long = "x" * (settings.MESSAGE_LENGTH + 1)
    for body, field in [
        ({"ref": uuid4(), "text": "   "}, "text"),
        ({"ref": uuid4(), "text": too_long}, "text"),
        ({"ref": uuid4(), "text": 5}, "text"),
        ({"ref": uuid4()}, "text"),
        ({"ref": "no uuid", "text": "hi"}, "ref"),
        ({"text": "hi"}, "ref"),
        ([1], "body"),
    ]:
        answer = api("POST", path, body)
        assert code_of(answer) == (422, "invalid")
        assert list(answer.json()["errors"]) == [field], body
    assert code_of(api("POST", path, {"ref": uuid4(), "text": "x" * 250_000})) == (413, "too_large")
    assert api.get(path)["results"] == []


def test_what_is_not_json_is_invalid(api_of, alice: Member) -> None:
    api = api_of(alice)
    url = f"/o/acme/api/v1/conversations/{api.channel()['id']}/messages"
    for data, content_type in [
        ("{", "application/json"),
        ("a=b", "application/x-www-form-urlencoded"),
        (b"\xff", "application/json"),
    ]:
        assert code_of(api.http.post(url, data=data, content_type=content_type)) == (422, "invalid")


def test_a_nul_or_a_lone_surrogate_does_no_harm(api_of, alice: Member) -> None:
    api = api_of(alice)
    sent = api.say(api.channel(), "a\x00b")
    assert sent["text"] == "ab"


@pytest.mark.usefixtures("one_minute")
def test_too_many_messages_are_throttled_and_repeats_are_free(api_of, alice: Member, settings) -> None:
    settings.MESSAGE_RATE = 2
    api = api_of(alice)
    path = f"conversations/{api.channel()['id']}/messages"
    first = {"ref": uuid4(), "text": "1"}
    assert [api("POST", path, body).status_code for body in (first, first, {"ref": uuid4(), "text": "2"})] == [
        201,
        200,
        201,
    ]

    answer = api("POST", path, {"ref": uuid4(), "text": "3"})

    assert code_of(answer) == (429, "throttled")
    assert 1 <= int(answer.headers["Retry-After"]) <= 61
    assert len(api.get(path)["results"]) == 2


def test_a_day_is_found_whatever_lies_before_it(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    path = f"conversations/{channel['id']}/messages"
    assert api.get(path, since="2026-03-01T00:00:00Z")["results"] == []
    for day in range(1, 8):
        sent = api.say(channel, f"day {day}")
        with organization_scope(alice.organization):
            Message.objects.filter(pk=sent["id"]).update(created_at=datetime(2026, 3, day, 12, tzinfo=UTC))
    with organization_scope(alice.organization):
        Message.objects.filter(conversation=channel["id"], seq__in=(3, 4)).delete()  # purged for their age

    def seqs(since: str, **query: int) -> list[int]:
        return [message["seq"] for message in api.get(path, since=since, **query)["results"]]

    assert seqs("2020-01-01T00:00:00Z", limit=1) == [1]
    assert seqs("2026-03-02T12:00:00Z", limit=2) == [2, 5]
    assert seqs("2026-03-03T00:00:00+02:00") == [5, 6, 7]
    assert seqs("2026-03-08T00:00:00Z") == []
    assert code_of(api("GET", path, since="yesterday")) == (422, "invalid")
    assert code_of(api("GET", path, since="2026-03-08T00:00:00")) == (422, "invalid")
    assert code_of(api("GET", path, since="2026-03-08T00:00:00Z", before=3)) == (422, "invalid")


def test_nobody_writes_into_an_archived_channel(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    sent = api.say(channel, "last words")
    assert api("POST", f"conversations/{channel['id']}/archive").status_code == 200
    for method, path, body in [
        ("POST", f"conversations/{channel['id']}/messages", {"ref": uuid4(), "text": "ghost"}),
        ("PATCH", f"messages/{sent['id']}", {"text": "ghost"}),
        ("PUT", f"messages/{sent['id']}/reactions/👻", None),
    ]:
        assert code_of(api(method, path, body)) == (403, "forbidden")
    assert api.get(f"messages/{sent['id']}") == sent


def test_charlie_sees_nothing_of_it(api_of, alice: Member, charlie: Member) -> None:
    channel = api_of(alice).channel()
    sent = api_of(alice).say(channel, "between us")
    api_of(charlie).channel("globex-own")
    for slug in ("acme", "globex"):
        api: Api = api_of(charlie, slug)
        for method, path, body in [
            ("GET", f"conversations/{channel['id']}/messages", None),
            ("POST", f"conversations/{channel['id']}/messages", {"ref": uuid4(), "text": "hi"}),
            ("GET", f"messages/{sent['id']}", None),
            ("PATCH", f"messages/{sent['id']}", {"text": "hi"}),
            ("DELETE", f"messages/{sent['id']}", None),
            ("GET", f"messages/{sent['id']}/thread", None),
            ("GET", f"messages/{sent['id']}/revisions", None),
            ("PUT", f"messages/{sent['id']}/reactions/👍", None),
        ]:
            assert code_of(api(method, path, body)) == (404, "not_found"), (slug, method, path)

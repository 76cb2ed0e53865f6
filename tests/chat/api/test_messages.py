from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Message
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


def test_moderators_delete_what_others_wrote_and_members_do_not(
    api_of, mona: Member, bob: Member, alice: Member
) -> None:
    channel = api_of(alice).channel(members=[bob.pk, mona.pk])
    sent = api_of(alice).say(channel, "delete me")
    assert code_of(api_of(bob)("DELETE", f"messages/{sent['id']}")) == (403, "forbidden")
    assert api_of(mona)("DELETE", f"messages/{sent['id']}").status_code == 204


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

from __future__ import annotations

from accounts.models import AuditEntry, Member
from tests.cast import scope_of
from tests.chat.api.conftest import code_of


def test_a_public_channel_is_found_joined_and_left(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel("releases")
    api = api_of(bob)
    assert channel["participant"]["role"] == "admin"

    assert [c["name"] for c in api.get("conversations")["results"]] == []
    (found,) = api.get("conversations", browse="1", q="rel")["results"]
    assert (found["id"], found["participant"]) == (channel["id"], None)

    joined = api("POST", f"conversations/{channel['id']}/join").json()
    assert joined["participant"]["member"] == str(bob.pk)
    assert joined["participant_count"] == 2
    assert [c["id"] for c in api.get("conversations")["results"]] == [channel["id"]]

    assert api("POST", f"conversations/{channel['id']}/leave").status_code == 204
    assert api.get("conversations")["results"] == []


def test_joining_and_leaving_twice_changes_nothing(api_of, alice: Member, bob: Member) -> None:
    channel, api = api_of(alice).channel(), api_of(bob)
    first = api("POST", f"conversations/{channel['id']}/join").json()
    assert api("POST", f"conversations/{channel['id']}/join").json() == first
    for _ in range(2):
        assert api("POST", f"conversations/{channel['id']}/leave").status_code == 204


def test_names_are_taken_once_whatever_their_case(api_of, alice: Member, bob: Member, charlie: Member) -> None:
    assert api_of(alice).channel("Town")["name"] == "town"
    assert code_of(api_of(bob)("POST", "conversations", {"kind": "private", "name": "#TOWN"})) == (409, "conflict")
    assert api_of(charlie).channel("town")["name"] == "town"


def test_an_archived_name_is_free_again_and_restoring_it_is_a_conflict(api_of, alice: Member) -> None:
    api = api_of(alice)
    old = api.channel("town")
    assert api("POST", f"conversations/{old['id']}/archive").json()["archived_at"] is not None
    api.channel("town")
    assert code_of(api("PATCH", f"conversations/{old['id']}", {"archived": False})) == (409, "conflict")
    assert api.get(f"conversations/{old['id']}")["archived_at"] is not None


def test_who_steps_in_says_why_and_who_runs_the_channel_need_not(
    api_of, alice: Member, bob: Member, mona: Member, charlie: Member
) -> None:
    channel = api_of(bob).channel("town", members=[mona.pk])
    path, archive = f"conversations/{channel['id']}", f"conversations/{channel['id']}/archive"
    moderator = api_of(mona)
    for method, address, body in (
        ("POST", archive, {"reason": " "}),
        ("PATCH", path, {"archived": True}),
        ("PATCH", path, {"slow_mode": 30}),
        ("PATCH", path, {"announcement_only": True}),
    ):
        refusal = moderator(method, address, body)
        assert code_of(refusal) == (422, "invalid"), (method, body)
        assert refusal.json()["errors"] == {"reason": ["Say why."]}
        assert code_of(api_of(charlie)(method, address, body)) == (404, "not_found")
    assert moderator("POST", archive, {"reason": "spam"}).json()["archived_at"] is not None
    own = api_of(bob)
    assert own("PATCH", path, {"archived": False}).json()["archived_at"] is None
    assert code_of(api_of(charlie)("POST", archive)) == (404, "not_found")
    assert moderator("POST", archive).json()["archived_at"] is not None, "as the protocol has it, without a body"
    assert own("PATCH", path, {"archived": False}).json()["archived_at"] is None
    rules = own("PATCH", path, {"slow_mode": 30, "announcement_only": True}).json()
    assert (rules["slow_mode"], rules["announcement_only"]) == (30, True)
    assert own("POST", archive).json()["archived_at"] is not None
    with scope_of(alice):
        log = AuditEntry.objects.filter(target_id=channel["id"]).exclude(reason="").values_list("action", "reason")
        assert list(log) == [("conversation.archive", "spam")]


def test_a_direct_message_is_made_once_for_all_its_people(api_of, alice: Member, bob: Member) -> None:
    first = api_of(alice)("POST", "conversations", {"kind": "direct", "members": [bob.pk]})
    again = api_of(bob)("POST", "conversations", {"kind": "direct", "members": [alice.pk]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert sorted(first.json()["people"]) == sorted([str(alice.pk), str(bob.pk)])


def test_a_group_message_is_found_by_its_people(api_of, alice: Member, bob: Member, mona: Member, adam: Member) -> None:
    first = api_of(alice).make("conversations", {"kind": "group", "members": [bob.pk, mona.pk]})
    assert (
        api_of(bob)("POST", "conversations", {"kind": "group", "members": [mona.pk, alice.pk]}).json()["id"]
        == first["id"]
    )
    other = api_of(alice).make("conversations", {"kind": "group", "members": [bob.pk, mona.pk, adam.pk]})
    assert other["id"] != first["id"]


def test_a_direct_message_with_oneself_is_a_place_for_notes(api_of, alice: Member) -> None:
    notes = api_of(alice).make("conversations", {"kind": "direct", "members": []})
    assert notes["people"] == [str(alice.pk)]


def test_input_that_cannot_be_accepted_is_named(api_of, alice: Member, bob: Member, settings) -> None:
    api = api_of(alice)
    crowd = [str(alice.pk), str(bob.pk)]
    for body, field in [
        ({"kind": "public"}, "name"),
        ({"kind": "public", "name": "two words"}, "name"),
        ({"kind": "public", "name": "x" * 81}, "name"),
        ({"kind": "public", "name": "ok", "topic": "x" * 251}, "topic"),
        ({"kind": "secret", "name": "ok"}, "kind"),
        ({"kind": "group", "members": crowd}, "members"),
        ({"kind": "public", "name": "ok", "members": ["nobody"]}, "members"),
    ]:
        answer = api("POST", "conversations", body)
        assert code_of(answer) == (422, "invalid"), body
        assert list(answer.json()["errors"]) == [field], body
    assert api.get("conversations")["results"] == []


def test_renaming_is_for_channel_admins_and_moderators_topics_for_participants(
    api_of, alice: Member, bob: Member, mona: Member, gus: Member
) -> None:
    channel = api_of(bob).channel("plans", members=[alice.pk, gus.pk])
    path = f"conversations/{channel['id']}"
    assert api_of(bob)("PATCH", path, {"name": "plans-2"}).json()["name"] == "plans-2"
    assert api_of(mona)("PATCH", path, {"name": "plans-3"}).json()["name"] == "plans-3"
    api_of(bob)("DELETE", f"{path}/participants/{alice.pk}")
    assert code_of(api_of(gus)("PATCH", path, {"name": "mine"})) == (403, "forbidden")
    assert code_of(api_of(gus)("PATCH", path, {"topic": "mine"})) == (403, "forbidden")
    topic = api_of(bob)("PATCH", path, {"topic": "  what   next "}).json()
    assert (topic["topic"], topic["version"]) == ("what next", 4)


def test_guests_neither_browse_nor_create(api_of, alice: Member, gus: Member) -> None:
    channel = api_of(alice).channel()
    api = api_of(gus)
    assert api.get("conversations", browse="1")["results"] == []
    assert code_of(api("GET", f"conversations/{channel['id']}")) == (404, "not_found")
    assert code_of(api("POST", f"conversations/{channel['id']}/join")) == (404, "not_found")
    assert code_of(api("POST", "conversations", {"kind": "public", "name": "mine"})) == (403, "forbidden")


def test_lists_are_paged(api_of, alice: Member) -> None:
    api = api_of(alice)
    made = [api.channel(f"c{number}")["id"] for number in range(5)]
    first = api.get("conversations", limit=2)
    second = api.http.get(first["next"]).json()
    third = api.http.get(second["next"]).json()
    assert [c["id"] for page in (first, second, third) for c in page["results"]] == made
    assert third["next"] is None


def test_a_private_channel_is_unknown_to_those_outside(api_of, alice: Member, bob: Member, mona: Member) -> None:
    channel = api_of(alice).channel("secret", kind="private", members=[bob.pk])
    for path in ("", "/participants", "/messages"):
        assert code_of(api_of(mona)("GET", f"conversations/{channel['id']}{path}")) == (404, "not_found")
    assert api_of(mona).get("conversations", browse="1")["results"] == []


def test_charlie_sees_no_conversation_of_acme_and_can_invite_nobody_of_it(
    api_of, alice: Member, charlie: Member
) -> None:
    channel = api_of(alice).channel()
    api = api_of(charlie)
    assert api.get("conversations", browse="1")["results"] == []
    for method, path, body in [
        ("GET", f"conversations/{channel['id']}", None),
        ("PATCH", f"conversations/{channel['id']}", {"topic": "x"}),
        ("POST", f"conversations/{channel['id']}/join", None),
        ("POST", f"conversations/{channel['id']}/leave", None),
        ("POST", f"conversations/{channel['id']}/archive", None),
        ("POST", "conversations", {"kind": "direct", "members": [alice.pk]}),
        ("POST", "conversations", {"kind": "public", "name": "trap", "members": [alice.pk]}),
    ]:
        assert code_of(api(method, path, body)) == (404, "not_found"), (method, path)
    assert api.get("conversations")["results"] == []


def test_what_is_shared_with_somebody(api_of, alice: Member, bob: Member, gus: Member, charlie: Member) -> None:
    shared = api_of(alice).channel("shared", kind="private", members=[bob.pk])
    api_of(alice).channel("alone", kind="private")
    assert [one["id"] for one in api_of(alice).get("conversations", member=bob.pk)["results"]] == [shared["id"]]
    assert api_of(gus).get("conversations", member=bob.pk)["results"] == []
    assert api_of(charlie).get("conversations", member=bob.pk)["results"] == []
    assert api_of(alice).get("conversations", member=charlie.pk)["results"] == []


def test_a_taken_name_is_refused_in_the_same_words_whether_it_can_be_seen_or_not(
    api_of, alice: Member, bob: Member
) -> None:
    api_of(alice).channel("seen")
    api_of(alice).channel("hidden", kind="private")
    mine = api_of(bob).channel("mine")
    for method, path in (("POST", "conversations"), ("PATCH", f"conversations/{mine['id']}")):
        problems = [
            api_of(bob)(method, path, {"kind": "public", "name": name}).json() | {"instance": None}
            for name in ("seen", "hidden")
        ]
        assert problems[0]["code"] == "conflict"
        assert problems[0]["detail"].replace("seen", "hidden") == problems[1]["detail"]
        assert problems[0] | {"detail": ""} == problems[1] | {"detail": ""}


def test_a_muted_member_finds_a_direct_message_and_starts_none(
    api_of, alice: Member, bob: Member, mona: Member
) -> None:
    kept = api_of(bob).make("conversations", {"kind": "direct", "members": [alice.pk]})
    api_of(mona).make(f"members/{bob.pk}/mute", {"reason": "rude", "until": "2099-01-01T00:00:00Z"})
    found = api_of(bob)("POST", "conversations", {"kind": "direct", "members": [alice.pk]})
    assert (found.status_code, found.json()["id"]) == (200, kept["id"])
    assert code_of(api_of(bob)("POST", "conversations", {"kind": "direct", "members": [mona.pk]})) == (403, "forbidden")

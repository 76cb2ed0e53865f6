from __future__ import annotations

from accounts.models import Member
from tests.chat.api.conftest import code_of


def test_people_are_added_promoted_and_removed(api_of, alice: Member, bob: Member, adam: Member) -> None:
    api = api_of(bob)
    channel = api.channel("crew", kind="private")
    path = f"conversations/{channel['id']}/participants"

    api.make(path, {"member": alice.pk})
    api("POST", path, {"member": alice.pk})
    people = api.get(path)["results"]
    assert [(p["member"], p["role"]) for p in people] == [(str(bob.pk), "admin"), (str(alice.pk), "member")]

    promoted = api("PATCH", f"{path}/{alice.pk}", {"role": "admin"}).json()
    assert (promoted["role"], promoted["version"]) == ("admin", 2)

    assert api("DELETE", f"{path}/{alice.pk}").status_code == 204
    assert code_of(api_of(alice)("GET", f"conversations/{channel['id']}")) == (404, "not_found")
    assert code_of(api("DELETE", f"{path}/{alice.pk}")) == (404, "not_found")


def test_only_the_member_themself_sees_how_they_read(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    seen = {p["member"]: p for p in api_of(bob).get(f"conversations/{channel['id']}/participants")["results"]}
    assert "read_seq" in seen[str(bob.pk)]
    assert "read_seq" not in seen[str(alice.pk)]


def test_everybody_sets_their_own_notifications(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    path = f"conversations/{channel['id']}/participants"
    changed = api_of(bob)("PATCH", f"{path}/{bob.pk}", {"notifications": "mentions", "muted": True}).json()
    assert (changed["notifications"], changed["muted"], changed["favourite"]) == ("mentions", True, False)
    assert code_of(api_of(alice)("PATCH", f"{path}/{bob.pk}", {"muted": False})) == (403, "forbidden")


def test_participants_who_are_no_admins_remove_nobody(api_of, alice: Member, bob: Member, gus: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk, gus.pk])
    path = f"conversations/{channel['id']}/participants"
    assert code_of(api_of(bob)("DELETE", f"{path}/{gus.pk}")) == (403, "forbidden")
    assert code_of(api_of(gus)("POST", path, {"member": bob.pk})) == (403, "forbidden")


def test_when_the_last_admin_leaves_a_private_channel_the_eldest_runs_it(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(kind="private", members=[bob.pk])
    api_of(alice)("POST", f"conversations/{channel['id']}/leave")
    assert api_of(bob).get(f"conversations/{channel['id']}")["participant"]["role"] == "admin"


def test_the_people_of_a_direct_message_stay_the_same(api_of, alice: Member, bob: Member, mona: Member) -> None:
    direct = api_of(alice).make("conversations", {"kind": "direct", "members": [bob.pk]})
    path = f"conversations/{direct['id']}"
    assert code_of(api_of(alice)("POST", f"{path}/participants", {"member": mona.pk})) == (409, "conflict")
    assert code_of(api_of(alice)("POST", f"{path}/leave")) == (409, "conflict")
    assert code_of(api_of(alice)("DELETE", f"{path}/participants/{bob.pk}")) == (403, "forbidden")


def test_who_comes_back_has_nothing_unread(api_of, alice: Member, bob: Member) -> None:
    channel = api_of(alice).channel(members=[bob.pk])
    api_of(bob)("POST", f"conversations/{channel['id']}/leave")
    api_of(alice).say(channel, "while you were out")
    back = api_of(bob)("POST", f"conversations/{channel['id']}/join").json()
    assert (back["unread_count"], back["participant"]["version"]) == (0, 3)


def test_charlie_is_neither_added_nor_finds_anybody(api_of, alice: Member, charlie: Member) -> None:
    channel = api_of(alice).channel()
    path = f"conversations/{channel['id']}/participants"
    assert code_of(api_of(alice)("POST", path, {"member": charlie.pk})) == (404, "not_found")
    for method, body in (("GET", None), ("POST", {"member": charlie.pk})):
        assert code_of(api_of(charlie)(method, path, body)) == (404, "not_found")
    for method, body in (("GET", None), ("PATCH", {"muted": True}), ("DELETE", None)):  # type: ignore[assignment]
        assert code_of(api_of(charlie)(method, f"{path}/{alice.pk}", body)) == (404, "not_found")


def test_moderators_who_step_in_respect_the_rank_of_participants(
    api_of, alice: Member, adam: Member, mona: Member, bob: Member
) -> None:
    api = api_of(alice)
    channel = api.channel(members=[adam.pk, mona.pk, bob.pk])
    path = f"conversations/{channel['id']}/participants"
    api("PATCH", f"{path}/{bob.pk}", {"role": "admin"})
    for superior in (alice, adam):
        assert code_of(api_of(mona)("PATCH", f"{path}/{superior.pk}", {"role": "member"})) == (403, "forbidden")
        assert code_of(api_of(mona)("DELETE", f"{path}/{superior.pk}")) == (403, "forbidden")
    assert api_of(mona)("PATCH", f"{path}/{bob.pk}", {"role": "member"}).json()["role"] == "member"
    assert code_of(api_of(mona)("PATCH", f"{path}/{mona.pk}", {"role": "admin"})) == (403, "forbidden")
    assert api_of(mona)("DELETE", f"{path}/{bob.pk}").status_code == 204
    assert api_of(mona)("DELETE", f"{path}/{mona.pk}").status_code == 204

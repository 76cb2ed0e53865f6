from __future__ import annotations

from accounts.models import Member
from tests.chat.api.conftest import code_of


def test_who_polls_is_online_to_those_they_share_a_conversation_with(
    api_of, alice: Member, bob: Member, mona: Member, charlie: Member
) -> None:
    api_of(alice).channel(members=[bob.pk])
    for member in (alice, mona):
        api_of(member).get("presence")

    seen = api_of(bob).get("presence")["results"]

    assert sorted((p["member"], p["state"]) for p in seen) == sorted([(str(m.pk), "online") for m in (alice, bob)])
    assert api_of(charlie).get("presence")["results"] == [{"member": str(charlie.pk), "state": "online"}]
    assert code_of(api_of(charlie, "acme")("GET", "presence")) == (404, "not_found")

"""Names in a message resolve to what its writer may see, and to nothing else.

A member and a guest try the same names, in messages and in previews, which leave no trace. Charlie of Globex tries
those of Acme.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import Member
from tests.chat.api.conftest import Api, code_of


def previewed(api: Api, conversation: Any, text: str) -> str:
    answer = api("POST", f"conversations/{conversation['id']}/preview", {"text": text})
    assert answer.status_code == 200, answer.content
    return str(json.loads(answer.content)["html"])


def direct(api: Api, other: Member) -> Any:
    return api.make("conversations", {"kind": "direct", "members": [other.pk]})


@pytest.mark.parametrize("name", ["merger-x", "合并"])
def test_a_guest_links_the_channels_they_take_part_in(api_of, alice: Member, gus: Member, name: str) -> None:
    api_of(alice).channel(name)
    own = api_of(alice).channel("town", members=[gus.pk])
    text = f"#{name} #nothing #town"
    there = direct(api_of(alice), gus)
    for html in (previewed(api_of(gus), there, text), api_of(gus).say(there, text)["html"]):
        assert html == f'<p>#{name} #nothing <a class="channel" data-conversation="{own["id"]}">#town</a></p>'
    seen_by_alice = previewed(api_of(alice), there, text)
    assert seen_by_alice.count("data-conversation") == 2


def test_editing_resolves_by_the_same_rule(api_of, alice: Member, gus: Member) -> None:
    api_of(alice).channel("merger")
    town = api_of(alice).channel(members=[gus.pk])
    message = api_of(gus).say(town, "hello")
    answer = api_of(gus)("PATCH", f"messages/{message['id']}", {"text": "#merger"})
    assert json.loads(answer.content)["html"] == "<p>#merger</p>"


def test_private_and_archived_channels_are_text_for_everybody(api_of, alice: Member) -> None:
    api = api_of(alice)
    api.channel("secret", kind="private")
    old = api.channel("old")
    assert api("POST", f"conversations/{old['id']}/archive", {"reason": "over"}).status_code == 200
    assert previewed(api, api.channel(), "#secret #old") == "<p>#secret #old</p>"


def test_a_guest_names_those_they_can_see(api_of, alice: Member, bob: Member, mona: Member, gus: Member) -> None:
    """In a public channel everybody can be called by a member; a guest learns nobody's name by trying handles."""
    town = api_of(alice).channel(members=[gus.pk, mona.pk])
    assert f'data-member="{bob.pk}"' in previewed(api_of(alice), town, "@bob")
    message = api_of(gus).say(town, "@bob @mona @nobody")
    assert message["mentions"] == [str(mona.pk)]
    assert f'data-member="{mona.pk}"' in message["html"]
    assert "Bob" not in message["html"]


def test_names_beside_letters_of_other_scripts_call(api_of, alice: Member, bob: Member) -> None:
    api = api_of(alice)
    town = api.channel(members=[bob.pk])
    for text in ("请@bob看", "всем@bob", "و@bob", "@bob님", "ถึง@bobครับ", "@alice/@bob"):
        assert str(bob.pk) in api.say(town, text)["mentions"], text
    for text in ("x@bob", "x@bob.com", "@bobx", "> @bob", "`@bob`", "\\@bob"):
        assert api.say(town, text)["mentions"] == [], text


def test_charlie_resolves_nothing_of_acme(api_of, alice: Member, bob: Member, charlie: Member) -> None:
    api_of(alice).channel()
    globex = api_of(charlie).channel("office")
    assert previewed(api_of(charlie), globex, "@bob #town") == "<p>@bob #town</p>"
    assert code_of(api_of(charlie, "acme")("GET", "conversations")) == (404, "not_found")

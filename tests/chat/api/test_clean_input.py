"""Every short text is cleaned at the door, whichever door it comes by."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import ApiToken, AuditEntry, Member
from chat.models import ReportNote
from tests.cast import PASSWORD, scope_of
from tests.chat.api.conftest import code_of

DIRT = "\x00\x1b\x07\u202e\u200b\ufeff\u2066\u3164\U000e0041"
LINES = {  # door: who comes, method, path, body with {} for the text, and where the text is in the answer
    "name of a member": ("bob", "PATCH", "members/me", {"name": "{}"}, "name"),
    "title of a member": ("bob", "PATCH", "members/me", {"title": "{}"}, "title"),
    "topic of a new channel": ("bob", "POST", "conversations", {"kind": "public", "name": "n", "topic": "{}"}, "topic"),
    "topic of a channel": ("bob", "PATCH", "conversations/{town}", {"topic": "{}"}, "topic"),
    "name of an organization": ("alice", "PATCH", "organization", {"name": "{}"}, "name"),
    "description of an organization": ("alice", "PATCH", "organization", {"description": "{}"}, "description"),
    "label of a client": ("bob", "POST", "clients", {"platform": "bot", "label": "{}"}, "label"),
    "comment of a report": ("gus", "POST", "messages/{message}/report", {"reason": "spam", "comment": "{}"}, "comment"),
    "reason of a measure": ("mona", "POST", "members/{bob}/warn", {"reason": "{}"}, "reason"),
}
NEEDED = {"name of a member", "name of an organization", "reason of a measure"}


@pytest.fixture
def ids(api_of, alice: Member, bob: Member, gus: Member, mona: Member) -> dict[str, str]:
    town = api_of(bob).channel("town", members=[gus.pk])
    return {"town": town["id"], "message": api_of(bob).say(town, "hello")["id"], "bob": str(bob.pk)}


def filled(value: Any, text: str, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: text if each == "{}" else each for key, each in value.items()}
    return value.format(**ids)


@pytest.mark.parametrize("door", sorted(LINES))
def test_a_short_text_is_cleaned(door: str, api_of, ids: dict[str, str], request: pytest.FixtureRequest) -> None:
    who, method, path, body, field = LINES[door]
    api = api_of(request.getfixturevalue(who))
    answer = api(method, filled(path, "", ids), filled(body, f"{DIRT} Zoe\u0308 {DIRT} می\u200cخواهم ", ids))
    assert answer.status_code in {200, 201}, answer.content
    assert answer.json()[field] == "Zoë می\u200cخواهم"


@pytest.mark.parametrize("door", sorted(NEEDED))
@pytest.mark.parametrize("text", ["\u200b", "\u3164", " \u202e\u2800 ", "\ufe0f", "\x07"], ids=ascii)
def test_a_text_of_which_nothing_is_left_is_invalid(
    door: str, text: str, api_of, ids: dict[str, str], request: pytest.FixtureRequest
) -> None:
    who, method, path, body, field = LINES[door]
    answer = api_of(request.getfixturevalue(who))(method, filled(path, "", ids), filled(body, text, ids))
    assert code_of(answer) == (422, "invalid")
    assert list(answer.json()["errors"]) == [field]


def test_a_channel_has_one_name_whatever_is_hidden_in_it(api_of, alice: Member, bob: Member) -> None:
    assert api_of(alice).channel("#to\u200bwn\u202e")["name"] == "town"
    assert code_of(api_of(bob)("POST", "conversations", {"kind": "public", "name": "TO\ufeffWN"})) == (409, "conflict")
    assert api_of(alice).channel("cafe\u0301")["name"] == "café"
    assert code_of(api_of(bob)("POST", "conversations", {"kind": "public", "name": "\u200b"})) == (422, "invalid")


def test_a_handle_hides_nothing(api_of, bob: Member) -> None:
    for handle in ("b\u200bob", "bob\u202e", "\x00bob"):
        assert api_of(bob)("PATCH", "members/me", {"handle": handle}).json()["handle"] == "bob"
    assert code_of(api_of(bob)("PATCH", "members/me", {"handle": "\u0431\u043eb"})) == (422, "invalid")
    assert code_of(api_of(bob)("PATCH", "members/me", {"handle": "al\u200bl"})) == (409, "conflict")


def test_the_label_of_a_token_is_cleaned(client, bob: Member) -> None:
    def sign_in(label: str) -> Any:
        body = {"email": bob.user.email, "password": PASSWORD, "label": label}
        return client.post("/api/v1/tokens", json.dumps(body), content_type="application/json")

    assert sign_in("my\x00\u202e script").status_code == 201
    assert ApiToken.objects.get().label == "my script"
    assert code_of(sign_in("\u200b\x1b")) == (422, "invalid")


def test_notes_of_moderators_keep_their_lines(api_of, ids: dict[str, str], gus: Member, mona: Member) -> None:
    report = api_of(gus).make(f"messages/{ids['message']}/report", {"reason": "spam"})
    api_of(mona)("PATCH", f"reports/{report['id']}", {"note": f"one{DIRT}\r\n two\x0b"})
    with scope_of(mona):
        assert ReportNote.objects.get().text == "one\ntwo"


def test_a_reason_stands_clean_in_the_audit_log(api_of, ids: dict[str, str], mona: Member) -> None:
    assert api_of(mona)("POST", f"messages/{ids['message']}/hide", {"reason": f"rude{DIRT}\n"}).status_code == 200
    with scope_of(mona):
        assert AuditEntry.objects.get(action="message.hidden").reason == "rude"


@pytest.mark.parametrize(
    "text",
    ["\u200b", "\u2800", "\u3164", "\u202e", "\u115f", "\ufe0f", "\U000e0041\U000e007f", "\x00\n\u2063"],
    ids=ascii,
)
def test_a_message_that_draws_nothing_is_invalid(text: str, api_of, ids: dict[str, str], bob: Member) -> None:
    api, path = api_of(bob), f"conversations/{ids['town']}"
    assert code_of(api("POST", f"{path}/messages", {"ref": uuid4(), "text": text})) == (422, "invalid")
    assert code_of(api("PATCH", f"messages/{ids['message']}", {"text": text})) == (422, "invalid")
    assert code_of(api("POST", f"{path}/preview", {"text": text})) == (422, "invalid")


@pytest.mark.parametrize(
    "text", ["#", ">", "-", "```", "* * *", "\u0301", "\N{HEAVY BLACK HEART}\ufe0e", "می\u200cخواهم"]
)
def test_a_message_that_draws_something_is_kept_as_it_is(text: str, api_of, ids: dict[str, str], bob: Member) -> None:
    assert api_of(bob).say({"id": ids["town"]}, text)["text"] == text


def test_pages_clean_what_their_forms_bring(client_of, alice: Member) -> None:
    page = f"/o/{alice.organization.slug}/manage/settings"
    assert client_of(alice).post(page, {"name": "Ac\u200bme\u202e", "description": "x\x07y"}).status_code == 302
    alice.organization.refresh_from_db()
    assert (alice.organization.name, alice.organization.description) == ("Acme", "xy")
    refused = client_of(alice).post(page, {"name": "\u200b", "description": ""})
    alice.organization.refresh_from_db()
    assert (refused.status_code, alice.organization.name) == (200, "Acme")
    assert "This field cannot be blank." in refused.content.decode()

"""Only what proves to be the server's is an answer: every address with every answer of something in between."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chat.client import api as module
from chat.client.answers import ECHOED, PROOFS, REFUSALS, Unproven, prove_sent, read_frame
from chat.client.api import Api, ApiError, Unreachable
from tests.support.stack import ROOT

Answer = Callable[[httpx.Request], httpx.Response]

REF = "6f1c1f4e-7f0b-4c57-9d5a-0d4bb0a7f5a1"
ALICE = {"id": "alice", "version": 1, "handle": "alice", "name": "Alice", "preferences": {"theme": "dark"}}
PARTICIPANT = {
    "conversation": "town",
    "member": "alice",
    "version": 3,
    "left_at": None,
    "read_seq": 7,
    "unread_from": None,
}
MESSAGE = {
    "id": "m1",
    "version": 2,
    "conversation": "town",
    "seq": 1,
    "author": "alice",
    "text": "hello",
    "thread": None,
    "reactions": [{"emoji": "👍", "members": ["alice"]}],
    "deleted_at": None,
    "pinned_at": "2026-03-01T09:00:00Z",
    "ref": REF,
}
TOWN = {
    "id": "town",
    "version": 1,
    "kind": "public",
    "people": [],
    "first_seq": 1,
    "last_seq": 1,
    "archived_at": None,
    "participant": PARTICIPANT,
}
DIRECT = TOWN | {"kind": "direct", "people": ["alice", "bob"]}
REPORT = {"id": "r1", "version": 1, "message": "m1", "reason": "spam"}
NOTICE = {"id": "n1", "version": 2, "acknowledged_at": "2026-03-01T09:00:00Z"}
SYNC = {
    "cursor": "c1",
    "full": True,
    "more": False,
    "organization": {"id": "acme", "version": 1},
    "me": ALICE,
    "members": [ALICE],
    "members_gap": False,
    "conversations": [TOWN],
    "participants": [PARTICIPANT],
    "messages": [MESSAGE],
    "reports": [],
    "sanctions": [],
    "removed": {"conversations": [], "members": []},
    "presence": [],
}


def page(*results: Any) -> dict[str, Any]:
    return {"results": list(results), "next": None}


# For each address: path, body, what proves that it was answered, and answers of the right kind to something else.
SAMPLES: dict[str, tuple[str, Any, Any, list[Any]]] = {
    "GET sync": ("sync?cursor=c0", None, SYNC, [SYNC | {"cursor": ""}, SYNC | {"me": None}, SYNC | {"messages": {}}]),
    "GET me": ("/api/v1/me", None, {"organizations": [{"slug": "acme"}]}, [{"organizations": {}}]),
    "GET members": ("members?q=a", None, page(ALICE), [page(MESSAGE)]),
    "GET members/*": ("members/alice", None, ALICE, [ALICE | {"id": "bob"}]),
    "PATCH members/*": (
        "members/me",
        {"preferences": {"theme": "dark"}},
        ALICE,
        [ALICE | {"preferences": {"theme": "light"}}],
    ),
    "PUT members/*/status": (
        "members/me/status",
        {"text": "Lunch"},
        {"member": "alice", "text": "Lunch", "emoji": "", "until": None, "version": 1},
        [ALICE, {"member": "alice", "text": "Lunch", "emoji": ""}],
    ),
    "DELETE members/*/status": ("members/me/status", None, None, [ALICE]),
    **{
        f"POST members/*/{noun}s/*/acknowledge": (
            f"members/me/{noun}s/n1/acknowledge",
            None,
            NOTICE,
            [NOTICE | {"acknowledged_at": None}, NOTICE | {"id": "n2"}],
        )
        for noun in ("report", "sanction")
    },
    "GET presence": ("presence", None, page({"member": "alice", "state": "online"}), [page({"member": "alice"})]),
    "GET mentions": ("mentions", None, page(MESSAGE), [page(ALICE)]),
    "GET search": ("search?q=x", None, page(MESSAGE), [page(ALICE)]),
    "GET clients": ("clients", None, page({"id": "c1", "platform": "bot"}), [page({"id": "c1"})]),
    "POST clients": ("clients", {"platform": "bot"}, {"id": "c1", "tag": 0}, [{"id": "c1"}, {"id": "", "tag": 0}]),
    "DELETE clients/*": ("clients/c1", None, None, [{"id": "c1", "tag": 0}]),
    "POST clients/*/sign-out": ("clients/c1/sign-out", None, None, [{"id": "c1", "tag": 0}]),
    "GET conversations": ("conversations", None, page(TOWN), [page(ALICE)]),
    "POST conversations": (
        "conversations",
        {"kind": "direct", "members": ["bob"]},
        DIRECT,
        [TOWN, DIRECT | {"people": ["alice", "eve"]}],
    ),
    "GET conversations/*": ("conversations/town", None, TOWN, [TOWN | {"id": "hall"}]),
    "PATCH conversations/*": ("conversations/town", {"archived": False}, TOWN, [TOWN | {"archived_at": "now"}]),
    "POST conversations/*/archive": ("conversations/town/archive", {}, TOWN | {"archived_at": "now"}, [TOWN]),
    "POST conversations/*/join": ("conversations/town/join", None, TOWN, [TOWN | {"participant": None}]),
    "POST conversations/*/leave": ("conversations/town/leave", None, None, [TOWN]),
    "POST conversations/*/preview": ("conversations/town/preview", {"text": "x"}, {"html": "x"}, [{"html": None}]),
    "GET conversations/*/pins": (
        "conversations/town/pins",
        None,
        page(MESSAGE),
        [page(MESSAGE | {"conversation": "h"})],
    ),
    "GET conversations/*/messages": (
        "conversations/town/messages?before=9",
        None,
        page(MESSAGE),
        [page(MESSAGE | {"conversation": "hall"})],
    ),
    "POST conversations/*/messages": (
        "conversations/town/messages",
        {"ref": REF.upper(), "text": "hello"},
        MESSAGE,
        [MESSAGE | {"ref": None}, MESSAGE | {"ref": "other"}, MESSAGE | {"conversation": "hall"}, MESSAGE | {"id": ""}],
    ),
    "PUT conversations/*/read": (
        "conversations/town/read",
        {"seq": 7},
        PARTICIPANT,
        [PARTICIPANT | {"read_seq": 6}, PARTICIPANT | {"conversation": "hall"}],
    ),
    "GET conversations/*/participants": (
        "conversations/town/participants?limit=200",
        None,
        page(PARTICIPANT),
        [page(PARTICIPANT | {"conversation": "hall"})],
    ),
    "POST conversations/*/participants": (
        "conversations/town/participants",
        {"member": "bob"},
        PARTICIPANT | {"member": "bob"},
        [PARTICIPANT],
    ),
    "GET conversations/*/participants/*": (
        "conversations/town/participants/alice",
        None,
        PARTICIPANT,
        [PARTICIPANT | {"member": "bob"}],
    ),
    "PATCH conversations/*/participants/*": (
        "conversations/town/participants/alice",
        {"muted": True},
        PARTICIPANT,
        [PARTICIPANT | {"member": "bob"}],
    ),
    "DELETE conversations/*/participants/*": ("conversations/town/participants/bob", None, None, [PARTICIPANT]),
    "GET messages/*": ("messages/m1", None, MESSAGE, [MESSAGE | {"id": "m2"}]),
    "PATCH messages/*": ("messages/m1", {"text": "new", "version": 1}, MESSAGE, [MESSAGE | {"version": 1}]),
    "DELETE messages/*": ("messages/m1", None, None, [MESSAGE]),
    "GET messages/*/thread": ("messages/m1/thread", None, page(MESSAGE), [page(ALICE)]),
    "GET messages/*/revisions": ("messages/m1/revisions", None, page({"version": 1, "text": "x"}), [page({})]),
    "GET messages/*/receipts": ("messages/m1/receipts", None, {"delivered": [], "read": ["bob"]}, [{"delivered": []}]),
    "GET messages/*/original": ("messages/m1/original", None, {"text": "x"}, [{"text": 1}]),
    "POST messages/*/report": ("messages/m1/report", {"reason": "spam"}, REPORT, [REPORT | {"message": "m2"}]),
    "PUT messages/*/reactions/*": (
        "messages/m1/reactions/%F0%9F%91%8D%EF%B8%8F",
        None,
        MESSAGE,
        [MESSAGE | {"reactions": []}, MESSAGE | {"id": "m2"}],
    ),
    "DELETE messages/*/reactions/*": ("messages/m1/reactions/%F0%9F%91%8D", None, None, [MESSAGE]),
    "PUT messages/*/pin": ("messages/m1/pin", None, MESSAGE, [MESSAGE | {"pinned_at": None}]),
    "DELETE messages/*/pin": ("messages/m1/pin", None, None, [MESSAGE]),
}

HTML = {"Content-Type": "text/html"}
PROBLEM = {"Content-Type": "application/problem+json"}
STATUSES = (400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 451, 500, 502, 503, 511)

JSON = {"Content-Type": "application/json"}
OWN: tuple[Any, ...] = ({}, [], None, True, 7, "ok", {"results": []}, page(None), page({"id": "portal", "version": 1}))
SIGN_IN: dict[str, dict[str, Any]] = {
    "a page": {"headers": HTML, "text": "<h1>Sign in</h1>"},
    "JSON": {"json": {"code": "portal", "detail": "Sign in"}},
    "problem details of a stranger": {"headers": PROBLEM, "content": b'{"code":"portal"}'},
    "a list of problems": {"headers": PROBLEM, "content": b"[]"},
}


def fixed(status: int, **options: Any) -> Answer:
    return lambda _: httpx.Response(status, **options)


FAKES: dict[str, Answer] = {
    **{repr(body): fixed(200, headers=JSON, content=json.dumps(body)) for body in OWN},
    "a page": fixed(200, **SIGN_IN["a page"]),
    "nothing at all": fixed(200),
    "a redirect": fixed(302, headers={"Location": "https://portal.example/"}),
    "not modified": fixed(304),
    **{f"{name} with {status}": fixed(status, **options) for status in STATUSES for name, options in SIGN_IN.items()},
}


def api_of(*answers: Answer) -> Api:
    """The answers in their order, and the last one from then on."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        return (left.pop(0) if len(left) > 1 else left[0])(request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=True)
    return Api("https://chat.example", "acme", "secret", http=http)


def genuine(body: Any, *, echo: bool = True) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        headers = {ECHOED: request.headers[ECHOED]} if echo else {}
        return httpx.Response(204, headers=headers) if body is None else httpx.Response(200, headers=headers, json=body)

    return answer


def problem(status: int, body: dict[str, Any], **headers: str) -> Answer:
    return fixed(status, headers=PROBLEM | headers, content=json.dumps(body))


def ask(row: str, *answers: Answer) -> Any:
    path, body, _, _ = SAMPLES[row]
    options = {} if body is None else {"json": body}
    return asyncio.run(api_of(*answers).request(row.partition(" ")[0], path, **options))


def test_every_address_in_the_table_has_a_sample() -> None:
    assert SAMPLES.keys() == PROOFS.keys()


def test_the_browser_has_the_same_rows() -> None:
    source = (ROOT / "static/js/client/answers.js").read_text()
    rows = set(re.findall(r'^  "((?:GET|POST|PUT|PATCH|DELETE) [^"]+)":', source, re.MULTILINE))
    assert rows == PROOFS.keys() - {"DELETE clients/*"}  # a page says goodbye by a beacon


def test_every_call_of_the_client_is_in_the_table() -> None:
    calls = re.findall(r'"(GET|POST|PUT|PATCH|DELETE)", f?"([a-z-]+[^"]*)"', inspect.getsource(module))
    assert len(calls) >= 7
    for method, path in calls:
        segments = path.partition("?")[0].split("/")
        row = "/".join("*" if index % 2 else segment for index, segment in enumerate(segments))
        assert f"{method} {row}" in PROOFS


async def test_an_address_without_a_row_is_believed_with_the_header_alone() -> None:
    assert await api_of(genuine({"sun": 1})).request("POST", "weather") == {"sun": 1}
    assert await api_of(genuine(None)).request("DELETE", "weather") is None
    for fake in (genuine({"sun": 1}, echo=False), genuine(None, echo=False)):
        with pytest.raises(Unreachable):
            await api_of(fake).request("POST", "weather")


@pytest.mark.parametrize("row", SAMPLES)
def test_what_the_server_answers_is_believed(row: str) -> None:
    _, _, good, _ = SAMPLES[row]
    assert ask(row, genuine(good)) == good
    assert ask(row, genuine(good, echo=False)) == good, "a proxy may take the header away"


@pytest.mark.parametrize("row", SAMPLES)
def test_nothing_else_is_an_answer(row: str) -> None:
    _, _, good, others = SAMPLES[row]
    fakes = FAKES | {f"{other}": genuine(other, echo=False) for other in others}
    if good is not None:
        fakes["no content"] = fixed(204)
    for name, fake in fakes.items():
        with pytest.raises(Unreachable):
            pytest.fail(f"{name} was believed: {ask(row, fake)}")


@pytest.mark.parametrize("row", SAMPLES)
@pytest.mark.parametrize("what", ["an earlier request", "no request"])
def test_an_answer_to_another_request_is_none(row: str, what: str) -> None:
    _, _, good, _ = SAMPLES[row]

    def stale(_: httpx.Request) -> httpx.Response:
        headers = {ECHOED: "an-earlier-request"} if what == "an earlier request" else {}
        return httpx.Response(204, headers=headers) if good is None else httpx.Response(200, headers=headers, json=good)

    async def twice() -> None:
        api = api_of(genuine(page()), stale)
        await api.request("GET", "members")
        path, body, _, _ = SAMPLES[row]
        await api.request(row.partition(" ")[0], path, **({} if body is None else {"json": body}))

    with pytest.raises(Unreachable):
        asyncio.run(twice())


@pytest.mark.parametrize(("code", "status"), REFUSALS.items())
def test_a_refusal_is_one_with_its_own_status_alone(code: str, status: int) -> None:
    with pytest.raises(ApiError) as refused:
        ask("GET messages/*", problem(status, {"code": code, "detail": "No."}))
    assert (refused.value.status, refused.value.code) == (status, code)
    wrongs = [
        problem(418, {"code": code}),
        problem(status, {"code": code}, **{ECHOED: "an-earlier-request"}),
        fixed(status, json={"code": code}),
    ]
    for wrong in wrongs:
        with pytest.raises(Unreachable):
            ask("GET messages/*", wrong)


async def test_not_modified_is_an_answer_to_a_named_one_alone() -> None:
    unmodified = api_of(fixed(304))
    assert await unmodified.sync("c1", etag='"e1"') == (None, '"e1"')
    with pytest.raises(Unreachable):
        await unmodified.sync("c1")


async def test_the_token_goes_to_its_own_host_alone() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        following = "https://portal.example/o/acme/api/v1/conversations/town/participants?after=1"
        return httpx.Response(200, json=page(PARTICIPANT) | {"next": following if len(asked) == 1 else None})

    assert len(await api_of(answer).participants("town")) == 2
    assert {request.url.host for request in asked} == {"chat.example"}
    assert asked[1].url.params["after"] == "1"


# --- Frames -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<h1>Sign in</h1>",
        "{}",
        "[]",
        "null",
        '{"op":1}',
        '{"op":"hello"}',
        '{"op":"events","tag":"1","events":[]}',
        '{"op":"events","tag":1,"events":[{}]}',
        '{"op":"heartbeat"}',
        '{"op":"resync","tag":null}',
        '{"op":"result"}',
        "\x00",
    ],
)
def test_what_is_no_frame_is_none(text: str) -> None:
    with pytest.raises(Unproven):
        read_frame(text)


def test_a_frame_of_a_later_version_is_read() -> None:
    assert read_frame('{"op":"weather","tag":"sunny"}') == {"op": "weather", "tag": "sunny"}
    assert read_frame('{"op":"heartbeat","tag":1,"more":2}')["more"] == 2


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"message": None},
        {"message": {}},
        {"message": MESSAGE | {"ref": "other"}},
        {"message": MESSAGE | {"conversation": "hall"}},
        {"participant": PARTICIPANT},
    ],
)
def test_a_result_for_something_else_is_no_answer(result: dict[str, Any]) -> None:
    command = {"op": "message.send", "ref": REF, "conversation": "town", "text": "hello"}
    with pytest.raises(Unproven):
        prove_sent(command, result)
    assert prove_sent(command, {"message": MESSAGE}) == MESSAGE

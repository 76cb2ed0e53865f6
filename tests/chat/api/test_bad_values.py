"""Values that no field can take, at every door: an answer of the documented set, never a 500."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Member
from chat.models import Conversation
from tests.cast import client_of  # noqa: F401  # a fixture
from tests.chat.delivery.conftest import make_channel

pytestmark = pytest.mark.django_db

ClientOf = Callable[[Member], Client]

DEEP = "[" * 1_000 + "]" * 1_000
ID = "6b1f7a9e-0000-4000-8000-000000000000"


@pytest.fixture
def alice_client(client_of: ClientOf, alice: Member) -> Client:  # noqa: F811
    return client_of(alice)


@pytest.fixture
def channel(alice: Member, bob: Member) -> Conversation:
    return make_channel("general", alice, bob)


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("post", "/api/v1/tokens", f'{{"email":"a","password":"b","label":"c","x":{DEEP}}}'),
        ("post", "/o/acme/api/v1/conversations", f'{{"kind":"public","name":{DEEP}}}'),
        ("post", "/o/acme/api/v1/clients", f'{{"x":{{"a":{DEEP}}},"platform":"bot"}}'),
        ("put", f"/o/acme/api/v1/conversations/{ID}/read", DEEP),
        ("patch", "/o/acme/api/v1/members/me", f'{{"x":{DEEP}}}'),
    ],
)
def test_a_body_that_nests_too_deeply_is_invalid(alice_client: Client, method: str, address: str, body: str) -> None:
    answer = getattr(alice_client, method)(address, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("written", "stored"),
    [(r"half \ud83d", "half \ufffd"), (r"\udc00\ud83d\ude00", "\ufffd\U0001f600"), (r"a \\ud83d", r"a \ud83d")],
)
def test_half_a_character_is_replaced(alice_client: Client, channel: Conversation, written: str, stored: str) -> None:
    answer = alice_client.post(
        f"/o/acme/api/v1/conversations/{channel.pk}/messages",
        f'{{"ref":"{ID}","text":"{written}"}}',
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["text"]) == (201, stored)


def test_what_is_no_json_is_still_refused(alice_client: Client) -> None:
    for body in ('{"x":"\\ud83d"', '{"x":"\\x"}', "{", '"\\ud83d', b'{"x":"\xff"}'):
        answer = alice_client.post("/o/acme/api/v1/clients", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("who", ["alice", "charlie", "nobody"])
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/o/%00/api/v1/sync", 404),
        ("/o/a%00b/api/v1/me", 404),
        ("/o/%00/", 404),
        ("/o/acme/api/v1/me%00", 404),
        ("/join/%00", 404),
        ("/desk/%00/", 404),
        ("/o/acme/api/v1/members?q=%00", 422),
        ("/o/acme/api/v1/search?q=a%00b", 422),
        ("/accounts/login/?next=%00", 422),
    ],
)
def test_nul_in_an_address_is_refused(
    client_of: ClientOf,  # noqa: F811
    alice: Member,
    charlie: Member,
    who: str,
    address: str,
    status: int,
) -> None:
    members = {"alice": alice, "charlie": charlie}
    client = client_of(members[who]) if who in members else Client()
    answer = client.get(address)
    assert answer.status_code == status
    if "/api/" in address:
        assert answer.json()["status"] == status


@pytest.mark.parametrize("page", ["/accounts/login/", "/", "/o/acme/", "/o/acme/api/v1/me"])
@pytest.mark.parametrize(
    "cookie",
    [
        'sessionid="\\000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
        "sessionid=" + "a" * 4_000,
        "appearance=" + "[" * 3_000,
        'appearance={"x":' + "[" * 1_000,
    ],
)
def test_a_cookie_that_nobody_gave_is_as_none(client: Client, page: str, cookie: str) -> None:
    from accounts.preferences import COOKIE

    answer = client.get(page, headers={"cookie": cookie.replace("appearance", COOKIE)})
    assert answer.status_code in {200, 302, 401}


def test_a_cursor_that_nests_deeply_is_none(alice_client: Client) -> None:
    import base64

    deep = base64.urlsafe_b64encode(b"\x81\xa1x" + b"\x91" * 2_000 + b"\xc0").decode()
    assert alice_client.get("/o/acme/api/v1/sync", {"cursor": deep}).status_code in {200, 422}


@pytest.mark.parametrize("address", ["/api/v1/schema", "/api/v1/schema/socket"])
def test_a_description_is_made_once(client: Client, address: str) -> None:
    first = client.get(address)
    again = client.get(address, headers={"if-none-match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert client.get(f"{address}?lang=de&version=2", headers={"accept-language": "de"}).content == first.content

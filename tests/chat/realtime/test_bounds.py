"""What a socket may cost: before its member is known, afterwards, and once it was closed."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from accounts.models import Member
from chat.models import Client, Conversation
from tests.chat.delivery.conftest import make_channel
from tests.chat.realtime.conftest import PATIENCE, Server, Talk
from tests.support import wire

pytestmark = pytest.mark.django_db(transaction=True)

Enter = Callable[[Member], Awaitable[tuple[Client, str]]]

PING = b"\x89\x81\0\0\0\0x"
PONG = b"\x8a\x80\0\0\0\0"
TEXT = b"\x81\x81\0\0\0\0x"
BINARY = b"\x82\x81\0\0\0\0x"
BEGINNING = b"\x01\x81\0\0\0\0x"
EMPTY_PART = b"\x00\x80\0\0\0\0"
UNMASKED = b"\x89\x01x"
RESERVED = b"\x8b\x80\0\0\0\0"
FLOODS = [PING, PONG, TEXT, BINARY, EMPTY_PART, UNMASKED, RESERVED]


class Deaf(Talk):
    """Hears a close and does not answer it."""

    def end(self, code: int, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result((code, reason))


async def connect_deaf(server: Server, client: str, **headers: str) -> tuple[Deaf, asyncio.Future[None]]:
    """A socket that sends on after it received a close, and a future for the end of its connection."""
    deaf, lost = Deaf(), asyncio.get_running_loop().create_future()
    deaf.wire = await wire.connect(
        ("127.0.0.1", server.port),
        f"/o/acme/ws/v1/?client={client}&tag=0",
        headers=headers,
        on_text=deaf.take,
        on_close=deaf.end,
    )
    taken = deaf.wire._take

    def take(opcode: int, payload: bytes) -> None:
        if opcode == wire.CLOSE:
            deaf.end(int.from_bytes(payload[:2], "big"), "")
        else:
            taken(opcode, payload)

    deaf.wire._take = take  # type: ignore[method-assign]
    deaf.wire._ended = lambda code, reason: lost.done() or lost.set_result(None)  # type: ignore[assignment, method-assign]
    return deaf, lost


async def still_works(talk: Talk) -> None:
    ref = str(uuid.uuid4())
    talk.say(op="conversation.read", conversation=ref, seq=1, ref=ref)
    assert (await talk.hear("error"))["ref"] == ref


@pytest.mark.parametrize("frame", [b"", *FLOODS])
async def test_who_was_turned_away_and_does_not_go_is_cut_off(server: Server, frame: bytes) -> None:
    """Also with nothing more to send, and with anything that it writes meanwhile."""
    deaf, lost = await connect_deaf(server, str(uuid.uuid4()))
    assert await deaf.close_code() == 4401
    deaf.wire.transport.write(frame * 100_000)
    async with asyncio.timeout(PATIENCE):
        await lost


@pytest.mark.parametrize("frame", [PING, PONG, BEGINNING + EMPTY_PART * 10])
async def test_frames_of_any_kind_count_against_a_members_socket(
    server: Server, enter: Enter, alice: Member, frame: bytes
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    talk.wire.transport.write(frame * 10_000)
    assert await talk.close_code() in {4429, 1002}  # a message within a message is a fault of the protocol
    assert await server_forgets(server, client)


async def server_forgets(server: Server, client: Client) -> bool:
    async with asyncio.timeout(PATIENCE):
        while client.pk in server.node.connections:  # noqa: ASYNC110  # it notifies nobody
            await asyncio.sleep(0.02)
    return True


async def test_a_message_in_endless_parts_ends_the_socket(server: Server, enter: Enter, alice: Member) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    talk.wire.transport.write(BEGINNING + EMPTY_PART * 10_000)
    assert await talk.close_code() in {4429, 1009}


async def test_a_member_who_does_not_answer_a_close_is_cut_off(
    server: Server, enter: Enter, alice: Member, settings: Any
) -> None:
    settings.CLOSE_TIMEOUT = 1
    client, token = await enter(alice)
    deaf, lost = await connect_deaf(server, str(client.public_id), Authorization=f"Bearer {token}")
    deaf.wire.send_text("[]")
    assert await deaf.close_code() == 4400
    deaf.wire.transport.write(PING * 100_000)
    async with asyncio.timeout(PATIENCE):
        await lost


async def test_a_few_pings_are_nobodys_fault(server: Server, enter: Enter, alice: Member) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    talk.wire.transport.write(PING * 100)
    await still_works(talk)


async def test_handshakes_that_lead_to_nothing_are_bounded_by_address(
    server: Server, enter: Enter, alice: Member, settings: Any
) -> None:
    """A member elsewhere, and the one at the same address who is in already, notice nothing."""
    settings.TRUSTED_PROXIES = 1
    settings.HANDSHAKES_AT_ONCE, settings.HANDSHAKES_PER_SECOND = 100, 0.001
    client, token = await enter(alice)
    inside = await server.connect(client, token=token, headers={"X-Forwarded-For": "192.0.2.1"})
    await inside.hear("hello")
    answers: list[int] = []
    while 429 not in answers and len(answers) < 100:
        try:
            stranger = await server.connect(str(uuid.uuid4()), headers={"X-Forwarded-For": "192.0.2.1"})
            answers.append(await stranger.close_code())
        except wire.Refused as refusal:
            answers.append(refusal.status)
    assert len(answers) > 3
    assert answers == [4401] * (len(answers) - 1) + [429]
    await still_works(inside)
    elsewhere = await server.connect(client, token=token, headers={"X-Forwarded-For": "192.0.2.2"})
    await elsewhere.hear("hello")


async def test_an_office_may_come_back_at_once_and_one_client_not_for_ever(
    server: Server, enter: Enter, alice: Member, bob: Member, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.HANDSHAKES_AT_ONCE, settings.HANDSHAKES_PER_SECOND = 5, 0.001
    office = {"X-Forwarded-For": "192.0.2.9"}
    for _ in range(10):  # more than the address could afford
        client, token = await enter(alice)
        await (await server.connect(client, token=token, headers=office)).hear("hello")
    client, token = await enter(bob)
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < 200:
        try:
            await (await server.connect(client, token=token, headers=office)).hear("hello")
            statuses.append(101)
        except wire.Refused as refusal:
            statuses.append(refusal.status)
    assert statuses[-1] == 429
    elsewhere = await server.connect(client, token=token, headers={"X-Forwarded-For": "192.0.2.10"})
    await elsewhere.hear("hello")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://["},
        {"Origin": "null"},
        {"Cookie": 'sessionid="\\000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"'},
        {"Cookie": "sessionid=" + "a" * 5000},
        {"Authorization": "Bearer parley_\xff"},
    ],
)
async def test_a_bad_handshake_is_refused_alone(
    server: Server, enter: Enter, alice: Member, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    client, token = await enter(alice)

    async def come(number: int) -> str:
        if number % 2:
            return (await (await server.connect(client, token=token)).hear("hello"))["op"]
        try:
            return str(await (await server.connect(client, headers=headers)).close_code())
        except wire.Refused as refusal:
            return str(refusal.status)

    outcomes = await asyncio.gather(*(come(number) for number in range(6)), return_exceptions=True)
    assert set(outcomes[::2]) <= {"4401", "403"}
    assert "hello" in outcomes[1::2]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("frames", [b"\x81\x81\0\0\0\0\xff", b"\x01\x81\0\0\0\0\xe2\x80\x81\0\0\0\0\x82"])
async def test_text_that_is_none_is_closed_without_a_traceback(
    server: Server, enter: Enter, alice: Member, frames: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    talk.wire.transport.write(frames)
    assert await talk.close_code() == 1007
    assert not [record for record in caplog.records if record.exc_info]


# --- One bad value is answered, and the socket goes on ----------------------------------------------


@pytest.fixture
def channel(alice: Member, bob: Member) -> Conversation:
    return make_channel("general", alice, bob)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (r"half \ud83d", "half \ufffd"),
        (r"\ude00 half", "\ufffd half"),
        (r"\uD83D\uD83D\uDE00", "\ufffd\U0001f600"),
        (r"\ud83d\u0041", "\ufffdA"),
        (r"C:\\ud83d \udfff", "C:\\ud83d \ufffd"),
        (r"\\\ud800", "\\\ufffd"),
    ],
)
async def test_half_a_character_is_replaced(
    server: Server, enter: Enter, alice: Member, channel: Conversation, written: str, stored: str
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    ref = str(uuid.uuid4())
    talk.wire.send_text(
        f'{{"op":"message.send","ref":"{ref}","conversation":"{channel.pk}","text":"{written}","x":"\\udc00"}}'
    )
    result = await talk.hear("result")
    assert (result["ref"], result["message"]["text"]) == (ref, stored)


DEEP = "[" * 1_000 + "]" * 1_000
REF = "6b1f7a9e-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("frame", "ref"),
    [
        (f'{{"op":"message.send","ref":"{REF}","conversation":"{REF}","text":"a","x":{DEEP}}}', REF),
        (f'{{"op":"conversation.read","x":{DEEP},"ref":"{REF}","conversation":"{REF}","seq":1}}', REF),
        (f'{{"op":"message.send","ref":"{REF}","conversation":"{REF}","text":{DEEP}}}', REF),
        (f'{{"op":"typing","conversation":{DEEP}}}', None),
        (f'{{"op":"message.send","ref":"{REF}\\n","conversation":"{REF}","text":"a"}}', f"{REF}\n"),
        (f'{{"op":"message.send","ref":"{REF}","conversation":"\\ud83d","text":"a"}}', REF),
        (f'{{"op":"conversation.read","ref":"{REF}","conversation":"{REF}","seq":1e999}}', REF),
        (f'{{"op":"conversation.read","ref":"{REF}","conversation":"{REF}","seq":{"9" * 4000}}}', REF),
        (f'{{"op":"presence","state":"\\udfff","ref":"{REF}"}}', REF),
        ('{"op":"\\ud83d"}', None),
        ('{"op":"message.send","ref":"\\ud83d","conversation":1}', "\ufffd"),
    ],
)
async def test_a_bad_field_is_answered_with_the_ref(
    server: Server, enter: Enter, alice: Member, frame: str, ref: str | None
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    talk.wire.send_text(frame)
    error = await talk.hear("error")
    assert (error["code"], error["ref"]) == ("invalid", ref)
    await still_works(talk)


async def test_bad_frames_are_bounded_like_others(server: Server, enter: Enter, alice: Member) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    for _ in range(1_000):
        talk.wire.send_text(json.dumps({"op": "dance", "text": "\ud83d"}))
    assert await talk.close_code() == 4429

"""The socket from the outside: what the protocol page promises, against a real server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as configured
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import connections

from accounts.models import Member, Organization
from accounts.tenancy import organization_scope
from chat.actions.clients import close_client
from chat.delivery.mailbox import mailbox
from chat.models import Client, Conversation
from tests.cast import client_of  # noqa: F401  # a fixture
from tests.chat.delivery.conftest import make_channel
from tests.chat.realtime.conftest import PATIENCE, Server, Talk, serving
from tests.support import wire

pytestmark = pytest.mark.django_db(transaction=True)

Enter = Callable[[Member], Awaitable[tuple[Client, str]]]


@pytest.fixture
def channel(alice: Member, bob: Member) -> Conversation:
    return make_channel("general", alice, bob)


async def in_organization(member: Member, work: Callable[[], Any]) -> Any:
    """Run synchronous code in the scope of a member, in a thread of its own."""

    def scoped() -> Any:
        try:
            with organization_scope(member.organization_id):
                return work()
        finally:
            connections.close_all()

    return await sync_to_async(scoped, thread_sensitive=False)()


def post(talk: Talk, conversation: Conversation, text: str, **fields: Any) -> str:
    ref = str(uuid.uuid4())
    talk.say(op="message.send", ref=ref, conversation=str(conversation.pk), text=text, **fields)
    return ref


async def refused(server: Server, client: Client | str, **given: Any) -> int:
    return await (await server.connect(client, **given)).close_code()


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110  # it is a row in the database that is waited for
            await asyncio.sleep(0.02)


async def test_a_message_reaches_every_client_of_every_participant_and_is_gone_once_acked(
    server: Server, enter: Enter, channel: Conversation, alice: Member, bob: Member
) -> None:
    talks = []
    for member in (alice, bob, bob):
        client, token = await enter(member)
        talk = await server.connect(client, token=token)
        hello = await talk.hear("hello")
        assert (hello["outcome"], hello["tag"], hello["pending"]) == ("resumed", 0, 0)
        assert (hello["window"], hello["heartbeat"]) == (configured.SOCKET_WINDOW, configured.SOCKET_HEARTBEAT)
        talks.append((talk, client))
    ref = post(talks[0][0], channel, "hello *there*")
    result = await talks[0][0].hear("result")
    assert (result["ref"], result["message"]["seq"]) == (ref, 1)
    for talk, _ in talks:
        frame = await talk.hear("events")
        (event,) = frame["events"]
        assert (frame["tag"], event["type"], event["data"]) == (1, "message.created", result["message"])
        talk.say(op="ack", tag=1)
    keys = [client.pk for _, client in talks]

    async def all_acked() -> bool:
        return not await in_organization(alice, lambda: mailbox().depth(keys))

    await eventually(all_acked)


async def test_what_was_not_acked_comes_again_on_the_next_socket_and_what_was_does_not(
    server: Server, enter: Enter, channel: Conversation, alice: Member
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    for number in range(3):
        post(talk, channel, str(number))
        await talk.hear("events")
    talk.wire.abort()
    again = await server.connect(client, token=token, tag=1)
    hello = await again.hear("hello")
    assert (hello["outcome"], hello["tag"], hello["pending"]) == ("resumed", 1, 2)
    frame = await again.hear("events")
    assert (frame["tag"], [event["data"]["text"] for event in frame["events"]]) == (2, ["1", "2"])


async def test_a_tag_that_was_never_given_out_or_is_gone_means_resync(
    server: Server, enter: Enter, channel: Conversation, alice: Member
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    post(talk, channel, "one")
    await talk.hear("events")
    hello = await (await server.connect(client, token=token, tag=7)).hear("hello")
    assert (hello["outcome"], hello["tag"], hello["pending"]) == ("resync", 1, 0)
    await in_organization(alice, lambda: mailbox().truncate([client.pk]))
    hello = await (await server.connect(client, token=token, tag=0)).hear("hello")
    assert (hello["outcome"], hello["tag"]) == ("resync", 1)


async def test_a_mailbox_emptied_under_an_open_socket_is_noticed(
    server: Server, enter: Enter, channel: Conversation, alice: Member, bob: Member, settings: Any
) -> None:
    settings.SOCKET_WINDOW = 1
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    for number in range(3):
        post(talk, channel, str(number))
        await talk.hear("result")
    assert (await talk.hear("events"))["tag"] == 1  # the window is full: the rest waits
    await in_organization(alice, lambda: mailbox().truncate([client.pk]))
    resync = await talk.hear("resync")
    assert (resync["tag"], resync["reason"]) == (3, "overflow")
    talk.say(op="ack", tag=3)
    post(talk, channel, "after")
    assert (await talk.hear("events"))["tag"] == 4


async def test_at_most_a_window_is_in_flight(
    server: Server, enter: Enter, channel: Conversation, alice: Member, settings: Any
) -> None:
    settings.SOCKET_WINDOW = 2
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    for number in range(5):
        post(talk, channel, str(number))
        await talk.hear("result")
    connection = server.node.connections[client.pk]
    await eventually(lambda: asyncio.sleep(0, result=connection.sent == 2))
    got: list[int] = []
    while len(got) < 5:
        frame = await talk.hear("events")
        got += range(frame["tag"], frame["tag"] + len(frame["events"]))
        assert connection.sent - connection.acked <= 2
        talk.say(op="ack", tag=got[-1])
    assert got == [1, 2, 3, 4, 5]


async def test_a_second_socket_of_a_client_replaces_the_first(server: Server, enter: Enter, alice: Member) -> None:
    client, token = await enter(alice)
    first = await server.connect(client, token=token)
    await first.hear("hello")
    second = await server.connect(client, token=token)
    assert await first.close_code() == 4409
    assert (await second.hear("hello"))["outcome"] == "resumed"


async def test_a_refused_socket_gets_the_close_code_of_the_reason(
    server: Server, enter: Enter, alice: Member, bob: Member, charlie: Member, globex: Organization
) -> None:
    client, token = await enter(alice)
    _, bobs = await enter(bob)
    stranger, charlies = await enter(charlie)
    assert await refused(server, client) == 4401
    assert await refused(server, client, token="parley_unknown") == 4401
    assert await refused(server, client, token=charlies) == 4403
    assert await refused(server, client, token=token, slug="globex") == 4403
    assert await refused(server, client, token=token, slug="nowhere") == 4403
    assert await refused(server, client, token=bobs) == 4404
    assert await refused(server, stranger, token=token) == 4404
    assert await refused(server, str(uuid.uuid4()), token=token) == 4404
    assert await refused(server, "x", token=token) == 4400
    assert await refused(server, client, token=token, tag=-1) == 4400
    assert await refused(server, client, token=token, subprotocol=None) == 4400
    assert (await (await server.connect(client, token=token)).hear("hello"))["op"] == "hello"


async def test_a_session_opens_a_socket_from_our_own_pages_only(
    server: Server,
    enter: Enter,
    alice: Member,
    client_of: Any,  # noqa: F811
) -> None:
    client, _ = await enter(alice)
    browser = await in_organization(alice, lambda: client_of(alice))
    cookie = {"Cookie": f"sessionid={browser.session.session_key}"}
    own = cookie | {"Origin": f"http://127.0.0.1:{server.port}"}
    talk = await server.connect(client, headers=own)
    await talk.hear("hello")
    with pytest.raises(wire.Refused) as refusal:
        await server.connect(client, headers=cookie | {"Origin": "https://evil.example"})
    assert refusal.value.status == 403
    await in_organization(alice, lambda: SessionStore(browser.session.session_key).flush())
    assert await talk.close_code() == 4401


async def test_an_address_that_is_none_is_refused(server: Server) -> None:
    with pytest.raises(wire.Refused) as refusal:
        await wire.connect(
            ("127.0.0.1", server.port), "/ws", headers={}, on_text=lambda _: None, on_close=lambda *_: None
        )
    assert refusal.value.status == 403


@pytest.mark.usefixtures("no_repair")
async def test_a_revoked_token_and_a_deactivated_member_are_out_at_once(
    server: Server, enter: Enter, alice: Member, bob: Member
) -> None:
    from accounts.signals import member_deactivated
    from accounts.tokens import find_token, revoke_token

    client, token = await enter(alice)
    revoked = await server.connect(client, token=token)
    await revoked.hear("hello")
    await in_organization(alice, lambda: revoke_token(find_token(token)))
    assert await revoked.close_code() == 4401
    client, token = await enter(bob)
    removed = await server.connect(client, token=token)
    await removed.hear("hello")
    await in_organization(bob, lambda: member_deactivated.send(sender=Member, member=bob, actor=alice))
    assert await removed.close_code() == 4403
    assert not await in_organization(bob, lambda: Client.objects.filter(pk=client.pk).exists())


async def test_they_are_out_even_when_the_wakeup_is_lost(
    server: Server, enter: Enter, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.delivery.wakeups.send", lambda messages: None)
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")

    def deactivate() -> None:
        from django.utils import timezone

        Member.objects.filter(pk=alice.pk).update(deactivated_at=timezone.now())

    await in_organization(alice, deactivate)
    assert await talk.close_code() == 4403


async def test_events_arrive_even_when_every_wakeup_is_lost(
    server: Server, enter: Enter, channel: Conversation, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.delivery.wakeups.send", lambda messages: None)
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    post(talk, channel, "hello")
    assert (await talk.hear("events"))["tag"] == 1


@pytest.mark.usefixtures("no_repair")
async def test_a_closed_client_loses_its_socket(server: Server, enter: Enter, alice: Member) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    await in_organization(alice, lambda: close_client(alice, client.public_id))
    assert await talk.close_code() == 4404


async def test_refusals_become_error_frames(
    server: Server, enter: Enter, channel: Conversation, alice: Member, gus: Member
) -> None:
    client, token = await enter(gus)
    talk = await server.connect(client, token=token)
    ref = post(talk, channel, "may I?")
    error = await talk.hear("error")
    assert (error["ref"], error["code"]) == (ref, "not_found")
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    post(talk, channel, " ")
    error = await talk.hear("error")
    assert (error["code"], list(error["errors"])) == ("invalid", ["text"])


@pytest.mark.parametrize("ref", ["x", "AB12CD34-0000-4000-8000-00000000ABCD"])
async def test_a_ref_comes_back_letter_by_letter(
    server: Server, enter: Enter, alice: Member, bob: Member, channel: Conversation, ref: str
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    talk.wire.send_text(f'{{"op":"dance","ref":"{ref}"}}')
    assert (await talk.hear("error"))["ref"] == ref
    talk.wire.send_text(f'{{"op":"message.send","ref":"{ref}","conversation":"{channel.pk}","text":"hi"}}')
    answer = await talk.hear("error" if ref == "x" else "result")
    assert answer["ref"] == ref


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        ('{"op":"dance"}', "invalid"),
        ('{"op":"ack"}', "invalid"),
        ('{"op":"ack","tag":"1"}', "invalid"),
        ("{}", "invalid"),
        ('{"op":"ack","tag":1}', 4400),
        ("[]", 4400),
        ("{", 4400),
        ("", 4400),
        ("x" * (configured.SOCKET_FRAME_BYTES + 1), 4413),
    ],
)
async def test_bad_frames_get_an_error_or_a_documented_close(
    server: Server, enter: Enter, alice: Member, frame: str, answer: int | str
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    talk.wire.send_text(frame)
    if isinstance(answer, int):
        assert await talk.close_code() == answer
    else:
        assert (await talk.hear("error"))["code"] == answer


async def test_too_many_frames_end_the_socket(server: Server, enter: Enter, alice: Member) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    for _ in range(6000):
        talk.wire.send_text('{"op":"heartbeat"}')
    assert await talk.close_code() == 4429


async def test_silence_and_unacked_events_end_the_socket(
    server: Server, enter: Enter, channel: Conversation, alice: Member, settings: Any
) -> None:
    client, token = await enter(alice)
    settings.SOCKET_HEARTBEAT = 1
    silent = await server.connect(client, token=token)
    assert (await silent.hear("heartbeat"))["tag"] == 0
    assert await silent.close_code() == 4408
    settings.SOCKET_HEARTBEAT, settings.SOCKET_ACK_TIMEOUT = 25, 1
    deaf = await server.connect(client, token=token)
    post(deaf, channel, "hello?")
    assert await deaf.close_code() == 4408


async def test_read_positions_move_over_the_socket(
    server: Server, enter: Enter, channel: Conversation, alice: Member, bob: Member
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    post(talk, channel, "one")
    await talk.hear("result")
    client, token = await enter(bob)
    reader = await server.connect(client, token=token)
    ref = str(uuid.uuid4())
    reader.say(op="conversation.read", conversation=str(channel.pk), seq=1, ref=ref)
    result = await reader.hear("result")
    assert (result["ref"], result["participant"]["read_seq"]) == (ref, 1)
    assert (await reader.hear("events"))["events"][0]["type"] == "participant.updated"


async def test_threads_are_read_over_the_socket_and_sends_say_what_was_shown(
    server: Server, enter: Enter, channel: Conversation, alice: Member, bob: Member
) -> None:
    client, token = await enter(bob)
    reader = await server.connect(client, token=token)
    post(reader, channel, "a question")
    head = (await reader.hear("result"))["message"]["id"]
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    post(talk, channel, "an answer", thread=head)
    await talk.hear("result")
    for frame, read in (({"seq": 2}, [[0, 1]]), ({"seq": 2, "thread": head}, [[0, 2]])):
        reader.say(op="conversation.read", conversation=str(channel.pk), ref=str(uuid.uuid4()), **frame)
        assert (await reader.hear("result"))["participant"]["read"] == read
    post(talk, channel, "one")
    await talk.hear("result")
    post(reader, channel, "I saw that", read=3)
    seq = (await reader.hear("result"))["message"]["seq"]
    reader.say(op="conversation.read", conversation=str(channel.pk), ref=str(uuid.uuid4()), seq=seq)
    assert (await reader.hear("result"))["participant"]["read"] == [[0, 4]]
    reader.say(op="conversation.read", conversation=str(channel.pk), ref="r", seq=1, thread=str(uuid.uuid4()))
    assert (await reader.hear("error"))["code"] == "not_found"


async def test_typing_is_sent_to_the_others_and_not_too_often(
    server: Server, enter: Enter, channel: Conversation, alice: Member, bob: Member, gus: Member
) -> None:
    talks = {}
    for member in (alice, bob, gus):
        client, token = await enter(member)
        talks[member.name] = await server.connect(client, token=token)
        await talks[member.name].hear("hello")
    for _ in range(5):
        talks["Alice"].say(op="typing", conversation=str(channel.pk))
    talks["Gus"].say(op="typing", conversation=str(channel.pk))  # he is not in it
    seen = await talks["Bob"].hear("signal")
    while seen["signal"]["type"] == "presence":
        seen = await talks["Bob"].hear("signal")
    assert seen["signal"] == {"type": "typing", "conversation": str(channel.pk), "member": str(alice.pk)}
    await asyncio.sleep(0.3)
    signals = [frame["signal"] for frame in talks["Bob"].frames if frame["op"] == "signal"]
    assert "typing" not in {signal["type"] for signal in signals}


async def test_presence_is_sent_to_members_who_share_a_conversation(
    server: Server, enter: Enter, channel: Conversation, alice: Member, bob: Member, charlie: Member
) -> None:
    from chat.delivery.presence import presence_of

    client, token = await enter(alice)
    watching = await server.connect(client, token=token)
    await watching.hear("hello")
    stranger, theirs = await enter(charlie)
    outsider = await server.connect(stranger, token=theirs, slug="globex")
    client, token = await enter(bob)
    await (await server.connect(client, token=token)).hear("hello")
    state: dict[str, Any] = {}
    while state.get("member") != str(bob.pk):
        state = (await watching.hear("signal"))["signal"]
    assert state == {"type": "presence", "member": str(bob.pk), "state": "online"}
    ids = [alice.pk, bob.pk, charlie.pk]
    assert await in_organization(alice, lambda: presence_of(alice.organization_id, ids)) == {
        alice.pk: "online",
        bob.pk: "online",
    }
    assert "signal" not in {frame["op"] for frame in outsider.frames}


@pytest.fixture
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for before the server: it looks at them when it starts."""
    monkeypatch.setattr("chat.delivery.presence.LEASE", 2)
    monkeypatch.setattr("chat.delivery.presence.RENEW", 0.3)


async def test_who_touches_nothing_is_away_until_they_are_back(
    short_leases: None, server: Server, enter: Enter, channel: Conversation, alice: Member, bob: Member, charlie: Member
) -> None:
    client, token = await enter(alice)
    watching = await server.connect(client, token=token)
    await watching.hear("hello")  # from here on presence is sent to it
    stranger, theirs = await enter(charlie)
    outsider = await server.connect(stranger, token=theirs, slug="globex")
    client, token = await enter(bob)
    idle = await server.connect(client, token=token)
    await idle.hear("hello")
    states: list[str] = []
    for said in (None, "away", "online"):
        if said:
            idle.say(op="presence", state=said)
        while len(states) == 0 or (said and states[-1] != said):
            signal = (await watching.hear("signal"))["signal"]
            states += [signal["state"]] if signal.get("member") == str(bob.pk) else []
    assert states == ["online", "away", "online"]
    idle.say(op="presence", state="asleep")
    assert (await idle.hear("error"))["code"] == "invalid"
    assert "signal" not in {frame["op"] for frame in outsider.frames}


async def test_a_cancellation_that_is_lost_does_not_keep_a_node_from_stopping(transactional_db: None) -> None:
    async def lose_one() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async with asyncio.timeout(30):
        async with serving() as server:
            deaf = asyncio.create_task(lose_one())
            server.node._tasks.append(deaf)
            await asyncio.sleep(0)
    assert deaf.cancelled()

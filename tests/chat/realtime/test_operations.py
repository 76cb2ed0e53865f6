"""What an admin does to a client, as its open socket sees it."""

from __future__ import annotations

from accounts.models import Member
from chat.actions.operations import resync_client, sign_out_client
from chat.models import Client, Conversation
from tests.chat.realtime.conftest import Server
from tests.chat.realtime.test_consumer import Enter, channel, in_organization, post  # noqa: F401  # a fixture among them


async def test_a_forced_resync_reaches_a_client_that_missed_nothing(
    server: Server,
    enter: Enter,
    channel: Conversation,  # noqa: F811
    alice: Member,
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")
    post(talk, channel, "one")
    tag = (await talk.hear("events"))["tag"]
    talk.say(op="ack", tag=tag)

    def force() -> None:
        resync_client(alice, Client.objects.get(pk=client.pk), reason="it looks odd")

    await in_organization(alice, force)
    resync = await talk.hear("resync")
    assert (resync["tag"], resync["reason"]) == (tag + 1, "overflow")
    post(talk, channel, "two")
    assert (await talk.hear("events"))["tag"] == tag + 2


async def test_a_client_that_was_away_gets_the_resync_when_it_returns(
    server: Server,
    enter: Enter,
    channel: Conversation,  # noqa: F811
    alice: Member,
) -> None:
    client, token = await enter(alice)

    def force() -> None:
        resync_client(alice, Client.objects.get(pk=client.pk), reason="it looks odd")

    await in_organization(alice, force)
    talk = await server.connect(client, token=token)
    hello = await talk.hear("hello")
    assert (hello["outcome"], hello["tag"], hello["pending"]) == ("resync", 1, 0)
    again = await server.connect(client, token=token, tag=1)
    assert (await again.hear("hello"))["outcome"] == "resumed"


async def test_signing_a_client_out_closes_its_socket(
    server: Server,
    enter: Enter,
    channel: Conversation,  # noqa: F811
    alice: Member,
) -> None:
    client, token = await enter(alice)
    talk = await server.connect(client, token=token)
    await talk.hear("hello")

    def sign_out() -> None:
        sign_out_client(alice, Client.objects.select_related("member__user").get(pk=client.pk), reason="lost phone")

    await in_organization(alice, sign_out)
    assert await talk.close_code() in {4401, 4404}

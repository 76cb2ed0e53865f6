"""Sockets against a real server: one node for the tests of this folder, on the test database of this worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from asgiref.sync import sync_to_async
from django.db import connections

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.actions.clients import register_client
from chat.delivery import database, store
from chat.delivery.node import Node, present_node, repair, standing
from chat.models import Client
from config.server.run import configuration
from tests.support import wire

NEVER = 1_000_000.0  # seconds
PATIENCE = 60.0  # seconds, on a machine with much else to do, until what should come is taken for lost


class Talk:
    """A socket that a test writes to and reads from, frame by frame."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []  # received and not returned
        self._more = asyncio.Event()
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.wire: wire.Wire

    def say(self, **frame: Any) -> None:
        self.wire.send_text(json.dumps(frame))

    async def hear(self, op: str, *, seconds: float = PATIENCE) -> dict[str, Any]:
        """Return the next frame with this op; others are kept. Raises ConnectionError when none can come any more."""
        async with asyncio.timeout(seconds):
            while True:
                for index, frame in enumerate(self.frames):
                    if frame["op"] == op:
                        return self.frames.pop(index)
                if self.closed.done():
                    raise ConnectionError(self.closed.result())
                self._more.clear()
                await self._more.wait()

    def take(self, text: bytes) -> None:
        self.frames.append(json.loads(text))
        self._more.set()

    def close(self, code: int, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result((code, reason))
        self._more.set()

    async def close_code(self, *, seconds: float = PATIENCE) -> int:
        async with asyncio.timeout(seconds):
            return (await self.closed)[0]


class Server:
    """One node on a port of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def node(self) -> Node:
        node = present_node()
        assert node is not None
        return node

    async def connect(
        self, client: Client | str, *, token: str = "", tag: int = 0, slug: str = "acme", **given: Any
    ) -> Talk:
        talk = Talk()
        key = client if isinstance(client, str) else str(client.public_id)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        talk.wire = await wire.connect(
            ("127.0.0.1", self.port),
            f"/o/{slug}/ws/v1/?client={key}&tag={tag}",
            headers=headers | given.pop("headers", {}),
            on_text=talk.take,
            on_close=talk.close,
            **given,
        )
        return talk


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    config = configuration()
    config.port, config.host, config.loop = 0, "127.0.0.1", "asyncio"
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    while not server.started:
        assert not running.done(), running
        await asyncio.sleep(0.01)
    try:
        yield Server(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await running
        await database.close()
        await store.close()


@pytest.fixture
def no_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the node compare and check nothing of its own accord: what happens, a wake-up has caused. Before `server`."""
    monkeypatch.setattr(repair, "COMPARE", NEVER)
    monkeypatch.setattr(standing, "INTERVAL", NEVER)


@pytest.fixture
async def server(transactional_db: None) -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture
def enter(transactional_db: None) -> Callable[[Member], Awaitable[tuple[Client, str]]]:
    """`await enter(alice)` is a client of Alice's and a token of hers."""

    def register(member: Member) -> tuple[Client, str]:
        from accounts.credentials import token_credential
        from accounts.tokens import issue_token

        try:
            token, secret = issue_token(member.user, label="test")
            with organization_scope(member.organization_id):
                client = register_client(member, platform="bot", credential=token_credential(token))
        finally:
            connections.close_all()
        return client, secret

    return sync_to_async(register, thread_sensitive=False)

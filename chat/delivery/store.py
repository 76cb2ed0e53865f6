"""Clients of Valkey: one for all threads and one for each event loop, with pools of an explicit size."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings

if TYPE_CHECKING:
    from redis.asyncio.client import Redis as AsyncRedis

ASYNC_CONNECTIONS: Final = 16  # per loop: a node has few requests at once, whether it holds few sockets or many
TIMEOUT: Final = 2.0  # seconds; contents of Valkey are repaired from the database or may be lost

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncRedis] = WeakKeyDictionary()


@cache
def threads() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, max_connections=settings.REDIS_POOL_SIZE, socket_timeout=TIMEOUT, decode_responses=True
    )


def loop() -> AsyncRedis:
    """Return the client of the running loop."""
    running = asyncio.get_running_loop()
    client = _clients.get(running)
    if client is None:
        client = _clients[running] = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, max_connections=ASYNC_CONNECTIONS, socket_timeout=TIMEOUT, decode_responses=True
        )
    return client


async def close() -> None:
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()

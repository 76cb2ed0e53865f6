"""Rate limits of the acts of members, counted in Valkey in fixed windows.

If Valkey is down, all acts are allowed: exceeding a limit for a moment is better than losing a message.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Final
from uuid import UUID

import redis
import structlog
from django.conf import settings
from redis.exceptions import RedisError

from accounts.errors import Throttled

WINDOW: Final = 60  # seconds
TIMEOUT: Final = 1.0  # seconds after which Valkey counts as down

log = structlog.get_logger(__name__)


def count(action: str, member_id: UUID, *, limit: int, amount: int = 1) -> None:
    """Count `amount` acts of a member; raises Throttled when they are beyond `limit` in the present minute."""
    if admit(action, {member_id: amount}, limit=limit)[member_id] < amount:
        raise exhausted()


def admit(action: str, wanted: Mapping[UUID, int], *, limit: int) -> dict[UUID, int]:
    """Count the acts that several members want to do, in one round trip; how many of them each may do."""
    window = int(time.time() // WINDOW)
    try:
        # Django's cache needs three round trips to count once.
        with _client().pipeline(transaction=False) as pipeline:
            for member_id, amount in wanted.items():
                pipeline.incrby(key := f"throttle:{action}:{member_id}:{window}", amount)
                pipeline.expire(key, 2 * WINDOW)
            totals = pipeline.execute()[::2]
    except RedisError:
        log.warning("throttle_unavailable", action=action)
        return dict(wanted)
    return {
        member_id: max(0, amount - max(0, total - limit))
        for (member_id, amount), total in zip(wanted.items(), totals, strict=True)
    }


def exhausted() -> Throttled:
    """Return the refusal, valid until the next minute begins."""
    return Throttled(int(WINDOW - time.time() % WINDOW) + 1)


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, max_connections=settings.REDIS_POOL_SIZE, socket_timeout=TIMEOUT)

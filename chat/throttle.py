"""How often a member may do something: fixed windows counted in the cache.

A cache that is away lets everybody through: it is better to be fast for a moment than to lose what somebody wrote.
"""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

from chat.errors import Throttled

WINDOW: Final = 60  # seconds

log = structlog.get_logger(__name__)


def count(action: str, member_id: UUID, *, limit: int, amount: int = 1) -> None:
    """Count `amount` acts of a member; raises Throttled beyond `limit` in the present minute."""
    now = time.time()
    window = int(now // WINDOW)
    key = f"throttle:{action}:{member_id}:{window}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW)
        total = cache.incr(key, amount)
    except (RedisError, ValueError):  # ValueError: the key expired between the two
        log.warning("throttle_unavailable", action=action)
        return
    if total > limit:
        raise Throttled(int((window + 1) * WINDOW - now) + 1)

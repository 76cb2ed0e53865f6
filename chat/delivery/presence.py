"""Who is there: leases in Valkey, never a flag, so that the people of a killed node go offline by themselves.

One sorted set per organization, `<member>:<state>` scored with the second at which the lease ends. A member is online
while an online lease lives, else away while an away lease does, else offline. Whatever is not in Valkey is offline: a
Valkey that is away or empty costs nothing but a few dots that are grey for a moment.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from accounts.models import Member
from chat.delivery import store

State = Literal["online", "away", "offline"]
Change = tuple[str, State]
"""Member id and the state they are in from now on."""

LEASE: Final = 45  # seconds a socket counts for without being renewed: three renewals may fail
RENEW: Final = 15  # seconds
POLL_LEASE: Final = 90  # seconds a polling client counts for: it asks every 5 to 30
GRACE: Final = 8  # seconds after the last socket closed: a reconnect or a reload is no change
SWEEP_AT_ONCE: Final = 500  # expired leases taken in one step, so that no script holds Valkey long

# Both return a flat list [member, state, …] of those whose state changed.
_TOUCH: Final = """
local changed = {}
for i = 4, #ARGV do
  local name = ARGV[i] .. ':' .. ARGV[2]
  local ends = tonumber(redis.call('ZSCORE', KEYS[1], name) or '0')
  if ends <= tonumber(ARGV[1]) then
    local online = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i] .. ':online') or '0') > tonumber(ARGV[1])
    if not online then
      changed[#changed + 1] = ARGV[i]
      changed[#changed + 1] = ARGV[2]
    end
  end
  redis.call('ZADD', KEYS[1], 'GT', ARGV[1] + ARGV[3], name)
end
return changed
"""
_SWEEP: Final = """
local changed = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  redis.call('ZREM', KEYS[1], name)
  local member = string.sub(name, 1, 36)
  local state = 'offline'
  for _, other in ipairs({'away', 'online'}) do
    if tonumber(redis.call('ZSCORE', KEYS[1], member .. ':' .. other) or '0') > tonumber(ARGV[1]) then state = other end
  end
  if not (state == 'online') then
    changed[#changed + 1] = member
    changed[#changed + 1] = state
  end
end
return changed
"""

log = structlog.get_logger(__name__)


def presence_of(organization_id: UUID, member_ids: Iterable[UUID]) -> dict[UUID, State]:
    """Who of these members is online or away; the others are offline."""
    members = list(member_ids)
    names = [f"{member}:{state}" for member in members for state in ("online", "away")]
    ends: Sequence[float | None] = [None] * len(names)
    if names:
        try:
            ends = store.threads().zmscore(_key(organization_id), names)
        except RedisError as error:
            log.warning("presence_unavailable", reason=repr(error))
    now = time.time()
    live = [name for name, end in zip(names, ends, strict=True) if end is not None and end > now]
    held = (name.split(":") for name in reversed(live))  # online comes first, and so wins
    return {UUID(member): "online" if state == "online" else "away" for member, state in held}


def touch_presence(member: Member, state: Literal["online", "away"]) -> None:
    """A client without a socket is there, or its owner stepped away. The lease holds until the next poll but two."""
    try:
        changed = store.threads().eval(*_touch(member.organization_id, [str(member.pk)], state, POLL_LEASE))
    except RedisError as error:
        log.warning("presence_unavailable", reason=repr(error))
        return
    if changes := pairs(changed):
        from chat.delivery.node import signals

        signals.announce(member.organization_id, changes)


async def hold(organization_id: UUID, members: Sequence[str], *, state: str = "online") -> list[Change]:
    """Take or renew the leases of members with a socket; those whose state changes by it are returned."""
    return pairs(await store.loop().eval(*_touch(organization_id, members, state, LEASE)))


async def release(organization_id: UUID, members: Sequence[str]) -> None:
    """Let the leases of members without any socket end soon."""
    if not members:
        return
    ends = time.time() + GRACE
    await store.loop().zadd(
        _key(organization_id),
        dict.fromkeys((f"{m}:{state}" for m in members for state in ("online", "away")), ends),
        xx=True,
        lt=True,
    )


async def sweep(organization_id: UUID) -> list[Change]:
    """Take out what has expired; of several nodes that sweep at once, one gets each change."""
    ends = str(time.time())
    return pairs(await store.loop().eval(_SWEEP, 1, _key(organization_id), ends, str(SWEEP_AT_ONCE)))


def pairs(flat: Any) -> list[Change]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _touch(organization_id: UUID, members: Sequence[str], state: str, lease: int) -> tuple[Any, ...]:
    return _TOUCH, 1, _key(organization_id), str(time.time()), state, str(lease), *members


def _key(organization_id: UUID) -> str:
    return f"parley:presence:{organization_id}"

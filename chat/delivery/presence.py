"""Presence of members, as leases in Valkey: the members of a killed node go offline when their leases end.

Each organization has one sorted set of `<member>:<state>`, scored with the second at which the lease ends. A member is
online while an online lease lasts, else away while an away lease lasts, else offline. Without Valkey, or with an empty
one, everybody is shown as offline until their leases are renewed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, cast
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from accounts.models import Member
from chat.delivery import store, wakeups
from chat.wire import PresenceChanged, State

Change = tuple[UUID, State]
"""A member, and the state that they have from now on."""

LEASE: Final = 45  # seconds a socket counts for without being renewed: three renewals may fail
RENEW: Final = 15  # seconds
POLL_LEASE: Final = 90  # seconds a polling client counts for: it asks every 5 to 30
GRACE: Final = 8  # seconds after the last socket closed: a reconnect or a reload is no change
SWEEP_AT_ONCE: Final = 500  # expired leases removed in one step, so that no script blocks Valkey for long

# Both return a flat list [member, state, …] of the members whose state changed.
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
    """Return which of these members are online or away; the others are offline."""
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
    held = (name.split(":") for name in reversed(live))  # online precedes away in the list, so it replaces it here
    return {UUID(member): "online" if state == "online" else "away" for member, state in held}


def touch_presence(member: Member, state: Literal["online", "away"]) -> None:
    """Hold the lease of a member whose client polls. It outlasts two missed polls."""
    try:
        changed = store.threads().eval(*_touch(member.organization_id, [member.pk], state, POLL_LEASE))
    except RedisError as error:
        log.warning("presence_unavailable", reason=repr(error))
        return
    if changes := _changes(changed):
        wakeups.broadcast(PresenceChanged(member.organization_id, changes))


async def hold(organization_id: UUID, members: Sequence[UUID], *, state: str = "online") -> list[Change]:
    """Take or renew the leases of members who have a socket. Returns the members whose state changes by that."""
    return _changes(await store.loop().eval(*_touch(organization_id, members, state, LEASE)))


async def release(organization_id: UUID, members: Sequence[UUID]) -> None:
    """Have the leases of members without a socket end after GRACE."""
    if not members:
        return
    ends = time.time() + GRACE
    await store.loop().zadd(
        _key(organization_id),
        dict.fromkeys((f"{member}:{state}" for member in members for state in ("online", "away")), ends),
        xx=True,
        lt=True,
    )


async def sweep(organization_id: UUID) -> list[Change]:
    """Remove expired leases and return the changes. If several nodes sweep at once, each change is returned to one."""
    ends = str(time.time())
    return _changes(await store.loop().eval(_SWEEP, 1, _key(organization_id), ends, str(SWEEP_AT_ONCE)))


def _changes(flat: Any) -> list[Change]:
    return [(UUID(member), cast(State, state)) for member, state in zip(flat[::2], flat[1::2], strict=True)]


def _touch(organization_id: UUID, members: Sequence[UUID], state: str, lease: int) -> tuple[Any, ...]:
    return _TOUCH, 1, _key(organization_id), str(time.time()), state, str(lease), *map(str, members)


def _key(organization_id: UUID) -> str:
    return f"parley:presence:{organization_id}"

"""Mailboxes in Valkey, for installations that prefer speed to mailboxes that survive its loss.

What it guarantees: an event is marked as pending in the transaction that writes it, and handed to Valkey after commit.
If a crash or an absent Valkey leaves events pending, they are handed over with the next event of their conversation, or
by the nodes a few seconds later, once (the script remembers for an hour which events it took). So no event is lost
between commit and mailbox, and a conversation keeps its order. Other events may be in different order in two mailboxes,
which versions make harmless. A member who is being removed may still get what is handed over at the same moment.

What it does not guarantee: a Valkey that was emptied, restarted or failed over may have lost mailboxes or their ends.
It then has another run id. Mailboxes belong to a run, and tags start from the clock, above all that were ever given
out, so every client gets a resync within seconds. The same happens after an overflow, and with keys that expired.

Each client has one list (an entry takes a few bytes in it, and its tag follows from its index) and one number. It does
not support clusters, because a script uses the keys of many clients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from django.conf import settings
from django.db import connection, transaction
from redis.exceptions import RedisError

from chat.delivery import database, metrics, store
from chat.delivery.database import numbers
from chat.delivery.mailbox.contract import Backlog, EventBatch, Notify, Position, Purge
from chat.delivery.mailbox.recipients import Group, clients_of, events_of, mark_overflowed, recipients

LATE: Final = 5  # seconds after which a pending event counts as left behind
RUN_KEY: Final = "parley:mailbox:run"
AT_ONCE: Final = 500  # such events handed over in one step
BACKLOGS_AT_ONCE: Final = 1000  # clients in one script, which blocks Valkey for a millisecond
ALONG: Final = 100  # such events of a conversation handed over with a later one; if there are more, the nodes do it
CATCHING_UP: Final = 0x7061726C6579  # advisory lock

# Shared by all scripts: the keys of a client in the present run, and its tag. ARGV[1] is the life of a key in seconds.
_COMMON: Final = """
local life = ARGV[1]
local run = redis.call('GET', 'parley:mailbox:run') or 'none'
local function list_of(client) return 'parley:mailbox:' .. run .. ':' .. client end
local function tag_of(client)
  local key = list_of(client) .. ':tag'
  local tag = redis.call('GET', key)
  if not tag then
    local now = redis.call('TIME')
    tag = string.format('%.0f', now[1] * 1000000 + now[2])
    redis.call('SET', key, tag, 'EX', life)
  end
  return tonumber(tag)
end
local function integer(number) return string.format('%.0f', number) end
"""
# ARGV: life, bound, [[[events], [clients]], …]. Returns how many mailboxes overflowed.
_APPEND: Final = (
    _COMMON
    + """
local groups, known, overflows = cjson.decode(ARGV[3]), {}, 0
for _, group in ipairs(groups) do
  for _, event in ipairs(group[1]) do
    if known[event] == nil then
      known[event] = not redis.call('SET', 'parley:mailbox:taken:' .. event, 1, 'NX', 'EX', 3600)
    end
  end
end
for _, group in ipairs(groups) do
  local events = {}
  for _, event in ipairs(group[1]) do
    if not known[event] then events[#events + 1] = event end
  end
  if #events > 0 then
    for _, client in ipairs(group[2]) do
      local list, tag = list_of(client), tag_of(client)
      local length = redis.call('RPUSH', list, unpack(events))
      redis.call('SET', list .. ':tag', integer(tag + #events), 'EX', life)
      redis.call('EXPIRE', list, life)
      if length > tonumber(ARGV[2]) then
        redis.call('DEL', list)
        overflows = overflows + 1
      end
    end
  end
end
return overflows
"""
)
# ARGV: life, then client, after, upto of each. Returns [client, first, [events], …].
_READ: Final = (
    _COMMON
    + """
local found = {}
for i = 2, #ARGV, 3 do
  local list, tag = list_of(ARGV[i]), tag_of(ARGV[i])
  local before = tag - redis.call('LLEN', list)
  local start = math.max(0, ARGV[i + 1] - before)
  local stop = ARGV[i + 2] - before - 1
  if stop >= start then
    local events = redis.call('LRANGE', list, start, stop)
    if #events > 0 then
      found[#found + 1] = ARGV[i]
      found[#found + 1] = integer(before + start + 1)
      found[#found + 1] = events
    end
  end
end
return found
"""
)
# ARGV: life, clients. Returns [tag, length, …].
_POSITIONS: Final = (
    _COMMON
    + """
local found = {}
for i = 2, #ARGV do
  found[#found + 1] = integer(tag_of(ARGV[i]))
  found[#found + 1] = redis.call('LLEN', list_of(ARGV[i]))
end
return found
"""
)
# ARGV: life, then client, upto of each. Returns [first, [events], …] of what was taken out.
_ACKNOWLEDGE: Final = (
    _COMMON
    + """
local acked = {}
for i = 2, #ARGV, 2 do
  local list, tag = list_of(ARGV[i]), tag_of(ARGV[i])
  local before = tag - redis.call('LLEN', list)
  local count = ARGV[i + 1] - before
  local events = {}
  if count > 0 then
    events = redis.call('LRANGE', list, 0, count - 1)
    redis.call('LTRIM', list, integer(count), -1)
  end
  acked[#acked + 1] = integer(before + 1)
  acked[#acked + 1] = events
end
return acked
"""
)
# ARGV: life, event, the events that it replaces as JSON, clients. Acks shift the entries of a list at any time, so
# their indexes are looked up here.
_REPLACE: Final = (
    _COMMON
    + """
local gone = {}
for _, event in ipairs(cjson.decode(ARGV[3])) do gone[integer(event)] = true end
for i = 4, #ARGV do
  local list = list_of(ARGV[i])
  for index, event in ipairs(redis.call('LRANGE', list, 0, -1)) do
    if gone[event] then redis.call('LSET', list, index - 1, ARGV[2]) end
  end
end
"""
)
# ARGV: life, what ("entries", "hole": and leave a tag out, "all": the tag too), clients.
_FORGET: Final = (
    _COMMON
    + """
for i = 3, #ARGV do
  tag_of(ARGV[i])
  redis.call('DEL', list_of(ARGV[i]))
  if ARGV[2] == 'hole' then redis.call('INCR', list_of(ARGV[i]) .. ':tag') end
  if ARGV[2] == 'all' then redis.call('DEL', list_of(ARGV[i]) .. ':tag') end
end
"""
)
# ARGV: life, event, clients. Returns those that have it.
_HOLDING: Final = (
    _COMMON
    + """
local found = {}
for i = 3, #ARGV do
  if redis.call('LPOS', list_of(ARGV[i]), ARGV[2]) then found[#found + 1] = ARGV[i] end
end
return found
"""
)
_DEPTH: Final = (
    _COMMON
    + """
local found = {}
for i = 2, #ARGV do found[#found + 1] = redis.call('LLEN', list_of(ARGV[i])) end
return found
"""
)
# ARGV: life, clients. Returns the first event of each, or "".
_OLDEST: Final = (
    _COMMON
    + """
local found = {}
for i = 2, #ARGV do found[#found + 1] = redis.call('LINDEX', list_of(ARGV[i]), 0) or '' end
return found
"""
)
# Events of the conversation that others have committed and not yet handed over. They are handed over first: a message
# must not precede the event that made its reader a participant.
_EARLIER: Final = """
SELECT id FROM chat_event
WHERE pending AND id < (SELECT min(each) FROM unnest(%(events)s::bigint[]) AS each)
    AND conversation_id IN (SELECT conversation_id FROM chat_event WHERE id = ANY(%(events)s))
ORDER BY id LIMIT %(limit)s
"""
_KEEP: Final = """
INSERT INTO chat_ackedentry (organization_id, member_id, client, tag, event_id)
SELECT c.organization_id, c.member_id, c.public_id, a.tag, a.event_id
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS a (client_id, tag, event_id)
JOIN chat_client c ON c.id = a.client_id
"""

log = structlog.get_logger(__name__)


class ValkeyMailbox:
    hands_over_after_commit = True
    tags_in_database = False

    def append(
        self,
        organization_id: UUID,
        events: Sequence[int],
        *,
        conversation_id: UUID | None,
        notify: Notify,
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE chat_event SET pending = TRUE WHERE id = ANY(%s)", [list(events)])
            cursor.execute(_EARLIER, {"events": list(events), "limit": ALONG + 1})
            earlier = [row[0] for row in cursor.fetchall()]
        if len(earlier) > ALONG:
            return
        together = [*earlier, *events]
        groups, nodes = recipients(organization_id, together)

        def hand_over() -> None:
            try:
                _append(groups)
            except RedisError as error:
                log.warning("append_delayed", events=len(events), reason=repr(error))
            else:
                _settle(together)
                notify(nodes)

        transaction.on_commit(hand_over)

    def withdraw(self, member_id: UUID, conversation_id: UUID, *, event: int) -> None:
        clients = clients_of(member_id)
        if not clients:
            return
        waiting = _triples(_run(_READ, *[number for client in clients for number in (client, 0, 2**53)]))
        gone = events_of(conversation_id, [int(entry) for _, _, entries in waiting for entry in entries])
        _run(_REPLACE, event, _json(sorted(gone)), *clients)

    def truncate(self, clients: Sequence[int], *, hole: bool = False) -> None:
        _run(_FORGET, "hole" if hole else "entries", *clients)
        mark_overflowed(clients)

    def drop(self, clients: Sequence[int]) -> None:
        transaction.on_commit(lambda: _forget(list(clients)))

    def start(self, client_id: int) -> int:
        client = store.threads()
        _begin_anew(client.info("server")["run_id"], client.get(RUN_KEY), client.set)
        return int(_run(_POSITIONS, client_id)[0])

    def depth(self, clients: Sequence[int]) -> Mapping[int, int]:
        found = _run(_DEPTH, *clients)
        return {client: count for client, count in zip(clients, found, strict=True) if count}

    def backlogs(self, clients: Sequence[int]) -> Mapping[int, Backlog]:
        held: dict[int, Backlog] = {}
        for start in range(0, len(clients), BACKLOGS_AT_ONCE):
            some = clients[start : start + BACKLOGS_AT_ONCE]
            for client, count, event in zip(some, _run(_DEPTH, *some), _run(_OLDEST, *some), strict=True):
                if count and event:  # it may be emptied between the two
                    held[client] = Backlog(count, int(event))
        return held

    def holding(self, clients: Sequence[int], event: int) -> set[int]:
        return {int(client) for client in _run(_HOLDING, event, *clients)} if clients else set()

    def catch_up(self) -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [CATCHING_UP])
            if cursor.fetchone() != (True,):
                return 0  # another node does it; two at once would not keep the order
            cursor.execute(
                "SELECT organization_id, array_agg(id ORDER BY id) FROM ("
                " SELECT id, organization_id FROM chat_event WHERE pending AND at < now() - make_interval(secs => %s)"
                " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) AS late GROUP BY organization_id",
                [LATE, AT_ONCE],
            )
            late = cursor.fetchall()
            for organization_id, events in late:
                _append(recipients(organization_id, events)[0])
                _settle(events)
        return sum(len(events) for _, events in late)

    def purges(self) -> Mapping[str, Purge]:
        return {}  # mailboxes are bounded when they are appended to, and expire by themselves

    async def read(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> list[EventBatch]:
        asked = [number for each in zip(clients, after, upto, strict=True) for number in each]
        grouped: dict[tuple[int, ...], tuple[list[int], list[int]]] = {}
        for client, first, events in _triples(await _arun(_READ, *asked)):
            readers, firsts = grouped.setdefault(tuple(map(int, events)), ([], []))
            readers.append(int(client))
            firsts.append(int(first))
        return [EventBatch(events, readers, firsts) for events, (readers, firsts) in grouped.items()]

    async def positions(self, clients: Sequence[int], *, known: Sequence[int] = ()) -> Mapping[int, Position]:
        """Checks the run of Valkey first, because every position that a client is sent is read here."""
        await _check_run()
        found = await _arun(_POSITIONS, *clients)
        rows = zip(clients, map(int, found[::2]), found[1::2], known or [-1] * len(clients), strict=True)
        return {
            client: Position(tag, tag - length + 1 if length else None)
            for client, tag, length, known_tag in rows
            if tag != known_tag
        }

    async def acknowledge(self, clients: Sequence[int], after: Sequence[int], upto: Sequence[int]) -> Sequence[int]:
        acked = await _arun(_ACKNOWLEDGE, *[number for each in zip(clients, upto, strict=True) for number in each])
        if settings.ACKED_ENTRIES == "keep":
            rows = [
                (client, int(first) + index, int(event))
                for client, first, events in zip(clients, acked[::2], acked[1::2], strict=True)
                for index, event in enumerate(events)
            ]
            if rows:
                await database.execute(_KEEP, [numbers(column) for column in zip(*rows, strict=True)])
        return ()


def _append(groups: Sequence[Group]) -> None:
    overflows = _run(_APPEND, settings.MAILBOX_ENTRIES, _json([[group.events, group.clients] for group in groups]))
    if overflows:
        metrics.OVERFLOWS.inc(overflows)


def _settle(events: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_event SET pending = FALSE WHERE id = ANY(%s)", [list(events)])


def _forget(clients: Sequence[int]) -> None:
    try:
        _run(_FORGET, "all", *clients)
    except RedisError as error:  # the keys expire by themselves
        log.warning("mailboxes_left_behind", clients=len(clients), reason=repr(error))


async def _check_run() -> None:
    client = store.loop()
    setting = _begin_anew((await client.info("server"))["run_id"], await client.get(RUN_KEY), client.set)
    if setting is not None:
        await setting


def _begin_anew(run: str, known: Any, set_key: Callable[[str, str], Any]) -> Any:
    """Start a new run if this is not the Valkey to which the mailboxes were written: all mailboxes are new then."""
    if run == known:
        return None
    log.warning("mailboxes_begin_anew", run=run)
    return set_key(RUN_KEY, run)


def _life() -> int:
    return settings.MAILBOX_DAYS * 86_400


def _run(script: str, *arguments: Any) -> Any:
    return store.threads().eval(script, 0, str(_life()), *map(str, arguments))


async def _arun(script: str, *arguments: Any) -> Any:
    return await store.loop().eval(script, 0, str(_life()), *map(str, arguments))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _triples(flat: Sequence[Any]) -> list[tuple[Any, Any, Any]]:
    return list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))

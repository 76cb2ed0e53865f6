"""Which node holds the socket of a client: rows with the leases of nodes, and the `node_id` of their clients.

All statements may be repeated, and run on several nodes at once. Lock order: clients by ascending id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple
from uuid import UUID

from chat.delivery import database

LEASE: Final = 20  # seconds for which a node may be silent before other nodes release its clients
RENEW: Final = 5  # seconds between renewals: three may fail

_OPEN: Final = """
INSERT INTO chat_node (name, started_at, lease_until) VALUES (%s, now(), now() + make_interval(secs => %s)) RETURNING id
"""
# Another node may have removed a lease that expired: it is created again under the same id.
_RENEW: Final = """
INSERT INTO chat_node (id, name, started_at, lease_until)
OVERRIDING SYSTEM VALUE VALUES (%(node)s, %(name)s, now(), now() + make_interval(secs => %(lease)s))
ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until
"""
_CLEAN: Final = """
WITH dead AS (
    DELETE FROM chat_node WHERE id IN (
        SELECT id FROM chat_node WHERE lease_until < now() ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 100)
    RETURNING id
), orphans AS (
    SELECT id FROM chat_client WHERE node_id IS NOT NULL
        AND (node_id IN (SELECT id FROM dead) OR node_id NOT IN (SELECT id FROM chat_node))
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED LIMIT 10000
), freed AS (
    UPDATE chat_client c SET node_id = NULL, last_seen_at = now() FROM orphans o WHERE c.id = o.id RETURNING 1
)
SELECT (SELECT count(*) FROM dead), (SELECT count(*) FROM freed)
"""
_CLOSE: Final = "DELETE FROM chat_node WHERE id = %s"
_CLAIM: Final = """
WITH asked AS (
    SELECT c.id, c.node_id, w.credential
    FROM unnest(%(clients)s::bigint[], %(credentials)s::text[]) AS w (id, credential)
    JOIN chat_client c ON c.id = w.id ORDER BY c.id FOR NO KEY UPDATE OF c
)
UPDATE chat_client c
SET node_id = %(node)s, connected_at = now(), last_seen_at = now(), credential = a.credential, overflowed_at = NULL
FROM asked a WHERE c.id = a.id RETURNING c.id, a.node_id
"""
_RECLAIM: Final = """
WITH asked AS (
    SELECT id FROM chat_client WHERE id = ANY(%(clients)s) AND node_id IS NULL ORDER BY id FOR NO KEY UPDATE
)
UPDATE chat_client c SET node_id = %(node)s FROM asked a WHERE c.id = a.id
"""
_RELEASE: Final = """
WITH asked AS (
    SELECT id FROM chat_client WHERE id = ANY(%(clients)s) AND node_id = %(node)s ORDER BY id FOR NO KEY UPDATE
)
UPDATE chat_client c SET node_id = NULL, last_seen_at = now() FROM asked a WHERE c.id = a.id
"""
_STANDING: Final = """
SELECT * FROM (
    SELECT w.id,
        c.id IS NULL AS gone,
        m.id IS NULL OR m.deactivated_at IS NOT NULL OR NOT u.is_active AS barred,
        (w.token IS NOT NULL OR w.session IS NOT NULL) AND t.id IS NULL AND s.session_key IS NULL AS signed_out,
        c.node_id
    FROM unnest(%(clients)s::bigint[], %(members)s::uuid[], %(tokens)s::uuid[], %(sessions)s::text[])
        AS w (id, member, token, session)
    LEFT JOIN chat_client c ON c.id = w.id AND c.member_id = w.member
    LEFT JOIN accounts_member m ON m.id = w.member
    LEFT JOIN accounts_user u ON u.id = m.user_id
    LEFT JOIN accounts_apitoken t ON t.id = w.token AND t.expires_at > now()
    LEFT JOIN django_session s ON w.token IS NULL AND s.session_key = w.session AND s.expire_date > now()
) AS each WHERE gone OR barred OR signed_out OR node_id IS DISTINCT FROM %(node)s
"""

Fault = Literal["gone", "barred", "signed_out", "moved", "unclaimed"]


class Visitor(NamedTuple):
    """What allows a socket to stay: its client and member, and the token or the session of its handshake."""

    client_id: int
    member_id: UUID
    token_id: UUID | None
    session_key: str | None


async def open_node(name: str) -> int:
    return int((await database.fetch(_OPEN, (name, LEASE)))[0][0])


async def renew(node_id: int, name: str) -> None:
    await database.execute(_RENEW, {"node": node_id, "name": name, "lease": LEASE})


async def close_node(node_id: int) -> None:
    await database.execute(_CLOSE, (node_id,))


async def clean() -> tuple[int, int]:
    """Remove nodes whose leases expired, and release their clients. Returns the number of nodes and of clients."""
    ((nodes, clients),) = await database.fetch(_CLEAN)
    return nodes, clients


async def claim(node_id: int, clients: Sequence[int], credentials: Sequence[str]) -> dict[int, int | None]:
    """Hold these clients from now on. Returns those that exist, each with the node that held it before."""
    rows = await database.fetch(_CLAIM, {"node": node_id, "clients": clients, "credentials": credentials})
    return dict(rows)


async def reclaim(node_id: int, clients: Sequence[int]) -> None:
    """Hold again those of the clients that no node holds, because another node considered this one dead."""
    await database.execute(_RECLAIM, {"node": node_id, "clients": clients})


async def release(node_id: int, clients: Sequence[int]) -> None:
    await database.execute(_RELEASE, {"node": node_id, "clients": clients})


async def faults(node_id: int, visitors: Sequence[Visitor]) -> dict[int, Fault]:
    """Return the clients that may not stay as they are, each with the reason.

    `gone`: the client was deleted; `barred`: the member was deactivated; `signed_out`: token or session ended; `moved`:
    another node holds the client; `unclaimed`: no node holds it, so this one may again.
    """
    rows = await database.fetch(
        _STANDING,
        {
            "node": node_id,
            "clients": database.numbers(visitor.client_id for visitor in visitors),
            "members": database.keys(visitor.member_id for visitor in visitors),
            "tokens": database.keys(visitor.token_id for visitor in visitors),
            "sessions": [visitor.session_key for visitor in visitors],
        },
    )
    return {client: _fault(*facts) for client, *facts in rows}


def _fault(gone: bool, barred: bool, signed_out: bool, holder: int | None) -> Fault:  # noqa: FBT001
    if barred:
        return "barred"
    if gone:
        return "gone"
    if signed_out:
        return "signed_out"
    return "unclaimed" if holder is None else "moved"

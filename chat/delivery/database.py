"""PostgreSQL for asyncio: a small pool per event loop, beside Django's connections.

A node asks a handful of questions thousands of times a second; the ORM and a thread hop for each would cost more than
the answers. Statements run in autocommit mode; whoever calls is prepared for psycopg.Error and asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import connections
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

POOL_SIZE: Final = 6  # one each for reading, acks, claims, comparing, signals, and one to spare
TIMEOUT: Final = 5.0  # seconds to wait for a connection before the caller tries again

# A queue table is empty at one moment and huge at the next; a plan made for the empty one must not meet the huge one.
_PLANS: Final = (
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c statement_timeout=30000"
)

Parameters = Mapping[str, Any] | Sequence[Any]
Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()


async def fetch(sql: str, parameters: Parameters = ()) -> list[TupleRow]:
    """All rows of one statement, in binary form (arrays of integers are parsed in C)."""
    pool = await _pool()
    async with pool.connection(timeout=TIMEOUT) as connection:
        cursor = await connection.execute(sql, parameters, binary=True)
        return await cursor.fetchall()


async def execute(sql: str, parameters: Parameters = ()) -> int:
    """Run one statement; the number of rows it touched."""
    pool = await _pool()
    async with pool.connection(timeout=TIMEOUT) as connection:
        cursor = await connection.execute(sql, parameters)
        return cursor.rowcount


def numbers(values: Iterable[int]) -> str:
    """An array of integers as PostgreSQL writes it: psycopg looks at every element of a list, which costs more than the
    query for hundreds of them. The statement says `::bigint[]`."""
    return "{" + ",".join(map(str, values)) + "}"


def keys(values: Iterable[UUID | None]) -> str:
    """An array of UUIDs, likewise; None stands for NULL. The statement says `::uuid[]`."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


async def close() -> None:
    """Close this loop's connections."""
    pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.close()


async def _pool() -> Pool:
    loop = asyncio.get_running_loop()
    pool = _pools.get(loop)
    if pool is None:
        pool = _pools[loop] = AsyncConnectionPool(
            kwargs=_arguments(), min_size=1, max_size=POOL_SIZE, open=False, name="delivery", reconnect_timeout=30
        )
        await pool.open()
    return pool


def _arguments() -> dict[str, Any]:
    """The database of Django's own connection (in tests another than the one in the settings)."""
    given = connections["default"].settings_dict
    options = {key: value for key, value in given["OPTIONS"].items() if key.startswith(("ssl", "target_session"))}
    named = {key: given[name] for key, name in _NAMES.items() if given.get(name)}
    return {**named, **options, "options": _PLANS, "autocommit": True, "prepare_threshold": 2}


_NAMES: Final = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}

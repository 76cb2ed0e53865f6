"""PostgreSQL for asyncio: a small pool of connections for each event loop, beside those of Django.

A node runs a handful of statements thousands of times a second. With the ORM and a change of thread, each would cost
more than its result. Statements run in autocommit mode. Callers have to expect psycopg.Error and try again.
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

POOL_SIZE: Final = 6  # one each for reads, acks, claims, comparisons and signals, and one in reserve
TIMEOUT: Final = 5.0  # seconds to wait for a connection before the caller tries again

# A queue table is empty at one moment and huge at the next, so a plan made for the empty one must not use a scan.
_PLANS: Final = (
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c statement_timeout=30000"
)

Parameters = Mapping[str, Any] | Sequence[Any]
Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()


async def fetch(sql: str, parameters: Parameters = ()) -> list[TupleRow]:
    """Return all rows of one statement. They are sent in binary form, so arrays of integers are parsed in C."""
    pool = await _pool()
    async with pool.connection(timeout=TIMEOUT) as connection:
        cursor = await connection.execute(sql, parameters, binary=True)
        return await cursor.fetchall()


async def execute(sql: str, parameters: Parameters = ()) -> int:
    """Run one statement and return the number of rows that it changed."""
    pool = await _pool()
    async with pool.connection(timeout=TIMEOUT) as connection:
        cursor = await connection.execute(sql, parameters)
        return cursor.rowcount


def numbers(values: Iterable[int]) -> str:
    """Return an array of integers as PostgreSQL writes it. To adapt a list of hundreds of numbers costs psycopg more
    than the query. The statement needs `::bigint[]`."""
    return "{" + ",".join(map(str, values)) + "}"


def keys(values: Iterable[UUID | None]) -> str:
    """Return an array of UUIDs in the same way; None becomes NULL. The statement needs `::uuid[]`."""
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
    """Return the arguments for the database of Django's connection, which in tests is not the one in the settings."""
    given = connections["default"].settings_dict
    options = {key: value for key, value in given["OPTIONS"].items() if key.startswith(("ssl", "target_session"))}
    named = {key: given[name] for key, name in _NAMES.items() if given.get(name)}
    return {**named, **options, "options": _PLANS, "autocommit": True, "prepare_threshold": 2}


_NAMES: Final = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}

"""The web server as the supervisor runs it: get the database ready, then uvicorn on a socket that is already open.

The supervisor holds the socket, so that nobody is refused while a killed server is started again: they wait. What
keeps it from starting is written to standard error in lines that begin with EXPLANATION, for the supervisor to show.
"""

from __future__ import annotations

import os
import socket
import sys

import django
import psycopg
import redis
import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connections

EXPLANATION = "parley: "
PROBE_TIMEOUT = 5  # seconds to reach a database or Valkey named in the environment
DRAIN_TIMEOUT = 5  # seconds for requests in flight when stopping; sockets are told to come back (1012)
KEEP_ALIVE = 65  # seconds, longer than the minute after which proxies drop an idle connection


def main(descriptor: int) -> None:
    """Serve on the listening socket that was inherited as this file descriptor."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    prepare()
    uvicorn.Server(configuration()).run(sockets=[socket.socket(fileno=descriptor)])


def prepare() -> None:
    """Check the environment and the stores, migrate, collect, seed. Exits with an explanation when it cannot."""
    try:
        psycopg.connect(settings.DATABASE_URL, connect_timeout=PROBE_TIMEOUT).close()
        redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PROBE_TIMEOUT).ping()
        call_command("prepare", skip_checks=False)
    except SystemCheckError:
        explain(*_failed_checks())
    except psycopg.Error as error:
        explain(f"the database does not let us in (DATABASE_URL): {str(error).splitlines()[0]}")
    except redis.RedisError as error:
        explain(f"Valkey does not answer (REDIS_URL): {error}")
    except DatabaseError as error:
        explain(f"the database could not be prepared: {str(error).splitlines()[0]}")
    finally:
        connections.close_all()


def configuration() -> uvicorn.Config:
    """uvicorn as measured: sans-I/O sockets, uvloop, httptools, no compression of frames."""
    return uvicorn.Config(
        "config.asgi:application",
        loop="uvloop",
        http="httptools",
        ws="chat.realtime.direct:DirectProtocol",
        ws_per_message_deflate=False,  # 53 KiB a connection with it, 19 without, and a frame can be shared
        ws_ping_interval=0,  # the protocol has heartbeats of its own, both ways
        ws_max_size=4 * settings.SOCKET_FRAME_BYTES,  # over the limit is answered with 4413, far over it with 1009
        lifespan="on",
        proxy_headers=False,  # TRUSTED_PROXIES says whom to believe
        server_header=False,
        access_log=False,
        log_config=None,
        backlog=4096,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=DRAIN_TIMEOUT,
    )


def explain(*reasons: str) -> None:
    """Write down why we cannot start, and give up."""
    for reason in reasons:
        sys.stderr.write(f"{EXPLANATION}{reason}\n")
    sys.exit(1)


def _failed_checks() -> list[str]:
    from config.checks import check_environment, check_production

    return [f"{each.msg} {each.hint} ({each.id})" for each in (*check_environment(), *check_production())]


if __name__ == "__main__":
    main(int(sys.argv[1]))

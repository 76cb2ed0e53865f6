"""The web server: `python -m config.serve --bind 0.0.0.0:8000`. The only way in which Parley is served.

`make up` (config/launcher/supervisor.py), operators (README.md) and the tests all start it, and therefore have the same
bounds. An application that another server runs refuses to work in production (config/server/handler.py).

`--bind` takes `host:port`, `[::1]:port`, `unix:/path/of/a/socket` and `fd:3`, an open socket that is inherited. The
supervisor holds such a socket, so that nobody is refused while a killed server is started again: they wait. What keeps
the server from starting is written to standard error in lines that begin with EXPLANATION, for the supervisor to show.
"""

from __future__ import annotations

import argparse
import os
import resource
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path

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
DRAIN_TIMEOUT = 5  # seconds for requests in flight when stopping; sockets are closed with 1012, come back
BACKLOG = 4096  # connections that the kernel keeps while the server is busy
KEEP_ALIVE = 65  # seconds, longer than the minute after which proxies drop an idle connection


def main(arguments: Sequence[str]) -> None:
    """Serve until SIGTERM."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if options.prepare:
        prepare()
    else:
        check()
    raise_descriptors()
    serve(listen(options.bind))


def serve(listening: socket.socket) -> None:
    """Serve on an open socket until SIGTERM."""
    uvicorn.Server(configuration()).run(sockets=[listening])


def listen(bind: str) -> socket.socket:
    """The listening socket that `--bind` names. Exits with an explanation when there can be none."""
    try:
        if bind.startswith("fd:"):
            return socket.socket(fileno=int(bind[3:]))
        if bind.startswith("unix:"):
            return _listen_on_file(Path(bind[5:]))
        host, _, port = bind.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family, backlog=BACKLOG)
    except (OSError, OverflowError, ValueError) as error:
        explain(f"cannot listen on {bind}: {error}")
        raise


def check() -> None:
    """Exits with an explanation when the environment is wrong."""
    try:
        call_command("check", tags=["environment"], stdout=StringIO())
    except SystemCheckError:
        explain(*_failed_checks())


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


def raise_descriptors() -> None:
    """Allow as many open files as the system lets us have; the usual soft limit is 1024, less than a node's sockets."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS says "unlimited" and does not mean it
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def configuration() -> uvicorn.Config:
    """uvicorn as it is measured and bounded: our two protocols, uvloop, no compression of frames."""
    return uvicorn.Config(
        "config.asgi:application",
        loop="uvloop",
        http="config.server.http:BoundedHttpProtocol",
        ws="chat.realtime.direct:DirectProtocol",
        ws_per_message_deflate=False,  # 53 KiB a connection with it, 19 without, and a frame can be shared
        ws_ping_interval=0,  # the protocol has heartbeats of its own, both ways
        ws_max_size=4 * settings.SOCKET_FRAME_BYTES,  # over the limit is answered with 4413, far over it with 1009
        lifespan="on",
        proxy_headers=False,  # TRUSTED_PROXIES says whom to believe
        server_header=False,
        access_log=False,
        log_config=None,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=DRAIN_TIMEOUT,
    )


def explain(*reasons: str) -> None:
    """Write down why we cannot start, and give up."""
    for reason in reasons:
        sys.stderr.write(f"{EXPLANATION}{reason}\n")
    sys.exit(1)


def _listen_on_file(path: Path) -> socket.socket:
    """A socket file that the proxy's user can connect to; everybody who may enter its folder may connect."""
    if path.is_socket():
        path.unlink()  # of a server that was killed
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    path.chmod(0o666)
    listening.listen(BACKLOG)
    return listening


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m config.serve", description="Serve Parley.")
    parser.add_argument("--bind", default="127.0.0.1:8000", help="host:port, unix:/path or fd:number")
    parser.add_argument("--prepare", action="store_true", help="first migrate, collect static files and seed the demo")
    return parser


def _failed_checks() -> list[str]:
    from config.checks import check_environment, check_production

    return [f"{each.msg} {each.hint} ({each.id})" for each in (*check_environment(), *check_production())]


if __name__ == "__main__":
    main(sys.argv[1:])

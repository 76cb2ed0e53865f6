"""200 people send at once, repeating themselves, while PostgreSQL is killed: every message is there, once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
from django.conf import settings

from tests.support.ports import reserved_port

SENDERS = 200
MESSAGES = 3  # of each sender
START_TIMEOUT = 120.0  # seconds a cold `make up` may take on a busy machine
STOP_TIMEOUT = 30.0
RETRY_FOR = 120.0  # seconds until a sender gives up, and the test with it


@contextmanager
def running_installation(home: Path) -> Iterator[str]:
    """Everything that `make up` starts, with engines of its own."""
    with reserved_port() as port:
        yield from _run(home, port)


def _run(home: Path, port: int) -> Iterator[str]:
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    env |= {
        "PARLEY_HOME": str(home),
        "PORT": str(port),
        "MESSAGE_RATE": "100000",
        "DEMO": "1",
    }
    process = subprocess.Popen([sys.executable, "-m", "config.launcher.supervisor"], cwd=settings.BASE_DIR, env=env)
    try:
        wait_ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_TIMEOUT)


def wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        assert process.poll() is None, "make up ended"
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.2)
    raise AssertionError("not ready in time")


def kill_postgres(home: Path) -> None:
    """kill -9 of the postmaster that runs in this folder, and of nothing else."""
    pid = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    assert str(home) in " ".join(psutil.Process(pid).cmdline())
    os.kill(pid, signal.SIGKILL)


async def sign_in(http: httpx.AsyncClient, part: str) -> dict[str, str]:
    body = {"email": f"{part}@acme.example", "password": "parley-demo", "label": "sender"}
    answer = await http.post("/api/v1/tokens", json=body)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def send(http: httpx.AsyncClient, path: str, headers: dict[str, str], body: dict[str, str]) -> httpx.Response:
    """Until it is answered: whatever goes wrong, the same ref goes out again."""
    deadline = time.monotonic() + RETRY_FOR
    while time.monotonic() < deadline:
        try:
            answer = await http.post(path, json=body, headers=headers)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code in {200, 201}:
            return answer
        assert answer is None or answer.status_code == 503, answer.text
        await asyncio.sleep(random.uniform(0.05, 0.5))
    raise AssertionError("never answered")


async def history(http: httpx.AsyncClient, path: str, headers: dict[str, str], after: int) -> list[dict]:
    messages, url = [], f"{path}?after={after}&limit=200"
    while url:
        page = (await http.get(url, headers=headers)).json()
        messages += page["results"]
        url = page["next"]
    return messages


async def test_every_message_is_stored_exactly_once(data_folder: Path) -> None:
    dice = random.Random(7)
    home = data_folder
    with running_installation(home) as url:
        limits = httpx.Limits(max_connections=60)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30) as http:
            tokens = [await sign_in(http, part) for part in ("owner", "moderator", "member")]
            rooms = (await http.get("/o/acme/api/v1/conversations", headers=tokens[0])).json()["results"]
            room = next(room for room in rooms if room["name"] == "general")
            path = f"/o/acme/api/v1/conversations/{room['id']}/messages"
            answered: list[httpx.Response] = []
            underway = asyncio.Event()

            async def sender(number: int) -> None:
                for message in range(MESSAGES):
                    body = {"ref": str(uuid4()), "text": f"{number}/{message}"}
                    repeats = dice.choice([1, 1, 2, 3])
                    headers = tokens[number % len(tokens)]
                    answers = await asyncio.gather(*(send(http, path, headers, body) for _ in range(repeats)))
                    assert len({answer.json()["id"] for answer in answers}) == 1
                    answered.extend(answers)
                    if len(answered) >= SENDERS * MESSAGES // 3:
                        underway.set()

            async def killer() -> None:
                await underway.wait()
                kill_postgres(home)

            await asyncio.gather(killer(), *(sender(number) for number in range(SENDERS)))
            stored = await history(http, path, tokens[0], after=room["last_seq"])

            first = room["last_seq"] + 1
            assert [message["seq"] for message in stored] == list(range(first, first + SENDERS * MESSAGES))
            assert Counter(message["text"] for message in stored) == Counter(
                f"{number}/{message}" for number in range(SENDERS) for message in range(MESSAGES)
            )
            assert {answer.json()["ref"] for answer in answered} == {message["ref"] for message in stored}

            charlie = {"email": "owner@globex.example", "password": "parley-demo", "label": "outsider"}
            outsider = (await http.post("/api/v1/tokens", json=charlie)).json()["token"]
            answer = await http.get(path, headers={"Authorization": f"Bearer {outsider}"})
            assert answer.status_code == 404

"""A worker is asked for after a commit, also in a process that was forked, and again once the broker is back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis
from django.conf import settings

from chat.delivery.followers.wake import WAITING
from config.launcher import processes
from config.launcher.embedded import Valkey, prepare

QUEUE = "parley.followers"
TIMEOUT = 60.0  # seconds, on a machine with much else to do

# Reads what to do, a word in a line, and prints what came of it. It forks while the locks of the flag are taken, as the
# thread that waits for the flag may have them.
PROCESS = """
import os, signal, sys, django
django.setup()
from chat.delivery.followers import wake
def in_child():
    signal.alarm(60)
    wake.wake()
    input()
    os._exit(0)
for line in sys.stdin:
    word = line.strip()
    if word == "ask":
        print(wake.ask(), flush=True)
    elif word == "wake":
        wake.wake()
        print("woken", flush=True)
    elif word == "fork":
        with wake._waker._wanted._cond, wake._waker._lock:
            child = os.fork()
            if child == 0:
                in_child()
        os.waitpid(child, 0)
        print("ended", flush=True)
"""


@dataclass
class Broker:
    """A Valkey of this test, which may go and come back."""

    engine: Valkey
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        self.running.append(processes.spawn(self.engine.launch()))
        self.engine.wait_ready(self.running[-1])

    def kill(self) -> None:
        process = self.running.pop()
        process.send_signal(signal.SIGKILL)
        process.wait()

    def tasks(self) -> int:
        """Return how many tasks wait for a worker."""
        with redis.Redis.from_url(self.engine.url()) as client:
            return int(client.llen(QUEUE))

    def begin_task(self) -> None:
        """Do what a worker does that takes the task."""
        with redis.Redis.from_url(self.engine.url()) as client:
            client.delete(QUEUE, WAITING)

    def wait_for_task(self) -> None:
        assert processes.wait_until(self.tasks, seconds=TIMEOUT), "no task was queued"


@dataclass
class Process:
    """A process that publishes; its standard input says what it does."""

    popen: subprocess.Popen[str]

    def send(self, word: str) -> None:
        assert self.popen.stdin is not None
        print(word, file=self.popen.stdin, flush=True)

    def read(self) -> str:
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().strip()

    def do(self, word: str) -> str:
        self.send(word)
        return self.read()


@pytest.fixture
def broker(data_folder: Path) -> Iterator[Broker]:
    made = Broker(Valkey(data_folder, prepare(data_folder), durable=False))
    made.start()
    yield made
    for each in made.running:
        each.kill()
        each.wait()


@pytest.fixture
def process(broker: Broker) -> Iterator[Process]:
    environment = os.environ | {"REDIS_URL": broker.engine.url(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", PROCESS]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, text=True, stdin=pipe, stdout=pipe, start_new_session=True
    ) as popen:
        yield Process(popen)
        os.killpg(popen.pid, signal.SIGKILL)


def test_many_requests_are_one_task_until_a_worker_begins(broker: Broker, process: Process) -> None:
    assert [process.do("ask") for _ in range(3)] == ["True"] * 3
    assert broker.tasks() == 1
    broker.begin_task()
    assert process.do("ask") == "True"
    assert broker.tasks() == 1


def test_a_forked_process_asks_by_itself(broker: Broker, process: Process) -> None:
    assert process.do("wake") == "woken"
    broker.wait_for_task()
    broker.begin_task()
    process.send("fork")
    broker.wait_for_task()
    process.send("end")
    assert process.read() == "ended"


def test_without_a_broker_nothing_fails_and_requests_arrive_when_it_is_back(broker: Broker, process: Process) -> None:
    assert process.do("wake") == "woken"
    broker.wait_for_task()
    broker.kill()
    assert process.do("wake") == "woken"
    assert process.do("ask") == "False"
    broker.start()
    broker.begin_task()
    assert process.do("wake") == "woken"
    broker.wait_for_task()

"""Processor time of processes that are alive, dead, and grandchildren; cores."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.tools.bench import accounting

GRAIN = 0.1  # seconds: ticks of user and system time, of each process, rounded down each
BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
PARENT = """
import subprocess, sys
if sys.argv[1] == "dead":
    subprocess.run([sys.executable, "-c", sys.argv[2]])
else:
    child = subprocess.Popen([sys.executable, "-c", sys.argv[2] + "print('burnt', flush=True)\\ninput()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
print("ready", flush=True)
input()
"""


@pytest.mark.parametrize("child", ["dead", "alive"])
def test_what_a_child_used_counts_whether_it_lives_or_was_reaped(child):
    burn = BURN.format(seconds=0.3)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, child, burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        whole = accounting.cpu_seconds([parent.pid])
        parent.kill()
    assert 0.3 - GRAIN <= whole < 3  # the burning, and the start of two interpreters


def test_a_process_named_twice_counts_once():
    own = os.getpid()
    once = accounting.cpu_seconds([own])
    assert accounting.cpu_seconds([own, own]) < once + 0.5
    assert once > 0


def test_a_process_that_is_gone_costs_nothing():
    process = subprocess.Popen(["true"])
    process.wait()
    assert accounting.cpu_seconds([process.pid]) == 0


def test_a_name_with_blanks_and_brackets_is_no_field():
    fields = ["S", "7", *["0"] * 9, "11", "13", "17", "19"]
    assert accounting._read(f"42 (a) b (c d)) {' '.join(fields)} 0 0") == (7, 11 + 13 + 17 + 19)


def test_looks_again_while_processes_come_and_go():
    looks = [{1: (0, 5)}, {1: (0, 5), 2: (1, 9)}, {1: (0, 14)}, {1: (0, 15)}]
    assert accounting._stable(lambda: looks.pop(0)) == {1: (0, 15)}


def test_children_are_started_on_the_core_and_we_return_to_ours():
    before = os.sched_getaffinity(0)
    core = accounting.choose_cores().server
    with accounting.pinned(core):
        inherited = subprocess.check_output(
            [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"], text=True
        )
    assert inherited.split() == [str(core)]
    assert os.sched_getaffinity(0) == before


def test_a_process_that_may_run_elsewhere_is_found():
    own = os.getpid()
    elsewhere = max(os.sched_getaffinity(0)) + 1
    assert own in accounting.unpinned([own], elsewhere)


def test_memory_of_a_tree_and_its_peak():
    held = bytearray(b"x" * 30_000_000)
    assert accounting.memory_bytes([os.getpid()]) > len(held)
    assert accounting.peak_bytes(os.getpid()) > len(held)


def test_what_we_and_our_children_use_is_no_noise():
    noise = accounting.Noise()
    subprocess.run([sys.executable, "-c", BURN.format(seconds=0.5)], check=True)
    ours = accounting.cpu_seconds([os.getpid()]) - noise._own
    machine = accounting._machine_seconds() - noise._busy
    assert ours >= 0.5 - GRAIN
    assert machine >= ours - GRAIN
    assert 0 <= noise.share() <= 1

"""What goes wrong on the server's side of a chaos run: one fault after the other, spread over its time."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from tests.support.stack import Stack

STOP = 10.0  # seconds that a node may take to stop


@dataclass
class Report:
    """What a run ends with; no problems is the only good end."""

    problems: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


class WorkerFaults:
    """Kill the workers of the followers without warning, one after the other, in the middle of their work."""

    def __init__(self, whole: Stack, chance: random.Random, *, seconds: float, pause: float) -> None:
        self.whole, self.chance, self.pause = whole, chance, pause
        self.deadline = seconds
        self.killed = 0

    async def run(self) -> None:
        """Kill one of them after each pause, and start another in its place."""
        for _ in range(int(self.deadline / self.pause)):
            await asyncio.sleep(self.pause)
            await asyncio.to_thread(self.whole.kill_worker, self.chance.choice(self.whole.workers))
            await asyncio.to_thread(self.whole.start_worker)
            self.killed += 1


class ServerFaults:
    """`valkey_gone`: seconds. `complaints`: what a server did wrong while it was being broken."""

    def __init__(self, whole: Stack, chance: random.Random, *, seconds: float, valkey_gone: float) -> None:
        self.whole, self.chance = whole, chance
        self.valkey_gone = valkey_gone
        self.pause = max(0.5, (seconds - valkey_gone) / 6)
        self.complaints: list[str] = []

    async def run(self) -> None:
        """One fault after the other, each with its share of the time, and quiet at the end of it."""
        faults = [self._kill_node, self._lose_valkey, self._restart_postgres, self._replace_node]
        self.chance.shuffle(faults)
        for fault in faults:
            await asyncio.sleep(self.pause)
            await fault()

    async def _kill_node(self) -> None:
        node = self.chance.choice(self.whole.nodes)
        await asyncio.to_thread(self.whole.kill_node, node)
        await asyncio.sleep(1)
        await asyncio.to_thread(lambda: self.whole.start_node(port=node.port))

    async def _replace_node(self) -> None:
        node = self.chance.choice(self.whole.nodes)
        took = await asyncio.to_thread(self.whole.stop_node, node)
        if took > STOP:
            self.complaints.append(f"a node took {took:.1f} s to stop")
        await asyncio.to_thread(lambda: self.whole.start_node(port=node.port))

    async def _lose_valkey(self) -> None:
        await asyncio.to_thread(self.whole.stop_valkey)
        await asyncio.sleep(self.valkey_gone)
        await asyncio.to_thread(self.whole.start_valkey)

    async def _restart_postgres(self) -> None:
        await asyncio.to_thread(self.whole.stop_postgres)
        await asyncio.sleep(1)
        await asyncio.to_thread(self.whole.start_postgres)

"""What a connection may cost before anybody is signed in: how many there are, how long they may wait, what they hold.

One `Front` belongs to each server process. Both protocols use it: config/server/http.py for requests and
chat/realtime/direct.py for sockets. A connection is a *stranger* from its first byte on; a socket stops being one when
its member is known, an HTTP connection never does. Strangers have a deadline, which `sweep` enforces once a second, and
there is a bound on their number, by address and in all. At the bound the one that has been idle for longest makes room,
so that newcomers get in while somebody holds lines open.

Nothing here is shared between processes. An address that reaches several processes may use up the bounds of each.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import Any, Final, Protocol

from django.conf import settings
from prometheus_client import Counter

from accounts.network import network_of

EXTENSION: Final = "parley.front"  # in the extensions of a scope: the Front of the server that made it

HEAD_BYTES: Final = 65_536  # of a request's head: four times what browsers send with many cookies
HEADERS: Final = 200  # lines in it; each costs some 200 bytes of objects, and browsers send 20
PIPELINED: Final = 8  # requests that may wait on one connection for the answer before theirs; browsers send none ahead
SMALL_BODY: Final = 16_384  # bytes of a body that are never refused for lack of room: a message, a sign-in form
BODIES: Final = 64 * 2**20  # bytes of larger bodies that one process holds together: sixty of the largest
BODIES_OF_ADDRESS: Final = 16 * 2**20  # and what one address may hold of them
LINGER: Final = 2.0  # seconds that a refused client has to read its answer before the connection is cut
LINGER_BYTES: Final = 1_048_576  # of what it still sends are read meanwhile, so that it comes to reading the answer
SWEEP: Final = 1.0  # seconds between two looks at the deadlines
ADDRESSES: Final = 20_000  # that are remembered for their rates, some 200 bytes each
RETURN: Final = 30.0  # seconds after which a client may come again at no cost: a network that fails does so less often
CLIENTS: Final = 20_000  # whose last arrival is remembered, 100 bytes each
LOOK: Final = 64  # of the longest connected strangers are asked whether they can make room
NEVER: Final = float("inf")

REFUSALS = Counter("parley_front_refusals_total", "Connections and requests refused before sign-in.", ["reason"])


class Stranger(Protocol):
    """A connection on which nobody is signed in."""

    address: str | None  # None: a Unix socket, or a proxy that is trusted to bound its own clients

    @property
    def deadline(self) -> float:
        """When it is cut, by the loop's clock."""

    @property
    def idle(self) -> bool:
        """Whether nothing is lost when it is cut now."""

    def cut(self, reason: str) -> None:
        """End the connection without another byte."""


class Rates:
    """Token buckets by address. `per_second` may be spent for long, `burst` at once."""

    def __init__(self, *, burst: float, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and when that was

    def left(self, address: str | None) -> float:
        """What the address may spend now; below zero when it owes something."""
        if address is None:
            return self._burst
        level, at = self._buckets.get(network_of(address), (self._burst, 0.0))
        return min(self._burst, level + (self._clock() - at) * self._per_second) if at else level

    def spend(self, address: str | None, amount: float) -> None:
        """Take that much, whether or not it is there. Nobody owes more than a whole burst."""
        if address is None:
            return
        level = max(-self._burst, self.left(address) - amount)
        network = network_of(address)
        self._buckets[network] = level, self._clock()
        self._buckets.move_to_end(network)
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)

    def wait(self, address: str | None) -> int:
        """Seconds until there is something to spend, at least 1."""
        return max(1, int(-self.left(address) / self._per_second) + 1)


class Front:
    """The account of one server process."""

    def __init__(self) -> None:
        self.most = most_strangers()
        self.connections = Rates(burst=settings.CONNECTIONS_AT_ONCE, per_second=settings.CONNECTIONS_PER_SECOND)
        self.handshakes = Rates(burst=settings.HANDSHAKES_AT_ONCE, per_second=settings.HANDSHAKES_PER_SECOND)
        self.work = Rates(burst=settings.STRANGER_WORK, per_second=settings.STRANGER_WORK_PER_SECOND)
        self._arrivals: OrderedDict[int, float] = OrderedDict()  # client → when it was last let in
        self._strangers: OrderedDict[Stranger, None] = OrderedDict()  # the longest untouched first
        self._leaving: dict[Stranger, None] = {}
        self._by_address: dict[str, OrderedDict[Stranger, None]] = {}
        self._bodies = 0
        self._bodies_by_address: dict[str, int] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    # --- Connections --------------------------------------------------------------------------------

    def enter(self, stranger: Stranger) -> bool:
        """Count a connection in. False: there is no room for it, and none that could be made."""
        address = stranger.address
        if address is not None:
            own = self._by_address.setdefault(network_of(address), OrderedDict())
            if len(own) >= settings.CONNECTIONS_PER_ADDRESS and not _make_room(own):
                return self._refuse("address_full")
        if len(self._strangers) >= self.most and not _make_room(self._strangers):
            return self._refuse("full")
        self._strangers[stranger] = None
        if address is not None:
            self._by_address.setdefault(network_of(address), OrderedDict())[stranger] = None
        self._look_soon()
        return True

    def watch(self, stranger: Stranger) -> None:
        """Enforce the deadline of a connection that is on its way out. A member's counts against no bound: a node that
        stops parts from all of them at once.
        """
        if stranger not in self._strangers:
            self._leaving[stranger] = None
            self._look_soon()

    def touch(self, stranger: Stranger) -> None:
        """It did something useful: others make room before it."""
        if stranger in self._strangers:
            self._strangers.move_to_end(stranger)
            if stranger.address is not None:
                self._by_address[network_of(stranger.address)].move_to_end(stranger)

    def leave(self, stranger: Stranger) -> None:
        """It ended, or its member is known. Does nothing for one that is not counted."""
        self._leaving.pop(stranger, None)
        if self._strangers.pop(stranger, self) is self or stranger.address is None:
            return
        network = network_of(stranger.address)
        own = self._by_address[network]
        del own[stranger]
        if not own:
            del self._by_address[network]

    def may_connect(self, address: str | None) -> bool:
        """Count one connection of the address. False: it makes them faster than anybody needs."""
        if self.connections.left(address) < 1:
            return self._refuse("connections")
        self.connections.spend(address, 1)
        return True

    def may_shake_hands(self, address: str | None) -> bool:
        """Count one handshake of the address. False: too many of late."""
        if self.handshakes.left(address) < 1:
            return self._refuse("handshakes")
        self.handshakes.spend(address, 1)
        return True

    def let_in(self, address: str | None, client_id: int) -> None:
        """A handshake led to a member. It costs the address nothing, so that a whole office can come back at once,
        unless the same client comes again and again.
        """
        now = time.monotonic()
        last = self._arrivals.pop(client_id, -NEVER)
        self._arrivals[client_id] = now
        if len(self._arrivals) > CLIENTS:
            self._arrivals.popitem(last=False)
        if now - last >= RETURN:
            self.handshakes.spend(address, -1)
            self.served(address)

    def served(self, address: str | None) -> None:
        """A connection brought what a member asked for: it costs the address nothing."""
        self.connections.spend(address, -1)

    def turned_away(self, address: str | None) -> None:
        """A handshake led to nothing: it costs as much as many that do."""
        self.handshakes.spend(address, settings.HANDSHAKE_TURNED_AWAY)

    def _look_soon(self) -> None:
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP, self._sweep)

    def _sweep(self) -> None:
        """Cut everybody whose deadline is over; look again in a second while anybody is there."""
        self._sweeping = None
        now = asyncio.get_running_loop().time()
        for stranger in [each for each in (*self._strangers, *self._leaving) if each.deadline <= now]:
            stranger.cut("deadline")
        if self._strangers or self._leaving:
            self._look_soon()

    # --- Bodies -------------------------------------------------------------------------------------

    def hold(self, address: str | None, size: int) -> bool:
        """Count bytes of a larger body. False: there is no room for them."""
        if self._bodies + size > BODIES:
            return self._refuse("bodies")
        if address is not None:
            network = network_of(address)
            held = self._bodies_by_address.get(network, 0) + size
            if held > BODIES_OF_ADDRESS:
                return self._refuse("address_bodies")
            self._bodies_by_address[network] = held
        self._bodies += size
        return True

    def release(self, address: str | None, size: int) -> None:
        """The bytes are gone."""
        self._bodies -= size
        if address is not None:
            network = network_of(address)
            self._bodies_by_address[network] -= size
            if self._bodies_by_address[network] <= 0:
                del self._bodies_by_address[network]

    def _refuse(self, reason: str) -> bool:
        REFUSALS.labels(reason).inc()
        return False


def front_of(server_state: Any) -> Front:
    """The account of the server that this state of uvicorn's belongs to."""
    front: Front | None = getattr(server_state, "parley_front", None)
    if front is None:
        front = server_state.parley_front = Front()
    return front


def most_strangers() -> int:
    """CONNECTIONS, but no more than half of the descriptors that the process may have: members need the others."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    half = settings.CONNECTIONS if descriptors == resource.RLIM_INFINITY else descriptors // 2
    return int(min(settings.CONNECTIONS, half))


def _make_room(strangers: OrderedDict[Stranger, None]) -> bool:
    """Cut the idle one that has been untouched for longest."""
    for stranger in list(islice(strangers, LOOK)):
        if stranger.idle:
            stranger.cut("makes_room")
            return True
    return False

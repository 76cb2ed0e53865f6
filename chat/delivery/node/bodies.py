"""Events as they are sent over sockets: encoded once, and remembered while other clients probably need them.

There are two memories, both bounded in bytes: single events by id, and bodies of frames by the ids in them. Five
hundred clients that get the same events share one body and have a short prefix each. (In Home Assistant, encoding took
half of the time that sockets cost.)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final, Generic, TypeVar

from chat.delivery import database
from chat.entities.encoding import splice
from chat.wire import EVENTS_BODY

Key = TypeVar("Key")
Value = TypeVar("Value")
Chunk = tuple[int, bytes]
"""The number of events, and the body of their frame (EVENTS_BODY)."""

EVENT_MEMORY: Final = 16 * 2**20  # bytes; some minutes of a busy node
FRAME_MEMORY: Final = 8 * 2**20  # bytes
FRAME_LENGTH: Final = 48 * 1024  # bytes of events in a frame, unless a single one is longer: below the write buffer

_LOAD: Final = "SELECT id, type, conversation_id, at, data FROM chat_event WHERE id = ANY(%s::bigint[])"


class Bodies:
    def __init__(self) -> None:
        self._events: Recent[int, bytes] = Recent(EVENT_MEMORY)
        self._frames: Recent[tuple[int, ...], list[Chunk]] = Recent(FRAME_MEMORY)

    async def load(self, wanted: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], list[Chunk] | None]:
        """Return each group of ids as frames of FRAME_LENGTH, or None if one of the events is no longer in the log."""
        groups = set(wanted)
        frames: dict[tuple[int, ...], list[Chunk] | None] = {ids: self._frames.get(ids) for ids in groups}
        rest = [ids for ids, chunks in frames.items() if chunks is None]
        texts = await self._texts({id for ids in rest for id in ids}) if rest else {}
        for ids in rest:
            if all(id in texts for id in ids):
                frames[ids] = chunks = _chunks([texts[id] for id in ids])
                self._frames.put(ids, chunks, size=sum(len(body) for _, body in chunks))
        return frames

    def remember(self, encoded: Mapping[int, bytes]) -> None:
        """Remember events by id that this process has just written."""
        for id, text in encoded.items():
            self._events.put(id, text, size=len(text))

    def forget(self, ids: Iterable[int]) -> None:
        """Forget events that were redacted. Frames are made again from the events that remain."""
        for id in ids:
            self._events.drop(id)
        self._frames = Recent(FRAME_MEMORY)

    async def _texts(self, ids: set[int]) -> dict[int, bytes]:
        texts = {id: text for id in ids if (text := self._events.get(id)) is not None}
        missing = [id for id in ids if id not in texts]
        if missing:
            for id, type, conversation, at, data in await database.fetch(_LOAD, (database.numbers(missing),)):
                text = splice(id=id, type=type, conversation=conversation, at=at, data=data)
                texts[id] = text
                self._events.put(id, text, size=len(text))
        return texts


class Recent(Generic[Key, Value]):
    """A memory of the entries that were used last, bounded by their size. The newest entry is always kept."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._size = 0
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def drop(self, key: Key) -> None:
        if key in self._entries:
            self._size -= self._entries.pop(key)[1]

    def put(self, key: Key, value: Value, *, size: int) -> None:
        self.drop(key)
        self._entries[key] = (value, size)
        self._size += size
        while self._size > self._bound and len(self._entries) > 1:
            self._size -= self._entries.popitem(last=False)[1][1]


def _chunks(texts: list[bytes]) -> list[Chunk]:
    chunks: list[Chunk] = []
    some: list[bytes] = []
    length = 0
    for text in texts:
        if some and length + len(text) > FRAME_LENGTH:
            chunks.append(_chunk(some))
            some, length = [], 0
        some.append(text)
        length += len(text)
    return [*chunks, _chunk(some)]


def _chunk(texts: list[bytes]) -> Chunk:
    return len(texts), EVENTS_BODY % b",".join(texts)

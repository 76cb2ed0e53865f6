"""Events as they go over the wire, encoded once and kept while somebody is likely to need them again.

Two memories, both bounded in bytes: single events by id, and whole frame bodies by the ids in them, because five
hundred clients with the same news are one body and five hundred short prefixes. (Home Assistant found serialising to
be half of its socket time.)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final, Generic, TypeVar

from chat.delivery import database
from chat.entities.encoding import splice

Key = TypeVar("Key")
Value = TypeVar("Value")
Chunk = tuple[int, bytes]
"""How many events, and the rest of the frame from `"events":` on."""

EVENT_MEMORY: Final = 16 * 2**20  # bytes; some minutes of a busy node
FRAME_MEMORY: Final = 8 * 2**20  # bytes
FRAME_LENGTH: Final = 48 * 1024  # bytes of events in a frame, unless a single one is longer: below the write buffer

_LOAD: Final = "SELECT id, type, conversation_id, at, data FROM chat_event WHERE id = ANY(%s::bigint[])"


class Bodies:
    def __init__(self) -> None:
        self._events: Recent[int, bytes] = Recent(EVENT_MEMORY)
        self._frames: Recent[tuple[int, ...], list[Chunk]] = Recent(FRAME_MEMORY)

    async def load(self, wanted: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], list[Chunk] | None]:
        """Each group of ids as frames of a bearable length; None where the log no longer has one of them."""
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
        """What was just written in this process, by id."""
        for id, text in encoded.items():
            self._events.put(id, text, size=len(text))

    def forget(self, ids: Iterable[int]) -> None:
        """These were redacted. Frames are put together again from what is left."""
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
    """A memory of what was used last, bounded by size; the newest entry is always kept."""

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
    return len(texts), b'"events":[%b]}' % b",".join(texts)

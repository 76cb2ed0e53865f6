"""One conversation in the store: who takes part in it, and its messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from chat.client.entities import Entity


@dataclass(slots=True)
class Room:
    """A conversation as it is known to this client."""

    conversation: Entity
    epoch: int
    whole_from: int  # every message with this seq or a higher one is here
    all_participants: dict[str, Entity] = field(default_factory=dict)  # by member, those who left included
    participants_known: bool = False  # whether everybody who takes part is among them
    messages: dict[int, Entity] = field(default_factory=dict)  # by seq; older ones may lie here with holes between
    heads: dict[str, Entity] = field(default_factory=dict)  # by id: empty ones below first_seq, of living threads

    @property
    def history_gap(self) -> bool:
        return self.whole_from > self.first_seq

    @property
    def first_seq(self) -> int:
        """The oldest message that the server keeps."""
        return int(self.conversation["first_seq"])

    @property
    def participants(self) -> list[Entity]:
        """Those who take part, as far as they are known."""
        return [participant for participant in self.all_participants.values() if participant["left_at"] is None]

    @property
    def history(self) -> list[Entity]:
        """The messages without a hole up to the newest, oldest first."""
        return [self.messages[seq] for seq in sorted(self.messages) if seq >= self.whole_from]

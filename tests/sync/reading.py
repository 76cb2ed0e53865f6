"""What everybody has read, kept number by number beside the server's: sets of seqs, and the rows of the messages.

It follows the rules of "What counts as read" in chat/queries/README.md as a person would, without ranges, unions or
SQL. The server and every client must count as it does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.tenancy import every_organization
from chat.actions.messages import Post
from chat.models import Conversation, Message, Participant

Key = tuple[UUID, UUID]
"""A member and a conversation."""


@dataclass
class Read:
    """What one member has read of one conversation."""

    joined_at: datetime
    seqs: set[int]  # shown by one of their clients, written, marked as read by hand, or older than their coming
    shown: int  # how far the main line was shown
    mark: int | None = None

    def counts(self, seq: int) -> bool:
        return seq in self.seqs and (self.mark is None or seq < self.mark)

    def add(self, seqs: set[int]) -> None:
        self.seqs |= seqs
        while self.shown + 1 in self.seqs:
            self.shown += 1


@dataclass
class Reading:
    readers: dict[Key, Read] = field(default_factory=dict)
    last_seqs: dict[UUID, int] = field(default_factory=dict)

    # --- What happened ------------------------------------------------------------------------------

    def notice(self) -> None:
        """After every action: who came has read what was there before, and who wrote has read what they wrote."""
        with every_organization():
            rooms = dict(Conversation.objects.values_list("pk", "last_seq"))
            for participant in Participant.objects.filter(left_at=None):
                key, last = (participant.member_id, participant.conversation_id), rooms[participant.conversation_id]
                if key not in self.readers or self.readers[key].joined_at != participant.joined_at:
                    self.readers[key] = Read(participant.joined_at, set(range(last + 1)), last)
            for room, last in rooms.items():
                if last > self.last_seqs.setdefault(room, 0):
                    self._notice_messages(room)
                    self.last_seqs[room] = last

    def _notice_messages(self, room: UUID) -> None:
        for message in Message.objects.filter(conversation=room, seq__gt=self.last_seqs[room]):
            self.readers[message.author_id, room].add({message.seq})

    def shows(self, post: Post) -> set[int] | None:
        """What counts as read because of what the writer was shown; asked before the message is sent."""
        return None if post.read is None else self.main_line(post.member_id, post.conversation_id, post.read)

    def show(self, member: UUID, room: UUID, seq: int, seqs: set[int]) -> None:
        """The main line was shown up to `seq`; `seqs` are what `main_line` said. What was passed moves nothing."""
        reader, seq = self.readers[member, room], min(seq, self.last_seqs[room])
        if seq > reader.shown or reader.mark is not None:
            reader.shown, reader.mark = max(seq, reader.shown), None
            reader.add(seqs)

    def show_all(self, member: UUID, room: UUID, seq: int) -> None:
        seq = min(seq, self.last_seqs[room])
        reader = self.readers[member, room]
        reader.shown, reader.mark = max(seq, reader.shown), None
        reader.add(set(range(seq + 1)))

    def show_thread(self, member: UUID, room: UUID, seq: int, head: UUID) -> None:
        with every_organization():
            replies = Message.objects.filter(conversation=room, thread=head, seq__lte=seq)
            self.readers[member, room].add(set(replies.values_list("seq", flat=True)))

    def mark(self, member: UUID, room: UUID, seq: int) -> None:
        self.readers[member, room].mark = seq

    # --- What follows from it -----------------------------------------------------------------------

    def main_line(self, member: UUID, room: UUID, seq: int) -> set[int]:
        """Everything up to `seq` but unread replies of threads that the member follows."""
        reader = self.readers.get((member, room))
        if reader is None:
            return set()
        with every_organization():
            messages = list(Message.objects.filter(conversation=room))
        followed = _followed(messages, member)
        kept_back = {
            each.seq
            for each in messages
            if each.thread_id is not None
            and each.seq >= followed.get(each.thread_id, math.inf)
            and each.deleted_at is None
            and each.seq not in reader.seqs
        }
        return set(range(min(seq, self.last_seqs[room]) + 1)) - kept_back

    def unread(self, member: UUID, conversation: Conversation) -> int:
        reader = self.readers[member, conversation.pk]
        messages = Message.objects.filter(conversation=conversation, seq__gte=conversation.first_seq)
        there = messages.filter(deleted_at=None, hidden_at=None).values_list("seq", flat=True)
        return sum(not reader.counts(seq) for seq in there)


def _followed(messages: list[Message], member: UUID) -> dict[UUID, int]:
    """Threads that the member started or wrote in, or that name them, and from which seq on they follow each."""
    followed: dict[UUID, int] = {}
    for message in messages:
        if message.author_id == member or member in message.mentions:
            thread = message.thread_id or message.pk
            followed[thread] = min(message.seq, followed.get(thread, message.seq))
    return followed

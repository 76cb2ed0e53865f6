"""Whom every message concerns, judged message by message beside the server's record.

It follows the rules of chat/attention as a person would, without statements in SQL. The record and the count of every
client must be as it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import Member
from accounts.preferences import read_preferences
from accounts.roles import Right
from accounts.tenancy import every_organization
from chat.models import Conversation, Event, Kind, Message, Participant
from tests.sync.reading import Reading

Subject = UUID | None
"""A member, or None for every participant."""


@dataclass
class Attention:
    """`follow` is called directly before the follower has its turn, so both judge the same rows."""

    judged: dict[UUID, dict[Subject, bool]] = field(default_factory=dict)
    """By message: whom it concerned at any time, and whether it still does."""
    last: int = 0  # the event up to which it has followed

    # --- What happened ------------------------------------------------------------------------------

    def follow(self) -> None:
        with every_organization():
            events = list(Event.objects.filter(pk__gt=self.last, type__startswith="message.").order_by("pk"))
            created = {event.entity_id for event in events if event.type == "message.created"}
            self.last = max((event.pk for event in events), default=self.last)
            messages = Message.objects.select_related("conversation")
            for message in messages.filter(pk__in={event.entity_id for event in events}):
                known = self.judged.get(message.pk, {})
                if known or message.pk in created or message.edited_at is not None:
                    self._judge(message, known)

    def _judge(self, message: Message, known: dict[Subject, bool]) -> None:
        """Only an edit changes whom a message concerns. What hides or deletes it takes the concern away."""
        once = bool(known) and message.edited_at is None
        subjects = set(known) if once else set(_concerned_by(message))
        readable = {each for each in subjects if known.get(each) or _may_read(each, message)}
        stands = message.hidden_at is None and _is_there(message)
        if _is_there(message):
            known = dict.fromkeys(known, False) | dict.fromkeys(readable, stands)
        else:
            known = dict.fromkeys(known, False)
        if known:
            self.judged[message.pk] = known

    # --- What follows from it -----------------------------------------------------------------------

    def standing(self) -> set[tuple[UUID, Subject]]:
        """Messages and whom they concern; only messages that are still there."""
        with every_organization():
            there = {message.pk for message in Message.objects.select_related("conversation") if _is_there(message)}
        return {
            (message, subject)
            for message, subjects in self.judged.items()
            if message in there
            for subject, stands in subjects.items()
            if stands
        }

    def count(self, member: UUID, conversation: Conversation, reading: Reading) -> int:
        """How many unread messages of the conversation concern the member."""
        messages = Message.objects.filter(conversation=conversation, seq__gte=conversation.first_seq)
        there = messages.filter(deleted_at=None, hidden_at=None).exclude(author=member)
        reader = reading.readers[member, conversation.pk]
        return sum(not reader.counts(message.seq) and self._concerns(message, member) for message in there)

    def _concerns(self, message: Message, member: UUID) -> bool:
        subjects = self.judged.get(message.pk, {})
        return subjects.get(member, False) or subjects.get(None, False)


def _is_there(message: Message) -> bool:
    return message.deleted_at is None and message.seq >= message.conversation.first_seq


def _concerned_by(message: Message) -> Iterator[Subject]:
    """Yield everybody but the author, some of them more than once."""
    if message.wide_mention is not None:
        yield None
    yield from {*message.mentions, *_followers(message), *_searching(message)} - {message.author_id}


def _followers(message: Message) -> Iterator[UUID]:
    """Who started the thread, wrote in it or was named in it before this reply."""
    for earlier in Message.objects.filter(conversation=message.conversation_id, seq__lt=message.seq):
        if message.thread_id and message.thread_id in {earlier.pk, earlier.thread_id}:
            yield from {earlier.author_id, *earlier.mentions}


def _searching(message: Message) -> Iterator[UUID]:
    """Participants who asked for a word of the text."""
    words = message.text.casefold().split()
    for member in Member.objects.filter(deactivated_at=None):
        keywords = read_preferences(member.preferences).keywords
        if any(keyword in words for keyword in keywords) and _takes_part(member.pk, message):
            yield member.pk


def _may_read(subject: Subject, message: Message) -> bool:
    """Participants may, and of others those whom it names in a public channel into which they may look."""
    if subject is None or _takes_part(subject, message):
        return True
    member = Member.objects.get(pk=subject)
    named = message.conversation.kind == Kind.PUBLIC and subject in message.mentions
    return named and member.is_active and member.may(Right.BROWSE)


def _takes_part(member: UUID, message: Message) -> bool:
    return Participant.objects.filter(member=member, conversation=message.conversation_id, left_at=None).exists()

"""Decide for what reasons messages concern members. Reads messages, threads and keywords; writes nothing."""

# the parts of the statements are names of ours, never input

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from accounts.tenancy import current_organization_id
from chat import sql
from chat.attention.keywords import Keywords
from chat.models import Attention
from chat.sql import array

Reason = Attention.Reason
Subject = tuple[UUID, UUID | None]
"""A message and the member whom it concerns; None stands for every participant."""
Reasons = dict[Subject, str]


class Facts(NamedTuple):
    """What of a message decides whom it concerns."""

    id: UUID
    conversation_id: UUID
    kind: str  # of the conversation
    seq: int
    author_id: UUID
    thread_id: UUID | None
    text: str
    mentions: list[UUID]
    wide_mention: str | None
    created_at: datetime
    edited_at: datetime | None
    is_hidden: bool  # by a moderator, who may restore it
    is_gone: bool  # deleted, or older than the conversation keeps messages


_FACTS: Final = """
SELECT m.id, m.conversation_id, c.kind, m.seq, m.author_id, m.thread_id, m.text, m.mentions, m.wide_mention,
    m.created_at, m.edited_at, m.hidden_at IS NOT NULL, m.deleted_at IS NOT NULL OR m.seq < c.first_seq
FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id
WHERE m.organization_id = %(organization)s AND m.id = ANY(%(messages)s::uuid[])
"""


def facts_of(messages: Iterable[UUID]) -> list[Facts]:
    """Return the facts of those messages that exist, as they are now."""
    given = {"organization": current_organization_id(), "messages": array(messages)}
    return [Facts(*row) for row in sql.execute(_FACTS, given)]


def reasons_of(messages: Sequence[Facts]) -> Reasons:
    """Return whom the messages concern, each with the strongest reason. Whether they may read it is not asked here, nor
    whether the message is hidden.

    A reply concerns the members who follow its thread by then: those who started it, whom its head names, who wrote in
    it before or whom an earlier reply names. It is the rule of "What counts as read" in chat/queries/README.md.
    """
    there = [message for message in messages if not message.is_gone]
    threads, keywords = _followers(there), _keywords(there)
    found: Reasons = {}
    for message in there:
        if message.wide_mention is not None:
            found[message.id, None] = Reason.GROUP
        for member, reason in _of_members(message, threads, keywords):
            found[message.id, member] = reason
    return found


def _of_members(
    message: Facts, threads: dict[UUID, dict[UUID, int]], keywords: dict[UUID, Keywords]
) -> Iterator[tuple[UUID, str]]:
    """Yield members with reasons, a member's strongest reason last."""
    looked_for = keywords.get(message.conversation_id)
    words = looked_for.members_in(message.text) if looked_for else set()
    followers = threads.get(message.thread_id, {}) if message.thread_id else {}
    for members, reason in (
        (words, Reason.KEYWORD),
        ([member for member, seq in followers.items() if seq < message.seq], Reason.REPLY),
        (message.mentions, Reason.MENTION),
    ):
        yield from ((member, reason) for member in members if member != message.author_id)


# One pass over each thread, however many of its replies are asked for.
_FOLLOWERS: Final = """
SELECT thread_id, member, min(seq) FROM (
    SELECT id AS thread_id, author_id AS member, 0 AS seq FROM chat_message
    WHERE organization_id = %(organization)s AND id = ANY(%(threads)s::uuid[])
  UNION ALL
    SELECT id, unnest(mentions), seq FROM chat_message
    WHERE organization_id = %(organization)s AND id = ANY(%(threads)s::uuid[])
  UNION ALL
    SELECT thread_id, author_id, seq FROM chat_message
    WHERE organization_id = %(organization)s AND thread_id = ANY(%(threads)s::uuid[])
  UNION ALL
    SELECT thread_id, unnest(mentions), seq FROM chat_message
    WHERE organization_id = %(organization)s AND thread_id = ANY(%(threads)s::uuid[]) AND mentions <> '{}'
) AS written GROUP BY thread_id, member
"""


def _followers(messages: Iterable[Facts]) -> dict[UUID, dict[UUID, int]]:
    """Return by thread who follows it, and from which seq on."""
    threads = {message.thread_id for message in messages if message.thread_id}
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    if threads:
        given = {"organization": current_organization_id(), "threads": array(threads)}
        for thread, member, seq in sql.execute(_FOLLOWERS, given):
            found[thread][member] = seq
    return found


# From the few members who have keywords to where they take part (index member_with_keywords).
_KEYWORDS: Final = """
SELECT p.conversation_id, m.id, m.preferences -> 'keywords'
FROM accounts_member m JOIN chat_participant p ON p.member_id = m.id
WHERE m.organization_id = %(organization)s AND m.preferences ? 'keywords' AND m.deactivated_at IS NULL
    AND p.conversation_id = ANY(%(conversations)s::uuid[]) AND p.left_at IS NULL
"""


def _keywords(messages: Iterable[Facts]) -> dict[UUID, Keywords]:
    """Return by conversation the keywords of its participants."""
    conversations = {message.conversation_id for message in messages}
    found: dict[UUID, dict[UUID, list[str]]] = defaultdict(dict)
    if conversations:
        given = {"organization": current_organization_id(), "conversations": array(conversations)}
        for conversation, member, words in sql.execute(_KEYWORDS, given):
            found[conversation][member] = words
    return {conversation: Keywords(members) for conversation, members in found.items()}

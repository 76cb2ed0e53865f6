"""Record what a member has read: a set of messages, and how far the main line was shown.

chat/queries/README.md says what counts.

Lock order: participants, clients (inside publish). Each change is one statement, a union, so that of two tabs that read
at once neither takes anything back from the other.
"""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext

from accounts.models import Member
from chat import sql
from chat.access import Access, find_conversation
from chat.access.predicates import present_sql
from chat.actions.participants import own_participant_draft, publish_own_participant
from chat.attention.unread import unread_drafts
from chat.delivery import publish
from chat.errors import Forbidden, Invalid, NotFound
from chat.models import Message, Participant
from chat.sql import array

MOST: Final = 500  # ranges of `read`: 9 KB of a row. Where more would be needed, the oldest gaps count as read
KEPT: Final = 400  # ranges that are left then: who writes and never reads is not at the bound with every message


def merge(added: str, *, shown: str) -> str:
    """Return the assignments of an UPDATE of `chat_participant p`.

    The multirange `added` counts as read, and the main line was shown up to `shown`. Past MOST ranges the lowest gaps
    are closed until KEPT are left. The read position moves over messages that are read without a gap.
    """
    return f"""
        version = p.version + 1, (read, read_seq) = (
            SELECT kept.read, COALESCE(
                (SELECT upper(r) - 1 FROM unnest(kept.read) AS r WHERE r @> kept.shown + 1), kept.shown
            )
            FROM (
                SELECT GREATEST(p.read_seq, {shown}) AS shown,
                    CASE WHEN pg_column_size(grown.read) < {MOST} * 16 THEN grown.read  -- each range takes more
                    WHEN (SELECT count(*) FROM unnest(grown.read)) <= {MOST} THEN grown.read
                    ELSE grown.read + int8multirange(int8range(lower(grown.read), (
                        SELECT upper(r) FROM unnest(grown.read) AS r ORDER BY r DESC OFFSET {KEPT - 1} LIMIT 1
                    ))) END AS read
                FROM (SELECT p.read + ({added}) AS read OFFSET 0) AS grown
                OFFSET 0
            ) AS kept
        )"""


# Of the replies up to n.seq that the participant has not read: those of threads that they follow. A member follows a
# thread from its head on if they started it or it names them, else from the first reply that they wrote or that names
# them. What comes later changes nothing, so a client that has the thread up to a reply judges it as the server does,
# whenever it is asked. Looks at unread messages alone.
_FOLLOWED: Final = """
WITH replies AS MATERIALIZED (
    SELECT m.seq, m.thread_id, m.thread_author
    FROM unnest(int8multirange(int8range(0, n.seq, '[]')) - p.read) AS gap CROSS JOIN LATERAL (
        SELECT seq, thread_id, thread_author FROM chat_message
        WHERE conversation_id = p.conversation_id AND seq >= lower(gap) AND seq < upper(gap)
            AND thread_id IS NOT NULL AND deleted_at IS NULL
        OFFSET 0
    ) AS m
), threads AS MATERIALIZED (
    SELECT t.thread_id, LEAST(
        CASE WHEN t.thread_author = p.member_id THEN 0 END,
        (SELECT h.seq FROM chat_message h WHERE h.id = t.thread_id AND h.mentions @> ARRAY[p.member_id]),
        (SELECT min(a.seq) FROM chat_message a
            WHERE a.thread_id = t.thread_id AND (a.author_id = p.member_id OR a.mentions @> ARRAY[p.member_id]))
    ) AS followed_from
    FROM (SELECT DISTINCT thread_id, thread_author FROM replies) AS t
)
SELECT range_agg(int8range(r.seq, r.seq, '[]')) FROM replies r JOIN threads t USING (thread_id)
WHERE r.seq >= t.followed_from
"""
_UP_TO: Final = "int8multirange(int8range(0, n.seq, '[]'))"
_SHOW: Final = f"""
UPDATE chat_participant p
SET unread_from = NULL, {merge(f"{_UP_TO} - COALESCE(({_FOLLOWED}), '{{}}')", shown="n.seq")}
FROM unnest(%(participants)s::bigint[], %(seqs)s::bigint[]) AS n (id, seq)
WHERE p.id = n.id AND {present_sql("p")} AND (p.read_seq < n.seq OR p.unread_from IS NOT NULL)
RETURNING {sql.columns(Participant, alias="p")}
"""
_SHOW_ALL: Final = f"""
UPDATE chat_participant p SET unread_from = NULL, {merge(_UP_TO, shown="n.seq")}
FROM (SELECT %(seq)s::bigint AS seq) AS n
WHERE p.id = %(participant)s AND {present_sql("p")}
    AND (p.read_seq < n.seq OR p.unread_from IS NOT NULL OR NOT p.read @> {_UP_TO})
RETURNING {sql.columns(Participant, alias="p")}
"""
_SHOW_THREAD: Final = f"""
UPDATE chat_participant p SET {merge("n.seqs", shown="p.read_seq")}
FROM (
    SELECT range_agg(int8range(seq, seq, '[]')) AS seqs FROM chat_message
    WHERE thread_id = %(thread)s AND seq <= %(seq)s
) AS n
WHERE p.id = %(participant)s AND {present_sql("p")} AND NOT p.read @> n.seqs
RETURNING {sql.columns(Participant, alias="p")}
"""


@transaction.atomic
def mark_read(
    member: Member, conversation_id: UUID, *, seq: int, thread_id: UUID | None = None, threads: bool = False
) -> Participant:
    """Record that the main line was shown up to `seq`: everything there counts as read.

    Unread replies of threads that the member follows stay unread, unless `threads` is set. With `thread_id` only the
    replies of that thread up to `seq` count as read. Without it the mark that `mark_unread` set ends as well. A call
    that moves nothing writes and publishes nothing.
    Raises Forbidden, NotFound, and Invalid for `thread_id` with `threads`.
    """
    if thread_id is not None and threads:
        raise Invalid({"threads": [gettext("Give either thread or threads.")]})
    access = find_conversation(member, conversation_id)
    participant = _own_participant(access)
    seq = min(seq, access.conversation.last_seq)
    if thread_id is not None:
        return _move(participant, _SHOW_THREAD, {"seq": seq, "thread": _head(access, thread_id)})
    if threads:
        return _move(participant, _SHOW_ALL, {"seq": seq})
    return _publish(participant, show({participant.pk: seq}))


@transaction.atomic
def mark_unread(member: Member, conversation_id: UUID, *, seq: int) -> Participant:
    """Mark the conversation as unread from the message `seq` on, until one next reads there.

    The read position stays where it is. Publishes with it what concerns the member there: clients that registered after
    it was read do not know it. Raises Forbidden, NotFound, and Invalid where there is no such message.
    """
    access = find_conversation(member, conversation_id)
    participant = _own_participant(access)
    if not access.conversation.first_seq <= seq <= access.conversation.last_seq:
        raise Invalid({"seq": [gettext("There is no such message.")]})
    marked = sql.rows(Participant, sql.execute(_MARK, {"participant": participant.pk, "seq": seq}))
    for each in marked:
        drafts = unread_drafts(member, conversation_id)
        publish(member.organization_id, *drafts, own_participant_draft(each))
    return marked[0] if marked else participant


def show(seqs: Mapping[int, int]) -> list[Participant]:
    """Record how far the main line was shown to these participants.

    Returns the participants that moved, for the caller to publish.
    """
    given = {"participants": array(seqs), "seqs": array(seqs.values())}
    return sql.rows(Participant, sql.execute(_SHOW, given))


_MARK: Final = f"""
UPDATE chat_participant p SET unread_from = %(seq)s, version = p.version + 1
WHERE p.id = %(participant)s AND {present_sql("p")} AND p.unread_from IS DISTINCT FROM %(seq)s
RETURNING {sql.columns(Participant, alias="p")}
"""


def _own_participant(access: Access) -> Participant:
    if access.participant is None:
        raise Forbidden(gettext("Join the channel first."))
    return access.participant


def _head(access: Access, message_id: UUID) -> UUID:
    """Return the head of the thread in which the message is: itself, unless it is a reply."""
    message: Message | None = Message.objects.filter(pk=message_id, conversation=access.conversation).first()
    if message is None:
        raise NotFound
    return message.pk if message.thread_id is None else message.thread_id


def _move(participant: Participant, statement: str, given: dict[str, Any]) -> Participant:
    """Run one of the statements above."""
    found = sql.execute(statement, given | {"participant": participant.pk})
    return _publish(participant, sql.rows(Participant, found))


def _publish(participant: Participant, moved: list[Participant]) -> Participant:
    """Publish the participant if it moved. Returns it as it is now."""
    for each in moved:
        publish_own_participant(each)
    return moved[0] if moved else participant

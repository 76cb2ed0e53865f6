"""Send messages.

Lock order: conversations by ascending id, participants, clients (inside publish).
"""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from accounts import throttle
from accounts.clean_text import clean_message, draws_nothing
from accounts.models import Member
from accounts.tenancy import current_organization_id
from chat import sql
from chat.access import (
    Access,
    WriteAccess,
    is_thread_over,
    lock_all_to_write,
    require_may_post,
)
from chat.access.predicates import is_kept
from chat.actions.changes import message_draft
from chat.actions.mentions import write
from chat.actions.participants import own_participant_draft, publish_own_participant
from chat.actions.read import KEPT, merge, show
from chat.content.loading import entities, entity
from chat.delivery import publish, reserve
from chat.entities.messages import Message as MessageEntity
from chat.errors import Conflict, Invalid, NotFound, Refusal
from chat.models import Conversation, Message, Participant, Revision
from chat.sql import array


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message on its way from a client, over REST or a socket, to the transaction that writes it.

    `ref` is made by the client, so that a repetition is recognized. Whether the member may write is checked by that
    transaction, behind its locks.
    """

    organization_id: UUID
    member_id: UUID
    conversation_id: UUID
    text: str
    ref: UUID
    thread_id: UUID | None = None
    read: int | None = None  # the seq up to which the main line was shown where it was written


@dataclass(frozen=True, slots=True)
class Sent:
    """`created` is False when the ref was known and the message is the one that was sent before."""

    message: MessageEntity
    created: bool


def send_message(
    member: Member,
    conversation_id: UUID,
    *,
    text: str,
    ref: UUID,
    thread_id: UUID | None = None,
    read: int | None = None,
) -> Sent:
    """Send one message. Idempotent on (organization, sender, ref). `read`: as if `mark_read` came first."""
    post = Post(
        organization_id=member.organization_id,
        member_id=member.pk,
        conversation_id=conversation_id,
        text=text,
        ref=ref,
        thread_id=thread_id,
        read=read,
    )
    (outcome,) = send_messages([post])
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def send_messages(posts: Sequence[Post]) -> list[Sent | Refusal]:
    """Commit posts of one organization together; one that is refused does not hold the others up.

    The outcomes come in the order of the posts.
    """
    try:
        return _send_together(posts)
    except IntegrityError:
        # A ref was used at the same moment in another conversation. Alone, each finds out by reading.
        return [_send_alone(post) for post in posts]


def clean_text(text: str) -> str:
    """Return the text as it is stored. Raises Invalid where nothing of it is drawn, and where it is too long."""
    text = clean_message(text)
    if draws_nothing(text):
        raise Invalid({"text": [gettext("A message needs some text.")]})
    if len(text) > settings.MESSAGE_LENGTH:
        raise Invalid(
            {"text": [gettext("%(message_length)s characters at most.") % {"message_length": settings.MESSAGE_LENGTH}]}
        )
    return text


@dataclass(slots=True)
class _Batch:
    """What one transaction is about to write."""

    allowance: dict[UUID, int]  # member → messages
    event_ids: Sequence[int]  # enough for all that may be published
    messages: list[Message] = field(default_factory=list)
    roots: dict[UUID, Message] = field(default_factory=dict)
    written: list[tuple[int, int]] = field(default_factory=list)  # participant and the seq of what they wrote
    shown: dict[int, int] = field(default_factory=dict)  # participant → seq up to which the main line was shown
    began: dict[UUID, int] = field(default_factory=dict)  # conversation → its last_seq before this batch

    def has_posted(self, participant: Participant | None) -> bool:
        return participant is not None and any(writer == participant.pk for writer, _ in self.written)


def _send_alone(post: Post) -> Sent | Refusal:
    try:
        return _send_together([post])[0]
    except IntegrityError:
        return Conflict(gettext("This ref is in use."))


@transaction.atomic
def _send_together(posts: Sequence[Post]) -> list[Sent | Refusal]:
    with sql.together():
        find_accesses = lock_all_to_write((post.conversation_id, post.member_id) for post in posts)
        find_known = _known(posts)
        # Behind the locks, so that a conversation's events have their ids in the order of their commits.
        find_ids = reserve(
            len(posts)
            + len({post.thread_id for post in posts if post.thread_id})
            + sum(post.read is not None for post in posts)
        )
    accesses, known = find_accesses(), find_known()
    batch = _Batch(allowance=_count(posts, accesses, known), event_ids=find_ids())
    outcomes = [_answer(post, accesses, known, batch) for post in posts]
    if batch.messages:
        _write(batch)
    return outcomes


_FIND_KNOWN: Final = f"""
SELECT {sql.columns(Message)} FROM chat_message
WHERE organization_id = %(organization)s AND author_id = ANY(%(authors)s::uuid[]) AND ref = ANY(%(refs)s::uuid[])
"""


Known = dict[tuple[UUID, UUID], Message]
"""By author and ref: what was sent before."""


def _known(posts: Sequence[Post]) -> Callable[[], Known]:
    found = sql.execute(
        _FIND_KNOWN,
        {
            "organization": current_organization_id(),
            "authors": array({post.member_id for post in posts}),
            "refs": array(post.ref for post in posts),
        },
    )
    return lambda: {(each.author_id, each.ref): each for each in sql.rows(Message, found) if each.ref}


def _count(posts: Sequence[Post], accesses: WriteAccess, known: Known) -> dict[UUID, int]:
    """Return how many of the batch's new messages each member may send. Repeated ones are not counted."""
    new = {
        (post.member_id, post.ref)
        for post in posts
        if isinstance(accesses[post.conversation_id, post.member_id], Access)
    } - known.keys()
    wanted = Counter(member_id for member_id, _ in new)
    return throttle.admit("message", wanted, limit=settings.MESSAGE_RATE) if wanted else {}


def _answer(post: Post, accesses: WriteAccess, known: Known, batch: _Batch) -> Sent | Refusal:
    access = accesses[post.conversation_id, post.member_id]
    if isinstance(access, Refusal):
        return access
    try:
        if (message := known.get((post.member_id, post.ref))) is not None:
            return _sent_before(post, message)
        message = _compose(post, access, batch)
    except Refusal as refusal:
        return refusal
    known[post.member_id, post.ref] = message
    return Sent(message.bare_entity(), created=True)


def _sent_before(post: Post, message: Message) -> Sent:
    """Answer a send that is repeated. Raises Conflict where the ref belongs to something else that was sent."""
    if message.conversation_id != post.conversation_id:
        raise Conflict(gettext("This ref was used for a message in another conversation."))
    if not (_is_text_of(post, message) and _is_thread_of(post, message)):
        raise Conflict(gettext("This ref was used for another message."))
    return Sent(entity(message), created=False)


def _is_text_of(post: Post, message: Message) -> bool:
    """Return whether the post has the text that was sent first. A message removed for good matches every text."""
    sent: str | None = message.text
    if message.edited_at is not None or message.deleted_at is not None:
        sent = Revision.objects.filter(message=message).order_by("version").values_list("text", flat=True).first()
    return sent is None or clean_message(post.text) == sent


def _is_thread_of(post: Post, message: Message) -> bool:
    if post.thread_id == message.thread_id:
        return True
    if post.thread_id is None:
        return False
    if message.thread_id is None:
        return message.thread_author is not None  # retention took the head of the thread away
    return Message.objects.filter(pk=post.thread_id, thread=message.thread_id).exists()  # a reply to a reply


def _compose(post: Post, access: Access, batch: _Batch) -> Message:
    text = clean_text(post.text)
    require_may_post(access, in_thread=post.thread_id is not None, just_posted=batch.has_posted(access.participant))
    if not batch.allowance[post.member_id]:
        raise throttle.exhausted()
    batch.allowance[post.member_id] -= 1
    root = _root(access.conversation, post.thread_id, batch) if post.thread_id else None
    written = write(access, text)
    batch.began.setdefault(access.conversation.pk, access.conversation.last_seq)
    access.conversation.last_seq += 1
    message = Message(
        organization_id=post.organization_id,
        conversation=access.conversation,
        seq=access.conversation.last_seq,
        author=access.member,
        ref=post.ref,
        text=text,
        html=written.html,
        thread=root,
        thread_author=root.author_id if root else None,
        mentions=written.mentions,
        wide_mention=written.wide,
    )
    if root is not None:
        root.reply_count += 1
    access.conversation.last_message_at = message.created_at
    batch.messages.append(message)
    if access.participant is not None:
        batch.written.append((access.participant.pk, message.seq))
        _show(access.participant, post, batch)
    return message


def _show(participant: Participant, post: Post, batch: _Batch) -> None:
    """Note how far the writer was shown the main line, at most up to what was there before this batch."""
    if post.read is None:
        return
    seq = min(post.read, batch.began[post.conversation_id])
    if seq > participant.read_seq or participant.unread_from is not None:
        batch.shown[participant.pk] = max(seq, batch.shown.get(participant.pk, 0))


def _root(conversation: Conversation, thread_id: UUID, batch: _Batch) -> Message:
    """Return the head of the thread. A reply to a reply belongs to the same thread: threads are one level deep."""
    root = batch.roots.get(thread_id)
    if root is None:
        root = Message.objects.filter(pk=thread_id, conversation=conversation).first()
        if root is not None and root.thread_id is not None:
            root = batch.roots.get(root.thread_id) or Message.objects.get(pk=root.thread_id)
    if root is None or (root.deleted_at is not None and not root.reply_count) or is_thread_over(root, conversation):
        raise NotFound(gettext("The message to reply to is not there."))
    return batch.roots.setdefault(root.pk, root)


# Nobody's own message is unread to them. Their clients conclude the same from the message itself, so no event says so.
_MOVE_ON: Final = f"""
WITH conversations AS (
    UPDATE chat_conversation c SET last_seq = n.seq, last_message_at = n.at
    FROM unnest(%(conversations)s::uuid[], %(last_seqs)s::bigint[], %(times)s::timestamptz[]) AS n (id, seq, at)
    WHERE c.id = n.id
)
UPDATE chat_participant p SET {merge("n.seqs", shown="p.read_seq")}
FROM (
    SELECT id, range_agg(int8range(seq, seq, '[]')) AS seqs
    FROM unnest(%(participants)s::bigint[], %(seqs)s::bigint[]) AS written (id, seq) GROUP BY id
) AS n WHERE p.id = n.id
RETURNING p.id, (SELECT count(*) FROM unnest(p.read))
"""


def _write(batch: _Batch) -> None:
    conversations = {m.conversation.pk: m.conversation for m in batch.messages}
    moves = {
        "conversations": array(conversations),
        "last_seqs": array(each.last_seq for each in conversations.values()),
        "times": [each.last_message_at for each in conversations.values()],
        "participants": array(participant for participant, _ in batch.written),
        "seqs": array(seq for _, seq in batch.written),
    }
    drafts = [own_participant_draft(participant) for participant in show(batch.shown)] if batch.shown else []
    drafts += [message_draft(message.bare_entity(), "message.created") for message in batch.messages]
    for root in batch.roots.values():
        root.version += 1
        root.save(update_fields=["reply_count", "version"])
    # An expired head is not published any more.
    shown = [root for root in batch.roots.values() if is_kept(root, conversations[root.conversation_id])]
    drafts += [message_draft(root, "message.updated") for root in entities(shown)]
    with sql.together():
        sql.insert(batch.messages)
        moved = sql.execute(_MOVE_ON, moves)
        publish(batch.messages[0].organization_id, *drafts, ids=batch.event_ids)
    closed = [participant for participant, ranges in moved if ranges == KEPT]
    if closed:
        _publish_closed(closed)


def _publish_closed(participants: Sequence[int]) -> None:
    """Publish participants whose oldest gaps in `read` were closed: their clients cannot conclude which gaps."""
    for participant in Participant.objects.filter(pk__in=participants).order_by("pk"):
        publish_own_participant(participant)

"""Keep the record of whom messages concern, as a follower of the event log.

`record` handles a batch of events of one organization inside the caller's transaction. Events only say which messages
to look at; what is recorded follows from the messages as they are now. So handling events again, or late, does no harm.

Lock order: participants (FOR KEY SHARE), clients (inside publish). The lock keeps a member whom an event is for from
leaving the conversation meanwhile (chat/actions/participants.py locks the row of a leaver FOR UPDATE); it hinders
neither reading nor posting.
"""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Struct

from accounts.models import Member
from accounts.roles import Right
from accounts.tenancy import current_organization_id, new_id
from chat import sql
from chat.attention.reasons import Facts, Reasons, Subject, facts_of, reasons_of
from chat.client.ranges import contains
from chat.delivery import Draft, one_member, participants_of, publish
from chat.delivery.followers import Followed
from chat.models import Attention, Kind
from chat.models.ranges import parse
from chat.sql import array

LATE: Final = timedelta(days=1)  # older messages that a member has read are recorded without an event


def record(events: Sequence[Followed]) -> None:
    """Bring the record up to date for the messages of these events, and publish what changed.

    The events belong to the organization in scope. Messages that are no longer there are passed over.
    """
    changed = _changed_messages(events)
    if not changed:
        return
    known = _known(changed)
    recorded = {message for message, _ in known}
    facts = {each.id: each for each in facts_of(id for id, anew in changed.items() if anew or id in recorded)}
    reasons = _reasons(facts, known)
    participants = _lock_participants(facts, {*reasons, *known})
    wanted = _wanted(facts, known, _readable(reasons, facts, participants, known))
    _publish(_write(facts, known, wanted), facts, participants)


class _Changed(Struct):
    """What an event says about whether its message has to be judged anew."""

    edited_at: str | None = None


_decoder: Final = msgspec.json.Decoder(_Changed)


def _changed_messages(events: Iterable[Followed]) -> dict[UUID, bool]:
    """Return the messages of the events, and whether each is new or was edited.

    Most other changes (a reaction, a count of replies) do not decide whom a message concerns; they and what makes a
    tombstone of it matter only where something is recorded already.
    """
    changed: dict[UUID, bool] = {}
    for event in events:
        if event.type.startswith("message."):
            anew = event.type == "message.created" or _decoder.decode(event.data).edited_at is not None
            changed[event.entity] = anew or changed.get(event.entity, False)
    return changed


class _Known(NamedTuple):
    reason: str
    withdrawn: bool


_KNOWN: Final = """
SELECT message_id, member_id, reason, withdrawn_at IS NOT NULL FROM chat_attention
WHERE organization_id = %(organization)s AND message_id = ANY(%(messages)s::uuid[])
"""


def _known(messages: Iterable[UUID]) -> dict[Subject, _Known]:
    given = {"organization": current_organization_id(), "messages": array(messages)}
    found = sql.execute(_KNOWN, given)
    return {(message, member): _Known(reason, withdrawn) for message, member, reason, withdrawn in found}


def _reasons(facts: Mapping[UUID, Facts], known: Mapping[Subject, _Known]) -> Reasons:
    """Return whom the messages concern. A message that was never edited is judged once: threads and keywords that
    change later do not change whom it concerned."""
    judged = {message for message, _ in known if message in facts and facts[message].edited_at is None}
    reasons = reasons_of([each for id, each in facts.items() if id not in judged])
    for (message, member), row in known.items():
        if message in judged and not facts[message].is_gone:
            reasons[message, member] = row.reason
    return reasons


def _wanted(facts: Mapping[UUID, Facts], known: Mapping[Subject, _Known], reasons: Reasons) -> dict[Subject, _Known]:
    """Return the rows as they should be. What a hidden message would say is recorded as withdrawn, to be restored."""
    wanted = {subject: _Known(reason, withdrawn=facts[subject[0]].is_hidden) for subject, reason in reasons.items()}
    withdrawn = {subject: row._replace(withdrawn=True) for subject, row in known.items() if subject[0] in facts}
    return withdrawn | wanted


Participants = dict[tuple[UUID, UUID], str]
"""By conversation and member: what the participant has read, as the database writes it."""

_PARTICIPANTS: Final = """
SELECT p.conversation_id, p.member_id, p.read::text
FROM chat_participant p JOIN unnest(%(conversations)s::uuid[], %(members)s::uuid[]) AS n (conversation_id, member_id)
    ON p.conversation_id = n.conversation_id AND p.member_id = n.member_id
WHERE p.organization_id = %(organization)s AND p.left_at IS NULL
ORDER BY p.id FOR KEY SHARE OF p
"""


def _lock_participants(facts: Mapping[UUID, Facts], subjects: Iterable[Subject]) -> Participants:
    """Return which of the members take part in the conversation of the message."""
    pairs = {
        (facts[message].conversation_id, member)
        for message, member in subjects
        if message in facts and member is not None
    }
    if not pairs:
        return {}
    given = {
        "organization": current_organization_id(),
        "conversations": array(conversation for conversation, _ in pairs),
        "members": array(member for _, member in pairs),
    }
    found = sql.execute(_PARTICIPANTS, given)
    return {(conversation, member): read for conversation, member, read in found}


def _readable(
    reasons: Reasons, facts: Mapping[UUID, Facts], participants: Participants, known: Mapping[Subject, _Known]
) -> Reasons:
    """Keep those whom the message may concern: participants, and members who may look into the public channel in which
    it names them. Those who left later are kept as well: that is asked when the record is read."""
    absent = {
        (message, member)
        for message, member in reasons
        if member is not None and (facts[message].conversation_id, member) not in participants
    } - {subject for subject, row in known.items() if not row.withdrawn}
    named = {
        (message, member)
        for message, member in absent
        if facts[message].kind == Kind.PUBLIC and reasons[message, member] == Attention.Reason.MENTION
    }
    members = Member.objects.filter(pk__in={member for _, member in named}, deactivated_at=None) if named else ()
    browsing = {member.pk for member in members if member.may(Right.BROWSE)}
    return {
        subject: reason
        for subject, reason in reasons.items()
        if subject not in absent or (subject in named and subject[1] in browsing)
    }


# In ascending order, so that two workers that handle the same events wait for each other in one direction only.
_WRITE: Final = f"""
INSERT INTO chat_attention AS a
    (id, organization_id, message_id, conversation_id, seq, member_id, reason, version, recorded_at, withdrawn_at)
SELECT n.id, %(organization)s, n.message_id, n.conversation_id, n.seq, n.member_id, n.reason, 1, now(),
    CASE WHEN n.withdrawn THEN now() END
FROM unnest(%(ids)s::uuid[], %(messages)s::uuid[], %(conversations)s::uuid[], %(seqs)s::bigint[], %(members)s::uuid[],
    %(reasons)s::text[], %(withdrawn)s::boolean[])
    AS n (id, message_id, conversation_id, seq, member_id, reason, withdrawn)
ON CONFLICT (message_id, member_id) DO UPDATE
SET reason = excluded.reason, withdrawn_at = excluded.withdrawn_at, version = a.version + 1
WHERE a.reason <> excluded.reason OR (a.withdrawn_at IS NULL) <> (excluded.withdrawn_at IS NULL)
RETURNING {sql.columns(Attention, alias="a")}
"""


def _write(
    facts: Mapping[UUID, Facts], known: Mapping[Subject, _Known], wanted: Mapping[Subject, _Known]
) -> list[Attention]:
    """Write what differs from what is known. Returns the rows as they are now."""
    subjects = sorted((subject for subject, row in wanted.items() if row != known.get(subject)), key=_order)
    if not subjects:
        return []
    messages = [facts[message] for message, _ in subjects]
    given: dict[str, Any] = {
        "organization": current_organization_id(),
        "ids": array(new_id() for _ in subjects),
        "messages": array(message for message, _ in subjects),
        "conversations": array(message.conversation_id for message in messages),
        "seqs": array(message.seq for message in messages),
        "members": array(member for _, member in subjects),
        "reasons": array(wanted[subject].reason for subject in subjects),
        "withdrawn": array(wanted[subject].withdrawn for subject in subjects),
    }
    return sql.rows(Attention, sql.execute(_WRITE, given))


def _order(subject: Subject) -> tuple[UUID, str]:
    return subject[0], str(subject[1] or "")


def _publish(rows: Sequence[Attention], facts: Mapping[UUID, Facts], participants: Participants) -> None:
    drafts = [_draft(row, facts[row.message_id]) for row in rows if _is_published(row, facts, participants)]
    if drafts:
        publish(rows[0].organization_id, *drafts)


def _is_published(row: Attention, facts: Mapping[UUID, Facts], participants: Participants) -> bool:
    """Return whether a client needs the row. It needs none where its member does not take part, nor of an old message
    that the member has read, as most are when the follower reads an old log for the first time."""
    if row.member_id is None:
        return True
    read = participants.get((row.conversation_id, row.member_id))
    if read is None:
        return False
    is_late = timezone.now() - facts[row.message_id].created_at > LATE
    return not (is_late and row.version == 1 and contains(parse(read), row.seq))


def _draft(row: Attention, message: Facts) -> Draft:
    return attention_draft(row, author=message.author_id, thread=message.thread_id, to=row.member_id)


def attention_draft(row: Attention, *, author: UUID, thread: UUID | None, to: UUID | None) -> Draft:
    """Return the event of a row. `to`: the member who receives it; None: the participants."""
    return Draft(
        type="attention.created" if row.version == 1 else "attention.updated",
        entity=row.entity(author=author, thread=thread),
        entity_id=row.pk,
        audience=one_member(to, conversation_id=row.conversation_id) if to else participants_of(row.conversation_id),
    )

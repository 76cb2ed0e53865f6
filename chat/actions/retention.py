"""Messages expire after as many days as the conversation says, else as the organization says.

This takes two steps. First the conversation's `first_seq` moves on: one small change under its lock, with one event by
which all clients forget the messages below; from then on nobody sees them. Then the rows are removed, in batches that
lock no conversation. Messages with an undecided report stay for the moderators, with some messages around them, until
it is decided. The head of a thread with younger replies stays as an empty row until the last of them goes.
"""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Organization
from chat.actions.batches import execute, rows
from chat.actions.conversations import save_change
from chat.client.ranges import clip
from chat.content.emptying import blank_row, empty_for_good
from chat.content.facets import facets
from chat.delivery import Draft, one_member, publish
from chat.models import Conversation, Message, Report

AT_ONCE: Final = 50  # conversations moved on in one transaction: their posts wait for it, some tens of milliseconds
BATCH: Final = 2_000  # messages removed in one transaction: a tenth of a second, half of it to check references
AROUND: Final = 10  # messages kept on either side of an undecided report: what the desk shows

KEPT_REFERENCES: Final = {
    "chat.Report.message": "nulled",  # by a decided report; the others keep their message
    "chat.Message.thread": "kept",  # the head of a thread with younger replies stays as an empty row
}


def references() -> dict[str, str]:
    """Return every foreign key to a message with what becomes of it when the message goes.

    The rows of facets are deleted. tests/architecture finds what is missing.
    """
    models = [model for facet in facets() for model in facet.models]
    return {f"{model._meta.label}.message": "deleted" for model in models} | KEPT_REFERENCES


_DUE: Final = """
FROM chat_conversation c JOIN accounts_organization o ON o.id = c.organization_id
JOIN chat_message m ON m.conversation_id = c.id AND m.seq = c.first_seq
WHERE COALESCE(c.retention_days, o.retention_days, 0) > 0
    AND m.created_at < now() - make_interval(days => COALESCE(c.retention_days, o.retention_days))
"""
_UNDECIDED: Final = """
EXISTS (SELECT FROM chat_report r JOIN chat_message x ON x.id = r.message_id
    WHERE r.conversation_id = m.conversation_id AND r.state IN ('open', 'in_review')
        AND m.seq BETWEEN x.seq - %(around)s AND x.seq + %(around)s)
"""
_GOES: Final = f"""
m.seq < c.first_seq AND NOT {_UNDECIDED}
    AND NOT (m.purged_at IS NOT NULL AND EXISTS (SELECT FROM chat_message a WHERE a.thread_id = m.id))
"""
_NEXT: Final = f"""
SELECT c.id FROM chat_conversation c WHERE c.first_seq > 1
    AND EXISTS (SELECT FROM chat_message m WHERE m.conversation_id = c.id AND {_GOES}) LIMIT 1
"""
_ROWS: Final = f"""
SELECT m.id FROM chat_conversation c JOIN chat_message m ON m.conversation_id = c.id
WHERE c.id = %(conversation)s AND {_GOES} ORDER BY m.seq LIMIT %(batch)s FOR UPDATE OF m SKIP LOCKED
"""
# By arrays: a list of two thousand parameters costs more than what is looked for.
_ANSWERED: Final = """
SELECT DISTINCT a.thread_id FROM chat_message a
WHERE a.thread_id = ANY(%(messages)s) AND a.id <> ALL(%(messages)s)
"""
_REPORTS: Final = """
SELECT id FROM chat_report WHERE message_id = ANY(%(messages)s) ORDER BY id FOR NO KEY UPDATE
"""
_COUNT: Final = f"""
SELECT count(*) FROM chat_conversation c JOIN chat_message m ON m.conversation_id = c.id
WHERE c.first_seq > 1 AND {_GOES}
"""


def count_expired_histories() -> int:
    """Return the number of conversations in which messages have expired."""
    return int(rows(f"SELECT count(*) {_DUE}", {})[0][0])


@transaction.atomic
def expire_histories() -> int:
    """Move `first_seq` of some conversations of one organization to the oldest message that is young enough."""
    due = rows(
        f"SELECT c.id, c.organization_id {_DUE} ORDER BY c.organization_id, c.id LIMIT %(at_once)s",
        {"at_once": AT_ONCE},
    )
    ids = [id for id, organization_id in due if organization_id == due[0][1]]
    locked = Conversation.objects.filter(pk__in=ids).select_for_update(no_key=True, skip_locked=True)
    moved = [conversation for conversation in locked.order_by("pk") if _move_on(conversation)]
    return len(moved)


def count_expired_messages() -> int:
    return int(rows(_COUNT, {"around": AROUND})[0][0])


@transaction.atomic
def remove_expired_messages() -> int:
    """Remove one batch of the messages below `first_seq` of one conversation. Returns how many."""
    found = rows(_NEXT, {"around": AROUND})
    if not found:
        return 0
    (conversation_id,) = found[0]
    chosen = {"conversation": conversation_id, "around": AROUND, "batch": BATCH}
    messages: list[UUID] = [id for (id,) in rows(_ROWS, chosen)]
    if messages:
        _remove(conversation_id, messages)
    return len(messages)


def _move_on(conversation: Conversation) -> bool:
    organization = Organization.objects.get(pk=conversation.organization_id)
    days = conversation.retention_days if conversation.retention_days is not None else organization.retention_days
    if not days:
        return False
    young = Message.objects.filter(
        conversation=conversation,
        seq__gte=conversation.first_seq,
        created_at__gte=timezone.now() - timedelta(days=days),
    )
    first = young.order_by("seq").values_list("seq", flat=True).first() or conversation.last_seq + 1
    if first <= conversation.first_seq:
        return False
    conversation.first_seq = first
    conversation.gone = clip(conversation.gone, first, conversation.last_seq)
    save_change(conversation, "first_seq", "gone")
    return True


def _remove(conversation_id: UUID, messages: list[UUID]) -> None:
    """Remove everything that carries their words: the rows, what hangs on them, and the event log."""
    empty_for_good(conversation_id, messages)
    heads = {id for (id,) in rows(_ANSWERED, {"messages": messages})}
    gone = [message for message in messages if message not in heads]
    if heads:
        _empty(heads)
    reports = _let_go(gone)
    execute("DELETE FROM chat_message WHERE id = ANY(%(gone)s)", {"gone": gone})
    if reports:
        publish(reports[0].organization_id, *(_draft(report) for report in reports))


def _empty(heads: set[Any]) -> None:
    now = timezone.now()
    Message.objects.filter(pk__in=heads, deleted_at=None).update(deleted_at=now)
    Message.objects.filter(pk__in=heads).update(**blank_row(), search="", hidden_at=None, purged_at=now)


def _let_go(messages: list[UUID]) -> list[Report]:
    """Detach the decided reports of these messages, which outlive them. Returns the reports."""
    ids = [id for (id,) in rows(_REPORTS, {"messages": messages})]
    if not ids:
        return []
    Report.objects.filter(pk__in=ids).update(message=None, version=F("version") + 1)
    return list(Report.objects.filter(pk__in=ids).order_by("pk"))


def _draft(report: Report) -> Draft:
    return Draft(
        type="report.updated", entity=report.entity(), entity_id=report.pk, audience=one_member(report.reporter_id)
    )

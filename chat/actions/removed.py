"""Reading text that was taken away: what a hidden message says, what a deleted message said, what was reported.

These reads are actions, because each adds an entry to the audit log. Nothing else reads such text:
tests/architecture/test_removed.py. The text of a message before an edit is no secret to everybody who reads the message
now; it is read here as well, and recorded where the message itself is hidden or deleted.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext

from accounts import audit
from accounts.models import Member, User
from accounts.roles import Right
from chat.access import find_message, find_message_to_moderate, find_report
from chat.errors import NotFound
from chat.models import Message, Report, Revision

PAGE: Final = 50  # revisions of a message in one answer: half a megabyte where all are of the longest
AROUND: Final = 6  # messages of context before and after a reported one


def open_report(member: Member, report_id: UUID) -> Report:
    """Return a report for a moderator who decides it, and record that they read it. Raises NotFound.

    The moderator may take no part in the conversation; chat/queries/reports.py then shows what they need of it.
    """
    report = find_report(member, report_id)
    audit.record("report.read", actor=member, target=report, after={"message": report.message_id})
    return report


def read_original(member: Member, message_id: UUID) -> Message:
    """Return a message with its text although it is hidden, for moderators. Raises NotFound, Forbidden."""
    message = find_message_to_moderate(member, message_id)
    reveal(member, message)
    return message


def read_revisions(member: Member, message_id: UUID, *, after: int = 0, limit: int = PAGE) -> list[Revision]:
    """Return what a message said before, the oldest first, from the version above `after` on.

    Raises NotFound for a message that is hidden or deleted, unless the member is a moderator; then it is recorded.
    """
    message, _ = find_message(member, message_id)
    if message.is_gone:
        if not member.may(Right.MODERATE):
            raise NotFound(gettext("The message was deleted, or hidden by a moderator."))
        reveal(member, message)
    return list(_revisions(message).filter(version__gt=after).order_by("version")[:limit])


def reveal(actor: Member | User, message: Message) -> str:
    """Return the text of a message, hidden or not, and record who read it."""
    audit.record("message.read", actor=actor, target=message)
    return message.text


def reveal_reported(actor: Member | User, report: Report, *, earlier: int) -> tuple[list[Message], list[Revision]]:
    """Return a reported message among the messages around it, and the newest of its revisions; record who read them.

    Hidden messages around it have no text.
    """
    audit.record("report.read", actor=actor, target=report, after={"message": report.message_id, "around": AROUND})
    message = report.message
    if message is None:
        return [], []
    near = (message.seq - AROUND, message.seq + AROUND)
    around = Message.objects.filter(conversation=message.conversation_id, seq__range=near)
    context = list(around.select_related("author").order_by("seq"))
    for other in context:
        if other.pk != message.pk:
            other.text = other.shown_text
    return context, list(_revisions(message).order_by("-version")[:earlier])


def _revisions(message: Message) -> QuerySet[Revision]:
    rows: QuerySet[Revision] = Revision.objects.filter(message=message)
    return rows

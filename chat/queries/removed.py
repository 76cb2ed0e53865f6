"""Text that was taken away: what a hidden message says, what a deleted one said. Whoever reads it leaves a trace.

Nothing else reads it: tests/architecture/test_removed.py. What a message said before an edit is no secret to those who
read the message now; it is read here, too, and recorded where the message itself is hidden or deleted.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext

from accounts import audit
from accounts.models import Member, User
from accounts.roles import Right
from chat.access import find_message, find_message_to_moderate
from chat.errors import NotFound
from chat.models import Message, Report, Revision

PAGE: Final = 50  # revisions of a message in one answer: half a megabyte where all are of the longest
AROUND: Final = 6  # messages of context before and after a reported one


def read_original(member: Member, message_id: UUID) -> Message:
    """Return a message with what it says though it is hidden, for moderators. Raises NotFound, Forbidden."""
    message = find_message_to_moderate(member, message_id)
    reveal(member, message)
    return message


def read_revisions(member: Member, message_id: UUID, *, after: int = 0, limit: int = PAGE) -> list[Revision]:
    """Return what a message said before, the oldest first, from the version above `after` on.

    Raises NotFound for a message that is hidden or deleted, unless the member is a moderator; then it is recorded.
    """
    message, _ = find_message(member, message_id)
    if is_removed(message):
        if not member.may(Right.MODERATE):
            raise NotFound(gettext("The message was deleted, or hidden by a moderator."))
        reveal(member, message)
    return list(_revisions(message).filter(version__gt=after).order_by("version")[:limit])


def reveal(actor: Member | User, message: Message) -> str:
    """Return what the message says, hidden or not, and record who read it."""
    audit.record("message.read", actor=actor, target=message)
    return message.text


def reveal_reported(actor: Member | User, report: Report, *, earlier: int) -> tuple[list[Message], list[Revision]]:
    """Return a reported message among those around it, and the newest versions of what it said before; recorded.

    Of those around it, the hidden ones have no text.
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


def is_removed(message: Message) -> bool:
    return message.deleted_at is not None or message.hidden_at is not None


def _revisions(message: Message) -> QuerySet[Revision]:
    rows: QuerySet[Revision] = Revision.objects.filter(message=message)
    return rows

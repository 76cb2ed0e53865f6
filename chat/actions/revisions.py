"""Edit and delete messages. What a message said before is kept as a revision that only moderators read.

Lock order: conversation, clients (inside publish).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import audit
from accounts.models import Member, Organization
from accounts.roles import Right
from accounts.rules import governed, require_voice
from chat import rules
from chat.access import Access, lock_message_to_change, lock_message_to_delete, require_rank
from chat.actions.changes import save_change, save_tombstone
from chat.actions.mentions import write
from chat.actions.messages import clean_text
from chat.actions.reasons import reason_to_run
from chat.content.emptying import empty
from chat.content.loading import entity
from chat.entities.messages import Message as MessageEntity
from chat.errors import Conflict, Forbidden
from chat.models import Message, Revision


@governed(rules.EDIT)
def edit_message(member: Member, message_id: UUID, *, text: str, version: int | None = None) -> MessageEntity:
    """Replace the text of a message. The old text is kept as a revision.

    Raises Conflict if the message is no longer at `version`, and beyond REVISIONS_PER_MESSAGE.
    """
    text = clean_text(text)
    with transaction.atomic():
        message, access = lock_message_to_change(member, message_id, rules.EDIT)
        _require_author(member, message)
        if version is not None and version != message.version:
            raise Conflict(gettext("The message was changed meanwhile."))
        if text != message.text:
            _require_room(message)
            _keep_revision(message, member)
            written = write(access, text)
            message.text, message.html = text, written.html
            message.mentions, message.wide_mention = written.mentions, written.wide
            message.edited_at = timezone.now()
            return save_change(message, "text", "html", "mentions", "wide_mention", "edited_at")
        return entity(message)


@governed(rules.TAKE_BACK)
def delete_message(member: Member, message_id: UUID, *, reason: str = "") -> None:
    """Turn a message into a tombstone. Its text stays as a revision that only moderators read.

    Its author may, without a reason; others by `rules.DELETE`: the channel's admins against roles up to their own,
    moderators against lower roles and with a reason. Raises NotFound, Forbidden, Invalid.
    """
    with transaction.atomic():
        message, access = lock_message_to_delete(member, message_id, rules.TAKE_BACK)
        was_gone = message.is_gone
        if message.author_id != member.pk:
            reason = _reason_to_delete(access, message.author, reason)
        _keep_revision(message, member)
        emptied = empty(message, for_good=False)
        message.deleted_at = timezone.now()
        save_tombstone(message, access.conversation, *emptied, "deleted_at", type="message.deleted", was_gone=was_gone)
        if message.author_id != member.pk:
            before = {"author": message.author_id}
            audit.record("message.delete", actor=member, target=message, before=before, reason=reason)


def _reason_to_delete(access: Access, author: Member, reason: str) -> str:
    require_voice(access.member, rules.DELETE)
    if not (access.is_admin or access.member.may(Right.MODERATE)):
        raise Forbidden(gettext("Only its author and moderators may delete a message."))
    require_rank(access, author)
    return reason_to_run(access, reason)


def _require_author(member: Member, message: Message) -> None:
    if message.author_id != member.pk:
        raise Forbidden(gettext("Only its author may edit a message."))
    window = Organization.objects.values_list("edit_window", flat=True).get(pk=member.organization_id)
    if window is not None and timezone.now() - message.created_at > timedelta(seconds=window):
        raise Forbidden(gettext("It is too late to edit this message."))


def _require_room(message: Message) -> None:
    most = settings.REVISIONS_PER_MESSAGE
    if Revision.objects.filter(message=message).count() >= most:
        raise Conflict(gettext("A message can be edited %(most)s times. Write another one.") % {"most": most})


def _keep_revision(message: Message, member: Member) -> None:
    Revision.objects.create(
        organization_id=message.organization_id,
        message=message,
        version=message.version,
        text=message.text,
        replaced_by=member,
    )

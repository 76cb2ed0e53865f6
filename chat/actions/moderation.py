"""Measures of moderators against messages and conversations. Each needs a reason and is recorded in the audit log.

A moderator reaches everything that they see and everything that was reported, except their own messages and those of
members of equal or higher rank. Lock order: conversation, clients (inside publish).
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from msgspec import UNSET, UnsetType

from accounts import audit
from accounts.models import Member
from accounts.roles import Right
from accounts.rules import governed
from chat import rules
from chat.access import Access, find_conversation, lock_message_to_moderate, lock_to_moderate
from chat.access.predicates import is_kept, participants_of
from chat.actions.changes import save_tombstone
from chat.actions.conversations import save_change as save_conversation
from chat.actions.reasons import clean_reason, reason_to_run
from chat.content.emptying import empty, hide
from chat.content.loading import entity
from chat.entities.messages import Message as MessageEntity
from chat.errors import Conflict, Forbidden, Invalid
from chat.models import Conversation

LONGEST_SLOW_MODE: Final = 21_600  # seconds: six hours; for longer there is announcement-only
LONGEST_RETENTION: Final = 36_500  # days: a century; for longer there is "for ever"


@governed(rules.HIDE)
@transaction.atomic
def hide_message(member: Member, message_id: UUID, *, reason: str) -> MessageEntity:
    """Hide a message from everybody until it is restored. Repeating it changes nothing.

    Raises Conflict for a deleted message.
    """
    reason = clean_reason(reason)
    message = lock_message_to_moderate(member, message_id)
    if message.deleted_at is not None:
        raise Conflict(gettext("The message was deleted."))
    if message.hidden_at is None:
        message.hidden_at = timezone.now()
        hide(message)
        save_tombstone(message, message.conversation, "hidden_at", type="message.updated", was_gone=False)
        _record("message.hidden", member, message, {"hidden_at": None}, {"hidden_at": message.hidden_at}, reason)
    return entity(message)


@governed(rules.RESTORE)
@transaction.atomic
def restore_message(member: Member, message_id: UUID, *, reason: str) -> MessageEntity:
    """Show a hidden message again. Raises Conflict when retention has taken it from everybody meanwhile."""
    reason = clean_reason(reason)
    message = lock_message_to_moderate(member, message_id)
    if not is_kept(message, message.conversation):
        raise Conflict(gettext("Its time is over: it is kept for the report alone."))
    if message.hidden_at is not None:
        before, message.hidden_at = message.hidden_at, None
        save_tombstone(message, message.conversation, "hidden_at", type="message.updated", was_gone=True)
        _record("message.restored", member, message, {"hidden_at": before}, {"hidden_at": None}, reason)
    return entity(message)


@governed(rules.REMOVE_FOR_GOOD)
@transaction.atomic
def remove_message(member: Member, message_id: UUID, *, reason: str) -> MessageEntity:
    """Remove everything that a message says for good, also from the event log.

    The tombstone stays, because `seq` is dense. The audit log records how long the text was, never the text.
    """
    reason = clean_reason(reason)
    message = lock_message_to_moderate(member, message_id)
    if message.purged_at is None:
        was_gone = message.is_gone
        before = {"characters": len(message.text), "deleted_at": message.deleted_at, "hidden_at": message.hidden_at}
        emptied = (*empty(message, for_good=True), "hidden_at", "deleted_at", "purged_at")
        now = timezone.now()
        message.hidden_at, message.deleted_at, message.purged_at = None, message.deleted_at or now, now
        save_tombstone(message, message.conversation, *emptied, type="message.deleted", was_gone=was_gone)
        _record("message.removed", member, message, before, {"purged_at": now}, reason)
    return entity(message)


@governed(rules.REGULATE)
@transaction.atomic
def regulate_conversation(
    member: Member,
    conversation_id: UUID,
    *,
    reason: str = "",
    locked: bool | None = None,
    announcement_only: bool | None = None,
    slow_mode: int | None = None,
    retention_days: int | UnsetType | None = UNSET,
) -> Conversation:
    """Set who may write, how often, and how long messages are kept. None and UNSET leave a rule as it is.

    Moderators may set everything with a reason, except the retention, which needs the right to change the organization.
    A channel's own admins may make it announcement-only or slow, without a reason.
    Raises Forbidden, Invalid, NotFound.
    """
    access = _lock_to_regulate(member, conversation_id, strictly=locked is not None)
    changes: dict[str, Any] = {}
    if announcement_only is not None:
        changes["announcement_only"] = announcement_only
    if slow_mode is not None:
        changes["slow_mode"] = _within("slow_mode", slow_mode, LONGEST_SLOW_MODE)
    if locked is not None and locked != (access.conversation.locked_at is not None):
        changes["locked_at"] = timezone.now() if locked else None
    if retention_days is not UNSET:
        if not member.may(Right.CHANGE_ORGANIZATION):
            raise Forbidden(gettext("Only admins decide how long messages are kept."))
        changes["retention_days"] = _within("retention_days", retention_days, LONGEST_RETENTION)
    return _regulate(access, changes, reason)


def _lock_to_regulate(member: Member, conversation_id: UUID, *, strictly: bool) -> Access:
    if member.may(Right.MODERATE):
        conversation = lock_to_moderate(member, conversation_id)
        return Access(member, conversation, participants_of(conversation).filter(member=member).first())
    access = find_conversation(member, conversation_id, lock=True)
    if strictly or not access.is_admin:
        raise Forbidden(
            gettext("Only moderators may do that.")
            if strictly
            else gettext("Only its admins and moderators may do that.")
        )
    return access


def _regulate(access: Access, changes: dict[str, Any], reason: str) -> Conversation:
    conversation = access.conversation
    before = {name: getattr(conversation, name) for name in changes}
    after = {name: value for name, value in changes.items() if value != before[name]}
    if not after:
        return conversation
    if "announcement_only" in after and not conversation.is_channel:
        raise Conflict(gettext("Only channels can be for announcements."))
    reason = clean_reason(reason) if "locked_at" in after else reason_to_run(access, reason)
    for name, value in after.items():
        setattr(conversation, name, value)
    save_conversation(conversation, *after)
    before = {name: before[name] for name in after}
    _record("conversation.regulated", access.member, conversation, before, after, reason)
    return conversation


def _within(field: str, value: int | None, most: int) -> int | None:
    if value is not None and not 0 <= value <= most:
        raise Invalid({field: [gettext("Between 0 and %(most)s.") % {"most": most}]})
    return value


def _record(
    action: str, member: Member, target: Any, before: dict[str, Any], after: dict[str, Any], reason: str
) -> None:
    audit.record(action, actor=member, target=target, before=before, after=after, reason=reason)

"""Who may write in which conversation: the locks and the checks that each post passes."""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Member
from accounts.roles import Right
from accounts.tenancy import current_organization_id
from chat import rules, sql
from chat.access.conversations import Access, grant, require_open, require_participant
from chat.access.predicates import present_sql
from chat.errors import Forbidden, NotFound, Refusal, Throttled
from chat.models import Conversation, Message, Participant
from chat.sql import array

SLOW_LOOKBACK: Final = 2_000  # messages searched for a member's last; with more since then, others set the pace

WriteAccess = dict[tuple[UUID, UUID], Access | Refusal]
"""By conversation id and member id: the access, or the reason why the member may not write."""


def lock_all_to_write(pairs: Iterable[tuple[UUID, UUID]]) -> Callable[[], WriteAccess]:
    """Lock the conversations in which members want to write, in ascending order, and look up who may.

    The pairs are (conversation id, member id); the members need not be members any more. It is called within
    `sql.together()`, and the function that it returns gives the answer after that block. Members of one conversation
    share its object.
    """
    wanted = set(pairs)
    given = {
        "organization": current_organization_id(),
        "conversations": array(sorted({conversation_id for conversation_id, _ in wanted})),
        "members": array(sorted({member_id for _, member_id in wanted})),
    }
    locked = sql.execute(_LOCK_CONVERSATIONS, given)
    # Behind the locks: a member who was removed while we waited is not found any more.
    present = sql.execute(_FIND_PARTICIPANTS, given)

    def accesses() -> WriteAccess:
        conversations = {each.pk: each for each in sql.rows(Conversation, locked)}
        members, participants = _participants(present.fetchall())
        return {
            key: _access_to_write(members.get(key[1]), conversations.get(key[0]), participants.get(key))
            for key in wanted
        }

    return accesses


_LOCK_CONVERSATIONS: Final = f"""
SELECT {sql.columns(Conversation)} FROM chat_conversation
WHERE organization_id = %(organization)s AND id = ANY(%(conversations)s::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
# A row for each conversation in which a member takes part, at least one a member.
_FIND_PARTICIPANTS: Final = f"""
SELECT {sql.columns(Member)}, {sql.columns(Participant)}
FROM accounts_member LEFT JOIN chat_participant ON chat_participant.member_id = accounts_member.id
    AND chat_participant.organization_id = %(organization)s AND {present_sql("chat_participant")}
    AND chat_participant.conversation_id = ANY(%(conversations)s::uuid[])
WHERE accounts_member.organization_id = %(organization)s AND accounts_member.id = ANY(%(members)s::uuid[])
    AND accounts_member.deactivated_at IS NULL
"""


def require_may_post(access: Access, *, in_thread: bool, just_posted: bool) -> None:
    """Check the rules of a channel for somebody who may write in it: announcements only, and slow mode.

    `just_posted` says that they have posted in the same transaction. Raises Forbidden, or Throttled until slow mode
    lets the member post again. It runs one query, and only in slow mode.
    """
    conversation = access.conversation
    if not (conversation.announcement_only or conversation.slow_mode):
        return
    if access.is_admin or access.member.may(Right.MODERATE):
        return
    if conversation.announcement_only and not in_thread:
        raise Forbidden(gettext("Only the channel's admins and moderators may post here."))
    if conversation.slow_mode:
        wait = conversation.slow_mode if just_posted else _slow_mode_left(access)
        if wait > 0:
            raise Throttled(
                math.ceil(wait),
                gettext("Slow mode: one message every %(slow_mode)s seconds.") % {"slow_mode": conversation.slow_mode},
            )


def _participants(
    rows: Sequence[Sequence[Any]],
) -> tuple[dict[UUID, Member], dict[tuple[UUID, UUID], Participant]]:
    """Return what `_FIND_PARTICIPANTS` found: who is still a member, and where they take part."""
    width = sql.width(Member)
    members = {each.pk: each for each in sql.rows(Member, (row[:width] for row in rows))}
    participants = sql.rows(Participant, (row[width:] for row in rows if row[width] is not None))
    return members, {(each.conversation_id, each.member_id): each for each in participants}


def _access_to_write(
    member: Member | None, conversation: Conversation | None, participant: Participant | None
) -> Access | Refusal:
    try:
        if member is None:
            raise Forbidden
        if conversation is None:
            raise NotFound
        access = grant(member, conversation, participant)
        require_participant(access)
        require_open(access, rules.WRITE)
    except Refusal as refusal:
        return refusal
    return access


def _slow_mode_left(access: Access) -> float:
    """Return how many seconds are left until the member may post again."""
    conversation = access.conversation
    near = Message.objects.filter(conversation=conversation, seq__gt=conversation.last_seq - SLOW_LOOKBACK)
    last = near.filter(author=access.member).order_by("-seq").values_list("created_at", flat=True).first()
    if last is None:
        return 0
    return float((last + timedelta(seconds=conversation.slow_mode) - timezone.now()).total_seconds())

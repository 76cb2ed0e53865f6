"""A conversation as one member may use it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext

from accounts.models import Member
from accounts.roles import Right, is_above, may_moderate
from accounts.rules import Rule, require_voice
from chat.access.predicates import is_readable, participants_of, readable
from chat.errors import Forbidden, NotFound
from chat.models import Conversation, Participant


@dataclass(frozen=True, slots=True)
class Access:
    """A conversation as one member may use it; `participant` is None for a public channel they have not joined."""

    member: Member
    conversation: Conversation
    participant: Participant | None

    @property
    def runs_channel(self) -> bool:
        """Whether the member is an admin of this channel. Only other admins can make them one."""
        is_admin = self.participant is not None and self.participant.role == Participant.Role.ADMIN
        return is_admin and self.conversation.is_channel

    @property
    def is_admin(self) -> bool:
        """Whether they may rename, archive and remove people: an admin of the channel or a moderator."""
        return self.runs_channel or (self.conversation.is_channel and self.member.may(Right.MANAGE_CHANNELS))


def visible_conversations(member: Member) -> QuerySet[Conversation]:
    """Return what a member takes part in and, unless they are a guest, every public channel."""
    return Conversation.objects.filter(readable(member))


def find_conversation(member: Member, conversation_id: UUID, *, lock: bool = False) -> Access:
    """Return the member's access to a conversation. Raises NotFound.

    `lock` takes the row of the conversation, which comes first in the lock order.
    """
    conversations = Conversation.objects.filter(pk=conversation_id)
    if lock:
        conversations = conversations.select_for_update(no_key=True)
    conversation = conversations.first()
    if conversation is None:
        raise NotFound
    participant = participants_of(conversation).filter(member=member).first()
    return grant(member, conversation, participant)


def grant(member: Member, conversation: Conversation, participant: Participant | None) -> Access:
    """Return the access that these rows amount to. Raises NotFound where the member may not know of it. No queries."""
    if not is_readable(member, conversation, participant):
        raise NotFound
    return Access(member, conversation, participant)


def lock_conversation(member: Member, conversation_id: UUID, rule: Rule) -> Access:
    """Lock the conversation and return the access, where the rule allows the act. Raises NotFound, Forbidden."""
    access = find_conversation(member, conversation_id, lock=True)
    require_open(access, rule)
    return access


def lock_to_manage(member: Member, conversation_id: UUID, rule: Rule) -> Access:
    """Do what `lock_conversation` does, for the channel's admins and moderators. Raises Forbidden for all others."""
    access = lock_conversation(member, conversation_id, rule)
    if not access.is_admin:
        raise Forbidden(gettext("Only the channel's admins and moderators may do that."))
    return access


def require_open(access: Access, rule: Rule) -> None:
    """Raise Forbidden where the rule does not allow the act: archived, locked, or a muted member. No queries here."""
    if not rule.archived and access.conversation.archived_at is not None:
        raise Forbidden(gettext("The channel is archived."))
    if not rule.locked and access.conversation.locked_at is not None and not access.member.may(Right.MODERATE):
        raise Forbidden(gettext("A moderator has locked this conversation."))
    require_voice(access.member, rule)


def require_participant(access: Access) -> None:
    """Raise Forbidden where the member only sees the channel and has not joined it."""
    if access.participant is None:
        raise Forbidden(gettext("Join the channel first."))


def require_rank(access: Access, subject: Member) -> None:
    """Raise Forbidden where the member may not act against `subject`.

    Nobody acts against a role above their own. An admin of the channel may act against equals, a moderator who steps in
    against lower roles alone; owners against everybody.
    """
    member = access.member
    if is_above(subject.role, member.role) or not (access.runs_channel or may_moderate(member.role, subject.role)):
        raise Forbidden(gettext("You may not do that to a member of this role."))

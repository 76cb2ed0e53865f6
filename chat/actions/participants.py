"""Who takes part in a conversation. Lock order: conversation, participants, clients (inside publish)."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import audit
from accounts.models import Member
from accounts.roles import Right
from accounts.rules import governed
from chat import rules
from chat.access import (
    Access,
    find_conversation,
    find_members,
    lock_conversation,
    lock_to_manage,
    require_open,
    require_rank,
)
from chat.access.predicates import participants_of
from chat.actions.conversations import conversation_draft, participant_drafts
from chat.delivery import Draft, one_member, publish
from chat.errors import Conflict, Forbidden, NotFound
from chat.models import Conversation, Kind, Participant


@governed(rules.JOIN)
@transaction.atomic
def join_conversation(member: Member, conversation_id: UUID) -> Access:
    """Join a public channel. Joining twice changes nothing."""
    access = find_conversation(member, conversation_id, lock=True)
    if access.participant is None:
        require_open(access, rules.JOIN)
        access = Access(member, access.conversation, _enter(access.conversation, member))
    return access


@governed(rules.LEAVE)
@transaction.atomic
def leave_conversation(member: Member, conversation_id: UUID) -> None:
    """Leave a channel; its undelivered events leave the member's mailboxes with it."""
    _leave(member, conversation_id)


@governed(rules.ADD)
@transaction.atomic
def add_participant(member: Member, conversation_id: UUID, *, member_id: UUID) -> Participant:
    """Add a member to a channel. Any participant but a guest may do so; adding twice changes nothing."""
    access = lock_conversation(member, conversation_id, rules.ADD)
    _require_channel(access.conversation)
    if not access.is_admin and (access.participant is None or not member.may(Right.BROWSE)):
        raise Forbidden(gettext("Only participants, and no guests, may add people."))
    (subject,) = find_members(member, [member_id])
    present = _lock_participant(access.conversation, member_id)
    if present is not None:
        return present
    participant = _enter(access.conversation, subject)
    audit.record("participant.add", actor=member, target=access.conversation, after={"member": member_id})
    return participant


@governed(rules.LEAVE)
@transaction.atomic
def remove_participant(member: Member, conversation_id: UUID, *, member_id: UUID) -> None:
    """Leave a channel, or by `rules.REMOVE` remove somebody from it. Raises Forbidden, by rank as well."""
    if member_id == member.pk:
        return _leave(member, conversation_id)
    access = lock_to_manage(member, conversation_id, rules.REMOVE)
    participant = _lock_subject(access, member_id)
    _require_rank(access, participant)
    _exit(access.conversation, participant)
    audit.record("participant.remove", actor=member, target=access.conversation, before={"member": member_id})
    return None


@governed(rules.CHANGE_PARTICIPANT)
@transaction.atomic
def change_participant(
    member: Member, conversation_id: UUID, *, member_id: UUID, role: Participant.Role
) -> Participant:
    """Make somebody an admin of the channel, or take that away.

    Raises Forbidden where a moderator would take it from somebody of a higher role, or give it to themself: admins of
    a channel need give no reasons there, so a moderator must not become one by their own act.
    """
    access = lock_to_manage(member, conversation_id, rules.CHANGE_PARTICIPANT)
    participant = _lock_subject(access, member_id)
    if member_id != member.pk and role == Participant.Role.MEMBER:
        _require_rank(access, participant)
    if participant.role != role:
        if member_id == member.pk and role == Participant.Role.ADMIN:
            raise Forbidden(gettext("Nobody makes themself an admin of a channel."))
        before, participant.role = participant.role, role
        _save_participant(participant, "role", type="participant.updated")
        audit.record(
            "participant.update",
            actor=member,
            target=access.conversation,
            before={"member": member_id, "role": before},
            after={"member": member_id, "role": role},
        )
    return participant


@governed(rules.SET_OWN)
@transaction.atomic
def change_preferences(
    member: Member,
    conversation_id: UUID,
    *,
    notifications: str | None = None,
    muted: bool | None = None,
    favourite: bool | None = None,
) -> Participant:
    """Change the member's own settings of a conversation, publish them to them alone. None leaves a field as it is."""
    access = find_conversation(member, conversation_id, lock=True)
    participant = _lock_participant(access.conversation, member.pk)
    if participant is None:
        raise Forbidden(gettext("Join the channel first."))
    wanted = {"notifications": notifications, "muted": muted, "favourite": favourite}
    changed = [field for field, value in wanted.items() if value is not None and value != getattr(participant, field)]
    for field in changed:
        setattr(participant, field, wanted[field])
    if changed:
        participant.version += 1
        participant.save(update_fields=[*changed, "version"])
        publish_own_participant(participant)
    return participant


def _leave(member: Member, conversation_id: UUID) -> None:
    access = find_conversation(member, conversation_id, lock=True)
    _require_channel(access.conversation)
    participant = _lock_participant(access.conversation, member.pk)
    if participant is not None:
        _exit(access.conversation, participant)


def publish_own_participant(participant: Participant) -> None:
    """Publish to a member's own clients how they stand in a conversation now."""
    publish(participant.organization_id, own_participant_draft(participant))


def own_participant_draft(participant: Participant) -> Draft:
    return Draft(
        type="participant.updated",
        entity=participant.entity(own=True),
        entity_id=participant.member_id,
        audience=one_member(participant.member_id, conversation_id=participant.conversation_id),
    )


def _lock_participant(conversation: Conversation, member_id: UUID) -> Participant | None:
    """Return the row of somebody who takes part, locked, or None.

    Reading changes `read` and `version` without the lock of the conversation. So every other change locks the row as
    well, and two changes cannot get the same version. It locks FOR UPDATE, so that a participant for whom
    chat/attention publishes an event does not leave meanwhile.
    """
    return participants_of(conversation).filter(member=member_id).select_for_update().first()


def _lock_subject(access: Access, member_id: UUID) -> Participant:
    """Return the participant of whom something is changed, locked. Raises NotFound."""
    participant = _lock_participant(access.conversation, member_id)
    if participant is None:
        raise NotFound(gettext("They do not take part in this channel."))
    return participant


def _require_rank(access: Access, participant: Participant) -> None:
    """Raise Forbidden where a moderator acts on equal or higher roles. Admins of the channel may act on everybody."""
    if not access.runs_channel:
        require_rank(access, participant.member)


def _require_channel(conversation: Conversation) -> None:
    if not conversation.is_channel:
        raise Conflict(gettext("The people of a direct or group message stay the same; start another one."))


def _enter(conversation: Conversation, member: Member) -> Participant:
    """Make a participant of a member who is not one now. Everything that was written before counts as read.

    The row of somebody who comes back is used again, so that its version goes on growing.
    """
    participant = Participant.objects.filter(conversation=conversation, member=member).first()
    if participant is None:
        participant = Participant(
            organization_id=conversation.organization_id,
            conversation=conversation,
            member=member,
            read_seq=conversation.last_seq,
            read=[[0, conversation.last_seq]],
        )
        participant.save(force_insert=True)
    else:
        participant.left_at, participant.joined_at, participant.role = None, timezone.now(), Participant.Role.MEMBER
        participant.read_seq, participant.read, participant.unread_from = (
            conversation.last_seq,
            [[0, conversation.last_seq]],
            None,
        )
        participant.version += 1
        participant.save(update_fields=["left_at", "joined_at", "role", "read_seq", "read", "unread_from", "version"])
    publish(
        conversation.organization_id,
        conversation_draft(conversation, "conversation.created", to=member.pk),
        *participant_drafts(participant, "participant.created"),
    )
    return participant


def _exit(conversation: Conversation, participant: Participant) -> None:
    """Mark the participant as left and publish it, to the others and as the last event of the conversation to themself.

    The participant who has been there longest becomes admin of a private channel that its last admin leaves.
    """
    participant.left_at = timezone.now()
    _save_participant(participant, "left_at", type="participant.removed", withdraw=True)
    if participant.role == Participant.Role.ADMIN and conversation.kind == Kind.PRIVATE:
        _pass_on_admin(conversation)


def _pass_on_admin(conversation: Conversation) -> None:
    present = participants_of(conversation)
    if present.filter(role=Participant.Role.ADMIN).exists():
        return
    heir = present.select_for_update(no_key=True).order_by("joined_at", "pk").first()
    if heir is not None:
        heir.role = Participant.Role.ADMIN
        _save_participant(heir, "role", type="participant.updated")


def _save_participant(participant: Participant, *fields: str, type: str, withdraw: bool = False) -> None:
    participant.version += 1
    participant.save(update_fields=[*fields, "version"])
    publish(participant.organization_id, *participant_drafts(participant, type), withdraw=withdraw)

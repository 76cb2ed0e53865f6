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
    Place,
    find_conversation,
    find_members,
    lock_conversation,
    lock_to_manage,
    require_open,
    require_rank,
)
from chat.actions.conversations import conversation_draft, seat_drafts
from chat.delivery.publish import Draft, publish
from chat.errors import Conflict, Forbidden, NotFound
from chat.models import Conversation, Kind, Participant


@governed(rules.JOIN)
@transaction.atomic
def join_conversation(member: Member, conversation_id: UUID) -> Place:
    """Enter a public channel. Joining twice changes nothing."""
    place = find_conversation(member, conversation_id, lock=True)
    if place.participant is None:
        require_open(place, rules.JOIN)
        place = Place(member, place.conversation, _enter(place.conversation, member))
    return place


@governed(rules.LEAVE)
@transaction.atomic
def leave_conversation(member: Member, conversation_id: UUID) -> None:
    """Leave a channel; its undelivered events leave the member's mailboxes with it."""
    _leave(member, conversation_id)


@governed(rules.ADD)
@transaction.atomic
def add_participant(member: Member, conversation_id: UUID, *, member_id: UUID) -> Participant:
    """Bring somebody in. Any participant but a guest may; adding twice changes nothing."""
    place = lock_conversation(member, conversation_id, rules.ADD)
    _require_channel(place.conversation)
    if not place.is_admin and (place.participant is None or not member.may(Right.BROWSE)):
        raise Forbidden(gettext("Only participants, and no guests, may add people."))
    (subject,) = find_members(member, [member_id])
    present = _lock_seat(place.conversation, member_id)
    if present is not None:
        return present
    seat = _enter(place.conversation, subject)
    audit.record("participant.add", actor=member, target=place.conversation, after={"member": member_id})
    return seat


@governed(rules.LEAVE)
@transaction.atomic
def remove_participant(member: Member, conversation_id: UUID, *, member_id: UUID) -> None:
    """Leave a channel, or by `rules.REMOVE` put somebody out of it. Raises Forbidden, by rank as well."""
    if member_id == member.pk:
        return _leave(member, conversation_id)
    place = lock_to_manage(member, conversation_id, rules.REMOVE)
    seat = _lock_subject(place, member_id)
    _require_rank(place, seat)
    _exit(place.conversation, seat)
    audit.record("participant.remove", actor=member, target=place.conversation, before={"member": member_id})
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
    place = lock_to_manage(member, conversation_id, rules.CHANGE_PARTICIPANT)
    seat = _lock_subject(place, member_id)
    if member_id != member.pk and role == Participant.Role.MEMBER:
        _require_rank(place, seat)
    if seat.role != role:
        if member_id == member.pk and role == Participant.Role.ADMIN:
            raise Forbidden(gettext("Nobody makes themself an admin of a channel."))
        before, seat.role = seat.role, role
        _save_seat(seat, "role", type="participant.updated")
        audit.record(
            "participant.update",
            actor=member,
            target=place.conversation,
            before={"member": member_id, "role": before},
            after={"member": member_id, "role": role},
        )
    return seat


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
    """How loud a conversation is for oneself. Nobody else is told. None leaves a field as it is."""
    place = find_conversation(member, conversation_id, lock=True)
    seat = _lock_seat(place.conversation, member.pk)
    if seat is None:
        raise Forbidden(gettext("Join the channel first."))
    wanted = {"notifications": notifications, "muted": muted, "favourite": favourite}
    changed = [field for field, value in wanted.items() if value is not None and value != getattr(seat, field)]
    for field in changed:
        setattr(seat, field, wanted[field])
    if changed:
        seat.version += 1
        seat.save(update_fields=[*changed, "version"])
        publish_own_seat(seat)
    return seat


def _leave(member: Member, conversation_id: UUID) -> None:
    place = find_conversation(member, conversation_id, lock=True)
    _require_channel(place.conversation)
    seat = _lock_seat(place.conversation, member.pk)
    if seat is not None:
        _exit(place.conversation, seat)


def publish_own_seat(seat: Participant) -> None:
    """Publish to a member's own clients how they stand in a conversation now."""
    publish(seat.organization_id, own_seat_draft(seat))


def own_seat_draft(seat: Participant) -> Draft:
    return Draft(
        type="participant.updated",
        entity=seat.entity(own=True),
        entity_id=seat.member_id,
        conversation_id=seat.conversation_id,
        member_id=seat.member_id,
    )


def _lock_seat(conversation: Conversation, member_id: UUID) -> Participant | None:
    """The row of somebody who takes part, locked. Reading changes `read` and `version` without the conversation's lock,
    so every other change locks the row as well: two changes must not come out under one version."""
    seats = Participant.objects.select_for_update(no_key=True)
    return seats.filter(conversation=conversation, member=member_id, left_at=None).first()


def _lock_subject(place: Place, member_id: UUID) -> Participant:
    """Return the participant of whom something is changed, locked. Raises NotFound."""
    seat = _lock_seat(place.conversation, member_id)
    if seat is None:
        raise NotFound(gettext("They do not take part in this channel."))
    return seat


def _require_rank(place: Place, seat: Participant) -> None:
    """Who runs the channel decides who takes part in it; who steps in as a moderator acts on lower roles alone."""
    if not place.runs_channel:
        require_rank(place, seat.member)


def _require_channel(conversation: Conversation) -> None:
    if not conversation.is_channel:
        raise Conflict(gettext("The people of a direct or group message stay the same; start another one."))


def _enter(conversation: Conversation, member: Member) -> Participant:
    """Make a participant of a member who is not one now. The row of somebody who comes back is used again, so that its
    version goes on growing. Everything that was written before counts as read.
    """
    seat = Participant.objects.filter(conversation=conversation, member=member).first()
    if seat is None:
        seat = Participant(
            organization_id=conversation.organization_id,
            conversation=conversation,
            member=member,
            read_seq=conversation.last_seq,
            read=[[0, conversation.last_seq]],
        )
        seat.save(force_insert=True)
    else:
        seat.left_at, seat.joined_at, seat.role = None, timezone.now(), Participant.Role.MEMBER
        seat.read_seq, seat.read, seat.unread_from = conversation.last_seq, [[0, conversation.last_seq]], None
        seat.version += 1
        seat.save(update_fields=["left_at", "joined_at", "role", "read_seq", "read", "unread_from", "version"])
    publish(
        conversation.organization_id,
        conversation_draft(conversation, "conversation.created", to=member.pk),
        *seat_drafts(seat, "participant.created"),
    )
    return seat


def _exit(conversation: Conversation, seat: Participant) -> None:
    """Mark the seat left before the events go out: the others learn it as participants, the leaver as their last word.

    A private channel that its last admin leaves is run by whoever has been there longest.
    """
    seat.left_at = timezone.now()
    _save_seat(seat, "left_at", type="participant.removed", withdraw=True)
    if seat.role == Participant.Role.ADMIN and conversation.kind == Kind.PRIVATE:
        _pass_on_admin(conversation)


def _pass_on_admin(conversation: Conversation) -> None:
    present = Participant.objects.filter(conversation=conversation, left_at=None)
    if present.filter(role=Participant.Role.ADMIN).exists():
        return
    heir = present.select_for_update(no_key=True).order_by("joined_at", "pk").first()
    if heir is not None:
        heir.role = Participant.Role.ADMIN
        _save_seat(heir, "role", type="participant.updated")


def _save_seat(seat: Participant, *fields: str, type: str, withdraw: bool = False) -> None:
    seat.version += 1
    seat.save(update_fields=[*fields, "version"])
    publish(seat.organization_id, *seat_drafts(seat, type), withdraw=withdraw)

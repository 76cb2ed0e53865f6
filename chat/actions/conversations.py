"""Create and change conversations. Lock order: conversation, then participants, then clients (inside publish)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal
from uuid import UUID

import regex
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import audit
from accounts.clean_text import clean_line
from accounts.models import Member
from accounts.roles import Right
from accounts.rules import governed, require_voice
from chat import rules
from chat.access import Access, find_members, lock_conversation, lock_to_manage
from chat.actions.reasons import reason_to_run
from chat.delivery import Draft, one_member, participants_of, publish
from chat.errors import Conflict, Forbidden, Invalid
from chat.markdown.names import LETTER, SIGN, key_of
from chat.models import Conversation, Kind, Participant

CHANNEL_NAME: Final = regex.compile(rf"{LETTER}(?:{SIGN}|[_.-]){{0,79}}")
TOPIC_LENGTH: Final = 250


@governed(rules.CREATE_CHANNEL)
@transaction.atomic
def create_channel(
    member: Member,
    *,
    kind: Literal["public", "private"],
    name: str,
    topic: str = "",
    members: list[UUID] | None = None,
) -> Conversation:
    """Create a channel with the member as its admin and `members` in it. Raises Conflict when the name is taken."""
    if not member.may(Right.CREATE_CHANNELS):
        raise Forbidden(gettext("Guests cannot create channels."))
    invited = find_members(member, [id for id in members or [] if id != member.pk])
    conversation = Conversation(
        organization_id=member.organization_id,
        kind=kind,
        name=_channel_name(name),
        topic=_topic(topic),
        created_by=member,
    )
    _save_named(conversation)
    _add_participants(conversation, [member, *invited], admin=member)
    return conversation


@governed(rules.FIND_DIRECT)
@transaction.atomic
def start_direct(member: Member, *, kind: Literal["direct", "group"], members: list[UUID]) -> tuple[Conversation, bool]:
    """Return the direct or group message with these people and the member, and whether it was created now.

    The same people always get the same one. Raises NotFound, Forbidden, Invalid.
    """
    if not member.may(Right.START_DIRECT):
        raise Forbidden
    others = find_members(member, [id for id in members if id != member.pk])
    people = sorted([member.pk, *(other.pk for other in others)])
    _check_people(kind, len(people))
    if member.is_muted and not Conversation.objects.filter(kind__in=[Kind.DIRECT, Kind.GROUP], people=people).exists():
        require_voice(member, rules.START_DIRECT)
    conversation, created = Conversation.objects.get_or_create(
        organization_id=member.organization_id,
        kind__in=[Kind.DIRECT, Kind.GROUP],
        people=people,
        defaults={"kind": kind, "created_by": member},
    )
    if created:
        _add_participants(conversation, [member, *others])
    return conversation, created


@governed(rules.DESCRIBE)
@transaction.atomic
def update_conversation(
    member: Member, conversation_id: UUID, *, name: str | None = None, topic: str | None = None
) -> Access:
    """Rename a channel (its admins) or set its topic (any participant but guests). None leaves a field as it is."""
    access = lock_conversation(member, conversation_id, rules.DESCRIBE)
    conversation, changes = access.conversation, {}
    if name is not None and (new_name := _channel_name(name)) != conversation.name:
        _require(access.is_admin, gettext("Only the channel's admins and moderators may rename it."))
        changes["name"] = (conversation.name, new_name)
    if topic is not None and (new_topic := _topic(topic)) != conversation.topic:
        may_set = access.is_admin or (access.participant is not None and member.may(Right.BROWSE))
        _require(may_set and conversation.is_channel, gettext("You may not set the topic here."))
        changes["topic"] = (conversation.topic, new_topic)
    if changes:
        for field, (_, value) in changes.items():
            setattr(conversation, field, value)
        save_change(conversation, *changes)
        _audit("conversation.update", member, conversation, changes)
    return access


@governed(rules.ARCHIVE)
@transaction.atomic
def archive_conversation(
    member: Member, conversation_id: UUID, *, archived: bool = True, reason: str | None = ""
) -> Access:
    """Archive a channel, or restore it. Repeating it changes nothing.

    Raises Invalid for a moderator who gives no reason; `reason=None` is for callers that cannot ask for one.
    """
    access = lock_to_manage(member, conversation_id, rules.ARCHIVE)
    conversation = access.conversation
    if (conversation.archived_at is not None) != archived:
        reason = "" if reason is None else reason_to_run(access, reason)
        before = conversation.archived_at
        conversation.archived_at = timezone.now() if archived else None
        save_change(conversation, "archived_at")
        action = "conversation.archive" if archived else "conversation.restore"
        _audit(action, member, conversation, {"archived_at": (before, conversation.archived_at)}, reason=reason)
    return access


def conversation_draft(conversation: Conversation, type: str, *, to: UUID | None = None) -> Draft:
    """Return the event that says what the conversation is now, for its participants, or for the member `to` alone."""
    return Draft(
        type=type,
        entity=conversation.entity(),
        entity_id=conversation.pk,
        audience=one_member(to, conversation_id=conversation.pk) if to else participants_of(conversation.pk),
    )


def save_change(conversation: Conversation, *fields: str) -> None:
    """Save a changed conversation under its next version and publish it to the participants."""
    conversation.version += 1
    _save_named(conversation, update_fields=[*fields, "version"])
    publish(conversation.organization_id, conversation_draft(conversation, "conversation.updated"))


def _channel_name(name: str) -> str:
    name = key_of(clean_line(name).removeprefix("#"))
    if not CHANNEL_NAME.fullmatch(name):
        raise Invalid(
            {"name": [gettext("Letters, digits, hyphens, dots and underscores, without spaces; 80 at most.")]}
        )
    return name


def _topic(topic: str) -> str:
    topic = clean_line(topic)
    if len(topic) > TOPIC_LENGTH:
        raise Invalid({"topic": [gettext("%(topic_length)s characters at most.") % {"topic_length": TOPIC_LENGTH}]})
    return topic


def _check_people(kind: str, count: int) -> None:
    most = settings.PARTICIPANTS_PER_GROUP
    if kind == Kind.DIRECT and count > 2:
        raise Invalid({"members": [gettext("A direct message is with one person; start a group message for more.")]})
    if kind == Kind.GROUP and not 3 <= count <= most:
        raise Invalid(
            {
                "members": [
                    gettext("A group message is between 3 and %(most)s people; use a private channel for more.")
                    % {"most": most}
                ]
            }
        )


def _save_named(conversation: Conversation, **save_options: Any) -> None:
    """Save a channel. Raises Conflict when its name is taken, which a constraint of the database decides."""
    try:
        with transaction.atomic():
            conversation.save(**save_options)
    except IntegrityError as error:
        if "conversation_name_once" in str(error):
            raise Conflict(gettext("There is a channel #%(name)s already.") % {"name": conversation.name}) from None
        raise


def _add_participants(conversation: Conversation, members: list[Member], *, admin: Member | None = None) -> None:
    Participant.objects.bulk_create(
        Participant(
            organization_id=conversation.organization_id,
            conversation=conversation,
            member=member,
            role=Participant.Role.ADMIN if member == admin else Participant.Role.MEMBER,
        )
        for member in members
    )
    participants = Participant.objects.filter(conversation=conversation).order_by("pk")
    publish(
        conversation.organization_id,
        conversation_draft(conversation, "conversation.created"),
        *(draft for participant in participants for draft in participant_drafts(participant, "participant.created")),
    )


def participant_drafts(participant: Participant, type: str) -> list[Draft]:
    """Return the two events of a changed participant: for all participants, and with private fields for the member."""
    shared = Draft(
        type=type,
        entity=participant.entity(own=False),
        entity_id=participant.member_id,
        audience=participants_of(participant.conversation_id),
    )
    alone = one_member(participant.member_id, conversation_id=participant.conversation_id)
    return [shared, replace(shared, entity=participant.entity(own=True), audience=alone)]


def _audit(
    action: str,
    member: Member,
    conversation: Conversation,
    changes: Mapping[str, tuple[object, object]],
    *,
    reason: str = "",
) -> None:
    audit.record(
        action,
        actor=member,
        target=conversation,
        before={field: old for field, (old, _) in changes.items()},
        after={field: new for field, (_, new) in changes.items()},
        reason=reason,
    )


def _require(condition: object, detail: str) -> None:
    if not condition:
        raise Forbidden(detail)

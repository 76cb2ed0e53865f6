"""React to changes of members and organizations: publish them, and add new members to the welcome channels.

These are receivers of accounts/signals.py; they run inside the sender's transaction.
"""

from __future__ import annotations

from typing import Any

from accounts import signals
from accounts.models import Member, Organization
from accounts.roles import Right
from chat.actions.conversations import create_channel
from chat.actions.participants import join_conversation
from chat.actions.reports import publish_open_reports
from chat.delivery import Draft, one_member, publish, whole_organization
from chat.entities.members import member_entity
from chat.entities.organizations import organization_entity
from chat.models import Conversation, Kind

WELCOME_CHANNELS = ("general", "random")  # every organization starts with them, every member but guests is seated there


def connect() -> None:
    signals.organization_created.connect(open_welcome_channels)
    signals.organization_changed.connect(publish_organization)
    signals.member_joined.connect(welcome_member)
    signals.member_changed.connect(publish_member)
    signals.member_changed.connect(publish_desk)
    signals.member_preferences_changed.connect(publish_own_member)
    signals.member_deactivated.connect(publish_member)
    signals.member_reactivated.connect(publish_member)


def open_welcome_channels(*, owner: Member, **_: Any) -> None:
    topics = {"general": "Announcements and everything that concerns all of us", "random": "Everything else"}
    for name in WELCOME_CHANNELS:
        create_channel(owner, kind="public", name=name, topic=topics[name])


def publish_organization(*, organization: Organization, **_: Any) -> None:
    publish(
        organization.pk,
        Draft(
            type="organization.updated",
            entity=organization_entity(organization),
            entity_id=organization.pk,
            audience=whole_organization(),
        ),
    )


def welcome_member(*, member: Member, **_: Any) -> None:
    _publish_member(member, "member.created")
    if member.role == "guest":
        return
    welcome = Conversation.objects.filter(kind=Kind.PUBLIC, name__in=WELCOME_CHANNELS, archived_at=None)
    for conversation_id in welcome.order_by("pk").values_list("pk", flat=True):
        join_conversation(member, conversation_id)


def publish_member(*, member: Member, **_: Any) -> None:
    _publish_member(member, "member.updated")


def publish_desk(*, member: Member, fields: frozenset[str], **_: Any) -> None:
    """Publish the open reports to a member who becomes a moderator."""
    if "role" in fields and member.may(Right.MODERATE):
        publish_open_reports(member)


def publish_own_member(*, member: Member, **_: Any) -> None:
    """Publish the private fields of a member to their own clients."""
    entity = member_entity(member, own=True)
    publish(
        member.organization_id,
        Draft(type="member.updated", entity=entity, entity_id=member.pk, audience=one_member(member.pk)),
    )


def _publish_member(member: Member, type: str) -> None:
    draft = Draft(type=type, entity=member_entity(member), entity_id=member.pk, audience=whole_organization())
    publish(member.organization_id, draft)

"""Channels that the tests begin with."""

from __future__ import annotations

from accounts.models import Member
from accounts.tenancy import organization_scope
from chat.models import Conversation, Participant


def make_channel(name: str, *members: Member, kind: str = "public") -> Conversation:
    """A channel of these members, the first of whom runs it, with nothing in it yet."""
    organization = members[0].organization
    with organization_scope(organization):
        channel: Conversation = Conversation.objects.create(organization=organization, kind=kind, name=name)
        for member in members:
            role = "admin" if member is members[0] else "member"
            Participant.objects.create(organization=organization, conversation=channel, member=member, role=role)
    return channel

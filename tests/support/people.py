"""Rows for hundreds of members at once, made without actions: who they are is not what these tests are about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from accounts.credentials import hash_secret
from accounts.models import ApiToken, Member, Organization, User
from accounts.tenancy import organization_scope
from chat.models import Conversation, Kind, Participant
from tests.support.client import Account


def make_people(slug: str, count: int) -> tuple[Organization, list[Member], list[str]]:
    """An organization of `count` members and the bearer token of each."""
    organization = Organization.objects.create(slug=slug, name=slug.capitalize())
    users = User.objects.bulk_create(
        User(email=f"{number}@{slug}.test", name=f"{slug} {number}") for number in range(count)
    )
    secrets = [f"parley_{slug}_{number}" for number in range(count)]
    tomorrow = timezone.now() + timedelta(days=1)
    ApiToken.objects.bulk_create(
        ApiToken(user=user, label="test", secret_hash=hash_secret(secret), expires_at=tomorrow)
        for user, secret in zip(users, secrets, strict=True)
    )
    with organization_scope(organization):
        members = Member.objects.bulk_create(
            [
                Member(organization=organization, user=user, handle=f"m{n}", name=user.name)
                for n, user in enumerate(users)
            ]
        )
    return organization, members, secrets


def make_room(name: str, members: Sequence[Member], *, kind: Kind = Kind.PRIVATE) -> Conversation:
    organization = members[0].organization
    with organization_scope(organization):
        room: Conversation = Conversation.objects.create(organization=organization, kind=kind, name=name)
        Participant.objects.bulk_create(
            [Participant(organization=organization, conversation=room, member=member) for member in members]
        )
    return room


def accounts_of(slug: str, secrets: Sequence[str], rooms: Sequence[Sequence[str]]) -> list[Account]:
    """`rooms[i]`: the ids of the conversations of the i-th member."""
    return [Account(secret, slug, own) for secret, own in zip(secrets, rooms, strict=True)]

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Max

from accounts.models import Member, Organization, User
from accounts.tenancy import every_organization
from chat.client.ranges import close, contains
from chat.management.commands.seed_demo import PASSWORD
from chat.models import Conversation, Kind, Message, Participant


@pytest.mark.django_db
def test_the_demo_is_two_organizations_with_history_that_adds_up() -> None:
    call_command("seed_demo", verbosity=0)

    with every_organization():
        for slug in ("acme", "globex"):
            members = Member.objects.filter(organization__slug=slug)
            assert {m.user.email: m.role for m in members.select_related("user")} == {
                f"{part}@{slug}.example": part for part in ("owner", "moderator", "member", "guest")
            }
            conversations = Conversation.objects.filter(organization__slug=slug)
            assert {c.name for c in conversations.filter(kind=Kind.PUBLIC)} == {"general", "random"}
            assert {c.kind for c in conversations} == {Kind.PUBLIC, Kind.PRIVATE, Kind.DIRECT}
        counted = Conversation.objects.annotate(count=Count("messages"), newest=Max("messages__seq"))
        assert not counted.exclude(count=F("last_seq"), newest=F("last_seq")).exists()
        oldest = Message.objects.order_by("created_at").first()
        newest = Message.objects.order_by("created_at").last()
        assert (newest.created_at - oldest.created_at).days >= 14
        for message in Message.objects.filter(reply_count__gt=0):
            assert message.replies.count() == message.reply_count
        for participant in Participant.objects.filter(conversation__last_seq__gt=0):
            own = Message.objects.filter(conversation=participant.conversation_id, author=participant.member_id)
            assert all(contains(participant.read, seq) for seq in own.values_list("seq", flat=True))
            assert participant.read_seq == close(participant.read_seq, participant.read)
    assert authenticate(email="member@globex.example", password=PASSWORD) == User.objects.get(
        email="member@globex.example"
    )


@pytest.mark.django_db
def test_charlie_is_left_alone_where_an_organization_is_there_already(charlie: Member) -> None:
    call_command("seed_demo", verbosity=0)
    assert list(Organization.objects.values_list("slug", flat=True)) == ["globex"]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value"), [("PRODUCTION", True), ("DEMO", False)])
def test_a_real_installation_is_never_seeded(settings, name: str, *, value: bool) -> None:
    setattr(settings, name, value)
    with pytest.raises(CommandError):
        call_command("seed_demo", verbosity=0)
    assert not User.objects.exists()

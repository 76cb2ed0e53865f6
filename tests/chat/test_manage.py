"""The channels of an organization, for those who run it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import AuditEntry, Member
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.models import Conversation
from tests.cast import scope_of

CHANNELS = "/o/acme/manage/channels"
ClientOf = Callable[[Member], Client]


@pytest.fixture
def town(alice: Member, bob: Member) -> Conversation:
    with scope_of(alice):
        create_channel(alice, kind="private", name="cellar", members=[])
        channel = create_channel(alice, kind="public", name="town", topic="Where we meet", members=[bob.pk])
        send_message(bob, channel.pk, text="hello", ref=uuid4())
    return channel


def fresh(conversation: Conversation) -> Conversation:
    from accounts.tenancy import organization_scope

    with organization_scope(conversation.organization_id):
        return Conversation.objects.get(pk=conversation.pk)


def test_the_page_is_for_those_who_manage_channels(
    town: Conversation,
    alice: Member,
    mona: Member,
    bob: Member,
    gus: Member,
    charlie: Member,
    client_of: ClientOf,
) -> None:
    expected = {alice: 200, mona: 200, bob: 403, gus: 403, charlie: 404}
    assert {member: client_of(member).get(CHANNELS).status_code for member in expected} == expected


def test_channels_are_shown_with_people_and_life(town: Conversation, alice: Member, mona: Member, client_of) -> None:
    page = client_of(alice).get(CHANNELS)
    (town_row, cellar) = page.context["page"]
    assert (town_row.name, town_row.present, cellar.name, cellar.last_message_at) == ("town", 2, "cellar", None)
    assert "#cellar" not in client_of(mona).get(CHANNELS).content.decode()  # private, and she is not in it


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "MEET"}, ["town"]),
        ({"kind": "private"}, ["cellar"]),
        ({"state": "archived"}, []),
        ({"state": "open", "kind": "public"}, ["town"]),
        ({"kind": "direct"}, ["town", "cellar"]),  # what makes no sense counts as nothing
        ({"page": "99", "state": "x" * 500}, ["town", "cellar"]),
    ],
)
def test_the_list_is_narrowed(town: Conversation, alice: Member, client_of, query, names) -> None:
    assert [channel.name for channel in client_of(alice).get(CHANNELS, query).context["page"]] == names


def test_a_query_with_nul_is_refused(town: Conversation, alice: Member, client_of: ClientOf) -> None:
    assert client_of(alice).get(CHANNELS, {"q": "\0"}).status_code == 422


def test_changing_and_archiving(town: Conversation, alice: Member, mona: Member, client_of: ClientOf) -> None:
    client = client_of(mona)
    client.post(f"{CHANNELS}/{town.pk}/change", {"name": "city"})
    assert (fresh(town).name, fresh(town).topic) == ("city", "Where we meet")  # what is not sent stays as it is
    answer = client.post(f"{CHANNELS}/{town.pk}/change", {"name": "no spaces"}, follow=True)
    assert "Letters, digits" in answer.content.decode()
    answer = client.post(f"{CHANNELS}/{town.pk}/archive", {"archived": "yes"}, follow=True)
    assert "Say why." in answer.content.decode()
    assert fresh(town).archived_at is None
    client.post(f"{CHANNELS}/{town.pk}/archive", {"archived": "yes", "reason": "over"})
    assert fresh(town).archived_at is not None
    client.post(f"{CHANNELS}/{town.pk}/archive", {"archived": "no", "reason": "not yet"})
    assert (fresh(town).archived_at, fresh(town).name) == (None, "city")


def test_topic_and_who_may_write(town: Conversation, alice: Member, mona: Member, client_of: ClientOf) -> None:
    whole = {"name": "town", "topic": "Announcements", "writers": "admins", "reason": ""}
    answer = client_of(mona).post(f"{CHANNELS}/{town.pk}/change", whole, follow=True)
    assert "Say why." in answer.content.decode()
    assert (fresh(town).topic, fresh(town).announcement_only) == ("Where we meet", False)  # all or nothing
    answer = client_of(mona).post(f"{CHANNELS}/{town.pk}/change", whole | {"reason": "too loud"}, follow=True)
    assert "Announcements" in answer.content.decode()
    assert (fresh(town).topic, fresh(town).announcement_only) == ("Announcements", True)
    client_of(alice).post(f"{CHANNELS}/{town.pk}/change", whole | {"writers": "nobody"})  # what makes no sense
    assert fresh(town).announcement_only
    client_of(alice).post(f"{CHANNELS}/{town.pk}/change", whole | {"writers": "everybody"})  # her own channel
    assert not fresh(town).announcement_only
    with scope_of(alice):
        entries = list(AuditEntry.objects.order_by("id").values_list("action", "actor_id", "reason"))
    assert entries == [
        ("conversation.update", mona.pk, ""),
        ("conversation.regulated", mona.pk, "too loud"),
        ("conversation.regulated", alice.pk, ""),
    ]


def test_others_change_nothing(
    town: Conversation, bob: Member, gus: Member, charlie: Member, client_of: ClientOf
) -> None:
    for member, status in ((bob, 403), (gus, 404), (charlie, 404)):
        for act in ("change", "archive"):
            answer = client_of(member).post(
                f"{CHANNELS}/{town.pk}/{act}", {"name": "mine", "writers": "admins", "archived": "yes"}
            )
            assert answer.status_code == status
    assert (fresh(town).name, fresh(town).announcement_only, fresh(town).archived_at) == ("town", False, None)

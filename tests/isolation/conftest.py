from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import transaction

from accounts.actions.invitations import invite_member
from accounts.models import AuditEntry, Member, Organization
from accounts.roles import Role
from accounts.tenancy import TenantModel, every_organization, organization_scope
from chat.actions.clients import register_client
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.actions.participants import remove_participant
from chat.actions.reactions import add_reaction
from chat.actions.reports import report_message
from chat.actions.revisions import edit_message
from chat.actions.sanctions import warn_member
from chat.models import Report
from tests.cast import make_member

WORD = "xylophone"
"""Stands in every text of Acme's: who is not entitled must never see it."""


TOGETHER = 12  # addresses in one test: what Acme has takes longer to make than an address to be tried

Alone = Callable[[str], AbstractContextManager[None]]


def groups_of(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names in groups, for `parametrize`."""
    ordered = sorted(names)
    return [tuple(ordered[at : at + TOGETHER]) for at in range(0, len(ordered), TOGETHER)]


def id_of(names: tuple[str, ...]) -> str:
    return f"{names[0]} to {names[-1]}"


@pytest.fixture
def alone(db: None, subtests: pytest.Subtests) -> Alone:
    """`with alone(name):` tries one address of a group as a subtest and undoes its changes and its rate limits."""

    @contextmanager
    def try_alone(name: str) -> Iterator[None]:
        cache.clear()
        with subtests.test(address=name), transaction.atomic():
            yield
            transaction.set_rollback(True)

    return try_alone


@dataclass(frozen=True)
class Treasure:
    """What Acme has, by the names that addresses use."""

    organization: Organization
    ids: dict[str, UUID | str | int]
    private_ids: dict[str, UUID | str | int]

    def bodies(self) -> dict[str, Any]:
        """What a well-formed call brings, so that it is the door that refuses and not the form."""
        return {
            "api:clients": {"platform": "web"},
            "api:conversations": {"kind": "public", "name": "trap", "members": [self.ids["member_id"]]},
            "api:conversation": {"topic": "changed"},
            "api:read": {"seq": 1},
            "api:participants": {"member": self.ids["member_id"]},
            "api:participant": {"role": "admin"},
            "api:messages": {"ref": str(uuid4()), "text": "changed"},
            "api:message": {"text": "changed"},
            "api:preview": {"text": "changed"},
            "api:report": {"reason": "spam"},
            "api:report_detail": {"state": "resolved"},
            "api:reports": {"reports": [self.ids["report_id"]], "state": "dismissed"},
            "api:mute": {"reason": "because", "until": "2099-01-01T00:00:00Z"},
            "api:lift": {"reason": "because", "kind": "mute"},
            "api:organization": {"description": "changed"},
            **{f"api:{act}": {"reason": "because"} for act in ("hide", "restore", "remove", "warn", "suspend")},
        }


@pytest.fixture
def treasure(acme: Organization, alice: Member, bob: Member) -> Treasure:
    acme.name = WORD
    acme.save(update_fields=["name"])
    with organization_scope(acme):
        Member.objects.filter(pk=alice.pk).update(title=WORD)
        public = create_channel(alice, kind="public", name=f"{WORD}-public", topic=WORD, members=[bob.pk])
        private = create_channel(alice, kind="private", name=f"{WORD}-private", topic=WORD, members=[bob.pk])
        ids, private_ids = (_furnish(alice, conversation.pk) for conversation in (public, private))
        remove_participant(alice, private.pk, member_id=bob.pk)
        report = report_message(bob, UUID(str(ids["message_id"])), reason=Report.Reason.SPAM, comment=WORD)
        warning = warn_member(alice, bob.pk, reason=WORD)
        client = register_client(alice, platform="web", label=WORD, credential="session:test")
        invitation, _ = invite_member(alice, email=f"{WORD}@example.test", role=Role.MEMBER)
    ids |= {"client_id": client.public_id, "invitation_id": invitation.pk, "report_id": report.pk}
    ids |= {"sanction_id": warning.pk}
    return Treasure(acme, ids, private_ids)


def _furnish(alice: Member, conversation_id: UUID) -> dict[str, UUID | str | int]:
    sent = send_message(alice, conversation_id, text=f"the {WORD}", ref=uuid4()).message
    edit_message(alice, sent.id, text=f"the new {WORD}")
    add_reaction(alice, sent.id, emoji="👍")
    return {
        "conversation_id": conversation_id,
        "message_id": sent.id,
        "member_id": alice.pk,
        "emoji": "👍",
        "seq": 1,
    }


@pytest.fixture
def dora(acme: Organization) -> Member:
    """Was a member of Acme until yesterday."""
    from django.utils import timezone

    dora = make_member(acme, "Dora")
    with organization_scope(acme):
        Member.objects.filter(pk=dora.pk).update(deactivated_at=timezone.now())
    return dora


@pytest.fixture
def fingerprint(treasure: Treasure) -> Callable[[], dict[str, list[Any]]]:
    """Every row of Acme's, of every tenant-owned model: equal before and after means that nothing was changed."""

    def read() -> dict[str, list[Any]]:
        models = [model for model in apps.get_models() if issubclass(model, TenantModel) or model is AuditEntry]
        with every_organization():
            return {
                model.__name__: list(
                    model.objects.filter(organization_id=treasure.organization.pk).order_by("pk").values()
                )
                for model in models
            }

    return read

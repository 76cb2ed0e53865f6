"""The cast, the same people in every test.

Acme: Alice owns it, Adam is an admin, Mona a moderator, Bob a member, Gus a guest. Globex: Charlie owns it, and Charlie
is the outsider who appears wherever a tenant-owned thing exists and must see nothing of it.

The fixtures are rows only, made without actions: no event, no mail, no channel comes with them. Imported by
tests/conftest.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.http import HttpResponse
from django.test import Client, override_settings

from accounts.models import Member, Organization, User
from accounts.roles import Role
from accounts.tenancy import organization_scope

PASSWORD = "correct horse battery"


class CheapArgon2(Argon2PasswordHasher):
    """The real hasher with the smallest parameters: tests sign in hundreds of times."""

    time_cost, memory_cost, parallelism = 1, 8, 1


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["tests.cast.CheapArgon2"]):
        yield


def make_user(email: str, *, name: str = "", **fields: bool) -> User:
    """A user who can sign in with PASSWORD and whose address is verified."""
    user = User.objects.create(
        email=email, name=name or email.partition("@")[0].capitalize(), password=make_password(PASSWORD), **fields
    )
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    return user


def make_member(organization: Organization, name: str, *, role: str = Role.MEMBER, user: User | None = None) -> Member:
    """A member called `name` with the handle and, without `user`, the address that follow from it."""
    handle = name.lower().replace(" ", ".")
    user = user or make_user(f"{handle}@{organization.slug}.test", name=name)
    with organization_scope(organization):
        member: Member = Member.objects.create(
            organization=organization, user=user, handle=handle, name=name, role=role
        )
    return member


def scope_of(member: Member) -> AbstractContextManager[None]:
    """`with scope_of(alice): …` reads and writes as the organization of `member` does."""
    return organization_scope(member.organization_id)


def sign_in(client: Client, user: User) -> Client:
    """What the sign-in page leaves behind, without its forms: a session, and the row that lists it."""
    client.force_login(user)
    UserSession.objects.create(user=user, session_key=client.session.session_key, ip="192.0.2.1", user_agent="cast")
    return client


@pytest.fixture
def acme(db: None) -> Organization:
    return Organization.objects.create(slug="acme", name="Acme")


@pytest.fixture
def globex(db: None) -> Organization:
    return Organization.objects.create(slug="globex", name="Globex")


@pytest.fixture
def alice(acme: Organization) -> Member:
    """Owner of Acme."""
    return make_member(acme, "Alice", role=Role.OWNER)


@pytest.fixture
def adam(acme: Organization) -> Member:
    """Admin of Acme."""
    return make_member(acme, "Adam", role=Role.ADMIN)


@pytest.fixture
def mona(acme: Organization) -> Member:
    """Moderator of Acme."""
    return make_member(acme, "Mona", role=Role.MODERATOR)


@pytest.fixture
def bob(acme: Organization) -> Member:
    """Member of Acme."""
    return make_member(acme, "Bob")


@pytest.fixture
def gus(acme: Organization) -> Member:
    """Guest of Acme."""
    return make_member(acme, "Gus", role=Role.GUEST)


@pytest.fixture
def charlie(globex: Organization) -> Member:
    """Owner of Globex, a stranger to Acme."""
    return make_member(globex, "Charlie", role=Role.OWNER)


@pytest.fixture
def in_acme(acme: Organization) -> Iterator[None]:
    """The whole test runs inside Acme; for synchronous tests only, a coroutine opens its own scope."""
    with organization_scope(acme):
        yield


@pytest.fixture
def client_of() -> Callable[[Member], Client]:
    """`client_of(alice)` is a browser in which Alice is signed in."""
    return lambda member: sign_in(Client(), member.user)


def without_nonce(answer: HttpResponse) -> str:
    """The page, for comparing it with another one: each has a nonce of its own."""
    return re.sub(r' nonce="[^"]+"', "", answer.content.decode())

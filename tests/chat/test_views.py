"""The page and its addresses: what is served, to whom, and under which policy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Member
from accounts.roles import RIGHTS, Role
from accounts.tenancy import organization_scope
from chat.models import Conversation, Participant
from chat.views import _modules
from tests.cast import without_nonce

STATIC = settings.BASE_DIR / "static"
COMPONENTS = settings.BASE_DIR / "templates/chat/components"

ClientOf = Callable[[Member], Client]


@pytest.fixture
def secret(alice: Member) -> Conversation:
    """A private channel of Alice alone."""
    with organization_scope(alice.organization):
        channel: Conversation = Conversation.objects.create(
            organization=alice.organization, kind="private", name="secret"
        )
        Participant.objects.create(organization=alice.organization, conversation=channel, member=alice)
    return channel


@pytest.fixture
def town(alice: Member) -> Conversation:
    """A public channel that nobody has joined."""
    with organization_scope(alice.organization):
        channel: Conversation = Conversation.objects.create(organization=alice.organization, kind="public", name="town")
    return channel


def addresses(conversation: Conversation) -> list[str]:
    return [f"/o/acme/c/{conversation.pk}", f"/o/acme/c/{conversation.pk}/7", f"/o/acme/c/{conversation.pk}?thread=x"]


def page_data(content: str) -> dict[str, object]:
    match = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', content, re.DOTALL)
    assert match is not None
    return dict(json.loads(match[1]))


def test_every_address_of_the_page_is_served(alice: Member, secret: Conversation, client_of: ClientOf) -> None:
    client = client_of(alice)
    for path in ("/o/acme/", "/o/acme/search?q=x", "/o/acme/mentions", "/o/acme/people", *addresses(secret)):
        response = client.get(path)
        assert response.status_code == 200, path
        assert b'id="page-data"' in response.content, path


def test_the_page_knows_who_looks_at_it_and_what_they_may(alice: Member, gus: Member, client_of: ClientOf) -> None:
    for member in (alice, gus):
        data = page_data(client_of(member).get("/o/acme/").content.decode())
        assert data["root"] == "/o/acme/"
        assert data["member"] == str(member.pk)
        assert data["rights"] == sorted(RIGHTS[Role(member.role)])


def test_reading_is_all_the_page_does(alice: Member, client_of: ClientOf) -> None:
    client = client_of(alice)
    assert client.head("/o/acme/").status_code == 200
    assert client.post("/o/acme/").status_code == 405


def test_writing_from_the_page_is_possible(alice: Member, client_of: ClientOf) -> None:
    assert "csrftoken" in client_of(alice).get("/o/acme/").cookies


def test_what_one_may_not_know_of_is_not_there(
    bob: Member, gus: Member, charlie: Member, secret: Conversation, town: Conversation, client_of: ClientOf
) -> None:
    for path in addresses(town):
        assert client_of(bob).get(path).status_code == 200
    for path in addresses(secret):
        assert client_of(bob).get(path).status_code == 404
    for path in (*addresses(secret), *addresses(town)):
        assert client_of(gus).get(path).status_code == 404
    for path in ("/o/acme/", "/o/acme/search?q=secret", *addresses(secret), *addresses(town)):
        response = client_of(charlie).get(path)
        assert response.status_code == 404
        assert b"secret" not in response.content.replace(path.encode(), b"")
        assert without_nonce(response) == without_nonce(client_of(charlie).get("/o/nowhere/"))


def test_another_organizations_conversation_is_not_there_under_ones_own_address(
    charlie: Member, secret: Conversation, client_of: ClientOf
) -> None:
    assert client_of(charlie).get(f"/o/globex/c/{secret.pk}").status_code == 404


def test_who_is_not_signed_in_is_asked_to(client: Client, secret: Conversation) -> None:
    path = f"/o/acme/c/{secret.pk}"
    response = client.get(path)
    assert response.status_code == 302
    assert response.headers["Location"].endswith(f"?next={path}")


def test_no_script_or_style_is_inline(alice: Member, secret: Conversation, client_of: ClientOf) -> None:
    response = client_of(alice).get("/o/acme/")
    content = response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert "'strict-dynamic'" in policy and "require-trusted-types-for 'script'" in policy and "unsafe" not in policy
    nonces = set(re.findall(r'nonce="([^"]+)"', content))
    assert len(nonces) == 1 and f"'nonce-{nonces.pop()}'" in policy
    for attributes in re.findall(r"<script\b([^>]*)>", content):
        assert 'type="application/json"' in attributes or "nonce=" in attributes, attributes
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:", content)


def test_the_page_comes_up_with_what_its_script_imports_and_nothing_else() -> None:
    modules = set(_modules())
    assert {"js/ui/shell/main.js", "js/ui/sidebar/sidebar.js", "js/client/store.js"} <= modules
    assert not {"js/client/actions.js", "js/ui/dialogs/dialog.js", "js/ui/panel/settings.js"} & modules
    assert all((STATIC / name).is_file() for name in modules)


def test_scripts_find_every_template_and_element_that_they_name(alice: Member, client_of: ClientOf) -> None:
    content = client_of(alice).get("/o/acme/").content.decode()
    there = set(re.findall(r'\bid="([^"{]+)"', content))
    sources = "".join(path.read_text() for path in STATIC.glob("js/**/*.js"))
    named = set(re.findall(r'byId\("([a-z-]+)"\)', sources)) | {
        f"{name}-template" for name in re.findall(r'clone\("([a-z-]+)"\)', sources)
    }
    assert content.count("<template ") == len(list(COMPONENTS.glob("*.html")))
    icons = {f"icon-{name}" for name in re.findall(r'#icon-([a-z-]+)"', content + sources)}
    assert len(named) > 50
    assert named | icons <= there


def test_names_of_people_and_organizations_are_text(alice: Member, client_of: ClientOf) -> None:
    evil = "</script><script>alert(1)</script>"
    alice.organization.name = evil
    alice.organization.save(update_fields=["name"])
    with organization_scope(alice.organization):
        alice.name = evil
        alice.save(update_fields=["name"])
    content = client_of(alice).get("/o/acme/").content.decode()
    assert evil not in content
    assert page_data(content)["name"] == evil

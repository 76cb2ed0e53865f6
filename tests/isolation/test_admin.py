"""The admin site: every page, filter, autocomplete, act, bulk act, history and export, tried by those who have no
business there: visitors, members without a right, former moderators, and the owner and a moderator of another
organization.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone

from accounts.models import AuditEntry, Invitation, Member, Organization
from accounts.roles import Role
from accounts.tenancy import every_organization
from accounts.tokens import issue_token
from chat.actions.reports import report_message
from chat.admin.acts import ActingAdmin
from chat.admin.pages import DeskAdmin
from chat.models import Client as Device
from chat.models import Conversation, Follower, Node, Report, Sanction, SetAsideEvent
from tests.cast import make_member, make_user, scope_of, sign_in
from tests.isolation.conftest import WORD, Treasure

REGISTERED = sorted(admin.site._registry.items(), key=lambda entry: entry[0].__name__)
PART = WORD[:-2]  # finds what holds the word, without being it when a page says again what was searched for


def pages() -> list[str]:
    """Every page of the admin site, those of each model included, by name."""

    def walk(resolver: URLResolver) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry)
            elif entry.name is not None:
                yield entry.name

    entries: list[URLResolver | URLPattern] = get_resolver().url_patterns
    site = next(entry for entry in entries if isinstance(entry, URLResolver) and entry.namespace == "admin")
    return sorted(set(walk(site)) - {"login", "logout", "jsi18n"})


def groups() -> dict[str, list[str]]:
    """The pages of each model, and those of the site itself: tried together, since what Acme has takes longer to make
    than a page to be asked for."""
    found: dict[str, list[str]] = {}
    models = [f"{model._meta.app_label}_{model._meta.model_name}" for model, _ in REGISTERED]
    for name in pages():
        model = next((model for model in models if name.startswith(f"{model}_")), "site")
        found.setdefault(model, []).append(name)
    return found


@pytest.fixture
def mallory(globex: Organization) -> Member:
    """Moderator of Globex."""
    return make_member(globex, "Mallory", role=Role.MODERATOR)


@pytest.fixture
def vera(acme: Organization) -> Member:
    """Was a moderator of Acme until yesterday."""
    vera = make_member(acme, "Vera", role=Role.MODERATOR)
    with scope_of(vera):
        Member.objects.filter(pk=vera.pk).update(deactivated_at=timezone.now())
    return vera


@pytest.fixture
def rows(treasure: Treasure, alice: Member, bob: Member) -> dict[type, Any]:
    """One row of Acme's of everything that is registered, the word in each that can hold it."""
    with scope_of(alice):
        message_id = treasure.ids["message_id"]
        assert isinstance(message_id, UUID)
        report = report_message(bob, message_id, reason=Report.Reason.SPAM, comment=WORD)
        sanction = Sanction.objects.create(
            organization_id=alice.organization_id, member=bob, kind="warning", reason=WORD, created_by=alice
        )
        token, _ = issue_token(alice.user, label=WORD)
        node = Node.objects.create(name="elsewhere", lease_until=timezone.now())
        follower = Follower.objects.create(name="notices", cluster="here", since="1:1:", mark_xid=1, mark_id=0)
        aside = SetAsideEvent.objects.create(
            organization_id=alice.organization_id, follower=follower, event_id=1, type="x", tries=8, error=WORD
        )
        found: list[Any] = [
            *(alice.user, treasure.organization, alice, token, report, sanction, node, report.message, aside),
            Conversation.objects.get(pk=treasure.private_ids["conversation_id"]),
            *(Device.objects.get(), Invitation.objects.get(), AuditEntry.objects.order_by("-pk").first()),
        ]
    return {type(row): row for row in found}


def test_there_is_a_row_of_everything(rows: dict[type, Any]) -> None:
    assert set(rows) == {model for model, _ in REGISTERED}
    assert len(pages()) > 3 * len(REGISTERED)
    assert sorted(name for names in groups().values() for name in names) == pages()


def test_everything_is_registered_by_the_class_that_shows_nothing_by_default() -> None:
    for model, found in REGISTERED:
        assert isinstance(found, DeskAdmin), model
        overridden = {name for name in vars(type(found)) if name.startswith("has_") and name.endswith("_permission")}
        assert not overridden, model
        assert not found.inlines, model  # they would need a class of their own
    assert LogEntry not in admin.site._registry


# --- Who has no business there at all -----------------------------------------------------------------


def addresses(name: str, rows: dict[type, Any]) -> Iterator[str]:
    """The address of a page with every key of Acme's that it could take."""
    own = [row for model, row in rows.items() if name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_")]  # type: ignore[attr-defined]
    tries: list[list[Any]] = [[], *([row.pk] for row in own), ["acme"], ["accounts"], ["chat"], ["audit.csv"]]
    tries += [[row.pk, act.name] for row in own for act in acts_of(type(row))[:2]]
    found = 0
    for arguments in tries:
        try:
            path = reverse(f"admin:{name}", args=arguments)
        except Exception:  # noqa: BLE001, S112  # another number of arguments
            continue
        found += 1
        yield path
    assert found, f"no address for {name}"


def acts_of(model: type) -> list[Any]:
    found = admin.site._registry[model]
    return list(found.acts) if isinstance(found, ActingAdmin) else []


@pytest.mark.parametrize("names", groups().values(), ids=groups())
def test_nobody_gets_in_without_a_right(names: list[str], rows, bob, gus, vera, fingerprint) -> None:
    before = fingerprint()
    browsers = [Client(), *(sign_in(Client(), member.user) for member in (bob, gus, vera))]
    for path in (path for name in names for path in addresses(name, rows)):
        for browser in browsers:
            for method in ("GET", "POST"):
                answer = browser.generic(method, path)
                assert answer.status_code in {302, 403, 404}, (path, method)
                assert shows_nothing(answer)
                if answer.status_code == 302:
                    assert "/login" in answer.headers["Location"]
    assert fingerprint() == before


# --- Who moderates another organization ---------------------------------------------------------------


def text_of(answer: Any) -> str:
    """Return the body without its random parts, because four letters of a name are found in one of them some day."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return re.sub(r'\bnonce="[^"]+"|name="csrfmiddlewaretoken" value="[^"]+"', "", str(body.decode()))


def shows_nothing(answer: HttpResponse) -> bool:
    return WORD not in text_of(answer) and WORD not in str(answer.headers)


@pytest.fixture
def strangers(charlie: Member, mallory: Member) -> list[Client]:
    return [sign_in(Client(), member.user) for member in (charlie, mallory)]


@pytest.mark.parametrize("names", groups().values(), ids=groups())
def test_no_page_leads_to_another_organization(names: list[str], rows, strangers, fingerprint) -> None:
    before = fingerprint()
    body = {"reason": "because", "outcome": "other", "period": "1h", "seconds": "5", "days": "1", "post": "yes"}
    for path in (path for name in names for path in addresses(name, rows)):
        for browser in strangers:
            for answer in (browser.get(path), browser.post(path, body)):
                assert answer.status_code in {200, 302, 403, 404, 405}, path
                assert shows_nothing(answer), path
    assert fingerprint() == before


@pytest.mark.parametrize(("model", "found"), REGISTERED, ids=lambda value: getattr(value, "__name__", ""))
def test_an_object_of_another_organization_is_not_there(model, found, rows, strangers) -> None:
    for page in ("change", "history", "delete"):
        path = reverse(f"admin:{found.opts.app_label}_{found.opts.model_name}_{page}", args=[rows[model].pk])
        for browser in strangers:
            answer = browser.get(path)
            assert answer.status_code in {302, 403, 404}, path
            if answer.status_code == 302:  # Django's way of saying that there is none
                assert answer.headers["Location"] == reverse("admin:index")


def parameters(found: DeskAdmin, rows: dict[type, Any]) -> Iterator[dict[str, str]]:
    """What a list could be asked with: its own filters with Acme's keys, and columns that it must not be asked for."""
    keys = [str(rows[model].pk) for model in (found.model, Member, Conversation)]
    fields = [field.attname for field in found.opts.concrete_fields]
    names = {entry[0] for entry in found.list_filter if isinstance(entry, tuple)}
    own = {getattr(entry, "parameter_name", None) for entry in found.list_filter} - {None}
    for name in sorted({f"{name}__id__exact" for name in names} | own):  # type: ignore[type-var]
        yield from ({name: key} for key in (*keys, "acme", "me", "\x00", "99999999999999999999"))  # type: ignore[misc]
    for field in fields:
        yield from ({f"{field}{lookup}": value} for lookup, value in (("__startswith", PART), ("", keys[0])))
    yield from ({"q": word} for word in (PART, "acme", "alice", keys[0]))
    yield from (
        {"organization__slug": "acme"},
        {"user__password__startswith": "argon2"},
        {"_to_field": "id"},
        {"p": "7"},
    )
    yield {"state": "all", "author__id__exact": keys[0]}


@pytest.mark.parametrize(("model", "found"), REGISTERED, ids=lambda value: getattr(value, "__name__", ""))
def test_no_filter_finds_what_is_another_organizations(model, found, rows, strangers) -> None:
    path = reverse(f"admin:{found.opts.app_label}_{found.opts.model_name}_changelist")
    tried = 0
    for query in parameters(found, rows):
        answer = strangers[0].get(path, query)
        assert answer.status_code in {200, 302, 400, 403, 422}, query
        assert shows_nothing(answer), query
        tried += answer.status_code == 200
    open_to_owners = strangers[0].get(path).status_code == 200
    assert (tried > 0) == open_to_owners


@pytest.mark.parametrize(("model", "found"), REGISTERED, ids=lambda value: getattr(value, "__name__", ""))
def test_no_column_can_be_asked_letter_by_letter(model, found, rows, alice) -> None:
    """Not even by those who see the list: a hash, a credential and a text are no filters."""
    browsers = [sign_in(Client(), user) for user in (make_user("staff@parley.test", is_staff=True), alice.user)]
    path = reverse(f"admin:{found.opts.app_label}_{found.opts.model_name}_changelist")
    for field in found.opts.concrete_fields:
        for browser in browsers:
            answer = browser.get(path, {f"{field.name}__startswith": "a"})
            assert answer.status_code in {302, 400, 403}, field.name
            if answer.status_code == 302:
                assert "e=1" in answer.headers["Location"] or "login" in answer.headers["Location"]


def references() -> list[tuple[str, str, str]]:
    """Every field for which the autocomplete address could be requested, for every user."""
    return sorted(
        (model._meta.app_label, model._meta.model_name or "", field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model in admin.site._registry
    )


def test_no_autocomplete_completes_to_another_organization(rows, strangers, bob) -> None:
    assert len(references()) > 20
    path, no_moderator = reverse("admin:autocomplete"), sign_in(Client(), bob.user)
    for app, model, field in references():
        for word in ("", PART, "a", "alice"):
            query = {"app_label": app, "model_name": model, "field_name": field, "term": word}
            for browser in strangers:
                answer = browser.get(path, query)
                assert answer.status_code in {200, 403, 404}, query
                assert shows_nothing(answer)
                assert "Alice" not in text_of(answer)
                assert "acme" not in text_of(answer).lower()
            assert no_moderator.get(path, query).status_code in {302, 403}


ACTING = [model for model, found in REGISTERED if isinstance(found, ActingAdmin)]


@pytest.mark.parametrize("model", ACTING, ids=lambda model: model.__name__)
def test_no_act_reaches_another_organization(model, rows, strangers, fingerprint) -> None:
    before, row, meta = fingerprint(), rows[model], model._meta
    values = {"reason": "because", "outcome": "other", "period": "1h", "seconds": "5", "days": "1"}
    assert acts_of(model)
    for act, browser in product(acts_of(model), strangers):
        path = reverse(f"admin:{meta.app_label}_{meta.model_name}_act", args=[row.pk, act.name])
        assert browser.post(path, values).status_code == 404
        chosen = {"action": act.name, "_selected_action": [str(row.pk)], "select_across": "1", "confirmed": "1"}
        answer = browser.post(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"), chosen | values)
        assert answer.status_code in {200, 302, 403}
        assert shows_nothing(answer)
    assert fingerprint() == before


def test_an_export_holds_nothing_of_another_organization(rows, strangers, charlie, alice) -> None:
    with scope_of(charlie):
        AuditEntry.objects.create(organization_id=charlie.organization_id, action="member.tested")
    for name in ("audit.csv", "audit.jsonl"):
        path = reverse("admin:accounts_auditentry_export", args=[name])
        for query in ({}, {"actor": str(alice.pk)}, {"target_id": str(alice.pk)}, {"action": "m"}):
            text = text_of(strangers[0].get(path, query))
            assert WORD not in text
            assert str(alice.organization_id) not in text
        assert strangers[1].get(path).status_code == 403  # a moderator reads no log at all
    assert "member.tested" in text_of(strangers[0].get(path))


def test_nobody_chooses_an_organization_of_which_they_are_no_member(rows, strangers, bob, gus) -> None:
    for browser in strangers:
        assert browser.get(reverse("admin:choose", args=["acme"])).status_code == 404
        assert browser.get(reverse("admin:choose", args=["nowhere"])).status_code == 404
        assert browser.get(reverse("admin:choose_every")).status_code == 404
        assert "Globex" in text_of(browser.get(reverse("admin:index")))
    browser = sign_in(Client(), bob.user)
    session = browser.session
    session["desk_organization"] = "acme"  # as if the right had been lost since
    session.save()
    assert browser.get(reverse("admin:index")).status_code in {302, 403}


def test_the_word_itself_is_there_for_acme(rows, alice) -> None:
    """Else all of the above would be content with empty pages."""
    browser = sign_in(Client(), alice.user)
    with every_organization():
        shown = [
            found.opts.model_name
            for model, found in REGISTERED
            if (
                answer := browser.get(reverse(f"admin:{found.opts.app_label}_{found.opts.model_name}_changelist"))
            ).status_code
            == 200
            and WORD in text_of(answer)
        ]
    assert set(shown) >= {"auditentry", "client", "conversation", "invitation", "organization", "sanction"}


def test_djangos_own_log_stays_empty(rows, alice, bob) -> None:
    browser = sign_in(Client(), alice.user)
    path = reverse("admin:accounts_member_act", args=[bob.pk, "warn"])
    assert browser.post(path, {"reason": "because"}).status_code == 302
    assert not LogEntry.objects.exists()
    assert "Recent actions" not in text_of(browser.get(reverse("admin:index")))

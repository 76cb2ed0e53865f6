from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path

from accounts.actions import deactivate_member
from accounts.audit import current_origin
from accounts.errors import Conflict, Forbidden, Throttled
from accounts.models import Member, User
from accounts.paths import is_api_path, organization_slug
from accounts.tenancy import NoOrganizationInScope, current_organization_id
from accounts.tokens import issue_token, revoke_token
from config.server.handler import Handler
from tests.cast import make_member, scope_of, sign_in, without_nonce

# --- Views that say what they see -----------------------------------------------------------------------


def scope_now() -> str:
    try:
        return str(current_organization_id())
    except NoOrganizationInScope:
        return "closed"


def show(request: HttpRequest, **kwargs: str) -> JsonResponse:
    member = getattr(request, "member", None)
    return JsonResponse(
        {
            "scope": scope_now(),
            "user": getattr(request.user, "email", None),
            "member": str(member.pk) if member else None,
            "token": str(request.api_token.pk) if request.api_token else None,  # type: ignore[attr-defined]
            "address": current_origin().address,
        }
    )


async def show_async(request: HttpRequest, **kwargs: str) -> JsonResponse:
    await asyncio.sleep(0)
    handles = [member.handle async for member in Member.objects.order_by("handle")]
    return JsonResponse({"scope": scope_now(), "user": (await request.auser()).email, "handles": handles})


def stream(request: HttpRequest, **kwargs: str) -> StreamingHttpResponse:
    def chunks() -> Iterator[str]:
        for member in Member.objects.order_by("handle"):
            yield f"{member.handle} {scope_now()}\n"

    return StreamingHttpResponse(chunks())


async def stream_async(request: HttpRequest, **kwargs: str) -> StreamingHttpResponse:
    async def chunks() -> AsyncIterator[str]:
        async for member in Member.objects.order_by("handle"):
            yield f"{member.handle} {scope_now()}\n"

    return StreamingHttpResponse(chunks())


def refuse(request: HttpRequest, what: str, **kwargs: str) -> HttpResponse:
    raise {"forbidden": Forbidden, "conflict": Conflict}.get(what) or Throttled(7)


urlpatterns = [
    path("api/v1/show", show),
    path("o/<slug:slug>/api/v1/show", show),
    path("o/<slug:slug>/api/v1/async", show_async),
    path("o/<slug:slug>/api/v1/stream", stream),
    path("o/<slug:slug>/api/v1/stream_async", stream_async),
    path("o/<slug:slug>/api/v1/refuse/<str:what>", refuse),
    path("o/<slug:slug>/show", show),
    path("o/<slug:slug>/refuse/<str:what>", refuse),
    path("show", show),
    path("admin/show", show),
    path("", include("config.urls")),
]

pytestmark = pytest.mark.urls(__name__)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


# --- Addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "slug", "api"),
    [
        ("/o/acme/", "acme", False),
        ("/o/acme/api/v1/members", "acme", True),
        ("/o/api/c/1", "api", False),
        ("/o/acme/c/api/", "acme", False),
        ("/o/acme", None, False),
        ("/o//api/v1/members", None, False),
        ("/o/", None, False),
        ("/api/v1/me", None, True),
        ("/x/o/acme/", None, False),
        ("/", None, False),
    ],
)
def test_addresses_are_distinguished(address, slug, api):
    assert (organization_slug(address), is_api_path(address)) == (slug, api)


# --- Tenants --------------------------------------------------------------------------------------------


def test_a_member_is_let_in(bob, client_of):
    seen = client_of(bob).get("/o/acme/show").json()
    assert (seen["scope"], seen["member"], seen["user"]) == (str(bob.organization_id), str(bob.pk), bob.user.email)
    assert scope_now() == "closed"


def test_the_scope_is_closed_elsewhere(bob, client_of):
    for address in ("/show", "/admin/show", "/api/v1/show"):
        seen = client_of(bob).get(address).json()
        assert (seen["scope"], seen["member"]) == ("closed", None)


def test_strangers_removed_members_and_everybody_at_unknown_slugs_get_the_same_answer(alice, bob, charlie, client_of):
    browser = client_of(bob)
    with scope_of(alice):
        Member.objects.filter(pk=bob.pk).update(deactivated_at=bob.joined_at)
    answers = [
        client_of(charlie).get("/o/acme/api/v1/show"),
        client_of(charlie).get("/o/nowhere/api/v1/show"),
        browser.get("/o/acme/api/v1/show"),
        client_of(charlie).post("/o/acme/api/v1/no/such/address"),
    ]
    for answer in answers:
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json().keys() == {"type", "title", "status", "detail", "code"}
    assert len({answer.content for answer in answers}) == 1


def test_the_same_holds_for_pages(bob, alice, charlie, client_of):
    stranger, removed = client_of(charlie), client_of(bob)
    with scope_of(alice):
        Member.objects.filter(pk=bob.pk).update(deactivated_at=bob.joined_at)
    answers = [
        stranger.get("/o/acme/show"),
        stranger.get("/o/nowhere/show"),
        removed.get("/o/acme/show"),
        stranger.get("/no/such/address"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert answers[0].headers["Content-Type"].startswith("text/html")
    assert len({without_nonce(answer) for answer in answers}) == 1


def test_who_is_not_signed_in_is_asked_to(acme):
    api = Client().get("/o/acme/api/v1/show")
    assert (api.status_code, api.json()["code"]) == (401, "not_authenticated")
    assert api.headers["WWW-Authenticate"] == "Bearer"
    page = Client().get("/o/acme/show?x=1")
    assert (page.status_code, page.headers["Location"]) == (302, "/accounts/login/?next=/o/acme/show%3Fx%3D1")
    assert Client().get("/o/nowhere/show").status_code == 302  # whether it exists is nobody's business


def test_deactivated_users_are_out_at_once(bob, client_of):
    browser = client_of(bob)
    assert browser.get("/o/acme/api/v1/show").status_code == 200
    User.objects.filter(pk=bob.user_id).update(is_active=False)
    assert browser.get("/o/acme/api/v1/show").status_code == 401


def test_staff_see_every_organization_in_the_admin_only(charlie, client_of):
    User.objects.filter(pk=charlie.user_id).update(is_staff=True)
    staff = client_of(charlie)
    assert staff.get("/admin/show").json()["scope"] == "None"
    assert staff.get("/show").json()["scope"] == "closed"
    assert staff.get("/o/acme/show").status_code == 404


@pytest.mark.parametrize(("what", "status"), [("forbidden", 403), ("conflict", 409), ("throttled", 429)])
def test_refusals_of_views_are_answers(bob, client_of, what, status):
    api = client_of(bob).get(f"/o/acme/api/v1/refuse/{what}")
    page = client_of(bob).get(f"/o/acme/refuse/{what}")
    assert (api.status_code, api.json()["code"]) == (status, what)
    assert page.status_code == status
    assert page.headers["Content-Type"].startswith("text/html")
    assert api.headers.get("Retry-After") == page.headers.get("Retry-After") == ("7" if status == 429 else None)


def test_a_stream_keeps_its_scope_and_leaves_none_behind(alice, bob, charlie, client_of):
    answer = client_of(bob).get("/o/acme/api/v1/stream")
    assert scope_now() == "closed"
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines == [f"alice {bob.organization_id}", f"bob {bob.organization_id}"]
    assert scope_now() == "closed"


# --- Tokens ---------------------------------------------------------------------------------------------


def test_a_token_signs_in(bob):
    token, secret = issue_token(bob.user, label="script")
    seen = Client(headers=bearer(secret)).get("/o/acme/api/v1/show").json()
    assert (seen["user"], seen["token"], seen["member"]) == (bob.user.email, str(token.pk), str(bob.pk))


def test_a_token_needs_no_csrf_token_and_a_session_does(bob, client_of):
    _token, secret = issue_token(bob.user, label="script")
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/o/acme/api/v1/show", headers=bearer(secret)).status_code == 200
    sign_in(strict, bob.user)
    assert strict.post("/o/acme/api/v1/show").status_code == 403


@pytest.mark.parametrize("secret", ["", "x", "parley_unknown", "parley_" + "a" * 10_000, "a b"])
def test_a_bad_token_never_falls_back_to_the_session(bob, client_of, secret):
    answer = client_of(bob).get("/o/acme/api/v1/show", headers=bearer(secret))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    answer = client_of(bob).get("/api/v1/show", headers=bearer(secret))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_revoked_tokens_and_those_of_deactivated_users_are_bad(bob, client_of):
    token, secret = issue_token(bob.user, label="script")
    _other, other_secret = issue_token(bob.user, label="other")
    revoke_token(token)
    assert Client(headers=bearer(secret)).get("/api/v1/show").status_code == 401
    assert Client(headers=bearer(other_secret)).get("/api/v1/show").status_code == 200
    User.objects.filter(pk=bob.user_id).update(is_active=False)
    assert Client(headers=bearer(other_secret)).get("/api/v1/show").status_code == 401


def test_a_token_wins_over_the_session_of_somebody_else(bob, charlie, client_of):
    _token, secret = issue_token(bob.user, label="script")
    seen = client_of(charlie).get("/o/acme/api/v1/show", headers=bearer(secret)).json()
    assert seen["user"] == bob.user.email


def test_a_token_means_nothing_on_pages(bob):
    _token, secret = issue_token(bob.user, label="script")
    with_token = Client(headers=bearer(secret), enforce_csrf_checks=True)
    assert with_token.get("/o/acme/show").status_code == 302
    assert with_token.get("/show").json()["user"] is None
    assert with_token.post("/accounts/password/change/").status_code == 403  # no CSRF token


def test_charlies_token_does_not_open_acme(acme, charlie):
    _token, secret = issue_token(charlie.user, label="script")
    assert Client(headers=bearer(secret)).get("/o/acme/api/v1/show").status_code == 404


def test_other_schemes_are_ignored(bob, client_of):
    answer = client_of(bob).get("/o/acme/api/v1/show", headers={"Authorization": "Basic YTpi"})
    assert answer.json()["user"] == bob.user.email


# --- ASGI -----------------------------------------------------------------------------------------------


@pytest.fixture
def async_client_of():
    async def signed_in(member: Member) -> AsyncClient:
        client = AsyncClient()
        await client.aforce_login(member.user)
        return client

    return signed_in


@pytest.mark.django_db(transaction=True)
async def test_async_views_run_in_scope(alice, bob, charlie, async_client_of):
    seen = (await (await async_client_of(bob)).get("/o/acme/api/v1/async")).json()
    assert seen == {"scope": str(bob.organization_id), "user": bob.user.email, "handles": ["alice", "bob"]}
    assert (await (await async_client_of(charlie)).get("/o/acme/api/v1/async")).status_code == 404
    assert scope_now() == "closed"


@pytest.mark.django_db(transaction=True)
async def test_async_streams_run_in_scope(alice, bob, async_client_of):
    answer = await (await async_client_of(bob)).get("/o/acme/api/v1/stream_async")
    lines = b"".join([chunk async for chunk in answer.streaming_content]).decode().splitlines()
    assert lines == [f"alice {bob.organization_id}", f"bob {bob.organization_id}"]
    assert scope_now() == "closed"


@pytest.mark.django_db(transaction=True)
async def test_tokens_work_under_asgi(bob):
    _token, secret = await sync_to_async(issue_token)(bob.user, label="script")
    seen = (await AsyncClient().get("/o/acme/api/v1/async", headers=bearer(secret))).json()
    assert seen["user"] == bob.user.email
    assert (await AsyncClient().get("/o/acme/api/v1/async", headers=bearer("parley_x"))).status_code == 401


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["show", "async", "stream_async"])
async def test_concurrent_requests_do_not_see_each_others_scope(alice, bob, charlie, async_client_of, address):
    """Through the real ASGI handler on one loop, as a server runs it, members of two organizations interleaved."""
    browsers = {member.pk: await async_client_of(member) for member in (bob, charlie)}
    handler = Handler()

    async def ask(member: Member) -> tuple[UUID, str]:
        slug = "acme" if member is bob else "globex"
        cookies = browsers[member.pk].cookies.output(header="", sep=";").strip()
        body = await _call(handler, f"/o/{slug}/api/v1/{address}", cookies)
        return member.organization_id, body

    answers = await asyncio.gather(*(ask(member) for _ in range(20) for member in (bob, charlie)))
    assert len(answers) == 40
    for organization_id, body in answers:
        assert _scopes_in(body) == {str(organization_id)}
    assert scope_now() == "closed"


def _scopes_in(body: str) -> set[str]:
    return {json.loads(body)["scope"]} if body.startswith("{") else {line.split()[1] for line in body.splitlines()}


async def _call(handler: Handler, address: str, cookies: str) -> str:
    body = bytearray()
    waiting = asyncio.Event()

    async def receive() -> dict[str, object]:
        if not waiting.is_set():
            waiting.set()
            return {"type": "http.request", "body": b""}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, object]) -> None:
        body.extend(message.get("body", b""))

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": address,
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"cookie", cookies.encode())],
        "client": ("192.0.2.7", 1),
        "server": ("testserver", 80),
        "scheme": "http",
    }
    await handler(scope, receive, send)
    return body.decode()


# --- The end of a membership ----------------------------------------------------------------------------


def test_a_deactivated_member_with_no_other_organization_is_signed_out(alice, bob, client_of):
    browser = client_of(bob)
    with scope_of(alice):
        deactivate_member(alice, bob)
    assert browser.get("/o/acme/api/v1/show").status_code == 401


def test_a_deactivated_member_with_another_organization_loses_this_one_only(alice, bob, globex, client_of):
    make_member(globex, "Bob", user=bob.user)
    browser = client_of(bob)
    with scope_of(alice):
        deactivate_member(alice, bob)
    assert browser.get("/o/acme/api/v1/show").status_code == 404
    assert browser.get("/o/globex/api/v1/show").status_code == 200

"""Find the user of a request, and the member in the organization that the address names; open the scope of that one.

The three middlewares work in synchronous and in asynchronous chains. What they find is kept on the request object and
in context variables, which are set before the rest of the chain and reset after it: nothing reaches the next request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, ClassVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy

from accounts.audit import acting_from, origin_of
from accounts.desk_scope import enter
from accounts.errors import NotAuthenticated, NotFound, Refusal
from accounts.models import ApiToken, Member, Organization, User
from accounts.paths import is_admin_path, is_api_path, organization_slug
from accounts.problems import MethodNotAllowed, problem_page, problem_response
from accounts.sanctions import suspension_refusal
from accounts.sign_in.policy import may_sign_in
from accounts.tenancy import every_organization, member_of, organization_scope
from accounts.tokens import find_token

GetResponse = Callable[[HttpRequest], Any]
BAD_TOKEN = gettext_lazy("The token is unknown, expired or revoked.")


class TenantRequest(HttpRequest):
    """The request as a view under `/o/<slug>/` receives it."""

    user: User
    member: Member
    organization: Organization
    api_token: ApiToken | None
    token_refused: bool
    everywhere: bool


class _Middleware:
    """`prepare` may query, so an asynchronous chain calls it in a thread; `surrounding` is open around the rest."""

    sync_capable: ClassVar[bool] = True
    async_capable: ClassVar[bool] = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if iscoroutinefunction(self.get_response):
            return self.call_async(request)
        response = self.prepare(request)
        if response is not None:
            return response
        with self.surrounding(request):
            return self.finish(request, self.get_response(request))

    async def call_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await sync_to_async(self.prepare)(request)
        if response is not None:
            return response
        with self.surrounding(request):
            return self.finish(request, await self.get_response(request))

    def prepare(self, request: HttpRequest) -> HttpResponseBase | None:
        """Look up what is needed and put it on the request; an answer ends the chain here."""
        raise NotImplementedError

    def surrounding(self, request: HttpRequest) -> AbstractContextManager[Any]:
        return ExitStack()

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response


class BearerTokenMiddleware(_Middleware):
    """`Authorization: Bearer …` on an address of the API: sets `request.api_token`, or `request.token_refused`.

    It comes before the CSRF check, which such a request does not need: a browser never adds a token by itself. The
    session of such a request is ignored, whether or not the token is valid. On pages the header is ignored, so that a
    stolen token cannot make other tokens or change the password.
    """

    def prepare(self, request: HttpRequest) -> None:
        request.api_token, request.token_refused = None, False  # type: ignore[attr-defined]
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not is_api_path(request.path_info):
            return
        setattr(request, "_dont_enforce_csrf_checks", True)  # noqa: B010  # what Django's test client sets, too
        token = find_token(secret.strip())
        request.api_token, request.token_refused = token, token is None  # type: ignore[attr-defined]


class TokenUserMiddleware(_Middleware):
    """Let the user of a request with a token be the user of the token or nobody, never the user of the session.

    It comes after AuthenticationMiddleware.
    """

    def prepare(self, request: HttpRequest) -> None:
        token = cast(TenantRequest, request).api_token
        if token is not None and not may_sign_in(token.user):
            request.api_token, request.token_refused = None, True  # type: ignore[attr-defined]
        if cast(TenantRequest, request).token_refused:
            request.user = AnonymousUser()
        elif token is not None:
            request.user = token.user
        else:
            return
        user = request.user

        async def auser() -> User | AnonymousUser:
            return user

        request.auser = auser


class OrganizationMiddleware(_Middleware):
    """Opens the organization of `/o/<slug>/…` to its members: sets `request.member` and `request.organization`.

    Strangers, deactivated members and users who ask for an organization that does not exist get the same 404, as
    problem details under `/o/<slug>/api/` and as a page elsewhere. A suspended member gets 403 with the reason and the
    end of the suspension. A request without a user gets 401, or is redirected to the sign-in page.

    On the admin site accounts/desk_scope.py chooses the scope. At all other addresses no scope is open.
    """

    def prepare(self, request: HttpRequest) -> HttpResponseBase | None:
        tenant = cast(TenantRequest, request)
        if tenant.token_refused:
            return problem_response(NotAuthenticated(BAD_TOKEN))
        slug = organization_slug(request.path_info)
        if slug is None:
            if is_admin_path(request.path_info):
                enter(request)
            return None
        if not request.user.is_authenticated:
            return refusal_response(request, NotAuthenticated())
        member = member_of(tenant.user, slug)
        if member is None:
            return refusal_response(request, suspension_refusal(tenant.user, slug) or NotFound())
        tenant.member, tenant.organization = member, member.organization
        return None

    def surrounding(self, request: HttpRequest) -> AbstractContextManager[Any]:
        stack = ExitStack()
        stack.enter_context(acting_from(origin_of(request)))
        stack.enter_context(_scope_of(request))
        return stack

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if isinstance(response, HttpResponseNotAllowed):  # Django's own, which has nothing in it
            return _refuse_method(request, response)
        if isinstance(response, StreamingHttpResponse):
            _keep_scope(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the answer for a refusal that a view did not catch."""
        return refusal_response(request, exception) if isinstance(exception, Refusal) else None


def refusal_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return problem_response(refusal) if is_api_path(request.path_info) else problem_page(request, refusal)


def _refuse_method(request: HttpRequest, response: HttpResponseNotAllowed) -> HttpResponse:
    answer = refusal_response(request, MethodNotAllowed())
    answer.headers["Allow"] = response.headers["Allow"]
    return answer


def _scope_of(request: HttpRequest) -> AbstractContextManager[None]:
    organization: Organization | None = getattr(request, "organization", None)
    if organization is not None:
        return organization_scope(organization)
    if getattr(request, "everywhere", False):
        return every_organization()
    return ExitStack()  # type: ignore[return-value]  # a context that does nothing


def _keep_scope(request: HttpRequest, response: StreamingHttpResponse) -> None:
    """Reopen the scope for each step of a streamed body, which is produced after the chain has ended."""
    content: Any = response.streaming_content
    response.streaming_content = (
        _each_async_in_scope(request, content) if response.is_async else _each_in_scope(request, content)
    )


def _each_in_scope(request: HttpRequest, content: Iterator[bytes]) -> Iterator[bytes]:
    done = object()
    while True:
        with _scope_of(request):
            chunk: Any = next(content, done)
        if chunk is done:
            return
        yield chunk


async def _each_async_in_scope(request: HttpRequest, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while True:
        with _scope_of(request):
            try:
                chunk = await anext(content)
            except StopAsyncIteration:
                return
        yield chunk

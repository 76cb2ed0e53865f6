"""Who is calling: a browser's session or an app's token, both resolved by accounts/middleware.py already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.errors import NotAuthenticated

if TYPE_CHECKING:  # the framework imports this module while its own is half loaded
    from rest_framework.views import APIView


class RequestAuthentication(SessionAuthentication):
    """The user that the middleware found. A session must bring the CSRF token; a bearer token need not."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        token = getattr(request, "api_token", None)
        if token is not None:
            return request._request.user, token  # noqa: SLF001  # request.user would ask us again
        return super().authenticate(request)

    def enforce_csrf(self, request: Request) -> None:
        """On Django's own request: the framework's would parse the body in search of a form field, and use it up."""
        super().enforce_csrf(request._request)  # type: ignore[arg-type]  # noqa: SLF001

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class IsSignedIn(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            raise NotAuthenticated
        return True


class IsMember(IsSignedIn):
    """A member of the organization in the URL; the middleware has answered 404 to everybody else."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and getattr(request, "member", None) is not None

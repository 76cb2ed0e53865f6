"""What all views of the API share: a member, and lists with a `next`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Member, User
from accounts.rest.authentication import IsMember, IsSignedIn


class UserView(APIView):
    """For a signed-in user, outside any organization."""

    permission_classes = (IsSignedIn,)

    @property
    def user(self) -> User:
        return cast(User, self.request.user)  # the permission has seen to it


class MemberView(APIView):
    """For a member of the organization in the URL; `slug` has done its work in the middleware."""

    permission_classes = (IsMember,)
    member: Member

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.member = request.member  # type: ignore[attr-defined]  # the middleware's

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("slug", None)
        return super().dispatch(request, *args, **kwargs)


def list_response(request: Request, results: Sequence[Any], **next_query: object) -> Response:
    """`{results, next}`; `next` repeats the address with `next_query` in place, and is null without one."""
    return Response({"results": list(results), "next": next_url(request, **next_query) if next_query else None})


def next_url(request: Request, **changes: object) -> str:
    query = request.query_params.copy()
    for name, value in changes.items():
        query[name] = str(value)
    return f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"


def keep_page(rows: list[Any], limit: int) -> tuple[list[Any], bool]:
    """Of `limit + 1` rows that were asked for, the page and whether there is another."""
    return rows[:limit], len(rows) > limit

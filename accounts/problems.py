"""Answer refusals over HTTP: with problem details (RFC 9457) for programs, with a page for people."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.defaults import page_not_found

from accounts.errors import Forbidden, Invalid, NotAuthenticated, NotFound, Refusal, Sanctioned, Throttled, Unavailable
from accounts.models import Member
from accounts.paths import organization_path, organization_slug
from accounts.roles import Right, Role

CONTENT_TYPE = "application/problem+json"
SAFE: Final = {"GET", "HEAD", "OPTIONS"}  # methods whose address can be opened again
HELPERS: Final = 3  # names on a page; more would be no help
PAUSE: Final = 180  # seconds, the longest period of allauth's limits; allauth does not say which limit was reached


class MethodNotAllowed(Refusal):
    code, status, title = "method_not_allowed", 405, gettext_lazy("This address does not support this method.")


# What Django and allauth answer with, too.
PAGES: Final = {
    Forbidden: "403.html",
    Sanctioned: "accounts/sanctioned.html",
    MethodNotAllowed: "405.html",
    Throttled: "429.html",
}


def problem_details(refusal: Refusal) -> dict[str, Any]:
    """Return `{type, title, status, detail, code}`, and `errors: {field: [sentence]}` for invalid input.

    The answer to a member who is muted or suspended also has `sanction`, `reason` and `until`.
    """
    details: dict[str, Any] = {
        "type": "about:blank",
        "title": str(refusal.title),
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
    }
    if isinstance(refusal, Invalid):
        details["errors"] = refusal.errors
    if isinstance(refusal, Sanctioned):
        until = refusal.until.isoformat().replace("+00:00", "Z") if refusal.until else None
        details |= {"sanction": refusal.sanction, "reason": refusal.reason, "until": until}
    return details


def problem_headers(refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, Throttled | Unavailable):
        return {"Retry-After": str(refusal.retry_after)}
    if isinstance(refusal, NotAuthenticated):
        return {"WWW-Authenticate": "Bearer"}
    return {}


def problem_response(refusal: Refusal) -> HttpResponse:
    return JsonResponse(
        problem_details(refusal), status=refusal.status, content_type=CONTENT_TYPE, headers=problem_headers(refusal)
    )


def problem_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Return the page that shows the refusal. For NotFound it is the same page as for an unknown address."""
    if isinstance(refusal, NotAuthenticated):
        return _ask_to_sign_in(request)
    if isinstance(refusal, NotFound):
        return page_not_found(request, Http404())
    context: dict[str, Any] = {"refusal": refusal}
    if isinstance(refusal, Forbidden):
        context["helpers"] = _helpers(getattr(request, "member", None))
    page = render(request, PAGES.get(type(refusal), "accounts/refused.html"), context, status=refusal.status)
    for name, value in problem_headers(refusal).items():
        page.headers[name] = value
    return page


def too_often(request: HttpRequest) -> HttpResponse:
    """Answer a request beyond a limit. It is `handler429`, which allauth calls."""
    return problem_page(request, Throttled(PAUSE))


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page, which leads back afterwards.

    What a form sent is lost. It leads back to the page with the form, since the address that the form was sent to may
    answer no other method.
    """
    if request.method in SAFE:
        return redirect_to_login(request.get_full_path())
    messages.warning(
        request,
        _("You were signed out in the meantime, so nothing was changed. Sign in, then send the form again."),
        fail_silently=True,
    )
    return redirect_to_login(_page_before(request))


def _page_before(request: HttpRequest) -> str:
    """Return the page that a form was sent from if it is ours, else the start page of the organization or of all."""
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        page = urlunsplit(("", "", *urlsplit(referer)[2:4], ""))
        if page.startswith("/") and url_has_allowed_host_and_scheme(page, None):
            return page
    slug = organization_slug(request.path_info)
    return organization_path(slug) if slug else "/"


def _helpers(member: Member | None) -> str:
    """Return the names of owners and admins, who can help. Empty for guests, who may not know other members."""
    if member is None or not member.may(Right.BROWSE):
        return ""
    people = Member.objects.filter(role__in=[Role.OWNER, Role.ADMIN], deactivated_at=None).exclude(pk=member.pk)
    names = people.order_by("-role", "name", "id").values_list("name", flat=True)  # owners first
    return str(get_text_list(list(names[:HELPERS]), _("or")))

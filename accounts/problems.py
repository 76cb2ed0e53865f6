"""Refusals as HTTP answers: problem details (RFC 9457) for programs, a page for people."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.defaults import page_not_found

from accounts.errors import Invalid, NotAuthenticated, NotFound, Refusal, Throttled

CONTENT_TYPE = "application/problem+json"


def problem_details(refusal: Refusal) -> dict[str, Any]:
    """`{type, title, status, detail, code}`, and `errors: {field: [sentence]}` when input was invalid."""
    details: dict[str, Any] = {
        "type": "about:blank",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
    }
    if isinstance(refusal, Invalid):
        details["errors"] = refusal.errors
    return details


def problem_headers(refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, Throttled):
        return {"Retry-After": str(refusal.retry_after)}
    if isinstance(refusal, NotAuthenticated):
        return {"WWW-Authenticate": "Bearer"}
    return {}


def problem_response(refusal: Refusal) -> HttpResponse:
    return JsonResponse(
        problem_details(refusal), status=refusal.status, content_type=CONTENT_TYPE, headers=problem_headers(refusal)
    )


def problem_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal as a page; a NotFound is the very page of an address that does not exist."""
    if isinstance(refusal, NotFound):
        return page_not_found(request, Http404())
    response = render(request, "accounts/refused.html", {"refusal": refusal}, status=refusal.status)
    if isinstance(refusal, Throttled):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response

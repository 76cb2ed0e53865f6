from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

ROWS_PER_PAGE = 100


def page_of(request: HttpRequest, rows: Any) -> Page[Any]:
    """The page that `?page=` asks for; the nearest there is when it asks for nonsense."""
    return Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))

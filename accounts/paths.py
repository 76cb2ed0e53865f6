"""What an address says by itself: whose it is, and whether a program or a person asks."""

from __future__ import annotations

from django.urls import reverse


def organization_path(slug: str) -> str:
    """The start page of an organization."""
    return f"/o/{slug}/"


def organization_slug(path: str) -> str | None:
    """The slug in `/o/<slug>/…`, None for every other address. No slug holds NUL, which the database cannot compare."""
    parts = path.split("/", 3)
    return parts[2] if len(parts) == 4 and parts[1] == "o" and parts[2] and "\0" not in parts[2] else None


def is_api_path(path: str) -> bool:
    if organization_slug(path) is not None:
        path = "/" + path.split("/", 3)[3]
    return path.startswith("/api/")


def is_admin_path(path: str) -> bool:
    return path.startswith(reverse("admin:index"))

"""What the path of a request says: its organization, and whether it belongs to the API or to the admin site."""

from __future__ import annotations

from django.urls import reverse


def organization_path(slug: str) -> str:
    """Return the path of the start page of an organization."""
    return f"/o/{slug}/"


def organization_slug(path: str) -> str | None:
    """Return the slug in `/o/<slug>/…`, None for other paths. A slug holds no NUL, which PostgreSQL cannot compare."""
    parts = path.split("/", 3)
    return parts[2] if len(parts) == 4 and parts[1] == "o" and parts[2] and "\0" not in parts[2] else None


def is_api_path(path: str) -> bool:
    if organization_slug(path) is not None:
        path = "/" + path.split("/", 3)[3]
    return path.startswith("/api/")


def is_admin_path(path: str) -> bool:
    return path.startswith(reverse("admin:index"))

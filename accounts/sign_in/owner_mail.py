"""Mail to the owner of an account about a change in it."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.network import client_address
from accounts.user_agents import browser_name


def notify_owner(
    request: HttpRequest, user: User, template: str, *, context: dict[str, Any] | None = None, email: str = ""
) -> None:
    """Mail the owner of an account what was changed in it, from where and with which browser.

    The mail goes to `email`, else to the main address; to nobody when that is not confirmed.
    """
    confirmed = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk")
    addresses = list(confirmed.values_list("email", flat=True))
    # An address that was just removed or replaced was the account's until a moment ago: its owner must learn of it.
    to = email or next(iter(addresses), "")
    if not addresses or not to:
        return
    about = {"at": timezone.now(), "address": client_address(request), "browser": browser_name(_user_agent(request))}
    get_adapter(request).send_mail(template, to, {"user": user, **about, **(context or {})})


def _user_agent(request: HttpRequest) -> str:
    return "".join(char for char in request.headers.get("User-Agent", "") if char.isprintable())

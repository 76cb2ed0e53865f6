"""The admin site is for the installation's staff: no page of it opens to others, owners of organizations included."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from accounts.models import Member
from tests.cast import make_user, sign_in
from tests.isolation.conftest import WORD, Treasure


def pages() -> list[str]:
    """Every page of the admin site, those of each model included, by name."""

    def walk(resolver: URLResolver) -> list[str]:
        return [
            name
            for entry in resolver.url_patterns
            for name in ([str(entry.name)] if isinstance(entry, URLPattern) else walk(entry))
            if name != "None"
        ]

    site = next(
        entry for entry in get_resolver().url_patterns if isinstance(entry, URLResolver) and entry.namespace == "admin"
    )
    return sorted(set(walk(site)) - {"login", "logout", "jsi18n"})


def address(name: str, treasure: Treasure) -> str:
    for arguments in ([], [str(treasure.ids["member_id"])], ["accounts"], ["1", "2"], ["nowhere"]):
        try:
            return reverse(f"admin:{name}", args=arguments)
        except Exception:  # noqa: BLE001, S112  # the next number of arguments
            continue
    raise AssertionError(f"no address for {name}")


def test_there_is_something_to_try() -> None:
    assert len(pages()) > 3 * len(admin.site._registry)


@pytest.mark.parametrize("name", pages())
def test_nobody_but_staff_gets_in(name: str, treasure: Treasure, alice: Member, charlie: Member) -> None:
    path = address(name, treasure)
    for member in (None, charlie, alice):
        browser = Client() if member is None else sign_in(Client(), member.user)
        for method in ("GET", "POST"):
            answer = browser.generic(method, path)
            assert answer.status_code in {302, 403, 404}, (member, method)
            assert WORD not in answer.content.decode()
            if answer.status_code == 302:
                assert "/login" in answer.headers["Location"]


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model.__name__)
def test_staff_sees_the_lists_of_all(model: type, treasure: Treasure, charlie: Member) -> None:
    staff = sign_in(Client(), make_user("staff@parley.test", is_staff=True, is_superuser=True))
    answer = staff.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    assert answer.status_code == 200

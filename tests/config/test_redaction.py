"""Secrets in addresses: hidden in every line of every logger, and no address is forgotten."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from config import logs
from config.redaction import SECRET_PARAMETERS, SECRET_PATHS, has_secret, hide_secrets
from tests.config.test_logs import written  # noqa: F401  # a fixture

SECRET = "Zx9-_secretsecretsecretsecretsecretsecret"
# Parameters of URL patterns that name a thing and open nothing. A new one has its place here or in SECRET_PARAMETERS.
NAMES = {
    *("slug", "seq", "emoji", "name", "pk", "uidb36", "object_id", "content_type_id", "app_label", "url"),
    *("provider", "provider_id", "organization_slug", "path", "model_name", "id"),
}


def patterns() -> Iterator[tuple[str, set[str]]]:
    """Every address that is routed, as its pattern, with the names of its parameters; those of the desk included."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, set[str]]]:
        for entry in resolver.url_patterns:
            pattern = prefix + str(entry.pattern).lstrip("^")
            if isinstance(entry, URLResolver):
                yield from walk(entry, pattern)
            else:
                assert isinstance(entry, URLPattern)
                yield pattern, set(re.findall(r"<(?:\w+:)?(\w+)>", pattern))

    return walk(get_resolver(), "/")


def test_every_parameter_of_an_address_is_known_for_a_name_or_a_secret() -> None:
    used = set().union(*(parameters for _, parameters in patterns()))
    unknown = {name for name in used if not name.endswith("_id")} - NAMES - SECRET_PARAMETERS
    assert not unknown, "add each to SECRET_PARAMETERS in config/redaction.py, or to NAMES here"


def test_every_address_with_a_secret_is_hidden() -> None:
    found = [pattern for pattern, parameters in patterns() if parameters & SECRET_PARAMETERS]
    assert len(found) >= len(SECRET_PATHS)
    for pattern in found:
        assert pattern.startswith(SECRET_PATHS), f"add {pattern} to SECRET_PATHS in config/redaction.py"
        assert SECRET not in hide_secrets(pattern[: re.search(r"[(<]", pattern).start()] + SECRET)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        f"GET /join/{SECRET}",
        f"/join/{SECRET}/",
        f"//join//{SECRET}",
        f"/JOIN/{SECRET}",
        f"Not Found: /join/{SECRET}",
        f"https://chat.example.com/join/{SECRET}.",
        f"/accounts/password/reset/key/0f3a-{SECRET}/",
        f"/accounts/confirm-email/MQ:1v:{SECRET}/",
        f"/accounts/login/?next=/join/{SECRET}",
        f"/accounts/login/?next={quote(f'/join/{SECRET}', safe='')}&x=1",
        f"/o/acme/ws/v1/?client=1&token={SECRET}",
        f"/accounts/oidc/sso/login/callback/?code={SECRET}&state={SECRET}",
        f"/accounts/saml/x/acs/?SAMLResponse={SECRET}&RelayState={SECRET}",
        f"/x?access_token={SECRET}",
        f"/x?id_token={SECRET}#y",
        f"/x?API-KEY={SECRET}",
        f'"WebSocket /o/x/?secret={SECRET}" [accepted]',
        f"Authorization: Bearer parley_{SECRET}",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    assert SECRET not in hide_secrets(text)
    assert "…" in hide_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "GET /o/acme/api/v1/conversations/0190/join",
        "GET /accounts/password/reset/",
        "please /join/ us",
        "/x?page=2&q=monkey",
        "the key of the door, the state of things",
    ],
)
def test_nothing_else_is_touched(text: str) -> None:
    assert hide_secrets(text) == text
    assert not has_secret(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", [f"/join/{SECRET}", f"/accounts/confirm-email/{SECRET}/", f"/accounts/password/reset/key/a-{SECRET}/"]
)
def test_a_request_leaves_no_secret_in_the_log_nor_in_the_referrer(
    client: Client,
    written: io.StringIO,  # noqa: F811
    path: str,
) -> None:
    answer = client.get(path, headers={"referer": f"http://testserver{path}"})
    assert answer["Referrer-Policy"] == "strict-origin"
    assert "request_finished" in written.getvalue()
    assert SECRET not in written.getvalue()


@pytest.mark.parametrize("format", ["json", "console"])
@pytest.mark.parametrize(
    "logger", ["django.request", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "celery", "somebody.else"]
)
def test_lines_of_others_are_hidden_as_well(format: str, logger: str) -> None:
    stream = io.StringIO()
    configuration = logs.configuration(format=format, level="DEBUG")
    formatter = logging.config.DictConfigurator({}).configure_formatter(configuration["formatters"]["structured"])  # type: ignore[attr-defined]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    try:
        int(f"/join/{SECRET}")
    except ValueError:
        record = logging.getLogger(logger).makeRecord(
            logger, logging.ERROR, "x", 1, "Not Found: %s", (f"/join/{SECRET}",), sys.exc_info()
        )
    handler.handle(record)
    assert "Not Found" in stream.getvalue()
    assert SECRET not in stream.getvalue()
    if format == "json":
        assert json.loads(stream.getvalue())["event"] == "Not Found: /join/…"


def test_no_logger_has_a_handler_that_passes_ours_by(written: io.StringIO) -> None:  # noqa: F811
    names = ["django", "django.request", "django.server", "uvicorn", "uvicorn.error", "uvicorn.access"]
    assert {name: logging.getLogger(name).handlers for name in names} == {name: [] for name in names}
    assert all(logging.getLogger(name).propagate for name in names)
    structlog.get_logger("parley.test").info("opened", path=f"/join/{SECRET}", deep={"link": [f"/join/{SECRET}"]})
    assert "opened" in written.getvalue()
    assert SECRET not in written.getvalue()

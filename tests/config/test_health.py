"""Probes and figures."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import AsyncClient, Client
from django.test.utils import override_settings
from redis import ConnectionError as ValkeyGone

from config import health


@pytest.fixture(autouse=True)
def unknown_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health, "_latest", health.Latest())


def test_healthz_needs_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "cursor", lambda: pytest.fail("it asked the database"))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_when_all_is_well(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": "ok", "valkey": "ok", "migrations": "ok"},
    }
    assert answer.status_code == 200


@pytest.mark.django_db(transaction=True)
async def test_readyz_from_a_coroutine(async_client: AsyncClient) -> None:
    answer = await async_client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.django_db
def test_readyz_says_that_valkey_is_gone_and_not_where_it_was(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: object, **_kwargs: object) -> None:
        raise ValkeyGone("Error 111 connecting to secret-host:6379")

    monkeypatch.setattr(cache, "set", gone)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "failed",
        "checks": {"database": "ok", "valkey": "failed", "migrations": "ok"},
    }
    assert b"secret-host" not in answer.content


@pytest.mark.django_db
def test_readyz_says_that_the_database_is_gone(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> bool:
        raise OperationalError("password authentication failed for secret-user")

    monkeypatch.setitem(health.CHECKS, "database", gone)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "failed")
    assert b"secret-user" not in answer.content


@pytest.mark.django_db
def test_readyz_says_that_a_migration_is_missing(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'chat'")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["migrations"]) == (503, "failed")


def test_probes_come_by_address_whatever_the_hosts_are(client: Client) -> None:
    with override_settings(ALLOWED_HOSTS=["chat.example.com"], SECURE_SSL_REDIRECT=True):
        assert client.get("/healthz", headers={"host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.django_db
def test_metrics_for_this_machine(client: Client) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    assert b"# TYPE parley_http_requests_total counter" in answer.content


@pytest.mark.parametrize(
    "visitor",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},  # a proxy on this machine brought a stranger
        {"HTTP_FORWARDED": "for=203.0.113.9"},
        {"HTTP_X_REAL_IP": "203.0.113.9"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_CF_CONNECTING_IP": "203.0.113.9"},
        {"HTTP_X_SOMEBODYS_OWN_PROXY": "1"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer "},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer guess"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer schlüssel"},
    ],
)
@pytest.mark.parametrize("token", ["", "figures-please"])
def test_metrics_are_not_for_strangers(client: Client, visitor: dict[str, str], token: str) -> None:
    with override_settings(METRICS_TOKEN=token):
        answer = client.get("/metrics", **visitor)  # type: ignore[arg-type]
    assert answer.status_code == 403
    assert b"parley_" not in answer.content


@pytest.mark.parametrize(("peer", "status"), [("10.1.2.3", 200), ("2001:db8::1", 200), ("127.0.0.1", 403), ("", 403)])
@pytest.mark.django_db
def test_metrics_for_the_networks_that_are_named(client: Client, peer: str, status: int) -> None:
    with override_settings(METRICS_NETWORKS=[ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]):
        assert client.get("/metrics", REMOTE_ADDR=peer).status_code == status


@pytest.mark.django_db
def test_metrics_for_a_bearer_of_the_token(client: Client) -> None:
    with override_settings(METRICS_TOKEN="figures-please"):
        answer = client.get("/metrics", REMOTE_ADDR="203.0.113.9", headers={"authorization": "Bearer figures-please"})
    assert answer.status_code == 200


def count(method: str, route: str, status: str) -> float:
    return health.REQUESTS.labels(method, route, status)._value.get()


@pytest.mark.django_db
def test_requests_are_counted_by_route_so_that_nobody_can_invent_labels(client: Client) -> None:
    before = count("GET", "unmatched", "404"), count("other", "unmatched", "404")
    client.get("/no/such/page")
    client.generic("INVENTED", "/no/such/page")
    assert (count("GET", "unmatched", "404"), count("other", "unmatched", "404")) == (before[0] + 1, before[1] + 1)


@pytest.mark.django_db
def test_several_processes_answer_for_all(client: Client, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert b"python_gc" not in answer.content  # one process' own figures would mislead here

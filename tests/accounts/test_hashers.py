"""Password hashes: what one takes, how many are made at once, and how old ones are renewed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.test import Client, override_settings
from django.urls import reverse

from accounts import hashers
from accounts.errors import Unavailable
from accounts.hashers import Turns
from accounts.models import Member
from config.launcher.processes import wait_until
from tests.cast import sign_in

PASSWORD = "a long sentence nobody guesses"


@pytest.fixture(autouse=True)
def real_passwords() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["accounts.hashers.PasswordHasher"]):
        yield


def outdated_hash() -> str:
    """As they were made before: Django's own parameters."""
    return Argon2PasswordHasher().encode(PASSWORD, "saltsaltsalt")


def ask_for_token(client: Client, member: Member):
    return client.post(
        "/api/v1/tokens",
        {"email": member.user.email, "password": PASSWORD, "label": "test"},
        content_type="application/json",
    )


def test_a_hash_takes_what_owasp_recommends() -> None:
    assert make_password(PASSWORD).split("$")[1:4] == ["argon2id", "v=19", "m=19456,t=2,p=1"]


def test_only_so_many_work_at_once_and_only_so_many_wait() -> None:
    turns = Turns(at_once=2, waiting=3, patience=30)
    inside, leave = threading.Semaphore(0), threading.Event()

    def work() -> bool:
        with turns.taken():
            inside.release()
            return leave.wait(30)

    with ThreadPoolExecutor(5) as pool:
        working = [pool.submit(work) for _ in range(2)]
        assert inside.acquire(timeout=30) and inside.acquire(timeout=30)
        waiting = [pool.submit(work) for _ in range(3)]
        assert wait_until(lambda: turns._slots._value == 0, seconds=30)
        with pytest.raises(Unavailable) as refusal, turns.taken():
            pytest.fail("it was let in")
        assert refusal.value.retry_after >= 1
        assert not inside.acquire(blocking=False)
        leave.set()
        assert [each.result(30) for each in working + waiting] == [True] * 5
    with turns.taken():
        assert turns._slots._value == 4


def test_waiting_too_long_is_refused() -> None:
    turns = Turns(at_once=1, waiting=1, patience=0.01)
    with turns.taken(), pytest.raises(Unavailable), turns.taken():
        pytest.fail("it was let in")
    with turns.taken():
        assert turns._slots._value == 1


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["token", "page"])
def test_who_signs_in_when_too_many_do_is_asked_to_try_again(
    client: Client, alice: Member, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    busy = Turns(at_once=1, waiting=0, patience=0.01)
    monkeypatch.setattr(hashers, "turns", busy)
    with busy.taken():
        if way == "page":
            answer = client.post(reverse("account_login"), {"login": alice.user.email, "password": PASSWORD})
        else:
            answer = ask_for_token(client, alice)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert way == "page" or answer.json()["code"] == "unavailable"


@pytest.mark.django_db
def test_an_outdated_hash_is_renewed_at_sign_in_and_no_session_ends(client: Client, alice: Member) -> None:
    alice.user.password = outdated_hash()
    alice.user.save()
    earlier = sign_in(Client(), alice.user)
    assert earlier.get("/api/v1/me").status_code == 200
    answer = client.post(reverse("account_login"), {"login": alice.user.email, "password": PASSWORD})
    assert answer.status_code == 302
    alice.user.refresh_from_db()
    assert "m=19456,t=2,p=1" in alice.user.password
    assert check_password(PASSWORD, alice.user.password)
    assert client.get("/api/v1/me").status_code == 200
    assert earlier.get("/api/v1/me").status_code == 200


@pytest.mark.django_db
def test_a_wrong_password_renews_nothing(client: Client, alice: Member, charlie: Member) -> None:
    alice.user.password = before = outdated_hash()
    alice.user.save()
    for address in (alice.user.email, charlie.user.email):
        client.post(reverse("account_login"), {"login": address, "password": "another sentence"})
    alice.user.refresh_from_db()
    assert alice.user.password == before


@pytest.mark.django_db
def test_a_renewal_waits_for_another_time_when_too_many_sign_in(
    client: Client, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.user.password = before = outdated_hash()
    alice.user.save()

    def full(password: str) -> str:
        raise Unavailable

    monkeypatch.setattr("accounts.auth.make_password", full)
    assert ask_for_token(client, alice).status_code == 201
    alice.user.refresh_from_db()
    assert alice.user.password == before

from __future__ import annotations

import pytest

from accounts.audit import record
from accounts.models import AuditEntry, Member
from tests.cast import scope_of

ADDRESS = "/o/acme/api/v1/audit"


@pytest.fixture
def log(alice: Member, bob: Member, charlie: Member) -> list[AuditEntry]:
    with scope_of(alice):
        entries = [
            record("member.tested", actor=alice, target=bob, before={"title": ""}, after={"title": "x"}, reason="why"),
            record("member.praised", actor=bob, target=alice),
            record("channel.tested", actor=alice, target=None),
        ]
    with scope_of(charlie):
        record("member.tested", actor=charlie, target=charlie)
    return entries


def ids(answer) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [entry["id"] for entry in answer.json()["results"]]


def test_entries_are_whole_and_the_newest_comes_first(client_of, alice, bob, log):
    answer = client_of(alice).get(ADDRESS).json()
    assert [entry["id"] for entry in answer["results"]] == [entry.pk for entry in reversed(log)]
    assert answer["next"] is None
    entry = answer["results"][-1]
    assert entry["action"] == "member.tested"
    assert (entry["actor"], entry["target_type"], entry["target"]) == (str(alice.pk), "member", str(bob.pk))
    assert (entry["before"], entry["after"], entry["reason"]) == ({"title": ""}, {"title": "x"}, "why")


def test_it_is_filtered(client_of, alice, bob, log):
    browser, (tested, praised, channel) = client_of(alice), log
    assert ids(browser.get(ADDRESS, {"action": "member."})) == [praised.pk, tested.pk]
    assert ids(browser.get(ADDRESS, {"action": "member.tested"})) == [tested.pk]
    assert ids(browser.get(ADDRESS, {"actor": bob.pk})) == [praised.pk]
    assert ids(browser.get(ADDRESS, {"target_type": "member", "target": str(bob.pk)})) == [tested.pk]
    assert ids(browser.get(ADDRESS, {"since": channel.at.isoformat()})) == [channel.pk]
    assert ids(browser.get(ADDRESS, {"until": tested.at.isoformat()})) == [tested.pk]


def test_pages_follow_each_other_without_a_gap(client_of, alice, log):
    browser, found, address = client_of(alice), [], f"{ADDRESS}?limit=1"
    while address:
        answer = browser.get(address).json()
        found += [entry["id"] for entry in answer["results"]]
        address = answer["next"]
    assert found == [entry.pk for entry in reversed(log)]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 999},
        {"actor": "x"},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"before": 0},
    ],
)
def test_nonsense_is_refused(client_of, alice, query):
    answer = client_of(alice).get(ADDRESS, query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_only_admins_read_it(client_of, alice, adam, mona, bob, gus, charlie, log):
    assert client_of(adam).get(ADDRESS).status_code == 200
    for member in (mona, bob, gus):
        assert client_of(member).get(ADDRESS).status_code == 403
    assert client_of(charlie).get(ADDRESS).status_code == 404


def test_charlie_reads_his_own_and_goes_on_from_no_entry_of_acmes(client_of, charlie, log):
    browser = client_of(charlie)
    assert len(ids(browser.get("/o/globex/api/v1/audit"))) == 1
    assert ids(browser.get("/o/globex/api/v1/audit", {"before": log[-1].pk})) == []
    assert ids(browser.get("/o/globex/api/v1/audit", {"actor": log[0].actor_id})) == []

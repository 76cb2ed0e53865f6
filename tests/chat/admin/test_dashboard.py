from __future__ import annotations

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Member
from chat.actions.clients import register_client
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.actions.purge import PURGES
from chat.admin.charts import bar_chart, line_chart
from chat.delivery import figures, metrics, store
from chat.models import Client as Device
from chat.models import Node
from chat.queries import operations
from tests.cast import make_user, scope_of, sign_in

OVERVIEW = "/admin/"


@pytest.fixture
def staff(db) -> Client:
    return sign_in(Client(), make_user("staff@parley.test", is_staff=True))


@pytest.fixture(params=["postgres", "valkey"])
def kept_in(request, settings) -> str:
    settings.MAILBOX_BACKEND = request.param
    return str(request.param)


@pytest.fixture
def waiting(alice: Member, bob: Member) -> list[Device]:
    """Two clients of Bob's: on the older one twelve events wait, on the newer one seven."""
    with scope_of(alice):
        channel = create_channel(alice, kind="public", name="town", members=[bob.pk])
        devices = []
        for platform, count in (("web", 5), ("ios", 7)):
            devices.append(register_client(bob, platform=platform, label=platform, credential="session:x"))
            for _ in range(count):
                send_message(alice, channel.pk, text="hello", ref=uuid4())
    return devices


@pytest.mark.django_db(transaction=True)
def test_depths_are_a_distribution(kept_in, waiting, acme, globex):
    depths = operations.depths(acme.pk)
    assert (depths.clients, depths.deepest, depths.median) == (2, 12, 12)
    assert dict(depths.buckets) == {
        "none": 0,
        "1–9": 1,
        "10–99": 1,
        "100–999": 0,
        "1,000–9,999": 0,
        "10,000 and more": 0,
    }
    assert depths.oldest is not None
    assert timezone.now() - depths.oldest < timedelta(minutes=5)
    assert operations.depths(globex.pk) == operations.Depths(0, [(n, 0) for n, _ in depths.buckets], 0, 0, 0, 0, None)
    assert operations.depths(None).clients == 2


def test_clients_are_counted_by_platform(waiting, acme, globex):
    found = {platform.name: (platform.clients, platform.connected) for platform in operations.platforms(acme.pk)}
    assert found == {"web": (1, 0), "ios": (1, 0)}
    assert operations.platforms(globex.pk) == []


def test_nothing_is_counted_to_the_end(kept_in, waiting, acme, monkeypatch):
    monkeypatch.setattr(operations, "LOOKED_AT", 1)
    assert operations.depths(acme.pk).clients == 1
    assert sum(platform.clients for platform in operations.platforms(None)) == 1


@pytest.mark.parametrize(
    ("count", "share", "value"), [(0, 0.5, 0), (1, 0.99, 0), (100, 0.5, 50), (100, 0.9, 90), (100, 0.99, 99)]
)
def test_percentiles(count, share, value):
    assert operations._percentile(list(range(count)), share) == value


@pytest.mark.asyncio
async def test_what_a_node_counts_becomes_a_point_of_the_series(monkeypatch):
    start = time.time()
    monkeypatch.setattr(figures.time, "time", lambda: start - 2 * figures.STEP)  # type: ignore[attr-defined]
    await figures.report()  # what other tests have counted: a point of its own
    monkeypatch.setattr(figures.time, "time", lambda: start)  # type: ignore[attr-defined]
    metrics.DELIVERIES.inc(40)
    metrics.ACKS.inc(30)
    metrics.RESYNCS.labels("overflow").inc(2)
    await figures.report()
    await figures.report()  # nothing is counted twice
    await store.close()
    monkeypatch.setattr(figures.time, "time", lambda: start + 2 * figures.STEP)  # type: ignore[attr-defined]
    points = figures.series()
    assert len(points) == figures.POINTS
    ours = {at: counts for at, counts in points if at >= start // figures.STEP * figures.STEP}
    assert [counts for counts in ours.values() if counts] == [{"deliveries": 40, "acks": 30, "resyncs.overflow": 2}]


def test_the_series_is_bounded():
    figures.note_purge("old_events", 5)
    figures.note_purge("old_events", 7)
    assert figures.purged() == {"old_events": 12}
    ttl = store.threads().ttl(figures._day(timezone.now()))
    assert 0 < ttl <= (figures.DAYS + 1) * 86_400


def test_a_purge_notes_what_it_removed(db):
    Node.objects.create(name="gone", lease_until=timezone.now() - timedelta(hours=1))
    assert PURGES["dead_nodes"].run() == 1
    assert figures.purged()["dead_nodes"] == 1


def test_staff_see_the_installation(staff, waiting):
    Node.objects.create(name="here:1", lease_until=timezone.now() + timedelta(minutes=1))
    text = staff.get(OVERVIEW).content.decode()
    for part in ("here:1", "Deliveries a second", "Acks a second", "Celery queue", "Removed by purges", "Resyncs"):
        assert part in text, part


def test_admins_see_their_own_organization_and_moderators_the_queue(client_of, alice, mona, charlie, waiting):
    Node.objects.create(name="here:1", lease_until=timezone.now() + timedelta(minutes=1))
    admins, theirs, others = (client_of(each).get(OVERVIEW).content.decode() for each in (alice, mona, charlie))
    assert "longest mailbox: 12" in admins
    assert "longest mailbox: 0" in others
    assert "longest mailbox" not in theirs
    for text in (admins, theirs, others):
        assert "here:1" not in text
        assert "Deliveries a second" not in text
        assert "Open reports" in text


def test_the_page_is_there_while_valkey_is_away(staff, settings, monkeypatch):
    settings.MAILBOX_BACKEND = "valkey"

    def away() -> None:
        raise store.redis.ConnectionError("refused")  # type: ignore[attr-defined]

    monkeypatch.setattr("chat.delivery.figures.series", away)
    monkeypatch.setattr("chat.queries.operations.queue_length", away)
    monkeypatch.setattr("chat.queries.operations.depths", lambda organization: away())
    answer = staff.get(OVERVIEW)
    assert answer.status_code == 200
    assert "unknown" in answer.content.decode()


def test_the_queue_is_celerys(db):
    assert operations.queue_length() == 0
    store.threads().lpush("parley", "a task")
    assert operations.queue_length() == 1


def test_charts_say_what_they_show_and_escape_it():
    line = line_chart([0, 5, 2.5], label="Acks <b>", unit="/s", span="1 min ago")
    assert 'aria-label="Acks &lt;b&gt;: 2.5 /s now, 5 at most"' in line
    assert line.count("<polyline") == 1
    bars = bar_chart([("none", 3), ("<i>", 0)], label="Depth")
    assert 'aria-label="Depth: none: 3, &lt;i&gt;: 0"' in bars
    assert bars.count("<rect") == 2
    assert "NaN" not in line_chart([], label="Nothing", unit="", span="")

"""Messages go when their time is over, and nothing that is reported and undecided does."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts.actions import change_organization
from accounts.models import Member
from accounts.tenancy import every_organization
from chat.access import find_conversation, find_message
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.actions.moderation import regulate_conversation
from chat.actions.purge import PURGES
from chat.actions.reactions import add_reaction
from chat.actions.report_decisions import update_report
from chat.actions.reports import report_message
from chat.actions.retention import AROUND, BATCH, expire_histories
from chat.actions.revisions import edit_message
from chat.errors import NotFound
from chat.models import Conversation, Event, Message, Reaction, Report, Revision
from chat.queries.conversations import conversation_view
from chat.queries.history import page_before
from chat.queries.search import Question, search
from tests.cast import scope_of
from tests.sync.viewer import Viewer, fresh, is_live, load_everything, projection

pytestmark = pytest.mark.django_db(transaction=True)

Say = Callable[..., UUID]


@pytest.fixture
def town(alice: Member, bob: Member, gus: Member) -> Conversation:
    with scope_of(alice):
        return create_channel(alice, kind="private", name="town", members=[bob.pk, gus.pk])


@pytest.fixture
def say(town: Conversation) -> Say:
    """Said `days` ago; the id of the message."""

    def say(member: Member, text: str, *, days: int = 0, thread: UUID | None = None) -> UUID:
        with scope_of(member):
            sent = send_message(member, town.pk, text=text, ref=uuid4(), thread_id=thread).message
            Message.objects.filter(pk=sent.id).update(created_at=timezone.now() - timedelta(days=days))
        return sent.id

    return say


def apply_retention() -> tuple[int, int]:
    """As the worker does."""
    with every_organization():
        return PURGES["expired_histories"].run(), PURGES["expired_messages"].run()


def _undated(state: dict[str, Any]) -> dict[str, Any]:
    """Without the times of messages, which `say` changes behind the back of the log."""
    messages = {id: [{**each, "created_at": None} for each in room] for id, room in state["messages"].items()}
    return {**state, "messages": messages}


def log_of(conversation: Conversation) -> str:
    with every_organization():
        rows = Event.objects.filter(conversation=conversation, member_id=None, type__startswith="message.")
        return " ".join(rows.values_list("data", flat=True))


def test_what_is_too_old_goes_everywhere(
    alice: Member, bob: Member, charlie: Member, town: Conversation, say: Say
) -> None:
    old = say(bob, "ancient words", days=40)
    with scope_of(bob):
        edit_message(bob, old, text="ancient wisdom")
    with scope_of(alice):
        add_reaction(alice, old, emoji="👍")
    young = say(bob, "modern words", days=5)
    with scope_of(alice):
        regulate_conversation(alice, town.pk, reason="policy", retention_days=30)
        view_before = conversation_view(find_conversation(alice, town.pk))
    assert view_before.unread_count == 2
    assert apply_retention() == (1, 1)
    with scope_of(alice):
        access = find_conversation(alice, town.pk)
        assert (access.conversation.first_seq, access.conversation.last_seq) == (2, 2)
        assert [message.id for message in page_before(access).messages] == [young]
        assert page_before(access).before is None
        assert conversation_view(access).unread_count == 1
        assert search(alice, Question(q="ancient")) == []
        with pytest.raises(NotFound):
            find_message(alice, old)
        assert not Message.objects.filter(pk=old).exists()
        assert not Reaction.objects.exists()
        assert not Revision.objects.exists()
    assert "ancient" not in log_of(town)
    assert "modern words" in log_of(town)
    assert apply_retention() == (0, 0)
    with scope_of(charlie), pytest.raises(NotFound):
        find_conversation(charlie, town.pk)


def test_seq_goes_on_when_all_is_gone(alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    say(bob, "one", days=9)
    say(bob, "two", days=8)
    with scope_of(alice):
        change_organization(alice, retention_days=7)
    assert apply_retention() == (1, 2)
    say(bob, "three")
    with scope_of(alice):
        access = find_conversation(alice, town.pk)
        assert [(message.seq, message.text) for message in page_before(access).messages] == [(3, "three")]
        assert conversation_view(access).unread_count == 1


def test_a_conversation_may_differ_from_its_organization(
    alice: Member, bob: Member, town: Conversation, say: Say
) -> None:
    say(bob, "kept", days=400)
    with scope_of(alice):
        change_organization(alice, retention_days=7)
        regulate_conversation(alice, town.pk, reason="archive", retention_days=0)
    assert apply_retention() == (0, 0)
    with scope_of(alice):
        regulate_conversation(alice, town.pk, reason="longer", retention_days=500)
    assert apply_retention() == (0, 0)
    with scope_of(alice):
        regulate_conversation(alice, town.pk, reason="as all", retention_days=None)
    assert apply_retention() == (1, 1)


def test_a_report_keeps_its_message_for_the_moderators_until_it_is_decided(
    alice: Member, bob: Member, gus: Member, town: Conversation, say: Say
) -> None:
    said = [say(bob, f"message {number}", days=30) for number in range(50)]
    with scope_of(gus):
        report = report_message(gus, said[25], reason=Report.Reason.SPAM)
    with scope_of(alice):
        regulate_conversation(alice, town.pk, reason="policy", retention_days=7)
    assert apply_retention() == (1, 50 - 2 * AROUND - 1)
    with scope_of(alice):
        kept = list(Message.objects.filter(conversation=town).order_by("seq").values_list("pk", flat=True))
        assert kept == said[25 - AROUND : 26 + AROUND]
        assert page_before(find_conversation(alice, town.pk)).messages == []
        assert search(alice, Question(q="message")) == []
        with pytest.raises(NotFound):
            find_message(alice, said[25])
        update_report(alice, report.pk, state=Report.State.DISMISSED)
    assert apply_retention() == (0, 2 * AROUND + 1)
    with scope_of(alice):
        report.refresh_from_db()
        assert (report.message_id, report.state) == (None, Report.State.DISMISSED)


@pytest.mark.parametrize("reported", [False, True])
def test_a_living_thread_keeps_an_empty_head(
    *, reported: bool, alice: Member, bob: Member, gus: Member, charlie: Member, town: Conversation, say: Say, client_of
) -> None:
    """Empty it is from the moment at which its time is over, also where a report keeps the row as it was."""
    root = say(bob, "the question", days=30)
    reply = say(alice, "the answer", thread=root)
    address = f"/o/acme/api/v1/messages/{root}/thread"
    with scope_of(alice):
        if reported:
            report_message(gus, root, reason=Report.Reason.SPAM)
        regulate_conversation(alice, town.pk, reason="policy", retention_days=7)
        assert expire_histories() == 1
    answers = [client_of(alice).get(address).json()]
    assert apply_retention() == (0, 0 if reported else 1)
    assert apply_retention() == (0, 0)
    answers.append(client_of(alice).get(address).json())
    for head, answer in (each["results"] for each in answers):
        assert (head["id"], head["expired"], head["text"], head["html"]) == (str(root), True, "", "")
        assert (head["author"], head["reply_count"], answer["id"]) == (str(bob.pk), 1, str(reply))
        assert "expired" not in answer
    assert client_of(charlie).get(address).status_code == 404
    with scope_of(alice):
        published = Event.objects.filter(entity_id=root).count()
        say(gus, "one more answer", thread=root)  # what can be seen can be answered
        assert Event.objects.filter(entity_id=root).count() == published, "the head is not published any more"
        assert Message.objects.get(pk=root).reply_count == 2
        Message.objects.filter(thread=root).update(created_at=timezone.now() - timedelta(days=8))
    assert apply_retention() == (1, 0 if reported else 3)
    assert client_of(alice).get(address).status_code == 404
    with pytest.raises(NotFound):
        say(gus, "too late", thread=root)
    with scope_of(alice):
        assert Message.objects.filter(conversation=town).exists() == reported


def test_clients_forget_by_event_and_by_sync_and_undelivered_mail_is_empty(
    alice: Member, bob: Member, gus: Member, charlie: Member, town: Conversation, say: Say
) -> None:
    viewers = [Viewer.arrive(member.handle, member) for member in (alice, bob, gus)]
    stranger = Viewer.arrive("charlie", charlie)
    say(bob, "old secret", days=30)
    with scope_of(alice):
        report = report_message(alice, say(gus, "old spam", days=20), reason=Report.Reason.SPAM)
        update_report(alice, report.pk, state=Report.State.RESOLVED)
    say(bob, "new")
    with scope_of(alice):
        regulate_conversation(alice, town.pk, reason="policy", retention_days=7)
    assert apply_retention() == (1, 2)
    for viewer in viewers:
        wanted = projection(fresh(viewer.server))
        by_event, by_sync = viewer.copy(), viewer.copy()
        by_event.receive(viewer.hello())
        entries = viewer.entries()
        assert [tag for tag, _ in entries] == list(range(viewer.client.tag + 1, viewer.client.tag + 1 + len(entries)))
        assert "old s" not in str(entries)
        by_event.receive({"op": "events", "tag": entries[0][0], "events": [event for _, event in entries]})
        assert is_live(by_event)
        request = by_sync.begin_sync()
        assert not by_sync.take_answer(request, viewer.server.sync(request.cursor))
        for mailbox in (by_event, by_sync):
            load_everything(mailbox.store, viewer.server)
            assert _undated(projection(mailbox.store)) == _undated(wanted), viewer.name
    assert stranger.entries() == []


@pytest.mark.parametrize("count", [100_000])
def test_a_hundred_thousand_messages_with_open_reports_in_the_middle(
    count: int, alice: Member, bob: Member, gus: Member, town: Conversation, capsys: pytest.CaptureFixture[str]
) -> None:
    reported = range(10_000, 90_001, 10_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chat_message (id, organization_id, conversation_id, seq, author_id, text, html, reply_count,"
            " mentions, created_at, version)"
            " SELECT gen_random_uuid(), %(organization)s, %(conversation)s, seq, %(author)s, 'words of number ' || seq,"
            " '<p>words</p>', 0, '{}', now() - interval '90 days' + seq * interval '60 seconds', 1"
            " FROM generate_series(1, %(count)s) AS seq",
            {"organization": town.organization_id, "conversation": town.pk, "author": bob.pk, "count": count},
        )
        cursor.execute("UPDATE chat_conversation SET last_seq = %s WHERE id = %s", [count, town.pk])
        cursor.execute("ANALYZE chat_message")
    viewer = Viewer.arrive("alice", alice, looks_at_everything=False)  # of a hundred thousand nobody reads all
    assert viewer.mailbox.store.rooms[str(town.pk)].history[-1]["seq"] == count
    with scope_of(gus):
        for seq in reported:
            report_message(gus, Message.objects.get(conversation=town, seq=seq).pk, reason=Report.Reason.SPAM)
    with scope_of(alice):
        regulate_conversation(alice, town.pk, reason="policy", retention_days=10)
    started = time.perf_counter()
    moved, removed = apply_retention()
    took = time.perf_counter() - started
    kept = len(reported) * (2 * AROUND + 1)
    assert (moved, removed) == (1, count - kept)
    with scope_of(alice):
        rows = Message.objects.filter(conversation=town)
        assert rows.count() == kept
        assert rows.filter(seq__in=reported, hidden_at=None).count() == len(reported)
        assert Report.objects.filter(state=Report.State.OPEN, message__isnull=False).count() == len(reported)
    mailbox = viewer.copy()
    mailbox.receive(viewer.hello())
    entries = viewer.entries()
    here = [event["type"] for _, event in entries if event["conversation"] == str(town.pk)]
    assert here == ["conversation.updated"] * 2, "the rule and the new first_seq, however many messages go"
    mailbox.receive({"op": "events", "tag": entries[0][0], "events": [event for _, event in entries]})
    load_everything(mailbox.store, viewer.server)
    assert projection(mailbox.store) == projection(fresh(viewer.server))
    assert mailbox.store.rooms[str(town.pk)].messages == {}
    with capsys.disabled():
        print(f"\nretention: {removed} messages in {took:.1f} s, {removed / took:.0f}/s, {BATCH} a transaction")  # noqa: T201

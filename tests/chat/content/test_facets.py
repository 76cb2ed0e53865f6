"""A facet is registered once, and every reader loads it and every way of taking content away empties it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Member
from accounts.tenancy import every_organization
from chat.access import find_conversation, find_thread
from chat.actions.conversations import create_channel
from chat.actions.messages import send_message
from chat.actions.moderation import hide_message, regulate_conversation, remove_message, restore_message
from chat.actions.pins import pin_message
from chat.actions.purge import PURGES
from chat.actions.reactions import add_reaction
from chat.actions.reports import report_message
from chat.actions.revisions import delete_message, edit_message
from chat.content import facets
from chat.content.facets import Facet
from chat.content.loading import entities, entity
from chat.entities.messages import Attachment
from chat.entities.messages import Message as MessageEntity
from chat.models import Conversation, Event, Message, Report
from chat.queries import history
from chat.queries.mentions import mentions
from chat.queries.reports import read_context
from chat.queries.search import Question, search
from chat.queries.sync import sync
from tests.cast import scope_of

pytestmark = pytest.mark.django_db(transaction=True)


class Files:
    """A facet in memory: what the files of messages will be in tables."""

    def __init__(self) -> None:
        self.by_message: dict[UUID, list[Attachment]] = {}
        self.loads = 0

    def attach(self, message: UUID, uploader: Member) -> Attachment:
        file = Attachment(
            id=uuid4(),
            name="plan.pdf",
            size=7,
            content_type="application/pdf",
            state="ready",
            width=None,
            height=None,
            seconds=None,
            alt="",
            uploader=uploader.pk,
            message=message,
            version=1,
        )
        self.by_message[message] = [file]
        return file

    def load(self, messages: Sequence[UUID]) -> Mapping[UUID, list[Any]]:
        self.loads += 1
        return {id: self.by_message[id] for id in messages if id in self.by_message}

    def empty(self, messages: Sequence[UUID]) -> None:
        for id in messages:
            self.by_message.pop(id, None)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    files = Files()
    monkeypatch.setattr(facets, "_facets", dict(facets._facets))
    facets.register(
        Facet(
            name="files",
            models=(),
            field="attachments",
            load=files.load,
            empty=files.empty,
            emptied="for good",
            is_hidden=True,
        )
    )
    return files  # type: ignore[return-value]


@pytest.fixture
def town(alice: Member, bob: Member) -> Conversation:
    with scope_of(alice):
        return create_channel(alice, kind="private", name="town", members=[bob.pk])


def say(member: Member, town: Conversation, text: str, thread: UUID | None = None) -> UUID:
    with scope_of(member):
        return send_message(member, town.pk, text=text, ref=uuid4(), thread_id=thread).message.id


READERS: dict[str, Callable[[Member, Conversation, UUID], Sequence[MessageEntity]]] = {
    "page before": lambda m, c, _: history.page_before(find_conversation(m, c.pk)).messages,
    "page after": lambda m, c, _: history.page_after(find_conversation(m, c.pk), after=0).messages,
    "page around": lambda m, c, _: history.page_around(find_conversation(m, c.pk), around=1).messages,
    "thread": lambda m, c, id: history.thread(find_conversation(m, c.pk), find_thread(m, id)[0])[0],
    "pins": lambda m, c, _: history.pins(find_conversation(m, c.pk)),
    "search": lambda m, c, _: search(m, Question(q="plan")),
    "mentions": lambda m, c, _: mentions(m),
    "sync": lambda m, c, _: sync(m).messages,
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_loads_what_a_message_carries(
    alice: Member, bob: Member, files: Files, town: Conversation, follow_all: Callable[[], int], reader: str
) -> None:
    message = say(alice, town, "the plan for @bob")
    with scope_of(bob):
        pin_message(bob, message)
        add_reaction(bob, message, emoji="👍")
        file = files.attach(message, alice)
    follow_all()  # the record of mentions follows the log
    with scope_of(bob):
        (found,) = [each for each in READERS[reader](bob, town, message) if each.id == message]
    assert found.attachments == [file]
    assert [(each.emoji, each.members) for each in found.reactions] == [("👍", [bob.pk])]


def test_every_action_publishes_and_answers_what_a_message_carries(
    alice: Member, mona: Member, files: Files, town: Conversation
) -> None:
    message = say(alice, town, "the plan")
    file = files.attach(message, alice)
    with scope_of(alice):
        for answer in (
            pin_message(alice, message),
            edit_message(alice, message, text="another plan"),
            add_reaction(alice, message, emoji="👍"),
        ):
            assert answer.attachments == [file]
            newest = Event.objects.filter(entity_id=message).order_by("-pk").values_list("data", flat=True)[0]
            assert [each["id"] for each in json.loads(newest)["attachments"]] == [str(file.id)]
        assert send_message(alice, town.pk, text="the plan", ref=_ref(message)).message.attachments == [file]
        say(alice, town, "a reply", thread=message)
        head = json.loads(Event.objects.filter(entity_id=message).order_by("-pk").values_list("data", flat=True)[0])
        assert (head["reply_count"], len(head["attachments"])) == (1, 1)


def test_a_moderator_reads_what_a_reported_message_carries(
    alice: Member, bob: Member, mona: Member, files: Files, town: Conversation
) -> None:
    message = say(bob, town, "the plan")
    file = files.attach(message, bob)
    with scope_of(alice):
        report_message(alice, message, reason=Report.Reason.SPAM)
        context = read_context(mona, Report.objects.get(message=message))
    assert context.message is not None
    assert context.message.attachments == [file]


def test_a_hidden_message_shows_no_files_until_it_is_restored(
    alice: Member, bob: Member, mona: Member, files: Files, town: Conversation
) -> None:
    message = say(bob, town, "the plan")
    file = files.attach(message, bob)
    with scope_of(alice):
        pin_message(bob, message)
        add_reaction(alice, message, emoji="👍")
        hidden = hide_message(alice, message, reason="Not here.")
        assert (hidden.text, hidden.attachments, len(hidden.reactions)) == ("", [], 1)
        assert "plan" not in log_of(message)
        restored = restore_message(alice, message, reason="It may stay.")
    assert (restored.text, restored.attachments) == ("the plan", [file])


def test_a_deleted_message_loses_what_goes_on_deletion_and_keeps_the_rest(
    alice: Member, files: Files, town: Conversation
) -> None:
    message = say(alice, town, "the plan")
    files.attach(message, alice)
    with scope_of(alice):
        add_reaction(alice, message, emoji="👍")
        delete_message(alice, message)
        row = Message.objects.get(pk=message)
        assert (row.text, row.html, row.mentions, row.reactions.count(), row.revisions.count()) == ("", "", [], 0, 1)
    assert message in files.by_message, "it is kept for moderators, as the text is"


def test_a_message_removed_for_good_leaves_nothing(
    alice: Member, bob: Member, files: Files, town: Conversation
) -> None:
    message = say(bob, town, "the plan")
    files.attach(message, bob)
    with scope_of(alice):
        edit_message(bob, message, text="another plan")
        add_reaction(alice, message, emoji="👍")
        gone = remove_message(alice, message, reason="Confidential.")
        row = Message.objects.get(pk=message)
        assert (row.text, row.reactions.count(), row.revisions.count()) == ("", 0, 0)
    assert (gone.text, gone.reactions, gone.attachments, files.by_message) == ("", [], [], {})
    assert "plan" not in log_of(message)


def test_what_an_expired_message_carries_goes_with_it_and_a_head_stays_empty(
    alice: Member, files: Files, town: Conversation
) -> None:
    head, other = say(alice, town, "the plan"), say(alice, town, "the other plan")
    with scope_of(alice):
        for message in (head, other):
            files.attach(message, alice)
            add_reaction(alice, message, emoji="👍")
        Message.objects.update(created_at=timezone.now() - timedelta(days=40))
        say(alice, town, "a reply", thread=head)
        regulate_conversation(alice, town.pk, retention_days=30, reason="Tidy.")
    with every_organization():
        PURGES["expired_histories"].run()
        PURGES["expired_messages"].run()
        rows = list(Message.objects.order_by("seq").values_list("pk", "text", "purged_at"))
    assert rows[0][:2] == (head, "")
    assert rows[0][2] is not None
    assert other not in {pk for pk, *_ in rows}
    assert files.by_message == {}
    assert "plan" not in log_of(head) + log_of(other)


def test_a_fresh_message_asks_for_nothing_that_it_cannot_carry(alice: Member, files: Files, town: Conversation) -> None:
    with scope_of(alice), CaptureQueriesContext(connection) as queries:
        send_message(alice, town.pk, text="the plan", ref=uuid4())
    assert files.loads == 0
    assert not [query["sql"] for query in queries if "chat_reaction" in query["sql"]]


def test_many_messages_take_one_query_for_each_facet(alice: Member, files: Files, town: Conversation) -> None:
    for number in range(5):
        say(alice, town, f"{number}")
    with scope_of(alice):
        rows = list(Message.objects.order_by("seq"))
        assert len(entities(rows)) == 5
        assert files.loads == 1
        assert entities([]) == []
        assert files.loads == 1
        assert entity(rows[0]) == entities(rows)[0]


def test_a_facet_has_a_name_of_its_own_and_loads_its_field(files: Files) -> None:
    with pytest.raises(ValueError, match="of this name"):
        facets.register(Facet(name="files", models=(), emptied="for good"))
    with pytest.raises(ValueError, match="way to load"):
        facets.register(Facet(name="previews", models=(), emptied="for good", field="attachments"))


def log_of(message: UUID) -> str:
    with every_organization():
        rows = Event.objects.filter(entity_id=message, type__startswith="message.")
        return " ".join(rows.values_list("data", flat=True))


def _ref(message: UUID) -> UUID:
    ref = Message.objects.values_list("ref", flat=True).get(pk=message)
    assert ref is not None
    return ref

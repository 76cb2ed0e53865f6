from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.models import Member
from chat.actions.conversations import archive_conversation
from chat.actions.messages import send_message
from chat.actions.moderation import (
    hide_message,
    regulate_conversation,
    remove_message,
    restore_message,
)
from chat.actions.reactions import add_reaction
from chat.actions.removed import open_report, read_original, read_revisions
from chat.actions.reports import report_message
from chat.actions.revisions import edit_message
from chat.models import Conversation, Report
from tests.cast import scope_of
from tests.sync.conftest import Say, Verify, alike, proves

pytestmark = pytest.mark.django_db(transaction=True)

THOSE_THERE = ("alice", "alice again", "bob", "gus")


@proves(hide_message, events=("message.updated", "conversation.updated"))
def test_hide(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    message = say(bob, town, "shameful")

    def hide() -> None:
        assert hide_message(alice, message.id, reason="shame").text == ""
        assert read_original(alice, message.id).text == "shameful"
        hide_message(alice, message.id, reason="again")

    assert verify(hide) == alike(THOSE_THERE, ["message.updated", "conversation.updated"])


@proves(restore_message, events=("message.updated", "conversation.updated"))
def test_restore(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    message = say(bob, town, "harmless")

    def hide_and_restore() -> None:
        hide_message(alice, message.id, reason="looks bad")
        assert restore_message(alice, message.id, reason="is not").text == "harmless"

    assert verify(hide_and_restore) == alike(THOSE_THERE, ["message.updated", "conversation.updated"] * 2)


@proves(hide_message, restore_message, events=("message.updated", "conversation.updated"))
def test_hide_and_restore_a_reply(verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say) -> None:
    head = say(bob, town)
    reply = say(bob, town, thread_id=head.id)

    def hide_and_restore() -> None:
        hide_message(alice, reply.id, reason="looks bad")
        restore_message(alice, reply.id, reason="is not")

    received = ["message.updated", "message.updated", "conversation.updated"]
    assert verify(hide_and_restore) == alike(THOSE_THERE, received * 2)


@proves(
    remove_message,
    hide_message,
    events=("message.created", "message.updated", "conversation.updated", "message.deleted"),
)
def test_words_are_taken_out_of_the_mailboxes_they_still_lie_in(
    verify: Verify, alice: Member, bob: Member, town: Conversation
) -> None:
    def say_and_remove() -> None:
        with scope_of(bob):
            message = send_message(bob, town.pk, text="secret", ref=uuid4()).message
            edit_message(bob, message.id, text="more secret")
            add_reaction(bob, message.id, emoji="👍")
        hide_message(alice, message.id, reason="first")
        remove_message(alice, message.id, reason="for good")

    received = ["message.created", *["message.updated"] * 3, "conversation.updated", "message.deleted"]
    assert verify(say_and_remove) == alike(THOSE_THERE, received)


@proves(regulate_conversation, archive_conversation, events=("conversation.updated",))
def test_rules_of_a_conversation(verify: Verify, alice: Member, town: Conversation) -> None:
    def regulate() -> None:
        regulate_conversation(alice, town.pk, reason="quiet", locked=True)
        regulate_conversation(alice, town.pk, reason="again", locked=True)
        regulate_conversation(alice, town.pk, announcement_only=True, slow_mode=30, retention_days=7)
        archive_conversation(alice, town.pk, reason="over")

    assert verify(regulate) == alike(THOSE_THERE, ["conversation.updated"] * 3)


@proves(open_report, read_original, read_revisions)
def test_reading_removed_text_publishes_nothing(
    verify: Verify, alice: Member, bob: Member, town: Conversation, say: Say
) -> None:
    message = say(bob, town, "shameful")
    with scope_of(alice):
        edit_message(bob, message.id, text="shameless")
        report = report_message(alice, message.id, reason=Report.Reason.SPAM)
        hide_message(alice, message.id, reason="shame")

    def read() -> None:
        assert open_report(alice, report.pk).message_id == message.id
        assert read_original(alice, message.id).text == "shameless"
        assert [each.text for each in read_revisions(alice, message.id)] == ["shameful"]

    assert verify(read) == {}

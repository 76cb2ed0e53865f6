from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Member
from tests.chat.api.conftest import code_of

Ask = Callable[[Member], list[str]]


def texts(answer: Any) -> list[str]:
    return [message["text"] for message in answer["results"]]


@pytest.fixture
def mentions_of(api_of, follow_all: Callable[[], int]) -> Ask:
    """By member: the texts of the messages that concern them, once all messages are recorded."""

    def ask(member: Member) -> list[str]:
        follow_all()
        return texts(api_of(member).get("mentions"))

    return ask


def test_what_calls_one_newest_last(api_of, mentions_of: Ask, alice: Member, bob: Member, gus: Member) -> None:
    api = api_of(alice)
    town = api.channel(members=[bob.pk, gus.pk])
    api.say(town, "nobody in particular")
    for text in ("hello @bob", "hello @channel", "hello @gus"):
        api.say(town, text)
    api_of(bob).say(town, "I am @bob, and @here I am")  # one does not call oneself
    assert mentions_of(bob) == ["hello @bob", "hello @channel"]
    assert mentions_of(gus) == ["hello @channel", "hello @gus", "I am @bob, and @here I am"]
    assert api_of(bob).get("mentions")["next"] is None


def test_answers_in_threads_that_one_started_or_wrote_in(
    api_of, mentions_of: Ask, alice: Member, bob: Member, gus: Member
) -> None:
    town = api_of(alice).channel(members=[bob.pk, gus.pk])
    mine, theirs = api_of(bob).say(town, "a question"), api_of(alice).say(town, "another")
    api_of(alice).say(town, "an answer", thread=mine["id"])
    api_of(gus).say(town, "before I came", thread=theirs["id"])
    assert mentions_of(bob) == ["an answer"]
    api_of(bob).say(town, "me, too", thread=theirs["id"])
    gone = api_of(gus).say(town, "a slip", thread=theirs["id"])
    api_of(gus).say(town, "after", thread=theirs["id"])
    api_of(gus)("DELETE", f"messages/{gone['id']}")
    assert mentions_of(bob) == ["an answer", "after"]  # what came before Bob wrote is not an answer to him


def test_page_by_page(api_of, follow_all: Callable[[], int], alice: Member, bob: Member) -> None:
    town = api_of(alice).channel(members=[bob.pk])
    for number in range(5):
        api_of(alice).say(town, f"@bob {number}")
    follow_all()
    api = api_of(bob)
    page = api.get("mentions", limit=2)
    assert texts(page) == ["@bob 3", "@bob 4"]
    page = api.http.get(page["next"]).json()
    assert texts(page) == ["@bob 1", "@bob 2"]
    page = api.http.get(page["next"]).json()
    assert (texts(page), page["next"]) == (["@bob 0"], None)
    assert code_of(api("GET", "mentions", before="yesterday")) == (422, "invalid")


def test_only_what_one_may_read_now(
    api_of, mentions_of: Ask, follow_all: Callable[[], int], alice: Member, bob: Member, gus: Member, charlie: Member
) -> None:
    api = api_of(alice)
    private, public = api.channel("quiet", "private", [bob.pk, gus.pk]), api.channel("loud", members=[bob.pk, gus.pk])
    root = api_of(bob).say(private, "a thread")
    api.say(private, "an answer", thread=root["id"])
    for channel in (private, public):
        api.say(channel, f"@bob, @gus and @channel in {channel['name']}")
        follow_all()
        for member in (bob, gus):
            api("DELETE", f"conversations/{channel['id']}/participants/{member.pk}")
    assert mentions_of(bob) == ["@bob, @gus and @channel in loud"]  # public: they may look in
    assert mentions_of(gus) == []
    api("POST", f"conversations/{public['id']}/participants", {"member": gus.pk})
    assert mentions_of(gus) == ["@bob, @gus and @channel in loud"]
    assert mentions_of(charlie) == []
    assert code_of(api_of(charlie, "acme")("GET", "mentions")) == (404, "not_found")


def test_a_newcomer_was_not_called_before_they_came(api_of, mentions_of: Ask, alice: Member, bob: Member) -> None:
    town = api_of(alice).channel()
    api_of(alice).say(town, "@channel, listen")
    api_of(bob)("POST", f"conversations/{town['id']}/join")
    api_of(alice).say(town, "@channel, again")
    assert mentions_of(bob) == ["@channel, again"]


def test_each_message_says_why(api_of, follow_all: Callable[[], int], alice: Member, bob: Member) -> None:
    town = api_of(alice).channel(members=[bob.pk])
    api_of(bob)("PATCH", "members/me", {"preferences": {"keywords": ["plan"]}})
    question = api_of(bob).say(town, "a question")
    api_of(alice).say(town, "an answer", thread=question["id"])
    for text in ("the plan", "@channel, the plan", "@bob and @channel"):
        api_of(alice).say(town, text)
    follow_all()
    reasons = [message["reason"] for message in api_of(bob).get("mentions")["results"]]
    assert reasons == ["reply", "keyword", "group", "mention"]

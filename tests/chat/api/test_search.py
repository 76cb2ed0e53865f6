from __future__ import annotations

from accounts.models import Member
from tests.chat.api.conftest import code_of


def texts(page: dict) -> list[str]:
    return [message["text"] for message in page["results"]]


def test_words_are_found_in_any_form_and_marked(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    api.say(channel, "We deployed the new search yesterday")
    api.say(channel, "Lunch is ready")

    (found,) = api.get("search", q="deploying searches")["results"]

    assert [piece["text"] for piece in found["excerpt"] if piece["hit"]] == ["deployed", "search"]
    assert "".join(piece["text"] for piece in found["excerpt"]) in "We deployed the new search yesterday"


def test_markup_in_a_message_stays_text_in_its_excerpt(api_of, alice: Member) -> None:
    api = api_of(alice)
    api.say(api.channel(), "<b>bold</b> \x02 move")
    (found,) = api.get("search", q="move")["results"]
    assert [piece["text"] for piece in found["excerpt"] if piece["hit"]] == ["move"]


def test_filters_narrow_it_down(api_of, alice: Member, bob: Member) -> None:
    here = api_of(alice).channel("here", members=[bob.pk])
    there = api_of(alice).channel("there", members=[bob.pk])
    first = api_of(alice).say(here, "plan of alice here")
    api_of(bob).say(here, "plan of bob here")
    last = api_of(bob).say(there, "plan of bob elsewhere")
    api = api_of(alice)
    assert texts(api.get("search", q="plan", conversation=here["id"])) == ["plan of alice here", "plan of bob here"]
    assert texts(api.get("search", q="plan", author=bob.pk)) == ["plan of bob here", "plan of bob elsewhere"]
    assert texts(api.get("search", q="plan", before=last["created_at"])) == ["plan of alice here", "plan of bob here"]
    assert len(api.get("search", q="plan", after=first["created_at"])["results"]) == 3
    assert texts(api.get("search", q='"bob elsewhere" -alice')) == ["plan of bob elsewhere"]


def test_pages_go_back_in_time_newest_last(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    for number in range(5):
        api.say(channel, f"finding number{number}")
    page = api.get("search", q="finding", limit=2)
    assert texts(page) == ["finding number3", "finding number4"]
    page = api.http.get(page["next"]).json()
    assert texts(page) == ["finding number1", "finding number2"]
    page = api.http.get(page["next"]).json()
    assert (texts(page), page["next"]) == (["finding number0"], None)


def test_nothing_is_found_where_one_may_not_look(
    api_of, alice: Member, bob: Member, gus: Member, charlie: Member
) -> None:
    secret = api_of(alice).channel("secret", kind="private")
    public = api_of(alice).channel("public")
    api_of(alice).say(secret, "treasure map")
    api_of(alice).say(public, "treasure chest")
    assert texts(api_of(bob).get("search", q="treasure")) == ["treasure chest"]
    assert texts(api_of(gus).get("search", q="treasure")) == []
    assert texts(api_of(charlie).get("search", q="treasure")) == []
    assert code_of(api_of(bob)("GET", "search", q="treasure", conversation=secret["id"])) == (404, "not_found")
    assert code_of(api_of(charlie)("GET", "search", q="treasure", conversation=public["id"])) == (404, "not_found")


def test_deleted_and_rewritten_words_are_gone(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    api("DELETE", f"messages/{api.say(channel, 'regret one')['id']}")
    api("PATCH", f"messages/{api.say(channel, 'regret two')['id']}", {"text": "glad two"})
    assert texts(api.get("search", q="regret")) == []


def test_odd_questions_are_answered_or_refused(api_of, alice: Member) -> None:
    api = api_of(alice)
    for q in ("&|!():*", "'", "\\", "a" * 200, "日本語", '"'):
        assert api.get("search", q=q)["results"] == []
    assert api.get("search", q="x", before="1667-05-10T10:19:54+18:19")["results"] == []
    for query in (
        {"q": "a", "after": "0001-01-01T00:00:00+01:00"},
        {},
        {"q": "a" * 201},
        {"q": "a\x00"},
        {"q": "a", "before": "yesterday"},
        {"q": "a", "limit": 0},
    ):
        assert code_of(api("GET", "search", **query)) == (422, "invalid"), query


def test_filters_alone_find_what_they_leave(api_of, alice: Member, bob: Member, charlie: Member) -> None:
    here = api_of(alice).channel("here", members=[bob.pk])
    api_of(alice).say(here, "by alice")
    api_of(bob).say(here, "by bob " + "x" * 400)
    (found,) = api_of(alice).get("search", author=bob.pk)["results"]
    assert [(len(piece["text"]), piece["hit"]) for piece in found["excerpt"]] == [(300, False)]
    assert len(api_of(alice).get("search", conversation=here["id"])["results"]) == 2
    assert texts(api_of(charlie).get("search", author=bob.pk)) == []

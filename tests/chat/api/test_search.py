from __future__ import annotations

import pytest

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
    for q in ("&|!():*", "'", "\\", "a" * 200, "日本語", '"', "-", "OR", "\u200b"):
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
    assert [(len(piece["text"]), piece["hit"]) for piece in found["excerpt"]] == [(300, False), (2, False)]
    assert len(api_of(alice).get("search", conversation=here["id"])["results"]) == 2
    assert texts(api_of(charlie).get("search", author=bob.pk)) == []


FOUND = [
    # What a phone or a Mac types by itself
    ("the team’s budget", ["team", "team's", "team’s", "teams", "budget", "the team’s budget"]),
    ("deploy… “rollout” foo—bar", ["deploy", "rollout", "bar", "foo", "foo—bar", "“rollout”"]),
    ("«привет», мир", ["привет", "мир", "«привет»"]),
    ("done👍 a\u00a0word", ["done", "word", "👍", "a\u00a0word"]),
    ("‘quoted’ and •listed", ["quoted", "listed"]),
    # Addresses and identifiers, whole and in parts
    (
        "see https://example.com/abc?x=1#part",
        ["https://example.com/abc?x=1#part", "example.com", "abc", "part", "example"],
    ),
    (
        "fix sess.opts.crate_types today",
        ["sess", "opts", "sess opts", "crate_types", "sess.opts.crate_types"],
    ),
    ("mail ada.lovelace@example.org", ["ada.lovelace@example.org", "lovelace", "example.org", "@example"]),
    ("10.0.0.254:8080 is down", ["10.0.0.254", "10.0.0.254:8080", "8080"]),
    (r"C:\Users\ada\report-2026-11-30.pdf", [r"C:\Users\ada\report-2026-11-30.pdf", "report", "2026-11-30", "pdf"]),
    ("HTTPServer raised a TypeError", ["TypeError", "typeerror", "error", "server", "httpserver"]),
    ("e-mail or email about C++, C# and .NET", ["e-mail", "email", "mail", "C++", "c#", ".net", "c"]),
    ("#42 is PARLEY-1234", ["#42", "42", "PARLEY-1234", "parley1234", "1234"]),
    # Accents and case
    (
        "Café Zürich, smørrebrød, façade, İstanbul, ΑΘΉΝΑ",
        ["cafe", "CAFÉ", "zurich", "smorrebrod", "facade", "istanbul", "αθηνα"],
    ),
    ("Straße und ﬁnal ＡＢＣ", ["strasse", "Straße", "final", "abc"]),
    ("ёлка", ["елка", "Ёлка"]),
    ("שָׁלוֹם مُحَمَّد", ["שלום", "محمد"]),
    # Scripts without spaces
    ("我家在上海东边。", ["上海", "我家在上海", "我家在上海东边", "海", "边"]),
    ("東京タワーへ行きました", ["東京", "タワー", "東京タワー", "行き"]),
    ("회의가 내일 있습니다", ["회의", "회의가", "내일"]),
    ("ภาษาไทยง่ายมาก", ["ไทย", "ภาษาไทย"]),
    ("新しいiPhone15を買う", ["iPhone15", "iphone15", "新しい", "買う"]),
    # Words that are in nearly every text
    ("what about it", ["what about", '"what about it"', "about"]),
    ("to be or not to be", ['"to be or not to be"', "to be"]),
    ("I don't know", ["don't", "don’t", "dont", "know"]),
    # The beginning of the last word
    ("the export is ready", ["expo", "the exp", "export rea"]),
]


@pytest.mark.parametrize(("text", "queries"), FOUND, ids=[text[:20] for text, _ in FOUND])
def test_what_is_copied_out_of_a_message_finds_it_and_is_marked(
    api_of, alice: Member, charlie: Member, text: str, queries: list[str]
) -> None:
    api = api_of(alice)
    channel = api.channel()
    api.say(channel, "something else entirely, zzz")
    api.say(channel, text)
    for q in queries:
        (found,) = api.get("search", q=q)["results"]
        assert found["text"] == text, q
        assert any(piece["hit"] for piece in found["excerpt"]), q
        assert "".join(piece["text"] for piece in found["excerpt"]) == text, q
        assert api_of(charlie).get("search", q=q)["results"] == []


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("the plan of bob", '"plan bob"'),
        ("example.org and example.com", "example.com/abc"),
        ("opts.sess", "sess.opts"),
        ("上东海", "上海"),
        ("theory", '"the"'),
        ("a red car", "red -car"),
        ("cat", "dog OR bird"),
        ("exporting", '"expo"'),
        ("C is a language", "C++"),
    ],
)
def test_what_is_not_there_is_not_found(api_of, alice: Member, text: str, q: str) -> None:
    api = api_of(alice)
    api.say(api.channel(), text)
    assert api.get("search", q=q)["results"] == []


def test_alternatives_and_exclusions(api_of, alice: Member) -> None:
    api = api_of(alice)
    channel = api.channel()
    for text in ("red apple", "green apple", "green pear"):
        api.say(channel, text)
    assert texts(api.get("search", q="red OR pear")) == ["red apple", "green pear"]
    assert texts(api.get("search", q='apple -"red apple"')) == ["green apple"]
    assert texts(api.get("search", q="-apple", conversation=channel["id"])) == ["green pear"]


def test_an_edited_message_is_found_by_its_new_words_alone(api_of, alice: Member) -> None:
    api = api_of(alice)
    message = api.say(api.channel(), "our träume")
    api("PATCH", f"messages/{message['id']}", {"text": "our pläne"})
    assert texts(api.get("search", q="traume")) == []
    assert texts(api.get("search", q="plane")) == ["our pläne"]


def test_the_excerpt_of_a_long_message_shows_what_stands_around_the_matches(api_of, alice: Member) -> None:
    api = api_of(alice)
    text = (
        "start "
        + "lorem ipsum " * 40
        + "the first needle here "
        + "dolor sit " * 60
        + "the second needle there "
        + "amet " * 50
    )
    api.say(api.channel(), text)
    (found,) = api.get("search", q="needle")["results"]
    assert [piece["text"] for piece in found["excerpt"] if piece["hit"]] == ["needle", "needle"]
    for piece in found["excerpt"]:
        assert piece["text"].strip() == "…" or piece["text"] in text
    assert len("".join(piece["text"] for piece in found["excerpt"])) < 400

"""The normalizer of the search: the same words from a message and from a query, in every script."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from chat import lexemes
from chat.lexemes import LONGEST_LEXEME, fold, quoted, tokens_of, vector
from chat.queries.terms import parse

# Several scripts, marks, joiners, quotation marks, operators, capitals, invisible characters.
CHARACTERS = "aBz09 -_'’.,:/\\@#+&|!()*\"“”«»\n\u00a0\u200b\u200d\u00ad\ufe0fäßøée\u0301İяёשלָوُ上海タ회의ไทย👍🇩🇪½①ﬁＡ"
texts = st.text(st.sampled_from(CHARACTERS), max_size=60) | st.text(max_size=40)
plain = st.text(st.sampled_from("abcDE .,'’-—…\n01/:_@"), max_size=80)


@given(plain)
def test_the_short_way_of_plain_english_gives_the_same_index(text: str) -> None:
    typed = text.translate(lexemes._TYPED)
    if typed.isascii() and not lexemes._UNUSUAL.search(typed):
        assert sorted(lexemes._plain_lexemes(typed)) == sorted(lexemes._lexemes(text))
    every = {lexeme for lexeme, _ in lexemes._lexemes(text)}
    assert {quoted(lexeme) for lexeme in every} == {
        entry.rpartition(":")[0] for entry in vector(text).split(" ") if entry
    }


@given(texts)
def test_tokens_stand_in_order_in_the_text(text: str) -> None:
    tokens = tokens_of(text)
    for token in tokens:
        assert 0 <= token.start < token.end <= len(text)
        assert 0 < len(token.word) <= 4 * LONGEST_LEXEME
    assert [token.start for token in tokens] == sorted(token.start for token in tokens)


@given(texts)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    for token in tokens_of(text):
        assert fold(token.word) == token.word


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        "",
        "'",
        "\\",
        "it's \\ a 'test' of \\'",
        "a" * 5000,
        "word " * 3000,
        "上" * 12_000,
        "x\u0301" * 500,
        "ﷺ" * 300,
        "''\\''",
    ],
)
def test_postgresql_takes_every_index_and_query(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector @@ %s::tsquery", [vector(text), parse(text[:200]).expression()])
        (found,) = cursor.fetchone() or (None,)
    assert found is bool(tokens_of(text[:200]))


@pytest.mark.django_db
@given(st.data())
def test_any_word_that_is_copied_out_of_a_text_finds_it(data: st.DataObject) -> None:
    text = data.draw(texts)
    words = [word for word in text.split() if parse(word).groups and '"' not in word]
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    query = parse(word)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector @@ %s::tsquery", [vector(text), query.expression()])
        assert cursor.fetchone() == (True,)
    assert any(list(term.spans(tokens_of(text))) for term in query.terms)

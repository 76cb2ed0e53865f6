"""A keyword is found as a word, in any script, whatever its case and accents."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from chat.attention.keywords import Keywords

BOB, GUS = uuid4(), uuid4()


def finds(keyword: str, text: str) -> bool:
    return Keywords({BOB: [keyword]}).members_in(text) == {BOB}


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("deploy", "Deploy!"),
        ("Café", "in the CAFE"),
        ("straße", "STRASSE"),
        ("on call", "who is on-call?"),
        ("C++", "is C++ faster than C#"),
        ("c#", "C#, of course"),
        ("iphone", "my iPhone"),
        ("Москва", "в МОСКВА"),
        ("مرحبا", "مَرْحَبًا بكم"),
        ("東京", "来週は東京都に"),
        ("배포", "오늘 배포합니다"),
        ("🚀", "ship it🚀🚀"),
        ("2026", "in 2026."),
    ],
)
def test_a_keyword_is_found(keyword: str, text: str) -> None:
    assert finds(keyword, text)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("deploy", "deployment"),
        ("ploy", "deploy"),
        ("on call", "call on"),
        ("C", "C++"),
        ("東京", "京東"),
        ("202", "2026"),
        ("plan", ""),
        ("!!!", "stop!!!"),
    ],
)
def test_a_keyword_is_not_found(keyword: str, text: str) -> None:
    assert not finds(keyword, text)


def test_each_member_has_their_own() -> None:
    keywords: dict[UUID, list[str]] = {BOB: ["plan", "red plan"], GUS: ["red plan"]}
    assert Keywords(keywords).members_in("the plan") == {BOB}
    assert Keywords(keywords).members_in("the red plan") == {BOB, GUS}
    assert Keywords({}).members_in("the plan") == set()

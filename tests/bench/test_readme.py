"""The table in the README says what the last official run has measured."""

from __future__ import annotations

from tests.tools.bench.readme import END, README, START, filled, section


def test_the_readme_is_current():
    text = README.read_text()
    assert START in text
    assert END in text
    assert filled(text) == text, "write it again: python -m tests.tools.bench.readme"


def test_it_says_when_where_and_what_is_not_comparable():
    text = section()
    assert "Measured on 20" in text
    assert "**not** comparable" in text
    assert text.count("\n| ") == 2 + 6

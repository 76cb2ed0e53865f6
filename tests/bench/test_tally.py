"""The counter that says whether a run was right: what it would not notice would be no loss to anybody."""

from __future__ import annotations

from tests.tools.bench.tally import Tally, number_of, text_of


def test_a_text_says_which_message_it_is_and_has_its_size():
    assert number_of(text_of(1234)) == 1234
    assert len(text_of(1234).encode()) == 300


def test_everybody_once_is_right():
    tally = _posted(readers=3, messages=2)
    for reader in range(3):
        for number in range(2):
            tally.applied(reader, number)
    assert tally.problems() == []
    assert (tally.delivered, len(tally.latencies)) == (6, 6)


def test_one_that_is_missing_is_lost():
    tally = _posted(readers=3, messages=1)
    tally.applied(0, 0)
    assert tally.problems() == ["2 deliveries lost"]


def test_twice_to_one_does_not_make_up_for_another():
    tally = _posted(readers=2, messages=1)
    tally.applied(0, 0)
    tally.applied(0, 0)
    assert tally.problems() == ["1 deliveries lost", "1 deliveries delivered twice"]


def test_what_nobody_sent_is_noticed():
    tally = _posted(readers=1, messages=1)
    tally.applied(0, 0)
    tally.applied(0, 1)
    assert tally.problems() == ["1 deliveries never sent"]


def test_a_message_is_done_when_the_last_one_has_it():
    tally = _posted(readers=2, messages=2)
    done: list[int] = []
    tally.done = done.append
    for reader, number in ((0, 0), (0, 1), (1, 1), (1, 0)):
        tally.applied(reader, number)
    assert done == [1, 0]


def test_a_smaller_audience_is_complete_without_the_others():
    tally = Tally(5, capacity=1)
    tally.post(audience=2)
    tally.applied(3, 0)
    tally.applied(4, 0)
    assert tally.problems() == []


def _posted(*, readers: int, messages: int) -> Tally:
    tally = Tally(readers, capacity=messages + 1)
    for _ in range(messages):
        tally.post()
    return tally

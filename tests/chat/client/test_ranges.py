"""Ranges against sets: the same functions, written number by number."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chat.client.ranges import Ranges, clip, close, contains, count_unread, difference, size, union

LIMIT = 40
numbers = st.sets(st.integers(0, LIMIT))
edges = st.integers(0, LIMIT)


def ranges_of(some: set[int]) -> Ranges:
    return union([[number, number] for number in some])


def numbers_of(ranges: Ranges) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(numbers)
def test_ranges_are_ascending_and_do_not_touch(some: set[int]) -> None:
    ranges = ranges_of(some)
    assert all(first <= last for first, last in ranges)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(ranges))
    assert (numbers_of(ranges), size(ranges)) == (some, len(some))


@given(numbers, numbers)
def test_union_and_difference(one: set[int], other: set[int]) -> None:
    assert union(ranges_of(one), ranges_of(other)) == ranges_of(one | other)
    assert difference(ranges_of(one), ranges_of(other)) == ranges_of(one - other)


@given(numbers, edges, edges)
def test_clip_and_contains(some: set[int], first: int, last: int) -> None:
    assert clip(ranges_of(some), first, last) == ranges_of({each for each in some if first <= each <= last})
    assert contains(ranges_of(some), first) is (first in some)


@given(numbers, edges)
def test_a_position_moves_over_what_is_read_without_a_gap(some: set[int], position: int) -> None:
    end = close(position, ranges_of(some))
    assert set(range(position + 1, end + 1)) <= some
    assert end + 1 not in some


@given(numbers, numbers, edges, edges, st.none() | edges)
def test_unread(read: set[int], gone: set[int], first: int, last: int, mark: int | None) -> None:
    expected = [
        seq
        for seq in range(first, last + 1)
        if seq not in gone and (seq not in read or (mark is not None and seq >= mark))
    ]
    counted = count_unread(first_seq=first, last_seq=last, read=ranges_of(read), gone=ranges_of(gone), unread_from=mark)
    assert counted == len(expected)


def test_nothing_is_clipped_where_the_first_is_above_the_last() -> None:
    assert count_unread(first_seq=2, last_seq=0, read=[], gone=[[0, 2]], unread_from=None) == 0

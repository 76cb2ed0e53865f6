"""Sets of sequence numbers, written as the wire writes them: inclusive ranges `[[from, to], …]`, ascending, with at
least one number missing between two of them. Every function takes such lists and returns new ones."""

from __future__ import annotations

from collections.abc import Iterable

Ranges = list[list[int]]


def union(*sets: Iterable[list[int]]) -> Ranges:
    """The numbers that are in any of the sets. The ranges that are given may be in any order, overlap or touch."""
    merged: Ranges = []
    for first, last in sorted(each for one in sets for each in one):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return merged


def difference(ranges: Ranges, removed: Ranges) -> Ranges:
    """The numbers of the first set that are not in the second."""
    left = ranges
    for first, last in removed:
        left = [part for piece in left for part in _cut(piece, first, last)]
    return left


def clip(ranges: Ranges, first: int, last: int) -> Ranges:
    """Return the numbers from `first` to `last` that are in the set; none if `first` is above `last`."""
    clipped = ([max(low, first), min(high, last)] for low, high in ranges)
    return [[low, high] for low, high in clipped if low <= high]


def contains(ranges: Ranges, number: int) -> bool:
    return any(low <= number <= high for low, high in ranges)


def size(ranges: Ranges) -> int:
    """How many numbers the set has."""
    return sum(high - low + 1 for low, high in ranges)


def close(position: int, read: Ranges) -> int:
    """The read position: where nothing is missing right after `position`, the end of what is read without a gap."""
    return next((high for low, high in read if low <= position + 1 <= high), position)


def count_unread(*, first_seq: int, last_seq: int, read: Ranges, gone: Ranges, unread_from: int | None) -> int:
    """How many messages from `first_seq` to `last_seq` neither count as read nor are gone.

    From the mark `unread_from` on, nothing counts as read.
    """
    counted = read if unread_from is None else clip(read, 0, unread_from - 1)
    return max(0, last_seq - first_seq + 1) - size(clip(union(counted, gone), first_seq, last_seq))


def _cut(piece: list[int], first: int, last: int) -> Ranges:
    """What is left of one range without the numbers from `first` to `last`."""
    low, high = piece
    if last < low or first > high:
        return [piece]
    return [part for part in ([low, first - 1], [last + 1, high]) if part[0] <= part[1]]

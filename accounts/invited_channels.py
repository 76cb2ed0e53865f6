"""The channels that an invitation can lead to. accounts knows no channels: the chat registers how they are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from accounts.models import Member


class InvitedChannel(NamedTuple):
    id: UUID
    name: str
    is_private: bool


Finder = Callable[[Member, Sequence[UUID] | None], Sequence[InvitedChannel]]

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Register the function that finds the channels to which a member may add people; with ids, those among them."""
    _finders[:] = [finder]


def offered(member: Member, ids: Sequence[UUID] | None = None) -> list[InvitedChannel]:
    """Return the channels to which the member may add people, by name; with `ids` only those among them."""
    return [channel for finder in _finders for channel in finder(member, ids)]

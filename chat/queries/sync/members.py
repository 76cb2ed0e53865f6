"""The people of an answer."""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec

from accounts.models import Member
from chat import sql
from chat.access import known_members
from chat.entities.members import Member as MemberEntity
from chat.entities.members import member_entity
from chat.entities.messages import Message as MessageEntity
from chat.entities.participants import Participant as ParticipantEntity
from chat.entities.registry import registrations
from chat.models import Conversation
from chat.queries.cursor import Cursor
from chat.queries.sync import limits

_CHANGED: Final = """
SELECT entity_id FROM chat_event
WHERE organization_id = %(organization)s AND conversation_id IS NULL AND member_id IS NULL
    AND xid >= %(since)s::text::xid8 AND type = ANY(%(types)s)
ORDER BY xid DESC LIMIT %(limit)s
"""
_MEMBERS: Final = f"""
SELECT {sql.columns(Member)} FROM accounts_member WHERE organization_id = %s AND id = ANY(%s::uuid[])
"""


def members_of(
    member: Member,
    start: Cursor,
    messages: Iterable[MessageEntity],
    participants: Iterable[ParticipantEntity],
    conversations: Iterable[Conversation],
) -> tuple[list[MemberEntity], bool]:
    """Return the members that the answer holds, and whether there is a gap.

    The answer holds everybody whom its messages, participants and conversations refer to and, on its first page,
    everybody who changed. Clients ask for all others when these are looked at. With a gap, clients forget all members
    that are not in the answer.
    """
    referred = {member.pk, *(message.author for message in messages), *(each.member for each in participants)}
    referred.update(id for conversation in conversations for id in conversation.people)
    changed, gap = _changed_members(member, start) if start.since and start.after is None else (set(), False)
    rows = _members_by_id(member, referred)
    rows += known_members(member).filter(pk__in=changed - referred) if changed and not gap else []
    entities = (member_entity(row, own=row.pk == member.pk) for row in rows)
    return sorted(entities, key=lambda entity: entity.id), gap


def _changed_members(member: Member, start: Cursor) -> tuple[set[UUID], bool]:
    """Return who changed, and whether that is a gap. A few people with many changes push others out: that is one, too.

    An entity whose owner is a member, and which has their id as its own, counts as a part of them.
    """
    given: dict[str, object] = {
        "organization": member.organization_id,
        "since": start.since,
        "types": _types_about_members(),
        "limit": limits.EVENTS + 1,
    }
    ids = [id for (id,) in sql.execute(_CHANGED, given)]
    changed = set(ids)
    return changed, len(ids) > limits.EVENTS or len(changed) > limits.PEOPLE


def _types_about_members() -> list[str]:
    about = [each for each in registrations() if each.noun == "member" or each.owner == "member"]
    return [type for each in about for type in each.event_types]


def _members_by_id(member: Member, ids: Iterable[UUID]) -> list[Member]:
    rows = sql.rows(Member, sql.execute(_MEMBERS, [member.organization_id, list(ids)]))
    for row in rows:
        if isinstance(row.preferences, str):  # Django's connections leave JSON in text form to its fields
            row.preferences = msgspec.json.decode(row.preferences)
    return rows

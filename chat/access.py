"""The only door to an object: every read and write of a conversation, message or member starts here.

What a member may not know of is NotFound, exactly like what does not exist; what they see but may not do is Forbidden.
"""

# ruff: noqa: S608  # the parts of the statements are names of ours, never input

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Member
from accounts.roles import Right, is_above, may_moderate
from accounts.rules import Rule, require_voice
from accounts.tenancy import current_organization_id
from chat import rules, sql
from chat.errors import Forbidden, NotFound, Refusal, Throttled
from chat.models import Conversation, Kind, Message, Participant, Report
from chat.sql import array

OPEN_REPORTS: Final = 200  # counted for a moderator: the page shows "99+" long before
SLOW_LOOKBACK: Final = 2_000  # messages searched for one's last: with more since then, others set the pace


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation as one member stands to it; `participant` is None for a public channel they have not joined."""

    member: Member
    conversation: Conversation
    participant: Participant | None

    @property
    def runs_channel(self) -> bool:
        """Whether the member is an admin of this channel, which others made them: nobody makes themself one."""
        is_admin = self.participant is not None and self.participant.role == Participant.Role.ADMIN
        return is_admin and self.conversation.is_channel

    @property
    def is_admin(self) -> bool:
        """May rename, archive and remove people: the channel's admins and the organization's moderators."""
        return self.runs_channel or (self.conversation.is_channel and self.member.may(Right.MANAGE_CHANNELS))


def visible_conversations(member: Member) -> QuerySet[Conversation]:
    """What a member takes part in and, unless they are a guest, every public channel."""
    present = Exists(Participant.objects.filter(conversation=OuterRef("pk"), member=member, left_at=None))
    condition = Q(present)
    if member.may(Right.BROWSE):
        condition |= Q(kind=Kind.PUBLIC)
    return Conversation.objects.filter(condition)


def find_conversation(member: Member, conversation_id: UUID, *, lock: bool = False) -> Place:
    """The conversation as the member sees it. `lock` takes its row, the first in the lock order."""
    conversations = Conversation.objects.filter(pk=conversation_id)
    if lock:
        conversations = conversations.select_for_update(no_key=True)
    conversation = conversations.first()
    if conversation is None:
        raise NotFound
    participant = Participant.objects.filter(conversation=conversation, member=member, left_at=None).first()
    return _place(member, conversation, participant)


def lock_conversation(member: Member, conversation_id: UUID, rule: Rule) -> Place:
    """Return the conversation, locked, where it is in a state that the rule allows. Raises NotFound, Forbidden."""
    place = find_conversation(member, conversation_id, lock=True)
    require_open(place, rule)
    return place


def require_open(place: Place, rule: Rule) -> None:
    """Raise Forbidden where the rule does not allow the act: archived, locked, or a muted member. No queries here."""
    if not rule.archived and place.conversation.archived_at is not None:
        raise Forbidden(gettext("The channel is archived."))
    if not rule.locked and place.conversation.locked_at is not None and not place.member.may(Right.MODERATE):
        raise Forbidden(gettext("A moderator has locked this conversation."))
    require_voice(place.member, rule)


def require_rank(place: Place, subject: Member) -> None:
    """Raise Forbidden where the member may not act against `subject`.

    Nobody acts against a role above their own. Who runs the channel may act against equals, who steps in as a
    moderator against lower roles alone; owners against everybody.
    """
    member = place.member
    if is_above(subject.role, member.role) or not (place.runs_channel or may_moderate(member.role, subject.role)):
        raise Forbidden(gettext("You may not do that to a member of this role."))


Places = dict[tuple[UUID, UUID], Place | Refusal]
"""By conversation and member id: the place, or why not."""


def lock_all_to_write(pairs: Iterable[tuple[UUID, UUID]]) -> Callable[[], Places]:
    """Lock the conversations in which members want to write, in ascending order, and look up who may.

    The pairs are (conversation id, member id); the members need not be members any more. Called within
    `sql.together()`; what it returns gives the answer after it. Members of one conversation share its object.
    """
    wanted = set(pairs)
    given = {
        "organization": current_organization_id(),
        "conversations": array(sorted({conversation_id for conversation_id, _ in wanted})),
        "members": array(sorted({member_id for _, member_id in wanted})),
    }
    locked = sql.execute(_LOCK_CONVERSATIONS, given)
    # Behind the locks: who was removed while we waited is not found any more.
    present = sql.execute(_FIND_SEATS, given)

    def places() -> Places:
        conversations = {each.pk: each for each in sql.rows(Conversation, locked)}
        members, participants = _seats(present.fetchall())
        return {
            key: _place_to_write(members.get(key[1]), conversations.get(key[0]), participants.get(key))
            for key in wanted
        }

    return places


_LOCK_CONVERSATIONS: Final = f"""
SELECT {sql.columns(Conversation)} FROM chat_conversation
WHERE organization_id = %(organization)s AND id = ANY(%(conversations)s::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
# A row for each conversation in which a member sits, at least one a member.
_FIND_SEATS: Final = f"""
SELECT {sql.columns(Member)}, {sql.columns(Participant)}
FROM accounts_member LEFT JOIN chat_participant ON chat_participant.member_id = accounts_member.id
    AND chat_participant.organization_id = %(organization)s AND chat_participant.left_at IS NULL
    AND chat_participant.conversation_id = ANY(%(conversations)s::uuid[])
WHERE accounts_member.organization_id = %(organization)s AND accounts_member.id = ANY(%(members)s::uuid[])
    AND accounts_member.deactivated_at IS NULL
"""


def _seats(
    rows: Sequence[Sequence[Any]],
) -> tuple[dict[UUID, Member], dict[tuple[UUID, UUID], Participant]]:
    """Who is still a member, and where they sit: what `_FIND_SEATS` found."""
    width = sql.width(Member)
    members = {each.pk: each for each in sql.rows(Member, (row[:width] for row in rows))}
    seats = sql.rows(Participant, (row[width:] for row in rows if row[width] is not None))
    return members, {(each.conversation_id, each.member_id): each for each in seats}


def lock_to_manage(member: Member, conversation_id: UUID, rule: Rule) -> Place:
    """Return the same for those who run the channel, and for moderators."""
    place = lock_conversation(member, conversation_id, rule)
    if not place.is_admin:
        raise Forbidden(gettext("Only the channel's admins and moderators may do that."))
    return place


def find_message(member: Member, message_id: UUID, *, lock: bool = False) -> tuple[Message, Place]:
    """A message with its conversation. `lock` takes the conversation first and reads the message behind that lock."""
    conversation_id = Message.objects.filter(pk=message_id).values_list("conversation_id", flat=True).first()
    if conversation_id is None:
        raise NotFound
    place = find_conversation(member, conversation_id, lock=lock)
    message = Message.objects.filter(pk=message_id).first()
    if message is None or is_expired(message, place.conversation):  # perhaps purged while we waited
        raise NotFound
    return message, place


def find_thread(member: Member, message_id: UUID) -> tuple[Message, Place]:
    """The head of a thread with its conversation, also one whose own time is over while there are younger replies."""
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound
    place = find_conversation(member, message.conversation_id)
    if is_thread_over(message, place.conversation):
        raise NotFound
    return message, place


def is_thread_over(root: Message, conversation: Conversation) -> bool:
    """Whether nothing of it is left: neither the head nor a younger reply. Else it is seen, and can be answered."""
    first_seq = conversation.first_seq
    return root.seq < first_seq and not Message.objects.filter(thread=root, seq__gte=first_seq).exists()


def is_expired(message: Message, conversation: Conversation) -> bool:
    """Whether retention has taken it from everybody. What is left then is kept for moderators; only the empty head of a
    living thread is still to be seen."""
    return message.seq < conversation.first_seq and message.purged_at is None


def lock_message_to_change(member: Member, message_id: UUID, rule: Rule) -> tuple[Message, Place]:
    """Return a message that is there and to be seen, where the member takes part and the rule allows it; locked."""
    message, place = lock_message_to_delete(member, message_id, rule)
    if message.hidden_at is not None:
        raise Forbidden(gettext("A moderator has hidden this message."))
    return message, place


def lock_message_to_delete(member: Member, message_id: UUID, rule: Rule) -> tuple[Message, Place]:
    """Return the same, also where a moderator has hidden it."""
    message, place = find_message(member, message_id, lock=True)
    _require_seat(place)
    require_open(place, rule)
    if message.deleted_at is not None:
        raise NotFound(gettext("The message was deleted."))
    return message, place


def require_may_post(place: Place, *, in_thread: bool, just_posted: bool) -> None:
    """Announcement-only and slow mode, where the member may write. `just_posted`: in the same transaction.

    Raises Forbidden, or Throttled until slow mode lets the member post again. Its one query is for slow mode alone.
    """
    conversation = place.conversation
    if not (conversation.announcement_only or conversation.slow_mode):
        return
    if place.is_admin or place.member.may(Right.MODERATE):
        return
    if conversation.announcement_only and not in_thread:
        raise Forbidden(gettext("Only the channel's admins and moderators may post here."))
    if conversation.slow_mode:
        wait = conversation.slow_mode if just_posted else _slow_mode_left(place)
        if wait > 0:
            raise Throttled(
                math.ceil(wait),
                gettext("Slow mode: one message every %(slow_mode)s seconds.") % {"slow_mode": conversation.slow_mode},
            )


# --- What moderators reach ------------------------------------------------------------------------------


def lock_to_moderate(member: Member, conversation_id: UUID) -> Conversation:
    """A conversation that the moderator sees, or in which something was reported; locked."""
    conversation: Conversation | None = (
        Conversation.objects.filter(pk=conversation_id).select_for_update(no_key=True).first()
    )
    if conversation is None:
        raise NotFound
    if not (member.may(Right.MODERATE) and visible_reports(member).filter(conversation=conversation).exists()):
        find_conversation(member, conversation_id)
        require_moderator(member)
    return conversation


def find_message_to_moderate(member: Member, message_id: UUID) -> Message:
    """A message that the moderator sees, or that was reported. Raises NotFound, Forbidden."""
    message: Message | None = Message.objects.filter(pk=message_id).select_related("author", "conversation").first()
    if message is None:
        raise NotFound
    if not (member.may(Right.MODERATE) and visible_reports(member).filter(message=message).exists()):
        find_message(member, message_id)
        require_moderator(member)
    return message


def lock_message_to_moderate(member: Member, message_id: UUID) -> Message:
    """The same, its conversation locked, of an author against whom the moderator may act."""
    message = find_message_to_moderate(member, message_id)
    if message.author_id == member.pk:
        raise Forbidden(gettext("Nobody moderates their own messages."))
    if not may_moderate(member.role, message.author.role):
        raise Forbidden(gettext("You may not do that to a message of a member of this role."))
    Conversation.objects.select_for_update(no_key=True).get(pk=message.conversation_id)
    return find_message_to_moderate(member, message_id)  # as it is behind the lock


def find_member_to_moderate(member: Member, member_id: UUID) -> Member:
    found = find_member(member, member_id)
    require_moderator(member)
    return found


def require_moderator(member: Member) -> None:
    if not member.may(Right.MODERATE):
        raise Forbidden(gettext("Only moderators may do that."))


def visible_reports(member: Member) -> QuerySet[Report]:
    """All of the organization but those about oneself: who reported whom is not for whoever was reported."""
    require_moderator(member)
    reports: QuerySet[Report] = Report.objects.exclude(author=member)
    return reports


def open_reports(member: Member) -> QuerySet[Report]:
    """What the desk has to decide, for a moderator: the newest OPEN_REPORTS of it, the oldest first."""
    undecided = visible_reports(member).filter(state__in=[Report.State.OPEN, Report.State.IN_REVIEW])
    newest = undecided.order_by("-pk").values("pk")[:OPEN_REPORTS]
    reports: QuerySet[Report] = Report.objects.filter(pk__in=newest).order_by("pk")
    return reports


def find_report(member: Member, report_id: UUID, *, lock: bool = False) -> Report:
    """Of the desk: to whoever is no moderator there is no such thing, for the reporter neither."""
    if not member.may(Right.MODERATE):
        raise NotFound
    reports = visible_reports(member).filter(pk=report_id)
    report = (reports.select_for_update(no_key=True) if lock else reports).first()
    if report is None:
        raise NotFound
    return report


def visible_members(member: Member) -> QuerySet[Member]:
    """Everybody in the organization; for a guest, those who share a conversation with them."""
    if member.may(Right.BROWSE):
        return Member.objects.all()
    own = Participant.objects.filter(member=member, left_at=None).values("conversation")
    met = Participant.objects.filter(conversation__in=own, left_at=None).values("member")
    return Member.objects.filter(Q(pk=member.pk) | Q(pk__in=met))


def known_members(member: Member) -> QuerySet[Member]:
    """Those one may meet and, for a guest, those who took part where they are now: their messages are still read, under
    their names."""
    if member.may(Right.BROWSE):
        return Member.objects.all()
    own = Participant.objects.filter(member=member, left_at=None).values("conversation")
    ever_met = Participant.objects.filter(conversation__in=own).values("member")
    return Member.objects.filter(Q(pk=member.pk) | Q(pk__in=ever_met))


def find_member(member: Member, member_id: UUID) -> Member:
    found = known_members(member).filter(pk=member_id).first()
    if found is None:
        raise NotFound
    return found


def find_members(member: Member, member_ids: list[UUID]) -> list[Member]:
    """Several active members at once, in ascending order of id; one that is missing makes it NotFound."""
    wanted = set(member_ids)
    found = list(visible_members(member).filter(pk__in=wanted, deactivated_at=None).order_by("pk"))
    if len(found) != len(wanted):
        raise NotFound(gettext("There is no such member, or they are not yours to see."))
    return found


def _place(member: Member, conversation: Conversation, participant: Participant | None) -> Place:
    if participant is None and not (conversation.kind == Kind.PUBLIC and member.may(Right.BROWSE)):
        raise NotFound
    return Place(member, conversation, participant)


def _require_seat(place: Place) -> None:
    if place.participant is None:
        raise Forbidden(gettext("Join the channel first."))


def _place_to_write(
    member: Member | None, conversation: Conversation | None, participant: Participant | None
) -> Place | Refusal:
    try:
        if member is None:
            raise Forbidden
        if conversation is None:
            raise NotFound
        place = _place(member, conversation, participant)
        _require_seat(place)
        require_open(place, rules.WRITE)
    except Refusal as refusal:
        return refusal
    return place


def _slow_mode_left(place: Place) -> float:
    """Seconds until the member may post again."""
    conversation = place.conversation
    near = Message.objects.filter(conversation=conversation, seq__gt=conversation.last_seq - SLOW_LOOKBACK)
    last = near.filter(author=place.member).order_by("-seq").values_list("created_at", flat=True).first()
    if last is None:
        return 0
    return float((last + timedelta(seconds=conversation.slow_mode) - timezone.now()).total_seconds())

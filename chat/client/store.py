"""What a client knows of its organization.

Applying an entity is "replace if newer" by its `version`; what only grows (`last_seq`, `read`, `read_seq`) never goes
back. So repetition and reordering do no harm, and one thing alone needs care: that nothing is taken for complete that
is not. Therefore each conversation says from which `seq` on its history is whole and whether its list of participants
is, and what is loaded beside the stream of events carries the `epoch` in which it was asked for.

Entities are the JSON objects of the wire, with string ids, fields of later versions included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from chat.client.entities import Entities, Entity
from chat.client.ranges import close, count_unread, union
from chat.client.room import Room
from chat.client.rules import RULES

Event = dict[str, Any]
Answer = dict[str, Any]
"""An answer of `sync`."""

MODERATORS: Final = frozenset({"owner", "admin", "moderator"})  # roles that may see the desk
OLDEST: Final = 1  # the seq of the first message of a conversation, unless retention has taken it away


class Store:
    def __init__(self, *, on_message: Callable[[Entity], None] | None = None) -> None:
        """`on_message` hears of every message when it is first known and whenever it has changed, whichever way it
        came: by an event, by sync, or with a page of history."""
        self.me = ""  # the caller's member
        self.organization: Entity = {}
        self.members: dict[str, Entity] = {}
        self.entities = Entities()  # those without rules of their own, by collection
        self.rooms: dict[str, Room] = {}  # by conversation; those in which the caller takes part are `own_rooms`
        self._left: dict[str, int] = {}  # conversation → the version of the own participant when it was left
        self.people_epoch = 0  # grows when people are forgotten, because later events about them may be missed
        self._epoch = 0
        self._on_message = on_message
        self._replaced: dict[str, int] = {}  # during a full sync: message → the version that was known before

    # --- Reading ------------------------------------------------------------------------------------

    def own_participant(self, conversation: str) -> Entity | None:
        """The caller's participant, None where they do not take part."""
        room = self.rooms.get(conversation)
        participant = room.all_participants.get(self.me) if room else None
        return participant if participant and participant["left_at"] is None else None

    def own_rooms(self) -> Iterator[Room]:
        return (room for id, room in self.rooms.items() if self.own_participant(id))

    def unread(self, conversation: str) -> int:
        """How many messages neither count as read for the caller nor are gone."""
        participant, room = self.own_participant(conversation), self.rooms.get(conversation)
        if participant is None or room is None:
            return 0
        return count_unread(
            first_seq=room.first_seq,
            last_seq=room.conversation["last_seq"],
            read=participant["read"],
            gone=room.conversation.get("gone", []),
            unread_from=participant.get("unread_from"),
        )

    def attention(self, conversation: str) -> int:
        """How many of the unread messages concern the caller."""
        participant, room = self.own_participant(conversation), self.rooms.get(conversation)
        if participant is None or room is None:
            return 0
        return sum(
            count_unread(
                first_seq=max(seq, room.first_seq),
                last_seq=min(seq, room.conversation["last_seq"]),
                read=participant["read"],
                gone=room.conversation.get("gone", []),
                unread_from=participant.get("unread_from"),
            )
            for seq in self._concerning(conversation)
        )

    def _concerning(self, conversation: str) -> set[int]:
        """The messages that concern the caller, read ones as well, by seq."""
        return {
            each["seq"]
            for each in self.entities["attention"].values()
            if each["conversation"] == conversation and each["withdrawn_at"] is None and each["author"] != self.me
        }

    def open_cases(self) -> dict[str, Entity]:
        """For moderators: the reports that nobody has decided yet, by id."""
        return {id: case for id, case in self.entities["cases"].items() if case["state"] in {"open", "in_review"}}

    def spoken_of(self) -> set[str]:
        """Every member that something here refers to."""
        found = {self.me} if self.me else set()
        for room in self.own_rooms():
            found.update(room.conversation["people"])
            found.update(participant["member"] for participant in room.participants)
            found.update(head["author"] for head in room.heads.values())
            for message in room.messages.values():
                found.add(message["author"])
                found.update(member for reaction in message["reactions"] for member in reaction["members"])
        return found

    def strangers(self) -> set[str]:
        """Members that something here refers to and who are not known: to be asked for one by one."""
        return self.spoken_of() - self.members.keys()

    # --- Events and answers of sync -----------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """One event. A type that is not known belongs to a later version of the server."""
        noun = event["type"].partition(".")[0]
        entity = event["data"]
        if noun == "message":
            self.put_message(entity)
        elif noun == "participant":
            self._put_participant(entity)
        elif noun == "conversation":
            self._put_conversation(entity)
        elif noun == "member":
            self._put_member(entity)
            if entity["id"] == self.me:
                self._forget_strangers()  # they may be a guest from now on
                self._forget_moderated()
        elif noun == "organization":
            self._put_organization(entity)
        elif self._moderates or not (noun in RULES and RULES[noun].moderators):
            self.entities.put(noun, entity)

    def take(self, answers: Sequence[Answer]) -> None:
        """All pages of one sync. From the last one that is `full` on they replace what was known."""
        fulls = [number for number, answer in enumerate(answers) if answer["full"]]
        if fulls:
            rooms = self.rooms.values()
            self._replaced = {m["id"]: m["version"] for room in rooms for m in room.messages.values()}
            self.rooms, self.members, self.organization, self._left = {}, {}, {}, {}
            self.people_epoch += 1
            self.entities = Entities()
            answers = answers[fulls[-1] :]
        for answer in answers:
            self._take_page(answer)
        self._replaced = {}
        self._forget_strangers()
        self._forget_moderated()

    def forget_participants(self) -> None:
        """Forget who takes part in channels, after events were lost.

        No later event or answer may say that somebody left meanwhile, so the lists are asked for anew when they are
        looked at. Sync and versions correct everything else.
        """
        for room in self.rooms.values():
            if _is_channel(room.conversation):
                self._forget_participants(room)

    # --- What is loaded when it is looked at --------------------------------------------------------

    def put_history(self, conversation: str, epoch: int, messages: Sequence[Entity]) -> None:
        """A page of messages, oldest first, that was asked for with `before=whole_from` in that epoch."""
        room = self.rooms.get(conversation)
        if room is None or room.epoch != epoch:
            return  # asked for before something was lost: it may be older than what was forgotten since
        for message in messages:
            self.put_message(message)
        if messages and messages[-1]["seq"] >= room.whole_from - 1:
            room.whole_from = min(room.whole_from, messages[0]["seq"])
        elif not messages:
            room.whole_from = room.first_seq

    def put_participants(self, conversation: str, epoch: int, participants: Iterable[Entity]) -> None:
        """The whole list, asked for in that epoch."""
        room = self.rooms.get(conversation)
        if room is None or room.epoch != epoch:
            return
        for participant in participants:
            self._put_participant(participant)
        room.participants_known = True

    def put_member(self, people_epoch: int, member: Entity) -> None:
        """A stranger who was asked for in that epoch. Where people were forgotten since, ask again."""
        if people_epoch == self.people_epoch:
            self._put_member(member)

    def put_message(self, message: Entity) -> None:
        """Of a conversation that the caller takes part in; of any other it is not for them to keep."""
        room = self.rooms.get(message["conversation"])
        participant = self.own_participant(message["conversation"])
        if room is not None and participant is not None and message.get("expired"):
            room.heads[message["id"]] = message
            return
        if room is None or participant is None or not _is_newer(message, room.messages.get(message["seq"])):
            return
        if message["seq"] < room.first_seq:
            return  # retention has taken it away
        room.messages[message["seq"]] = message
        if message["seq"] > room.conversation["last_seq"]:
            newest = {"last_seq": message["seq"], "last_message_at": message["created_at"]}
            room.conversation = room.conversation | newest
        if message["author"] == self.me:  # nobody's own message is unread to them; no event says so
            room.all_participants[self.me] = participant | _merge_read(
                participant, {"read": [[message["seq"], message["seq"]]]}
            )
        if self._on_message is not None and message["version"] > self._replaced.get(message["id"], 0):
            self._on_message(message)

    # --- The parts ----------------------------------------------------------------------------------

    def _take_page(self, answer: Answer) -> None:
        self.me = answer["me"]["id"]
        self._put_organization(answer["organization"])
        for member in answer["members"]:
            self._put_member(member)
        if answer["members_gap"]:
            self._keep_members({member["id"] for member in answer["members"]})
        for conversation in answer["removed"]["conversations"]:
            self._drop(conversation)
        oldest = _oldest(answer["messages"])
        for given in answer["conversations"]:
            self._take_conversation(given, oldest.get(given["id"], given["last_seq"] + 1))
        for participant in answer["participants"]:
            self._put_participant(participant)
        for message in answer["messages"]:
            self.put_message(message)
        self.entities.take(answer)

    def _take_conversation(self, given: Entity, oldest: int) -> None:
        gaps = ("history_gap", "participants_gap")
        conversation = {name: value for name, value in given.items() if name not in gaps}
        room = self.rooms.get(given["id"])
        if room is None:
            room = self._open(conversation, whole_from=OLDEST, participants_known=True)
        else:
            self._put_conversation(conversation)
        if given["history_gap"]:
            room.epoch = self._next_epoch()
            room.whole_from = oldest
            room.messages = {seq: message for seq, message in room.messages.items() if seq >= oldest}
        if given["participants_gap"]:
            self._forget_participants(room)

    def _open(self, conversation: Entity, *, whole_from: int, participants_known: bool) -> Room:
        room = Room(conversation, self._next_epoch(), whole_from, participants_known=participants_known)
        self.rooms[conversation["id"]] = room
        return room

    def _put_conversation(self, conversation: Entity) -> None:
        room = self.rooms.get(conversation["id"])
        if room is None:
            # Entered now, by an event: what was said before is history, to be paged in when it is looked at.
            whole_from = conversation["last_seq"] + 1
            self._open(conversation, whole_from=whole_from, participants_known=not _is_channel(conversation))
            return
        known = room.conversation
        newest = conversation if _is_newer(conversation, known) else known
        furthest = max(known, conversation, newest, key=lambda one: (one["last_seq"], one is newest))
        room.conversation = newest | {name: furthest.get(name) for name in ("last_seq", "last_message_at")}
        room.messages = {seq: message for seq, message in room.messages.items() if seq >= room.first_seq}

    def _put_participant(self, participant: Entity) -> None:
        """Join two states of one version: the member gets the private fields, everybody else gets none."""
        conversation, member = participant["conversation"], participant["member"]
        if member == self.me and participant["left_at"] is not None:
            self._leave(conversation, participant["version"])
            return
        room = self.rooms.get(conversation)
        if room is None or (member == self.me and participant["version"] <= self._left.get(conversation, 0)):
            return
        known = room.all_participants.get(member)
        if known is not None and participant["version"] < known["version"]:
            return
        joined = (known or {}) | participant
        if member == self.me:
            joined |= _merge_read(known or {}, participant)
        room.all_participants[member] = joined

    def _leave(self, conversation: str, version: int) -> None:
        """Nothing of it stays."""
        participant = self.own_participant(conversation)
        if participant is not None and participant["version"] > version:
            return  # come back since
        self._left[conversation] = max(version, self._left.get(conversation, 0))
        self._drop(conversation)
        self._forget_strangers()

    def _drop(self, conversation: str) -> None:
        self.rooms.pop(conversation, None)
        self.entities.forget_owned("conversation", lambda id: id == conversation)

    def _forget_participants(self, room: Room) -> None:
        room.epoch = self._next_epoch()
        room.all_participants = {id: participant for id, participant in room.all_participants.items() if id == self.me}
        room.participants_known = False

    def _next_epoch(self) -> int:
        self._epoch += 1
        return self._epoch

    def _put_member(self, member: Entity) -> None:
        """Join two states of one version: the member's own clients get private fields, everybody else gets none."""
        member = self.entities.take_owned(member)
        known = self.members.get(member["id"])
        if known is None or member["version"] >= known["version"]:
            self.members[member["id"]] = (known or {}) | member

    def _put_organization(self, organization: Entity) -> None:
        if not self.organization or _is_newer(organization, self.organization):
            self.organization = organization

    @property
    def _moderates(self) -> bool:
        return self.members.get(self.me, {}).get("role") in MODERATORS

    def _forget_moderated(self) -> None:
        if not self._moderates:
            self.entities.forget_moderated()

    def _forget_strangers(self) -> None:
        """Forget the people whom a guest does not meet.

        Guests get events about people with whom they share a conversation. What they know of others would be outdated.
        """
        me = self.members.get(self.me)
        if me is not None and me["role"] == "guest":
            self._keep_members(self.spoken_of())

    def _keep_members(self, some: set[str]) -> None:
        kept = {id: member for id, member in self.members.items() if id in some}
        self.entities.forget_owned("member", lambda id: id not in some)
        if len(kept) < len(self.members):
            self.members, self.people_epoch = kept, self.people_epoch + 1


def _merge_read(known: Entity, given: Entity) -> Entity:
    """What counts as read by either of two states of the own participant, and the read position that follows from it.

    A participant of an older server says `read_seq` alone; one that everybody receives says neither.
    """
    read = union(*(each.get("read", [[0, each.get("read_seq", 0)]]) for each in (known, given)))
    position = max(known.get("read_seq", 0), given.get("read_seq", 0))
    return {"read": read, "read_seq": close(position, read)}


def _is_newer(entity: Entity, known: Entity | None) -> bool:
    return known is None or entity["version"] > known["version"]


def _is_channel(conversation: Entity) -> bool:
    return conversation["kind"] in {"public", "private"}


def _oldest(messages: Iterable[Entity]) -> dict[str, int]:
    """By conversation the lowest seq among these messages."""
    found: dict[str, int] = {}
    for message in messages:
        conversation, seq = message["conversation"], message["seq"]
        found[conversation] = min(seq, found.get(conversation, seq))
    return found

"""Somebody who looks on: a member with a registered client, whose store follows the real server code without a network.

What a client would ask over REST is asked here of the same queries, and travels as the same JSON.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from accounts.models import Member
from accounts.tenancy import every_organization, organization_scope
from chat import access
from chat.actions.clients import register_client
from chat.client.entities import Entity
from chat.client.mailbox import Frame, Mailbox, State
from chat.client.store import Store
from chat.delivery import database, store
from chat.delivery.mailbox import mailbox
from chat.entities.encoding import splice
from chat.entities.participants import Participant as ParticipantEntity
from chat.entities.registry import Registration, registrations
from chat.models import Client, Event
from chat.queries.conversations import own_conversations, participants
from chat.queries.history import page_before
from chat.queries.members import known_member
from chat.queries.sync import sync

EVERY_TAG = 2**53
ROUNDS = 50  # pages of a sync, and syncs in a row, before the test fails because it does not end


def as_json(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


@dataclass
class Server:
    """What REST answers to one member. `limit`: conversations in a page of sync."""

    member: Member
    limit: int = 150

    def sync(self, cursor: str) -> Entity:
        return as_json(self._as(lambda me: sync(me, cursor=cursor, limit=self.limit)))

    def history(self, conversation: str, before: int) -> list[Entity]:
        return as_json(
            self._as(lambda me: page_before(access.find_conversation(me, UUID(conversation)), before=before).messages)
        )

    def participants(self, conversation: str) -> list[Entity]:
        def read(me: Member) -> list[ParticipantEntity]:
            rows = participants(access.find_conversation(me, UUID(conversation)))
            return [participant.entity(own=participant.member_id == me.pk) for participant in rows]

        return as_json(self._as(read))

    def unread(self) -> dict[str, int]:
        """By conversation: how much of it REST says is unread."""
        views = as_json(self._as(own_conversations))
        return {view["id"]: view["unread_count"] for view in views}

    def person(self, id: str) -> Entity:
        found = UUID(id)
        return as_json(self._as(lambda me: known_member(me, access.find_member(me, found))))

    def _as(self, question: Any) -> Any:
        """As the middleware does: the member is read anew for every request."""
        with organization_scope(self.member.organization_id):
            return question(Member.objects.select_related("organization").get(pk=self.member.pk))


def load_everything(store: Store, server: Server) -> None:
    """Look at everything: page in what the store knows to be missing."""
    for room in list(store.own_rooms()):
        id = room.conversation["id"]
        while room.history_gap:
            store.put_history(id, room.epoch, server.history(id, room.whole_from))
        if not room.participants_known:
            store.put_participants(id, room.epoch, server.participants(id))
    for stranger in sorted(store.strangers()):
        store.put_member(store.people_epoch, server.person(stranger))


def synchronize(mailbox: Mailbox, server: Server) -> None:
    """As often as the mailbox wants it."""
    for _ in range(ROUNDS):
        if not mailbox.wants_sync:
            return
        request = mailbox.begin_sync()
        pages = 1
        while mailbox.take_answer(request, server.sync(request.cursor)):
            pages += 1
            assert pages < ROUNDS, "the sync does not end"
    raise AssertionError("one sync after the other")


def fresh(server: Server) -> Store:
    """The store of a client that knew nothing, synchronized and looked at everything."""
    mailbox = Mailbox(Store())
    synchronize(mailbox, server)
    load_everything(mailbox.store, server)
    return mailbox.store


def projection(store: Store) -> dict[str, Any]:
    """What a person could see. Participants and members come without `version`, which also counts private changes."""
    rooms = {room.conversation["id"]: room for room in store.own_rooms()}
    return {
        "organization": store.organization,
        "conversations": {id: room.conversation for id, room in rooms.items()},
        "participants": {
            id: {participant["member"]: {**participant, "version": None} for participant in room.participants}
            for id, room in rooms.items()
        },
        "messages": {id: room.history for id, room in rooms.items()},
        "unread": {id: store.unread(id) for id in rooms},
        **{each.collection: _kept(store, each) for each in registrations() if each.collection},
        "cases": store.open_cases(),
        "attention": {id: store.attention(id) for id in rooms},  # what was read need not be known
        "members": {
            id: {**member, "version": None} if (member := store.members.get(id)) else None
            for id in sorted(store.spoken_of())
        },
    }


def _kept(store: Store, registration: Registration) -> dict[str, Entity]:
    """The collection; of entities that belong to a member, those of the members that something refers to."""
    known = store.entities[registration.collection]
    if registration.owner != "member":
        return known
    return {key: entity for key, entity in known.items() if entity["member"] in store.spoken_of()}


@dataclass
class Viewer:
    """`mailbox` stands where it was when the viewer was set up; tests work on copies of it."""

    name: str
    server: Server
    client: Client
    mailbox: Mailbox = field(default_factory=lambda: Mailbox(Store()))

    @classmethod
    def arrive(cls, name: str, member: Member, *, looks_at_everything: bool = True) -> Viewer:
        with organization_scope(member.organization_id):
            client = register_client(member, platform="bot", credential="test")
        viewer = cls(name, Server(member), client)
        viewer.mailbox.register(client.tag)
        synchronize(viewer.mailbox, viewer.server)
        if looks_at_everything:
            load_everything(viewer.mailbox.store, viewer.server)
        return viewer

    def copy(self) -> Mailbox:
        return copy.deepcopy(self.mailbox)

    def entries(self) -> list[tuple[int, Entity]]:
        """What lies in the mailbox: tag and event as it goes over the wire."""
        batches = _do(mailbox().read([self.client.pk], [0], [EVERY_TAG]))
        waiting = [entry for each in batches for entry in enumerate(each.events, each.first_tags[0])]
        with every_organization():
            found = Event.objects.in_bulk([event for _, event in waiting])
        return [(tag, _on_the_wire(found[event])) for tag, event in waiting]

    def hello(self, outcome: str = "resumed") -> Frame:
        return {"op": "hello", "tag": self.client.tag, "outcome": outcome}


def _on_the_wire(event: Event) -> Entity:
    text = splice(id=event.pk, type=event.type, conversation=event.conversation_id, at=event.at, data=event.data)
    entity: Entity = json.loads(text)
    return entity


def _do(work: Coroutine[Any, Any, Any]) -> Any:
    """Run what a node would, on a loop of its own."""

    async def alone() -> Any:
        try:
            return await work
        finally:
            await database.close()
            await store.close()

    return asyncio.run(alone())


def is_live(mailbox: Mailbox) -> bool:
    return mailbox.state is State.LIVE

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext
from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_body, read_query
from accounts.rest.views import MemberView, keep_page, list_response
from chat.access import Access, find_conversation
from chat.actions import conversations as actions
from chat.actions import moderation, participants
from chat.actions.reasons import REASON_LENGTH
from chat.errors import Invalid, NotFound
from chat.queries.conversations import PAGE, ConversationView, conversation_view, own_conversations, public_channels

Limit = Annotated[int, Meta(ge=1, le=PAGE)]


class ConversationQuery(Struct, frozen=True):
    browse: bool = False  # public channels instead of one's own conversations
    q: Annotated[str, Meta(max_length=80)] = ""
    member: UUID | None = None  # of one's own conversations those that they take part in, too
    after: UUID | None = None
    limit: Limit = PAGE


class NewConversation(Struct, frozen=True):
    kind: Literal["public", "private", "direct", "group"]
    name: Annotated[str, Meta(max_length=100)] | None = None
    topic: Annotated[str, Meta(max_length=1000)] = ""
    members: Annotated[list[UUID], Meta(max_length=500)] = []


class ConversationChange(Struct, frozen=True):
    name: Annotated[str, Meta(max_length=100)] | None = None
    topic: Annotated[str, Meta(max_length=1000)] | None = None
    archived: bool | None = None
    locked: bool | None = None
    announcement_only: bool | None = None
    slow_mode: Annotated[int, Meta(ge=0)] | None = None  # seconds between two messages of one member; 0: off
    retention_days: Annotated[int, Meta(ge=0)] | UnsetType | None = UNSET  # null: as the organization says; 0: for ever
    reason: Annotated[str, Meta(max_length=REASON_LENGTH)] = ""  # not needed of the channel's own admins

    @property
    def regulates(self) -> bool:
        given = (self.locked, self.announcement_only, self.slow_mode)
        return self.retention_days is not UNSET or any(value is not None for value in given)


class Archiving(Struct, frozen=True):
    reason: Annotated[str, Meta(max_length=REASON_LENGTH)] = ""


class ConversationList(MemberView):
    @operation(
        summary="Your conversations, or with `browse` the public channels",
        query=ConversationQuery,
        gives={200: page_of(ConversationView)},
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, ConversationQuery)
        if query.browse:
            rows = public_channels(self.member, q=query.q, after=query.after, limit=query.limit + 1)
        else:
            rows = own_conversations(self.member, shared_with=query.member, after=query.after, limit=query.limit + 1)
        page, more = keep_page(rows, query.limit)
        return list_response(request, page, **({"after": page[-1].id} if more else {}))

    @operation(
        summary="Create a channel, or find or start a direct or group message",
        takes=NewConversation,
        gives={201: ConversationView, 200: ConversationView},
        refuses=(403, 409),
        example={"kind": "public", "name": "releases", "topic": "What ships when"},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, NewConversation)
        if body.kind == "direct" or body.kind == "group":  # noqa: PLR1714  # mypy narrows the type by this form alone
            conversation, created = actions.start_direct(self.member, kind=body.kind, members=body.members)
        else:
            if body.name is None:
                raise Invalid({"name": [gettext("A channel needs a name.")]})
            conversation, created = (
                actions.create_channel(
                    self.member, kind=body.kind, name=body.name, topic=body.topic, members=body.members
                ),
                True,
            )
        access = find_conversation(self.member, conversation.pk)
        return Response(conversation_view(access), status=201 if created else 200)


class ConversationDetail(MemberView):
    @operation(summary="One conversation", gives={200: ConversationView})
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return _answer(find_conversation(self.member, conversation_id))

    @operation(
        summary="Rename, set the topic, archive or restore, say who may write and how long it is kept",
        takes=ConversationChange,
        gives={200: ConversationView},
        refuses=(403, 409),
        example={"topic": "What ships when, and why not earlier"},
    )
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        body = read_body(request, ConversationChange)
        with transaction.atomic():
            return _answer(self._change(conversation_id, body))

    def _change(self, conversation_id: UUID, body: ConversationChange) -> Access:
        member = self.member
        access = self._regulate(conversation_id, body) if body.regulates else find_conversation(member, conversation_id)
        if body.archived is False:
            access = actions.archive_conversation(member, conversation_id, archived=False, reason=body.reason)
        if body.name is not None or body.topic is not None:
            access = actions.update_conversation(member, conversation_id, name=body.name, topic=body.topic)
        if body.archived is True:
            access = actions.archive_conversation(member, conversation_id, reason=body.reason)
        return access

    def _regulate(self, conversation_id: UUID, body: ConversationChange) -> Access:
        """As the member sees it; moderators also reach where something was reported, and have no participant there."""
        conversation = moderation.regulate_conversation(
            self.member,
            conversation_id,
            reason=body.reason,
            locked=body.locked,
            announcement_only=body.announcement_only,
            slow_mode=body.slow_mode,
            retention_days=body.retention_days,
        )
        try:
            return find_conversation(self.member, conversation_id)
        except NotFound:
            return Access(self.member, conversation, None)


class ConversationJoin(MemberView):
    @operation(summary="Join a public channel", gives={200: ConversationView}, refuses=(403,))
    def post(self, request: Request, conversation_id: UUID) -> Response:
        return _answer(participants.join_conversation(self.member, conversation_id))


class ConversationLeave(MemberView):
    @operation(summary="Leave a channel", gives={204: None}, refuses=(409,))
    def post(self, request: Request, conversation_id: UUID) -> Response:
        participants.leave_conversation(self.member, conversation_id)
        return Response(status=204)


class ConversationArchive(MemberView):
    @operation(
        summary="Archive a channel: it stays readable. With a body moderators say why; it may be left out",
        takes=Archiving,
        gives={200: ConversationView},
        refuses=(403,),
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        # Clients of the first version of the protocol send no body here.
        reason = read_body(request, Archiving).reason if request.body else None
        return _answer(actions.archive_conversation(self.member, conversation_id, reason=reason))


def _answer(access: Access) -> Response:
    return Response(conversation_view(access))

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext
from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.openapi import operation, page_of
from accounts.rest.serialization import read_body, read_query
from accounts.rest.views import MemberView, keep_page, list_response, next_url
from chat.access import find_conversation, find_thread
from chat.access.predicates import is_kept
from chat.actions import messages as actions
from chat.actions import removed, revisions
from chat.actions.reasons import REASON_LENGTH
from chat.content.loading import entity
from chat.entities.fields import Time
from chat.entities.messages import Message as MessageEntity
from chat.errors import Invalid, TooLarge
from chat.models import Revision
from chat.queries import history

Seq = Annotated[int, Meta(ge=0, le=2**62)]


class HistoryQuery(Struct, frozen=True):
    """At most one of `before`, `after`, `around`, `since`; without any, the newest."""

    before: Seq | None = None
    after: Seq | None = None
    around: Seq | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None
    limit: Annotated[int, Meta(ge=1, le=history.LARGEST_PAGE)] = history.PAGE


class NewMessage(Struct, frozen=True):
    """`read`: the seq up to which you were shown the main line when you wrote it, as if you said so first."""

    ref: UUID
    text: str
    thread: UUID | None = None
    read: Seq | None = None


class MessageChange(Struct, frozen=True):
    text: str
    version: int | None = None


class Deletion(Struct, frozen=True):
    """For one's own message no body is needed, nor for the channel's own admins."""

    reason: Annotated[str, Meta(max_length=REASON_LENGTH)] = ""


class HistoryPage(Struct, frozen=True):
    """`next` goes on in the direction that was asked for; `before` and `after` are the seq to go on from either way."""

    results: list[MessageEntity]
    next: str | None
    before: int | None
    after: int | None


class RevisionView(Struct, frozen=True):
    version: int
    text: str
    replaced_by: UUID
    replaced_at: Time


class RevisionQuery(Struct, frozen=True):
    """`after`: a version, for the next page."""

    after: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=removed.PAGE)] = removed.PAGE


class ThreadQuery(Struct, frozen=True):
    after: Seq = 0
    limit: Annotated[int, Meta(ge=1, le=history.LARGEST_PAGE)] = history.PAGE


class MessageList(MemberView):
    @operation(summary="A page of history, newest last", query=HistoryQuery, gives={200: HistoryPage})
    def get(self, request: Request, conversation_id: UUID) -> Response:
        query = read_query(request, HistoryQuery)
        access = find_conversation(self.member, conversation_id)
        if sum(edge is not None for edge in (query.before, query.after, query.around, query.since)) > 1:
            raise Invalid({"before": [gettext("Give one of before, after, around and since.")]})
        if query.since is not None:
            return _page(request, history.page_since(access, since=query.since, limit=query.limit))
        if query.after is not None:
            page = history.page_after(access, after=query.after, limit=query.limit)
            return _page(request, page, **({"after": page.after} if page.after else {}))
        if query.around is not None:
            return _page(request, history.page_around(access, around=query.around, limit=query.limit))
        page = history.page_before(access, before=query.before, limit=query.limit)
        return _page(request, page, **({"before": page.before} if page.before else {}))

    @operation(
        summary="Send a message; repeating it with the same ref is harmless",
        takes=NewMessage,
        gives={201: MessageEntity, 200: MessageEntity},
        refuses=(403, 409, 429),
        example={"ref": "6f1c1f4e-7f0b-4c57-9d5a-0d4bb0a7f5a1", "text": "Shipped **2.4** to staging."},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        body = read_body(request, NewMessage)
        _check_length(body.text)
        sent = actions.send_message(
            self.member, conversation_id, text=body.text, ref=body.ref, thread_id=body.thread, read=body.read
        )
        return Response(sent.message, status=201 if sent.created else 200)


class MessageDetail(MemberView):
    @operation(summary="One message", gives={200: MessageEntity})
    def get(self, request: Request, message_id: UUID) -> Response:
        message, access = find_thread(self.member, message_id)
        return Response(entity(message) if is_kept(message, access.conversation) else message.expired_entity())

    @operation(
        summary="Edit your message; with `version`, only if it is still that one",
        takes=MessageChange,
        gives={200: MessageEntity},
        refuses=(403, 409),
        example={"text": "Shipped **2.4.1** to staging.", "version": 1},
    )
    def patch(self, request: Request, message_id: UUID) -> Response:
        body = read_body(request, MessageChange)
        _check_length(body.text)
        return Response(revisions.edit_message(self.member, message_id, text=body.text, version=body.version))

    @operation(
        summary="Delete a message; a tombstone stays. Of somebody else's, moderators say why in a body",
        takes=Deletion,
        gives={204: None},
        refuses=(403,),
        example={"reason": "Off topic"},
    )
    def delete(self, request: Request, message_id: UUID) -> Response:
        reason = read_body(request, Deletion).reason if request.body else ""
        revisions.delete_message(self.member, message_id, reason=reason)
        return Response(status=204)


class MessageThread(MemberView):
    @operation(
        summary="A message, `expired` and empty when its time is over, and the replies to it",
        query=ThreadQuery,
        gives={200: page_of(MessageEntity)},
    )
    def get(self, request: Request, message_id: UUID) -> Response:
        query = read_query(request, ThreadQuery)
        root, access = find_thread(self.member, message_id)
        page, more = history.thread(access, root, after=query.after, limit=query.limit)
        return list_response(request, page, **({"after": page[-1].seq} if more else {}))


class MessageRevisions(MemberView):
    @operation(
        summary="What a message said before, the oldest first; recorded where the message was hidden or deleted",
        query=RevisionQuery,
        gives={200: page_of(RevisionView)},
    )
    def get(self, request: Request, message_id: UUID) -> Response:
        query = read_query(request, RevisionQuery)
        rows = removed.read_revisions(self.member, message_id, after=query.after, limit=query.limit + 1)
        page, more = keep_page(rows, query.limit)
        return list_response(request, [_revision(row) for row in page], **({"after": page[-1].version} if more else {}))


def _page(request: Request, page: history.Page, **next_query: int) -> Response:
    following = next_url(request, **next_query) if next_query else None
    return Response(HistoryPage(results=page.messages, next=following, before=page.before, after=page.after))


def _revision(row: Revision) -> RevisionView:
    return RevisionView(row.version, row.text, row.replaced_by_id, row.replaced_at)


def _check_length(text: str) -> None:
    """Beyond four times the limit nobody means it: refused before it is worth cleaning."""
    if len(text) > 4 * settings.MESSAGE_LENGTH:
        raise TooLarge

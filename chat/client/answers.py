"""What proves that an answer is the server's and belongs to the request.

Captive portals, proxies and caches answer, too: `{}` with status 200, a page of HTML, an old answer. So every address
that is asked has a row in PROOFS: the shape of its answer, and what in it must agree with the request. Whatever has
neither is no answer, and the request is tried again. README.md gives the rule for other clients, and
static/js/client/answers.js has the same rows for the browser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta, Struct

T = TypeVar("T")
Id = Annotated[str, Meta(min_length=1)]
ECHOED: Final = "Parley-Request"  # a header with a text that is new for each request, and that the server gives back

# The codes of refusals, with their statuses. A problem document with another code, or with the status of another code,
# is not the server's.
REFUSALS: Final = {
    "not_authenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "too_large": 413,
    "invalid": 422,
    "throttled": 429,
    "internal": 500,
    "unavailable": 503,
}


class Unproven(Exception):
    """What came is not the server's answer to this request."""


class Identified(Struct):
    id: Id
    version: int


class Member(Identified):
    handle: Id
    name: str
    preferences: dict[str, Any] = {}


class Status(Struct):
    member: Id
    text: str
    emoji: str
    version: int


class Participant(Struct):
    """A participant. Only its own member receives the last two fields."""

    conversation: Id
    member: Id
    version: int
    left_at: str | None
    read_seq: int = -1
    unread_from: int | None = None


class Conversation(Identified):
    kind: Id
    people: list[Id]
    first_seq: int
    last_seq: int
    archived_at: str | None = None


class ConversationView(Conversation, kw_only=True):
    participant: Participant | None


class Reaction(Struct):
    emoji: Id
    members: list[Id]


class Message(Identified):
    conversation: Id
    seq: int
    author: Id
    text: str
    thread: str | None
    reactions: list[Reaction]
    deleted_at: str | None
    pinned_at: str | None = None
    ref: str | None = None


class Page(Struct, Generic[T]):
    results: list[T]
    next: str | None


class Removed(Struct):
    conversations: list[Id]
    members: list[Id]


class Presence(Struct):
    member: Id
    state: Id


class Sync(Struct):
    cursor: Id
    full: bool
    more: bool
    organization: Identified
    me: Member
    members: list[Member]
    members_gap: bool
    conversations: list[Conversation]
    participants: list[Participant]
    messages: list[Message]
    reports: list[Identified]
    sanctions: list[Identified]
    removed: Removed
    presence: list[Presence]


class Registered(Struct):
    id: Id
    tag: int


class ClientOfMine(Struct):
    id: Id
    platform: Id


class Membership(Struct):
    slug: Id


class Me(Struct):
    organizations: list[Membership]


class Preview(Struct):
    html: str


class Original(Struct):
    text: str


class Revision(Struct):
    version: int
    text: str


class Delivery(Struct):
    member: Id


class Receipts(Struct):
    delivered: list[Delivery]
    read: list[Id]


class Report(Identified):
    message: Id
    reason: Id


class Notice(Identified):
    acknowledged_at: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """`ids`: those in the path, in their order. `body`: what was sent."""

    ids: Sequence[str]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proof:
    """`shape` None: the address answers 204, which proves nothing. Look at what became of it."""

    shape: Any
    agrees: Callable[[Any, Request], bool] = lambda _answer, _request: True


def _is_it(answer: Any, request: Request) -> bool:
    return bool(answer.id == request.ids[0])


def _is_there(answer: Any, request: Request) -> bool:
    return bool(answer.conversation == request.ids[0])


def _all_there(page: Any, request: Request) -> bool:
    return all(_is_there(one, request) for one in page.results)


def _was_sent(message: Message, request: Request) -> bool:
    ref = str(request.body["ref"])
    return _is_there(message, request) and message.ref is not None and message.ref.lower() == ref.lower()


def _was_edited(message: Message, request: Request) -> bool:
    is_new = message.version > int(request.body.get("version") or 0)
    return _is_it(message, request) and (is_new or message.text.strip() == str(request.body["text"]).strip())


def _was_read(participant: Participant, request: Request) -> bool:
    seq, body = int(request.body["seq"]), request.body
    if not _is_there(participant, request):
        return False
    if body.get("unread"):
        return participant.unread_from == seq
    return bool(body.get("thread")) or participant.read_seq >= seq  # a thread moves no position


def _has_reaction(message: Message, request: Request) -> bool:
    """Emoji are compared without U+FE0F, which clients and the server add or leave out."""
    wanted = request.ids[1].replace("\ufe0f", "")
    return _is_it(message, request) and any(one.emoji.replace("\ufe0f", "") == wanted for one in message.reactions)


def _was_made(conversation: Conversation, request: Request) -> bool:
    members = {str(member) for member in request.body.get("members", ())}
    return conversation.kind == request.body["kind"] and (
        not conversation.people or members <= set(conversation.people)
    )


def _was_changed(conversation: Conversation, request: Request) -> bool:
    archived = request.body.get("archived")
    return _is_it(conversation, request) and archived in {None, conversation.archived_at is not None}


def _is_participant(participant: Participant, request: Request) -> bool:
    member = request.ids[1] if len(request.ids) > 1 else request.body["member"]
    return _is_there(participant, request) and participant.member == str(member)


def _has_preferences(member: Member, request: Request) -> bool:
    return (request.body.get("preferences") or {}).items() <= member.preferences.items()


def _is_report(report: Report, request: Request) -> bool:
    return (report.message, report.reason) == (request.ids[0], request.body["reason"])


def _is_read(notice: Notice, request: Request) -> bool:
    return notice.id == request.ids[1] and notice.acknowledged_at is not None


PROOFS: Final[dict[str, Proof]] = {
    "GET sync": Proof(Sync),
    "GET me": Proof(Me),
    "GET members": Proof(Page[Member]),
    "GET members/*": Proof(Member, lambda member, request: request.ids[0] in {member.id, "me"}),
    "PATCH members/*": Proof(Member, _has_preferences),
    "PUT members/*/status": Proof(Status),
    "DELETE members/*/status": Proof(None),
    "POST members/*/reports/*/acknowledge": Proof(Notice, _is_read),
    "POST members/*/sanctions/*/acknowledge": Proof(Notice, _is_read),
    "GET presence": Proof(Page[Presence]),
    "GET mentions": Proof(Page[Message]),
    "GET search": Proof(Page[Message]),
    "GET clients": Proof(Page[ClientOfMine]),
    "POST clients": Proof(Registered),
    "DELETE clients/*": Proof(None),
    "POST clients/*/sign-out": Proof(None),
    "GET conversations": Proof(Page[ConversationView]),
    "POST conversations": Proof(ConversationView, _was_made),
    "GET conversations/*": Proof(ConversationView, _is_it),
    "PATCH conversations/*": Proof(ConversationView, _was_changed),
    "POST conversations/*/archive": Proof(
        ConversationView, lambda one, request: _is_it(one, request) and one.archived_at is not None
    ),
    "POST conversations/*/join": Proof(
        ConversationView, lambda one, request: _is_it(one, request) and one.participant is not None
    ),
    "POST conversations/*/leave": Proof(None),
    "POST conversations/*/preview": Proof(Preview),
    "GET conversations/*/pins": Proof(Page[Message], _all_there),
    "GET conversations/*/messages": Proof(Page[Message], _all_there),
    "POST conversations/*/messages": Proof(Message, _was_sent),
    "PUT conversations/*/read": Proof(Participant, _was_read),
    "GET conversations/*/participants": Proof(Page[Participant], _all_there),
    "POST conversations/*/participants": Proof(Participant, _is_participant),
    "GET conversations/*/participants/*": Proof(Participant, _is_participant),
    "PATCH conversations/*/participants/*": Proof(Participant, _is_participant),
    "DELETE conversations/*/participants/*": Proof(None),
    "GET messages/*": Proof(Message, _is_it),
    "PATCH messages/*": Proof(Message, _was_edited),
    "DELETE messages/*": Proof(None),
    "GET messages/*/thread": Proof(Page[Message]),
    "GET messages/*/revisions": Proof(Page[Revision]),
    "GET messages/*/receipts": Proof(Receipts),
    "GET messages/*/original": Proof(Original),
    "POST messages/*/report": Proof(Report, _is_report),
    "PUT messages/*/reactions/*": Proof(Message, _has_reaction),
    "DELETE messages/*/reactions/*": Proof(None),
    "PUT messages/*/pin": Proof(Message, lambda one, request: _is_it(one, request) and one.pinned_at is not None),
    "DELETE messages/*/pin": Proof(None),
}


def prove(
    method: str, path: str, body: Mapping[str, Any] | None, content: bytes | None, *, is_echoed: bool = False
) -> Any:
    """Return the JSON of an answer with status 2xx; `content` and result are None for a 204. Raises Unproven.

    `is_echoed`: the header says that it belongs to the request. For an address without a row that has to do.
    """
    segments = urlsplit(path).path.rpartition("/api/v1/")[2].split("/")
    row = f"{method} {'/'.join('*' if index % 2 else segment for index, segment in enumerate(segments))}"
    proof = PROOFS.get(row)
    if proof is None:
        return _undeclared(row, content, is_echoed=is_echoed)
    if content is None and proof.shape is None:
        return None
    if content is None or proof.shape is None:
        raise Unproven(f"{row}: {'no' if content is None else 'some'} content")
    return _checked(row, proof, content, Request([unquote(one) for one in segments[1::2]], body or {}))


def _undeclared(row: str, content: bytes | None, *, is_echoed: bool) -> Any:
    if not is_echoed:
        raise Unproven(f"{row}: no proof is declared, and the header is missing")
    try:
        return None if content is None else msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unproven(f"{row}: {error}") from error


def _checked(row: str, proof: Proof, content: bytes, request: Request) -> Any:
    try:
        found = msgspec.json.decode(content)
        answer = msgspec.convert(found, proof.shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unproven(f"{row}: {error}") from error
    if not proof.agrees(answer, request):
        raise Unproven(f"{row}: it belongs to another request")
    return found


# --- Frames of the socket ---------------------------------------------------------------------------


class Frame(Struct):
    op: Id


class Hello(Frame):
    client: Id
    tag: int
    outcome: Id
    heartbeat: Annotated[float, Meta(gt=0)]
    window: Annotated[int, Meta(gt=0)]


class Event(Struct):
    type: Id
    data: dict[str, Any]


class Events(Frame):
    tag: int
    events: list[Event]


class Tagged(Frame):
    tag: int


class Settled(Frame):
    """An answer to a command. Without a ref it is to none that can be named."""

    ref: str | None


_FRAMES: Final = {"hello": Hello, "events": Events, "signal": Tagged, "heartbeat": Tagged, "resync": Tagged}


def read_frame(text: str | bytes) -> dict[str, Any]:
    """A frame with what its `op` has; one with an op of a later version has nothing. Raises Unproven."""
    try:
        found = msgspec.json.decode(text)
        op = msgspec.convert(found, Frame).op
        msgspec.convert(found, Settled if op in {"result", "error"} else _FRAMES.get(op, Frame))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unproven(f"no frame: {error}") from error
    return dict(found)


def prove_sent(command: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """The message of a `result` for the command `message.send`. Raises Unproven when it is not that message."""
    row = "POST conversations/*/messages"
    content = msgspec.json.encode(result.get("message"))
    return dict(_checked(row, PROOFS[row], content, Request([str(command["conversation"])], command)))

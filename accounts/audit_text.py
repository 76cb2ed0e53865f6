"""The audit log in sentences for people.

Every action that the code records has a sentence here, the actions of the chat included; a test compares them.
The chat registers the names and choices that only it knows when it starts (`register`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.labels import FIELDS
from accounts.models import AuditEntry, Member
from accounts.roles import Role

Namer = Callable[[Member, Sequence[UUID]], Mapping[UUID, str]]
"""Of things of one kind, the names that the member may read, by their ids."""

# `action`; where one field changed, `action:field`, or `action:-field` when nothing of it is left.
SENTENCES: Final = {
    "audit.exported": _("{actor} exported the audit log"),
    "client.resynced": _("{actor} made a client of {member} fetch everything again"),
    "client.signed_out": _("{actor} signed out a client of {member}"),
    "conversation.archive": _("{actor} archived {conversation}"),
    "conversation.regulated": _("{actor} changed the rules of {conversation}"),
    "conversation.regulated:announcement_only": _("{actor} restricted {conversation} to announcements"),
    "conversation.regulated:-announcement_only": _("{actor} allowed everybody to write in {conversation}"),
    "conversation.regulated:locked_at": _("{actor} locked {conversation}"),
    "conversation.regulated:-locked_at": _("{actor} unlocked {conversation}"),
    "conversation.regulated:retention_days": _("{actor} set how long messages in {conversation} are kept"),
    "conversation.regulated:slow_mode": _("{actor} turned on slow mode in {conversation}"),
    "conversation.regulated:-slow_mode": _("{actor} turned off slow mode in {conversation}"),
    "conversation.restore": _("{actor} restored {conversation} from the archive"),
    "conversation.update": _("{actor} changed {conversation}"),
    "conversation.update:name": _("{actor} renamed the channel {old} to {new}"),
    "conversation.update:topic": _("{actor} set the topic of {conversation}"),
    "conversation.update:-topic": _("{actor} removed the topic of {conversation}"),
    "event.discarded": _("{actor} discarded an event that a follower could not handle"),
    "event.retried": _("{actor} let a follower try an event again"),
    "invitation.accepted": _("{actor} accepted an invitation"),
    "invitation.created": _("{actor} invited {email}"),
    "invitation.link_shown": _("{actor} created a new link for the invitation of {email}"),
    "invitation.revoked": _("{actor} withdrew the invitation of {email}"),
    "member.deactivated": _("{actor} deactivated {subject}"),
    "member.muted": _("{actor} muted {subject}"),
    "member.profile_changed": _("{actor} changed their profile"),
    "member.reactivated": _("{actor} reactivated {subject}"),
    "member.readmitted": _("{actor} lifted the suspension of {subject}"),
    "member.role_changed": _("{actor} changed the role of {subject}"),
    "member.suspended": _("{actor} suspended {subject}"),
    "member.unmuted": _("{actor} lifted the mute of {subject}"),
    "member.warned": _("{actor} warned {subject}"),
    "message.delete": _("{actor} deleted a message of {member}"),
    "message.hidden": _("{actor} hid a message"),
    "message.read": _("{actor} read a hidden message"),
    "message.removed": _("{actor} removed a message permanently"),
    "message.report": _("{actor} reported a message"),
    "message.restored": _("{actor} showed a hidden message again"),
    "organization.changed": _("{actor} changed the settings of the organization"),
    "organization.created": _("{actor} created the organization"),
    "participant.add": _("{actor} added {member} to {conversation}"),
    "participant.remove": _("{actor} removed {member} from {conversation}"),
    "participant.update": _("{actor} changed what {member} may do in {conversation}"),
    "report.assigned": _("{actor} assigned a report to {member}"),
    "report.assigned:-assignee": _("{actor} unassigned a report"),
    "report.decided": _("{actor} decided a report"),
    "report.moved": _("{actor} changed the state of a report"),
    "report.noted": _("{actor} added a note to a report"),
    "report.read": _("{actor} read a report"),
    "session.ended": _("{actor} signed out a browser"),
    "token.issued": _("{actor} created an API token"),
    "token.revoked": _("{actor} revoked an API token"),
    "user.address_changed": _("{actor} changed the address of their account"),
    "user.address_confirmed": _("{actor} confirmed their address"),
    "user.address_lost": _("{actor} removed an address from an account because another account confirmed it"),
    "user.password_changed": _("{actor} set a new password"),
    "user.signed_in": _("{actor} signed in"),
    "user.signed_out_everywhere": _("{actor} signed out everywhere"),
}
MEMBERS: Final = ("member", "author", "assignee")  # fields that hold the id of one
SAID: Final = {"{member}": MEMBERS, "{email}": ("email",), "{new}": ("name",)}  # the fields that a sentence spends
PLUMBING: Final = {"around", "filters", "message"}  # ids, and what was typed into a filter: for the desk and the export

_namers: dict[str, Namer] = {}
_choices: dict[str, Mapping[str, Any]] = {"role": dict(Role.choices)}


class Line(NamedTuple):
    """One entry as it is read: a sentence of safe HTML, and `(field, before, after)` of what it does not say itself."""

    entry: AuditEntry
    sentence: str
    changes: list[tuple[str, str, str]]


def register(*, names: Mapping[str, Namer], choices: Mapping[str, Mapping[str, Any]]) -> None:
    """Register functions that name things, by type of thing, and labels for the values of fields, by field."""
    _namers.update(names)
    for field, labels in choices.items():
        _choices[field] = {**_choices.get(field, {}), **labels}


def lines_of(reader: Member, entries: Iterable[AuditEntry]) -> list[Line]:
    """Return the entries as sentences. A channel that `reader` cannot see is named only as it was recorded."""
    rows = list(entries)
    people = {str(id): person.name for id, person in Member.objects.in_bulk(_people_in(rows)).items()}
    names = {
        type: {str(id): name for id, name in namer(reader, _targets(rows, type)).items()}
        for type, namer in _namers.items()
    }
    return [_line(entry, people, names) for entry in rows]


def actions_saying(words: str) -> list[str]:
    """Return the actions whose sentences contain these words."""
    return list({key.partition(":")[0] for key, text in SENTENCES.items() if words.lower() in str(text).lower()})


def _line(entry: AuditEntry, people: Mapping[str, str], names: Mapping[str, Mapping[str, str]]) -> Line:
    before, after = entry.before or {}, entry.after or {}
    key, only = _key(entry.action, after)
    text = str(SENTENCES.get(key, f"{{actor}}: {key}"))
    either = {**before, **{field: value for field, value in after.items() if value}}
    ids = [str(either.get(field)) for field in MEMBERS]
    sentence = format_html(
        text,
        actor=format_html("<strong><bdi>{}</bdi></strong>", _actor(entry, people)),
        subject=_isolated(people.get(entry.target_id, gettext("somebody"))),
        member=_isolated(next((people[id] for id in ids if id in people), gettext("somebody"))),
        conversation=_isolated(names.get("conversation", {}).get(entry.target_id, gettext("a conversation"))),
        email=either.get("email") or gettext("somebody"),
        old=_isolated(f"#{before.get('name')}"),
        new=_isolated(f"#{after.get('name')}"),
    )
    spent = {field for placeholder, fields in SAID.items() if placeholder in text for field in fields} | only
    fields = [field for field in sorted({*before, *after}) if field not in spent and not _is_silent(field)]
    changes = [(_field(field), _value(field, before, people), _value(field, after, people)) for field in fields]
    return Line(entry, sentence, [change for change in changes if change[1] or change[2]])


def _key(action: str, after: Mapping[str, Any]) -> tuple[str, set[str]]:
    """Return the key of the sentence, and the field that the sentence states completely (it is on or off)."""
    if len(after) == 1:
        ((field, value),) = after.items()
        key = f"{action}:{field}" if value else f"{action}:-{field}"
        if key in SENTENCES:
            return key, {field} if isinstance(value, bool) else set()
    return action, set()


def _isolated(name: str) -> str:
    """Return the name as HTML that does not change the direction of the text around it."""
    return format_html("<bdi>{}</bdi>", name)


def _actor(entry: AuditEntry, people: Mapping[str, str]) -> str:
    if entry.actor_id is not None:
        return people.get(str(entry.actor_id), gettext("Somebody"))
    return gettext("The staff of the installation") if entry.user_id else gettext("The system")


def _is_silent(field: str) -> bool:
    """Return whether the field is not shown: ids and filters, and times that repeat the time of the entry."""
    return field in PLUMBING or field.endswith("_at")


def _field(field: str) -> str:
    text = str(FIELDS.get(field, field.replace("_", " ")))
    return text[:1].upper() + text[1:]


def _value(field: str, values: Mapping[str, Any], people: Mapping[str, str]) -> str:
    value = values.get(field)
    if value is None or isinstance(value, bool):
        return {None: "", True: gettext("yes"), False: gettext("no")}[value]
    if field in MEMBERS:
        return people.get(str(value), gettext("somebody"))
    if field.endswith("_until") and (time := parse_datetime(str(value))) is not None:
        return date_format(time, "Y-m-d H:i")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(_choices.get(field, {}).get(str(value), value))


def _people_in(entries: Iterable[AuditEntry]) -> set[UUID]:
    found: set[UUID | None] = set()
    for entry in entries:
        found |= {entry.actor_id, _uuid(entry.target_id) if entry.target_type == "member" else None}
        found |= {_uuid((values or {}).get(field)) for values in (entry.before, entry.after) for field in MEMBERS}
    return found - {None}  # type: ignore[return-value]  # mypy keeps the None


def _targets(entries: Iterable[AuditEntry], type: str) -> list[UUID]:
    ids = {_uuid(entry.target_id) for entry in entries if entry.target_type == type}
    return [id for id in ids if id is not None]


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None

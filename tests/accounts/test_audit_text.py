"""The audit log in words: that there are some for everything the code records, and that they are true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from string import Formatter

import pytest
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise

from accounts.actions import change_organization, change_role, deactivate_member, invite_member
from accounts.actions.members import ProfileChanges
from accounts.actions.organizations import OrganizationChanges
from accounts.audit_text import SENTENCES, actions_saying, lines_of
from accounts.labels import FIELDS
from accounts.models import AuditEntry
from accounts.roles import Role
from chat.actions.conversations import archive_conversation, create_channel, update_conversation
from chat.actions.moderation import regulate_conversation
from chat.actions.participants import add_participant, change_participant
from chat.actions.sanctions import mute_member
from chat.models import Participant
from tests.cast import scope_of

MODULES = [path for name in ("accounts", "chat") for path in sorted((Path(settings.BASE_DIR) / name).rglob("*.py"))]
PLACEHOLDERS = {"actor", "subject", "member", "conversation", "email", "old", "new"}


class Records(ast.NodeVisitor):
    """The actions and the fields that a module hands to accounts.audit.record, itself or by a function of its own.

    What cannot be read off the code is in `obscure`: an action has to stand in the call, or beside its name.
    """

    def __init__(self, source: str) -> None:
        self.actions: set[str] = set()
        self.fields: set[str] = set()
        self.obscure: list[str] = []
        self._tree = ast.parse(source)
        functions = [node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef)]
        self._recorders = {node.name for node in functions if node.args.args and node.args.args[0].arg == "action"}
        self._recorders |= {"record"}
        self._known: dict[str, ast.expr | None] = {}
        self.visit(self._tree)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._known = {node.args.args[0].arg: None} if node.name in self._recorders else {}
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._known[target.id] = node.value
                self._note_fields(target.id, node.value)
            elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                self._note_fields(ast.unparse(target.value), ast.Dict([target.slice], []))
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._note_fields(ast.unparse(node.target), node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in self._recorders and (node.args or any(each.arg == "action" for each in node.keywords)):
            self._note_action(node.args[0])
            for part in (*node.args[1:], *(each.value for each in node.keywords)):
                self._note_fields("after", part)
        self.generic_visit(node)

    def _note_action(self, node: ast.expr) -> None:
        match node:
            case ast.Constant():
                self.actions.add(str(node.value))
            case ast.IfExp():
                self._note_action(node.body)
                self._note_action(node.orelse)
            case ast.Name() if node.id in self._known:
                if (value := self._known[node.id]) is not None:
                    self._note_action(value)
            case _:
                self.obscure.append(ast.unparse(node))

    def _note_fields(self, name: str, value: ast.expr) -> None:
        if name in {"before", "after", "changes"} and isinstance(value, ast.Dict):
            self.fields |= {str(key.value) for key in value.keys if isinstance(key, ast.Constant)}


def recorded() -> Iterator[tuple[Path, Records]]:
    for path in MODULES:
        source = path.read_text()
        if re.search(r"\brecord\b", source) and path != Path(settings.BASE_DIR) / "accounts" / "audit.py":
            yield path, Records(source)


def test_every_action_has_words() -> None:
    found = {path: records for path, records in recorded() if records.actions or records.obscure}
    assert {path.name: records.obscure for path, records in found.items() if records.obscure} == {}
    assert {action for records in found.values() for action in records.actions} == {
        key.partition(":")[0] for key in SENTENCES
    }


def test_every_field_has_words() -> None:
    fields = {field for _, records in recorded() for field in records.fields}
    fields |= set(ProfileChanges.__annotations__) | set(OrganizationChanges.__annotations__)
    silent = {"around", "filters", "message"}
    assert {"announcement_only", "email", "role", "muted_until", "state"} < fields
    assert sorted(field for field in fields - silent - set(FIELDS) if not field.endswith("_at")) == []


@pytest.mark.parametrize("key", SENTENCES)
def test_a_sentence_says_who_did_it_and_asks_for_nothing_unknown(key: str) -> None:
    asked = {name for _, name, _, _ in Formatter().parse(str(SENTENCES[key])) if name}
    assert isinstance(SENTENCES[key], Promise)
    assert "actor" in asked <= PLACEHOLDERS


def test_the_test_sees() -> None:
    wrapped = 'def _note(action, member): record(action, actor=member)\ndef act(m): _note("thing.done", m)'
    chosen = (
        'def f(m, on):\n    action = "thing.on" if on else "thing.off"\n    record(action, actor=m, after={"a": 1})'
    )
    assert (Records(wrapped).actions, Records(wrapped).obscure) == ({"thing.done"}, [])
    assert (Records(chosen).actions, Records(chosen).fields) == ({"thing.on", "thing.off"}, {"a"})
    assert Records('record(f"thing.{what}", actor=m)').obscure == ["f'thing.{what}'"]


# --- What is read ---------------------------------------------------------------------------------------


def read_by(reader, *, latest: int = 1) -> list[str]:
    with scope_of(reader):
        return [re.sub(r"</?(?:strong|bdi)>", "", line.sentence) for line in lines_of(reader, newest(latest))]


def newest(count: int) -> list[AuditEntry]:
    return list(AuditEntry.objects.order_by("-id")[:count])


def test_what_was_done_to_a_channel(alice, bob) -> None:
    with scope_of(alice):
        channel = create_channel(alice, kind="public", name="general", members=[])
        update_conversation(alice, channel.pk, name="press")
        update_conversation(alice, channel.pk, topic="What is new")
        update_conversation(alice, channel.pk, topic="")
        add_participant(alice, channel.pk, member_id=bob.pk)
        change_participant(alice, channel.pk, member_id=bob.pk, role=Participant.Role.ADMIN)
        regulate_conversation(alice, channel.pk, announcement_only=True, reason="")
        regulate_conversation(alice, channel.pk, locked=True, reason="a quarrel")
        regulate_conversation(alice, channel.pk, locked=False, reason="over")
        regulate_conversation(alice, channel.pk, slow_mode=30, announcement_only=False, reason="")
        archive_conversation(alice, channel.pk, reason="done")
    assert read_by(alice, latest=10)[::-1] == [
        "Alice renamed the channel #general to #press",
        "Alice set the topic of #press",
        "Alice removed the topic of #press",
        "Alice added Bob to #press",
        "Alice changed what Bob may do in #press",
        "Alice restricted #press to announcements",
        "Alice locked #press",
        "Alice unlocked #press",
        "Alice changed the rules of #press",
        "Alice archived #press",
    ]
    with scope_of(alice):
        (archived, rules, *_, announcing) = lines_of(alice, newest(5))
    assert archived.changes == []  # the entry says when
    assert announcing.changes == []  # the sentence says which
    assert rules.changes == [("Announcement only", "yes", "no"), ("Slow mode", "0", "30")]


def test_what_was_done_to_people(alice, bob) -> None:
    with scope_of(alice):
        invite_member(alice, email="eve@acme.test", role=Role.GUEST)
        change_role(alice, bob, role=Role.MODERATOR)
        mute_member(alice, bob.pk, until=timezone.now() + timedelta(hours=1), reason="loud")
        deactivate_member(alice, bob, reason="left us")
        change_organization(alice, name="Acme & Sons")
        lines = lines_of(alice, newest(5))
    settings_line, gone, muted, role, invited = lines
    assert [line.sentence for line in (settings_line, gone, muted, role, invited)] == [
        "<strong><bdi>Alice</bdi></strong> changed the settings of the organization",
        "<strong><bdi>Alice</bdi></strong> deactivated <bdi>Bob</bdi>",
        "<strong><bdi>Alice</bdi></strong> muted <bdi>Bob</bdi>",
        "<strong><bdi>Alice</bdi></strong> changed the role of <bdi>Bob</bdi>",
        "<strong><bdi>Alice</bdi></strong> invited eve@acme.test",
    ]
    assert role.changes == [("Role", "Member", "Moderator")]
    assert invited.changes == [("Role", "", "Guest")]
    ((field, _, until),) = muted.changes
    assert (field, bool(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", until))) == ("Muted until", True)


def test_a_closed_channel_and_an_unknown_person_have_no_names(alice, mona, charlie) -> None:
    with scope_of(mona):
        cellar = create_channel(mona, kind="private", name="cellar", members=[])
        update_conversation(mona, cellar.pk, topic="Wine")
    assert read_by(mona) == ["Mona set the topic of #cellar"]
    assert read_by(alice) == ["Mona set the topic of a conversation"]
    with scope_of(charlie):
        assert lines_of(charlie, newest(9)) == []
        foreign = AuditEntry(action="member.warned", actor_id=alice.pk, target_type="member", target_id=str(mona.pk))
        (line,) = lines_of(charlie, [foreign])
    assert line.sentence == "<strong><bdi>Somebody</bdi></strong> warned <bdi>somebody</bdi>"


def test_names_are_text_and_not_markup(alice) -> None:
    with scope_of(alice):
        type(alice).objects.filter(pk=alice.pk).update(name="<b>{email}</b>")
        (line,) = lines_of(alice, [AuditEntry(action="user.signed_in", actor_id=alice.pk)])
    assert line.sentence == "<strong><bdi>&lt;b&gt;{email}&lt;/b&gt;</bdi></strong> signed in"


def test_who_is_no_member_acts_all_the_same(alice) -> None:
    with scope_of(alice):
        by_staff, by_nobody = lines_of(
            alice, [AuditEntry(action="report.read", user_id=alice.pk), AuditEntry(action="thing.done")]
        )
    assert by_staff.sentence == "<strong><bdi>The staff of the installation</bdi></strong> read a report"
    assert by_nobody.sentence == "<strong><bdi>The system</bdi></strong>: thing.done"


def test_actions_are_found_by_the_words_they_are_read_in() -> None:
    assert actions_saying("renamed the") == ["conversation.update"]
    assert actions_saying("no such words") == []

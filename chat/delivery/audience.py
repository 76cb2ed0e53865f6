"""Who receives an event: the one place that says so, in SQL, for all mailbox backends and for typing signals.

A rule is a registered SQL fragment that selects clients; an audience is a rule with its values. `publish` takes each
event with its audience and stores the values in the row of the event: an event with a member is for that member alone,
one with a conversation alone is for its participants, any other is for the organization. From all rules this module
puts together the one statement that finds the recipients of stored events.

To add a rule: register it here with a condition on the row of the event that no other rule has, and add a function that
returns its audience.
"""

# ruff: noqa: S608  # the parts are constants of this file, never input

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Selects clients.

    `clients`: what stands after FROM, with chat_client as `c`. `condition`: which of these clients, a template with the
    fields {conversation}, {member}, {organization}, {type} and {entity}. `events`: which rows of chat_event, as `e`,
    have this audience.
    """

    name: str
    clients: str
    condition: str
    events: str


@dataclass(frozen=True, slots=True)
class Audience:
    """The recipients of one event. `conversation_id` is also the conversation to which the event belongs."""

    rule: Rule
    conversation_id: UUID | None = None
    member_id: UUID | None = None


RULES: Final[dict[str, Rule]] = {}


def register_rule(rule: Rule) -> Rule:
    RULES[rule.name] = rule
    return rule


PARTICIPANTS: Final = register_rule(
    Rule(
        name="participants",
        clients="chat_participant p JOIN chat_client c ON c.member_id = p.member_id",
        condition="p.conversation_id = {conversation} AND p.left_at IS NULL",
        events="e.conversation_id IS NOT NULL AND e.member_id IS NULL",
    )
)
"""The participants of a conversation, without those who have left it."""

ONE_MEMBER: Final = register_rule(
    Rule(
        name="member",
        clients="chat_client c",
        condition="c.member_id = {member}",
        events="e.member_id IS NOT NULL",
    )
)
"""One member alone: what is private to them."""

ORGANIZATION: Final = register_rule(
    Rule(
        name="organization",
        clients="accounts_member m JOIN chat_client c ON c.member_id = m.id",
        condition="""m.organization_id = {organization}
      AND (m.role <> 'guest' OR {type} LIKE 'organization.%%' OR {entity} = m.id OR EXISTS (
        SELECT FROM chat_participant own JOIN chat_participant their ON their.conversation_id = own.conversation_id
        WHERE own.member_id = m.id AND own.left_at IS NULL AND their.member_id = {entity}))""",
        events="e.conversation_id IS NULL AND e.member_id IS NULL",
    )
)
"""All members of the organization. Guests receive events about members who take or took part in one of their
conversations, and no others: they read what former participants wrote, under their names."""


def participants_of(conversation_id: UUID) -> Audience:
    """The participants of a conversation."""
    return Audience(PARTICIPANTS, conversation_id=conversation_id)


def one_member(member_id: UUID, *, conversation_id: UUID | None = None) -> Audience:
    """One member alone. `conversation_id`: the conversation to which the event belongs, if there is one."""
    return Audience(ONE_MEMBER, conversation_id=conversation_id, member_id=member_id)


def whole_organization() -> Audience:
    """All members of the organization in whose scope the event is published; guests by their own rule."""
    return Audience(ORGANIZATION)


def _recipients_of(rule: Rule) -> str:
    condition = rule.condition.format(
        conversation="e.conversation_id",
        member="e.member_id",
        organization="%(organization)s",
        type="e.type",
        entity="e.entity_id",
    )
    return f"""
    SELECT c.id AS client_id, e.id AS event_id, e.position
    FROM published e CROSS JOIN {rule.clients}
    WHERE {rule.events} AND {condition}"""


RECIPIENTS: Final = f"""
published AS (
    SELECT v.id, v.conversation_id, v.member_id, v.type, v.entity_id, given.position
    FROM unnest(%(events)s::bigint[]) WITH ORDINALITY AS given (id, position) JOIN chat_event v ON v.id = given.id
), recipients AS ({" UNION ALL ".join(_recipients_of(rule) for rule in RULES.values())}
)"""
"""Common table expressions that end with `recipients`: one row for each client and event. Parameters: events,
organization."""

ACQUAINTED: Final = """
WITH subjects AS (
    SELECT conversation_id, member_id FROM chat_participant
    WHERE member_id = ANY(%(changed)s::uuid[]) AND left_at IS NULL
), small AS MATERIALIZED (
    SELECT conversation_id FROM (SELECT DISTINCT conversation_id FROM subjects) AS touched
    WHERE %(onlookers)s >= (SELECT count(*) FROM (
        SELECT FROM chat_participant p WHERE p.conversation_id = touched.conversation_id AND p.left_at IS NULL
        LIMIT %(onlookers)s + 1) AS participants)
)
SELECT subject.member_id, array_agg(DISTINCT viewer.member_id)
FROM small
JOIN subjects subject ON subject.conversation_id = small.conversation_id
JOIN chat_participant viewer ON viewer.conversation_id = small.conversation_id
WHERE viewer.member_id = ANY(%(local)s::uuid[]) AND viewer.left_at IS NULL
GROUP BY subject.member_id
"""
"""Who receives presence signals: for each changed member, the members who share a conversation of at most `onlookers`
participants. Parameters: changed, local (both members), onlookers."""

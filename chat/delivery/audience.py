"""Which clients an event is for, in SQL: the one place that says so for every backend."""

from __future__ import annotations

from typing import Final

WANTED: Final = """
news AS (
    SELECT v.id, v.conversation_id, v.member_id, v.type, v.entity_id, e.place
    FROM unnest(%(events)s::bigint[]) WITH ORDINALITY AS e (id, place) JOIN chat_event v ON v.id = e.id
), wanted AS (
    SELECT c.id AS client_id, n.id AS event_id, n.place
    FROM news n
    JOIN chat_participant p ON p.conversation_id = n.conversation_id AND p.left_at IS NULL
    JOIN chat_client c ON c.member_id = p.member_id
    WHERE n.member_id IS NULL
  UNION ALL
    SELECT c.id, n.id, n.place FROM news n JOIN chat_client c ON c.member_id = n.member_id
  UNION ALL
    SELECT c.id, n.id, n.place
    FROM news n
    JOIN accounts_member m ON m.organization_id = %(organization)s
    JOIN chat_client c ON c.member_id = m.id
    WHERE n.member_id IS NULL AND n.conversation_id IS NULL
      AND (m.role <> 'guest' OR n.type LIKE 'organization.%%' OR n.entity_id = m.id OR EXISTS (
        SELECT FROM chat_participant own JOIN chat_participant their ON their.conversation_id = own.conversation_id
        WHERE own.member_id = m.id AND own.left_at IS NULL AND their.member_id = n.entity_id))
)"""
"""`wanted`: one row per client and event. A member's event is for that member alone, a conversation's for its
participants, any other for the organization, guests only where the member it is about takes or took part in a
conversation of theirs: who left is still read there, under their name.
Parameters: events, organization."""

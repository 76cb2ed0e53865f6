"""Delivery: from a change to all clients that may see it, and to followers on the server.

This is what the rest of the program uses:

- `publish(organization_id, Draft(…, audience=…))` writes events and puts them into the mailboxes of their audiences:
  `participants_of(conversation)`, `one_member(member)`, `whole_organization()`;
- `register(…)` declares an entity and the types of its events (chat/entities);
- `follow(name, handler)` registers a follower, which handles every event on the server (chat/delivery/followers).

What is where: `mailbox/` the undelivered events of each client · `node/` the part that holds sockets · `followers/` ·
`audience.py` who receives an event · `wakeups.py` messages between nodes · `presence.py` · `redact.py`.
"""

from chat.delivery.audience import Audience, one_member, participants_of, whole_organization
from chat.delivery.followers import follow
from chat.delivery.publishing import Draft, pass_gate, publish, reserve
from chat.entities.registry import register

__all__ = [
    "Audience",
    "Draft",
    "follow",
    "one_member",
    "participants_of",
    "pass_gate",
    "publish",
    "register",
    "reserve",
    "whole_organization",
]

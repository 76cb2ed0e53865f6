"""Import every page of the admin site, which registers it."""

from chat.admin import (
    audit,
    clients,
    conversations,
    followers,
    invitations,
    members,
    messages,
    nodes,
    organizations,
    reports,
    sanctions,
    tokens,
    users,
)

__all__ = [
    "audit",
    "clients",
    "conversations",
    "followers",
    "invitations",
    "members",
    "messages",
    "nodes",
    "organizations",
    "reports",
    "sanctions",
    "tokens",
    "users",
]

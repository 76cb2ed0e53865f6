"""The admin site's pages about the chat: one noun a file. Acts call the same actions as REST does."""

from chat.admin import clients, conversations, members, messages, nodes, reports, sanctions

__all__ = ["clients", "conversations", "members", "messages", "nodes", "reports", "sanctions"]

"""The only door to an object: every read and write of a conversation, message, member or report starts here.

An object that the member may not know of raises NotFound, exactly like one that does not exist. An object that they see
but may not use in that way raises Forbidden.
"""

from chat.access.conversations import (
    Access,
    find_conversation,
    lock_conversation,
    lock_to_manage,
    require_open,
    require_rank,
    visible_conversations,
)
from chat.access.members import find_member, find_members, known_members, visible_members
from chat.access.messages import (
    find_message,
    find_thread,
    is_expired,
    is_thread_over,
    lock_message_to_change,
    lock_message_to_delete,
)
from chat.access.moderation import (
    find_member_to_moderate,
    find_message_to_moderate,
    lock_message_to_moderate,
    lock_to_moderate,
)
from chat.access.posting import WriteAccess, lock_all_to_write, require_may_post
from chat.access.reports import find_report, open_reports, require_moderator, visible_reports

__all__ = [
    "Access",
    "WriteAccess",
    "find_conversation",
    "find_member",
    "find_member_to_moderate",
    "find_members",
    "find_message",
    "find_message_to_moderate",
    "find_report",
    "find_thread",
    "is_expired",
    "is_thread_over",
    "known_members",
    "lock_all_to_write",
    "lock_conversation",
    "lock_message_to_change",
    "lock_message_to_delete",
    "lock_message_to_moderate",
    "lock_to_manage",
    "lock_to_moderate",
    "open_reports",
    "require_may_post",
    "require_moderator",
    "require_open",
    "require_rank",
    "visible_conversations",
    "visible_members",
    "visible_reports",
]

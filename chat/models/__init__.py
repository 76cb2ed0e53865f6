"""The tables of the chat. Django finds the models of every module here; what is exported below is only a short way."""

import pkgutil
from importlib import import_module

from chat.models.attention import Attention
from chat.models.clients import AckedEntry, Client, MailboxEntry, Node
from chat.models.conversations import Conversation, Kind, Notifications, Participant
from chat.models.followers import Follower, FollowerGap, FollowerQueue, QueuedEvents, SetAsideEvent
from chat.models.log import Event
from chat.models.messages import Message, Reaction, Revision
from chat.models.moderation import Report, ReportNote, Sanction

__all__ = [
    "AckedEntry",
    "Attention",
    "Client",
    "Conversation",
    "Event",
    "Follower",
    "FollowerGap",
    "FollowerQueue",
    "Kind",
    "MailboxEntry",
    "Message",
    "Node",
    "Notifications",
    "Participant",
    "QueuedEvents",
    "Reaction",
    "Report",
    "ReportNote",
    "Revision",
    "Sanction",
    "SetAsideEvent",
]

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)

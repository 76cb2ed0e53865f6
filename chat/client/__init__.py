"""A client of Parley for bots, load and chaos, and the one that other clients can be ported from. Knows no Django.

mailbox.py   what a frame and a sync answer mean: tags, gaps, acks. No input or output
ranges.py    sets of sequence numbers
store.py     what is known: entities by id, replaced if newer
room.py      one conversation of the store
entities.py  entities without rules of their own, by the generated rules.py
outbox.py    what is to be sent, until it is answered
api.py       REST
session.py   the socket, the clock, and the four above put together
"""

from chat.client.api import Api, ApiError, Unreachable
from chat.client.mailbox import Mailbox, State
from chat.client.outbox import Entry, Outbox
from chat.client.session import Session
from chat.client.store import Store

__all__ = ["Api", "ApiError", "Entry", "Mailbox", "Outbox", "Session", "State", "Store", "Unreachable"]

"""The rules of the chat's acts: which counter, whether muted, in a locked or archived conversation, with rank, why.

What a rule says and how it is asked for: accounts/rules.py. Who may do an act at all (participants, the channel's
admins, moderators) is decided by the function of chat/access that the action begins with.
"""

from __future__ import annotations

from typing import Final

from accounts.rules import Because, Pace, Rule

# --- Messages -----------------------------------------------------------------------------------------

WRITE: Final = Rule(act="message.send", pace=Pace.MESSAGE, locked=False, archived=False)  # counted by the batch
EDIT: Final = Rule(act="message.edit", pace=Pace.PUBLISH, locked=False, archived=False)
TAKE_BACK: Final = Rule(act="message.take_back", pace=Pace.PUBLISH, muted=True, archived=False)
DELETE: Final = Rule(  # somebody else's
    act="message.delete", pace=Pace.PUBLISH, archived=False, ranked=True, reason=Because.STEPPING_IN
)
REACT: Final = Rule(act="reaction.add", pace=Pace.PUBLISH, locked=False, archived=False)
UNREACT: Final = Rule(act="reaction.remove", pace=Pace.PUBLISH, locked=False, archived=False)
PIN: Final = Rule(act="pin.add", pace=Pace.PUBLISH, locked=False, archived=False)
UNPIN: Final = Rule(act="pin.remove", pace=Pace.PUBLISH, locked=False, archived=False)
READ: Final = Rule(act="conversation.read", pace=Pace.READ, muted=True)  # on a socket: chat/realtime/reads.py

# --- Conversations ------------------------------------------------------------------------------------

CREATE_CHANNEL: Final = Rule(act="channel.create", pace=Pace.PUBLISH)
FIND_DIRECT: Final = Rule(act="direct.find", pace=Pace.PUBLISH, muted=True)
START_DIRECT: Final = Rule(act="direct.start", pace=Pace.PUBLISH)  # where there is none yet
DESCRIBE: Final = Rule(act="conversation.describe", pace=Pace.PUBLISH, locked=False, archived=False)
ARCHIVE: Final = Rule(act="conversation.archive", pace=Pace.PUBLISH, reason=Because.STEPPING_IN)
REGULATE: Final = Rule(act="conversation.regulate", pace=Pace.PUBLISH, reason=Because.STEPPING_IN)

# --- Participants -------------------------------------------------------------------------------------

JOIN: Final = Rule(act="conversation.join", pace=Pace.PUBLISH, muted=True, archived=False)
LEAVE: Final = Rule(act="conversation.leave", pace=Pace.PUBLISH, muted=True)
ADD: Final = Rule(act="participant.add", pace=Pace.PUBLISH, locked=False, archived=False)
REMOVE: Final = Rule(act="participant.remove", pace=Pace.PUBLISH, ranked=True)
CHANGE_PARTICIPANT: Final = Rule(act="participant.change", pace=Pace.PUBLISH, ranked=True)
SET_OWN: Final = Rule(act="participant.prefer", pace=Pace.OWN, muted=True)

# --- Moderation ---------------------------------------------------------------------------------------

REPORT: Final = Rule(act="report.create", pace=Pace.REPORT, muted=True)  # who is muted may still ask for help
ACKNOWLEDGE: Final = Rule(act="report.acknowledge", pace=Pace.OWN, muted=True)
HIDE: Final = Rule(act="message.hide", pace=Pace.MODERATE, ranked=True, reason=Because.ALWAYS)
RESTORE: Final = Rule(act="message.restore", pace=Pace.MODERATE, ranked=True, reason=Because.ALWAYS)
REMOVE_FOR_GOOD: Final = Rule(act="message.remove", pace=Pace.MODERATE, ranked=True, reason=Because.ALWAYS)
DECIDE: Final = Rule(act="report.decide", pace=Pace.MODERATE)
WARN: Final = Rule(act="member.warn", pace=Pace.MODERATE, ranked=True, reason=Because.ALWAYS)
MUTE: Final = Rule(act="member.mute", pace=Pace.MODERATE, ranked=True, reason=Because.ALWAYS)
SUSPEND: Final = Rule(act="member.suspend", pace=Pace.MODERATE, ranked=True, reason=Because.ALWAYS)
LIFT: Final = Rule(act="member.lift", pace=Pace.MODERATE, ranked=True, reason=Because.ALWAYS)

ACKNOWLEDGE_SANCTION: Final = Rule(act="sanction.acknowledge", pace=Pace.OWN, muted=True)

# --- Statuses -----------------------------------------------------------------------------------------

SET_STATUS: Final = Rule(act="status.set", pace=Pace.ORGANIZATION)
CLEAR_STATUS: Final = Rule(act="status.clear", pace=Pace.ORGANIZATION, muted=True)

# --- Clients: no more of them end than were registered ------------------------------------------------

REGISTER: Final = Rule(act="client.register", pace=Pace.CLIENT, muted=True)
CLOSE: Final = Rule(act="client.close", pace=None, muted=True)
SIGN_OUT: Final = Rule(act="client.sign_out", pace=None, muted=True)

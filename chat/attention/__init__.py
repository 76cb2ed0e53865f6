"""Whom a message concerns, and why: decided once, on the server, and recorded in the table `chat_attention`.

`recording.py` follows the event log and keeps the record; `reasons.py` decides; `keywords.py` finds members' words in a
text; `unread.py` reads what sync returns; `concerned.py` answers the whole question for one message; `registration.py`
makes the record known to the log and to retention.

What the record holds, by reason, the strongest first:

| reason    | concerns                                                           | recorded as                        |
| --------- | ------------------------------------------------------------------ | ---------------------------------- |
| `mention` | a member whom the message names                                    | a row of the member                |
| `group`   | every participant, because the message calls them all              | one row without a member           |
| `reply`   | a member who follows the thread of the reply                       | a row of the member                |
| `direct`  | everybody in a direct or group message                             | no row: the conversation's kind    |
| `keyword` | a participant who asked for a word in the text                     | a row of the member                |
| `all`     | participants whose level for the conversation is "all"             | no row: their level                |

`direct` and `all` follow from the conversation and its participants. A row for each message would hold nothing that is
not known, so a plain message leaves none. Levels, mutes and quiet hours decide what is shown or pushed; they do not
change the record. A message never concerns its author, nor anybody who could not read it when it was recorded. Who may
read it now is asked when the record is read: leaving a conversation hides its rows, and coming back shows them again.
"""

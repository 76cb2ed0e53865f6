"""What happens in accounts that others must act on, in the same transaction.

accounts imports nothing from chat; chat listens here. These are sent by actions, by hand: no model signals.
"""

from django.dispatch import Signal

organization_created = Signal()  # organization, owner: Member
organization_changed = Signal()  # organization
member_joined = Signal()  # member, actor: Member | None
member_changed = Signal()  # member, fields: which of name, handle, title, role
member_preferences_changed = Signal()  # member: changes that only they receive
member_deactivated = Signal()  # member: sockets, clients and undelivered entries end with it
member_reactivated = Signal()  # member
credential_ended = (
    Signal()
)  # credentials: list[str], see accounts.credentials.credential_of; their sockets end within a second

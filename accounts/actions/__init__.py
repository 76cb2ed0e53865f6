"""All writes: `verb_noun(member, …, *, keyword-only)`. They raise accounts.errors, and commit whole or not at all.

Locks are taken in this order: the organization's row, members by ascending id, the invitation, users; then whatever the
listeners of accounts.signals lock (conversations, then clients by ascending id).
"""

from accounts.actions.email_addresses import prove_address
from accounts.actions.invitations import accept_invitation, invite_member, renew_link, revoke_invitation
from accounts.actions.members import (
    change_preferences,
    change_profile,
    change_role,
    deactivate_member,
    reactivate_member,
    transfer_ownership,
)
from accounts.actions.organizations import change_organization, create_organization
from accounts.actions.sessions import end_session, sign_out_everywhere

__all__ = [
    "accept_invitation",
    "change_organization",
    "change_preferences",
    "change_profile",
    "change_role",
    "create_organization",
    "deactivate_member",
    "end_session",
    "invite_member",
    "prove_address",
    "reactivate_member",
    "renew_link",
    "revoke_invitation",
    "sign_out_everywhere",
    "transfer_ownership",
]

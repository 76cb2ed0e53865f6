"""The owner of an email address.

An address belongs to the account that proved it, by opening a link that was mailed there. An account that has proved
none has one address only, and that address is not reserved: another account may prove it first. The rules:

- An account without a proved address is *unproven*: nobody knows who created it. The person who proves its address
  becomes its only owner. All other addresses, second factors, identity providers, sessions and tokens are removed.
- An address that was added to a proved account has no effect until it is proved as well: it cannot be used to sign in,
  and no password reset is sent to it.
- When an address is proved, every other account loses it.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import F

from accounts.actions.sessions import end_sessions
from accounts.audit import record
from accounts.credentials import token_credential
from accounts.errors import Conflict
from accounts.models import ApiToken, User
from accounts.signals import credential_ended

LOST_ADDRESS = "@unclaimed.invalid"  # of an account whose address somebody else proved; no mail can go there


def is_proven(user: User) -> bool:
    """Whether somebody proved an address of this account."""
    return bool(EmailAddress.objects.filter(user=user, verified=True).exists())


def proven_among(user_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the users whose main address is proved. The addresses of the others are only claimed."""
    rows = EmailAddress.objects.filter(user__in=user_ids, verified=True, email=F("user__email"))
    return set(rows.values_list("user_id", flat=True))


def accounts_of(email: str) -> list[User]:
    """Return the account that this address signs in to, as a list of one or none.

    That is the account that proved it, or else the account that was made with it. An address that is merely waiting
    for its confirmation leads nowhere.
    """
    email = email.strip().lower()
    proved = EmailAddress.objects.filter(email=email, verified=True).select_related("user").first()
    if proved is not None:
        return [proved.user]
    return [user for user in User.objects.filter(email=email) if user.email == email]


@transaction.atomic
def prove_address(user: User, email: str, *, session_key: str = "", forget_password: bool = False) -> bool:
    """Record that the owner of `user` reads mail to this address. Returns False if another account proved it before.

    If the account was unproven, everything that somebody else may have added to it is removed. The session with
    `session_key` stays signed in. `forget_password` also removes the password: the person who proved the address may
    not know it. Locks the user.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    email = email.lower()
    if EmailAddress.objects.filter(email=email, verified=True).exclude(user=user).exists():
        return False
    first = not is_proven(user)
    if first:
        _sweep(user, email, session_key=session_key, forget_password=forget_password)
    _take_from_others(user, email)
    address, _ = EmailAddress.objects.get_or_create(user=user, email=email)
    address.verified, address.primary = True, address.primary or first
    address.save(update_fields=["verified", "primary"])
    if first and user.email != email:
        user.email = email
        user.save(update_fields=["email"])
    record("user.address_confirmed", actor=user, target=user, after={"email": email})
    return True


@transaction.atomic
def replace_unproven_address(user: User, email: str) -> EmailAddress:
    """Replace the address of an unproven account. Raises Conflict if the new one is taken.

    Locks the user.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if is_proven(user) or [other for other in accounts_of(email) if other.pk != user.pk]:
        raise Conflict
    EmailAddress.objects.filter(user=user).delete()
    before, user.email = user.email, email.lower()
    user.save(update_fields=["email"])
    record("user.address_changed", actor=user, target=user, before={"email": before}, after={"email": user.email})
    return EmailAddress.objects.create(user=user, email=user.email, primary=True)


@transaction.atomic
def empty_unproven(user: User) -> None:
    """Remove everything that lets somebody sign in to an unproven account, its password included. Its address stays.

    The person who reads the mail of the address then chooses a new password. Raises Conflict for a proved account.
    Locks the user.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if is_proven(user):
        raise Conflict
    _sweep(user, user.email, session_key="", forget_password=True)


def _sweep(user: User, email: str, *, session_key: str, forget_password: bool) -> None:
    """Remove everything that lets somebody sign in who did not prove `email`."""
    EmailAddress.objects.filter(user=user).exclude(email=email).delete()
    Authenticator.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()
    if forget_password:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    keys = UserSession.objects.filter(user=user).exclude(session_key=session_key)
    end_sessions(user, session_keys=list(keys.values_list("session_key", flat=True)))
    tokens = list(ApiToken.objects.filter(user=user))
    ApiToken.objects.filter(pk__in=[token.pk for token in tokens]).delete()
    credential_ended.send(sender=ApiToken, credentials=[token_credential(token) for token in tokens])


def _take_from_others(user: User, email: str) -> None:
    """Remove the address from the accounts that only claimed it. They keep everything else."""
    EmailAddress.objects.filter(email=email).exclude(user=user).delete()
    for other in User.objects.select_for_update(no_key=True).filter(email=email).exclude(pk=user.pk):
        other.email = f"{other.pk.hex}{LOST_ADDRESS}"
        other.save(update_fields=["email"])
        record("user.address_lost", actor=None, target=other, before={"email": email})

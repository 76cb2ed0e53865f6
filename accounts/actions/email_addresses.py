"""Whose an e-mail address is.

An address belongs to the account that proved it: somebody read a mail that was sent there. Until then an account holds
one address only, which reserves nothing: others may prove it first. The rules:

- An account of which no address was proved is *unproven*. Nobody knows who made it. Whoever proves its address becomes
  its only owner: other addresses, second factors, identity providers, sessions and tokens end.
- An address that was added to a proved account counts for nothing before it is proved as well: nobody signs in by it,
  no password reset goes there.
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
    """Of these users those whose main address is proved: what is shown of the others is what somebody claimed."""
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
    """Note that who holds `user` reads the mail of this address. Returns False when another account proved it before.

    If nobody had proved an address of the account, everything goes that somebody else may have put into it. The browser
    of `session_key` stays signed in. `forget_password`: the prover is not known to know the password, so it goes, too.
    Locks the user.
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
    """Give an unproven account another address instead of the one that it has. Raises Conflict for one that is taken.

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
    """Take from an unproven account everything that lets somebody in, its password included. Its address stays.

    Who reads the mail of the address chooses a new password. Raises Conflict for an account that somebody proved.
    Locks the user.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if is_proven(user):
        raise Conflict
    _sweep(user, user.email, session_key="", forget_password=True)


def _sweep(user: User, email: str, *, session_key: str, forget_password: bool) -> None:
    """Take away whatever lets somebody in who did not prove `email`."""
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
    """The address was proved: accounts that only claimed it lose it, and keep everything else."""
    EmailAddress.objects.filter(email=email).exclude(user=user).delete()
    for other in User.objects.select_for_update(no_key=True).filter(email=email).exclude(pk=user.pk):
        other.email = f"{other.pk.hex}{LOST_ADDRESS}"
        other.save(update_fields=["email"])
        record("user.address_lost", actor=None, target=other, before={"email": email})

"""Tokens of apps and bots: issuing, finding and revoking them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, Final

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from accounts.actions.sessions import end_sessions
from accounts.audit import record
from accounts.clean_text import clean_line
from accounts.credentials import hash_secret, session_credential, token_credential
from accounts.errors import Conflict, Invalid, NotAuthenticated, NotFound
from accounts.models import ApiToken, User
from accounts.sign_in.policy import WRONG_CREDENTIALS, may_sign_in
from accounts.signals import credential_ended

TOKEN_PREFIX: Final = "parley_"  # noqa: S105  # secret scanners find a published token by it
TOKENS_PER_USER: Final = 200  # far more than a person's devices and bots; stops a runaway script
USED_EVERY: Final = timedelta(minutes=1)  # how old `last_used_at` may be: one write a minute, however busy the token


@transaction.atomic
def issue_token(user: User, *, label: str) -> tuple[ApiToken, str]:
    """Create a token of `user`. Returns it and its secret, which is not stored and can be shown only once.

    Raises Invalid for an empty or over-long label, Conflict when the user holds TOKENS_PER_USER already,
    NotAuthenticated when the user may not sign in.
    """
    label = clean_line(label)
    if not 0 < len(label) <= 80:
        raise Invalid({"label": [gettext("Describe in 1 to 80 characters what the token is for.")]})
    if not may_sign_in(user):
        raise NotAuthenticated(WRONG_CREDENTIALS)
    User.objects.select_for_update(no_key=True).get(
        pk=user.pk
    )  # two requests at the same time are counted one after the other
    if live_tokens(user).count() >= TOKENS_PER_USER:
        raise Conflict(
            gettext("You have %(tokens_per_user)s tokens. Revoke some that you do not use.")
            % {"tokens_per_user": TOKENS_PER_USER}
        )
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(days=settings.API_TOKEN_DAYS)
    token = ApiToken.objects.create(user=user, label=label, secret_hash=hash_secret(secret), expires_at=expires_at)
    record("token.issued", actor=user, target=token, after={"label": label})
    return token, secret


def find_token(secret: str) -> ApiToken | None:
    """Return the live token with this secret, with its user; None if there is none or it has expired.

    The lookup is by hash, so that its duration reveals nothing about stored secrets. It writes at most once a minute.
    """
    return find_tokens([secret]).get(secret)


def find_tokens(presented: Collection[str]) -> dict[str, ApiToken]:
    """Return the live tokens by their secrets, for several at once. Unknown secrets are left out."""
    hashes = {hash_secret(secret): secret for secret in presented if secret.startswith(TOKEN_PREFIX)}
    if not hashes:
        return {}
    tokens = ApiToken.objects.select_related("user")
    found = list(tokens.filter(secret_hash__in=hashes, expires_at__gt=timezone.now()))
    _note_use(found)
    return {hashes[token.secret_hash]: token for token in found}


@transaction.atomic
def revoke_token(token: ApiToken) -> None:
    """Delete a token and close the sockets that were opened with it. Does nothing if it is already deleted."""
    if ApiToken.objects.filter(pk=token.pk).delete()[0]:
        record("token.revoked", actor=token.user, target=token, before={"label": token.label})
        credential_ended.send(sender=ApiToken, credentials=[token_credential(token)])


@transaction.atomic
def end_credential(user: User, credential: str) -> None:
    """End the session or the token of `user` with this name. Does nothing if it is gone or belongs to somebody else."""
    for token in live_tokens(user):
        if token_credential(token) == credential:
            revoke_token(token)
    keys = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
    for ended in [key for key in keys if session_credential(key) == credential]:
        end_sessions(user, session_keys=[ended])
        record("session.ended", actor=user, target=user)


def find_own_token(user: User, token_id: Any) -> ApiToken:
    """Return a token of the user. Raises NotFound, also for the token of somebody else."""
    token = live_tokens(user).filter(pk=token_id).first()
    if token is None:
        raise NotFound
    return token


def live_tokens(user: User) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=user, expires_at__gt=timezone.now()).select_related("user")


def _note_use(tokens: Iterable[ApiToken]) -> None:
    before = timezone.now() - USED_EVERY
    due = [token.pk for token in tokens if token.last_used_at is None or token.last_used_at <= before]
    if due:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=before)  # another request may have been first
        ApiToken.objects.filter(stale, pk__in=due).update(last_used_at=timezone.now())

"""Ending what lets somebody in: sessions, and tokens with them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.audit import record
from accounts.credentials import session_credential, token_credential
from accounts.errors import NotFound
from accounts.models import ApiToken, User
from accounts.signals import credential_ended


@transaction.atomic
def end_session(user: User, *, session_id: Any) -> None:
    """Sign one browser of `user` out, its sockets included. Raises NotFound for one that is gone or somebody else's."""
    session = UserSession.objects.filter(user=user, pk=session_id).first()
    if session is None:
        raise NotFound
    end_sessions(user, session_keys=[session.session_key])
    record("session.ended", actor=user, target=session, before={"address": session.ip, "browser": session.user_agent})


@transaction.atomic
def sign_out_everywhere(user: User) -> None:
    """End every session and revoke every token of `user`: browsers, apps and bots, with their sockets, at once."""
    keys = list(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
    tokens = list(ApiToken.objects.filter(user=user))
    end_sessions(user, session_keys=keys)
    ApiToken.objects.filter(pk__in=[token.pk for token in tokens]).delete()
    credential_ended.send(sender=ApiToken, credentials=[token_credential(token) for token in tokens])
    record("user.signed_out_everywhere", actor=user, target=user, after={"sessions": len(keys), "tokens": len(tokens)})


@transaction.atomic
def end_sessions(user: User, *, session_keys: Iterable[str]) -> None:
    """Delete these sessions of `user`, and signal that the sockets that they opened must close."""
    keys = list(session_keys)
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user=user, session_key__in=keys).delete()
    credential_ended.send(sender=UserSession, credentials=[session_credential(key) for key in keys])


def keep_sessions(user: User) -> None:
    """Write the digest of the present hash of the password into the sessions of `user`: the password is the same."""
    for key in UserSession.objects.filter(user=user).values_list("session_key", flat=True):
        session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        if HASH_SESSION_KEY in session:
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.save(must_create=False)

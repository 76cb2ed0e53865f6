"""Every address of the installation and whose it is. An address that is missing here fails the suite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver

# Of an organization, with an id of something in it: a stranger gets 404, by whichever organization's address they come.
OBJECTS: Final = {
    "api:client",
    "api:client_close",
    "api:client_sign_out",
    "api:conversation",
    "api:join",
    "api:leave",
    "api:archive",
    "api:read",
    "api:participants",
    "api:participant",
    "api:messages",
    "api:preview",
    "api:message",
    "api:pin",
    "api:pins",
    "api:thread",
    "api:revisions",
    "api:report",
    "api:reaction",
    "api:hide",
    "api:restore",
    "api:remove",
    "api:original",
    "api:receipts",
    "api:warn",
    "api:mute",
    "api:suspend",
    "api:lift",
    "api:report_detail",
    "api:acknowledge_report",
    "api:acknowledge_sanction",
    "api:member",
    "set_role",
    "deactivate_member",
    "reactivate_member",
    "revoke_invitation",
    "show_invitation_link",
    "chat:conversation",
    "chat:change_channel",
    "chat:archive_channel",
    "chat:message",
}

# Of an organization as a whole: 404 by its own address; by the stranger's own address only their own things.
WHOLES: Final = {
    "api:audit",
    "api:clients",
    "api:conversations",
    "api:organization",
    "api:reports",
    "api:sanctions",
    "api:own_reports",
    "api:own_sanctions",
    "api:members",
    "api:own_member",
    "api:own_status",
    "api:mentions",
    "api:presence",
    "api:search",
    "api:sync",
    "profile",
    "leave_organization",
    "manage_members",
    "manage_invitations",
    "manage_settings",
    "manage_audit",
    "chat:home",
    "chat:manage_channels",
    "chat:desk",
    "chat:search",
    "chat:mentions",
    "chat:people",
}

# Of a user, across organizations: shows and changes what is theirs alone.
PERSONAL: Final = {
    "api:tokens",
    "api:token_current",
    "api:token",
    "api:me",
    "home",
    "found_organization",
    "usersessions_list",
    "end_sessions",
    "end_session",
    "tokens",
    "revoke_token",
    "account_logout",
    "account_reauthenticate",
    "account_email",
    "account_change_password",
    "account_set_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "socialaccount_connections",
}

# For anybody, signed in or not: ways in, and documents.
OPEN: Final = {
    "api:schema",
    "api:docs",
    "chat:frames",
    "chat:strings",
    "join",
    "account_login",
    "account_inactive",
    "account_signup",
    "account_email_verification_sent",
    "account_confirm_login_code",
    "account_confirm_email",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "socialaccount_signup",
}


def every_address() -> Iterator[tuple[str, str]]:
    """(pattern, name) of everything that the resolver routes, the admin site apart, which has a file of its own."""
    return _walk(get_resolver())


def names() -> set[str]:
    # allauth also routes its social pages under their old addresses, without names.
    return {
        name for pattern, name in every_address() if not (name == "None" and pattern.startswith("accounts/social/"))
    }


def address(name: str, slug: str, ids: dict[str, UUID | str | int]) -> str:
    """The address of `name` with these ids in it, whatever organization they belong to."""
    (pattern,) = {pattern for pattern, other in every_address() if other == name}
    path = pattern.replace("<slug:slug>", slug)
    for key, value in ids.items():
        for kind in ("uuid", "str", "int"):
            path = path.replace(f"<{kind}:{key}>", str(value))
    assert "<" not in path, f"no id for {path}"
    return "/" + path


def _walk(resolver: URLResolver, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield pattern, namespace + str(entry.name)
        elif entry.namespace != "admin":
            yield from _walk(entry, pattern, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)

"""The refusals of actions. Clients receive no other errors.

| class            | status | code              | meaning                                                        |
| ---------------- | ------ | ----------------- | -------------------------------------------------------------- |
| NotAuthenticated | 401    | not_authenticated | no session, no token, or one that ended                        |
| Forbidden        | 403    | forbidden         | you see it but may not do that                                 |
| Sanctioned       | 403    | forbidden         | muted or suspended; `sanction`, `reason`, `until`              |
| NotFound         | 404    | not_found         | not there, or not yours to know of: another tenant's included  |
| Conflict         | 409    | conflict          | it changed meanwhile, or the name is taken                     |
| TooLarge         | 413    | too_large         | beyond a documented size                                       |
| Invalid          | 422    | invalid           | the input, field by field in `errors`                          |
| Throttled        | 429    | throttled         | too often; `retry_after` seconds                               |
| Unavailable      | 503    | unavailable       | too much to do, or a store is away; `retry_after` seconds      |
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """Base of all refusals: a stable `code`, an HTTP `status`, one sentence for a person."""

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str | Promise]

    def __init__(self, detail: str | Promise = "") -> None:
        self.detail = str(detail or self.title)
        super().__init__(self.detail)


class NotAuthenticated(Refusal):
    code, status, title = "not_authenticated", 401, _("Sign in first.")


class Forbidden(Refusal):
    code, status, title = "forbidden", 403, _("You may not do that.")


class Sanctioned(Forbidden):
    """A moderator's measure forbids it: which one, why, and until when. `until` is None where it has no end of its own.

    Only the member against whom the measure was taken is answered with it.
    """

    def __init__(
        self, detail: str | Promise, *, sanction: Literal["mute", "suspension"], reason: str, until: datetime | None
    ) -> None:
        super().__init__(detail)
        self.sanction, self.reason, self.until = sanction, reason, until


class NotFound(Refusal):
    code, status, title = "not_found", 404, _("It does not exist, or you do not have access to it.")


class Conflict(Refusal):
    code, status, title = "conflict", 409, _("Somebody else changed it in the meantime.")


class TooLarge(Refusal):
    code, status, title = "too_large", 413, _("The request is too large.")


class Invalid(Refusal):
    """`errors` maps a field's name to the sentences about it."""

    code, status, title = "invalid", 422, _("Some of the input is not valid.")

    def __init__(self, errors: dict[str, list[str]], detail: str | Promise = "") -> None:
        super().__init__(detail)
        self.errors = errors


class Throttled(Refusal):
    """`retry_after`: seconds until it is worth trying again, at least 1."""

    code, status, title = "throttled", 429, _("Too many requests. Wait a moment, then try again.")

    def __init__(self, retry_after: int, detail: str | Promise = "") -> None:
        super().__init__(detail)
        self.retry_after = max(1, retry_after)


class Unavailable(Refusal):
    """`retry_after`: seconds until it is worth trying again, at least 1."""

    code, status, title = "unavailable", 503, _("The server is busy. Try again in a moment.")

    def __init__(self, retry_after: int = 1, detail: str | Promise = "") -> None:
        super().__init__(detail)
        self.retry_after = max(1, retry_after)

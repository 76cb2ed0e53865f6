"""The refusals of the chat: the tree of accounts/errors.py under the name that this package uses."""

from accounts.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    Refusal,
    Sanctioned,
    Throttled,
    TooLarge,
)

__all__ = [
    "Conflict",
    "Forbidden",
    "Invalid",
    "NotAuthenticated",
    "NotFound",
    "Refusal",
    "Sanctioned",
    "Throttled",
    "TooLarge",
]

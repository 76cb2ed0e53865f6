"""How a frame that is not accepted is answered: with an `error` frame, or with the end of the socket.

A frame that fits no schema is looked at a second time. If only a field is at fault, the client gets an `error` frame
with its `ref`: a socket that ended instead would be followed by another, on which the client sends the same frame.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from django.utils.translation import gettext
from msgspec import UNSET, Struct

from accounts.surrogates import mend
from chat.errors import Invalid, Refusal, Sanctioned, Throttled
from chat.wire import ClientFrame, Failure, Ref, client_frames


class ProtocolError(Exception):
    """What was received is not a frame. The socket is closed with 4400."""


class BadCommand(Exception):
    """The frame is an object, but fits no command. It is answered with an `error` frame."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _Envelope(Struct):
    """The one field that is read from a frame that fits no schema."""

    ref: Any = None


_REF: Final = re.compile(rb'"ref"\s*:\s*"([^"\\]{1,64})"')
_envelopes: Final = msgspec.json.Decoder(_Envelope)


def refused(ref: Ref | None, refusal: Refusal) -> Failure:
    """Return the frame that answers a command with a refusal."""
    measure = refusal if isinstance(refusal, Sanctioned) else None
    return Failure(
        ref=ref,
        code=refusal.code,
        message=refusal.detail,
        errors=refusal.errors if isinstance(refusal, Invalid) else UNSET,
        retry_after=refusal.retry_after if isinstance(refusal, Throttled) else UNSET,
        sanction=measure.sanction if measure else UNSET,
        reason=measure.reason if measure else UNSET,
        until=measure.until if measure else UNSET,
    )


def unavailable(ref: Ref | None) -> Failure:
    """Return the frame for a failure of the server. The client tries again; its `ref` prevents a second message."""
    return Failure(ref=ref, code="unavailable", message="Try again in a moment.")


def read_again(text: str) -> ClientFrame:
    """Decode a frame that could not be decoded as it was received, after mending broken surrogates.

    Raises BadCommand where a field is at fault, ProtocolError where the text is not a JSON object.
    """
    document = mend(text.encode())
    try:
        frame: ClientFrame = client_frames.decode(document)
    except msgspec.ValidationError as error:
        raise BadCommand(Failure(ref=_ref_of(document), code="invalid", message=str(error))) from error
    except RecursionError as error:
        if not text.lstrip().startswith("{"):
            raise ProtocolError from error
        deep = gettext("The frame is nested too deeply.")
        raise BadCommand(Failure(ref=_ref_of(document), code="invalid", message=deep)) from error
    except msgspec.DecodeError as error:
        raise ProtocolError from error
    return frame


def _ref_of(document: bytes) -> str | None:
    """Return the ref of a frame that fits no command, None if it has none. Raises ProtocolError for other JSON than an
    object."""
    try:
        ref = _envelopes.decode(document).ref
    except RecursionError:  # the deeply nested value may precede the ref
        found = _REF.search(document)
        ref = found.group(1).decode() if found else None
    except msgspec.MsgspecError as error:
        raise ProtocolError from error
    try:
        return msgspec.convert(ref, Ref | None)
    except msgspec.ValidationError:
        return None

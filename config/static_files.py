"""Static files: hashed and compressed names, bundled scripts, joined style sheets and fonts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import rcssmin
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

from config import bundles, fonts
from config.bundles import ENTRIES, joined_style, make_bundle

MODULES = "js/"  # our ES modules; third-party scripts elsewhere are no modules
STYLES = "css/"
FIRST = (bundles.FOLDER, STYLES)  # what people wait for is compressed by Brotli too, which takes ten times as long
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
        self._write_fonts()
        written = {name: (self, name) for name in (*styles, *fonts.CUTS, fonts.EMOJI)}
        yield from super().post_process(others | written, dry_run, **options)

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

    def _write_fonts(self) -> None:
        """Make the fonts unless they were made before by the same packages."""
        made = f"{fonts.FOLDER}.{fonts.fonts_version()}"
        if self.exists(made):
            return
        for name, content in fonts.make_fonts().items():
            self._replace(name, content)
        self._replace(made, b"")

    def _compress(self, name: str) -> None:
        list(self.compress_files([name]))

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        for first in (True, False):
            self._brotli = first
            chosen = [path for path in paths if (path.startswith(FIRST) and not path.endswith(".map")) is first]
            yield from super().compress_files(chosen)

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return Compressor(use_brotli=self._brotli, **kwargs)

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

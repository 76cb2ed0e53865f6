"""Static files: hashed and compressed names, and what the import map needs to know about them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

import rcssmin
import rjsmin
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

MODULES = "js/"  # our ES modules; third-party scripts elsewhere are no modules
STYLES = "css/"


class ManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names that may be cached for ever, with a compressed copy beside each file.

    ES modules import each other by relative, unhashed names; Django's rewriting of `import` statements is off, because
    a change in one module would change the hash of every module above it. The import map translates instead.
    Modules and style sheets are collected without comments and indentation: two fifths of the bytes of a first visit.
    """

    support_js_module_import_aggregation = False

    def _save(self, name: str, content: Any) -> str:
        if name.startswith(MODULES) and name.endswith(".js"):
            content = ContentFile(minified(b"".join(content.chunks())))
        elif name.startswith(STYLES) and name.endswith(".css"):
            content = ContentFile(minified_style(b"".join(content.chunks())))
        return str(super()._save(name, content))

    @cached_property
    def modules(self) -> dict[str, str]:
        """The import map: from the address a relative import resolves to, to the hashed one."""
        names = sorted(name for name in self.hashed_files if name.startswith(MODULES) and name.endswith(".js"))
        return {f"{self.base_url}{name}": self.url(name) for name in names}


def minified(module: bytes) -> bytes:
    """A script that does the same. No template literal may hold another one with `//` in it; a test parses them all."""
    return str(rjsmin.jsmin(module.decode())).encode()


def minified_style(sheet: bytes) -> bytes:
    """A style sheet with the same meaning, without comments and needless white space.

    Within `@layer` rcssmin takes the space before a colon away, which makes `.a:is(b)` of `.a :is(b)`: an asterisk says
    the same and keeps it.
    """
    return str(rcssmin.cssmin(_DESCENDANT.sub(" *:", sheet.decode()))).encode()


_DESCENDANT = re.compile(r"(?<=[\w\])*]) :(?=[a-z:])")


def module_map() -> dict[str, str]:
    """The import map of the storage in use; empty where names are not hashed and imports resolve by themselves."""
    storage = staticfiles_storage
    return storage.modules if isinstance(storage, ManifestStorage) else {}

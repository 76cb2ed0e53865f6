"""Static files: hashed and compressed names, and what the import map needs to know about them."""

from __future__ import annotations

from functools import cached_property

from django.contrib.staticfiles.storage import staticfiles_storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

MODULES = "js/"  # our ES modules; third-party scripts elsewhere are no modules


class ManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names that may be cached for ever, with a compressed copy beside each file.

    ES modules import each other by relative, unhashed names; Django's rewriting of `import` statements is off, because
    a change in one module would change the hash of every module above it. The import map translates instead.
    """

    support_js_module_import_aggregation = False

    @cached_property
    def modules(self) -> dict[str, str]:
        """The import map: from the address a relative import resolves to, to the hashed one."""
        names = sorted(name for name in self.hashed_files if name.startswith(MODULES) and name.endswith(".js"))
        return {f"{self.base_url}{name}": self.url(name) for name in names}


def module_map() -> dict[str, str]:
    """The import map of the storage in use; empty where names are not hashed and imports resolve by themselves."""
    storage = staticfiles_storage
    return storage.modules if isinstance(storage, ManifestStorage) else {}

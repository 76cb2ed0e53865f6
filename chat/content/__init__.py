"""What a message carries beside its row: reactions and revisions today, files and previews later.

Everything of that kind is a *facet*, registered once with how it is loaded for many messages and how it is emptied.
`loading` is the only module that turns rows into the entities that clients receive, `emptying` the only one that takes
content away. A new facet is therefore known to every reader and to deletion, moderation and retention.

Importing the package imports all its modules, which register their facets.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)

"""The entities that travel to clients: one module for each, with its struct and the types of its events.

REST answers, sync answers and events carry the same structs under the same names. An event holds the whole new state of
its entity with a `version` that grows with every change, so a client applies it as "replace if newer", and neither
repetition nor reordering does harm. Ids are UUIDv7, times RFC 3339 UTC.

Importing the package imports all its modules, which register themselves: a new module needs no entry in any list.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)

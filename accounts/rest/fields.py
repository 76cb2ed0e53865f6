"""Types of fields that several answers share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Time = Annotated[datetime, Meta(tz=True)]

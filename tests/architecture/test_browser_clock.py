"""The page asks the device what time it is in one file: clocks of devices are wrong, and jump."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

SCRIPTS = Path(settings.BASE_DIR) / "static" / "js"
CLOCK = SCRIPTS / "client" / "clock.js"
DEVICE_TIME = re.compile(r"\bDate\.now\b|\bnew Date\(\s*\)|(?<!new )\bDate\(\s*\)|\btimeOrigin\b|\bTemporal\.Now\b")
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)


def test_only_one_file_reads_the_clock_of_the_device() -> None:
    readers = {path for path in SCRIPTS.rglob("*.js") if DEVICE_TIME.search(COMMENT.sub("", path.read_text()))}
    assert readers == {CLOCK}


def test_differences_of_local_moments_do_not_use_the_clock_of_the_device() -> None:
    """`clock.now` may jump: outside of clock.js everything uses `monotonic`, or the server's time."""
    readers = {path for path in SCRIPTS.rglob("*.js") if re.search(r"\bclock\.now\(", path.read_text())}
    assert readers == {CLOCK}

"""Another name of `python -m config.launcher.embedded`, for scripts that still use it."""

from __future__ import annotations

import sys

from config.launcher.embedded import run_with_engines

if __name__ == "__main__":
    sys.exit(run_with_engines(sys.argv[1:]))

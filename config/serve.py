"""The public command that serves Parley: `python -m config.serve --bind 0.0.0.0:8000`. It runs config/server/run.py."""

from __future__ import annotations

import sys

from config.server.run import main

if __name__ == "__main__":
    main(sys.argv[1:])

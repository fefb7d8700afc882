"""Where measuring happens: a temporary folder, a sandbox in a process of its own, and the commands as a user has them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler.sandbox.control import Control
from tests.benchmarks.measure import Command, FailedError

ROOT: Final = Path(__file__).parents[2]
SECRET: Final = "sandbox"  # what the sandbox takes as every credential
_STEADY_ROWS: Final = 1_000_000
CALLS_A_DAY: Final = 100_000_000  # the account's quota is not what is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder to work in, how often to repeat, and what this machine has to compare with.

    `long` = ten million rows too; in `programs` lie the reconciler that is measured and its Python.
    """

    folder: Path
    runs: int
    long: bool = False
    programs: Path = Path(sys.executable).parent

    @property
    def environ(self) -> Mapping[str, str]:
        """An environment of our own: Python may keep its bytecode, as it does wherever a package was installed."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "SANDBOX_TOKEN": SECRET,
            "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode"),
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": os.devnull,
        }

    def runs_for(self, rows: int) -> int:
        """How often a plan of so many rows is repeated: of the longest lists one run says enough."""
        return self.runs if rows <= _STEADY_ROWS else 1

    def command(self, *words: str | Path, folder: Path | None = None, codes: tuple[int, ...] = (0,)) -> Command:
        """Any command, in a folder of the place."""
        return Command(words=words, folder=folder or self.folder, environ=self.environ, codes=codes)

    def ours(self, *words: str | Path, folder: Path | None = None, codes: tuple[int, ...] = (0,)) -> Command:
        """The console script that users call."""
        return self.command(self.programs / "reconciler", *words, folder=folder, codes=codes)

    def inside(self, module: str, *words: str | Path) -> Any:
        """The JSON that a module of this package prints when it is run in a process of its own."""
        called = [str(self.programs / "python"), "-m", f"tests.benchmarks.{module}", *map(str, words)]
        done = subprocess.run(called, cwd=ROOT, env=dict(self.environ), capture_output=True, text=True, check=False)
        if done.returncode:
            raise FailedError(done.stderr[-2000:])
        return json.loads(done.stdout)

    def said(self, command: Command) -> Any:
        """The JSON that a command of ours prints."""
        words = [str(word) for word in command.words]
        done = subprocess.run(words, cwd=command.folder, env=dict(command.environ), capture_output=True, text=True, check=False)
        if done.returncode not in command.codes:
            raise FailedError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)

    def peer(self, name: str) -> Path | None:
        """A program to compare with, where it is installed."""
        found = shutil.which(name)
        return Path(found) if found else None

    def python_with(self, library: str) -> Path | None:
        """An interpreter of PATH that has a library to compare with, where there is one."""
        for folder in map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep)):
            if (folder / "python").exists() and any(folder.parent.glob(f"lib/python3*/site-packages/{library}")):
                return folder / "python"
        return None

    @contextmanager
    def sandbox(self, latency_ms: float = 0.0) -> Iterator[Control]:
        """A sandbox on a free port, empty, whose wolkvox account has calls enough; each of its answers takes that long."""
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        words = [sys.executable, "-m", "reconciler.sandbox", "--port", "0", "--port-file", str(port_file)]
        words += ["--latency-ms", str(latency_ms)]
        process = subprocess.Popen(words, env=dict(self.environ), cwd=self.folder)
        try:
            waited_until = time.monotonic() + 20
            while not port_file.exists():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
                if process.returncode is not None or time.monotonic() > waited_until:
                    raise FailedError("the sandbox did not start")
            control = Control(self.url())
            emptied(control)
            yield control
        finally:
            process.terminate()
            process.wait(20)

    def url(self) -> str:
        """Where the sandbox of this place runs."""
        return f"http://127.0.0.1:{(self.folder / 'port').read_text('ascii').strip()}"


def emptied(control: Control) -> None:
    """Empty the sandbox, and give its account calls enough."""
    control.reset()
    control.limits("wolkvox", calls_per_day=CALLS_A_DAY)


def counted(calls: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many calls of each operation, the most frequent first."""
    counts: dict[str, int] = {}
    for call in calls:
        name = str(call["operation"])
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

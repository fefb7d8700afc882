"""The real program as many cheap processes: imported once, then forked for each command.

A nursery is a process of one thread that imports the program and forks a child for every command it is asked for. The child
runs `reconciler.__main__` on files as its streams, and may be armed with a `Strike` (`tests.faults.points`). What becomes of
a child (it stopped, it ended) is told over a socket, so that nobody waits by the clock.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

WAIT_S: Final = 120.0  # only a hang takes so long; what is waited for is an event
_HEAVY: Final = ("duckdb", "holidays", "httpx", "httpcore", "h11", "jsonschema", "jsonschema_rs", "phonenumbers", "deepdiff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """What is to happen to a command. `point` "" = nothing; `occurrence` counts from 0.

    `how` is "kill" (SIGKILL), "stop" (time leaps by `leap_s`, SIGSTOP) or "census" (every point that is reached goes into
    `census`, a file). `clock_s` sets all clocks of the command forward. `broken` names the stage of entries ("outcome") at
    which the journal's disk is full, for good.
    """

    point: str = ""
    then: str = ""  # a second point, the first time that it is reached
    occurrence: int = 0
    how: str = "kill"
    census: str = ""
    clock_s: float = 0.0
    leap_s: float = 0.0
    broken: str = ""
    file_bytes_max: int = 0  # RLIMIT_FSIZE of the command; 0 = as it is
    busy_s: float = 0.0  # how long the journal waits for another process' transaction; 0 = as it does


NO_STRIKE: Final = Strike()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended: its exit code (negative: the signal that killed it) and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """stdout as JSON."""
        value: dict[str, Any] = json.loads(self.out)
        return value


class Child:
    """One command at work."""

    def __init__(self, nursery: Nursery, pid: int, streams: tuple[Path, Path]) -> None:
        self.pid = pid
        self._nursery = nursery
        self._streams = streams
        self.code: int | None = None

    def end(self) -> Ended:
        """Wait until it has ended by itself."""
        while self.code is None:
            self._nursery.listen()
        out, err = (path.read_text("utf-8", errors="replace") for path in self._streams)
        return Ended(code=self.code, out=out, err=err)

    def stopped(self) -> bool:
        """Wait until it has stopped (SIGSTOP); False when it ended instead."""
        while self.code is None and self.pid not in self._nursery.stopped:
            self._nursery.listen()
        return self.code is None

    def go_on(self) -> None:
        """SIGCONT."""
        self._nursery.stopped.discard(self.pid)
        os.kill(self.pid, signal.SIGCONT)


@dataclass(slots=True)
class Nursery:
    """The near end: asks for commands in `folder`, where their streams are kept."""

    line: socket.socket
    folder: Path
    children: dict[int, Child] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    _count: int = 0
    _rest: bytes = b""
    _born: int = 0

    def start(self, cwd: Path, words: tuple[str, ...], strike: Strike = NO_STRIKE) -> Child:
        """Begin one command in the folder `cwd`."""
        self._count += 1
        streams = (self.folder / f"{self._count}.out", self.folder / f"{self._count}.err")
        asked = {"cwd": str(cwd), "words": words, "streams": [str(path) for path in streams], "strike": asdict(strike)}
        self.line.sendall(json.dumps(asked).encode() + b"\n")
        self._born = 0
        while not self._born:
            self.listen()
        child = self.children[self._born] = Child(self, self._born, streams)
        return child

    def run(self, cwd: Path, words: tuple[str, ...], strike: Strike = NO_STRIKE) -> Ended:
        """One command, to its end."""
        return self.start(cwd, words, strike).end()

    def listen(self) -> None:
        """Take in what the nursery tells next. A child's birth is always told before anything else of it."""
        self.line.settimeout(WAIT_S)
        while b"\n" not in self._rest:
            came = self.line.recv(65_536)
            assert came, "the nursery is gone"
            self._rest += came
        told, self._rest = self._rest.split(b"\n", 1)
        event = json.loads(told)
        pid = event["pid"]
        if event["what"] == "born":
            self._born = pid
        elif event["what"] == "stopped":
            self.stopped.add(pid)
        else:
            self.stopped.discard(pid)
            self.children.pop(pid).code = event["code"]


@contextlib.contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery for the length of a `with` block."""
    near, far = socket.socketpair()
    folder.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "SANDBOX_TOKEN": "sandbox", "NO_COLOR": "1"}
    environ.pop("COVERAGE_PROCESS_START", None)
    with near, far:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery", str(far.fileno())],
            cwd=Path(__file__).parents[2],
            env=environ,
            pass_fds=[far.fileno()],
            stdin=subprocess.DEVNULL,
        )
        far.close()
        made = Nursery(line=near, folder=folder)
        try:
            yield made
        finally:
            for pid in made.children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            near.close()  # the far end hears it, and ends
            process.wait(timeout=WAIT_S)


# --- the far end ---------------------------------------------------------------------------------------------------------


def main(descriptor: int) -> None:
    """Fork a child for every line that comes, and tell what becomes of the children, until the line is closed."""
    _import_everything()
    assert len(os.listdir("/proc/self/task")) == 1, "a process of several threads cannot be forked safely"  # noqa: PTH208 - names only
    gc.collect()
    gc.freeze()
    line = socket.socket(fileno=descriptor)
    heard, waker = os.pipe()
    os.set_blocking(heard, False)
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(waker)
    rest = b""
    while True:
        ready, _, _ = select.select([line.fileno(), heard], [], [])
        if line.fileno() in ready:
            came = line.recv(65_536)
            if not came:
                return
            rest += came
            while b"\n" in rest:
                asked, rest = rest.split(b"\n", 1)
                pid = os.fork()
                if not pid:
                    line.close()
                    _live(json.loads(asked))
                _tell(line, "born", pid)
        if heard in ready:
            os.read(heard, 4_096)
        _reap(line)


def _tell(line: socket.socket, what: str, pid: int, code: int = 0) -> None:
    line.sendall(json.dumps({"what": what, "pid": pid, "code": code}).encode() + b"\n")


def _reap(line: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return
        if not pid:
            return
        if os.WIFSTOPPED(status):
            _tell(line, "stopped", pid)
        else:
            _tell(line, "ended", pid, os.waitstatus_to_exitcode(status))


def _import_everything() -> None:
    import reconciler

    for name in _HEAVY:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.startswith(("reconciler.sandbox", "reconciler.__main__")):
            importlib.import_module(module.name)
    _one_tls_context()


def _one_tls_context() -> None:
    """Certificates are read once: no call of these tests is encrypted, and reading them takes longer than most commands."""
    import httpx
    from httpx._transports import default

    context = httpx.create_ssl_context()
    vars(default)["create_ssl_context"] = lambda **_settings: context


def _live(asked: Mapping[str, Any]) -> NoReturn:
    """One command, in the child. It never comes back."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(asked["cwd"])
        for number, path in zip((1, 2), asked["streams"], strict=True):
            stream = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(stream, number)
            os.close(stream)
        strike = Strike(**asked["strike"])
        if strike.file_bytes_max:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python has it anyway: writing fails with EFBIG
            resource.setrlimit(resource.RLIMIT_FSIZE, (strike.file_bytes_max, strike.file_bytes_max))
        from tests.faults.points import install

        install(strike)
        sys.argv = ["reconciler", *asked["words"]]
        from reconciler.__main__ import main as program

        program()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 70
    except BaseException:  # noqa: BLE001 - the last word of a child is its own, and never its parent's
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]))
    os._exit(0)  # nothing is left to put in order, and libraries would complain of what they still hold

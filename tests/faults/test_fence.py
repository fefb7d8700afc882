"""The fence with real time and a real kernel: it ends who froze, and nobody else."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from reconciler.call import Call, Refused, Reply, Safety
from reconciler.errors import Stale
from reconciler.reconcile.fence import LeaseFence
from reconciler.wire import Door, Wire

WAIT_S: Final = 60.0  # only a hang takes so long
LOOKS_MAX: Final = 10_000_000
MORE_THAN_ANY_BUFFER: Final = 30_000_000

# A lease of some seconds is held; what the process does once its fence is armed follows.
HELD: Final = """
import os, signal, sys
from reconciler.reconcile.fence import LeaseFence

class Held:
    def left_s(self):
        return float(sys.argv[1])
    def renew(self):
        pass

fence = LeaseFence(Held(), 0.0)
assert fence.arm() == ""
"""
FREEZES: Final = "os.kill(os.getpid(), signal.SIGSTOP); os.write(1, b'it went on')"
WAITS: Final = "signal.pause(); os.write(1, b'it went on')"
DISARMS: Final = """
fence.disarm()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
assert signal.sigtimedwait({signal.SIGALRM}, 2 * float(sys.argv[1])) is None
os.write(1, b'it lives')
"""


def _alarmed(pid: int) -> bool:
    """Whether the kernel holds SIGALRM for a process."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines() if ":" in line)
    pending = int(lines["SigPnd"], 16) | int(lines["ShdPnd"], 16)
    return bool(pending >> (signal.SIGALRM - 1) & 1)


@contextmanager
def _started(then: str, left_s: float) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", HELD + then, str(left_s)], stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def test_armed_and_frozen_it_is_ended_before_its_next_instruction() -> None:
    with _started(FREEZES, 0.5) as process:
        _pid, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert any(_alarmed(process.pid) for _ in range(LOOKS_MAX))
        process.send_signal(signal.SIGCONT)
        out, _err = process.communicate(timeout=WAIT_S)

    assert process.returncode == -signal.SIGALRM
    assert out == b""


def test_armed_and_late_it_is_ended_where_it_stands() -> None:
    with _started(WAITS, 0.2) as process:
        out, _err = process.communicate(timeout=WAIT_S)

    assert (process.returncode, out) == (-signal.SIGALRM, b"")


def test_disarmed_it_lives() -> None:
    with _started(DISARMS, 0.3) as process:
        out, _err = process.communicate(timeout=WAIT_S)

    assert (process.returncode, out) == (0, b"it lives")


class _Lease:
    """A lease in somebody's hands."""

    def __init__(self, left_s: float, *, taken: bool = False) -> None:
        self.left = left_s
        self.taken = taken

    def left_s(self) -> float:
        return self.left

    def renew(self) -> None:
        if self.taken:
            raise Stale("the lock of this run was taken over", code="LCK002", remedy="plan again")


@pytest.mark.parametrize("lease", [_Lease(0.0), _Lease(-5.0), _Lease(3.0, taken=True)])
def test_a_lease_that_has_ended_lets_nothing_leave(lease: _Lease) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0)
        with Wire(Door(url=f"http://127.0.0.1:{server.getsockname()[1]}")) as wire:
            wire.writable(LeaseFence(lease, 1.0))
            answer = wire.send(Call(operation="send", method="POST", path="/send", safety=Safety.BLIND, json={}))

        assert isinstance(answer, Refused)
        assert "lock of this run" in answer.reason
        with pytest.raises(BlockingIOError):  # nobody even connected
            server.accept()


class _Watched:
    """A fence that says when it was disarmed."""

    def __init__(self) -> None:
        self.disarmed = threading.Event()

    def arm(self) -> str:
        return ""

    def disarm(self) -> None:
        self.disarmed.set()


@pytest.mark.parametrize("body", [{"text": "x" * MORE_THAN_ANY_BUFFER}, None], ids=["large", "none"])
def test_the_fence_comes_down_when_the_request_has_left_and_not_before(body: object) -> None:
    """The platform answers only once the fence is down: a slow answer can outlive any lease, and half a request cannot."""
    fence = _Watched()
    early: list[bool] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answering() -> None:
            line, _address = server.accept()
            with closing(line):
                early.append(body is not None and fence.disarmed.is_set())
                got = b""
                while b"\r\n\r\n" not in got:
                    got += line.recv(65_536)
                head, rest = got.split(b"\r\n\r\n", 1)
                if b"content-length: " in head.lower():
                    left = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) - len(rest)
                    while left > 0:
                        left -= len(line.recv(65_536))
                assert fence.disarmed.wait(WAIT_S)
                line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answering)
        thread.start()
        with Wire(Door(url=f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=WAIT_S)) as wire:
            wire.writable(fence)
            answer = wire.send(Call(operation="send", method="POST", path="/send", safety=Safety.BLIND, json=body))
        thread.join()

    assert isinstance(answer, Reply)
    assert early == [False]

"""A network between the program and the sandbox that does what networks do: it drops, delays, slices and garbles.

A real TCP proxy on loopback. Requests are passed whole and unchanged until one comes that a `Fault` is for; the fault strikes
once. Nothing here goes by the clock: what is late stays late until the program gives up.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from reconciler.sandbox.exchange import Ask
from reconciler.sandbox.world import DIALECTS, platform_of

PIECE: Final = 65_536
HANG_S: Final = 60.0  # only a mistake here takes so long


@dataclass(slots=True)
class Fault:
    """What happens to the next write of an operation. `struck` says whether it has."""

    kind: str
    operation: str
    struck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A request as it came, whole."""

    raw: bytes
    operation: str
    writes: bool


class _GoneError(Exception):
    """The other side has closed."""


class Proxy:
    """Passes on what comes, and strikes once when it is told to."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.fault: Fault | None = None
        self._upstream = upstream
        self._server = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """Where the program finds it."""
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def strike(self, kind: str, operation: str) -> Fault:
        """Let the next call of an operation that writes meet a fault of `KINDS`."""
        assert kind in KINDS, kind
        self.fault = Fault(kind, operation)
        return self.fault

    def run(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                near, _address = self._server.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._connection, args=(near,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """End everything."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for line in list(self._open):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(HANG_S)

    def _connection(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._upstream) as far:
            self._open |= {near, far}
            for line in (near, far):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.settimeout(HANG_S)
            try:
                while True:
                    request = _request(near)
                    fault = self.fault
                    if fault and not fault.struck and request.writes and _named(request.operation, fault.operation):
                        fault.struck = True
                        KINDS[fault.kind](near, far, request)
                    else:
                        far.sendall(request.raw)
                        near.sendall(b"".join(_message(far)))
            except (_GoneError, OSError):
                return
            finally:
                self._open -= {near, far}


def _named(operation: str, wished: str) -> bool:
    return operation == wished or operation.rpartition(".")[2] == wished


def _message(line: socket.socket) -> tuple[bytes, bytes]:
    """One message as (head with its empty line, body); the sandbox and the program both say how long theirs are."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _piece(line)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        (int(one.split(b":", 1)[1]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")),
        0,
    )
    while len(body) < length:
        body += _piece(line)
    return head + b"\r\n\r\n", body


def _piece(line: socket.socket) -> bytes:
    piece = line.recv(PIECE)
    if not piece:
        raise _GoneError
    return piece


def _request(line: socket.socket) -> _Request:
    head, body = _message(line)
    first, *rest = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest if one)}
    address = urlsplit(target)
    prefix, _, path = address.path.removeprefix("/").partition("/")
    dialect = DIALECTS[platform_of(prefix)]
    ask = Ask(
        platform=dialect.platform,
        account=dialect.account(prefix, f"/{path}", body),
        method=method,
        path=f"/{path}",
        query=dict(parse_qsl(address.query)),
        headers=headers,
        body=body,
    )
    return _Request(raw=head + body, operation=dialect.operation(ask), writes=not dialect.reads(ask))


# --- faults --------------------------------------------------------------------------------------------------------------


def _cut(line: socket.socket) -> None:
    """Close without a farewell: the other side sees a reset."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def _until_it_gives_up(line: socket.socket) -> None:
    """Wait until the program has closed its side."""
    with contextlib.suppress(OSError):
        while line.recv(PIECE):
            continue


def _answered(far: socket.socket, request: _Request) -> tuple[bytes, bytes]:
    far.sendall(request.raw)
    return _message(far)


def _lost_request(near: socket.socket, far: socket.socket, request: _Request) -> None:
    del request
    _cut(near)
    far.close()
    raise _GoneError


def _cut_request(near: socket.socket, far: socket.socket, request: _Request) -> None:
    far.sendall(request.raw[: len(request.raw) // 2])
    _cut(far)
    _cut(near)
    raise _GoneError


def _lost_reply(near: socket.socket, far: socket.socket, request: _Request) -> None:
    _answered(far, request)
    _cut(near)
    raise _GoneError


def _closed_reply(near: socket.socket, far: socket.socket, request: _Request) -> None:
    _answered(far, request)
    near.close()
    raise _GoneError


def _cut_reply(near: socket.socket, far: socket.socket, request: _Request) -> None:
    head, body = _answered(far, request)
    near.sendall(head + body[: len(body) // 2] if body else head[: len(head) // 2])
    near.close()
    raise _GoneError


def _late_reply(near: socket.socket, far: socket.socket, request: _Request) -> None:
    _answered(far, request)
    _until_it_gives_up(near)
    raise _GoneError


def _late_request(near: socket.socket, far: socket.socket, request: _Request) -> None:
    """It arrives when nobody waits for it any more."""
    _until_it_gives_up(near)
    _answered(far, request)
    raise _GoneError


def _drops(near: socket.socket, far: socket.socket, request: _Request) -> None:
    """Both ways byte by byte: slow, and whole."""
    for start in range(len(request.raw)):
        far.sendall(request.raw[start : start + 1])
    reply = b"".join(_message(far))
    for start in range(len(reply)):
        near.sendall(reply[start : start + 1])


def _closed_behind(near: socket.socket, far: socket.socket, request: _Request) -> None:
    """A good answer, and then the connection that was to be kept is closed."""
    near.sendall(b"".join(_answered(far, request)))
    near.close()
    raise _GoneError


def _garbage(near: socket.socket, far: socket.socket, request: _Request) -> None:
    _answered(far, request)
    near.sendall(b"\x16\x03\x01\x00\xff<<< no HTTP at all >>>\r\n\r\n")
    near.close()
    raise _GoneError


def _half_status(near: socket.socket, far: socket.socket, request: _Request) -> None:
    _answered(far, request)
    near.sendall(b"HTTP/1.1 2")
    near.close()
    raise _GoneError


def _other_length(near: socket.socket, far: socket.socket, request: _Request, more: int) -> None:
    head, body = _answered(far, request)
    lines = [one for one in head.rstrip(b"\r\n").split(b"\r\n") if not one.lower().startswith(b"content-length:")]
    length = max(len(body) + more, 0)
    near.sendall(b"\r\n".join([*lines, b"content-length: %d" % length, b"", b""]) + body)
    near.close()
    raise _GoneError


def _too_long(near: socket.socket, far: socket.socket, request: _Request) -> None:
    _other_length(near, far, request, 10)


def _too_short(near: socket.socket, far: socket.socket, request: _Request) -> None:
    _other_length(near, far, request, -10)


def _endless(near: socket.socket, far: socket.socket, request: _Request) -> None:
    """A body in chunks of which the last never comes."""
    head, body = _answered(far, request)
    lines = [one for one in head.rstrip(b"\r\n").split(b"\r\n") if not one.lower().startswith(b"content-length:")]
    chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    near.sendall(b"\r\n".join([*lines, b"transfer-encoding: chunked", b"", b""]) + chunk)
    _until_it_gives_up(near)
    raise _GoneError


KINDS: Final[dict[str, Callable[[socket.socket, socket.socket, Any], None]]] = {
    "lost-request": _lost_request,
    "cut-request": _cut_request,
    "late-request": _late_request,
    "lost-reply": _lost_reply,
    "closed-reply": _closed_reply,
    "cut-reply": _cut_reply,
    "late-reply": _late_reply,
    "drops": _drops,
    "closed-behind": _closed_behind,
    "garbage": _garbage,
    "half-status": _half_status,
    "too-long": _too_long,
    "too-short": _too_short,
    "endless": _endless,
}


@contextmanager
def proxy(url: str) -> Iterator[Proxy]:
    """A proxy before the sandbox at `url`, for the length of a `with` block."""
    parts = urlsplit(url)
    made = Proxy((str(parts.hostname), int(parts.port or 80)))
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join(HANG_S)

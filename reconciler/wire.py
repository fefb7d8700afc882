"""The only door to the network, and the only place where a secret has a value.

A call ends in one of three ways: a `Reply`, `Refused` (surely without effect) or `InDoubt` (perhaps with effect). Which of
the two last it is follows from *when* the failure happened: before the request left, or after. Writes are never repeated by
this door; reads are, a few times, with growing pauses. A read-only wire refuses every call that is not a read.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar

import httpx

from reconciler.call import Answer, Call, Flow, InDoubt, Page, Refused, Reply, Safety, Sink
from reconciler.catalogue import say
from reconciler.personal import Secret
from reconciler.rows.errors import PageBroken

T = TypeVar("T")
Headers = Mapping[str, Secret | str]

TIMEOUT_S: Final = 65.0  # so that a verdict at the vendor's own limit of 60 s is still heard
TRIES: Final = 3
PAUSES_S: Final = (0.3, 1.2)
PAUSE_S_MAX: Final = 20.0
BYTES_MAX: Final = 268_435_456  # the largest result that a vendor documents: 256 MB
ANSWER_S_MAX: Final = 600.0  # a body that comes in drops is given up then

_REPEATED: Final = frozenset({429, 500, 502, 503, 504})
_BUSY: Final = frozenset({429})  # surely without effect

# Failures before a byte of the request was taken by the platform. Everything else that httpx raises is doubt.
_BEFORE: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.ProxyError,
)
_AFTER: Final = (httpx.HTTPError, httpx.StreamError, httpx.CookieConflict)
_NOTHING: Final = httpx.ByteStream(b"")


class WriteRefusedError(Exception):
    """A call that is not a read was given to a wire that only reads. A mistake of this program's, and nothing was sent."""


class TooLargeError(Exception):
    """A reply is larger than any that the vendors document."""


class TooSlowError(Exception):
    """A reply is still not whole after ten minutes."""


@dataclass(slots=True)
class Meter:
    """How many requests went out, reads and writes together, as the platform's quota counts them."""

    sent: int = 0
    by_operation: dict[str, int] = field(default_factory=dict)

    def count(self, operation: str) -> None:
        """Count one request."""
        self.sent += 1
        self.by_operation[operation] = self.by_operation.get(operation, 0) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where a wire leads and how it behaves there. `headers` go with every call; `calls_per_second` 0 means no pace.

    `calls_in_flight` is how many calls may be on their way at one time.
    """

    url: str
    headers: Headers = field(default_factory=dict)
    timeout_s: float = TIMEOUT_S
    calls_per_second: float = 0.0
    calls_in_flight: int = 1
    user_agent: str = "reconciler"


class Fence(Protocol):
    """Lets a write leave only while this process is the one that may send."""

    def arm(self) -> str:
        """Before a write: "" when it may leave. From now on, whatever freezes this process past its time kills it instead of
        letting it send late. Otherwise why it may not.
        """

    def disarm(self) -> None:
        """The last byte has left, or nothing will leave any more."""


class NoFence:
    """A fence for who sends nothing, or nothing that a lease guards."""

    def arm(self) -> str:
        """See `Fence`."""
        return ""

    def disarm(self) -> None:
        """See `Fence`."""


Login = Callable[[], Flow[Headers]]
Told = Callable[[Reply], bool]  # what a platform's own words say of a reply
Ingest = Callable[[bytes, Sink], Page]


class Wire(AbstractContextManager["Wire"]):
    """The connection to one target, for as many threads as like to call: no more than the door's `calls_in_flight` are on their
    way at one time, and who calls alone finds every call in its order.
    """

    def __init__(
        self,
        door: Door,
        *,
        login: Login | None = None,
        session_over: Told = lambda _reply: False,
        busy: Told = lambda _reply: False,
        ingest: Ingest | None = None,
        writes: bool = False,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door = door
        self._login = login
        self._session_over = session_over
        self._busy = busy
        self._ingest = ingest
        self._writes = writes
        self._fence: Fence = NoFence()
        self._sleep = sleep
        self._clock = clock
        self._session: Headers = {}
        self._entered = False
        self._entering = threading.Lock()
        self._free = threading.BoundedSemaphore(door.calls_in_flight)
        self._turn = threading.Lock()
        self._last = -1e9
        self.meter = Meter()
        self._client = httpx.Client(
            timeout=httpx.Timeout(door.timeout_s, connect=min(10.0, door.timeout_s)),
            follow_redirects=False,
            trust_env=False,
            transport=transport or httpx.HTTPTransport(retries=0, trust_env=False, verify=trusted(door.url)),
            headers={"user-agent": door.user_agent, "accept": "application/json, text/plain, */*"},
        )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    @property
    def session(self) -> Headers:
        """The headers of the session that is open; empty before the first call."""
        return self._session

    def writable(self, fence: Fence) -> None:
        """Let writes through from now on, inside `fence`. Planning never calls this; only carrying out a plan does."""
        self._writes = True
        self._fence = fence

    def send(self, call: Call) -> Answer:
        """Send one call. A session is opened before the first, and once more where the platform says that it ended."""
        if call.safety.writes and not self._writes:
            raise WriteRefusedError(call.operation)
        if call.after_s:
            self._sleep(call.after_s)
        if self._login is None or call.safety is Safety.SESSION:
            return self._tried(call, self._session)
        session = self._opened()
        answer = self._tried(call, session)
        if isinstance(answer, Reply) and self._session_over(answer):
            once = answer.again + 1
            answer = self._tried(call, self._opened(after=session))
            answer = replace(answer, again=answer.again + once)
        return answer

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow of reads to its end. Raises LostError where a call gets no reply."""
        return _driven(flow, self.send)

    def _opened(self, after: Headers | None = None) -> Headers:
        """The session that is open, or a new one: before the first call, and where the one that ended (`after`) is still it.

        A platform may take one session at a time, so that calls side by side open one for all of them; one that cannot be
        opened is tried again by the next call. Raises LostError.
        """
        assert self._login is not None
        with self._entering:
            if not self._entered or self._session is after:
                self._session = _driven(self._login(), lambda call: self._tried(call, {}))
                self._entered = True
            return self._session

    def _tried(self, call: Call, session: Headers) -> Answer:
        """Reads are repeated where the failure may pass, and what sets a state where it surely had no effect."""
        for turn in range(TRIES):
            answer, pause = self._once(call, session)
            if turn == TRIES - 1 or not _may_repeat(call.safety, answer, self._busy):
                return replace(answer, again=turn) if turn else answer
            self._sleep(min(PAUSE_S_MAX, pause or PAUSES_S[turn] * random.uniform(0.7, 1.3)))  # noqa: S311 - jitter, no secret
        raise AssertionError("unreachable")

    def _once(self, call: Call, session: Headers) -> tuple[Answer, float]:
        """One request, and how long the platform asks to wait before another. Who logs out waits for no call that hangs."""
        if call.safety is Safety.SESSION:
            return self._in_turn(call, session)
        with self._free:
            return self._in_turn(call, session)

    def _in_turn(self, call: Call, session: Headers) -> tuple[Answer, float]:
        self._pace()
        if not call.safety.writes:
            return self._asked(call, session, NoFence())
        if why := self._fence.arm():
            return Refused(reason=why, final=True), 0.0
        try:
            return self._asked(call, session, self._fence)
        finally:
            self._fence.disarm()

    def _asked(self, call: Call, session: Headers, fence: Fence) -> tuple[Answer, float]:
        with self._turn:
            self.meter.count(call.operation)
        try:
            request = self._request(call, session)
            request.extensions["trace"] = _left(fence)
            with_body = self._client.send(request, stream=True)
        except _BEFORE as failure:
            return Refused(reason=say("no connection: {what}", what=_words(failure))), 0.0
        except UnicodeError:  # its words would quote the value
            return Refused(reason=say("a credential or an address holds a character that cannot be sent")), 0.0
        except _AFTER as failure:
            return InDoubt(reason=say("no answer: {what}", what=_words(failure))), 0.0
        try:
            body = self._whole(with_body)
        except (*_AFTER, TooLargeError, TooSlowError) as failure:
            return InDoubt(reason=say("the answer broke off: {what}", what=_words(failure))), 0.0
        finally:
            with_body.close()
            # A stream knows its answer, and that the request: what was sent would wait for the collector of cycles.
            with_body.stream = _NOTHING
        pause = with_body.headers.get("retry-after", "")
        reply = Reply(status=with_body.status_code, body=body, content_type=with_body.headers.get("content-type", ""))
        return self._ingested(call, reply), float(pause) if pause.isdecimal() else 0.0

    def _whole(self, response: httpx.Response) -> bytes:
        """The body, whole. A body shorter than announced is an error of httpx's and so doubt."""
        pieces: list[bytes] = []
        size, until = 0, self._clock() + ANSWER_S_MAX
        for piece in response.iter_bytes():
            size += len(piece)
            if size > BYTES_MAX:
                raise TooLargeError
            if self._clock() > until:
                raise TooSlowError
            pieces.append(piece)
        return b"".join(pieces)

    def _ingested(self, call: Call, reply: Reply) -> Reply:
        """The rows of a good reply as a table. A reply that does not fit keeps its body, for the platform to judge."""
        if call.sink is None or self._ingest is None or reply.status != httpx.codes.OK:
            return reply
        try:
            page = self._ingest(reply.body, call.sink)
        except PageBroken as broken:
            return Reply(status=reply.status, body=reply.body, content_type=reply.content_type, misfit=broken.reason)
        return Reply(status=reply.status, content_type=reply.content_type, page=page)

    def _request(self, call: Call, session: Headers) -> httpx.Request:
        headers = {name: _value(value) for name, value in {**self._door.headers, **session}.items()}
        extra: dict[str, Any] = {}
        if call.json is not None:
            extra["content"] = _encoded(call.json)
            headers["content-type"] = "application/json"
        elif call.form is not None and call.file is None:
            extra["data"] = {name: _value(value) for name, value in call.form.items()}
        if call.file is not None:
            field_name, file_name, content = call.file
            extra["files"] = {field_name: (file_name, content, "application/octet-stream")}
            extra["data"] = {name: _value(value) for name, value in (call.form or {}).items()}
        query = {name: _value(value) for name, value in call.query.items()}
        return self._client.build_request(
            call.method, self._door.url + call.path, params=query or None, headers=headers, **extra
        )

    def _pace(self) -> None:
        """Wait until it is this call's turn. Each has a moment of its own, so that calls side by side keep the pace too."""
        if self._door.calls_per_second <= 0:
            return
        with self._turn:
            now = self._clock()
            self._last = max(now, self._last + 1 / self._door.calls_per_second)
            wait = self._last - now
        if wait > 0:
            self._sleep(wait)


def _driven(flow: Flow[T], send: Callable[[Call], Answer]) -> T:
    """A flow of reads, to its end. Raises LostError where a call gets no reply."""
    reply: Reply | None = None
    while True:
        try:
            call = next(flow) if reply is None else flow.send(reply)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # a generator's value is untyped here
        answer = send(call)
        if not isinstance(answer, Reply):
            flow.close()
            raise LostError(answer.reason)
        reply = answer


def _may_repeat(safety: Safety, answer: Answer, busy: Told) -> bool:
    """Whether a call may be made again at once: a read when the failure may pass, a state that is set when nothing happened.

    A platform that is `busy` in words of its own did nothing. Whatever else is in doubt is settled by reading first, and
    never here.
    """
    if safety in (Safety.READ, Safety.SESSION):
        return not isinstance(answer, Reply) or answer.status in _REPEATED or busy(answer)
    if safety is not Safety.SET:
        return False
    if isinstance(answer, Reply):
        return answer.status in _BUSY or busy(answer)
    return isinstance(answer, Refused) and not answer.final


def _left(fence: Fence) -> Callable[[str, object], None]:
    """Disarms the fence once the whole request has been handed to the network."""

    def trace(event: str, _details: object) -> None:
        if event.endswith("send_request_body.complete"):
            fence.disarm()

    return trace


class LostError(Exception):
    """A read got no reply. `reason` says why, without a secret or a personal value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_FAILURES: Final[Mapping[str, str]] = {
    "ConnectError": "nobody answers at that address",
    "ConnectTimeout": "nobody answered in time",
    "ProxyError": "the proxy refused",
    "ReadTimeout": "it did not come in time",
    "WriteTimeout": "the request could not be written in time",
    "ReadError": "the connection broke",
    "WriteError": "the connection broke",
    "RemoteProtocolError": "the connection was closed",
}


def trusted(url: str) -> ssl.SSLContext | bool:
    """Whose certificates a connection believes: those that everybody does, or none where it is in the clear, as a sandbox's is.

    To read them takes as long as to plan hundreds of campaigns.
    """
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.startswith("http:") else True


def _words(failure: Exception) -> str:
    """A failure of the connection in words; the exception's own may quote what was sent."""
    kind = type(failure).__name__
    return f"{say(_FAILURES[kind])} ({kind})" if kind in _FAILURES else kind


def _value(value: object) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _encoded(body: object) -> bytes:
    import msgspec

    return msgspec.json.encode(body, enc_hook=_value)

"""The only door to the network: how every failure is sorted, what is repeated, and what is kept inside."""

from __future__ import annotations

import gc
import inspect
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import pytest

from reconciler.call import Call, Flow, InDoubt, Page, Refused, Reply, Safety, Sink
from reconciler.personal import Secret
from reconciler.rows.errors import PageBroken
from reconciler.wire import ANSWER_S_MAX, PAUSE_S_MAX, TRIES, Door, LostError, NoFence, Wire, WriteRefusedError, trusted

URL: Final = "http://127.0.0.1:1/base"
TOKEN: Final = "made-up-token-7731"
WRITES: Final = [safety for safety in Safety if safety.writes]
READS: Final = [safety for safety in Safety if not safety.writes]

# Surely before a byte of the request was taken; everything else that httpx can raise is doubt.
REFUSING: Final = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "InvalidURL", "ProxyError"},
)
DOUBTING: Final = frozenset(
    {
        "CloseError",
        "CookieConflict",
        "DecodingError",
        "HTTPError",
        "HTTPStatusError",
        "LocalProtocolError",
        "NetworkError",
        "ProtocolError",
        "ReadError",
        "ReadTimeout",
        "RemoteProtocolError",
        "RequestError",
        "RequestNotRead",
        "ResponseNotRead",
        "StreamClosed",
        "StreamConsumed",
        "StreamError",
        "TimeoutException",
        "TooManyRedirects",
        "TransportError",
        "WriteError",
        "WriteTimeout",
    }
)


def raised() -> dict[str, type[Exception]]:
    """Every exception class of httpx."""
    return {
        name: found
        for name, found in vars(httpx).items()
        if inspect.isclass(found) and issubclass(found, Exception) and not issubclass(found, Warning)
    }


class Platform:
    """Answers one after the other; the last one again and again."""

    def __init__(self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def wire(platform: Platform, *, writes: bool = True, clock: Clock | None = None, door: Door | None = None, **more: Any) -> Wire:
    clock = clock or Clock()
    transport = httpx.MockTransport(platform)
    return Wire(door or Door(url=URL), writes=writes, transport=transport, sleep=clock.sleep, clock=clock, **more)


def call(safety: Safety = Safety.SET, **more: Any) -> Call:
    return Call(**{"operation": "op", "method": "POST", "path": "/x", "safety": safety, **more})


def made(failure: type[Exception]) -> Exception:
    """An exception of httpx, whatever it wants to be made from."""
    wanted = inspect.signature(failure).parameters
    given: dict[str, Any] = {}
    if "message" in wanted:
        given["message"] = "words of the library"
    if "response" in wanted:
        given["response"] = httpx.Response(500)
        given["request"] = httpx.Request("POST", URL)
    return failure(**given)


# --- how failures are sorted ---------------------------------------------------------------------------------------------


def test_every_exception_of_the_library_is_sorted() -> None:
    """A class that a new version brings fails here, until somebody has thought about when it is raised."""
    assert sorted(raised()) == sorted(REFUSING | DOUBTING)


@pytest.mark.parametrize("name", sorted(REFUSING | DOUBTING))
def test_a_failure_is_refusal_only_where_surely_nothing_left(name: str) -> None:
    platform = Platform(made(raised()[name]))
    answer = wire(platform).send(call(Safety.CREATE))

    assert isinstance(answer, Refused if name in REFUSING else InDoubt)
    assert name in answer.reason
    assert "words of the library" not in answer.reason
    assert len(platform.requests) == 1


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with Wire(Door(url=f"http://127.0.0.1:{port}"), writes=True) as door:
        assert isinstance(door.send(call()), Refused)


@contextmanager
def answering(*pieces: bytes) -> Iterator[str]:
    """A server that writes exactly these bytes to whoever calls, and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                for piece in pieces:
                    connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"HTTP/1.1 200 OK\r\ncontent-le",),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n", b'{"code": 200'),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"5\r\nhel"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd",),
        (b"this is no HTTP\r\n\r\n",),
    ],
    ids=["nothing", "head-cut", "body-cut", "chunk-cut", "not-gzip", "not-http"],
)
def test_an_answer_that_breaks_off_is_doubt(pieces: tuple[bytes, ...]) -> None:
    with answering(*pieces) as url, Wire(Door(url=url), writes=True) as door:
        assert isinstance(door.send(call()), InDoubt)


def test_what_was_sent_is_let_go_without_the_collector() -> None:
    """The library ties an answer to itself and so to its request: ten thousand rows a call would wait for the collector."""

    def held() -> int:
        return sum(isinstance(each, httpx.Request | httpx.Response) for each in gc.get_objects())

    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    gc.collect()
    before = held()
    gc.disable()
    try:
        for pieces in ((whole,), (whole[:-1],)):
            with answering(*pieces) as url, Wire(Door(url=url)) as wired:
                wired.writable(NoFence())
                wired.send(call(json=[{"row": "1"}]))
        after = held()
    finally:
        gc.enable()

    assert after == before


def test_a_platform_that_says_nothing_in_time_is_doubt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with Wire(Door(url=url, timeout_s=0.05), writes=True) as door:
            answer = door.send(call())

    assert isinstance(answer, InDoubt)
    assert "ReadTimeout" in answer.reason


def test_a_body_larger_than_any_documented_is_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.wire.BYTES_MAX", 10)

    assert isinstance(wire(Platform(httpx.Response(200, content=b"x" * 10))).send(call()), Reply)
    assert isinstance(wire(Platform(httpx.Response(200, content=b"x" * 11))).send(call()), InDoubt)


def test_a_body_that_comes_in_drops_is_given_up() -> None:
    clock = Clock()

    def drops() -> Iterator[bytes]:
        while True:
            clock.now_s += ANSWER_S_MAX / 3
            yield b"x"

    answer = wire(Platform(lambda _request: httpx.Response(200, content=drops())), clock=clock).send(call())

    assert isinstance(answer, InDoubt)
    assert "TooSlowError" in answer.reason


def test_a_credential_that_no_header_can_hold_is_refused_and_not_quoted() -> None:
    platform = Platform(httpx.Response(200))
    answer = wire(platform, door=Door(url=URL, headers={"x-token": Secret(f"{TOKEN}…")})).send(call())

    assert isinstance(answer, Refused)
    assert TOKEN not in answer.reason
    assert platform.requests == []


# --- what is repeated ----------------------------------------------------------------------------------------------------


SURELY_NOTHING = [httpx.ConnectError("x"), httpx.Response(429)]
PERHAPS_SOMETHING = [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.Response(500), httpx.Response(503)]


@pytest.mark.parametrize("safety", [safety for safety in WRITES if safety is not Safety.SET])
@pytest.mark.parametrize("failure", [*SURELY_NOTHING, *PERHAPS_SOMETHING])
def test_a_write_is_sent_once_whatever_comes_back(safety: Safety, failure: httpx.Response | Exception) -> None:
    platform = Platform(failure)
    wire(platform).send(call(safety))

    assert len(platform.requests) == 1


@pytest.mark.parametrize("failure", PERHAPS_SOMETHING)
def test_what_perhaps_set_a_state_is_read_before_it_is_set_again(failure: httpx.Response | Exception) -> None:
    platform = Platform(failure)
    wire(platform).send(call(Safety.SET))

    assert len(platform.requests) == 1


@pytest.mark.parametrize("failure", SURELY_NOTHING)
def test_what_surely_set_nothing_is_set_again_a_few_times(failure: httpx.Response | Exception) -> None:
    platform = Platform(failure, failure, httpx.Response(200))
    answer = wire(platform).send(call(Safety.SET))

    assert isinstance(answer, Reply)
    assert answer.status == 200
    assert len(platform.requests) == TRIES


class Gate:
    """A fence that says what it was asked for; closed, it lets nothing leave."""

    def __init__(self, why: str = "") -> None:
        self.why = why
        self.asked: list[str] = []

    def arm(self) -> str:
        self.asked.append("arm")
        return self.why

    def disarm(self) -> None:
        self.asked.append("disarm")


def test_a_closed_fence_lets_no_write_leave_and_is_not_asked_twice() -> None:
    platform, gate = Platform(httpx.Response(200)), Gate("the lock has ended")
    door = wire(platform, writes=False)
    door.writable(gate)

    assert door.send(call(Safety.SET)) == Refused(reason="the lock has ended", final=True)
    assert platform.requests == []
    assert gate.asked == ["arm"]


@pytest.mark.parametrize("failure", [*SURELY_NOTHING, *PERHAPS_SOMETHING])
def test_the_fence_stands_around_every_try_and_is_down_afterwards(failure: httpx.Response | Exception) -> None:
    platform, gate = Platform(failure, httpx.Response(200)), Gate()
    door = wire(platform, writes=False)
    door.writable(gate)
    door.send(call(Safety.SET))

    assert gate.asked.count("arm") == len(platform.requests)
    assert gate.asked[-1] == "disarm"


def test_reads_pass_a_closed_fence() -> None:
    platform, gate = Platform(httpx.Response(200)), Gate("the lock has ended")
    door = wire(platform, writes=False)
    door.writable(gate)

    assert isinstance(door.send(call(Safety.READ, method="GET")), Reply)
    assert gate.asked == []


def test_the_fence_is_down_once_the_request_has_left() -> None:
    """A slow answer is waited for: whoever froze while it came has sent nothing late."""
    order: list[str] = []

    class Noting(Gate):
        def disarm(self) -> None:
            order.append("disarm")

    with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") as url, Wire(Door(url=url)) as door:
        door.writable(Noting())
        sent = door._client.send

        def send(request: httpx.Request, *, stream: bool) -> httpx.Response:
            response = sent(request, stream=stream)
            order.append("answered")
            return response

        door._client.send = send  # type: ignore[method-assign,assignment]  # to see when the answer came
        door.send(call(Safety.SET, json={"x": "y"}))

    assert order[:2] == ["disarm", "answered"]


@pytest.mark.parametrize("safety", list(Safety))
def test_what_a_platform_calls_busy_is_made_again_where_that_is_harmless(safety: Safety) -> None:
    """Reads, sessions and set states, three times at most, after pauses; whatever reaches people once."""
    platform, clock = Platform(*[httpx.Response(403, text="busy")] * 4), Clock()
    door = wire(platform, clock=clock, busy=lambda reply: reply.body == b"busy")
    answer = door.send(call(safety))

    assert isinstance(answer, Reply)
    assert answer.status == 403
    again = safety in (Safety.READ, Safety.SESSION, Safety.SET)
    assert (len(platform.requests), len(clock.slept)) == ((3, 2) if again else (1, 0))
    assert answer.again == len(platform.requests) - 1


@pytest.mark.parametrize("safety", READS)
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_read_is_repeated_with_growing_and_varied_pauses(safety: Safety, status: int) -> None:
    pauses = []
    for _ in range(5):
        clock = Clock()
        platform = Platform(httpx.Response(status), httpx.ReadError("x"), httpx.Response(200, content=b"ok"))
        answer = wire(platform, clock=clock, writes=False).send(call(safety, method="GET"))

        assert isinstance(answer, Reply)
        assert (answer.status, answer.body, len(platform.requests)) == (200, b"ok", 3)
        assert 0.2 < clock.slept[0] < 0.4
        assert 0.8 < clock.slept[1] < 1.6
        pauses.append(tuple(clock.slept))
    assert len(set(pauses)) > 1


@pytest.mark.parametrize(
    ("asked", "pause"), [("7", 7.0), ("3600", PAUSE_S_MAX), ("soon", None), ("\u00b2", None), ("-5", None)]
)
def test_a_read_waits_as_long_as_it_is_told(asked: str, pause: float | None) -> None:
    clock = Clock()
    headers = [(b"retry-after", asked.encode("latin-1"))]
    platform = Platform(httpx.Response(429, headers=headers), httpx.Response(200))
    wire(platform, clock=clock).send(call(Safety.READ))

    assert clock.slept == [pause] if pause else 0 < clock.slept[0] < 1


def test_a_read_is_given_up_after_three_tries() -> None:
    platform = Platform(httpx.ReadTimeout("x"))

    assert isinstance(wire(platform).send(call(Safety.READ)), InDoubt)
    assert len(platform.requests) == 3


@pytest.mark.parametrize("status", [200, 400, 403, 404])
def test_an_answer_is_an_answer(status: int) -> None:
    platform = Platform(httpx.Response(status, content=b"text"))
    answer = wire(platform).send(call(Safety.READ))

    assert isinstance(answer, Reply)
    assert len(platform.requests) == 1


def test_certificates_are_read_where_there_is_one_to_check() -> None:
    """In the clear there is none; should anything ask all the same, nobody is believed."""
    in_the_clear = trusted("http://127.0.0.1:9")

    assert trusted("https://example.test") is True
    assert isinstance(in_the_clear, ssl.SSLContext)
    assert (in_the_clear.verify_mode, in_the_clear.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert in_the_clear.cert_store_stats()["x509_ca"] == 0


def test_a_redirect_is_not_followed() -> None:
    platform = Platform(httpx.Response(302, headers={"location": "https://elsewhere.example/"}))
    answer = wire(platform).send(call())

    assert isinstance(answer, Reply)
    assert (answer.status, len(platform.requests)) == (302, 1)


# --- writes and sessions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("safety", WRITES)
def test_a_wire_that_only_reads_refuses_writes(safety: Safety) -> None:
    platform = Platform(httpx.Response(200))
    door = wire(platform, writes=False)
    with pytest.raises(WriteRefusedError):
        door.send(call(safety))

    assert platform.requests == []

    door.writable(NoFence())
    door.send(call(safety))

    assert len(platform.requests) == 1


def login() -> Flow[dict[str, Secret | str]]:
    reply = yield Call(operation="login", method="POST", path="/login", safety=Safety.SESSION)
    return {"authorization": Secret(reply.body.decode())}


def session_over(reply: Reply) -> bool:
    return reply.status == 401


def entered(*answers: httpx.Response | Exception) -> tuple[Platform, Wire]:
    platform = Platform(*answers)
    return platform, wire(platform, login=login, session_over=session_over)


def test_a_session_is_opened_before_the_first_call_and_kept() -> None:
    platform, door = entered(httpx.Response(200, content=b"one"), httpx.Response(200))
    door.send(call())
    door.send(call())

    assert [request.url.path for request in platform.requests] == ["/base/login", "/base/x", "/base/x"]
    assert "authorization" not in platform.requests[0].headers
    assert [request.headers.get("authorization") for request in platform.requests[1:]] == ["one", "one"]


def test_a_session_that_ended_is_opened_once_more_and_the_refused_call_is_made() -> None:
    platform, door = entered(
        httpx.Response(200, content=b"one"), httpx.Response(401), httpx.Response(200, content=b"two"), httpx.Response(200)
    )
    answer = door.send(call(Safety.BLIND))

    assert isinstance(answer, Reply)
    assert (answer.status, answer.again) == (200, 1)
    assert [request.headers.get("authorization") for request in platform.requests] == [None, "one", None, "two"]


def test_a_session_is_opened_once_more_and_not_for_ever() -> None:
    platform, door = entered(
        httpx.Response(200, content=b"one"), httpx.Response(401), httpx.Response(200, content=b"two"), httpx.Response(401)
    )
    answer = door.send(call(Safety.BLIND))

    assert isinstance(answer, Reply)
    assert (answer.status, len(platform.requests)) == (401, 4)


def test_a_login_that_gets_no_answer_is_told_as_such() -> None:
    _platform, door = entered(httpx.ReadTimeout("x"))
    with pytest.raises(LostError, match="ReadTimeout"):
        door.send(call())


# --- the request ---------------------------------------------------------------------------------------------------------


def test_secrets_are_in_the_request_and_nowhere_else() -> None:
    platform = Platform(httpx.Response(200))
    secret = Secret(TOKEN)
    door = wire(platform, door=Door(url=URL, headers={"x-token": secret}))
    sent = call(json={"password": secret}, query={"key": secret})
    door.send(sent)
    request = platform.requests[0]

    assert request.headers["x-token"] == TOKEN
    assert json.loads(request.content) == {"password": TOKEN}
    assert request.url.params["key"] == TOKEN
    assert TOKEN not in repr((sent, door.meter, door.session))

    door.send(call(form={"user": secret, "text": "á"}))

    assert platform.requests[1].content == f"user={TOKEN}&text=%C3%A1".encode()


def test_a_file_goes_as_a_form() -> None:
    platform = Platform(httpx.Response(200))
    wire(platform).send(call(file=("file", "base.cpg", b"content")))
    request = platform.requests[0]

    assert request.headers["content-type"].startswith("multipart/form-data")
    assert b'name="file"; filename="base.cpg"' in request.content
    assert b"content" in request.content


def test_requests_carry_a_name_and_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    platform = Platform(httpx.Response(200))
    wire(platform, door=Door(url=URL, user_agent="reconciler/1")).send(call())

    assert platform.requests[0].headers["user-agent"] == "reconciler/1"
    assert str(platform.requests[0].url) == f"{URL}/x"


def test_a_connection_waits_no_longer_than_an_answer() -> None:
    waits: list[dict[str, float]] = []

    def note(request: httpx.Request) -> httpx.Response:
        waits.append(request.extensions["timeout"])
        return httpx.Response(200)

    wire(Platform(note), door=Door(url=URL, timeout_s=65.0)).send(call())
    wire(Platform(note), door=Door(url=URL, timeout_s=2.0)).send(call())

    assert [(one["connect"], one["read"]) for one in waits] == [(10.0, 65.0), (2.0, 2.0)]


# --- pace, count, rows ---------------------------------------------------------------------------------------------------


def test_calls_keep_their_pace() -> None:
    clock = Clock()
    door = wire(Platform(httpx.Response(200)), clock=clock, door=Door(url=URL, calls_per_second=2.0))
    for _ in range(3):
        door.send(call())

    assert clock.slept == [0.5, 0.5]


def test_calls_side_by_side_keep_their_pace_together() -> None:
    """Each gets a moment of its own: two that ask at once do not both go when the first may."""
    clock = Clock()
    naps: list[float] = []
    platform = Platform(httpx.Response(200))
    door = Wire(
        Door(url=URL, calls_per_second=2.0, calls_in_flight=8),
        transport=httpx.MockTransport(platform),
        sleep=naps.append,  # nobody's sleep moves the clock: all of them ask at the same moment
        clock=clock,
    )
    for _ in range(4):
        door.send(call(Safety.READ))

    assert naps == [0.5, 1.0, 1.5]


PATIENCE_S: Final = 60.0  # only a failure waits that long


def side_by_side(count: int, work: Callable[[], object]) -> None:
    """The same work in so many threads, to its end. What fails in one is raised here."""
    failures: list[BaseException] = []

    def one() -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - raised below
            failures.append(failure)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    if failures:
        raise failures[0]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_no_more_calls_are_on_their_way_than_the_platform_takes(at_once: int) -> None:
    """Six threads call; every answer waits until as many calls are there as may be, which is never more."""
    turn, there, most = threading.Condition(), [0], [0]

    def answer(_request: httpx.Request) -> httpx.Response:
        with turn:
            there[0] += 1
            most[0] = max(most[0], there[0])
            turn.notify_all()
            assert turn.wait_for(lambda: most[0] >= at_once, PATIENCE_S)
            assert there[0] < at_once or not door._free.acquire(blocking=False), "one more could leave"
            there[0] -= 1
        return httpx.Response(200)

    door = Wire(Door(url=URL, calls_in_flight=at_once), transport=httpx.MockTransport(answer))
    side_by_side(6, lambda: door.send(call(Safety.READ)))

    assert most == [at_once]
    assert door.meter.sent == 6


def test_calls_side_by_side_open_one_session() -> None:
    """The first session ends for both at once: one new one is opened, and both calls are made in it."""
    both, logins = threading.Barrier(2, timeout=PATIENCE_S), []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/login"):
            logins.append(1)
            return httpx.Response(200, content=b"one" if len(logins) == 1 else b"two")
        if request.headers.get("authorization") == "one":
            both.wait()
            return httpx.Response(401)
        return httpx.Response(200)

    door = Wire(Door(url=URL, calls_in_flight=2), login=login, session_over=session_over, transport=httpx.MockTransport(answer))
    answers: list[object] = []
    side_by_side(2, lambda: answers.append(door.send(call(Safety.READ))))

    assert [one.status for one in answers if isinstance(one, Reply)] == [200, 200]
    assert len(logins) == 2


def test_nobody_calls_without_a_session_where_another_could_not_open_one() -> None:
    """Both calls hear that the session is over; the first new one fails, and the second call opens its own."""
    both, logins = threading.Barrier(2, timeout=PATIENCE_S), []
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/login"):
            logins.append(request.headers.get("authorization"))
            if 1 < len(logins) <= 1 + TRIES:
                raise httpx.ConnectError("words of the library")
            return httpx.Response(200, content=f"session-{len(logins)}".encode())
        asked.append(request.headers.get("authorization"))
        if asked[-1] == "session-1":
            both.wait()
            return httpx.Response(401)
        return httpx.Response(200)

    door = Wire(
        Door(url=URL, calls_in_flight=2),
        login=login,
        session_over=session_over,
        transport=httpx.MockTransport(answer),
        sleep=lambda _seconds: None,
    )
    ended: list[object] = []

    def one() -> None:
        try:
            ended.append(door.send(call(Safety.READ)))
        except LostError as lost:
            ended.append(lost)

    side_by_side(2, one)

    assert sorted(type(each).__name__ for each in ended) == ["LostError", "Reply"]
    assert [each.status for each in ended if isinstance(each, Reply)] == [200]
    assert set(logins) == {None}
    assert None not in asked


def test_whoever_logs_out_waits_for_no_call_that_hangs() -> None:
    hangs, may_end = threading.Event(), threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            hangs.set()
            may_end.wait(PATIENCE_S)
        return httpx.Response(200)

    door = Wire(Door(url=URL), transport=httpx.MockTransport(answer))
    slow = threading.Thread(target=lambda: door.send(call(Safety.READ, method="GET")), daemon=True)
    slow.start()
    assert hangs.wait(PATIENCE_S)
    out = threading.Thread(target=lambda: door.send(call(Safety.SESSION)), daemon=True)
    out.start()
    out.join(PATIENCE_S)
    went = not out.is_alive()
    may_end.set()
    slow.join(PATIENCE_S)

    assert went


def test_a_poll_waits_before_it_asks() -> None:
    clock = Clock()
    wire(Platform(httpx.Response(200)), clock=clock).send(call(Safety.READ, after_s=4.0))

    assert clock.slept == [4.0]


def test_every_request_counts() -> None:
    platform = Platform(httpx.Response(503), httpx.Response(200))
    door = wire(platform)
    door.send(call(Safety.READ, operation="list"))
    door.send(call(operation="edit"))

    assert (door.meter.sent, door.meter.by_operation) == (3, {"list": 2, "edit": 1})


def test_rows_become_a_table_and_what_does_not_fit_keeps_its_body() -> None:
    sink = Sink(rows_at="", columns={"phone": "tel"})
    pages: list[Page | PageBroken] = [Page(table="t1", count=1, envelope={}), PageBroken("no list")]

    def ingest(body: bytes, into: Sink) -> Page:
        assert (body, into) == (b"[]", sink)
        page = pages.pop(0)
        if isinstance(page, PageBroken):
            raise page
        return page

    door = wire(Platform(httpx.Response(200, content=b"[]")), ingest=ingest)
    good, bad = door.send(call(Safety.READ, sink=sink)), door.send(call(Safety.READ, sink=sink))

    assert isinstance(good, Reply)
    assert good.page is not None
    assert isinstance(bad, Reply)
    assert (bad.body, bad.misfit) == (b"[]", "no list")


def test_a_flow_of_reads_is_driven_to_its_end() -> None:
    def flow() -> Flow[str]:
        reply = yield call(Safety.READ)
        return reply.body.decode()

    assert wire(Platform(httpx.Response(200, content=b"value"))).run(flow()) == "value"
    with pytest.raises(LostError):
        wire(Platform(httpx.ConnectError("x"))).run(flow())

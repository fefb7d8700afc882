"""The HTTP face of the sandbox: one loopback port, a prefix per account, `/_sandbox/…` for control, a page at `/`."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from reconciler.sandbox import page
from reconciler.sandbox.clock import real_now
from reconciler.sandbox.exchange import JSON_TYPE, Answer, Ask
from reconciler.sandbox.store import Store
from reconciler.sandbox.world import CREDENTIAL, World, platform_of

BODY_BYTES_MAX = 64 * 1024 * 1024


class Line(H11Protocol):
    """A connection that the application can cut without a word, which a real network does and no ASGI message can."""

    open: dict[tuple[str, int], asyncio.Transport] = {}  # noqa: RUF012 - shared by all connections on purpose

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn types it
        super().connection_made(transport)
        if self.client is not None:
            self.open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            self.open.pop(self.client, None)
        super().connection_lost(exc)


class App:
    """The ASGI application over a `World`."""

    def __init__(self, world: World, *, latency_s: float = 0.0) -> None:
        self.world = world
        self._latency_s = latency_s
        self._in_flight: Counter[tuple[str, str, int]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        prefix, _, rest = request.url.path.removeprefix("/").partition("/")
        if not _loopback_host(request.headers.get("host", "")):
            response: Response | None = Response("unknown host", 421)
        elif prefix == "":
            response = await run_in_threadpool(page.rendered, self.world, live="live" in request.query_params)
        elif prefix == "_sandbox":
            response = await self._control(request, rest)
        else:
            response = await self._platform(request, prefix, f"/{rest}")
        if response is None:
            await _cut(scope, receive)
        else:
            await response(scope, receive, send)

    async def _platform(self, request: Request, prefix: str, path: str) -> Response | None:
        try:
            platform = platform_of(prefix)
        except ValueError:
            return Response("nothing here\n", 404, media_type="text/plain")
        try:
            body = await request.body()
        except ClientDisconnect:  # nobody is there to be answered, and half a request does nothing
            return None
        if len(body) > BODY_BYTES_MAX:
            return Response("too large\n", 413, media_type="text/plain")
        account = self.world.account_of(platform, prefix, path, body)
        headers = dict(request.headers)
        key = (account, headers.get("wolkvox-token", headers.get("authorization", "")), self.world.resets)
        self._in_flight[key] += 1
        try:
            ask = Ask(
                platform=platform,
                account=account,
                method=request.method,
                path=path,
                query=dict(request.query_params),
                headers=headers,
                body=body,
            )
            if self._latency_s:
                await asyncio.sleep(self._latency_s)
            outcome = await run_in_threadpool(self.world.take, ask, self._in_flight[key])
            if outcome.wait_s:
                await asyncio.sleep(outcome.wait_s)
        finally:
            self._in_flight[key] -= 1
        return None if outcome.answer is None else _response(outcome.answer)

    async def _control(self, request: Request, name: str) -> Response:
        if request.headers.get("origin"):
            return _json({"error": "the control interface is not for web pages"}, 403)
        try:
            order = msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any])
            query = request.query_params
            result = await run_in_threadpool(self._obey, request.method, name, order, dict(query))
        except (ValueError, TypeError, msgspec.DecodeError, sqlite3.Error) as error:
            return _json({"error": str(error)}, 400)
        return _json({"error": "no such control"}, 404) if result is None else _json(result)

    def _obey(self, method: str, name: str, order: dict[str, Any], query: dict[str, str]) -> Any:
        """One order of the control interface; None when there is none of that name."""
        world = self.world
        after, last = int(query.get("after", 0)), int(query.get("last", 0))
        match method, name:
            case "GET", "status":
                return world.status()
            case "POST", "reset":
                return world.reset()
            case "POST", "seed":
                return world.seed(order)
            case "POST", "limits":
                return world.limits(str(order.pop("account", "")), order)
            case "POST", "drift":
                return world.drift(order)
            case "POST", "fault":
                return world.fault(order)
            case "GET", "faults":
                return {"faults": world.faults()}
            case "DELETE", "faults":
                return world.clear_faults()
            case "GET", "effects":
                where = {key: query.get(key, "") for key in ("account", "what")}
                return {"effects": world.effects(after=after, last=last, **where)}
            case "GET", "calls":
                return {"calls": world.calls(after=after, last=last)}
            case "GET", "clock":
                return world.turn_clock({})
            case "POST", "clock":
                return world.turn_clock(order)
            case _:
                return None


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type=JSON_TYPE)


def _response(answer: Answer) -> Response:
    headers = {"retry-after": str(answer.retry_after_s)} if answer.retry_after_s else None
    return Response(answer.body, answer.status, headers, media_type=answer.content_type or None)


def _loopback_host(host: str) -> bool:
    """Whether a Host header names this machine, so that no web page can reach in under a name of its own."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return is_loopback(name.strip("[]"))


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _cut(scope: Scope, receive: Receive) -> None:
    transport = Line.open.get(tuple(scope["client"]))
    if transport is not None:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        continue


def listening(host: str, port: int) -> socket.socket:
    """A listening socket that answers at once: made with IPPROTO_TCP, so that asyncio turns Nagle's delay off."""
    if not is_loopback(host):
        raise ValueError(f"the sandbox listens on loopback only, not on {host}")
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((address, port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock


class _Server(uvicorn.Server):
    """uvicorn, with a word when it accepts calls and a clean end on a signal."""

    def __init__(self, app: App, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Line,
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals end the sandbox with exit 0 instead of being raised again."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.should_exit = True


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    store: str = ":memory:",
    token: str = CREDENTIAL,
    latency_s: float = 0.0,
    port_file: Path | None = None,
) -> None:
    """Run in the foreground until SIGTERM or SIGINT. Raises ValueError (host, store) or OSError (port) at once."""
    with contextlib.closing(listening(host, port)) as sock:
        world = World(Store(store), token=token)

        def ready() -> None:
            if port_file is not None:
                _write_whole(port_file, f"{sock.getsockname()[1]}\n")

        try:
            _Server(App(world, latency_s=latency_s), ready).run(sockets=[sock])
        finally:
            world.close()


def _write_whole(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text)
    part.replace(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A sandbox that runs in a thread of this process."""

    url: str
    world: World


@contextmanager
def running(
    *,
    port: int = 0,
    store: str = ":memory:",
    token: str = CREDENTIAL,
    latency_s: float = 0.0,
    real: Callable[[], datetime] = real_now,
) -> Iterator[Running]:
    """A sandbox for the length of a `with` block; `real` stands in for the machine's clock."""
    with contextlib.closing(listening("127.0.0.1", port)) as sock:
        world = World(Store(store), token=token, real=real)
        ready = threading.Event()
        server = _Server(App(world, latency_s=latency_s), ready.set)
        thread = threading.Thread(target=server.run, args=([sock],), name="sandbox", daemon=True)
        thread.start()
        try:
            if not ready.wait(10):
                raise RuntimeError("the sandbox did not start")
            yield Running(url=f"http://127.0.0.1:{sock.getsockname()[1]}", world=world)
        finally:
            server.should_exit = True
            thread.join()
            world.close()

"""A second, smaller reading of the vendors' pages: the three platforms again, strict in what they take.

The sandbox and the adapters were written side by side, so that a misreading could be in both. This simulator knows only the
vendors' pages and the assumptions written down beside them, and shares no code with either. What it takes is judged by the
letter (verb, path, query, keys, types, content type), and every deviation is kept in `complaints`. What it gives varies
within what the pages leave open: each platform has a frozen set of `Ways`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from tests.second_opinion.lynn import Lynn
from tests.second_opinion.parts import Answer, Asked
from tests.second_opinion.ucontact import Ucontact
from tests.second_opinion.wolkvox import Wolkvox

IN_FLIGHT_MAX: Final = 2  # calls at one time for one token of wolkvox


@dataclass
class Simulator:
    """The three platforms behind one port. `calls` are (platform, operation) in the order in which they came."""

    wolkvox: Wolkvox = field(default_factory=Wolkvox)
    lynn: Lynn = field(default_factory=Lynn)
    ucontact: Ucontact = field(default_factory=Ucontact)
    calls: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    flying: int = 0

    @property
    def complaints(self) -> list[str]:
        """What a strict reader of the pages would not have taken."""
        return [*self.wolkvox.complaints, *self.lynn.complaints, *self.ucontact.complaints]

    def answer(self, asked: Asked) -> Answer:
        """One request, one at a time; more than two in flight are told so."""
        name = asked.path.split("/")[1]
        self.flying += 1
        try:
            if self.flying > IN_FLIGHT_MAX:
                return self.wolkvox.too_many()
            with self.lock:
                platform: Any = {"wolkvox": self.wolkvox, "lynn": self.lynn, "ucontact": self.ucontact}.get(name)
                if platform is None:
                    return Answer(404)
                inner = asked.below(name)
                answer: Answer = platform.answer(inner)
                self.calls.append((name, platform.operation(inner)))
                return answer
        finally:
            self.flying -= 1


class _Handler(BaseHTTPRequestHandler):
    """HTTP around one simulator, which is the server's `simulator`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Server

    def _do(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qsl(url.query, keep_blank_values=True)
        answer = self.server.simulator.answer(Asked(self.command, url.path, query, headers, body))
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        if answer.status != 204:  # a reply that has no body has no length either
            self.send_header("content-type", answer.type)
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        if answer.status != 204:
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - names that http.server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of http.server
        """Nothing: requests hold numbers."""


class Server(ThreadingHTTPServer):
    """The simulator's server."""

    daemon_threads = True
    simulator: Simulator

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving() -> Iterator[Server]:
    """A server on a free loopback port; set its `simulator` before each use."""
    server = Server(("127.0.0.1", 0), _Handler)
    server.simulator = Simulator()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""A small client of the sandbox's control interface, for the command line and for tests. Standard library only."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit


class ControlError(Exception):
    """The sandbox refused an order, or does not answer; the text says which."""


class Control:
    """Orders to a running sandbox at `url` (http://127.0.0.1:9911). Every method raises ControlError."""

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ControlError(f"not the address of a sandbox: {url}")
        self._host, self._port, self._timeout_s = parts.hostname, parts.port or 80, timeout_s

    def status(self) -> dict[str, Any]:
        """Accounts in counts, faults waiting, calls, effects, clock."""
        return self._call("GET", "status")

    def reset(self) -> dict[str, Any]:
        """Empty everything and seed the standard accounts; answers as `status`."""
        return self._call("POST", "reset")

    def seed(self, content: dict[str, Any]) -> dict[str, Any]:
        """`{account: {campaigns, records, …}}` as `reconciler.sandbox.seeds` describes; answers with the ids made."""
        return self._call("POST", "seed", content)

    def limits(self, account: str, **wished: Any) -> dict[str, Any]:
        """Change limits of an account, and read them all."""
        return self._call("POST", "limits", {"account": account, **wished})

    def drift(self, platform: str | None = None, action: str | None = None, **words: Any) -> dict[str, str]:
        """A colleague edits in the console; answers {account, action, did}, `did` being one sentence."""
        named = {"platform": platform, "action": action}
        return self._call("POST", "drift", {key: value for key, value in named.items() if value} | words)

    def fault(self, kind: str, *, platform: str = "*", **wish: Any) -> int:
        """Order a fault (`reconciler.sandbox.faults`: operation, after, count, rate, seed, only, and its own details)."""
        return int(self._call("POST", "fault", {"kind": kind, "platform": platform, **wish})["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Every fault ordered since the last reset, with what is left of it."""
        return list(self._call("GET", "faults")["faults"])

    def clear_faults(self) -> int:
        """Take all faults back; how many there were."""
        return int(self._call("DELETE", "faults")["removed"])

    def effects(self, *, after: int = 0, account: str = "", what: str = "", last: int = 0) -> list[dict[str, Any]]:
        """What reached people, oldest first, with full numbers."""
        query = {"after": after, "account": account, "what": what, "last": last}
        return list(self._call("GET", "effects", query=query)["effects"])

    def calls(self, *, after: int = 0, last: int = 0) -> list[dict[str, Any]]:
        """The log of calls to the platforms, oldest first."""
        return list(self._call("GET", "calls", query={"after": after, "last": last})["calls"])

    def clock(self, **order: Any) -> dict[str, Any]:
        """Read the clock, or turn it: `freeze=True|ISO`, `set=ISO`, `advance_s=n`, `real=True`."""
        return self._call("POST" if order else "GET", "clock", order or None)

    def _call(
        self, method: str, name: str, body: dict[str, Any] | None = None, query: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        path = f"/_sandbox/{name}" + (f"?{urlencode({k: v for k, v in query.items() if v})}" if query else "")
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            sent = None if body is None else json.dumps(body).encode()
            connection.request(method, path, sent, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            answer: dict[str, Any] = json.loads(reply.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ControlError(f"no sandbox answers at {self._host}:{self._port}") from error
        finally:
            connection.close()
        if reply.status != 200:
            raise ControlError(str(answer.get("error", reply.status)))
        return answer

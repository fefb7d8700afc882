"""sandbox: start, stop and order about the three simulated platforms."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.cli.output import data, note, write_file
from reconciler.errors import Mistaken, Unreachable

STATE: Final = Path(".reconciler") / "sandbox.json"
PORT: Final = 9911
START_S_MAX: Final = 20.0
STOP_S_MAX: Final = 10.0


@click.group()
def sandbox() -> None:
    """The three simulated platforms on one loopback port; nobody real is reached."""


@sandbox.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="0 takes a free one.")
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep its state in this SQLite file; in memory when left out.",
)
@click.option("--foreground", is_flag=True, help="Stay until interrupted.")
@common
def up(shared: Shared, port: int, store: Path | None, foreground: bool) -> int:
    """Start it, in the background unless --foreground."""
    words = ["--port", str(port), *(["--store", str(store)] if store else [])]
    if foreground:
        from reconciler.sandbox.__main__ import main

        note(shared, say("the sandbox runs on port {port}; interrupt to stop it", port=port))
        return main(words)
    url = start(words)
    note(shared, say("the sandbox runs at {url}; every credential is the word in SANDBOX_TOKEN, or 'sandbox'", url=url))
    data(url)
    return exits.DONE


def start(words: list[str]) -> str:
    """Start the sandbox in the background and wait until it answers; gives its url."""
    running = _state()
    if running and _alive(running["pid"]):
        raise Mistaken(
            say("a sandbox runs already at {url}", url=running["url"]),
            code="PLT007",
            remedy=say("run 'reconciler sandbox down'"),
        )
    STATE.parent.mkdir(parents=True, exist_ok=True)
    port_file = STATE.with_suffix(".port")
    port_file.unlink(missing_ok=True)
    errors = STATE.with_suffix(".log")
    with errors.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "reconciler.sandbox", *words, "--port-file", str(port_file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    waited_until = time.monotonic() + START_S_MAX
    while not port_file.exists():
        if process.poll() is not None or time.monotonic() > waited_until:
            process.kill()
            said = errors.read_text("utf-8", errors="replace").strip().splitlines()
            raise Unreachable(
                say("the sandbox did not start: {why}", why=said[-1] if said else "?"),
                code="PLT007",
                remedy=say("try --port 0"),
            )
        time.sleep(0.05)
    url = f"http://127.0.0.1:{port_file.read_text('ascii').strip()}"
    port_file.unlink()
    write_file(STATE, json.dumps({"pid": process.pid, "url": url}))
    return url


def stop() -> bool:
    """Stop the sandbox that this folder started; False when none runs."""
    running = _state()
    STATE.unlink(missing_ok=True)
    if not running or not _alive(running["pid"]):
        return False
    os.kill(running["pid"], signal.SIGTERM)
    waited_until = time.monotonic() + STOP_S_MAX
    while _alive(running["pid"]) and time.monotonic() < waited_until:
        time.sleep(0.05)
    return True


@sandbox.command()
@common
def down(shared: Shared) -> int:
    """Stop it."""
    note(shared, say("stopped") if stop() else say("no sandbox of this folder runs"))
    return exits.DONE


_URL = click.option("--url", default="", help="Where it runs; the one that this folder started when left out.")


@sandbox.command()
@_URL
@common
def status(shared: Shared, url: str) -> int:
    """What is in it: accounts, campaigns, counts, calls, faults."""
    _show(_ask(url).status())
    return exits.DONE


@sandbox.command()
@_URL
@common
def reset(shared: Shared, url: str) -> int:
    """Empty it."""
    _ask(url).reset()
    note(shared, say("the sandbox is empty"))
    return exits.DONE


@sandbox.command()
@click.argument("platform", required=False)
@click.argument("action", required=False)
@click.option("--set", "words", multiple=True, metavar="NAME=VALUE", help="What the action is told; repeatable.")
@_URL
@common
def drift(shared: Shared, platform: str | None, action: str | None, words: tuple[str, ...], url: str) -> int:
    """Play the colleague who edits in the console."""
    said = _ask(url).drift(platform, action, **_pairs(words))
    data(str(said["did"]))
    return exits.DONE


@sandbox.command()
@click.argument("kind")
@click.option("--platform", default="*", help="wolkvox, lynn or ucontact.")
@click.option("--set", "words", multiple=True, metavar="NAME=VALUE", help="operation, after, count, rate, seed, …; repeatable.")
@_URL
@common
def fault(shared: Shared, kind: str, platform: str, words: tuple[str, ...], url: str) -> int:
    """Order a fault for a coming call."""
    number = _ask(url).fault(kind, platform=platform, **_pairs(words))
    note(shared, say("fault {number} is waiting", number=number))
    return exits.DONE


def _pairs(words: tuple[str, ...]) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError(say("--set takes NAME=VALUE"))
        pairs[name] = int(value) if value.isdigit() else value
    return pairs


def _show(status: Mapping[str, Any]) -> None:
    data(json.dumps(status, indent=2, ensure_ascii=False))


def _ask(url: str) -> Any:
    from reconciler.sandbox.control import Control

    running = _state()
    where = url or (running["url"] if running else f"http://127.0.0.1:{PORT}")
    return _Guarded(Control(where), where)


class _Guarded:
    """The control client, with its failures as errors of ours."""

    def __init__(self, control: Any, url: str) -> None:
        self._control = control
        self._url = url

    def __getattr__(self, name: str) -> Any:
        from reconciler.sandbox.control import ControlError

        def ask(*values: Any, **words: Any) -> Any:
            try:
                return getattr(self._control, name)(*values, **words)
            except OSError:
                message = say("no sandbox answers at {url}", url=self._url)
                raise Unreachable(message, code="PLT007", remedy=say("run 'reconciler sandbox up'")) from None
            except (ControlError, TypeError) as wrong:
                raise Mistaken(str(wrong), code="SPC004", remedy=say("see 'reconciler sandbox --help'")) from None

        return ask


def _state() -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads(STATE.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return state if isinstance(state.get("pid"), int) else None


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True

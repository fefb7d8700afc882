"""The doors that are open while a command works: the journal, one wire a target, and the rows engine when rows are met.

The clock, the environment and the way to sleep come from outside, so that every run can be repeated.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from reconciler import __version__
from reconciler.call import Page, Sink
from reconciler.journal.emergency import Emergency
from reconciler.journal.lease import Moment
from reconciler.journal.store import Journal, open_journal
from reconciler.personal import Secret
from reconciler.platforms.platform import Platform
from reconciler.project import Project
from reconciler.target import SecretRef, Target
from reconciler.wire import Door, LostError, Wire

if TYPE_CHECKING:
    from reconciler.resource import Address
    from reconciler.rows.engine import Engine
    from reconciler.rows.people import Known
    from reconciler.rows.prepared import Prepared

# Lynn's vendor forbids load on production; two requests a second is the documented courtesy (lynn.md, G29).
_PACES: Final[Mapping[str, float]] = {"lynn": 2.0}


_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _boot() -> tuple[str, float]:
    """Which boot of the machine this is, and the seconds on its clock, which no one can set; ("", 0) where there is none."""
    try:
        return _BOOT_ID.read_text("ascii").strip(), time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, AttributeError):
        return "", 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a command is given of the world outside the project."""

    environ: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], datetime] = _utc_now
    boot: Callable[[], tuple[str, float]] = _boot
    sleep: Callable[[float], None] = time.sleep


class Session(AbstractContextManager["Session"]):
    """One command at work on one project."""

    def __init__(self, project: Project, platforms: Mapping[str, Platform], world: World) -> None:
        self.project = project
        self.platforms = platforms
        self.world = world
        self.ready: dict[tuple[Address, bool], Prepared] = {}
        """Rows that were read and understood for a review, by document and whether they are its lifts, and not compared yet."""
        self._stack = ExitStack()
        self.turn = threading.Lock()
        """Held by whoever uses the rows engine while targets are talked to at once: it takes one thread after the other."""
        self._wires: dict[str, Wire] = {}
        self._engine: Engine | None = None
        self._known: Known | None = None
        self._journal: Journal | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for name, wire in list(self._wires.items()):  # a thread that was left behind may open one yet
            self._log_out(name, wire)
        self._stack.close()

    @property
    def journal(self) -> Journal:
        """The project's journal, opened and verified at first use."""
        if self._journal is None:
            self._journal = self.open_journal(self._secret(self.project.journal), expected_id=self.project.journal_id)
        return self._journal

    def evidence(self) -> Journal:
        """The project's journal, even where it has moved: to be read, or to be taken back. Opened anew, and verified."""
        return self.open_journal(self._secret(self.project.journal), expected_id=self.project.journal_id, evidence=True)

    def open_journal(self, location: str, *, expected_id: str, create: bool = True, evidence: bool = False) -> Journal:
        """A journal of the project, at a path or URL, under the project's key; closed with the session."""
        key = self._secret(self.project.journal_key or "")
        journal = open_journal(
            location,
            self.project.root,
            expected_id=expected_id,
            key=hashlib.sha256(key.encode()).digest() if key else None,
            now=self.world.now(),
            create=create,
            evidence=evidence,
        )
        self._stack.callback(journal.close)
        return journal

    def _secret(self, value: str | SecretRef) -> str:
        return value if isinstance(value, str) else value.resolve(self.world.environ, self.project.root).reveal()

    @property
    def emergency(self) -> Emergency:
        """The journal's emergency file."""
        return self.journal.emergency

    def moment(self) -> Moment:
        """Now, on every clock that a lease is measured by."""
        boot, clock_s = self.world.boot()
        return Moment(now=self.world.now(), boot=boot, clock_s=clock_s)

    @property
    def engine(self) -> Engine:
        """The rows engine, made when the first row is met: a plan without rows never imports it."""
        if self._engine is None:
            from reconciler.rows.engine import Engine

            folder = self.project.root / ".reconciler" / "spill"
            engine = Engine(key=self.journal.key, memory=self.project.memory, folder=folder, environ=self.world.environ)
            self._engine = self._stack.enter_context(engine)
        return self._engine

    @property
    def known(self) -> Known:
        """Everybody whom the journal had seen when this command first looked; read once, however many documents ask."""
        if self._known is None:
            from reconciler.rows.people import Known

            self._known = Known(self.engine, self.journal.persons())
        return self._known

    def platform(self, target: Target) -> Platform:
        """The platform of a target."""
        return self.platforms[target.platform]

    def wire(self, target: Target) -> Wire:
        """The connection to a target; opened once, and only for reading until `Wire.writable`."""
        if target.name not in self._wires:
            self._wires[target.name] = self._stack.enter_context(self._connected(target))
        return self._wires[target.name]

    def _connected(self, target: Target) -> Wire:
        platform = self.platform(target)
        root, environ = self.project.root, self.world.environ
        secrets = {name: ref.resolve(environ, root) for name, ref in target.secrets.items()}
        headers: dict[str, Secret | str] = {
            name: value.resolve(environ, root) if isinstance(value, SecretRef) else value
            for name, value in target.extra_headers.items()
        }
        door = Door(
            url=target.url,
            headers=headers,
            timeout_s=target.limit("timeout_s", 65.0),
            calls_per_second=target.limit("calls_per_second", 0.0 if target.sandbox else _PACES.get(target.platform, 0.0)),
            calls_in_flight=target.calls_in_flight,
            user_agent=f"reconciler/{__version__}",
        )
        return Wire(
            door,
            login=lambda: platform.login(target, secrets),
            session_over=platform.session_over,
            busy=platform.busy,
            ingest=self._ingest,
            sleep=self.world.sleep,
        )

    def _ingest(self, body: bytes, sink: Sink) -> Page:
        with self.turn:
            return self.engine.ingest(body, sink)

    def _log_out(self, name: str, wire: Wire) -> None:
        """End the session where there is one; a platform that does not answer that is no news."""
        if wire.session:
            target = self.project.targets[name]
            try:
                wire.run(self.platform(target).logout(target, wire.session))
            except LostError:
                return

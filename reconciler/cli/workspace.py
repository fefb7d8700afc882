"""From the common options to an open project: found, read, checked."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import project as projects
from reconciler.calendar import instant
from reconciler.catalogue import say
from reconciler.cli.options import Shared
from reconciler.diagnostics import Finding
from reconciler.errors import Mistaken
from reconciler.platforms import PLATFORMS
from reconciler.project import Project

if TYPE_CHECKING:
    from reconciler.reconcile.session import Session


class ProjectWrong(Mistaken):
    """reconciler.yaml holds mistakes; every one of them is in `findings`."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        super().__init__(
            say("{count} mistake(s) in {file}", count=len(findings), file=file),
            code="PRJ000",
            remedy=say("run 'reconciler validate'"),
        )
        self.findings = tuple(findings)


def project_path(shared: Shared) -> Path:
    """The project file that is asked for, or the nearest one upwards."""
    if shared.project is not None:
        return shared.project / projects.FILE_NAME if shared.project.is_dir() else shared.project
    found = projects.find(Path.cwd())
    if found is None:
        raise Mistaken(
            say("there is no reconciler.yaml here or above"),
            code="PRJ001",
            remedy=say("run 'reconciler init' or 'reconciler demo', or give --project FILE"),
        )
    return found


def read_project(shared: Shared) -> tuple[Project | None, list[Finding], Path]:
    """The project, its mistakes and its folder."""
    path = project_path(shared)
    keys = {name: platform.keys for name, platform in PLATFORMS.items()}
    project, findings = projects.load(path, keys)
    return project, findings, path.parent.resolve()


def open_project(shared: Shared) -> Project:
    """The project; Mistaken with every finding when it is not right."""
    project, findings, _root = read_project(shared)
    if project is None:
        raise ProjectWrong(project_path(shared).name, findings)
    return project


def open_session(project: Project) -> Session:
    """A session on the project in this process's world."""
    from reconciler.reconcile.session import Session, World  # with it the HTTP library, which `validate` does not need

    return Session(project, PLATFORMS, World(environ=os.environ))


def clock() -> datetime:
    """What time it is."""
    return datetime.now(UTC)


def moment(text: str | None, project: Project, verb: str) -> datetime | None:
    """`--at`: an instant with its offset, and for `apply` only where nobody real can be reached."""
    if text is None:
        return None
    try:
        at = instant(text)
    except ValueError:
        message = say("'{text}' is not an instant with its offset", text=text)
        raise Mistaken(message, code="SPC005", remedy=say("write it like 2026-12-01T10:00:00-05:00")) from None
    if verb == "apply" and not project.simulated:
        message = say("apply --at exists only where every target is 'sandbox: true'")
        raise Mistaken(message, code="SPC011", remedy=say("leave --at out"))
    return at

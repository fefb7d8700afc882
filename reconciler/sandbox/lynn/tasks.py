"""Lynn's background tasks: running ("102") until polled often enough or old enough, then done ("200") or failed ("500")."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

from reconciler.sandbox.exchange import Answer, Ask, Turn, iso, json_answer
from reconciler.sandbox.lynn.wire import new_id, problem

RUNNING, DONE, FAILED = "102", "200", "500"


def set_dnd(turn: Turn, contact: str, campaign: str, barred: bool) -> None:
    query = (
        "INSERT OR IGNORE INTO lynn_dnd (account, contact, campaign) VALUES (?, ?, ?)"
        if barred
        else "DELETE FROM lynn_dnd WHERE account = ? AND contact = ? AND campaign = ?"
    )
    turn.db.execute(query, (turn.account, contact, campaign))


def new_task(turn: Turn, kind: str, work: list[Any]) -> str:
    """Begin a task and give its id; `work` = [[contact, campaign, barred], …] is done when the task ends."""
    id_ = new_id(turn, "task")
    due = iso((turn.now + timedelta(seconds=float(turn.limits["task_s"]))).astimezone(UTC))
    turn.db.execute(
        "INSERT INTO lynn_task (id, account, kind, polls, due, status, ends, work) VALUES (?, ?, ?, 0, ?, ?, ?, ?)",
        (id_, turn.account, kind, due, RUNNING, FAILED if turn.fails else DONE, json.dumps(work)),
    )
    return id_


def finish(turn: Turn, id_: str) -> str:
    """End a task: its work takes effect, unless it was ordered to fail. Gives its last status."""
    ends, work = turn.db.execute("SELECT ends, work FROM lynn_task WHERE id = ?", (id_,)).fetchone()
    for contact, campaign, barred in json.loads(work) if ends == DONE else ():
        known = turn.db.execute("SELECT 1 FROM lynn_contact WHERE account = ? AND id = ?", (turn.account, contact))
        if known.fetchone() is not None:
            set_dnd(turn, contact, campaign, barred)
    turn.db.execute("UPDATE lynn_task SET status = ?, work = '[]' WHERE id = ?", (ends, id_))
    return str(ends)


def finish_due(turn: Turn) -> None:
    """End the tasks that nobody polled for `task_s`."""
    for (id_,) in turn.db.execute(
        "SELECT id FROM lynn_task WHERE account = ? AND status = ? AND due <= ?",
        (turn.account, RUNNING, iso(turn.now.astimezone(UTC))),
    ).fetchall():
        finish(turn, id_)


def task_status(kind: str) -> Callable[[Turn, Ask, str], Answer]:
    """The method that polls tasks of one kind; the other kind's ids are unknown to it."""

    def answer(turn: Turn, ask: Ask, id_: str) -> Answer:
        del ask
        row = turn.db.execute(
            "SELECT polls, status FROM lynn_task WHERE account = ? AND id = ? AND kind = ?", (turn.account, id_, kind)
        ).fetchone()
        if row is None:
            raise problem(404, "The task does not exist.")
        polls, status = row
        if status == RUNNING and polls >= turn.limits["task_polls"]:
            status = finish(turn, id_)
        turn.db.execute("UPDATE lynn_task SET polls = polls + 1 WHERE id = ?", (id_,))
        return json_answer({"Status": status})

    return answer

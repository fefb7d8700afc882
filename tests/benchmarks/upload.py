"""An upload: what it costs the client, that memory does not grow with it, and that its connections are never idle."""

from __future__ import annotations

import contextlib
import json
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.measure import Watch
from tests.benchmarks.place import Place
from tests.benchmarks.results import Goal, Section

LIST: Final = 50_000  # rows of one campaign: wolkvox shows no more than 59,000 of them, and what is loaded is read back
LISTS: Final = (2, 20)  # 100,000 and 1,000,000 rows
LATENCY_MS: Final = 500.0
SLOW_LIST: Final = 40_000  # rows a target behind that latency
CALL_ROWS: Final = 10_000
_MB: Final = 1024 * 1024

_PROJECT: Final = "version: 1\ntargets:\n"
_TARGET: Final = """\
  wolkvox-{number}:
    platform: wolkvox
    sandbox: true
    url: {url}/wolkvox-{number}
    token: {{env: SANDBOX_TOKEN}}
    country: CO
    timezone: America/Bogota
"""
_CAMPAIGN: Final = """\
kind: campaign
target: wolkvox-{target}
name: lista-{number}
state: stopped
purpose: service
service: other
wolkvox: {{skill: cobranza}}
"""
_LIST: Final = """\
kind: contacts
target: wolkvox-{target}
name: base-{number}
campaign: lista-{number}
source: {{file: ../data/{target}-{number}.csv}}
columns: {{key: cedula, phone: telefono, name: nombre, opt1: saldo, opt2: vencimiento, opt3: producto, city: ciudad}}
"""
_PREFIXES: Final = (300, 301, 302, 310, 311, 312, 313, 314, 315, 316)
_CITIES: Final = ("Bogotá", "Medellín", "Cali", "Barranquilla")


def measure(place: Place) -> list[Section]:
    """The cost first, then the idle time of one target and of three at once."""
    return [_cost(place), _idle(place, 1), _idle(place, 3)]


def _cost(place: Place) -> Section:
    """A small upload and a large one. Starting, planning and reading back are taken out by the difference."""
    watch = Watch()
    small, large = (_uploaded(place, f"upload-{lists}", targets=1, lists=lists, rows=LIST) for lists in LISTS)
    rows = LISTS[-1] * LIST
    whole = large["cpu_s"] / rows * 1e6
    while_uploading = large["upload_cpu_s"] / rows * 1e6
    calls = rows // CALL_ROWS
    return Section(
        title=f"Upload of {rows:,} rows, {CALL_ROWS:,} a call",
        goals=(
            Goal(what="calls that carry rows", most=calls, found=large["uploads"], unit="calls"),
            Goal(what="client CPU a row, from the first upload to the last", most=10, found=while_uploading, unit="µs"),
            Goal(
                what=f"memory while {rows - 2 * LIST:,} rows more go out, against {2 * LIST:,}",
                most=64,
                found=large["upload_mb"] - small["upload_mb"],
                unit="MB",
            ),
        ),
        facts=(
            f"The whole apply, its plan and every read-back included: {whole:.1f} µs of CPU a row.",
            f"Its peak: {large['peak_mb']:.0f} MB, and {small['peak_mb']:.0f} MB for {2 * LIST:,} rows.",
            f"Resident memory grew by {large['upload_mb']:.0f} MB from the first upload to the last.",
        ),
        others=watch.others(),
    )


def _idle(place: Place, targets: int) -> Section:
    watch = Watch()
    found = _uploaded(place, f"idle-{targets}", targets=targets, lists=1, rows=SLOW_LIST, latency_ms=LATENCY_MS)
    shares = found["idle"]
    word = "one target" if targets == 1 else f"{targets} targets at once"
    return Section(
        title=f"Uploads at {LATENCY_MS:.0f} ms a call, {word}",
        goals=(
            Goal(what=f"idle time of the connection, {word}", most=0.05, found=max(shares), unit="of the upload"),
            Goal(
                what=f"upload / the time that the calls of the slowest target took, {word}",
                most=1 / 0.95,
                found=found["span_s"] / found["longest_s"],
            ),
        ),
        facts=(
            f"{SLOW_LIST:,} rows a target, {SLOW_LIST // CALL_ROWS} calls each.",
            f"Idle: {', '.join(f'{share:.1%}' for share in shares)}.",
            f"CPU between an answer and the next request: {found['between_cpu_s'] * 1e3:.0f} ms.",
            "Idle is what lies between the first request and the last answer of a target and is no call of it.",
        ),
        others=watch.others(),
    )


def _uploaded(place: Place, name: str, *, targets: int, lists: int, rows: int, latency_ms: float = 0.0) -> dict[str, Any]:
    """What a process saw that applies these lists, a campaign each."""
    with place.sandbox(latency_ms) as control:
        folder = place.folder / name
        _project(folder, place.url(), targets, lists)
        for number in range(targets):
            control.limits(f"wolkvox-{number}", calls_per_day=1_000_000)
        place.said(place.ours("apply", "--auto-approve", "--format", "json", folder=folder))
        _people(folder, targets, lists, rows)
        plan = place.said(place.ours("plan", "--format", "json", folder=folder))
        found: dict[str, Any] = place.inside("upload", folder, plan["digest"])
        return found


def _project(folder: Path, url: str, targets: int, lists: int) -> None:
    """Campaigns that nobody is in."""
    (folder / "specs").mkdir(parents=True)
    (folder / "data").mkdir()
    shown = "".join(_TARGET.format(number=number, url=url) for number in range(targets))
    (folder / "reconciler.yaml").write_text(_PROJECT + shown, "utf-8")
    for target, number in product(range(targets), range(lists)):
        (folder / "specs" / f"campaign-{target}-{number}.yaml").write_text(_CAMPAIGN.format(target=target, number=number))


def _people(folder: Path, targets: int, lists: int, rows: int) -> None:
    """A list for each campaign."""
    for target, number in product(range(targets), range(lists)):
        (folder / "specs" / f"list-{target}-{number}.yaml").write_text(_LIST.format(target=target, number=number), "utf-8")
        lines = "".join(_lines(range(number * rows, (number + 1) * rows)))
        (folder / "data" / f"{target}-{number}.csv").write_text(lines, "utf-8")


def _lines(people: range) -> Iterator[str]:
    """Invented people, each with a number of their own."""
    yield "cedula,telefono,nombre,saldo,vencimiento,producto,ciudad\n"
    for person in people:
        number = _PREFIXES[person % 10] * 10_000_000 + 1_000_000 + person // 10
        yield (
            f"CC{10_000_000 + person},{number},Persona{person % 9_973},{20_000 + person % 880_000},2026-12-10,crédito,"
            f"{_CITIES[person % 4]}\n"
        )


# --- inside a process of its own -----------------------------------------------------------------------------------------


def main(folder: Path, digest: str) -> None:
    """Apply, and say when requests were on their way and what the process had used at the first upload and at the last."""
    import os

    import httpx

    from reconciler.__main__ import main as program

    requests: list[tuple[str, str, float, float]] = []
    used: list[tuple[float, float]] = []
    real = httpx.HTTPTransport.handle_request

    def handled(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        uploads = request.url.params.get("api") == "add_record"
        if uploads:
            used.append((time.process_time(), _resident_mb()))
        begun = time.perf_counter()
        response = real(transport, request)
        response.read()
        requests.append((request.url.path.split("/")[1], "upload" if uploads else "other", begun, time.perf_counter()))
        if uploads:
            used.append((time.process_time(), _resident_mb()))
        return response

    vars(httpx)["HTTPTransport"].handle_request = handled
    os.chdir(folder)
    sys.argv = ["reconciler", "apply", "--digest", digest, "-q", "--format", "json"]
    with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(SystemExit):
        program()
    sys.stdout.write(json.dumps(_seen(requests, used)))


def _seen(requests: list[tuple[str, str, float, float]], used: list[tuple[float, float]]) -> Mapping[str, Any]:
    spans, idle = [], []
    for target in sorted({target for target, what, _begun, _ended in requests if what == "upload"}):
        mine = [(what, begun, ended) for name, what, begun, ended in requests if name == target]
        first = min(begun for what, begun, _ended in mine if what == "upload")
        last = max(ended for what, _begun, ended in mine if what == "upload")
        busy_s = sum(ended - begun for _what, begun, ended in mine if first <= begun and ended <= last)
        spans.append((first, last, busy_s))
        idle.append(1 - busy_s / (last - first))
    return {
        "uploads": sum(what == "upload" for _target, what, _begun, _ended in requests),
        "idle": idle,
        "span_s": max(last for _first, last, _busy in spans) - min(first for first, _last, _busy in spans),
        "longest_s": max(busy_s for _first, _last, busy_s in spans),
        "cpu_s": time.process_time(),
        "upload_cpu_s": used[-1][0] - used[0][0],
        "between_cpu_s": statistics.median(
            after[0] - before[0] for before, after in zip(used[1:-1:2], used[2::2], strict=True)
        ),
        "upload_mb": used[-1][1] - used[0][1],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _resident_mb() -> float:
    """The second word of statm is pages in memory (proc(5))."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() / _MB


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

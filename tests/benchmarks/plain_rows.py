"""What `bare_rows.py` does, as one would write it without an engine: csv, json, sets and dictionaries."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

_NOT_DIGITS = re.compile(r"[^0-9]")
_MOBILE = re.compile(r"3[0-9]{9}")
_SHOWN = ("tel1", "nombre_cliente", "apellido_cliente", "opt1", "opt2", "opt3", "ciudad")
_OURS = ("telefono", "nombre", "apellido", "saldo", "vencimiento", "producto", "ciudad")


def main(pattern: str, barred: str, url: str) -> None:
    """Print how many rows may be contacted, and how they differ from what is live."""
    with Path(barred).open(encoding="utf-8", newline="") as lines:
        listed = {_clean(row["telefono"]) for row in csv.DictReader(lines)}
    once: dict[str, dict[str, str]] = {}
    for row in _rows(pattern):
        row["telefono"] = _clean(row["telefono"])
        if _MOBILE.fullmatch(row["telefono"]) and row["telefono"] not in listed:
            first = once.setdefault(row["telefono"], row)
            once[row["telefono"]] = min(first, row, key=lambda each: each["cedula"])
    wished = {row["cedula"]: tuple(row[name] for name in _OURS) for row in once.values()}
    live: dict[str, tuple[str, ...]] = {}
    for campaign in _asked(f"{url}/api/v2/information.php?api=campaigns")["data"]:
        export = _asked(f"{url}/api/v2/campaign.php?api=campaign_15&campaign_id={campaign['campaign_id']}")
        live |= {record["id_cliente"]: tuple(record[name] for name in _SHOWN) for record in export["records"]}
    added = sum(key not in live for key in wished)
    changed = sum(live.get(key, row) != row for key, row in wished.items())
    gone = sum(key not in wished for key in live)
    sys.stdout.write(f"{len(wished)} {added} {changed} {gone}\n")


def _rows(pattern: str) -> Iterator[dict[str, str]]:
    for path in sorted(Path().glob(pattern)):
        with path.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)


def _clean(text: str) -> str:
    return _NOT_DIGITS.sub("", text)[-10:]


def _asked(url: str) -> Any:
    with urlopen(Request(url, headers={"wolkvox-token": "sandbox"})) as reply:  # noqa: S310 - loopback
        return json.load(reply)


if __name__ == "__main__":
    main(*sys.argv[1:])

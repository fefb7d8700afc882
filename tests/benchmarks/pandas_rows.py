"""What `bare_rows.py` does, as one would write it with pandas: columns of text, a set of numbers, an outer join."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pandas as pd

_SHOWN = ("id_cliente", "tel1", "nombre_cliente", "apellido_cliente", "opt1", "opt2", "opt3", "ciudad")
_OURS = ("cedula", "telefono", "nombre", "apellido", "saldo", "vencimiento", "producto", "ciudad")


def main(pattern: str, barred: str, url: str) -> None:
    """Print how many rows may be contacted, and how they differ from what is live."""
    listed = _cleaned(pd.read_csv(barred, dtype=str, usecols=["telefono"])["telefono"])
    wished = pd.concat(
        [pd.read_csv(path, dtype=str, keep_default_na=False) for path in sorted(Path().glob(pattern))], ignore_index=True
    )
    wished["telefono"] = _cleaned(wished["telefono"])
    wished = wished[wished["telefono"].str.fullmatch("3[0-9]{9}")]
    wished = wished.sort_values("cedula", kind="stable").drop_duplicates("telefono")
    wished = wished[~wished["telefono"].isin(listed)]
    pages = []
    for campaign in _asked(f"{url}/api/v2/information.php?api=campaigns")["data"]:
        export = _asked(f"{url}/api/v2/campaign.php?api=campaign_15&campaign_id={campaign['campaign_id']}")
        pages.append(pd.DataFrame.from_records(export["records"], columns=list(_SHOWN)))
    live = pd.concat(pages, ignore_index=True).astype(str)
    both = wished.merge(live, how="outer", left_on="cedula", right_on="id_cliente", suffixes=("", "_live"), indicator=True)
    there = both[both["_merge"] == "both"]
    names = [(ours, f"{shown}_live" if shown in _OURS else shown) for ours, shown in zip(_OURS, _SHOWN, strict=True)]
    differs = pd.concat([there[ours] != there[shown] for ours, shown in names[1:]], axis=1).any(axis=1)
    added, gone = (both["_merge"] == "left_only").sum(), (both["_merge"] == "right_only").sum()
    sys.stdout.write(f"{len(wished)} {added} {differs.sum()} {gone}\n")


def _cleaned(numbers: Any) -> Any:
    return numbers.str.replace("[^0-9]", "", regex=True).str[-10:]


def _asked(url: str) -> Any:
    with urlopen(Request(url, headers={"wolkvox-token": "sandbox"})) as reply:  # noqa: S310 - loopback
        return json.load(reply)


if __name__ == "__main__":
    main(*sys.argv[1:])

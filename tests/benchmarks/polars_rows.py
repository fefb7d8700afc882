"""What `bare_rows.py` does, as one would write it with Polars: lazy files, an anti join, and frames of the pages."""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.request import Request, urlopen

import polars as pl

_SHOWN = ("id_cliente", "tel1", "nombre_cliente", "apellido_cliente", "opt1", "opt2", "opt3", "ciudad")
_OURS = ("cedula", "telefono", "nombre", "apellido", "saldo", "vencimiento", "producto", "ciudad")


def main(pattern: str, barred: str, url: str) -> None:
    """Print how many rows may be contacted, and how they differ from what is live."""
    listed = pl.scan_csv(barred, infer_schema=False).select(_cleaned())
    wished = (
        pl.scan_csv(pattern, infer_schema=False)
        .with_columns(_cleaned())
        .filter(pl.col("telefono").str.contains("^3[0-9]{9}$"))
        .sort("cedula", maintain_order=True)
        .unique("telefono", keep="first", maintain_order=True)
        .join(listed, on="telefono", how="anti")
        .collect(engine="streaming")
    )
    pages = []
    for campaign in _asked(f"{url}/api/v2/information.php?api=campaigns")["data"]:
        export = _asked(f"{url}/api/v2/campaign.php?api=campaign_15&campaign_id={campaign['campaign_id']}")
        pages.append(pl.DataFrame(export["records"], schema=dict.fromkeys(_SHOWN, pl.String), strict=False))
    live = pl.concat(pages).rename({name: f"live_{name}" for name in _SHOWN})
    there = wished.join(live, left_on="cedula", right_on="live_id_cliente")
    pairs = list(zip(_OURS, _SHOWN, strict=True))[1:]
    differs = there.select(pl.any_horizontal(pl.col(ours) != pl.col(f"live_{shown}") for ours, shown in pairs).sum()).item()
    gone = live.height - there.height
    sys.stdout.write(f"{wished.height} {wished.height - there.height} {differs} {gone}\n")


def _cleaned() -> pl.Expr:
    return pl.col("telefono").str.replace_all("[^0-9]", "").str.tail(10)


def _asked(url: str) -> Any:
    with urlopen(Request(url, headers={"wolkvox-token": "sandbox"})) as reply:  # noqa: S310 - loopback
        return json.load(reply)


if __name__ == "__main__":
    main(*sys.argv[1:])

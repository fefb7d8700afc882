"""The least that a plan over rows must do, in bare DuckDB and msgspec: read, clean, drop repeated and barred ones, compare.

`bare_rows.py ROWS BARRED [URL]`: files of rows, a list of numbers, and where the live side is.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from urllib.request import Request, urlopen

import duckdb
import msgspec

_CLEAN = "right(regexp_replace({}, '[^0-9]', '', 'g'), 10)"
_SHOWN = ("id_cliente", "tel1", "nombre_cliente", "apellido_cliente", "opt1", "opt2", "opt3", "ciudad")
_OURS = ("cedula", "phone", "nombre", "apellido", "saldo", "vencimiento", "producto", "ciudad")


class Page(msgspec.Struct):
    """An export, its records as bytes."""

    records: list[msgspec.Raw]


class Campaign(msgspec.Struct):
    """A line of the list of campaigns."""

    campaign_id: str


class Campaigns(msgspec.Struct):
    """The list of campaigns."""

    data: list[Campaign]


def main(rows: str, barred: str, url: str = "") -> None:
    """Print how many rows there are, how many of them may be contacted, and how they differ from what is live."""
    db = duckdb.connect()
    clean = _CLEAN.format("telefono")
    db.execute(f"CREATE TABLE barred AS SELECT {clean} AS phone FROM read_csv($path, all_varchar = true)", {"path": barred})
    db.execute(f"CREATE TABLE base AS SELECT *, {clean} AS phone FROM read_csv($path, all_varchar = true)", {"path": rows})
    db.execute("CREATE TABLE good AS SELECT * FROM base WHERE regexp_full_match(phone, '3[0-9]{9}')")
    # Of the rows that share a number the first by key.
    db.execute("CREATE TABLE once AS SELECT DISTINCT ON (phone) * FROM good ORDER BY phone, cedula")
    db.execute("CREATE TABLE kept AS SELECT * FROM once ANTI JOIN barred USING (phone)")
    hashed = db.execute(f"SELECT count(*), bit_xor(hash({', '.join(_OURS)})) FROM kept").fetchone()
    total = db.execute("SELECT count(*) FROM base").fetchone()
    sys.stdout.write(f"{total} {hashed}\n")
    if url:
        sys.stdout.write(f"{_compared(db, url)}\n")


def _asked(url: str) -> bytes:
    """The body of a reply."""
    with urlopen(Request(url, headers={"wolkvox-token": "sandbox"})) as reply:  # noqa: S310 - loopback
        return bytes(reply.read())


def _compared(db: duckdb.DuckDBPyConnection, url: str) -> object:
    """Rows to add, changed, and only live."""
    listed = msgspec.json.decode(_asked(f"{url}/api/v2/information.php?api=campaigns"), type=Campaigns)
    page = msgspec.json.Decoder(Page)
    db.execute(f"CREATE TABLE live ({', '.join(f'{name} VARCHAR' for name in _SHOWN)})")
    typed = dict.fromkeys(_SHOWN, "VARCHAR")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.jsonl"
        for campaign in listed.data:
            export = _asked(f"{url}/api/v2/campaign.php?api=campaign_15&campaign_id={campaign.campaign_id}")
            path.write_bytes(b"\n".join(page.decode(export).records))
            db.execute(
                "INSERT INTO live SELECT * FROM read_json($path, columns = $typed, format = 'newline_delimited')",
                {"path": str(path), "typed": typed},
            )
    pairs = list(zip(_OURS, _SHOWN, strict=True))[1:]
    differ = " OR ".join(f"o.{ours} <> l.{theirs}" for ours, theirs in pairs)
    return db.execute(
        f"SELECT count(*) FILTER (WHERE l.id_cliente IS NULL), count(*) FILTER (WHERE {differ}), "
        "count(*) FILTER (WHERE o.cedula IS NULL), count(*) "
        "FROM kept o FULL OUTER JOIN live l ON o.cedula = l.id_cliente"
    ).fetchone()


if __name__ == "__main__":
    main(*sys.argv[1:])

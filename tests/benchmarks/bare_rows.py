"""The least that a plan over rows must do, in bare DuckDB: read, clean, drop what repeats and who is barred, count."""

from __future__ import annotations

import sys

import duckdb

_CLEAN = "right(regexp_replace(telefono, '[^0-9]', '', 'g'), 10)"


def main(rows: str, barred: str) -> None:
    """Print how many rows there are, and how many of them would be loaded."""
    db = duckdb.connect()
    db.execute(f"CREATE TABLE barred AS SELECT {_CLEAN} AS phone FROM read_csv($path, all_varchar = true)", {"path": barred})
    db.execute(f"CREATE TABLE base AS SELECT *, {_CLEAN} AS phone FROM read_csv($path, all_varchar = true)", {"path": rows})
    db.execute("CREATE TABLE good AS SELECT * FROM base WHERE regexp_full_match(phone, '3[0-9]{9}')")
    db.execute(
        "CREATE TABLE once AS SELECT phone, min(cedula) AS cedula, bit_xor(hash(cedula, phone, nombre, apellido, saldo, "
        "vencimiento, producto, ciudad)) AS content FROM good GROUP BY phone"
    )
    kept = db.execute("SELECT count(*), bit_xor(content) FROM once ANTI JOIN barred USING (phone)").fetchone()
    total = db.execute("SELECT count(*) FROM base").fetchone()
    sys.stdout.write(f"{total} {kept}\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])

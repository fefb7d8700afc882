"""Which contacts of a platform's address book rows mean: the platform bars and changes contacts by their own ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconciler.rows import sql
from reconciler.rows.engine import Engine
from reconciler.rows.keys import keyed_live
from reconciler.rows.prepared import Prepared

CONTACT_IDS: Final = "contact_ids"
NO_CONTACT: Final = "no contact"


def attach(engine: Engine, prepared: Prepared, contacts: str, coming: Iterable[Prepared] = ()) -> None:
    """Give each row the ids of all live contacts that it means, as `contact_ids`; rows that mean none are taken out.

    `contacts` has the columns `_contact_id`, `channel` and `identifier`. A number without a channel means the contacts of
    every channel. `coming` are address books whose rows will be contacts before these rows are written: what means one of
    them stays, without an id as yet. Who has no contact cannot be barred by the platform; our own suppression knows the
    number all the same.
    """
    names = {"phone": "identifier"}
    keyed = keyed_live(engine, prepared.spec, contacts, names)
    ids = engine.fresh("contacts")
    engine.run(
        f"CREATE TABLE {ids} AS SELECT k.key, string_agg(DISTINCT c._contact_id, ',' ORDER BY c._contact_id) AS ids "
        f"FROM {keyed} k JOIN {sql.name(contacts)} c ON c.rowid = k.live GROUP BY k.key"
    )
    view = engine.fresh("rows")
    before = prepared.bare or prepared.table
    engine.run(
        f"CREATE VIEW {view} AS SELECT p.*, coalesce(a.ids, '') AS {CONTACT_IDS} "
        f"FROM {before} p LEFT JOIN {ids} a ON a.key = p._id"
    )
    identity = "_e164" if prepared.spec.sheet.identity == ("phone",) else "_id"
    soon = " UNION ALL ".join(f"SELECT {identity} FROM {book.table}" for book in coming) or "SELECT NULL WHERE false"
    lost = f"SELECT _row FROM {view} WHERE {CONTACT_IDS} = '' AND _id NOT IN ({soon})"
    gone = int(engine.one(f"DELETE FROM {prepared.stored} WHERE rowid IN ({lost})"))
    engine.drop(keyed)
    prepared.bare, prepared.table = before, view
    prepared.sent = (*(name for name in prepared.sent if name != CONTACT_IDS), CONTACT_IDS)
    prepared.took(NO_CONTACT, gone)

"""The JSON Schemas of everything that users write and machines read, by the names of their files."""

from __future__ import annotations

import json
from typing import Final

from reconciler.kinds import KINDS
from reconciler.schema.documents import for_editors, of_any_kind, of_kind, project
from reconciler.schema.form import Schema
from reconciler.schema.outputs import drift, journal_line, plan, run, when

DRAFT: Final = "http://json-schema.org/draft-07/schema#"


def schemas() -> dict[str, Schema]:
    """Every schema by its file's name."""
    documents = {name: of_kind(name) for name in KINDS}
    whole = {
        **{name: _titled(name, KINDS[name].doc, schema) for name, schema in documents.items()},
        "document": _titled("document", "A document of any kind: what a file of specs/ holds.", of_any_kind(documents)),
        "project": _titled("project", "reconciler.yaml: targets, journal and policies.", project()),
        "plan": _titled("plan", "What `plan --format json` prints and `plan --out` saves.", plan()),
        "drift": _titled("drift", "What `drift --format json` prints.", drift()),
        "when": _titled("when", "What `when --format json` prints.", when()),
        "run": _titled("run", "What `apply --format json` prints.", run()),
        "journal": _titled("journal", "One entry of the journal, as an export of it holds one a line.", journal_line()),
    }
    return {f"{name}.schema.json": schema for name, schema in whole.items()}


def written(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _titled(title: str, doc: str, schema: Schema) -> Schema:
    return {"$schema": DRAFT, "title": title, "description": doc, **schema}


__all__ = ["Schema", "for_editors", "schemas", "written"]

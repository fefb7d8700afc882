"""Codes of lists that nobody may be on: what is wrong with them, how old they are, and who stands on one all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.diagnostics.code import Code

SUPPRESSION: Final[Mapping[str, Code]] = {
    "SUP001": Code(
        "blocked by an entry that is not a number",
        "A blacklist entry could not be understood as a number; it blocks on its last 8 digits.",
        "Correct the entry.",
    ),
    "OPT001": Code(
        "opt-out arrived",
        "People said no on a platform, and no document wishes them left out. They are left out on every target.",
        "Run `reconciler blacklist pull --write`, so that the file says so too.",
    ),
    "OPT002": Code(
        "not all opt-outs are known",
        "An account did not show who said no there. Where people did so before, nobody is contacted until it does.",
        "Run again when it can be read.",
    ),
    "OPT003": Code(
        "waiting, and said no",
        "A campaign holds rows of people who said no: its platform does not know, or dials them at another number.",
        "Name them in a blacklist of the target, or take their rows out.",
    ),
    "OPT004": Code(
        "cannot be written back",
        "The entries of this list do not come from one file that can be added to.",
        "Add the numbers where the list is made; `blacklist pull` shows how many they are.",
    ),
    "SUP002": Code(
        "barred by the journal alone",
        "Who said no is in no file any more. Absence lifts nobody, so the journal keeps them out.",
        "Name in the `lifts` of a blacklist who asked to be reachable again.",
    ),
    "SUP003": Code(
        "listed, and still dialable",
        "Live records hold a listed number and are not marked: marking them was refused or lost, or they came later.",
        "Nothing: the plan marks them.",
    ),
    "SUP004": Code(
        "country of a list not said",
        "The targets are of several countries, and a national number means somebody else in each.",
        "Write `country` beside the list.",
    ),
    "SUP005": Code(
        "list too old",
        "Whoever asked to be left alone since then is not on it.",
        "Fetch the list again, and write the day into `fetched_at`.",
    ),
    "SUP006": Code("list fetched in the future", "A date that is not right says nothing of a list's age.", "Correct it."),
    "SUP007": Code(
        "list unchanged under a newer date",
        "The file is byte for byte the one that was used under an older date: it was not fetched again.",
        "Fetch it again, or write the day on which this file was really fetched.",
    ),
    "SUP008": Code(
        "list shrank",
        "A list that lost more than a twentieth of its entries was probably cut short, and its people would be contacted.",
        "Look whether it is whole; if it is, acknowledge the number of its entries.",
    ),
    "SUP009": Code(
        "list empty",
        "A register without entries, or an own list that had some, bars nobody any more.",
        "Put the whole list in its place; to do without it, remove it from `policies.suppress`.",
    ),
    "SUP010": Code(
        "list no longer named",
        "It barred people in the last apply that contacted anybody, and nothing keeps them out now.",
        "Name it again under `policies.suppress`; if it is meant, acknowledge it.",
    ),
    "SUP011": Code(
        "nobody on the lists can be found in these rows",
        "The file is passed through as it is: whether somebody on a list is in it cannot be known.",
        "Load the rows from csv, parquet or jsonl.",
    ),
    "SUP012": Code(
        "numbers of a list have lost digits",
        "A spreadsheet wrote them as 5.69667E+10: whom they mean cannot be known, so the list is not whole.",
        "Export the list again with the column as text.",
    ),
    "SUP013": Code(
        "column of a list not said",
        "The file has several columns, and the wrong one would bar nobody.",
        "Write `column` beside the list.",
    ),
    "SUP014": Code(
        "on a list, and waiting to be dialled",
        "A campaign dials whoever is in it, whoever put them there.",
        "Put the list's people on a blacklist of the target, or take the rows out with `missing: remove`.",
    ),
    "SUP015": Code(
        "no entry of a list is a number",
        "The wrong column, or the wrong country: such a list bars whom it does not mean, or nobody.",
        "Look at `column` and `country` of the list.",
    ),
}

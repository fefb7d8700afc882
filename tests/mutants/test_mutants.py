"""The list of mutants is up to date: every place is there once, every named test exists."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.breakages import MUTANTS
from tests.mutants.mutant import ROOT, Mutant, StaleMutantError, source_of

LEAST = 25


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_changes_one_place_into_code_and_names_a_test(mutant: Mutant) -> None:
    ast.parse(source_of(mutant))

    assert mutant.before != mutant.after
    assert bool(mutant.killed_by) != bool(mutant.guard)
    if mutant.killed_by:
        file, *inside = mutant.killed_by.split("[")[0].split("::")
        tree: ast.AST = ast.parse((ROOT / file).read_text("utf-8"))
        for name in inside:
            tree = next(node for node in ast.walk(tree) if getattr(node, "name", "") == name)


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= LEAST


def test_a_mutant_whose_place_is_gone_is_noticed() -> None:
    with pytest.raises(StaleMutantError, match="0 times"):
        source_of(Mutant(name="gone", file="reconciler/wire.py", before="no such line", after="x"))

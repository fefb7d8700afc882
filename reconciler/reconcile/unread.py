"""Sources that cannot be read, while people have to be protected: no stop waits for a file that somebody broke or forgot.

What is carried out then contacts nobody. A document whose rows are not understood is set aside and told; all others stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reconciler.diagnostics import Finding, Severity
from reconciler.kinds import KINDS
from reconciler.reconcile.listed import Listing
from reconciler.resource import Address, Desired, Shape
from reconciler.specs import Specs


def without_broken_rows(specs: Specs) -> tuple[Specs, list[Finding]]:
    """The documents without those of rows that hold mistakes, and these mistakes, as warnings.

    What is wrong with a campaign, or with a file, stays wrong.
    """
    wrong = _wrong(specs.findings)
    told = [_told(finding) for finding in specs.findings if finding.address in wrong]
    left = tuple(wish for wish in specs.desired if wish.address not in wrong)
    findings = tuple(finding for finding in specs.findings if finding.address not in wrong)
    return replace(specs, desired=left, findings=findings), told


def list_readable(
    list_rows: Callable[[Sequence[Desired]], Listing], documents: Sequence[Desired], told: Sequence[Finding]
) -> Listing:
    """What `list_rows` makes of the documents, without those whose sources turn out to be broken further down.

    The listing tells of these, and of what was `told` before, in `aside`.
    """
    from reconciler.rows.errors import SourceBroken

    while True:
        try:
            listing = list_rows(documents)
        except SourceBroken as broken:
            wrong = _wrong(broken.findings)
            left = [wish for wish in documents if wish.address not in wrong]
            if len(left) == len(documents):
                raise
            documents, told = left, [*told, *map(_told, broken.findings)]
        else:
            listing.aside += told
            listing.findings += told
            return listing


def _wrong(findings: Iterable[Finding]) -> set[Address | None]:
    """The documents of rows that hold mistakes."""
    return {
        finding.address
        for finding in findings
        if finding.severity.blocks and finding.address and KINDS[finding.address.kind].shape is not Shape.OBJECT
    }


def _told(finding: Finding) -> Finding:
    return replace(finding, severity=Severity.WARN) if finding.severity.blocks else finding

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


def without_broken_rows(specs: Specs) -> Specs:
    """The documents without those of rows that hold mistakes; what is wrong with a campaign, or with a file, stays wrong."""
    wrong = _wrong(specs.findings)
    return replace(
        specs,
        desired=tuple(wish for wish in specs.desired if wish.address not in wrong),
        findings=tuple(_told(finding) if finding.address in wrong else finding for finding in specs.findings),
    )


def list_readable(list_rows: Callable[[Sequence[Desired]], Listing], documents: Sequence[Desired]) -> Listing:
    """What `list_rows` makes of the documents, without those whose sources turn out to be broken further down."""
    told: list[Finding] = []
    while True:
        from reconciler.rows.errors import SourceBroken

        try:
            listing = list_rows(documents)
        except SourceBroken as broken:
            wrong = _wrong(broken.findings)
            left = [wish for wish in documents if wish.address not in wrong]
            if len(left) == len(documents):
                raise
            documents, told = left, [*told, *map(_told, broken.findings)]
        else:
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

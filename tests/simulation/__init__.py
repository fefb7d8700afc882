"""The seeded simulator: the real code of an apply in a world that goes wrong in every way that is known.

A `script` is drawn from a seed and says everything beforehand: what is wished of one target or of two, what is done, what
strikes where, and in which order the lanes of two targets go on. Playing it (`history`) adds no chance of its own, so that a
failure can be told again from its seed, and shortened by striking things out of its script. What is real: `apply`, `settle`,
`journal.recall`, `journal.moves`, `journal.lease` and `plan`. What is modelled: clocks (`world`), the disk and the journal's
store (`disk`), bulk rows (`rows`), three families of platforms (`servers` their side, `platforms` ours), and the few rules
that glue the real rooms together (`reading`, `applying`, `resolving`, after the modules of `reconciler.reconcile`). `oracle`
looks at what happened to people, and at nothing else.
"""

"""The journal: append-only memory, hash-chained, and the only thing that lasts between runs.

`entry` is what it holds, `chain` binds entries to each other, `recall` derives from entries what planning needs to know,
`store` says what every journal offers and opens one, `sqlite` is the default store (`tables` its layout), `emergency` keeps
a reply that the store could not take. What the journal remembers decides who is not contacted again, so a journal that is
missing, foreign or damaged stops everything (exit 8) instead of starting afresh.
"""

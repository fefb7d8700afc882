"""The journal: append-only memory, hash-chained, and the only thing that lasts between runs.

`entry` is what it holds, `chain` and `canonical` write entries and bind them to each other, `moves` says which may follow
which, `recall` derives from them what planning needs to know, `lease` who may apply. `store` says what every journal offers
and opens one; `opening`, `ledger` and what it is made of (`reading`, `notebook`, `tables`, `locks`, `checkpoints`, `copying`)
are the same over every `database`, `sqlite` and `postgres` are the two there are, and `layout` is the layout of both.
`emergency` keeps a reply that the database could not take. What the journal remembers decides who is not contacted again, so
a journal that is missing, foreign or damaged stops everything (exit 8) instead of starting afresh.
"""

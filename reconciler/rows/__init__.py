"""Bulk rows: lists of people, held as columns in one engine and never as a Python object a row.

`sheet` says what a platform holds of a document's rows and what came out of comparing them; it is plain values and imports
no engine. Everything else in this package works inside the engine (DuckDB, in memory, spilling to a private folder):
`engine` is the door to it, `sql` and `digest` are how statements and names of rows are made. `spec` says what a document
wishes, `source` looks at its file and `reader` brings it in, `mapping` and `formats` say which cell fills which column,
`numbers` makes E.164 of what people write. `prepare` judges rows one by one and `duplicates` against each other. `lists`
reads who may not be contacted and `kept` keeps it as columns, `suppress` takes people out, and `left` knows who they were.
`keys` and `recipients` name live rows as ours are named, `attach` adds what a platform knows them by; `compare` and `lifts`
diff sets, `people` counts who is behind them and `whereabouts` where they may be, `caps` how often they were contacted,
`wording` weighs their messages in the alphabet of `gsm7`, `feed` cuts batches.
"""

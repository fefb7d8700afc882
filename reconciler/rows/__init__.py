"""Bulk rows: lists of people, held as columns in one engine and never as a Python object a row.

`sheet` says what a platform holds of a document's rows and what came out of comparing them; it is plain values and imports
no engine. Everything else in this package works inside the engine (DuckDB, in memory, spilling to a private folder):
`source` opens files and inline rows, `numbers` makes E.164 of what people write, `prepare` cleans and identifies rows,
`suppress` takes people out, `compare` diffs sets, `feed` cuts batches, `digest` names rows without showing them.
"""

"""Breakages made on purpose, each with the test that notices it: proof that what protects people is itself guarded.

`python -m tests.mutants` changes one place of a copy of the program at a time, runs the named test on it, and fails when
the test still passes. `breakages.py` is the list.
"""

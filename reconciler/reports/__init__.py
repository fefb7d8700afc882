"""Plans, runs and findings as people and machines read them.

`report` decides once what is shown of a plan; `text`, `json` and `markdown` lay it out, and `plans` knows them by name. `run`
shows what an apply did, `findings` what validate found, `drift` what somebody else changed, `timeline` what the coming days
hold. Everything is a pure function of public JSON, and nothing of others' making reaches an output but through `printable`.
A new format is a module and a line in `plans.FORMATS`.
"""

"""What the command line and every other driver call: propose a plan, carry it out, adopt, settle.

Here the pure rooms meet the world. `session` holds the open doors (journal, wires, rows engine), `reading` asks platforms,
`listing` prepares and compares rows, `propose` makes the plan, `carry` carries it out, `adopt` imports, `doubts` settles.
"""

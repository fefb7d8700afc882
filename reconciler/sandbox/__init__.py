"""The sandbox: Lynn, wolkvox and uContact, simulated on one loopback port.

It is the second opinion. It was written from the vendors' pages alone and imports nothing of the program, so that a
misreading in an adapter meets an independent reading here. It keeps a log of what would have reached people, which
tests take as the ground truth, and it fails on order: connections dropped before or after the effect, partial and late
effects, stale reads, and the rest of the table in `faults`.

Nothing leaves this machine: no call is dialled and no message is sent.
"""

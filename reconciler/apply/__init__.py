"""Carrying out a plan, as effects.

`carry_out` decides and never acts: it yields what has to happen (write an intent, send a call, read back, record an
outcome) and is told what came of it. A runtime does the acting; a simulator can do it as well. The order is always the
same: the intent is durable, then the call leaves, then its outcome is recorded, then it is read back.

What is not a clear success stops its address: later changes of it, and whatever depends on it, are skipped. Other addresses
go on. A call of unknown outcome is named as unknown and is not repeated by anything in here.

`effects` is what is asked of the runtime, `run` what came of it all, `carrying` how a plan becomes effects, `identity` how
a write is known again, `baseline` what somebody else changed at the same time.
"""

from reconciler.apply.baseline import looks_first
from reconciler.apply.carrying import Job, Work, carry_out, too_late
from reconciler.apply.effects import Acting, Effect, Intend, Now, Read, Send, Settle, Tell
from reconciler.apply.identity import operation_id
from reconciler.apply.run import ChangeOutcome, Result, Run

__all__ = [
    "Acting",
    "ChangeOutcome",
    "Effect",
    "Intend",
    "Job",
    "Now",
    "Read",
    "Result",
    "Run",
    "Send",
    "Settle",
    "Tell",
    "Work",
    "carry_out",
    "looks_first",
    "operation_id",
    "too_late",
]

"""Carrying out a plan, as effects.

`Lanes` decides and never acts: it says what has to happen next (write an intent, send a call, read back, record an
outcome), in one lane a target, and is told what came of it. A runtime does the acting; a simulator can do it as well. The
order in a lane is always the same: the intent is durable, then the call leaves, then its outcome is recorded, then it is
read back.

What is not a clear success stops its address: later changes of it, and whatever depends on it, are skipped. Other addresses
go on. A call of unknown outcome is named as unknown and is not repeated by anything in here.

`work` is what is to be done, `effects` what is asked of the runtime, `run` what came of it all; `lanes` walks the changes,
`carrying` takes one of them from its first call to its read-back, `ahead` has its next rows ready. `identity` is how a write
is known again, `baseline` what somebody else changed at the same time.
"""

from reconciler.apply.baseline import looks_first, looks_twice
from reconciler.apply.carrying import too_late
from reconciler.apply.effects import Acting, Effect, Forget, Intend, Now, Pause, Read, Send, Settle, Tell
from reconciler.apply.identity import operation_id
from reconciler.apply.lanes import Lanes
from reconciler.apply.run import ChangeOutcome, Result, Run
from reconciler.apply.work import Job, Work

__all__ = [
    "Acting",
    "ChangeOutcome",
    "Effect",
    "Forget",
    "Intend",
    "Job",
    "Lanes",
    "Now",
    "Pause",
    "Read",
    "Result",
    "Run",
    "Send",
    "Settle",
    "Tell",
    "Work",
    "looks_first",
    "looks_twice",
    "operation_id",
    "too_late",
]

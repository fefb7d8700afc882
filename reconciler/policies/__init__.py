"""What may not be, judged before anything is sent: one file a rule, pure, over the plan and the clock.

A rule tells what it looked at and what it found (`looked`), and changes nothing. `judging` asks them all. What they found may
be waived for an address and a time (`waivers`), or acknowledged for this one plan (`acks`); both become notes, and stay.
"""

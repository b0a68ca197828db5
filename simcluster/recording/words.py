"""The activities of lanes and the causes of their idleness, as numbers: a trace writes millions of them.

A new activity or cause is one line here; tables and traces show the text.
"""

from __future__ import annotations

#: The texts by number.
WORDS: list[str] = []


def _word(text: str) -> int:
    WORDS.append(text)
    return len(WORDS) - 1


NOTHING = _word("")

#: The activity of a lane on which nothing happens; its cause says what the lane waits for.
WAIT = _word("wait")
COMPUTE = _word("compute")
ENCODE = _word("encode")
PUSH = _word("push")
DECODE = _word("decode")
AGGREGATE = _word("aggregate")
PULL = _word("pull")

START = _word("start")
CORE = _word("core")
SERVER_DECODE = _word("server decode")
SERVER_ENCODE = _word("server encode")
OTHER_WORKERS = _word("other workers")
NO_WORK = _word("no work")
NOTHING_TO_SEND = _word("nothing to send")
NOTHING_TO_RECEIVE = _word("nothing to receive")
FINISHED = _word("finished")
DEVICE = _word("device")
TURN = _word("its turn")
NEIGHBOURS = _word("neighbours")
STALENESS = _word("staleness bound")
LOCK = _word("lock")
CRASHED = _word("crashed")
RECOVERY = _word("recovery")
CHECKPOINT = _word("checkpoint")

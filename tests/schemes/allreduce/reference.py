"""A ring of unequal members, slow and obvious: what each message waits for, by recursion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Member:
    """One member: seconds, and bytes per second.

    ``latency`` and ``rate`` are of its way to the next one.
    """

    ready: float
    latency: float
    rate: float


@dataclass(frozen=True)
class Costs:
    """Seconds for each (uncompressed) byte, and the share of it that is sent."""

    encode: float = 0.0
    decode: float = 0.0
    add: float = 0.0
    rho: float = 1.0


def ring_ends(members: list[Member], sizes: list[float], costs: Costs) -> list[float]:
    """Return when each member has received and decoded all, and all that it sent has arrived [s].

    Member r sends chunk r - s in step s, in both halves; it does one thing after the other.
    """
    count = len(members)
    half = count - 1
    last = 2 * half - 1

    def size(member: int, step: int) -> float:
        return sizes[(member - step) % count]

    @cache
    def sent(member: int, step: int) -> float:
        """When it begins to send in a step: it has what it sends, and the last message has arrived."""
        member %= count
        if step == 0:
            return members[member].ready + costs.encode * size(member, 0)
        return max(prepared(member, step), arrived(member, step - 1))

    @cache
    def arrived(member: int, step: int) -> float:
        """When what it sends in a step has arrived at the next member."""
        member %= count
        way = members[member]
        return sent(member, step) + way.latency + costs.rho * size(member, step) / way.rate

    @cache
    def prepared(member: int, step: int) -> float:
        """When it is done with what it must do before it sends in a step."""
        if step <= half:
            # Takes what the one before has sent, decodes it, adds it up, and encodes the sum (or the mean).
            work = costs.decode + costs.add + costs.encode
            return max(sent(member, step - 1), arrived(member - 1, step - 1)) + work * size(member, step)
        # Passes on what has just arrived; meanwhile it has decoded what came before that.
        return max(digested(member, step - 1), arrived(member - 1, step - 1))

    def digested(member: int, step: int) -> float:
        """When it has decoded what arrived before a step of the second half, which it does while it sends."""
        begun = sent(member, step)
        return begun if step == half else begun + costs.decode * size(member, step)

    def end(member: int) -> float:
        received = max(digested(member, last), arrived(member - 1, last)) + costs.decode * size(member - 1, last)
        return max(received, arrived(member, last))

    return [end(member) for member in range(count)]

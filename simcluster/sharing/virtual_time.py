"""Work that is shared in virtual time: a job's end is fixed by one number when it starts.

All jobs of a clock proceed at the same *level* (work per second and unit of weight). The virtual time is the integral
of the level, so that a job of a size and a weight ends when the virtual time has grown by size / weight, whatever else
comes and goes: this *finish tag* never changes, and a change of the level costs nothing per job. A job costs
O(log n), where recomputing what is left of all jobs would cost O(n).

Stated rules: of equal tags the lower rank goes first; a job whose end rounds to the present instant ends in it; virtual
time is set to a job's tag exactly when the job ends, so that nothing waits for a rounding error to run off.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from math import fsum, inf
from typing import Any, Generic, Protocol, TypeVar

#: Stale entries are swept out of a heap only when they are more than this and more than the live ones.
_STALE_AT_LEAST = 64
#: Weights are summed anew after more departures than this and than there are jobs.
_RESUM_AFTER = 1024


class Job(Protocol):
    """What a clock works on; ``tag`` and ``clock`` are the clock's to write."""

    #: Work that it needs, for example bytes.
    size: float
    #: Its share against others' on the same clock.
    weight: float
    #: Who comes first among equals; no two jobs have the same.
    rank: int
    #: Virtual time at which it ends; -inf once it has ended.
    tag: float
    #: The clock that works on it now.
    clock: Any


J = TypeVar("J", bound=Job)


class VirtualClock(Generic[J]):
    """A virtual time with the finish tags of its jobs.

    Parameters
    ----------
    now : float [s]
        The present.

    Attributes
    ----------
    level : float [1/s]
        Work per second and unit of weight that every job gets.
    updated : float [s]
        When ``virtual`` was last brought up to date.
    virtual : float
        Virtual time at ``updated``.
    count : int
        How many jobs there are.
    weight : float
        Sum of their weights.
    """

    __slots__ = ("_departures", "_heap", "count", "level", "updated", "virtual", "weight")

    def __init__(self, now: float = 0.0) -> None:
        self.level = 0.0
        self.updated = now
        self.virtual = 0.0
        self.count = 0
        self.weight = 0.0
        self._departures = 0
        self._heap: list[tuple[float, int, J]] = []

    def advance(self, now: float) -> None:
        """Bring virtual time up to ``now`` [s]."""
        if now > self.updated:
            self.virtual += (now - self.updated) * self.level
            self.updated = now

    def push(self, job: J, work: float) -> bool:
        """Take in a job that still needs ``work``, and return whether it ends first; the clock must be up to date."""
        weight = job.weight
        job.tag = tag = self.virtual + work / weight
        job.clock = self
        self.count += 1
        self.weight += weight
        heap = self._heap
        heappush(heap, (tag, job.rank, job))
        return heap[0][2] is job

    def drop(self, job: J) -> float:
        """Take out a job and return the work that it still needed; the clock must be up to date."""
        left = max(job.tag - self.virtual, 0.0) * job.weight
        job.clock = None
        self._leave((job,))
        heap = self._heap
        if len(heap) > _STALE_AT_LEAST and len(heap) > 2 * self.count:
            self._heap = [entry for entry in heap if entry[2].clock is self and entry[2].tag == entry[0]]
            heapify(self._heap)
        return left

    def remaining(self, job: J, now: float) -> float:
        """Return the work that a job of this clock still needs at ``now`` [s]."""
        return max(job.tag - self.virtual - (now - self.updated) * self.level, 0.0) * job.weight

    def delay(self) -> float:
        """Return the seconds from ``updated`` until the next job ends [s]; infinite if none does."""
        heap = self._heap
        while heap:
            tag, _, job = heap[0]
            if job.clock is self and job.tag == tag:
                left = tag - self.virtual
                return left / self.level if self.level > 0.0 else 0.0 if left <= 0.0 else inf
            heappop(heap)
        return inf

    def pop_due(self, now: float) -> list[J]:
        """Take out the jobs that end by ``now`` [s], in the order of their tags and ranks."""
        due: list[J] = []
        heap, level = self._heap, self.level
        while heap:
            tag, _, job = heap[0]
            if job.clock is self and job.tag == tag:
                left = tag - self.virtual
                if left > 0.0 and (level <= 0.0 or self.updated + left / level > now):
                    break
                self.virtual = tag
                self.updated = now
                job.clock = None
                job.tag = -inf
                due.append(job)
            heappop(heap)
        if due:
            self._leave(due)
        return due

    def jobs(self) -> list[J]:
        """Return all jobs, those that end first in front."""
        return [job for tag, _, job in sorted(self._heap) if job.clock is self and job.tag == tag]

    def _leave(self, jobs: Sequence[J]) -> None:
        """Take leave of jobs: their weights go, and an idle clock starts again from zero.

        Tags then stay small, and equal work gives equal tags at any time of day. Weights are summed anew at times, lest
        rounding errors pile up.
        """
        self.count -= len(jobs)
        if not self.count:
            self.virtual = self.weight = self.level = 0.0
            self._heap.clear()
            return
        for job in jobs:
            self.weight -= job.weight
        self._departures += len(jobs)
        if self._departures > _RESUM_AFTER + self.count:
            self._departures = 0
            self.weight = fsum(job.weight for job in self.jobs())


class ProcessorSharing(VirtualClock[J]):
    """A capacity that all jobs share in proportion to their weights.

    Parameters
    ----------
    capacity : float [1/s]
        Work per second; 0 stands still.
    now : float [s]
        The present.
    """

    __slots__ = ("capacity",)

    def __init__(self, capacity: float, now: float = 0.0) -> None:
        super().__init__(now)
        self.capacity = capacity

    def admit(self, job: J, now: float) -> bool:
        """Start a job now [s], and return whether it is the one that ends first."""
        # Written out rather than by advance() and push(): one call instead of three for each transfer of a run.
        if now > self.updated:
            self.virtual += (now - self.updated) * self.level
            self.updated = now
        job.tag = tag = self.virtual + job.size / job.weight
        job.clock = self
        self.count += 1
        heap = self._heap
        heappush(heap, (tag, job.rank, job))
        self.weight += job.weight
        self.level = self.capacity / self.weight
        return heap[0][2] is job

    def finish(self, now: float) -> list[J]:
        """Take out the jobs that end by ``now`` [s], in the order of their tags and ranks."""
        due = self.pop_due(now)
        self.level = self.capacity / self.weight if self.count else 0.0
        return due

    def cancel(self, job: J, now: float) -> float:
        """Take out a job at ``now`` [s] and return the work that it still needed."""
        self.advance(now)
        left = min(self.drop(job), job.size)
        self.level = self.capacity / self.weight if self.count else 0.0
        return left

    def change_capacity(self, capacity: float, now: float) -> None:
        """Go on with another capacity from ``now`` [s] on."""
        self.advance(now)
        self.capacity = capacity
        self.level = capacity / self.weight if self.count else 0.0

"""Which links may bind: the watch over the inactive ones.

A link whose capacity divided by the weight on it (its *share*) is at or above the level of every class that crosses it
can't bind. Each inactive link with two flows or more has a guard between those levels and its share, and each class
that crosses it an entry with that guard in its watch. So a link has to be looked at only when a class's level passes
the guard from below, or the share from above; the guard is set to their geometric mean, for that to be seldom.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import sqrt

from simcluster.network.link import FlowClass, Link

#: A link with more flows than this is made active a little early, since a look at it costs as much as it has flows.
_MANY = 16
_EARLY = 0.95
#: A link is made inactive only when its share is so much above all levels, lest it change back and forth.
_SLACK = 1.25


class Guards:
    """Watches the inactive links of a network.

    Attributes
    ----------
    doubtful : dict of Link to None
        Links to be looked at when the levels are known.
    """

    def __init__(self) -> None:
        self.doubtful: dict[Link, None] = {}

    def watch(self, flow_class: FlowClass, link: Link) -> None:
        """Watch a link with two flows or more that has got another flow, of this class."""
        if link.capacity < link.guard * link.weight:
            self.doubtful[link] = None
        else:
            heappush(flow_class.watch, (link.guard, link.rank, link))

    def check(self, flow_class: FlowClass) -> None:
        """Doubt the links whose guard a class has passed."""
        watch, level = flow_class.watch, flow_class.level
        while watch and watch[0][0] < level:
            link = heappop(watch)[2]
            if not link.active:
                self.doubtful[link] = None

    def binding(self) -> list[Link]:
        """Return the doubtful links that may bind, and set the guards of the others anew."""
        doubtful, self.doubtful = self.doubtful, {}
        return [link for link in doubtful if not link.active and link.flows and self._may_bind(link)]

    @staticmethod
    def slack(link: Link) -> bool:
        """Return whether an active link is far from binding."""
        return _SLACK * max(flow_class.level for flow_class in link.classes) < link.capacity / link.weight

    @staticmethod
    def _may_bind(link: Link) -> bool:
        classes = {flow.clock: None for flow in link.flows if flow.clock is not None}
        top = max(flow_class.level for flow_class in classes)
        share = link.capacity / link.weight
        if top > share or (len(link.flows) > _MANY and top > _EARLY * share):
            return True
        link.guard = sqrt(top) * sqrt(share)
        for flow_class in classes:
            heappush(flow_class.watch, (link.guard, link.rank, link))
        return False

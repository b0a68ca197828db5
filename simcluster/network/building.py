"""From the links of a topology to a live network under the conditions of its options."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from simcluster.errors import UserInputError
from simcluster.network.conditions import NetworkOptions, Treatment, treatments
from simcluster.network.flow import Path
from simcluster.network.fluid import FluidNetwork
from simcluster.network.link import Link
from simcluster.network.matching import demand_match
from simcluster.network.recorded import RecordedLink, RecordedNetwork
from simcluster.network.variation import Variation
from simcluster.protocols import Recorder

if TYPE_CHECKING:
    from simpy import Environment


class Assembly:
    """Puts a network together: first its links, in order, and then the whole.

    Parameters
    ----------
    env : simpy.Environment
        Where time passes.
    options : NetworkOptions
        What the network is like besides its links.
    recorder : Recorder
        Takes the history of the links and transfers, if it keeps any.
    seed : int
        The scenario's seed; only unfairness and random background traffic draw from it.
    """

    def __init__(self, env: Environment, options: NetworkOptions, recorder: Recorder, seed: int) -> None:
        self._env = env
        self._options = options
        self._recorder = recorder
        self._seed = seed
        self._log = recorder.transfers()
        self._links: list[Any] = []
        self._unshared: list[str] = []

    def link(self, name: str, bandwidth: float, latency: float = 0.0, *, shared: bool = True) -> Link:
        """Return a new link.

        Parameters
        ----------
        name : str
            Its name in results.
        bandwidth : float [B/s]
            What it carries on the wire.
        latency : float [s]
            What every transfer over it waits.
        shared : bool
            Whether transfers share it; else it bounds each alone, and has no history.
        """
        capacity = bandwidth * self._options.goodput
        if not shared:
            self._unshared.append(name)
            return Link(name, capacity, latency, shared=False)
        if self._log is not None:
            link: Link = RecordedLink(name, capacity, latency, self._recorder.link(name))
        else:
            link = Link(name, capacity, latency)
        self._links.append(link)
        return link

    def network(self, path: Path) -> FluidNetwork:
        """Return the network of all links; ``path`` returns the links between two endpoints.

        Raises
        ------
        UserInputError
            If an entry of ``schedule`` or ``background`` is about no link, or about one that isn't shared.
        """
        options = self._options
        self._check("network.schedule", [each.link for each in options.schedule])
        self._check("network.background", [each.link for each in options.background])
        treat: list[Treatment] = list(treatments(options, self._seed))
        if self._log is not None:
            network: FluidNetwork = RecordedNetwork(self._env, self._links, path, treat, options.window, self._log)
        else:
            network = FluidNetwork(self._env, self._links, path, treat, options.window)
        if options.background or options.schedule:
            treat.append(Variation(network, options.background, options.schedule, self._seed, options.goodput))
        return network

    def _check(self, field: str, patterns: Sequence[str]) -> None:
        """Make sure that each pattern is about links whose capacity can vary."""
        demand_match(field, "link", patterns, [*[link.name for link in self._links], *self._unshared])
        for pattern in patterns:
            for name in self._unshared:
                if fnmatchcase(name, pattern):
                    raise UserInputError(f"{field}: '{pattern}' matches '{name}', a FATPIPE, which can't vary")

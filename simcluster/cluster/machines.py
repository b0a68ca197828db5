"""Workers and parameter servers: machines with cores, and a device that computes minibatches."""

from __future__ import annotations

import math

import simpy

from simcluster.cluster.cores import Cores, Process
from simcluster.cluster.jitter import Jitter
from simcluster.protocols import Recorder
from simcluster.recording import AGGREGATE, Follower, words


class Worker:
    """A machine whose device computes minibatches.

    It has the lanes ``compute``, ``send`` and ``receive``, and one for each core.

    Parameters
    ----------
    env : simpy.Environment
    index : int
        Its place among the workers, from 0; its name is ``worker-<index>``.
    cores : int
        Cores for its codecs.
    minibatch_time : float [s]
        Mean time of one minibatch on its device, everything included: share of the batch, speed, operation overhead.
    jitter : Jitter
    recorder : Recorder
    """

    __slots__ = ("_env", "_jitter", "_minibatch_time", "compute_lane", "cores", "index", "name", "receive", "send")

    def __init__(
        self, env: simpy.Environment, index: int, cores: int, minibatch_time: float, jitter: Jitter, recorder: Recorder
    ) -> None:
        self._env = env
        self._minibatch_time = minibatch_time
        self._jitter = jitter
        self.index = index
        self.name = f"worker-{index}"
        self.compute_lane = recorder.lane(self.name, "compute")
        self.cores = Cores(env, self.name, cores, recorder)
        self.send = recorder.lane(self.name, "send")
        self.receive = recorder.lane(self.name, "receive")

    def compute(self, minibatches: int) -> simpy.Event:
        """Return the event at which the device has computed so many minibatches, begun now."""
        return self._env.timeout(self._minibatch_time * self._jitter.stretch(minibatches))


class Server:
    """A parameter server: cores that decode pushes, average them and encode the result.

    Parameters
    ----------
    env : simpy.Environment
    index : int
        Its place among the servers, from 0; its name is ``server-<index>``.
    cores : int
    aggregation_rate : float [B/s]
        Bytes that one core reads a second when it averages; infinite if averaging costs nothing.
    recorder : Recorder
    """

    __slots__ = ("aggregation_rate", "cores", "name")

    def __init__(
        self, env: simpy.Environment, index: int, cores: int, aggregation_rate: float, recorder: Recorder
    ) -> None:
        self.name = f"server-{index}"
        self.cores = Cores(env, self.name, cores, recorder)
        self.aggregation_rate = aggregation_rate

    def aggregate(self, size: float, follower: Follower) -> Process:
        """Average ``size`` bytes [B] on one core, while ``follower`` waits for it."""
        if math.isfinite(self.aggregation_rate):
            yield from self.cores.work(words.AGGREGATE, size / self.aggregation_rate, size, follower, AGGREGATE)

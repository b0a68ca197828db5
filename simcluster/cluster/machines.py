"""Workers and parameter servers: machines with cores, and a device that computes minibatches."""

from __future__ import annotations

import math

import simpy

from simcluster.cluster.cores import Cores, Engine, Process
from simcluster.cluster.devices import DedicatedDevice, Device, FairDevice, SerialDevice, VariableDevice
from simcluster.cluster.jitter import Jitter
from simcluster.cluster.traffic import CountingLane
from simcluster.protocols import Recorder
from simcluster.recording import AGGREGATE, Follower, words


class Worker:
    """A machine whose device computes minibatches.

    It has the lanes ``compute``, ``send`` and ``receive``, one for each core, and ``codec`` if codecs run on its
    device.

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
    codecs_on : str
        Where codecs run: ``core``; or on its device, which is shared ``fair`` or ``fifo``.
    varies : bool
        Whether its device may be slow for a while.
    aggregation_rate : float [B/s]
        Bytes received from others that it adds up a second, where its codecs run; infinite if that costs nothing.
    """

    __slots__ = (
        "_jitter", "_minibatch_time", "aggregation_rate", "compute_lane", "cores", "device", "engine", "index", "name",
        "receive", "send",
    )

    def __init__(
        self, env: simpy.Environment, index: int, cores: int, minibatch_time: float, jitter: Jitter,
        recorder: Recorder, codecs_on: str = "core", aggregation_rate: float = math.inf, *, varies: bool = False,
    ) -> None:
        self._minibatch_time = minibatch_time
        self._jitter = jitter
        self.aggregation_rate = aggregation_rate
        self.index = index
        self.name = f"worker-{index}"
        self.compute_lane = recorder.lane(self.name, "compute")
        self.cores = Cores(env, self.name, cores, recorder)
        self.send = CountingLane(recorder.lane(self.name, "send"), words.NOTHING_TO_SEND)
        self.receive = CountingLane(recorder.lane(self.name, "receive"), words.NOTHING_TO_RECEIVE)
        self.device: Device
        self.engine: Engine
        match codecs_on:
            case "core":
                self.device = VariableDevice(env) if varies else DedicatedDevice(env)
                self.engine = self.cores
            case "fair":
                self.device = self.engine = FairDevice(env, self.name, recorder)
            case "fifo":
                self.device = self.engine = SerialDevice(env, self.name, recorder)

    def duration(self, minibatches: int) -> float:
        """Return how long the device computes so many minibatches, if nothing else runs on it [s]."""
        return self._minibatch_time * self._jitter.stretch(minibatches)

    def compute(self, minibatches: int) -> simpy.Event:
        """Return the event at which the device has computed so many minibatches, begun now."""
        return self.device.compute(self.duration(minibatches))

    def aggregate(self, size: float, follower: Follower) -> Process:
        """Add up ``size`` bytes [B] that others have sent, while ``follower`` waits for it."""
        if math.isfinite(self.aggregation_rate):
            yield from self.engine.work(words.AGGREGATE, size / self.aggregation_rate, size, follower, AGGREGATE)


class Server:
    """A parameter server: cores that decode pushes, average them and encode the result.

    Parameters
    ----------
    index : int
        Its place among the servers, from 0.
    name : str
        Its endpoint in the network: ``server-<index>``, or that of the worker on whose machine it runs.
    cores : Cores
        Its own, or those of that worker.
    aggregation_rate : float [B/s]
        Bytes that one core reads a second when it averages; infinite if averaging costs nothing.
    """

    __slots__ = ("aggregation_rate", "cores", "engine", "index", "name")

    def __init__(self, index: int, name: str, cores: Cores, aggregation_rate: float) -> None:
        self.index = index
        self.name = name
        self.cores = self.engine = cores
        self.aggregation_rate = aggregation_rate

    def aggregate(self, size: float, follower: Follower) -> Process:
        """Average ``size`` bytes [B] on one core, while ``follower`` waits for it."""
        if math.isfinite(self.aggregation_rate):
            yield from self.cores.work(words.AGGREGATE, size / self.aggregation_rate, size, follower, AGGREGATE)

"""Plays the calls that schemes make, without machines or network: one tick of a clock for each update."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simcluster.cluster.messages import Part, mean
from simcluster.codecs.protocol import Codec
from simcluster.learning.building import Surroundings, build_learner
from simcluster.learning.options import LearningOptions
from simcluster.learning.sizing import layers_for
from simcluster.learning.training import TrainingLearner
from simcluster.simulation.codec_measuring import build_codec

SYNTHETIC = {"source": "synthetic", "samples": 400, "features": 8, "classes": 3}


def options_of(**changes: Any) -> LearningOptions:
    given = {"coupling": "own", "problem": {"kind": "softmax"}, "data": SYNTHETIC}
    return LearningOptions.model_validate(given | changes)


@dataclass
class Ticks:
    """A clock that counts updates."""

    now: float = 0.0


class Play:
    """A learner, its workers, and the parts in which parameters travel."""

    def __init__(
        self,
        options: LearningOptions,
        workers: int = 4,
        *,
        parts: int = 1,
        codecs: Mapping[str, Codec] | None = None,
        exchange: str = "gradients",
        size: float | None = None,
        batch: int = 8,
        seed: int = 3,
        shared: bool = True,
    ) -> None:
        self.clock = Ticks()
        elements = sum(layer.size for layer in layers_for(options))
        self.size = 4.0 * elements if size is None else size
        self.learner: TrainingLearner = build_learner(
            options,
            Surroundings(workers, batch, self.size, exchange == "parameters", shared, codecs or {}, self.clock, seed),
        )
        self.names = [f"worker-{worker}" for worker in range(workers)]
        self.replicas = [self.learner.replica(worker) for worker in range(workers)]
        self.push = self.learner.coder("push", lambda size: size)
        self.pull = self.learner.coder("pull", lambda size: size)
        self.parts = Part(0.0, self.size).split(parts)
        self.whole = Part(0.0, self.size)
        self.sent = 0.0

    def tick(self) -> None:
        self.clock.now += 1
        self.learner.applied(int(self.clock.now))

    def send(self, sender: str, part: Part, values: Any, *, to: str = "", pull: bool = False) -> Any:
        message = (self.pull if pull else self.push).message(sender, part, values, to)
        self.sent += message.size
        return message.values

    def sync(self, updates: int, iterations: int = 1, first: int | None = None) -> np.ndarray:
        """Synchronous SGD through a server; with ``first``, only so many contributions count."""
        store = self.learner.store()
        for _ in range(updates):
            for replica in self.replicas:
                replica.begin()
                replica.compute(iterations)
            for part in self.parts:
                pushed = [
                    self.send(name, part, replica.outgoing(part))
                    for name, replica in zip(self.names, self.replicas, strict=True)
                ]
                store.average(part, pushed[:first])
                pulled = self.send("server-0", part, store.parameters(part), pull=True)
                for replica in self.replicas:
                    replica.install(part, pulled)
            self.tick()
        return store.values

    def asynchronous(self, order: Sequence[int]) -> np.ndarray:
        """Whoever is next in ``order`` computed on what it pulled after its last push, and pushes."""
        store = self.learner.store()
        for replica in self.replicas:
            replica.begin()
        for worker in order:
            replica, name = self.replicas[worker], self.names[worker]
            replica.compute(1)
            for part in self.parts:
                store.apply(part, self.send(name, part, replica.outgoing(part)))
                replica.install(part, self.send("server-0", part, store.parameters(part), to=name, pull=True))
            replica.begin()
            self.tick()
        return store.values

    def all_reduce(self, updates: int, iterations: int = 1) -> np.ndarray:
        """A ring of pieces: the sum goes round, and the mean goes round again."""
        for _ in range(updates):
            for replica in self.replicas:
                replica.begin()
                replica.compute(iterations)
            for part in self.parts:
                chunks = part.split(len(self.replicas))
                values = [replica.outgoing(part) for replica in self.replicas]
                means = []
                for place, chunk in enumerate(chunks):
                    total = values[place].piece(chunk)
                    for step in range(1, len(values)):
                        total = total + values[(place + step) % len(values)].piece(chunk)
                    means.append(total * (1 / len(values)))
                for replica in self.replicas:
                    replica.incoming(part, means[0].join(means[1:]))
            self.tick()
        return self.replicas[0].values

    def gossip(self, updates: int, mixing: np.ndarray, *, adapt_first: bool = False, learn: bool = True) -> np.ndarray:
        """D-PSGD: mix with neighbours, then apply the own gradient (or the other way round)."""
        for _ in range(updates):
            for replica in self.replicas:
                replica.begin()
                if learn:
                    replica.compute(1)
                    if adapt_first:
                        replica.step(self.whole)
            sent = [
                self.send(name, self.whole, replica.parameters(self.whole))
                for name, replica in zip(self.names, self.replicas, strict=True)
            ]
            own = [replica.parameters(self.whole) for replica in self.replicas]
            for worker, replica in enumerate(self.replicas):
                mixed = own[worker] * mixing[worker, worker]
                for other in range(len(sent)):
                    if other != worker and mixing[worker, other]:
                        mixed = mixed + sent[other] * mixing[worker, other]
                replica.install(self.whole, mixed)
                if learn and not adapt_first:
                    replica.step(self.whole)
            self.tick()
        return np.array([replica.values for replica in self.replicas])

    def elastic(self, updates: int, iterations: int, worker_share: float, server_share: float) -> np.ndarray:
        """EASGD: worker and server move towards each other."""
        store = self.learner.store()
        for _ in range(updates):
            for name, replica in zip(self.names, self.replicas, strict=True):
                replica.begin()
                replica.compute(iterations)
                down = self.send("server-0", self.whole, store.parameters(self.whole), to=name, pull=True)
                up = self.send(name, self.whole, replica.parameters(self.whole))
                replica.blend(self.whole, down, worker_share)
                store.blend(self.whole, up, server_share)
            self.tick()
        return store.values


def table(play: Play) -> np.ndarray:
    play.learner.finish()
    return np.array(play.learner.history.rows).reshape(-1, 7)


def both(name: str, *options: str) -> dict[str, Codec]:
    codec = build_codec(name, options)
    return {"push": codec, "pull": codec}


def pushed(name: str, *options: str) -> dict[str, Codec]:
    return {"push": build_codec(name, options)}


def numeric_gradient(function: Callable[[np.ndarray], float], at: np.ndarray, step: float = 1e-6) -> np.ndarray:
    gradient = np.empty_like(at)
    for place in range(len(at)):
        shift = np.zeros_like(at)
        shift[place] = step
        gradient[place] = (function(at + shift) - function(at - shift)) / (2 * step)
    return gradient


__all__ = ["Play", "both", "mean", "numeric_gradient", "options_of", "pushed", "table"]

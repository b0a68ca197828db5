"""Published metrics, and what an update of the simulator comes to in their terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: Images of the training set of ImageNet (ILSVRC2012), for metrics that count epochs of it.
_IMAGENET = 1_281_167


@dataclass(frozen=True)
class Pace:
    """How fast a cluster trains.

    Parameters
    ----------
    update_time : float [s]
    samples : float
        Of an update, in the whole cluster.
    worker_rate : float [1/s]
        Samples per second of one worker that sends nothing.
    workers : int
    """

    update_time: float
    samples: float
    worker_rate: float
    workers: int

    @property
    def rate(self) -> float:
        """Samples per second."""
        return self.samples / self.update_time

    @property
    def efficiency(self) -> float:
        """Samples per second / those of as many workers that send nothing."""
        return self.rate / (self.worker_rate * self.workers)


#: What a pace comes to in terms of each metric that can be predicted, and whether more of it is faster.
_METRICS: dict[str, tuple[Callable[[Pace], float], bool]] = {
    "images_per_s": (lambda pace: pace.rate, True),
    "kframes_per_s": (lambda pace: pace.rate / 1000, True),
    "speedup": (lambda pace: pace.rate / pace.worker_rate, True),
    "scaling_efficiency": (lambda pace: pace.efficiency, True),
    "ms_per_batch": (lambda pace: 1000 * pace.update_time, False),
    "train+comm_s_per_5120_images": (lambda pace: 5120 / pace.rate, False),
    "hours for 90 epochs": (lambda pace: 90 * _IMAGENET / pace.rate / 3600, False),
}


def in_terms_of(metric: str, pace: Pace) -> float:
    """Return what a pace comes to in terms of a published metric."""
    return _METRICS[metric][0](pace)


def published_value(text: str) -> tuple[float, bool]:
    """Return a published value as a number, and whether it is only a bound; the terms of a sum are added up."""
    bound = text.startswith((">", "<"))
    return sum(float(term) for term in text.lstrip("<>").split("+")), bound


def speed_ratio(metric: str, predicted: float, published: float) -> float:
    """Return how many times as fast the prediction is as what was published."""
    return predicted / published if _METRICS[metric][1] else published / predicted

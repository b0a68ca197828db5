"""Random samples with known structure, the same for the same seed of the data."""

from __future__ import annotations

import numpy as np

from simcluster.learning.data.samples import Samples
from simcluster.learning.options import DataOptions
from simcluster.rng import stream


def blobs(options: DataOptions) -> Samples:
    """Return classes that are Gaussian clouds of unit variance, as many samples of each as possible.

    The means lie in random directions at the distance ``separation`` from 0.
    """
    rng = stream(options.seed, "data", "synthetic")
    means = rng.standard_normal((options.classes, options.features))
    means *= options.separation / np.linalg.norm(means, axis=1, keepdims=True)
    targets = np.arange(options.samples) % options.classes
    return Samples(means[targets] + rng.standard_normal((options.samples, options.features)), targets)


def line(options: DataOptions) -> Samples:
    """Return targets that are a random linear function of Gaussian inputs, with noise."""
    rng = stream(options.seed, "data", "synthetic")
    weights = rng.standard_normal(options.features)
    inputs = rng.standard_normal((options.samples, options.features))
    return Samples(inputs, inputs @ weights + options.noise * rng.standard_normal(options.samples))

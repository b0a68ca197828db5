"""Samples and their targets, and the split into those that are learned and those that are kept for evaluation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcluster.errors import UserInputError
from simcluster.learning.options import DataOptions, Kind
from simcluster.learning.problems.losses import Targets
from simcluster.learning.vector import Array
from simcluster.rng import stream


@dataclass(frozen=True)
class Samples:
    """Some samples.

    Parameters
    ----------
    inputs : ndarray, shape (n, features)
    targets : ndarray, shape (n,)
        Classes from 0, as integers, or numbers to be met by a regression.
    """

    inputs: Array
    targets: Targets

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.targets)

    def chosen(self, places: NDArray[np.intp]) -> Samples:
        """Return the samples at some places."""
        return Samples(self.inputs[places], self.targets[places])


def load_samples(options: DataOptions, kind: Kind) -> Samples:
    """Return all samples of a source, for a kind of problem.

    Raises
    ------
    UserInputError
        If the extra that holds the digits isn't installed, or a file doesn't hold what it should.
    """
    if options.source == "digits":
        from simcluster.learning.data.digits import digits

        return digits()
    if options.source == "synthetic":
        from simcluster.learning.data.synthetic import blobs, line

        return line(options) if kind == "linear" else blobs(options)
    from simcluster.learning.data.arrays import samples_of_file

    return samples_of_file(str(options.file), classes=kind != "linear")


def split(samples: Samples, options: DataOptions) -> tuple[Samples, Samples]:
    """Return the samples to learn from, and those kept for evaluation, drawn at random under the data's seed.

    Raises
    ------
    UserInputError
        If nothing would be left for one of them.
    """
    kept = round(len(samples) * options.test_share)
    if not 0 < kept < len(samples):
        raise UserInputError(f"learning.data.test_share: {len(samples)} samples can't be divided so")
    order = stream(options.seed, "data", "split").permutation(len(samples))
    return samples.chosen(order[kept:]), samples.chosen(order[:kept])

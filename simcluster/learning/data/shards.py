"""Who has which samples: at random, or so that workers see different shares of the classes (label skew)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simcluster.errors import UserInputError
from simcluster.learning.options import ShardOptions
from simcluster.learning.problems.losses import Targets

Places = NDArray[np.intp]


def shards_of(options: ShardOptions, targets: Targets, workers: int, rng: np.random.Generator) -> list[Places]:
    """Return the places of each worker's samples; every sample belongs to exactly one worker.

    Raises
    ------
    UserInputError
        If a worker would get nothing, or skew is asked for without classes.
    """
    if options.kind != "iid" and targets.dtype.kind != "i":
        raise UserInputError(f"learning.shards.kind: '{options.kind}' takes classes, which a regression has not")
    share = {"iid": _at_random, "dirichlet": _at_random_shares, "classes": _by_classes}[options.kind]
    shards = share(options, targets, workers, rng)
    for worker, shard in enumerate(shards):
        if not len(shard):
            raise UserInputError(
                f"learning.shards: worker-{worker} of {workers} would get none of the {len(targets)} samples"
            )
    return shards


def _at_random(options: ShardOptions, targets: Targets, workers: int, rng: np.random.Generator) -> list[Places]:
    """Deal shuffled samples; the numbers of two workers differ by one at most."""
    return list(np.array_split(rng.permutation(len(targets)), workers))


def _at_random_shares(options: ShardOptions, targets: Targets, workers: int, rng: np.random.Generator) -> list[Places]:
    """Divide each class by shares drawn from a symmetric Dirichlet distribution (Hsu et al. 2019)."""
    shards: list[list[Places]] = [[] for _ in range(workers)]
    for one in range(int(targets.max()) + 1):
        places = rng.permutation(np.flatnonzero(targets == one))
        edges = np.cumsum(rng.dirichlet(np.full(workers, options.alpha)))[:-1] * len(places)
        for shard, part in zip(shards, np.split(places, edges.astype(int)), strict=True):
            shard.append(part)
    return [np.concatenate(shard) for shard in shards]


def _by_classes(options: ShardOptions, targets: Targets, workers: int, rng: np.random.Generator) -> list[Places]:
    """Sort by class, cut into ``classes`` pieces a worker, and deal these at random (McMahan et al. 2017)."""
    order = rng.permutation(len(targets))
    ordered = order[np.argsort(targets[order], kind="stable")]
    pieces = np.array_split(ordered, workers * options.classes)
    dealt = rng.permutation(len(pieces)).reshape(workers, options.classes)
    return [np.concatenate([pieces[place] for place in own]) for own in dealt]

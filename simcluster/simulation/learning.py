"""The learner of a scenario, and when its training ends: by default nothing is learned, and updates are counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from simcluster.learning.null import NullLearner
from simcluster.scenario import Scenario
from simcluster.schemes.seams import StopRule, UpdateLimit
from simcluster.simulation.registry import Registry

if TYPE_CHECKING:
    import simpy

    from simcluster.codecs.protocol import Codec
    from simcluster.learning.history import History
    from simcluster.learning.training import TrainingLearner

    Learner = NullLearner | TrainingLearner


def build_learning(env: simpy.Environment, scenario: Scenario, registry: Registry) -> tuple[Learner, StopRule]:
    """Return the learner of a scenario, and the rule that ends its training.

    Parameters
    ----------
    env : simpy.Environment
        The clock.
    scenario : Scenario
    registry : Registry
        Knows the codecs.

    Raises
    ------
    UserInputError
        If the samples can't be read, or don't suffice for the workers.
    """
    if scenario.learning is None:
        return NullLearner(), UpdateLimit(scenario.training.updates)
    from simcluster.learning.building import Surroundings, build_learner
    from simcluster.learning.training import StopWhen
    from simcluster.scenario.learned import batch_of

    workers = scenario.cluster.total_workers
    learner = build_learner(
        scenario.learning,
        Surroundings(
            workers=workers,
            batch=batch_of(scenario),
            model_size=scenario.model.parameters,
            local_steps=scenario.training.exchange == "parameters",
            shared=scenario.training.spectral_gap(workers) is None,
            codecs=_codecs(scenario, registry),
            clock=env,
            seed=scenario.seed,
        ),
    )
    return learner, StopWhen(learner, scenario.training.updates)


@contextmanager
def on_one_thread(learner: Learner) -> Iterator[None]:
    """Let matrix products use one thread while something is learned, if threadpoolctl (extra ``learning``) is there.

    Threads cost more than they save on matrices as small as these, above all when the runs of a sweep share the cores;
    and the last bits of a product depend on their number.
    """
    if isinstance(learner, NullLearner):
        yield
        return
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def history_of(learner: Learner) -> History | None:
    """Return how a training went, with an evaluation of what it ended with; None if nothing was learned."""
    if isinstance(learner, NullLearner):
        return None
    learner.finish()
    return learner.history


def _codecs(scenario: Scenario, registry: Registry) -> dict[str, Codec]:
    """Return the codec of each direction in which there is one."""
    profiles = {"push": scenario.compression.push_codec, "pull": scenario.compression.pull_codec}
    codecs: dict[str, Codec] = {}
    for direction, profile in profiles.items():
        if profile is not None and profile.encoder is not None:
            name = str(profile.encoder["codec"])
            options = registry.options("codec", name).model_validate(profile.encoder)
            codecs[direction] = registry.module("codec", name).build(options)
    return codecs

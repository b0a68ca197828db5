"""How large the problem of a ``learning`` section is: known without learning, and without numpy but for files."""

from __future__ import annotations

from simcluster.errors import UserInputError
from simcluster.learning.architecture import LayerSpec, layers_of
from simcluster.learning.options import MOST_PARAMETERS, LearningOptions

#: Pixels and classes of the digits; see ``simcluster.learning.data.digits``.
DIGITS = (64, 10)


def layers_for(options: LearningOptions) -> tuple[LayerSpec, ...]:
    """Return the layers of what is learned.

    Raises
    ------
    UserInputError
        If the samples don't suit the problem, there are too many parameters, or a file can't be read.
    """
    features, classes = _dimensions(options)
    try:
        layers = layers_of(options.problem, features, 1 if options.problem.kind in ("linear", "logistic") else classes)
    except ValueError as error:
        raise UserInputError(f"learning.problem: {error}") from error
    size = sum(layer.size for layer in layers)
    if size > MOST_PARAMETERS:
        raise UserInputError(f"learning.problem: {size:,} parameters; at most {MOST_PARAMETERS:,} can be learned here")
    return layers


def _dimensions(options: LearningOptions) -> tuple[int, int]:
    """Return the numbers of a sample, and the classes."""
    data = options.data
    if options.problem.kind == "quadratic" or data.source == "synthetic":
        return data.features, data.classes
    if data.source == "digits":
        return DIGITS
    from simcluster.learning.data.samples import load_samples

    samples = load_samples(data, options.problem.kind)
    return samples.inputs.shape[1], int(samples.targets.max()) + 1

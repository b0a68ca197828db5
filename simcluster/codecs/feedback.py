"""Error feedback: what a payload lost is added to the next array (Seide et al. 2014).

The state ``residual`` has the tensor's shape and belongs to one tensor of one worker, or of the owner of an aggregate.
"""

from __future__ import annotations

import numpy as np

from simcluster.codecs.errors import CodecError
from simcluster.codecs.protocol import Floats, State


def new_residual(shape: tuple[int, ...]) -> State:
    """Return the state in which nothing was lost yet."""
    return {"residual": np.zeros(shape, np.float32)}


def compensated(values: Floats, state: State) -> Floats:
    """Return the array and what was lost before, in a fresh array.

    Raises
    ------
    CodecError
        If the state is another tensor's.
    """
    expect_shape(state, "residual", values.shape)
    return values + state["residual"]


def keep_loss(state: State, wanted: Floats, sent: Floats) -> None:
    """Remember what was not sent."""
    np.subtract(wanted, sent.reshape(wanted.shape), out=state["residual"])


def expect_shape(state: State, name: str, shape: tuple[int, ...]) -> None:
    """Raise a CodecError unless the state holds an array of this name and shape."""
    if name not in state or state[name].shape != shape:
        found = state[name].shape if name in state else "nothing"
        raise CodecError(f"the state of another tensor: '{name}' should have shape {shape}, but has {found}")

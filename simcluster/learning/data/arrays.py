"""A user's own samples: the arrays ``inputs`` and ``targets`` of an ``.npz`` file, a row a sample.

Nothing is unpickled, and what the file declares is checked before anything is allocated.
"""

from __future__ import annotations

import numpy as np

from simcluster.codecs.tensor_files import read_arrays
from simcluster.errors import UserInputError
from simcluster.learning.data.samples import Samples

#: Most bytes of a file's arrays [B].
LIMIT = 2**30


def samples_of_file(path: str, *, classes: bool) -> Samples:
    """Return the samples of a file.

    Parameters
    ----------
    path : str
    classes : bool
        Whether the targets are classes (whole numbers from 0), or any numbers.

    Raises
    ------
    UserInputError
        If the file can't be read, an array is missing, their lengths differ, or they hold nan, inf or, where classes
        are expected, anything but whole numbers from 0 on of which none is left out.
    """
    arrays = read_arrays(path, LIMIT)
    missing = [name for name in ("inputs", "targets") if name not in arrays]
    if missing:
        raise UserInputError(f"{path}: holds no array '{missing[0]}'; expected 'inputs' and 'targets'")
    inputs, targets = arrays["inputs"].astype(np.float64), arrays["targets"].astype(np.float64)
    if len(inputs.shape) < 2 or targets.shape != inputs.shape[:1] or not inputs.size:
        raise UserInputError(
            f"{path}: expected inputs of shape (samples, ...), and a target for each, not shapes {inputs.shape} and "
            f"{targets.shape}"
        )
    if not np.isfinite(inputs).all() or not np.isfinite(targets).all():
        raise UserInputError(f"{path}: holds nan or inf")
    flat = inputs.reshape(len(inputs), -1)
    return Samples(flat, _classes(path, targets) if classes else targets)


def _classes(path: str, targets: np.ndarray) -> np.ndarray:
    whole = targets.astype(np.int64)
    known = np.unique(whole)
    if (whole != targets).any() or len(known) < 2 or known[0] != 0 or known[-1] != len(known) - 1:
        raise UserInputError(f"{path}: targets: expected at least two classes, as whole numbers 0, 1, 2 ...")
    return whole

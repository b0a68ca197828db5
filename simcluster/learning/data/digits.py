"""The handwritten digits that scikit-learn packages: 1,797 pictures of 8 x 8 pixels (UCI, Alpaydin and Kaynak 1998).

Only the packaged file is read: importing scikit-learn costs a second. Pixels from 0 to 16 become shares of 1.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from simcluster.errors import UserInputError
from simcluster.learning.data.samples import Samples
from simcluster.learning.sizing import DIGITS

_BRIGHTEST = 16


def digits() -> Samples:
    """Return the digits.

    Raises
    ------
    UserInputError
        If scikit-learn isn't installed.
    """
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise UserInputError("learning.data: the digits come with scikit-learn; pip install 'simcluster[learning]'")
    with gzip.open(Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",")
    features, _ = DIGITS
    return Samples(np.ascontiguousarray(table[:, :features]) / _BRIGHTEST, table[:, features].astype(np.int64))

"""Random streams, keyed by name: adding a worker or a fault changes no draw of anybody else.

``SeedSequence.spawn`` hands out streams in the order of the calls, so that one more worker would change them all. Here
a stream depends on the seed of the scenario, the entity that draws and the purpose of the draw, and on nothing else.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def stream(seed: int, entity: str, purpose: str) -> np.random.Generator:
    """Return the random stream of one entity for one purpose.

    Parameters
    ----------
    seed : int
        The scenario's seed, at least 0.
    entity : str
        Who draws, for example ``worker-3``.
    purpose : str
        What for, for example ``jitter``.

    Returns
    -------
    numpy.random.Generator
        The same stream for the same three arguments, on every machine (PCG64).
    """
    import numpy as np

    name = f"{seed}\x00{entity}\x00{purpose}".encode()
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(name).digest()[:16], "little")))

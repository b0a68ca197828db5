"""The numbers of workers at which a cluster begins to lose (Jang et al. 2017, arXiv 1711.10123, section 4.2, Fig. 4).

"At some points, parameter transfer takes more time than minibatch computation", and with more nodes "the parameter
transfer time even exceeds the single minibatch computation time". Strong scaling; an update of M workers takes

    h * alone / M + k * M * message,

the formulas of :mod:`simcluster.theory.sync_sgd` with ``alone`` = i*C, the time of one node that sends nothing, and
``message`` = rho*W/chi, the time of one message that has the link to itself; k = 1 (pull ``free``), 2 (``unicast``) or
1 + 1/M (``multicast``). Latency, aggregation, encoding and decoding are left out.
"""

from __future__ import annotations

import math

from simcluster.theory.sync_sgd import Pull, copies


def transfer_passes_computation(
    alone: float, message: float, pull: Pull = "free", operation_overhead: float = 1.0
) -> int:
    """Return the smallest number of workers with T_tnf > T_cmt; it is so at every larger number, too.

    With pull ``free`` or ``unicast`` an update is fastest where both are equal, since one falls as 1/M and the other
    rises as M.

    Parameters
    ----------
    alone : float [s]
        i*C, positive.
    message : float [s]
        rho*W/chi, positive.
    pull : str
        ``free``, ``unicast`` or ``multicast``.
    operation_overhead : float
        h.
    """
    squared, single = _coefficients(pull)
    ratio = operation_overhead * alone / message  # T_tnf = T_cmt where squared * M^2 + single * M = ratio
    equal = (math.sqrt(single**2 + 4 * squared * ratio) - single) / (2 * squared)
    workers = max(1, math.floor(equal))
    passed = copies(workers, pull) * workers**2 > ratio
    return workers if passed else workers + 1


def slower_than_one_node(alone: float, message: float, pull: Pull = "free", operation_overhead: float = 1.0) -> int:
    """Return the number of workers from which on every update is slower than on one node that sends nothing.

    1 means that no number of workers helps. The parameters are those of :func:`transfer_passes_computation`.
    """
    squared, single = _coefficients(pull)
    # As slow as one node where squared * M^2 - linear * M + operation_overhead * ratio = 0.
    ratio = alone / message
    linear = ratio - single
    discriminant = linear**2 - 4 * squared * operation_overhead * ratio
    if linear <= 0 or discriminant < 0:
        return 1
    workers = math.floor((linear + math.sqrt(discriminant)) / (2 * squared))
    helps = workers >= 1 and operation_overhead * ratio / workers + copies(workers, pull) * workers <= ratio
    return workers + 1 if helps else 1


def _coefficients(pull: Pull) -> tuple[float, float]:
    """Return a and b of k * M^2 = a * M^2 + b * M."""
    return {"free": (1.0, 0.0), "unicast": (2.0, 0.0), "multicast": (1.0, 1.0)}[pull]

"""Energy of counted work, by the table that such counts are usually weighed with.

Horowitz, Computing's energy problem (ISSCC 2014, Fig. 1.1.9), 45 nm at 0.9 V: a float32 addition takes 0.9 pJ, a
multiplication 3.7 pJ; 64 bits from a cache of 8 KB, 32 KB and 1 MB 10, 20 and 100 pJ, from DRAM 1.3 to 2.6 nJ. Here 4
bytes take half of that, and 640 pJ from DRAM (Han et al., EIE, arXiv 1602.01528, table I). The matrix is read from the
smallest memory that holds it as the format stores it, and the vectors from the smallest that holds them. It is an
argument about where energy goes, as in seed 002, no measurement: leakage, clocks and instructions are left out.
"""

from __future__ import annotations

from simcluster.codecs.representation import Cost

#: Energy [J] of a float32 addition and multiplication.
ADDITION, MULTIPLICATION = 0.9e-12, 3.7e-12
#: Sizes of memories [B], and the energy [J] of 4 bytes from each; the last is without limit.
MEMORIES = ((8 * 2**10, 5e-12), (32 * 2**10, 10e-12), (2**20, 50e-12), (float("inf"), 640e-12))


def energy(cost: Cost, matrix_size: float, vector_size: float) -> float:
    """Return the energy [J] of counted work.

    Parameters
    ----------
    cost : Cost
        The work.
    matrix_size : float [B]
        Size of the matrix as it is stored: that of the payload, or of the dense matrix.
    vector_size : float [B]
        Size of operand and result together.
    """
    arithmetic = cost.additions * ADDITION + cost.multiplications * MULTIPLICATION
    return arithmetic + cost.matrix_bytes * _of_byte(matrix_size) + cost.vector_bytes * _of_byte(vector_size)


def _of_byte(size: float) -> float:
    return next(joules for limit, joules in MEMORIES if size <= limit) / 4

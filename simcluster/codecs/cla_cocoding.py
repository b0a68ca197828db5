"""Which columns share a dictionary: co-coding by a greedy search on estimated sizes (Elgohary et al. 2016).

Columns that are correlated have fewer distinct tuples together than the product of theirs. Columns are sorted by how
many of their rows would be listed, and cut into bins; within a bin the pair of groups that saves most is joined, until
none saves. Sizes are estimated on a contiguous sample of rows: the number of tuples by the guaranteed-error estimator
(Charikar et al. 2000), sqrt(rows / sample) for each tuple that was seen once, and 1 for each other. Sizes that are
estimated badly cost bytes, never correctness. Left out: the paper's caches and its parallel search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.cla_groups import Encoding, Sizes
from simcluster.codecs.layout import as_bits
from simcluster.codecs.representation import Array
from simcluster.codecs.sparse_matrix import Indices

#: Rows of the sample.
_SAMPLE = 2048
#: Possible codes for each row up to which they are counted in an array.
_COUNTED = 8


@dataclass(frozen=True, eq=False)
class _Candidate:
    """Some columns, the codes of their tuples on the sample (below ``bound``), and their estimated size [B]."""

    columns: tuple[int, ...]
    codes: Indices
    bound: int
    size: float
    encoding: Encoding
    listed: float


def cocoded(matrix: Array, bin_size: int) -> list[Indices]:
    """Return the columns of each group, ascending, in the order of their first columns.

    Columns that no dictionary seems to make smaller are in none.

    Parameters
    ----------
    matrix : ndarray, shape (rows, columns)
        The matrix.
    bin_size : int
        Columns among which groups are sought; 1 for none but single columns.
    """
    rows = matrix.shape[0]
    begin = max(0, (rows - _SAMPLE) // 2)
    sample = np.ascontiguousarray(as_bits(matrix)[begin : begin + _SAMPLE].T)
    hopeful = np.flatnonzero(~_mostly_distinct(sample, rows))
    singles = [_candidate((int(one),), *_dense(sample[one]), rows, matrix.itemsize) for one in hopeful]
    rest = [single for single in singles if single.encoding is not Encoding.PLAIN]
    rest.sort(key=lambda single: (single.listed, single.columns))
    found: list[tuple[int, ...]] = []
    for first in range(0, len(rest), bin_size):
        found += [one.columns for one in _joined(rest[first : first + bin_size], rows, matrix.itemsize)]
    groups = [np.array(sorted(columns), np.intp) for columns in found]
    return sorted(groups, key=lambda columns: int(columns[0]))


def _mostly_distinct(sample: NDArray[np.unsignedinteger[Any]], rows: int) -> NDArray[np.bool_]:
    """Return which columns, the sample's rows, have so many distinct values that every dictionary is too large.

    Each value takes its own bytes, and two for a row that is listed. All columns are looked at together.
    """
    ordered = np.sort(sample, axis=1)
    begins = np.ones((ordered.shape[0], ordered.shape[1] + 1), np.bool_)
    begins[:, 1:-1] = ordered[:, 1:] != ordered[:, :-1]
    distinct = np.count_nonzero(begins[:, :-1], axis=1)
    once = np.count_nonzero(begins[:, :-1] & begins[:, 1:], axis=1)
    estimate = np.minimum(rows, distinct + (math.sqrt(rows / sample.shape[1]) - 1) * once)
    return np.asarray(estimate * (sample.itemsize + 2) >= rows * sample.itemsize)


def _joined(candidates: list[_Candidate], rows: int, itemsize: int) -> list[_Candidate]:
    """Join the pair that saves most until none saves."""
    pairs = {pair: _pair(*pair, rows, itemsize) for pair in combinations(candidates, 2)} if candidates else {}
    while pairs:
        best = max(pairs, key=lambda pair: pair[0].size + pair[1].size - pairs[pair].size)
        union = pairs[best]
        if union.size >= best[0].size + best[1].size:
            break
        # Codes of joined columns become few numbers again, or their product would grow with every pair.
        codes, bound = _dense(union.codes)
        union = replace(union, codes=codes, bound=bound)
        candidates = [one for one in candidates if one not in best]
        pairs = {pair: joint for pair, joint in pairs.items() if pair[0] not in best and pair[1] not in best}
        pairs |= {(one, union): _pair(one, union, rows, itemsize) for one in candidates}
        candidates = [*candidates, union]
    return candidates


def _pair(first: _Candidate, second: _Candidate, rows: int, itemsize: int) -> _Candidate:
    codes = first.codes * second.bound + second.codes
    return _candidate(first.columns + second.columns, codes, first.bound * second.bound, rows, itemsize)


def _candidate(columns: tuple[int, ...], codes: Indices, bound: int, rows: int, itemsize: int) -> _Candidate:
    counts, top = _counted(codes, bound)
    scale = rows / codes.size
    listed = codes != top
    # A run begins at a row that is listed, and whose tuple is not that of the row before.
    runs = np.count_nonzero(listed[1:] & (codes[1:] != codes[:-1])) + int(listed[0])
    once = np.count_nonzero(counts == 1)
    distinct = min(float(rows), counts.size + (math.sqrt(scale) - 1) * once)
    estimate = Sizes(distinct, (codes.size - counts.max()) * scale, runs * scale)
    size, encoding = estimate.best(rows, len(columns), itemsize)
    return _Candidate(columns, codes, bound, size, encoding, estimate.listed)


def _counted(codes: Indices, bound: int) -> tuple[Indices, int]:
    """Return how often each code occurs that does, and the most frequent one, of several the least."""
    if bound <= _COUNTED * codes.size:  # counting is quicker than sorting
        counts = np.bincount(codes, minlength=bound)
        return counts[counts > 0], int(counts.argmax())
    found, counts = np.unique(codes, return_counts=True)
    return counts, int(found[counts.argmax()])


def _dense(values: NDArray[np.integer]) -> tuple[Indices, int]:
    """Return each value's rank among the distinct ones, and their number."""
    distinct, codes = np.unique(values, return_inverse=True)
    return codes.reshape(-1), distinct.size


def ranked(values: NDArray[np.integer]) -> Indices:
    """Return the rank of each value by its frequency: 0 for the most frequent, of equal ones the least."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(order.size, np.intp)
    rank[order] = np.arange(order.size)
    ranks: Indices = rank[inverse.reshape(-1)]
    return ranks


def tuples_of(matrix: Array, columns: Indices) -> tuple[Indices, Indices]:
    """Return the tuple of each row by its rank, and for each tuple the first row that holds it."""
    bits = np.ascontiguousarray(as_bits(matrix)[:, columns].T)
    codes = ranked(bits[0])
    for column in bits[1:]:
        following, number = _dense(column)
        codes = ranked(codes * number + following)
    _, firsts = np.unique(codes, return_index=True)
    return codes, firsts

"""Decode, then operate in double precision: what every operation on a payload is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcluster.codecs.protocol import Payload
from simcluster.codecs.representation import Representation, matrix_shape
from tests.codecs.cases import gaussian, values_of

#: Shapes that are small, thin, odd, of whole blocks and with a remainder, and those of convolutions.
SHAPES: list[tuple[int, ...]] = [
    (), (1,), (7,), (64,), (257,), (1, 1), (1, 40), (40, 1), (2, 8), (17, 31), (32, 64), (129, 515), (3, 4, 5),
    (6, 3, 5, 7), (8, 2, 11, 11), (2, 3, 1, 1),
]  # fmt: skip


def decoded_matrix(codec: Representation, payload: Payload) -> NDArray[np.float64]:
    """Return what a payload decodes to, as a matrix in double precision."""
    return values_of(codec.decode(payload)).reshape(matrix_shape(payload.shape))


def assert_products_are_those_of_the_decoded(codec: Representation, payload: Payload, tolerance: float = 2e-6) -> None:
    """Compare all products with those of the decoded matrix; the error is relative to the products of magnitudes."""
    dense = decoded_matrix(codec, payload)
    rows, columns = dense.shape
    several, errors = gaussian((columns, 5), seed=3), gaussian((rows, 3), seed=4)
    pairs: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = [
        (codec.matvec(payload, several[:, 0]), dense, several[:, 0]),
        (codec.matmul(payload, several), dense, several),
        (codec.matmul(payload, several[:, :1]), dense, several[:, :1]),
        (codec.rmatmul(payload, errors), dense.T, errors),
    ]
    for product, matrix, operand in pairs:
        expected, scale = matrix @ operand, np.abs(matrix) @ np.abs(operand)
        assert product.shape == expected.shape
        assert (np.abs(product - expected) <= tolerance * (scale + 1)).all()

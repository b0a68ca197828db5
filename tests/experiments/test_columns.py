from __future__ import annotations

import pytest

from simcluster.experiments.columns import column_of


@pytest.mark.parametrize(
    ("values", "suffix", "numbers"),
    [
        (["1 Gbit/s", "10MB/s"], "_bytes_per_s", [125e6, 10e6]),
        (["100 us", "1 min"], "_s", [1e-4, 60.0]),
        (["232.6 MiB"], "_bytes", [232.6 * 2**20]),
        (["250 W", None], "_w", [250.0, None]),
    ],
)
def test_quantities_become_numbers_in_base_units(values: list[object], suffix: str, numbers: list[float]) -> None:
    column = column_of("a.b", values)
    assert column.name == f"a.b{suffix}"
    assert [column.value(value) for value in values] == [pytest.approx(number) for number in numbers]


@pytest.mark.parametrize("values", [[1, 2], [0.5], ["gzip", "none"], ["1 s", "1 MB"], ["1 s", 2], [None], [True]])
def test_all_else_stays_as_it_is(values: list[object]) -> None:
    column = column_of("a.b", values)
    assert column.name == "a.b"
    assert [column.value(value) for value in values] == values


def test_mappings_become_texts() -> None:
    assert column_of("a", [{"gemm": 1.2}]).value({"gemm": 1.2}) == '{"gemm": 1.2}'

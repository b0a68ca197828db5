import pandas as pd
import pytest

from simcluster.plots import labels


@pytest.mark.parametrize(
    ("seconds", "symbol", "shown"),
    [
        (0.0, "s", 0.0),
        (2e-5, "µs", 20.0),
        (0.25, "ms", 250.0),
        (90.0, "s", 90.0),
        (900.0, "min", 15.0),
        (9000.0, "h", 2.5),
    ],
)
def test_times_are_shown_in_the_unit_that_suits_the_largest(seconds, symbol, shown):
    unit = labels.time_unit(seconds)
    assert unit.symbol == symbol
    assert seconds * unit.factor == pytest.approx(shown)


@pytest.mark.parametrize(
    ("column", "value", "symbol", "shown"),
    [
        ("network.bandwidth", 125e6, "Gbit/s", 1.0),
        ("rate_bytes_per_s", 1e6, "Mbit/s", 8.0),
        ("size_bytes", 2.5e8, "MB", 250.0),
        ("bytes_on_wire", 12.0, "B", 12.0),
        ("update_time_s_p95", 90.0, "s", 90.0),
        ("update_time_s_std", 0.09, "ms", 90.0),
        ("samples_per_s", 512.0, "", 512.0),
        ("speedup", 3.0, "", 3.0),
        ("network.latency", 1e-4, "µs", 100.0),
    ],
)
def test_quantities_are_known_by_the_name_of_their_column(column, value, symbol, shown):
    unit = labels.unit_of(column, pd.Series([value]))
    assert unit.symbol == symbol
    assert value * unit.factor == pytest.approx(shown)


def test_names_have_no_unit():
    assert labels.unit_of("network.bandwidth", pd.Series(["1 Gbit/s"])) == labels.Unit()


def test_axis_labels_are_names_with_units_or_the_column_itself():
    assert labels.axis_label("update_time_s", labels.Unit("ms", 1e3)) == "Time per update [ms]"
    assert labels.axis_label("cluster.workers") == "Workers M"
    assert labels.axis_label("faults.$x") == r"faults.\$x"


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("cluster.workers", 16, "M = 16"),
        ("compression.codec.rho", 0.2, "ρ = 0.2"),
        ("compute.minibatch_time", 0.45, "C = 450 ms"),
        ("network.bandwidth", 1.25e9, "10 Gbit/s"),
        ("preset", "gzip", "gzip"),
        ("training.pull", True, "True"),
    ],
)
def test_values_are_named_by_their_symbol_and_unit(column, value, text):
    assert labels.value_label(column, value) == text


def test_numbers_have_the_same_decimals():
    assert labels.numbers([1, 1.25, 10]) == ["1.00", "1.25", "10.00"]
    assert labels.numbers([1, 2]) == ["1", "2"]
    assert labels.numbers([1e-9, 1]) == ["1e-09", "1"]

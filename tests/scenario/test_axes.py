"""Lists and ranges of values."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcluster.scenario.axes import AxisError, parse_axis

GOOD = [
    ("8", [8]),
    ("1..5", [1, 2, 3, 4, 5]),
    ("5..5", [5]),
    ("-1..1", [-1, 0, 1]),
    ("1..9:4", [1, 5, 9]),
    ("1..32:x2", [1, 2, 4, 8, 16, 32]),
    ("1.0..2.0:0.1", [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0]),
    ("0.1..0.3:0.1", [0.1, 0.2, 0.3]),
    ("0.5..4:x2", [0.5, 1.0, 2.0, 4.0]),
    ("1e2..3e2:1e2", [100.0, 200.0, 300.0]),
    ("1..3 Gbit/s", ["1 Gbit/s", "2 Gbit/s", "3 Gbit/s"]),
    ("1 Gbit/s..3 Gbit/s:2 Gbit/s", ["1 Gbit/s", "3 Gbit/s"]),
    ("1..10:9 Gbit/s", ["1 Gbit/s", "10 Gbit/s"]),
    ("0.25..0.75:0.25 s", ["0.25 s", "0.50 s", "0.75 s"]),
    ("1Gbit/s,10Gbit/s", ["1Gbit/s", "10Gbit/s"]),
    ("1, 2 ,8..10", [1, 2, 8, 9, 10]),
    ("none,gzip", ["none", "gzip"]),
    ("true,false,null", [True, False, None]),
    ("'1','2'", ["1','2"]),
    ('"1,2"', ["1,2"]),
    ("1e9", [1e9]),
    ("10:30", ["10:30"]),
    ("file..name", ["file..name"]),
]


@pytest.mark.parametrize(("text", "values"), GOOD)
def test_values(text, values):
    found = parse_axis(text)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


BAD = [
    ("", "a value is missing"),
    ("1,,2", "a value is missing"),
    ("1..", "expected a range, such as"),
    ("..5", "expected a range, such as"),
    ("1...5", "expected a range, such as"),
    ("1..5:", "expected a range, such as"),
    ("1..5:y2", "expected a range, such as"),
    ("1..x", "expected a range, such as"),
    ("1..5..9", "expected a range, such as"),
    ("1..0x10", "expected a range, such as"),
    ("5..1", "the end of the range lies below its start (write 1..5)"),
    ("1..5:0", "the step of a range is greater than 0"),
    ("1..5:-1", "the step of a range is greater than 0"),
    ("1..5:x1", "a factor greater than 1"),
    ("1..5:x0.5", "a factor greater than 1"),
    ("0..8:x2", "begins above 0"),
    ("1..10:4", "the steps miss the end of the range: the last would be 9 (write 1..9:4)"),
    ("1..25:x2", "the last would be 16 (write 1..16:x2)"),
    ("1.0..2.05:0.1", "the last would be 2.0"),
    ("1 Gbit/s..2 Mbit/s", "a range has one unit"),
    ("1 Gbit/s..2", "the unit belongs to the end of a range, or to both ends (1..2 Gbit/s)"),
    ("1..1e12", "more than 25000 values"),
    ("1..1000000000000", "more than 25000 values"),
    ("0..1:1e-300", "more than 25000 values"),
    ("1e-300..1e300:1e-300", "more than 25000 values"),
    ("1..1e300:x1.0000001", "more than 25000 values"),
    ("1..50001,1..50001", "more than 25000 values"),
    ("1.." + "9" * 41, "more than 40 characters"),
    ("1..1e9999", "expected a range, such as"),
    ("9" * 41, "more than 40 characters"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[case[0][:30] for case in BAD])
def test_bad_values_are_refused_at_once(text, message):
    start = time.process_time()
    with pytest.raises(AxisError) as caught:
        parse_axis(text)
    assert message in str(caught.value)
    assert time.process_time() - start < 1


@given(st.integers(-1000, 1000), st.integers(1, 50), st.integers(0, 100))
def test_a_range_of_whole_numbers_is_pythons_with_both_ends(start, step, count):
    stop = start + step * count
    assert parse_axis(f"{start}..{stop}:{step}") == list(range(start, stop + 1, step))


@given(st.decimals("-100", "100", places=2), st.decimals("0.01", "5", places=2), st.integers(0, 200))
def test_a_decimal_range_hits_every_decimal(start, step, count):
    values = parse_axis(f"{start}..{start + step * count}:{step}")
    assert values == [float(start + step * index) for index in range(count + 1)]

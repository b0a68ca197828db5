"""Quantities with units: what is read, what is refused with which hint, and that what is written reads back."""

from __future__ import annotations

import contextlib
import copy
import math
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcluster import units

READ = [
    (units.parse_size, "1 B", 1),
    (units.parse_size, "1 kB", 1000),
    (units.parse_size, "1 KB", 1000),
    (units.parse_size, "1 KiB", 1024),
    (units.parse_size, "232.6 MiB", 243_898_777.6),
    (units.parse_size, "233MB", 233e6),
    (units.parse_size, " 1 GB ", 1e9),
    (units.parse_size, "1 GiB", 2**30),
    (units.parse_size, "2 TB", 2e12),
    (units.parse_size, "2 PiB", 2**51),
    (units.parse_size, "+1.5e3 B", 1500),
    (units.parse_size, ".5 kB", 500),
    (units.parse_size, "5. kB", 5000),
    (units.parse_size, "-1 B", -1),
    (units.parse_rate, "1 Gbit/s", 125e6),
    (units.parse_rate, "1 Gb/s", 125e6),
    (units.parse_rate, "1 GB/s", 1e9),
    (units.parse_rate, "8 bit/s", 1),
    (units.parse_rate, "8 Kibit/s", 1024),
    (units.parse_rate, "100 MB/s", 1e8),
    (units.parse_duration, "100 us", 1e-4),
    (units.parse_duration, "100 \u00b5s", 1e-4),
    (units.parse_duration, "100 \u03bcs", 1e-4),
    (units.parse_duration, "3 ns", 3e-9),
    (units.parse_duration, "0.1 ms", 1e-4),
    (units.parse_duration, "2 min", 120),
    (units.parse_duration, "1.5 h", 5400),
    (units.parse_duration, "1 d", 86400),
    (units.parse_power, "250 W", 250),
    (units.parse_power, "0.25 kW", 250),
    (units.parse_power, "250 mW", 0.25),
]


@pytest.mark.parametrize(("parse", "text", "value"), READ)
def test_quantities_are_read(parse, text, value):
    assert parse(text) == value


REFUSED = [
    (units.parse_size, "1 Mb", "did you mean 'MB'?"),
    (units.parse_size, "1 Mbit", "did you mean 'MB'?"),
    (units.parse_size, "1 mb", "did you mean 'MB'? upper and lower case differ"),
    (units.parse_size, "1 MB/s", "'MB/s' is a unit of rate; expected a size"),
    (units.parse_size, "1 bytes", "did you mean 'B'?"),
    (units.parse_size, "1 MiBi", "did you mean 'MiB'?"),
    (units.parse_size, "1", "the unit is missing; expected a size, such as '232.6 MiB'"),
    (units.parse_rate, "1 Gbit", "a rate is per second; expected a rate, such as '1 Gbit/s' (did you mean 'Gbit/s'?)"),
    (units.parse_rate, "1 GB", "did you mean 'GB/s'?"),
    (units.parse_rate, "1 Gbps", "did you mean 'Gbit/s'?"),
    (units.parse_rate, "1 MBps", "did you mean 'MB/s'?"),
    (units.parse_rate, "1 Gbitt/s", "did you mean 'Gbit/s'?"),
    (units.parse_rate, "1 gbit/s", "did you mean 'Gbit/s'?"),
    (units.parse_rate, "1 s", "'s' is a unit of duration; expected a rate"),
    (units.parse_duration, "1 Ms", "did you mean 'ms'?"),
    (units.parse_duration, "1 sec", "did you mean 's'?"),
    (units.parse_duration, "1 hours", "did you mean 'h'?"),
    (units.parse_duration, "10:30", "expected a duration with its unit"),
    (units.parse_duration, "1 2 s", "expected a duration with its unit"),
    (units.parse_duration, "1,5 s", "expected a duration with its unit"),
    (units.parse_duration, "1_0 s", "expected a duration with its unit"),
    (units.parse_duration, "0x1 s", "expected a duration with its unit"),
    (units.parse_duration, "\u0661 s", "expected a duration with its unit"),
    (units.parse_duration, "s", "expected a duration with its unit"),
    (units.parse_duration, "", "expected a duration with its unit"),
    (units.parse_duration, "nan s", "expected a duration with its unit"),
    (units.parse_duration, "inf s", "expected a duration with its unit"),
    (units.parse_duration, "-inf s", "expected a duration with its unit"),
    (units.parse_duration, "1e999 s", "expected a finite duration"),
    (units.parse_duration, "1e99999999999 s", "expected a finite duration"),
    (units.parse_duration, "1 s" + " " * 100, "expected a duration with its unit"),
    (units.parse_power, "250 watts", "did you mean 'W'?"),
    (units.parse_power, "250 Wh", "unknown unit 'Wh'"),
]


@pytest.mark.parametrize(("parse", "text", "words"), REFUSED)
def test_what_is_no_quantity_is_refused_with_a_hint(parse, text, words):
    with pytest.raises(units.QuantityError) as caught:
        parse(text)
    assert words in str(caught.value)


def test_no_two_units_of_a_kind_differ_in_case_alone_but_those_of_bits_bytes_and_prefixes():
    assert units.parse_rate("1 Mb/s") * 8 == units.parse_rate("1 MB/s")
    assert units.parse_power("1 MW") == 1e9 * units.parse_power("1 mW")


def test_errors_survive_copying_and_pickling():
    with pytest.raises(units.QuantityError) as caught:
        units.parse_rate("1 Gbitt/s")
    for again in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert str(again) == str(caught.value)
        assert again.hint == "did you mean 'Gbit/s'?"


KINDS = {
    "size": (units.parse_size, units.format_size),
    "rate": (units.parse_rate, units.format_rate),
    "duration": (units.parse_duration, units.format_duration),
    "power": (units.parse_power, units.format_power),
}


@pytest.mark.parametrize("kind", KINDS)
@given(value=st.floats(0, allow_infinity=False, allow_nan=False))
def test_what_is_written_reads_back_to_the_same_number(kind, value):
    parse, write = KINDS[kind]
    text = write(value)
    assert parse(text) == value
    assert re.search(units.PATTERNS[kind], text)


@pytest.mark.parametrize("kind", KINDS)
@given(value=st.decimals("0", "9999", places=3), data=st.data())
def test_every_unit_scales_exactly(kind, value, data):
    parse, write = KINDS[kind]
    known = sorted(units._UNITS[kind])
    unit = data.draw(st.sampled_from(known))
    text = f"{value} {unit}"
    assert parse(text) == float(value * units._UNITS[kind][unit])
    assert parse(write(parse(text))) == parse(text)
    assert re.search(units.PATTERNS[kind], text)


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=20))
def test_any_text_is_read_or_refused(kind, text):
    parse, _ = KINDS[kind]
    with contextlib.suppress(units.QuantityError):
        assert math.isfinite(parse(text))


SHORT = [
    (units.format_size, 243_860_896.0, "243860896 B"),
    (units.format_size, 100e6, "100 MB"),
    (units.format_size, 2.0**30, "1 GiB"),
    (units.format_size, 0.0, "0 B"),
    (units.format_rate, 125e6, "1 Gbit/s"),
    (units.format_rate, 100e6, "100 MB/s"),
    (units.format_duration, 0.45, "0.45 s"),
    (units.format_duration, 1e-4, "0.1 ms"),
    (units.format_duration, 20e-6, "20 us"),
    (units.format_power, 250.0, "250 W"),
]


@pytest.mark.parametrize(("write", "value", "text"), SHORT)
def test_what_is_written_is_short(write, value, text):
    assert write(value) == text

"""Ticks: clocks, grids and numbers of any form, against fractions."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe import timestamps as ts
from hexoframe.errors import ConfigurationError, TimestampError

FIRST = 946_684_800  # 2000-01-01
LAST = 4_102_444_800  # 2100-01-01
CLOCKS = (256, 1000)

clocks = st.sampled_from(CLOCKS)


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_clock_is_told_by_the_size_of_a_tick(clock):
    for year in (2009, 2018, 2050):
        second = int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp())
        assert ts.clock_of(second * clock) == clock
        assert ts.clock_of(float(second * clock)) == clock
    assert ts.clock_of("3.83013275683e+11") == 256


@pytest.mark.parametrize("tick", [0, 1_500_000_000, 10**15, -5, 8 * 10**11])
def test_a_tick_of_no_clock_is_refused(tick):
    with pytest.raises(TimestampError, match=f"{tick} is no tick"):
        ts.clock_of(tick)


def _shown(values):
    """Name values alike in every process: the repr of an Arrow array has its place."""
    kind = type(values)
    return f"{kind.__module__}.{kind.__name__} {list(values)}"


@pytest.mark.parametrize(
    "values",
    [
        [384_700_526_436, 383_013_275_683],
        [384_700_526_436.0, 383_013_275_683.0],
        ["384700526436.0", "3.83013275683e+11"],
        ["384700526436", b"383013275683".decode()],
        [b"3.84700526436E11", b" 383013275683 "],
        ["3847005264360e-1", "+383013275683.000000000000"],
        np.array([384_700_526_436, 383_013_275_683], ">i8"),
        np.array([384_700_526_436, 383_013_275_683], np.uint64),
        np.array([384_700_526_436, "383013275683"], object),
        [Decimal("384700526436.0"), Fraction(383_013_275_683)],
        pd.Series([384_700_526_436, 383_013_275_683]),
        pd.Series(["384700526436", "383013275683"]),
        pd.array([384_700_526_436, 383_013_275_683], "Int64"),
        pa.array([384_700_526_436, 383_013_275_683]),
        pa.chunked_array([[384_700_526_436], [383_013_275_683]]),
    ],
    ids=_shown,
)
def test_ticks_are_taken_in_every_form_that_says_a_whole_number(values):
    ticks = ts.as_ticks(values, clock=256)
    assert ticks.dtype == np.int64
    assert ticks.tolist() == [384_700_526_436, 383_013_275_683]


def test_ticks_that_are_int64_already_are_not_copied():
    ticks = np.array([384_700_526_436])
    assert np.shares_memory(ts.as_ticks(ticks, clock=256), ticks)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (384_700_526_436.5, "no whole number"),
        (float("nan"), "missing"),
        (float("inf"), "no whole number"),
        (None, "missing"),
        (pd.NaT, "missing"),
        (pd.NA, "missing"),
        ("", "no tick"),
        ("nan", "no tick"),
        ("384700526436.5", "no whole number"),
        ("383013275683.00000000001", "no whole number"),
        ("3.830132756835e+11", "no whole number"),
        ("1_000", "no tick"),
        ("12e", "no tick"),
        ("2022-11-04", "no tick"),
        ("٣٨٤٧٠٠٥٢٦٤٣٦", "no tick"),
        (True, "no whole number"),
        (dt.datetime(2020, 1, 1), "no whole number"),  # noqa: DTZ001 - naive
        (2**70, "no tick"),
        (FIRST * 256 - 1, "outside"),
        (LAST * 256 + 1, "outside"),
        (1, "outside"),
    ],
)
def test_what_is_no_tick_is_refused_with_its_row(value, said):
    good = 384_700_526_436
    values = np.array([good, good, value], object)
    with pytest.raises(TimestampError, match=said) as refused:
        ts.as_ticks(values, clock=256)
    assert "row 2" in str(refused.value)
    with pytest.raises(TimestampError):
        ts.tick_to_time(value, clock=256)


@pytest.mark.parametrize(
    "values",
    [
        [384_700_526_436.0, np.nan],
        [384_700_526_436.0, 384_700_526_436.25],
        ["384700526436", "384700526436.25"],
        ["3.84700526436e11", "3.8470052643625e11"],
        pd.Series([384_700_526_436, None]),
        pd.array([384_700_526_436, None], "Int64"),
        pa.array([384_700_526_436, None]),
        np.array([384_700_526_436, 0]),
        np.array([384_700_526_436, np.nan]),
        np.array([384_700_526_436, 384_700_526_436.5]),
        np.array([384_700_526_436, np.inf]),
        np.array([384_700_526_436, -np.inf]),
        np.array([384_700_526_436, 2.0**63]),
        np.array([384_700_526_436, -(2.0**63)]),
        np.array([384_700_526_436, 1e300]),
    ],
    ids=_shown,
)
def test_one_bad_tick_in_an_array_is_refused_with_its_row(values):
    with pytest.raises(TimestampError, match="row 1"):
        ts.as_ticks(values, clock=256)


def test_floats_in_a_column_of_rows_are_their_ticks():
    rows = np.array([[384_700_526_436.0, 0.5], [384_700_526_437.0, np.nan]])
    ticks = ts.as_ticks(rows[:, 0], clock=256)
    assert ticks.dtype == np.int64
    assert ticks.tolist() == [384_700_526_436, 384_700_526_437]
    assert ts.as_ticks(rows[:0, 0], clock=1000).tolist() == []


def test_types_that_cannot_hold_a_tick_are_refused():
    with pytest.raises(TimestampError, match="float32"):
        ts.as_ticks(np.array([384_700_526_436], np.float32), clock=256)
    with pytest.raises(TimestampError, match="index_to_ticks"):
        ts.as_ticks(pd.DatetimeIndex(["2020-01-01"]).to_numpy(), clock=256)
    ticks = [384_700_526_436]
    for wrong in ([ticks], np.array([ticks]), ticks[0], str(ticks[0]), iter(ticks)):
        with pytest.raises(TimestampError, match="one dimension"):
            ts.as_ticks(wrong, clock=256)
    with pytest.raises(ConfigurationError, match="clock 128"):
        ts.as_ticks([384_700_526_436], clock=128)


@given(st.integers(FIRST * 256, LAST * 256), clocks)
def test_numeric_text_is_read_as_decimal_reads_it(number, clock):
    tick = number // 256 * clock
    texts = [str(tick), f"{tick}.0", repr(float(tick)), f"{Decimal(tick):.15E}"]
    assert ts.as_ticks(texts, clock=clock).tolist() == [tick] * 4
    assert ts.as_ticks(texts[3:], clock=clock).tolist() == [tick]


@given(
    st.integers(0, 10**12),
    st.fractions(Fraction(1, 1000), 1000, max_denominator=1000),
    st.integers(0, 10**9),
)
def test_a_grid_is_the_exact_product_with_halves_rounded_up(start, step, first):
    ticks = ts.grid(start, step=step, count=20, first=first)
    exact = [start + n * step + Fraction(1, 2) for n in range(first, first + 20)]
    assert ticks.tolist() == [number.__floor__() for number in exact]


def test_a_grid_of_75_hz_never_drifts():
    ticks = ts.grid(10, step=Fraction(40, 3), count=75 * 86_400 + 1)
    assert ticks[:5].tolist() == [10, 23, 37, 50, 63]
    assert ticks[-1] == 10 + 86_400 * 1000
    assert ts.grid(5, step=4, count=3).tolist() == [5, 9, 13]
    assert ts.grid(5, step=4, count=0).tolist() == []


@pytest.mark.parametrize(
    "arguments",
    [{"step": 13.3, "count": 5}, {"step": 0, "count": 5}, {"step": 1, "count": -1}],
)
def test_a_grid_that_is_not_exact_is_refused(arguments):
    with pytest.raises(ConfigurationError):
        ts.grid(0, **arguments)


def test_a_grid_that_leaves_int64_is_refused():
    with pytest.raises(TimestampError, match="int64"):
        ts.grid(0, step=2**40, count=10, first=2**40)

"""Rows and sums of bins, against a search for every edge and a loop over every bin."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexoframe.analysis.bins import Grid, bin_rows, bin_sums, ranges, rows_with

PERIOD = 1_000


@st.composite
def stamps_on_grids(draw):
    """Draw stretches of steady or jittering steps with holes between, and bins."""
    steps = [np.empty(0, dtype=np.int64)]
    random = np.random.default_rng(draw(st.integers(0, 99)))
    for _ in range(draw(st.integers(0, 4))):
        step = draw(st.sampled_from([0, 1, 4, 7, 13, 100, PERIOD]))
        steady = np.full(draw(st.integers(0, 4000)), step)
        if draw(st.booleans()):
            steady += random.integers(0, 5, len(steady))
        steps += [steady, [draw(st.sampled_from([0, 1, 777, 5 * PERIOD, 10**6]))]]
    first = draw(st.sampled_from([0, -7 * PERIOD, 1_667_604_589 * 10**9]))
    stamps = first + draw(st.integers(0, 3 * PERIOD)) + np.cumsum(np.concatenate(steps))
    last = stamps[-1] if len(stamps) else first
    more = draw(st.integers(1, 200))
    return stamps, Grid(first, PERIOD, int(last - first) // PERIOD + more)


@settings(max_examples=200)
@given(stamps_on_grids())
def test_rows_of_bins_are_those_that_a_search_for_every_edge_finds(drawn):
    stamps, grid = drawn
    rows = bin_rows(stamps, grid, [])
    edges = [grid.first + PERIOD * place for place in range(grid.bins + 1)]
    assert rows.tolist() == np.searchsorted(stamps, edges).tolist()


def test_channels_of_the_same_stamps_share_their_rows_and_no_others_do():
    stamps = PERIOD * np.arange(50)
    known = []
    grid = Grid(0, PERIOD, 60)
    rows = bin_rows(stamps, grid, known)
    assert bin_rows(stamps.copy(), grid, known) is rows
    other = bin_rows(np.r_[stamps[:-1], 55 * PERIOD], grid, known)
    assert other.tolist() == [*range(50), *[49] * 6, *[50] * 5]
    assert rows.tolist() == [*range(51), *[50] * 10]


@settings(max_examples=100)
@given(
    runs=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([1, 2, 255, 256, 400])),
        min_size=1,
        max_size=6,
    ),
    seed=st.integers(0, 99),
)
def test_sums_of_bins_are_those_of_a_loop(runs, seed):
    counts = [count for count, bins in runs for _ in range(bins)]
    rows = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
    random = np.random.default_rng(seed)
    samples = random.normal(0, 1, int(rows[-1])).astype(np.float32)
    samples[random.random(len(samples)) < 0.001] = np.nan
    sums = bin_sums(samples, rows)
    assert sums.dtype == np.float64
    listed = samples.tolist()
    loop = [math.fsum(listed[first:last]) for first, last in pairwise(rows)]
    np.testing.assert_allclose(sums, loop, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 2.5, math.nan])
def test_rows_with_a_value_are_found_wherever_they_are(value):
    samples = np.ones(200_000, dtype=np.float32)
    places = [0, 65_535, 65_536, 70_000, 199_999]
    samples[places] = value
    assert rows_with(samples, value).tolist() == places
    assert rows_with(np.ones(5), value).tolist() == []
    assert rows_with(np.empty(0), value).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9))))
def test_ranges_are_the_numbers_of_each_in_a_row(pairs):
    firsts = np.array([first for first, _ in pairs], dtype=np.int64)
    lengths = np.array([length for _, length in pairs], dtype=np.int64)
    expected = [first + step for first, length in pairs for step in range(length)]
    assert ranges(firsts, firsts + lengths).tolist() == expected

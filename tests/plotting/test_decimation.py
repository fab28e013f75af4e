"""Few samples that draw the same picture: nothing is lost in any pixel column."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.plotting.decimation import LineSamples, draw_rows, gap_rows, pick_rows

STEP = 3_906_250


def line(values, stamps=None, *, longest=1.5 * STEP):
    values = np.asarray(values, dtype=np.float32)
    if stamps is None:
        stamps = np.arange(len(values), dtype=np.int64) * STEP
    return LineSamples(stamps, values, gap_rows(stamps, longest))


@st.composite
def lines(draw):
    """Samples with gaps, and the pixel columns of a part of them."""
    count = draw(st.integers(1, 400))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = np.where(chance.random(count) < 0.05, chance.integers(2, 90, count), 1)
    stamps = np.cumsum(steps) * STEP
    values = chance.normal(size=count)
    values[chance.random(count) < 0.02] *= 100
    first = int(stamps[0]) + draw(st.integers(-50, 200)) * STEP
    width = draw(st.integers(1, 400)) * STEP
    columns = draw(st.integers(1, 40))
    edges = first + np.rint(np.linspace(0, width, columns + 1)).astype(np.int64)
    return line(values, stamps), edges


def by_column(samples, rows, edges):
    """Values of some rows in each pixel column, found one by one."""
    found = [[] for _ in edges[:-1]]
    for row in rows:
        stamp = samples.stamps[row]
        if edges[0] <= stamp <= edges[-1]:
            column = int(np.searchsorted(edges, stamp, side="right")) - 1
            found[min(column, len(found) - 1)].append(samples.heights[row])
    return found


@given(lines())
def test_each_column_keeps_its_first_lowest_highest_and_last_sample(case):
    samples, edges = case
    rows = pick_rows(samples, edges)
    every = by_column(samples, range(len(samples.stamps)), edges)
    kept = by_column(samples, rows.tolist(), edges)
    for full, few in zip(every, kept, strict=True):
        assert bool(full) is bool(few)
        if full:
            assert (min(few), max(few)) == (min(full), max(full))
            assert (few[0], few[-1]) == (full[0], full[-1])


@given(lines())
def test_rows_ascend_are_few_and_reach_one_beyond_the_view(case):
    samples, edges = case
    rows = pick_rows(samples, edges)
    assert (np.diff(rows) > 0).all()
    assert len(rows) <= 4 * (len(edges) - 1) + 8
    stamps = samples.stamps
    before, after = stamps < edges[0], stamps > edges[-1]
    if before.any():
        assert np.flatnonzero(before)[-1] in rows
    if after.any():
        assert np.flatnonzero(after)[0] in rows


@given(lines())
def test_limits_of_what_is_kept_are_those_of_all_samples(case):
    samples, edges = case
    kept = samples.heights[pick_rows(samples, edges)]
    assert (kept.min(), kept.max()) == (samples.heights.min(), samples.heights.max())


@given(lines())
def test_points_are_samples_and_a_gap_is_a_break_where_it_is(case):
    samples, edges = case
    rows = pick_rows(samples, edges)
    drawn = draw_rows(samples, rows)
    points = ~np.isnan(drawn.heights)
    np.testing.assert_array_equal(drawn.stamps[points], samples.stamps[rows])
    np.testing.assert_array_equal(drawn.heights[points], samples.heights[rows])
    # Two points are joined exactly if no gap lies between their rows.
    gaps = set(samples.breaks.tolist())
    joined = [
        not gaps & set(range(first + 1, second + 1))
        for first, second in zip(rows[:-1].tolist(), rows[1:].tolist(), strict=True)
    ]
    places = np.flatnonzero(points)
    assert (np.diff(places) == 1).tolist() == joined


@given(lines())
def test_points_without_a_line_to_either_side_are_the_lone_ones(case):
    samples, edges = case
    drawn = draw_rows(samples, pick_rows(samples, edges))
    around = np.concatenate(([np.nan], drawn.heights, [np.nan]))
    alone = ~np.isnan(around[1:-1]) & np.isnan(around[:-2]) & np.isnan(around[2:])
    assert drawn.lone.tolist() == np.flatnonzero(alone).tolist()


def test_all_samples_are_drawn_where_there_is_room():
    samples = line(np.sin(np.arange(4000)))
    edges = np.linspace(1000 * STEP, 1399 * STEP, 101).astype(np.int64)
    rows = pick_rows(samples, edges)
    inside = rows[(rows >= 1000) & (rows < 1400)]
    assert inside.tolist() == list(range(1000, 1400))


def test_a_spike_of_one_sample_in_a_day_is_kept_at_its_very_place():
    values = np.zeros(256 * 86_400, dtype=np.float32)
    spikes = [12_345, 9_999_999, 22_000_000]
    values[spikes] = [5, -7, 6]
    samples = line(values)
    edges = np.linspace(0, samples.stamps[-1], 801).astype(np.int64)
    rows = pick_rows(samples, edges)
    assert set(spikes) <= set(rows.tolist())
    assert len(rows) < 4 * 800 + 6


def test_gap_is_where_two_stamps_lie_further_apart_than_allowed():
    stamps = np.array([0, 1, 2, 4, 5, 9]) * STEP
    assert gap_rows(stamps, 1.5 * STEP).tolist() == [3, 5]
    assert gap_rows(stamps[:1], 1.5 * STEP).tolist() == []
    many = np.arange(200_000, dtype=np.int64) * STEP
    many[65_536:] += STEP
    many[131_072:] += STEP
    assert gap_rows(many, 1.5 * STEP).tolist() == [65_536, 131_072]


def test_line_without_samples_draws_nothing():
    samples = line([], np.empty(0, dtype=np.int64))
    rows = pick_rows(samples, np.array([0, 10, 20]))
    assert len(rows) == 0
    drawn = draw_rows(samples, rows)
    assert [len(part) for part in drawn] == [0, 0, 0]

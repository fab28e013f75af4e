"""Spans of ticks: joined, counted and cut as a plain array of ticks would be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.analysis.tickspans import TickSpans

pairs = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6)


def marked(spans):
    """Return which of 61 ticks lie in spans, one by one."""
    ticks = np.zeros(61, bool)
    for start, end in spans:
        ticks[start : max(start, end)] = True
    return ticks


@given(pairs, pairs)
def test_spans_say_of_every_tick_what_an_array_says(some, others):
    spans, more = TickSpans.of(some), TickSpans.of(others)
    truth, other = marked(some), marked(others)
    assert np.array_equal(spans.cover(np.arange(61)), truth)
    # They neither overlap nor touch.
    assert (spans.starts[1:] > spans.ends[:-1]).all()
    edges = np.array(others, np.int64).reshape(-1, 2)
    edges.sort(axis=1)
    wanted = [truth[start:end].sum() for start, end in edges]
    assert spans.within(edges[:, 0], edges[:, 1]).tolist() == wanted
    assert np.array_equal(marked(spans.shared(more).pairs()), truth & other)


def test_no_span_covers_nothing():
    none = TickSpans.of(())
    assert none.pairs() == []
    assert none.within(np.array([3]), np.array([9])).tolist() == [0]
    assert not none.cover(np.array([3])).any()

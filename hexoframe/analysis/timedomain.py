"""Time domain of intervals between beats: every span at once, by counting.

Arrays in, arrays out; when a figure counts, and what a row says, is for `hrv`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.analysis.bins import ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.beats import RRSeries

    Figures = dict[str, NDArray[np.float64]]
    Rows = NDArray[np.int64]

__all__ = ["differences", "time_domain"]

_PNN_MS = 50
# The usual bin of the triangular index: 1/128 s, two ticks of a Hexoskin.
_BINS_A_SECOND = 128
_LONGEST_BIN = 1 << 16


def time_domain(series: RRSeries, lows: Rows, highs: Rows) -> Figures:
    """Return the time domain of spans, an array a figure.

    Parameters
    ----------
    series : RRSeries
        The beats.
    lows, highs : ndarray of int64, shape (n,), in ticks
        Spans hold the beats stamped from `lows` up to, not including, `highs`, and the
        pairs of which both beats are in them. They may overlap.

    Returns
    -------
    dict of ndarray of float64, shape (n,)
        As `hexoframe.analysis.compute_hrv_time` names them; NaN where there are too few
        beats for a figure.
    """
    count = len(lows)
    first = np.searchsorted(series.ticks, lows).astype(np.int64)
    last = np.maximum(first, np.searchsorted(series.ticks, highs))
    rows = ranges(first, last)
    span = np.repeat(np.arange(count), last - first)
    kept = series.counts[rows]
    pair = series.pairs[rows] & (rows > np.repeat(first, last - first))
    ms = series.milliseconds
    with np.errstate(divide="ignore", invalid="ignore"):
        beats = _Moments(ms[rows[kept]], span[kept], count)
        later = rows[pair]
        steps = _Moments(ms[later] - ms[later - 1], span[pair], count)
        sums = _Moments(ms[later] + ms[later - 1], span[pair], count)
        # Compared in ticks, where 50 ms has no rounding.
        apart = np.abs(series.intervals[later] - series.intervals[later - 1])
        wide = apart * 1000 > _PNN_MS * series.clock
        return {
            "n_beats": beats.number,
            "n_pairs": steps.number,
            "mean_nn": beats.mean,
            "mean_hr": 60_000 / beats.mean,
            "sdnn": beats.spread,
            "rmssd": steps.root_mean_square,
            "pnn50": 100 * np.bincount(span[pair], wide, count) / steps.number,
            "sd1": steps.spread / np.sqrt(2),
            "sd2": sums.spread / np.sqrt(2),
            "triangular_index": beats.number
            / _highest(series, rows[kept], span[kept], count),
        }


def differences(series: RRSeries, lows: Rows, highs: Rows) -> Figures:
    """Return ``n_beats``, ``n_pairs`` and ``rmssd`` of `time_domain`, but sooner.

    Sums of whole ticks are exact, so that spans are differences of sums.
    """
    first = np.searchsorted(series.ticks, lows).astype(np.int64)
    last = np.maximum(first, np.searchsorted(series.ticks, highs))
    # The pair of the first beat of a span begins before it.
    inner = np.minimum(first + 1, last)
    pairs = series.pairs
    steps = np.diff(series.intervals, prepend=0)
    squares, number, beats = (
        np.concatenate(([0], np.cumsum(each, dtype=np.int64)))
        for each in (np.where(pairs, steps**2, 0), pairs, series.counts)
    )
    n_pairs = (number[last] - number[inner]).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (squares[last] - squares[inner]) / n_pairs
    return {
        "n_beats": (beats[last] - beats[first]).astype(np.float64),
        "n_pairs": n_pairs,
        "rmssd": np.sqrt(mean) * 1000 / series.clock,
    }


class _Moments:
    """Number, mean and standard deviation of the values of each span."""

    def __init__(self, values: NDArray[np.float64], span: Rows, count: int) -> None:
        self.number = np.bincount(span, minlength=count).astype(np.float64)
        self.mean = np.bincount(span, values, count) / self.number
        around = np.bincount(span, (values - self.mean[span]) ** 2, count)
        self.spread = np.sqrt(
            around / np.where(self.number > 1, self.number - 1, np.nan)
        )
        squares = np.bincount(span, values**2, count) / self.number
        self.root_mean_square = np.sqrt(squares)


def _highest(series: RRSeries, rows: Rows, span: Rows, count: int) -> Rows:
    """Return the number of intervals in the fullest bin of each span."""
    bins = series.intervals[rows] * _BINS_A_SECOND // series.clock
    bins = np.minimum(bins, _LONGEST_BIN - 1)
    filled, number = np.unique(span * _LONGEST_BIN + bins, return_counts=True)
    highest = np.zeros(count, np.int64)
    np.maximum.at(highest, filled // _LONGEST_BIN, number)
    return highest

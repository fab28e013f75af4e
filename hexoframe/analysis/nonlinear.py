"""Sample entropy and detrended fluctuations of intervals between beats.

Both look at beats that follow each other, so a hole ends a run of beats, and nothing is
computed across it. Arrays in, numbers out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.analysis.bins import ranges
from hexoframe.analysis.extras import part_of_scipy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Marks = NDArray[np.bool_]
    Values = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["MOST_BEATS", "NonlinearFigures", "nonlinear_figures"]

MOST_BEATS = 5000
"""Sample entropy is one of windows: its time grows with the square of the beats."""
_LENGTH = 2
_RADIUS = 0.2
_SHORT = np.arange(4, 17)
_LONG = np.arange(16, 65)
# With so few boxes of the longest size there is no slope.
_BOXES = 2


class NonlinearFigures(NamedTuple):
    """Sample entropy, and the slopes of the fluctuations over 4-16 and 16-64 beats.

    NaN where the beats are too few, or all intervals equal.
    """

    sampen: float
    dfa_a1: float
    dfa_a2: float


def nonlinear_figures(values: Values, follows: Marks) -> NonlinearFigures:
    """Return the nonlinear figures of intervals.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Intervals that count.
    follows : ndarray of bool, shape (n,)
        Which of them begin where the one before ends.

    Returns
    -------
    NonlinearFigures
        They do not depend on the unit of `values`.
    """
    spread = float(values.std()) if len(values) else 0.0
    if not spread:
        return NonlinearFigures(np.nan, np.nan, np.nan)
    short, long = (_slope(values, follows, sizes) for sizes in (_SHORT, _LONG))
    entropy = (
        _entropy(values, follows, _RADIUS * spread)
        if len(values) <= MOST_BEATS
        else np.nan
    )
    return NonlinearFigures(entropy, short, long)


def _entropy(values: Values, follows: Marks, radius: float) -> float:
    """Return -ln(A / B): of B pairs of two beats alike, A are alike in a third."""
    spatial = part_of_scipy("spatial", "sample entropy")
    # Of all templates the next beat is known.
    whole = np.convolve(follows[1:], np.ones(_LENGTH), "valid") == _LENGTH
    first = np.flatnonzero(whole)
    if len(first) < 2:
        return np.nan
    alike = []
    for length in (_LENGTH, _LENGTH + 1):
        templates = values[first[:, None] + np.arange(length)]
        tree = spatial.KDTree(templates)
        found = tree.count_neighbors(tree, radius, p=np.inf)
        # Each pair is found from both sides, and each template finds itself.
        alike.append((int(found) - len(first)) // 2)
    return float(-np.log(alike[1] / alike[0])) if alike[1] else np.nan


def _slope(values: Values, follows: Marks, sizes: Rows) -> float:
    """Return the slope of log F(n) over log n, by least squares over all sizes.

    F(n) is the root of the mean square of the summed deviations from the mean, less a
    straight line in each box of n beats. Boxes follow each other from the start of each
    run of neighbours; beats that fill no box are left out.
    """
    starts = np.flatnonzero(~follows)
    if not len(starts) or starts[0]:
        starts = np.concatenate(([0], starts))
    lengths = np.diff(np.append(starts, len(values)))
    if (lengths // sizes[-1]).sum() < _BOXES:
        return np.nan
    profile = np.cumsum(values - values.mean())
    sizes_of = [_mean_square(profile, starts, lengths, int(size)) for size in sizes]
    squares = np.array(sizes_of)
    if not (squares > 0).all():
        return np.nan
    return float(np.polyfit(np.log(sizes), np.log(squares) / 2, 1)[0])


def _mean_square(profile: Values, starts: Rows, lengths: Rows, size: int) -> float:
    """Return the mean square of the profile around straight lines in its boxes."""
    boxes = lengths // size
    number = ranges(np.zeros_like(boxes), boxes)
    first = np.repeat(starts, boxes) + size * number
    heights = profile[first[:, None] + np.arange(size)]
    heights = heights - heights.mean(axis=1, keepdims=True)
    steps = np.arange(size) - (size - 1) / 2
    slopes = heights @ steps / (steps @ steps)
    return float(np.mean((heights - slopes[:, None] * steps) ** 2))

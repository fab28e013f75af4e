"""Limits of panels, from values that may be believed; what lies beyond is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.plotting.decimation import extremes_outside, outside
from hexoframe.plotting.figures import nanoseconds
from hexoframe.plotting.windows import absent_of, union_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    Values = NDArray[np.floating]

__all__ = ["fair_limits", "limit_panel", "mark_beyond"]

# Part of the values that may lie beyond the limits, at either side.
_LEFT_OUT = 0.005
# So many samples tell what nearly all are.
_MOST = 100_000
# They do where the others take less than one in so many parts of the height.
_FLATTENED = 2.0
# Room beyond nearly all values, and above and below lines, as parts of their height.
_MORE, _ROOM = 0.2, 0.05


def fair_limits(
    values: Values, ends: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Return the limits of a panel that shows some values; at least one is needed.

    They hold all values, unless a few at either end would flatten all others. The
    `ends` are the least and the greatest where the values are only some of all.
    """
    low, high = (float(values.min()), float(values.max())) if ends is None else ends
    least, most = np.quantile(values, [_LEFT_OUT, 1 - _LEFT_OUT]).tolist()
    # Where nearly all values are the same, the few others are what there is to see.
    if 0 < (most - least) * _FLATTENED < high - low:
        room = _MORE * (most - least)
        low, high = max(low, least - room), min(high, most + room)
    # A line that never moves is drawn in the middle of a range.
    room = _ROOM * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def limit_panel(
    axes: Axes, drawn: Sequence[Line2D], spans: pd.DataFrame, *, is_wave: bool
) -> None:
    """Set the limits of a panel to what may be believed, and mark what lies beyond.

    That is what lies outside of the bad `spans` (start, end, absent): a loose electrode
    swings to the limits of its amplifier and would flatten the rest. Where all of it is
    doubtful, the limits are those of what was measured; else of everything. Of a
    waveform nearly all samples are shown; of others nearly all pixel columns, since
    what is rare in them, such as a walk in a night, is what there is to see.
    """
    absent = absent_of(spans)
    for bad in (union_of(spans), absent, np.empty((0, 2), np.int64)):
        believed = (_believed(line, bad, is_wave=is_wave) for line in drawn)
        found = [one for one in believed if len(one.some)]
        if found:
            ends = min(one.low for one in found), max(one.high for one in found)
            axes.set_ylim(
                fair_limits(np.concatenate([one.some for one in found]), ends)
            )
            mark_beyond(axes, drawn, absent)
            return


def mark_beyond(
    axes: Axes, drawn: Sequence[Line2D], absent: NDArray[np.int64] | None = None
) -> None:
    """Mark at the edges where lines or dots lie beyond the limits, also after a zoom.

    Without marks in `absent` spans, in which nothing was measured.
    """
    from hexoframe.plotting.artists import EdgeMarks  # noqa: PLC0415  # matplotlib

    spans = np.empty((0, 2), np.int64) if absent is None else absent
    for line in drawn:
        for above in (True, False):
            marks = EdgeMarks(line, spans, above=above)
            marks.put_on(axes)
            if not marks.is_used:
                marks.remove()


class _Believed(NamedTuple):
    """Values of a line: those that say what nearly all are, and the ends of all."""

    some: Values
    low: float = np.nan
    high: float = np.nan


def _believed(line: Line2D, bad: NDArray[np.int64], *, is_wave: bool) -> _Believed:
    """Return what of a line or of dots lies outside of bad spans."""
    from hexoframe.plotting.artists import LiveLine  # noqa: PLC0415  # matplotlib

    x, y = (np.asarray(one, dtype=np.float64) for one in line.get_data())
    ends: Values = y[~np.isnan(y) & outside(nanoseconds(x), bad)]
    some = ends
    if isinstance(line, LiveLine) and is_wave:
        every = slice(None, None, 1 + len(line.samples.stamps) // _MOST)
        some = line.samples.heights[every][outside(line.samples.stamps[every], bad)]
        # A doubtful extreme may hide a lesser one that may be believed.
        ends = np.concatenate((ends, some))
    elif isinstance(line, LiveLine) and len(bad):
        some = ends = extremes_outside(line.samples, line.columns, bad)
    if not len(some):
        return _Believed(some)
    return _Believed(some, float(ends.min()), float(ends.max()))

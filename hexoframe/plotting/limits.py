"""Limits of panels, from values that may be believed; what lies beyond is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.plotting.decimation import envelope, extremes_outside, outside
from hexoframe.plotting.figures import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from hexoframe.plotting.artists import LiveLine

    Values = NDArray[np.floating]
    Spans = NDArray[np.int64]

__all__ = ["fair_limits", "limit_panel", "mark_beyond"]

# Part of the values that may lie beyond the limits, at either side.
_LEFT_OUT = 0.005
# So many samples tell what nearly all are.
_MOST = 100_000
# Part of the pixel columns whose waves are within the limits.
_USUAL = 0.75
# They do where the others take less than one in so many parts of the height.
_FLATTENED = 2.0
# Room beyond nearly all values, and above and below lines, as parts of their height.
_MORE, _ROOM = 0.2, 0.05


class _Reach(NamedTuple):
    """From where to where values reach: nearly all of them, and all of them."""

    least: float
    most: float
    low: float
    high: float


def fair_limits(values: Values) -> tuple[float, float]:
    """Return the limits of a panel that shows some values; at least one is needed.

    They hold all values, unless a few at either end would flatten all others.
    """
    return _limits(_reach_of(values))


def _reach_of(values: Values) -> _Reach:
    least, most = np.quantile(values, [_LEFT_OUT, 1 - _LEFT_OUT]).tolist()
    return _Reach(least, most, float(values.min()), float(values.max()))


def _limits(reach: _Reach) -> tuple[float, float]:
    least, most, low, high = reach
    # Where nearly all values are the same, the few others are what there is to see.
    if 0 < (most - least) * _FLATTENED < high - low:
        room = _MORE * (most - least)
        low, high = max(low, least - room), min(high, most + room)
    # A line that never moves is drawn in the middle of a range.
    room = _ROOM * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def limit_panel(
    axes: Axes, drawn: Sequence[Line2D], spans: Spans, absent: Spans, *, is_wave: bool
) -> None:
    """Set the limits of a panel to what may be believed, and mark what lies beyond.

    That is what lies outside of the bad `spans` (ascending, in ns), among which are the
    `absent` ones, in which nothing was measured: a loose electrode swings to the limits
    of its amplifier and would flatten the rest. Where all of it is doubtful, the limits
    are those of what was measured; else of everything. Of a waveform nearly all samples
    are shown; of others nearly all pixel columns, since what is rare in them, such as a
    walk in a night, is what there is to see.
    """
    for bad in (spans, absent, absent[:0]):
        found = [_reach(line, bad, is_wave=is_wave) for line in drawn]
        reaches = np.array([each for each in found if each is not None])
        if len(reaches):
            (least, _, low, _), (_, most, _, high) = reaches.min(0), reaches.max(0)
            axes.set_ylim(_limits(_Reach(least, most, low, high)))
            mark_beyond(axes, drawn, absent)
            return


def mark_beyond(
    axes: Axes, drawn: Sequence[Line2D], absent: Spans | None = None
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


def _reach(line: Line2D, bad: Spans, *, is_wave: bool) -> _Reach | None:
    """Return the reach of a line or of dots outside of bad spans; None without any."""
    from hexoframe.plotting.artists import LiveLine  # noqa: PLC0415  # matplotlib

    if not isinstance(line, LiveLine):
        x, y = (np.asarray(one, dtype=np.float64) for one in line.get_data())
        heights: Values = y[outside(nanoseconds(x), bad)]
    elif is_wave:
        return _reach_of_wave(line, bad)
    else:
        heights = extremes_outside(line.samples, line.columns, bad)
    return _reach_of(heights) if len(heights) else None


def _reach_of_wave(line: LiveLine, bad: Spans) -> _Reach | None:
    """Return the reach of nearly all samples, and of the waves of most columns."""
    stamps, heights, _ = line.samples
    every = slice(None, None, 1 + len(stamps) // _MOST)
    some = heights[every][outside(stamps[every], bad)]
    if not len(some):
        return None
    kept = outside(line.drawn.stamps, bad)
    drawn = line.drawn._replace(
        stamps=line.drawn.stamps[kept], heights=line.drawn.heights[kept]
    )
    bands = envelope(drawn, line.columns)
    least, most, low, high = _reach_of(some)
    if bands:
        # A peak as short as that of a heart beat may be less than one in 200 samples.
        lows, highs = (
            np.concatenate(one) for one in list(zip(*bands, strict=True))[1:]
        )
        least = min(least, float(np.quantile(lows, 1 - _USUAL)))
        most = max(most, float(np.quantile(highs, _USUAL)))
        low, high = min(low, float(lows.min())), max(high, float(highs.max()))
    return _Reach(least, most, low, high)

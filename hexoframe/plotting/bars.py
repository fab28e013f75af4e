"""States and flags over time: a row a code, never a number on an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.analysis.quality import runs
from hexoframe.channels import codes_of
from hexoframe.plotting.style import FAINT, INK, SMALL, label_of
from hexoframe.plotting.windows import stamps_of
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from hexoframe.plotting.windows import Subject, Window

    Edges = NDArray[np.int64]

__all__ = ["draw_codes", "row_names", "state_spans"]

_HALF_HEIGHT = 0.22


def state_spans(subject: Subject, window: Window) -> tuple[Edges, NDArray[np.int64]]:
    """Return from when to when each state held in a window, and its code.

    Returns
    -------
    edges : ndarray of int64, shape (n, 2), in ns
        A state holds until the next one, so the first one may have begun before the
        window, and the last one holds to its end.
    codes : ndarray of int64, shape (n,)
        Without the spans of which nothing is known.
    """
    stamps = stamps_of(subject.frame)
    values = subject.frame[subject.channel.columns[0]].to_numpy()
    ends = np.concatenate((stamps[1:], [window.last]))[: len(stamps)]
    edges = np.clip(np.stack((stamps, ends), axis=1), window.first, window.last)
    known = ~np.isnan(values) & (edges[:, 1] > edges[:, 0])
    return edges[known], values[known].astype(np.int64)


def row_names(subject: Subject, window: Window) -> dict[int, str]:
    """Return the codes that occur in a window by value, from the lowest row up.

    A flag is a bit; a value that the table does not know is called by its number.
    """
    row = subject.channel.datatypes[0]
    codes = {code.value: code.name for code in codes_of(row.codes)}
    if row.align == "or":
        values = subject.cut(window).frame[row.column].dropna().to_numpy()
        bits = int(np.bitwise_or.reduce(values.astype(np.int64), initial=0))
        present = [
            1 << place for place in range(bits.bit_length()) if bits >> place & 1
        ]
        # From the top down in the order of the table.
        present.reverse()
    else:
        present = np.unique(state_spans(subject, window)[1]).tolist()
    return {value: label_of(codes.get(value, str(value))) for value in present}


def draw_codes(axes: Axes, subject: Subject, window: Window) -> bool:
    """Draw states or flags as bars, a row a code that occurs; False if none does."""
    names = row_names(subject, window)
    flags = subject.channel.datatypes[0].align == "or"
    if flags:
        _draw_rows(axes, _flag_spans(subject.cut(window), list(names)))
    else:
        _draw_states(axes, subject, window, list(names))
    axes.set_yticks(range(len(names)), list(names.values()), fontsize=SMALL)
    axes.set_ylim(-0.6, max(len(names), 1) - 0.4)
    axes.tick_params(axis="y", length=0)
    return bool(names)


def _draw_states(
    axes: Axes, subject: Subject, window: Window, present: list[int]
) -> None:
    from hexoframe.plotting.lines import days  # noqa: PLC0415

    edges, codes = state_spans(subject, window)
    _draw_rows(axes, {row: edges[codes == code] for row, code in enumerate(present)})
    # A thin line leads from one state to the next, where they follow each other.
    height = np.searchsorted(present, codes)
    follow = np.flatnonzero(edges[1:, 0] == edges[:-1, 1])
    low = np.minimum(height[follow], height[follow + 1])
    high = np.maximum(height[follow], height[follow + 1])
    axes.vlines(days(edges[follow, 1]), low, high, color=FAINT, linewidth=0.6)


def _flag_spans(subject: Subject, present: list[int]) -> dict[int, Edges]:
    """Return from when to when each flag was set."""
    channel = subject.channel
    values = np.nan_to_num(subject.frame[channel.columns[0]].to_numpy())
    bits = values.astype(np.int64)
    # A flag speaks of the step before its stamp; at an event it has no length.
    step = round((channel.ticks or 0) * NS_PER_TICK[channel.clock])
    stamps = stamps_of(subject.frame)
    spans = [list(runs(stamps, (bits & value) != 0, step)) for value in present]
    return {row: np.array(one) - [step, 0] for row, one in enumerate(spans)}


def _draw_rows(axes: Axes, rows: dict[int, Edges]) -> None:
    from hexoframe.plotting.lines import days  # noqa: PLC0415

    for row, edges in rows.items():
        begin, end = days(edges[:, 0]), days(edges[:, 1])
        axes.broken_barh(
            list(zip(begin, end - begin, strict=True)),
            (row - _HALF_HEIGHT, 2 * _HALF_HEIGHT),
            facecolor=INK,
            edgecolor=INK,
            linewidth=0.5,
        )

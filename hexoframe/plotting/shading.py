"""Shades behind the lines: where nothing was measured, and where doubt is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.plotting.style import ABSENT, DOUBTFUL, SMALL
from hexoframe.plotting.windows import stamps_of
from hexoframe.recording.gaps import Receipt
from hexoframe.recording.survey import survey_channel
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hexoframe.channels.calibration import Scale
    from hexoframe.plotting.decimation import Samples
    from hexoframe.plotting.windows import Subject, Window
    from hexoframe.recording.gaps import Gap

    Edges = NDArray[np.int64]

__all__ = ["draw_shade", "holes", "measured_rows", "shade_legend"]

# Absent and doubtful, as they stand in a legend.
_MEANINGS = {
    True: (ABSENT, "nothing measured: no samples, no signal, sensor off"),
    False: (DOUBTFUL, "doubtful: flagged or clipped"),
}
_VEIL = 0.8


def holes(
    subject: Subject, window: Window, lines: Mapping[str, Samples]
) -> pd.DataFrame:
    """Return the spans of a frame without samples, as `bad_spans` has them.

    This is what a frame alone can tell; flags stand in another one. `lines` are those
    of the subject, which has been looked at for them.
    """
    channel = subject.channel
    ns = NS_PER_TICK[channel.clock]
    span = (window.first // ns, -(-window.last // ns))
    scale: Scale = "physical" if subject.scale == "physical" else "raw"
    gaps: tuple[Gap, ...] = ()
    if not _is_whole(subject, window, lines):
        gaps = survey_channel(channel, subject.frame, span, Receipt(), scale=scale).gaps
    table = pd.DataFrame(
        {
            "start": np.array([gap.start * ns for gap in gaps], dtype=np.int64),
            "end": np.array([gap.end * ns for gap in gaps], dtype=np.int64),
            "reason": [gap.kind for gap in gaps],
            "absent": True,
        }
    )
    for column in ("start", "end"):
        table[column] = pd.to_datetime(table[column], unit="ns", utc=True)
    return table


def _is_whole(subject: Subject, window: Window, lines: Mapping[str, Samples]) -> bool:
    """Whether the lines leave nothing out, from one end of the window to the other."""
    rows = len(subject.frame)
    if subject.channel.ticks is None or not rows:
        return False
    whole = [
        len(line.stamps) == rows and not len(line.breaks) for line in lines.values()
    ]
    step, stamps = subject.step_ns(), stamps_of(subject.frame)
    begin = stamps[0] - subject.channel.first_sample * step
    end = stamps[-1] + (1 - subject.channel.first_sample) * step
    reaches = begin - window.first < step / 2 and window.last - end < step / 2
    return len(whole) == len(subject.channel.columns) and all(whole) and bool(reaches)


def draw_shade(axes: Axes, spans: pd.DataFrame, window: Window) -> set[bool]:
    """Shade spans over the height of a panel.

    Parameters
    ----------
    axes : Axes
        Panel.
    spans : DataFrame
        With start, end and absent, as `bad_spans` gives them.
    window : Window
        Spans outside are left out.

    Returns
    -------
    set of bool
        Which shades were used: True for absent.
    """
    from hexoframe.plotting.lines import days  # noqa: PLC0415

    used = set()
    for absent in (False, True):
        some = spans[spans["absent"].to_numpy() == absent]
        edges = union_of(some)
        inside = (edges[:, 1] >= window.first) & (edges[:, 0] <= window.last)
        edges = np.clip(edges[inside], window.first, window.last)
        if not len(edges):
            continue
        used.add(absent)
        begin, end = days(edges[:, 0]), days(edges[:, 1])
        axes.broken_barh(
            list(zip(begin, end - begin, strict=True)),
            (0, 1),
            transform=axes.get_xaxis_transform(),
            facecolor=_MEANINGS[absent][0],
            # A span narrower than a pixel is still seen.
            edgecolor=_MEANINGS[absent][0],
            linewidth=0.5,
            # What was not measured lies under a veil, be it drawn.
            alpha=_VEIL if absent else None,
            zorder=2.8 if absent else 0.1,
            label=f"_{'absent' if absent else 'doubtful'}",
        )
    return used


def union_of(spans: pd.DataFrame) -> Edges:
    """Return spans as ns that do not overlap, shape (n, 2), in ascending order."""
    starts, ends = (
        pd.DatetimeIndex(spans[name]).as_unit("ns").asi8 for name in ("start", "end")
    )
    if not len(starts):
        return np.empty((0, 2), dtype=np.int64)
    order = np.argsort(starts, kind="stable")
    starts, reached = starts[order], np.maximum.accumulate(ends[order])
    new = np.concatenate(([True], starts[1:] > reached[:-1]))
    last = np.concatenate((np.flatnonzero(new)[1:] - 1, [len(starts) - 1]))
    return np.stack((starts[new], reached[last]), axis=1)


def measured_rows(stamps: NDArray[np.int64], spans: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which times lie outside the spans in which nothing was measured."""
    absent = union_of(spans[spans["absent"].to_numpy()])
    if not len(absent):
        return np.ones(len(stamps), dtype=np.bool_)
    at = np.searchsorted(absent[:, 0], stamps, side="right") - 1
    inside: NDArray[np.bool_] = (at >= 0) & (stamps <= absent[at, 1])
    return ~inside


def shade_legend(
    figure: Figure, used: Iterable[bool], more: Iterable[Any] = ()
) -> None:
    """Say above the panels what the shades mean that were used."""
    from matplotlib.patches import Patch  # noqa: PLC0415

    handles = [
        Patch(facecolor=colour, label=text)
        for absent, (colour, text) in _MEANINGS.items()
        if absent in set(used)
    ]
    handles += more
    if handles:
        figure.legend(
            handles=handles,
            loc="upper right",
            ncols=len(handles),
            fontsize=SMALL,
            frameon=False,
            borderaxespad=0.2,
            handlelength=1.4,
        )

"""Variability of the heart rate: RMSSD, LF and HF over the record, and the spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.analysis.hrv import compute_hrv, spectrum_of_record
from hexoframe.analysis.spectrum import BANDS, STEP_S, band_powers
from hexoframe.errors import ConfigurationError
from hexoframe.plotting.figures import (
    DOUBTFUL,
    FAINT,
    FONT,
    INK,
    LINES,
    SMALL,
    WIDTH,
    days,
    entitle,
    explain_colours,
    explain_marks,
    given_axes,
    picture,
    pyplot,
    say_empty,
    tidy,
)
from hexoframe.plotting.panels import draw_shade, show_time
from hexoframe.plotting.titles import title_of
from hexoframe.plotting.windows import record_window, window_of_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hexoframe.plotting import PictureRequest
    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.plotting.windows import Window

__all__ = ["plot_hrv", "record_hrv"]

_HEIGHT = 4.3
_NEEDED = ("start", "end", "rmssd", "lf", "hf")
# From the axis to the name of the first band.
_CLEAR_HZ = 0.004
# So many decades below its highest point, a spectrum is drawn.
_DECADES = 1e4


def plot_hrv(
    table: pd.DataFrame, spectrum: pd.DataFrame, *, ax: Given | None = None
) -> FigureAxes:
    """Draw variability over time, and its spectrum.

    Parameters
    ----------
    table : DataFrame
        ``record.hrv()``: a line as long as its window for each figure. Windows without
        figures are shaded.
    spectrum : DataFrame
        What `hexoframe.analysis.compute_hrv_spectrum` returns.
    ax : sequence of three Axes, optional
        Where to draw.

    Returns
    -------
    fig : Figure
        The figure.
    axes : array of Axes
        RMSSD, LF and HF, spectrum.

    Raises
    ------
    ConfigurationError
        If `table` is no such table, or `ax` not three Axes.
    """
    lacks = [name for name in _NEEDED if name not in table]
    if lacks:
        raise ConfigurationError(
            f"the table has no column {lacks[0]!r}: give what record.hrv() returns"
        )
    if not len(table):
        raise ConfigurationError("the table has no row: give windows, as record.hrv()")
    return _draw(table, spectrum, window_of_table(table, "record.hrv()"), None, ax)


def record_hrv(request: PictureRequest) -> FigureAxes:
    """Draw the variability of a record in windows of five minutes."""
    window = record_window(request.record, request.start, request.duration)
    part, ax = request.part(), request.ax
    spectrum = spectrum_of_record(part)
    return _draw(compute_hrv(part), spectrum, window, request.record.name, ax)


def _draw(
    table: pd.DataFrame,
    spectrum: pd.DataFrame,
    window: Window,
    record: object,
    ax: Given | None,
) -> FigureAxes:
    figure, axes = _new_axes() if ax is None else given_axes("plot_hrv", ax, 3)
    for one in axes:
        tidy(one)
    show_time(axes[:2], window)
    counts = table["rmssd"].notna().to_numpy()
    spans = table.loc[~counts, ["start", "end"]].assign(absent=False)
    shaded = False
    for panel, names, unit in (
        (axes[0], ("rmssd",), "ms"),
        (axes[1], ("lf", "hf"), "ms²"),
    ):
        shaded |= bool(draw_shade(panel, spans, window))
        _draw_levels(panel, table, names)
        label = " and ".join(name.upper() for name in names)
        panel.set_ylabel(f"{label} ({unit})", fontsize=FONT)
        if not counts.any():
            say_empty(panel, "no window has enough beats")
    _draw_spectrum(axes[2], spectrum)
    if shaded and ax is None:
        explain_colours(figure, [(DOUBTFUL, "too few beats that count")])
    if ax is None:
        entitle(figure, title_of("Heart rate variability", window, record))
    return picture(figure, axes)


def _new_axes() -> tuple[Figure, list[Axes]]:
    figure: Figure = pyplot().figure(figsize=(WIDTH, _HEIGHT))
    room = {"left": 0.075, "right": 0.985, "bottom": 0.16, "top": 0.84}
    grid = figure.add_gridspec(
        2, 2, width_ratios=(2.0, 1.0), wspace=0.24, hspace=0.22, **room
    )
    first = figure.add_subplot(grid[0, 0])
    second = figure.add_subplot(grid[1, 0], sharex=first)
    return figure, [first, second, figure.add_subplot(grid[:, 1])]


def _draw_levels(axes: Axes, table: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Draw each figure as a level from the start to the end of its window."""
    starts, ends = (
        days(pd.DatetimeIndex(table[name]).as_unit("ns").asi8)
        for name in ("start", "end")
    )
    marks: list[Any] = []
    several = len(names) > 1
    for place, name in enumerate(names):
        values = table[name].to_numpy()
        known = ~np.isnan(values) & (values > 0 if several else True)
        if not known.any():
            continue
        colour = LINES[place + several]
        # The rows of a window, with a break after each.
        x = np.stack((starts, ends, ends), axis=1)[known].ravel()
        y = np.stack((values, values, np.full(len(values), np.nan)), axis=1)[known]
        marks += axes.plot(
            x,
            y.ravel(),
            color=colour,
            linewidth=1.8,
            solid_capstyle="butt",
            label=name.upper(),
            linestyle="-",
        )
    if several:
        _plain_log(axes)
        explain_marks(axes, marks)
    elif marks and not table[names[0]].isna().all():
        axes.set_ylim(0, 1.15 * float(table[names[0]].max()) or 1.0)


def _plain_log(axes: Axes) -> None:
    """Make the scale logarithmic, with plain numbers that fit beside a low panel."""
    from matplotlib.ticker import LogLocator, NullLocator  # noqa: PLC0415  # an extra

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=7))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.margins(y=0.15)


def _draw_spectrum(axes: Axes, spectrum: pd.DataFrame) -> None:
    """Draw a spectrum on a logarithmic scale, with the bands and their power."""
    density = spectrum["psd"].to_numpy()
    frequency = spectrum.index.to_numpy(dtype=np.float64)
    axes.set_xlabel("frequency (Hz)", fontsize=FONT)
    axes.set_ylabel("power density (ms²/Hz)", fontsize=FONT)
    axes.set_xlim(0, float(frequency[-1]))
    if not (density > 0).any():
        say_empty(axes, "no spectrum")
        return
    axes.set_yscale("log")
    axes.plot(frequency, density, color=INK, linewidth=1.0)
    highest = float(np.nanmax(density))
    axes.set_ylim(
        max(float(np.nanmin(density[density > 0])), highest / _DECADES) / 1.5,
        highest * 40,
    )
    power = band_powers(density[None])
    for name, (low, high) in BANDS.items():
        begin, end = (edge / STEP_S for edge in (low, high))
        if low > 1:
            axes.axvline(begin, color=FAINT, linewidth=0.6, linestyle=":")
        # The band of VLF is too narrow for its text, which stands below the others.
        is_narrow = name == "vlf"
        axes.text(
            begin + _CLEAR_HZ
            if is_narrow
            else (begin + min(end, float(frequency[-1]))) / 2,
            0.87 if is_narrow else 0.985,
            f"{name.upper()}\n{power[name][0]:.0f} ms²",
            transform=axes.get_xaxis_transform(),
            ha="left" if is_narrow else "center",
            va="top",
            fontsize=SMALL,
        )

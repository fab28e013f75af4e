"""Pictures of frames and records: functions that return a figure and its axes.

Each takes ``ax=`` to draw into a figure of the caller, shows nothing by itself and
changes no setting of matplotlib, which is imported when something is drawn (extra
``plot``).

`PICTURES` lists the pictures of a record, which ``record.plot(name)`` draws. A new one
is a module with a function that takes a `PictureRequest`, and a line in the list.
`follow` draws a record that is still being recorded. They share these modules:

============ ==========================================================================
figures      figures, axes, colours, legends
titles       what is shown, of which record, from when to when
limits       limits of panels, and marks for what lies beyond
windows      what is shown: a channel in a window of time, its samples, gaps and beats
panels       views of channels drawn under each other on one time axis
artists      lines, marks and time ticks that adapt to the view (imports matplotlib)
spans        what spans of time cover together, and what nothing was measured in
decimation   few samples that draw the same picture as all of them
============ ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import pandas as pd

from hexoframe.analysis.beattable import beat_table
from hexoframe.analysis.breathing import summarise_breathing
from hexoframe.analysis.breaths import list_breaths
from hexoframe.analysis.ecgcheck import assess_ecg, median_beat
from hexoframe.analysis.quality import bad_spans
from hexoframe.analysis.summary import summarise
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.plotting.activity import plot_activity, record_activity
from hexoframe.plotting.beats import plot_beats, record_beats
from hexoframe.plotting.breaths import plot_breaths, record_breaths
from hexoframe.plotting.channel import plot_channel, record_channel
from hexoframe.plotting.coverage import plot_coverage, record_coverage
from hexoframe.plotting.ecg import plot_ecg, record_ecg
from hexoframe.plotting.figures import is_empty, pyplot
from hexoframe.plotting.hrv import plot_hrv, record_hrv
from hexoframe.plotting.live import follow
from hexoframe.plotting.overview import plot_overview, record_overview
from hexoframe.plotting.respiration import plot_respiration, record_respiration
from hexoframe.plotting.rr import plot_rr, record_rr
from hexoframe.plotting.sleep import plot_sleep, record_sleep
from hexoframe.plotting.summary import plot_summary, record_summary
from hexoframe.plotting.windows import record_window, span_until
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from hexoframe.plotting.figures import FigureAxes, Given
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps.moments import Length, Moment

__all__ = [
    "follow",
    "plot_activity",
    "plot_beats",
    "plot_breaths",
    "plot_channel",
    "plot_coverage",
    "plot_ecg",
    "plot_hrv",
    "plot_overview",
    "plot_record",
    "plot_respiration",
    "plot_rr",
    "plot_sleep",
    "plot_summary",
]


class PictureKeywords(TypedDict):
    """Keywords that every picture of a frame takes."""

    start: pd.Timestamp
    duration: pd.Timedelta | None
    ax: Given | None


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """What a picture of a record is drawn from: the record, and what the user gave.

    `key` is the name of the picture or channel as it was given.
    """

    record: RecordData
    key: str | int
    start: Moment | None = None
    duration: Length | None = None
    ax: Given | None = None

    def keywords(self) -> PictureKeywords:
        """Return start, duration and ax for a picture of a frame.

        Without a start the record's own is taken, so that the whole record is shown
        even where its channel is shorter.
        """
        window = record_window(self.record, self.start, self.duration)
        length = pd.Timedelta(window.last - window.first, unit="ns")
        return {"start": window.begin, "duration": length or None, "ax": self.ax}

    def part(self) -> RecordData:
        """Return the record cut to what is shown: all, without start and length."""
        if self.start is None and self.duration is None:
            return self.record
        window = record_window(self.record, self.start, self.duration)
        ns = NS_PER_TICK[self.record.clock]
        return self.record.cut(-(-window.first // ns), -(-window.last // ns))

    def summary(self, by: str) -> pd.DataFrame:
        """Return the summary of what is shown, a row a span and metric."""
        return summarise(self.part(), by)

    def beats(self) -> tuple[pd.DataFrame, pd.DataFrame | None, pd.DataFrame | None]:
        """Return the beats of what is shown; with an ECG, their likeness and median."""
        part = self.part()
        table = beat_table(part)
        if "ecg" not in part:
            return table, None, None
        return table, assess_ecg(part, "beat"), median_beat(part)

    def breaths(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the breaths of what is shown, and the breathing of five minutes."""
        part = self.part()
        return list_breaths(part), summarise_breathing(part)

    def frame(self, name: str) -> pd.DataFrame | None:
        """Return a channel if the record has it."""
        known = name in channels_of(self.record.family) and name in self.record
        return self.record[name] if known else None

    def frames(self, *names: str) -> dict[str, pd.DataFrame]:
        """Return those of some channels that the record has."""
        found = ((name, self.frame(name)) for name in names)
        return {name: frame for name, frame in found if frame is not None}

    def shades(self, *keys: str) -> dict[str, pd.DataFrame]:
        """Return the bad spans of some channels or columns."""
        return {key: bad_spans(self.record, key) for key in keys}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a record that is drawn by its name.

    Attributes
    ----------
    name : str
        What ``record.plot`` and ``hexoframe plot --channel`` call it.
    title : str
        What it shows, in a line.
    draw : callable
        Draws it.
    channel : str or None
        Channel whose picture it is: the channel's own name draws it as well.
    waveforms : tuple of str or None
        Waveforms that it shows; None where it shows all channels of the record.
    """

    name: str
    title: str
    draw: Callable[[PictureRequest], FigureAxes]
    channel: str | None = None
    waveforms: tuple[str, ...] | None = ()


OVERVIEW = Picture(
    "overview", "the whole record on one page", record_overview, waveforms=None
)
PICTURES: dict[str, Picture] = {
    each.name: each
    for each in (
        OVERVIEW,
        Picture(
            "coverage",
            "what is there and what is missing",
            record_coverage,
            waveforms=None,
        ),
        Picture(
            "ecg",
            "a strip on millimetre paper, or a long view of the leads",
            record_ecg,
            channel="ecg",
            waveforms=("ecg",),
        ),
        Picture(
            "respiration",
            "belts, breaths and tidal volume",
            record_respiration,
            channel="respiration",
            waveforms=("respiration",),
        ),
        Picture(
            "beats",
            "intervals, what is usable of them, and their ECG",
            record_beats,
            waveforms=("ecg", "respiration"),  # belts tell when the shirt was worn
        ),
        Picture(
            "breaths",
            "rate, volume and arrhythmia of each breath",
            record_breaths,
            waveforms=("respiration",),  # it tells of gaps, and of wear
        ),
        Picture("rr", "tachogram and Poincare plot", record_rr, channel="rr_interval"),
        Picture(
            "hrv",
            "variability of the heart rate in five minutes, and its spectrum",
            record_hrv,
            waveforms=("respiration",),  # it tells when the shirt was worn
        ),
        Picture(
            "summary",
            "means and ranges of each activity, or of equal spans",
            record_summary,
            waveforms=("respiration",),  # it tells when the shirt was worn
        ),
        Picture("sleep", "hypnogram, and what went with it", record_sleep),
        Picture(
            "activity",
            "activity, and what went with it",
            record_activity,
            channel="activity",
        ),
    )
}
"""Pictures by name; any other channel is drawn by `plot_channel`."""

_CHANNEL = Picture("channel", "any other channel", record_channel)


def picture_of(record: RecordData, what: str | int | None = None) -> Picture:
    """Return the picture of that name, or that of a channel or column.

    None stands for the overview. UnknownChannelError if the model has no such channel.
    """
    if what is None:
        return OVERVIEW
    if (named := PICTURES.get(str(what))) is not None:
        return named
    name = record.channel(what).name
    own = (each for each in PICTURES.values() if each.channel == name)
    return next(own, replace(_CHANNEL, name=name, channel=name, waveforms=(name,)))


def plot_record(  # noqa: PLR0913  # those of Record.plot
    record: RecordData,
    what: str | int | None = None,
    *,
    start: Moment | None = None,
    end: Moment | None = None,
    duration: Length | None = None,
    ax: Given | None = None,
) -> FigureAxes:
    """Draw a picture of a record by its name.

    Parameters
    ----------
    record : RecordData
        The record.
    what, start, end, duration, ax
        As for `Record.plot`.

    Returns
    -------
    fig : Figure
        The figure.
    axes : Axes or array of Axes
        The panel, or the panels where there are several.

    Raises
    ------
    ConfigurationError, TimestampError, UnknownChannelError
        As for `Record.plot`. A figure that would show nothing is an error too.
    """
    plt = pyplot()  # tell what is missing before anything is read
    found = picture_of(record, what)
    key = found.name if what is None else what
    if end is not None:
        start, duration = span_until(record, start, end, duration)
    figure, axes = found.draw(PictureRequest(record, key, start, duration, ax))
    said = [is_empty(one) for one in np.ravel(axes)]
    if all(said):
        if ax is None:
            plt.close(figure)
        raise ConfigurationError(
            f"there is nothing to draw of {key} ({said[0]}): record.plot() shows what "
            "the record has"
        )
    return figure, axes

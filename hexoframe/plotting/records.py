"""Pictures of a record by name: which frames and shades each of them takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from hexoframe.analysis.quality import bad_spans
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.plotting.activity import plot_activity
from hexoframe.plotting.canvas import pyplot
from hexoframe.plotting.channel import plot_channel
from hexoframe.plotting.coverage import plot_coverage
from hexoframe.plotting.ecg import plot_ecg
from hexoframe.plotting.overview import plot_overview
from hexoframe.plotting.respiration import plot_respiration
from hexoframe.plotting.rr import plot_rr
from hexoframe.plotting.sleep import plot_sleep
from hexoframe.plotting.windows import record_window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hexoframe.plotting.canvas import Given, Picture
    from hexoframe.plotting.windows import Length, Start
    from hexoframe.recording.data import RecordData

__all__ = ["VIEWS", "plot_record"]


class _Part(NamedTuple):
    """A record, and the keywords of every picture of a part of it."""

    record: RecordData
    place: dict[str, Any]

    def get(self, name: str) -> pd.DataFrame | None:
        """Return a channel if the record has it."""
        known = name in channels_of(self.record.family) and name in self.record
        return self.record[name] if known else None

    def some(self, *names: str) -> dict[str, Any]:
        """Return those of some channels that the record has."""
        frames = {name: self.get(name) for name in names}
        return {name: frame for name, frame in frames.items() if frame is not None}

    def shades(self, *keys: str) -> dict[str, pd.DataFrame]:
        """Return the bad spans of some channels or columns."""
        return {key: bad_spans(self.record, key) for key in keys}


def plot_record(
    record: RecordData,
    what: str | int | None = None,
    *,
    start: Start | None = None,
    duration: Length | None = None,
    ax: Given | None = None,
) -> Picture:
    """Draw a picture of a record by its name.

    Parameters
    ----------
    record : RecordData
        The record.
    what : str or int, optional
        ``"overview"``, which is the default; ``"coverage"``, ``"sleep"``, ``"rr"``; or
        any channel or column: ``"ecg"``, ``"respiration"``, ``"rr_interval"`` and
        ``"activity"`` have pictures of their own.
    start : str, datetime or timedelta, optional
        Where to begin: a time with a zone, or a length behind the start of the record.
    duration : str or timedelta, optional
        How long; to the end of the record by default.
    ax : Axes or sequence of Axes, optional
        Where to draw.

    Returns
    -------
    fig : Figure
        The figure.
    axes : Axes or array of Axes
        The panel, or the panels where there are several.

    Raises
    ------
    ConfigurationError
        If matplotlib is not installed, or a length of time is none.
    TimestampError
        If a time has no zone, or there is nothing of the record then.
    UnknownChannelError
        If the model has no such channel.
    """
    pyplot()  # what is missing is told before anything is read
    if what is None or what == "overview":
        return plot_overview(record, start=start, duration=duration, ax=ax)
    if what == "coverage":
        if start is not None or duration is not None:
            raise ConfigurationError(
                "the coverage is that of a whole record: cut it with between() to see "
                "that of a part"
            )
        return plot_coverage(record, ax=ax)
    window = record_window(record, start, duration)
    length = pd.Timedelta(window.last - window.first, unit="ns")
    place = {
        "start": window.begin,
        "duration": length or None,
        "ax": ax,
    }
    part = _Part(record, place)
    view = VIEWS.get(str(what))
    if view is None:
        view = VIEWS.get(record.channel(what).name, _channel)
    return view(part, what)


def _channel(part: _Part, key: str | int) -> Picture:
    spans = bad_spans(part.record, key)
    return plot_channel(part.record[key], shade=spans, **part.place)


def _ecg(part: _Part, key: str | int) -> Picture:
    return plot_ecg(
        part.record[key],
        rr=part.get("rr_interval"),
        quality=part.get("rr_interval_quality"),
        shade=bad_spans(part.record, key),
        **part.place,
    )


def _respiration(part: _Part, key: str | int) -> Picture:
    frame = part.record[key]
    events = part.some("inspiration", "expiration", "tidal_volume")
    return plot_respiration(
        frame,
        **events,
        shades=part.shades(*frame.columns, "tidal_volume"),
        **part.place,
    )


def _rr(part: _Part, key: str | int) -> Picture:
    name = "rr_interval" if key == "rr" else key
    return plot_rr(
        part.record[name], quality=part.get("rr_interval_quality"), **part.place
    )


def _sleep(part: _Part, _: str | int) -> Picture:
    frame = part.record["sleep_phase"]
    others = part.some("sleep_position", "heart_rate", "breathing_rate", "activity")
    shades = part.shades(*others)
    return plot_sleep(frame, *others.values(), shades=shades, **part.place)


def _activity(part: _Part, key: str | int) -> Picture:
    others = part.some("cadence", "step", "device_position")
    shades = part.shades(str(key), *others)
    return plot_activity(
        part.record[key], *others.values(), shades=shades, **part.place
    )


VIEWS: Mapping[str, Callable[[_Part, str | int], Picture]] = {
    "ecg": _ecg,
    "respiration": _respiration,
    "rr": _rr,
    "rr_interval": _rr,
    "sleep": _sleep,
    "activity": _activity,
}
"""Pictures of a name of their own, beside ``overview`` and ``coverage``."""

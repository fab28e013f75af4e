"""Signals and beats of a record as NeuroKit2 takes them; it is not imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexoframe.analysis.beats import RR
from hexoframe.analysis.hrv import beats_of_record
from hexoframe.bridges.signals import check_gaps, even_signal
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hexoframe.analysis.beats import Counted
    from hexoframe.bridges.signals import Gaps
    from hexoframe.recording.data import RecordData

    Beats = dict[str, NDArray[np.float64]]
    Signal = tuple[NDArray[np.float64], float]

__all__ = ["to_neurokit"]


def to_neurokit(
    record: RecordData, key: str | int, *, gaps: Gaps, beats: Counted
) -> Signal | Beats:
    """Return a channel as NeuroKit2 takes it, as `hexoframe.Record.to_neurokit` tells.

    Parameters
    ----------
    record : RecordData
        The record.
    key : str or int
        A channel or column at an even rate, or the channel of RR intervals.
    gaps : {"raise", "fill"}
        Whether missing samples are an error, or NaN.
    beats : {"good", "nn", "all"}
        Intervals that count.

    Returns
    -------
    tuple of (ndarray, float), or dict of ndarray
        Signal and sampling rate; or intervals in ms and their times in s.

    Raises
    ------
    ConfigurationError
        If there is no such signal, or it has holes that nobody wants filled.
    """
    check_gaps(gaps)
    channel = record.channel(key)
    if channel.name == RR:
        return _beats(record, beats)
    if channel.datatypes[0].interval:
        raise ConfigurationError(
            f"{channel.name} are intervals: NeuroKit2 gets those of {RR!r}, of which "
            "beats='nn' takes the accepted ones"
        )
    if len(channel.columns) > 1:
        raise ConfigurationError(
            f"{channel.name} has several columns, and NeuroKit2 takes one signal: give "
            f"one of {', '.join(channel.columns)}"
        )
    signal = even_signal(record, channel, gaps)
    return signal.samples, signal.rate_hz


def _beats(record: RecordData, counted: Counted) -> Beats:
    series = beats_of_record(record, counted)
    since = series.ticks[series.counts] - record.start_tick
    return {
        "RRI": series.milliseconds[series.counts],
        "RRI_Time": since / record.clock,
    }

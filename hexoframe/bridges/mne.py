"""A ``Raw`` of MNE for each sampling rate of a record, with its bad spans.

MNE is imported when a record is converted. It keeps times in microseconds, so the exact
tick stands in the description of each ``Raw``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.analysis.quality import bad_spans
from hexoframe.bridges.signals import check_gaps, even_signal
from hexoframe.channels import check_list
from hexoframe.errors import ConfigurationError
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import tick_to_time
from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe.bridges.signals import EvenSignal, Gaps
    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

__all__ = ["to_mne"]

# What filters of MNE leave out by its name.
_SKIPPED = "BAD_ACQ_SKIP"
_MISSING = "missing"
_TO_VOLTS = {"mV": 1000.0}
_NS = 1_000_000_000


def to_mne(
    record: RecordData, keys: Sequence[str | int] | None, *, gaps: Gaps
) -> dict[float, Any]:
    """Return a Raw for each sampling rate, as `hexoframe.Record.to_mne` tells.

    Parameters
    ----------
    record : RecordData
        The record.
    keys : sequence of str or int, or None
        Channels and columns; all at an even rate of 1 Hz and more by default.
    gaps : {"raise", "fill"}
        Whether missing samples are an error, or NaN.

    Returns
    -------
    dict of float to mne.io.RawArray
        By the rate in Hz, the fastest first.

    Raises
    ------
    ConfigurationError
        If MNE is not installed, or a channel is no signal at an even rate.
    """
    check_gaps(gaps)
    try:
        import mne  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ConfigurationError(
            "to_mne needs mne: install it with pip install 'hexoframe[mne]'"
        ) from error
    rates: defaultdict[float, list[EvenSignal]] = defaultdict(list)
    for column in _columns(record, keys):
        signal = even_signal(record, column, gaps)
        rates[signal.rate_hz].append(signal)
    if not rates:
        raise ConfigurationError(
            "the record has no channel at an even rate of 1 Hz and more, which MNE "
            f"needs: it has {', '.join(record) or 'none'}"
        )
    return {rate: _raw(mne, record, rates[rate]) for rate in sorted(rates)[::-1]}


def _columns(record: RecordData, keys: Sequence[str | int] | None) -> Iterator[Channel]:
    """Yield each column once, as a channel of its own."""
    check_list(keys)
    found: dict[str, Channel] = {}
    for key in record if keys is None else keys:
        channel = record.channel(key)
        whole = [channel.only(row) for row in channel.datatypes]
        if keys is None:
            whole = [one for one in whole if _is_usual(record, one)]
        found |= {one.columns[0]: one for one in whole}
    yield from found.values()


def _is_usual(record: RecordData, column: Channel) -> bool:
    """Whether a column is taken unasked: a signal of 1 Hz and more with a sample."""
    (row,) = column.datatypes
    even = column.rate_hz is not None and column.rate_hz >= 1 and row.align == "mean"
    return even and bool(record[row.column][row.column].notna().any())


def _raw(mne: Any, record: RecordData, signals: Sequence[EvenSignal]) -> Any:
    """Make the Raw of signals at one rate, over the time that all of them have."""
    first = max(signal.first_tick for signal in signals)
    skipped = [_steps(signal, first) for signal in signals]
    each = [
        signal.samples[skip:] for signal, skip in zip(signals, skipped, strict=True)
    ]
    count = min(map(len, each))
    if not count:
        names = ", ".join(signal.row.column for signal in signals)
        raise ConfigurationError(
            f"{names} have no time in common: convert them one by one"
        )
    data = np.stack(
        [
            values[:count] / _TO_VOLTS.get(_unit(record, signal), 1.0)
            for signal, values in zip(signals, each, strict=True)
        ]
    )
    info = mne.create_info(
        [signal.row.column for signal in signals],
        signals[0].rate_hz,
        [_type(record, signal) for signal in signals],
        verbose=False,
    )
    raw = mne.io.RawArray(data, info, verbose=False)
    # A value at 1 Hz ends the second that it sums up: time counts from where it begins.
    begin = first - record.channel(signals[0].row.column).lag
    time = tick_to_time(begin, clock=record.clock)
    raw.set_meas_date(time.round("us").to_pydatetime(warn=False))
    raw.info["description"] = _description(record, signals, begin)
    marks = _marks(record, signals, (begin, count))
    raw.set_annotations(
        mne.Annotations(*marks[:3], ch_names=marks[3], orig_time=raw.info["meas_date"]),
        verbose=False,
    )
    return raw


def _steps(signal: EvenSignal, first: int) -> int:
    """Return how many samples of a signal come before a tick that is on its grid."""
    step = signal.step
    behind = first - signal.first_tick
    steps = round(behind / step)
    if abs(steps * step - behind) > 1:
        raise ConfigurationError(
            f"{signal.row.column} is not sampled at the same moments as the others of "
            "its rate: convert it alone"
        )
    return steps


def _unit(record: RecordData, signal: EvenSignal) -> str:
    return record.units[signal.row.column]


def _type(record: RecordData, signal: EvenSignal) -> str:
    """Return what MNE calls the kind of a channel."""
    if _unit(record, signal) in _TO_VOLTS:
        return "ecg"
    return "resp" if signal.row.wear == "belt" else "misc"


def _description(record: RecordData, signals: Sequence[EvenSignal], begin: int) -> str:
    units = {signal.row.column: _unit(record, signal) for signal in signals}
    told = {
        "hexoframe": __version__,
        "record": record.name,
        "clock": record.clock,
        "first_tick": begin,
        "units": {
            name: "V" if unit in _TO_VOLTS else unit for name, unit in units.items()
        },
    }
    return json.dumps(told)


# -- annotations -----------------------------------------------------------------------


def _marks(
    record: RecordData, signals: Sequence[EvenSignal], span: tuple[int, int]
) -> tuple[list[float], list[float], list[str], list[list[str]]]:
    """Return onsets and durations in s, descriptions and names of channels.

    `span` is the first tick, and the number of samples.
    """
    ns = NS_PER_TICK[record.clock]
    begin, count = span
    step = signals[0].step
    low, high = begin * ns, begin * ns + round(count * step * ns)
    spans: defaultdict[tuple[int, int, str], list[str]] = defaultdict(list)
    for signal in signals:
        column = signal.row.column
        for start, end, what in _bad(record, column):
            if start < high and end > low:
                spans[max(start, low), min(end, high), what].append(column)
    for start, what in _told(record):
        if low <= start < high:
            spans[start, start, what] = []
    ordered = sorted(spans)
    return (
        [(start - low) / _NS for start, _, _ in ordered],
        [(end - start) / _NS for start, end, _ in ordered],
        [what for _, _, what in ordered],
        [spans[each] for each in ordered],
    )


def _bad(record: RecordData, column: str) -> Iterator[tuple[int, int, str]]:
    """Yield the spans of bad data of a column, in ns, and what MNE calls each."""
    table = bad_spans(record, column)
    starts, ends = (
        pd.DatetimeIndex(table[name]).as_unit("ns").asi8.tolist()
        for name in ("start", "end")
    )
    for start, end, reason in zip(starts, ends, table["reason"], strict=True):
        # Reasons are words of this package, some of two.
        what = f"BAD_{reason.replace(' ', '_')}"
        yield start, end, _SKIPPED if reason == _MISSING else what


def _told(record: RecordData) -> Iterator[tuple[int, str]]:
    """Yield the annotations of the record: their times in ns, and comments."""
    table = record.facts.annotations
    if table is None:
        return
    stamps = pd.DatetimeIndex(table.index).as_unit("ns").asi8.tolist()
    for stamp, comment in zip(stamps, table["comment"], strict=True):
        # A comment that begins so would make MNE drop samples.
        text = "" if pd.isna(comment) else comment.strip()
        yield stamp, f"annotation: {text}" if text else "annotation"

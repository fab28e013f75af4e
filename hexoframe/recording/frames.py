"""Frames of a channel: made, checked, cut and narrowed here.

Every frame has the columns and dtypes of the table, an index `time` and its block of
metadata. Nothing here reads a file or decides what a sample means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.channels.calibration import counts_from_values
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import index_to_ticks, ticks_to_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale

__all__ = [
    "arrays_of",
    "carry_in",
    "check_frame",
    "check_samples",
    "empty_frame",
    "make_frame",
    "merge_ticks",
    "own_copy",
    "pick_columns",
    "slice_steps",
    "slice_ticks",
    "ticks_of",
    "to_raw",
]

_COPY_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3


def make_frame(
    channel: Channel,
    index: pd.DatetimeIndex,
    values: Mapping[str, NDArray[Any]],
    *,
    record_id: int | None = None,
    scale: Scale = "physical",
) -> pd.DataFrame:
    """Make the frame of a channel: columns and dtypes as `hexoframe.schema` says.

    The index is in UTC and ns; frames may share it. A column that is not in `values` is
    filled with NaN.
    """
    columns = {
        name: values[name].astype(channel.dtype, copy=False)
        if name in values
        else np.full(len(index), np.nan, dtype=channel.dtype)
        for name in channel.columns
    }
    frame = pd.DataFrame(columns, index=index, copy=False)
    block = metadata.make_block(channel, record_id=record_id, scale=scale)
    frame.attrs[metadata.KEY] = block
    return frame


def empty_frame(
    channel: Channel, *, record_id: int | None = None, scale: Scale = "physical"
) -> pd.DataFrame:
    """Return a frame of no rows with the columns and dtypes of a channel."""
    index = ticks_to_index(np.empty(0, dtype=np.int64), clock=channel.clock)
    return make_frame(channel, index, {}, record_id=record_id, scale=scale)


def check_frame(frame: pd.DataFrame, channel: Channel) -> None:
    """Raise ConfigurationError unless a frame fits the table."""
    if not isinstance(frame, pd.DataFrame):
        raise ConfigurationError(
            f"channel {channel.name} takes a DataFrame, not {type(frame).__name__}"
        )
    if tuple(frame.columns) != channel.columns:
        raise ConfigurationError(
            f"channel {channel.name} has the columns {list(channel.columns)}, "
            f"not {list(frame.columns)}"
        )
    wrong = {
        name: str(dtype)
        for name, dtype in frame.dtypes.items()
        if str(dtype) != channel.dtype
    }
    if wrong:
        raise ConfigurationError(
            f"channel {channel.name} holds {channel.dtype}, not {wrong}: convert with "
            f"frame.astype({channel.dtype!r})"
        )
    _check_index(frame.index, channel)


def _check_index(index: pd.Index[Any], channel: Channel) -> None:
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise ConfigurationError(
            f"channel {channel.name} needs a DatetimeIndex with a time zone as index, "
            f"not {type(index).__name__} of {index.dtype}"
        )
    if index.unit != "ns":
        raise ConfigurationError(
            f"channel {channel.name} needs times in ns, which every tick fits, not in "
            f"{index.unit}: convert with frame.index.as_unit('ns')"
        )
    if index.name != "time":
        raise ConfigurationError(
            f"channel {channel.name} needs an index named 'time', not {index.name!r}: "
            "rename it with frame.rename_axis('time')"
        )
    if not index.is_monotonic_increasing:
        raise ConfigurationError(
            f"channel {channel.name} has times that run backwards: sort them with "
            "frame.sort_index()"
        )


def check_samples(frame: pd.DataFrame, channel: Channel) -> None:
    """Refuse samples that no channel has: infinite ones, and two at one time.

    Times between two ticks are a `TimestampError`, the rest is a `ConfigurationError`.
    """
    ticks = ticks_of(frame, channel)
    # Two events may share a tick, two samples of one signal may not.
    again = np.flatnonzero(np.diff(ticks) == 0)
    if channel.ticks is not None and len(again):
        raise ConfigurationError(
            f"channel {channel.name} has two rows at {frame.index[again[0]]}: keep one "
            "of them, as frame[~frame.index.duplicated()] does"
        )
    infinite = np.isinf(frame.to_numpy()).any(axis=1)
    if infinite.any():
        raise ConfigurationError(
            f"channel {channel.name} has an infinite value at "
            f"{frame.index[int(infinite.argmax())]}: a missing value is NaN"
        )


def ticks_of(frame: pd.DataFrame, channel: Channel) -> NDArray[np.int64]:
    """Return the ticks of the rows of a frame."""
    return index_to_ticks(pd.DatetimeIndex(frame.index), clock=channel.clock)


def arrays_of(frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Return the columns of a frame as arrays, for reading."""
    # A frame of a frame has no attrs, which pandas would copy for every column.
    bare = pd.DataFrame(frame, copy=False)
    return {str(name): bare[name].to_numpy() for name in bare.columns}


def slice_ticks(
    frame: pd.DataFrame, channel: Channel, start: int | None, end: int | None
) -> pd.DataFrame:
    """Return the rows stamped from `start` up to, not including, `end`, as a view.

    None keeps that side whole.
    """
    times = frame.index.asi8  # type: ignore[attr-defined]
    first, last = (
        None
        if tick is None
        else int(times.searchsorted(tick * NS_PER_TICK[channel.clock]))
        for tick in (start, end)
    )
    return frame.iloc[first:last]


def slice_steps(
    frame: pd.DataFrame, channel: Channel, start: int | None, end: int | None
) -> pd.DataFrame:
    """Return the rows whose steps begin from `start` up to, not including, `end`.

    A second has one value at 1 Hz, stamped at its end. Events and states have no step
    and go by their stamps. None keeps that side whole.
    """
    first, last = (
        None if tick is None else tick + channel.lag for tick in (start, end)
    )
    return slice_ticks(frame, channel, first, last)


def carry_in(
    whole: pd.DataFrame, cut: pd.DataFrame, channel: Channel, start: int
) -> pd.DataFrame:
    """Begin a part of a state channel with the state that holds at its start."""
    times = ticks_to_index([start], clock=channel.clock)
    row = int(pd.DatetimeIndex(whole.index).searchsorted(times[0]))
    if not row or (len(cut) and cut.index[0] == times[0]):
        return cut
    held = whole.iloc[row - 1 : row].set_axis(times)
    held.attrs = dict(whole.attrs)
    return metadata.concat([held, cut])


def own_copy(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that its caller may change without changing the record.

    From pandas 3 on a view does: its first change copies the samples.
    """
    return frame.copy(deep=not _COPY_ON_WRITE)


def pick_columns(frame: pd.DataFrame, channel: Channel) -> pd.DataFrame:
    """Return the columns of a narrowed channel."""
    if tuple(frame.columns) == channel.columns:
        return frame
    picked = frame[list(channel.columns)]
    block = metadata.block_of(frame)
    if block:
        block["units"] = {name: block["units"][name] for name in channel.columns}
        picked.attrs = {metadata.KEY: block}
    return picked


def to_raw(frame: pd.DataFrame, channel: Channel) -> pd.DataFrame:
    """Return the counts behind the physical values of a frame.

    Whole numbers in the dtype of the channel, so that NaN stays NaN; what the source
    carried unrounded stays a fraction.
    """
    block = metadata.block_of(frame)
    values = {
        row.column: counts_from_values(frame[row.column].to_numpy(), row)
        for row in channel.datatypes
    }
    return make_frame(
        channel,
        pd.DatetimeIndex(frame.index),
        values,
        record_id=block.get("record"),
        scale="raw",
    )


def merge_ticks(
    columns: Mapping[str, tuple[NDArray[np.int64], NDArray[Any]]],
) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
    """Put columns with stamps of their own on their common stamps.

    `columns` holds (ticks, values) by column, ticks ascending without repetition. NaN
    where a column has no sample.
    """
    stamps = [ticks for ticks, _ in columns.values()]
    longest = max(stamps, key=len)
    if all(np.array_equal(ticks, longest) for ticks in stamps):
        return longest, {name: values for name, (_, values) in columns.items()}
    union = np.unique(np.concatenate(stamps))
    merged = {}
    for name, (ticks, values) in columns.items():
        column = np.full(len(union), np.nan, dtype=values.dtype)
        column[np.searchsorted(union, ticks)] = values
        merged[name] = column
    return union, merged

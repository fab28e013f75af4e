"""SampleTuples of a record, as the sequences of tuples that the old script returned.

A day of ECG as a list of tuples takes two gigabytes. Here the samples stay the arrays
of a frame, and become tuples when a script looks at them. Records are loaded by
`hexoframe.client`; objects of the service do not belong here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd

from hexoframe import digits
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, Channel, channels_of, find
from hexoframe.errors import (
    ConfigurationError,
    SkippedChannelWarning,
    UnknownChannelError,
    warn,
)
from hexoframe.formats.text.lines import Stamps
from hexoframe.formats.text.writer import LineWriter, classic_values
from hexoframe.hxapi.names import DialectDict
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import merge_ticks, slice_ticks, ticks_of
from hexoframe.timestamps import NS_PER_TICK, ticks_to_index, ticks_to_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype, Family
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.text.names import Dialect
    from hexoframe.timestamps import Clock

__all__ = ["LoadRecord", "SampleQuery", "SampleTuples", "collect"]

Key = int | str
LoadRecord = Callable[..., RecordData | None]
"""Loads a record, given `channels`, `model` and, for a span, `span` and `ahead`; it
returns None if there is nothing."""
# Rows that become tuples when one of them is looked at, and those that are shown.
_NEAR, _SHOWN = 1024, 3


class SampleTuples(Sequence[tuple[Any, ...]]):
    """The samples of a channel as tuples ``(time, value)`` or ``(time, x, y, z)``.

    It behaves like the list of the old script, and ``list(samples)`` makes that list.
    Slices are views. The values are those of the JSON API, whatever `scale` the frame
    has: counts as int, values with a unit as float, None for a missing one.

    `source` reads a frame with the columns of `channel`; it is read at the first use.
    """

    def __init__(
        self, channel: Channel, source: LazyChannel, *, stamps: Stamps, scale: Scale
    ) -> None:
        self.channel = channel
        self.stamps = stamps
        self._source = source
        self._scale: Scale = scale
        self._near: tuple[int, list[tuple[Any, ...]]] = (-1, [])

    @functools.cached_property
    def _frame(self) -> pd.DataFrame:
        return self._source.read()

    # -- as a sequence -----------------------------------------------------------------

    def __len__(self) -> int:
        """Count the samples."""
        return len(self._frame)

    @overload
    def __getitem__(self, key: int) -> tuple[Any, ...]: ...

    @overload
    def __getitem__(self, key: slice) -> SampleTuples: ...

    def __getitem__(self, key: int | slice) -> tuple[Any, ...] | SampleTuples:
        """Return one tuple, or a part of the sequence."""
        if isinstance(key, slice):
            return self._of(self._frame.iloc[key], self.stamps)
        number = range(len(self))[key]
        block = number // _NEAR
        # Scripts walk by index, so what is near is wanted next.
        if self._near[0] != block:
            self._near = (block, self._tuples(block * _NEAR, (block + 1) * _NEAR))
        return self._near[1][number % _NEAR]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Yield the tuples, made in blocks."""
        for first in range(0, len(self), digits.BLOCK):
            yield from self._tuples(first, first + digits.BLOCK)

    def __reversed__(self) -> Iterator[tuple[Any, ...]]:
        """Yield the tuples, the last one first."""
        return iter(self[::-1])

    def __eq__(self, other: object) -> bool:
        """Whether a list, or another of these, holds the same tuples."""
        if not isinstance(other, list | SampleTuples):
            return NotImplemented
        return len(self) == len(other) and all(
            self._tuples(first, first + digits.BLOCK)
            == list(other[first : first + digits.BLOCK])
            for first in range(0, len(self), digits.BLOCK)
        )

    __hash__ = None  # type: ignore[assignment]  # lists have none either

    def __repr__(self) -> str:
        """Show the first tuples, and how many there are."""
        shown = [str(each) for each in self[:_SHOWN]]
        if len(self) > _SHOWN:
            shown.append("...")
        names = ", ".join(("time", *self.channel.columns))
        return f"<{len(self)} samples ({names}): [{', '.join(shown)}]>"

    def __array__(
        self,
        dtype: Any = None,
        copy: bool | None = None,  # noqa: FBT001  # numpy's own signature
    ) -> NDArray[Any]:
        """Return what ``numpy.array`` makes of the list: a row a sample."""
        if copy is False:
            raise ValueError("tuples that are made on demand can only be copied")
        blocks: list[NDArray[Any]] = [
            np.column_stack(
                [np.array(each) for each in self._columns(first, first + digits.BLOCK)]
            )
            for first in range(0, len(self), digits.BLOCK)
        ]
        return np.asarray(np.concatenate(blocks) if blocks else [], dtype=dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        """Take the samples along into a pickle or a copy."""
        return _with_frame, (self.channel, self._frame, self.stamps, self._scale)

    # -- for the rest of this package --------------------------------------------------

    def stamped(self, stamps: Stamps) -> SampleTuples:
        """Return the same samples with the time written in another way."""
        source = LazyChannel(read=lambda: self._frame, pieces=self._source.pieces)
        return SampleTuples(self.channel, source, stamps=stamps, scale=self._scale)

    def lines(self, dialect: Dialect) -> Iterator[bytes]:
        """Yield the lines of the .txt; a channel not read yet is streamed."""
        writer = LineWriter(
            self.channel,
            self.stamps,
            dialect=dialect,
            units="classic",
            scale=self._scale,
        )
        for piece in self._pieces():
            yield writer.lines(piece)

    def _pieces(self) -> Iterator[pd.DataFrame]:
        if "_frame" not in self.__dict__ and self._source.pieces is not None:
            yield from self._source.pieces(digits.BLOCK)
            return
        for first in range(0, len(self), digits.BLOCK):
            yield self._frame.iloc[first : first + digits.BLOCK]

    def _tuples(self, first: int, last: int) -> list[tuple[Any, ...]]:
        return list(zip(*self._columns(first, last), strict=True))

    def _columns(self, first: int, last: int) -> list[list[Any]]:
        """Return times and values of some rows."""
        times = pd.DatetimeIndex(self._frame.index).asi8[first:last]
        ticks = times // NS_PER_TICK[self.stamps.clock]
        return [
            _stamp_list(ticks, self.stamps),
            *(
                classic_values(
                    self._frame[row.column].to_numpy()[first:last],
                    row,
                    scale=self._scale,
                )
                for row in self.channel.datatypes
            ),
        ]

    def _of(self, frame: pd.DataFrame, stamps: Stamps) -> SampleTuples:
        return _with_frame(self.channel, frame, stamps, self._scale)


def _with_frame(
    channel: Channel, frame: pd.DataFrame, stamps: Stamps, scale: Scale
) -> SampleTuples:
    return SampleTuples(
        channel, LazyChannel(read=lambda: frame), stamps=stamps, scale=scale
    )


def _stamp_list(ticks: NDArray[np.int64], stamps: Stamps) -> list[Any]:
    shown: NDArray[Any] = ticks
    if stamps.fmt is not None:
        shown = ticks_to_text(
            ticks,
            clock=stamps.clock,
            fmt=stamps.fmt,
            tz=stamps.tz,
            halves=stamps.halves,
        )
    listed: list[Any] = shown.tolist()
    return listed


# -- from the ids of a script to samples -----------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleQuery:
    """Which datatypes a script asks for, and under which names.

    `names` maps each name to its datatypes; `stamps` gives the form of the time for a
    clock; `span` holds first and last tick, both included, None for a whole record.
    """

    names: Mapping[str, Key | Sequence[Key]]
    stamps: Callable[[Clock], Stamps]
    span: tuple[int, int] | None = None

    @property
    def keys(self) -> dict[str, tuple[Key, ...]]:
        """Datatypes by name; older scripts give a number where newer give a list."""
        return {
            name: (keys,) if isinstance(keys, int | str) else tuple(keys)
            for name, keys in self.names.items()
        }


def collect(load: LoadRecord, query: SampleQuery, *, clock: Clock) -> DialectDict:
    """Load the datatypes of a query and return them by name, in its order.

    A name without channel or record gets an empty list. A datatype that no device of
    this server has gives a `SkippedChannelWarning`.
    """
    asked = [key for keys in query.keys.values() for key in keys]
    family = _family(asked, clock)
    known = [key for key in asked if _rows(family, [key])]
    _warn_of_others(query, family)
    # A Hexoskin may turn out to be an Astroskin, which has all of its channels.
    told = "auto" if family == _families(clock)[0] else family
    part = _part(query.span, (find(family, key) for key in known))
    record = load(channels=known, model=told, **part) if known else None
    if record is None:
        return DialectDict({name: [] for name in query.names})
    return DialectDict(
        {name: _samples(record, name, keys, query) for name, keys in query.keys.items()}
    )


def _part(span: tuple[int, int] | None, channels: Iterable[Channel]) -> dict[str, Any]:
    """Return the arguments that load every sample stamped in a span.

    A part of a record holds the steps that begin in it. A rate sample stamped at the
    start of the span began before it, and so did the state that holds there: `ahead`
    makes the part begin earlier.
    """
    if span is None:
        return {}
    first, last = span
    ahead = (1 if channel.kind == "state" else channel.lag for channel in channels)
    return {"span": (first, last + 1), "ahead": max(ahead, default=0)}


def _families(clock: Clock) -> list[Family]:
    return [family for family in FAMILIES if CLOCK_OF_FAMILY[family] == clock]


def _family(keys: Iterable[Key], clock: Clock) -> Family:
    """Return the first family of this clock that has all keys any of them has."""
    families = _families(clock)
    wanted = [key for key in keys if any(_rows(family, [key]) for family in families)]
    return next(
        family for family in families if all(_rows(family, [key]) for key in wanted)
    )


def _rows(family: Family, keys: Iterable[Key]) -> tuple[Datatype, ...]:
    """Return the datatypes of keys, without those that a family does not have."""
    rows: list[Datatype] = []
    for key in keys:
        try:
            rows += find(family, key).datatypes
        except UnknownChannelError:
            continue
    return tuple(rows)


def _warn_of_others(query: SampleQuery, family: Family) -> None:
    others = [
        f"{key} of {name!r}"
        for name, keys in query.keys.items()
        for key in keys
        if not _rows(family, [key])
    ]
    if others:
        warn(
            f"no channel of {family}, so nothing is loaded for it: "
            f"{', '.join(others)}. Remove it from datatypes, or see "
            f"hexoframe.channel_table({family!r})",
            SkippedChannelWarning,
        )


def _samples(
    record: RecordData, name: str, keys: Iterable[Key], query: SampleQuery
) -> SampleTuples | list[Any]:
    rows = _rows(record.family, keys)
    if not rows:
        return []
    named = {row.channel for row in rows}
    channel = Channel(name, rows)
    if len(named) > 1:
        source = LazyChannel(
            read=functools.partial(_side_by_side, record, channel, query.span)
        )
    else:
        source = _of_one(record, named.pop(), rows, query.span)
    stamps = query.stamps(record.clock)
    return SampleTuples(channel, source, stamps=stamps, scale=record.scale)


def _stamped(
    frame: pd.DataFrame, channel: Channel, span: tuple[int, int] | None
) -> pd.DataFrame:
    """Return the rows stamped in a span, its end included."""
    if span is None:
        return frame
    return slice_ticks(frame, channel, span[0], span[1] + 1)


def _of_one(
    record: RecordData,
    name: str,
    rows: Sequence[Datatype],
    span: tuple[int, int] | None,
) -> LazyChannel:
    """Return columns of one channel, still unread."""
    channel = record.channel(name)
    columns = {row.column for row in rows}
    others = [
        column
        for column in channels_of(record.family)[name].columns
        if column not in columns
    ]

    def own(frame: pd.DataFrame) -> pd.DataFrame:
        frame = _stamped(frame, channel, span)
        if not others:
            return frame
        # At some stamps only a column that was not asked for has a sample.
        missing = frame[list(columns)].isna().all(axis=1)
        return frame[~(missing & frame[others].notna().any(axis=1))]

    def pieces(most: int) -> Iterator[pd.DataFrame]:
        for piece in record.pieces(name, most):
            kept = own(piece)
            if len(kept):
                yield kept

    return LazyChannel(read=lambda: own(record[name]), pieces=pieces)


def _side_by_side(
    record: RecordData, channel: Channel, span: tuple[int, int] | None
) -> pd.DataFrame:
    """Return columns of several channels on their common stamps."""
    parts = {}
    for row in channel.datatypes:
        frame = _stamped(record[row.channel], channel, span)
        ticks = ticks_of(frame, channel)
        if (np.diff(ticks) == 0).any():
            raise ConfigurationError(
                f"{channel.name!r} puts {row.api_name} beside other channels, and it "
                "has several samples at one time: give it a name of its own in "
                "datatypes"
            )
        parts[row.column] = (ticks, frame[row.column].to_numpy())
    ticks, values = merge_ticks(parts)
    return pd.DataFrame(values, index=ticks_to_index(ticks, clock=channel.clock))

"""What a script gets for a channel: a sequence of tuples that are made on demand.

A day of ECG as a list of tuples takes two gigabytes; here the samples stay the arrays
of a frame, and become tuples where a script looks. What is fetched, and under which
name, is decided elsewhere (`fetching`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd

from hexoframe import digits
from hexoframe.formats.text.lines import Stamps
from hexoframe.formats.text.writer import LineWriter, classic_values
from hexoframe.recording.data import LazyChannel
from hexoframe.timestamps import NS_PER_TICK, ticks_to_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale

__all__ = ["Samples"]

# Rows that become tuples when one of them is looked at, and those that are shown.
_NEAR, _SHOWN = 1024, 3


class Samples(Sequence[tuple[Any, ...]]):
    """The samples of a channel as tuples ``(time, value)`` or ``(time, x, y, z)``.

    It has length, index, slices, iteration and ``==`` with a list, as the list of the
    old script had; ``list(samples)`` makes that list. Slices are views.

    Parameters
    ----------
    channel : Channel
        Its datatypes are the values of a tuple, in this order.
    source : LazyChannel
        Reads a frame that has their columns; it is read when it is first needed.
    stamps : Stamps
        How the time is written: ticks, or text.
    scale : {"physical", "raw"}
        What the frame holds. The values of the tuples are always those of the JSON
        API: counts as int, what has a unit as float, None for what is missing.
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
    def __getitem__(self, key: slice) -> Samples: ...

    def __getitem__(self, key: int | slice) -> tuple[Any, ...] | Samples:
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
        if not isinstance(other, list | Samples):
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

    def stamped(self, stamps: Stamps) -> Samples:
        """Return the same samples with the time written in another way."""
        source = LazyChannel(read=lambda: self._frame, pieces=self._source.pieces)
        return Samples(self.channel, source, stamps=stamps, scale=self._scale)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the classic .txt; what was not read is not kept."""
        writer = LineWriter(
            self.channel, self.stamps, units="classic", scale=self._scale
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

    def _of(self, frame: pd.DataFrame, stamps: Stamps) -> Samples:
        return _with_frame(self.channel, frame, stamps, self._scale)


def _with_frame(
    channel: Channel, frame: pd.DataFrame, stamps: Stamps, scale: Scale
) -> Samples:
    return Samples(channel, LazyChannel(read=lambda: frame), stamps=stamps, scale=scale)


def _stamp_list(ticks: NDArray[np.int64], stamps: Stamps) -> list[Any]:
    shown: NDArray[Any] = ticks
    if stamps.fmt is not None:
        shown = ticks_to_text(ticks, clock=stamps.clock, fmt=stamps.fmt, tz=stamps.tz)
    listed: list[Any] = shown.tolist()
    return listed

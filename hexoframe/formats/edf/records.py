"""The data records of an EDF: their samples in blocks, their times, their annotations.

What the samples mean is for `reader`, what the annotations say for `notes`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hexoframe.errors import (
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    warn,
)
from hexoframe.formats.edf.header import EdfHeader
from hexoframe.formats.edf.notes import nearest_ticks
from hexoframe.formats.edf.tals import Tals, joined, parse, record_onsets
from hexoframe.timestamps.ticks import grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.timestamps import Clock

__all__ = ["DataRecords", "read_annotations", "read_onsets"]

_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class DataRecords:
    """The data records of a file that are there in full, read in blocks.

    A block at a time: samples of a channel lie all over the file, and a map of it would
    hold it whole.
    """

    path: Path
    header: EdfHeader
    count: int

    @classmethod
    def of(cls, path: Path, header: EdfHeader, *, partial_too: bool) -> DataRecords:
        """Compare the size of a file with its header: it may have been cut."""
        size = path.stat().st_size - header.size
        held, rest = divmod(size, header.record_bytes)
        expected = held if header.records == -1 else header.records
        if held > expected or (rest and held == expected):
            raise FileFormatError(
                f"{path} has {size:,} bytes of samples, and its header claims "
                f"{expected:,} data records of {header.record_bytes:,} bytes; fetch or "
                "copy the file again"
            )
        if held < expected:
            text = f"{path} holds {held} of {expected} data records: it was cut"
            if not (partial_too and held):
                way = ", or open what is there with allow_partial=True" if held else ""
                raise IncompleteDataError(f"{text}; fetch or copy the file again{way}")
            warn(f"{text}; the rest is listed as lost", MissingSamplesWarning)
        if not held:
            raise FileFormatError(
                f"{path} has headers and no samples; fetch the file again"
            )
        return cls(path, header, held)

    def place(self, signal: int) -> slice:
        """Return where the values of a signal lie in a data record."""
        before = sum(each.samples for each in self.header.signals[:signal])
        return slice(before, before + self.header.signals[signal].samples)

    def blocks(self, first: int, last: int) -> Iterator[NDArray[np.int16]]:
        """Yield data records, a row each."""
        width = self.header.record_bytes // 2
        count = max(1, _BLOCK_BYTES // self.header.record_bytes)
        with self.path.open("rb") as file:
            file.seek(self.header.size + first * self.header.record_bytes)
            for at in range(first, last, count):
                rows = min(count, last - at)
                block = np.fromfile(file, "<i2", rows * width)
                if len(block) < rows * width:
                    raise FileFormatError(f"{self.path} became shorter meanwhile")
                yield block.reshape(rows, width)

    def values(
        self, signals: Collection[int], first: int, last: int
    ) -> dict[int, NDArray[np.int16]]:
        """Return the digital values of signals in some data records."""
        places = {signal: self.place(signal) for signal in signals}
        made = {
            signal: np.empty((last - first, place.stop - place.start), np.int16)
            for signal, place in places.items()
        }
        at = 0
        for block in self.blocks(first, last):
            for signal, place in places.items():
                made[signal][at : at + len(block)] = block[:, place]
            at += len(block)
        return {signal: values.reshape(-1) for signal, values in made.items()}


def read_annotations(data: DataRecords) -> Tals:
    """Return all annotations, found block by block."""
    header, found = data.header, []
    signals = [
        at
        for at, signal in enumerate(header.signals)
        if signal.is_annotations and header.reserved.startswith("EDF+")
    ]
    for block in data.blocks(0, data.count) if signals else ():
        for signal in signals:
            told = np.ascontiguousarray(block[:, data.place(signal)])
            found.append(parse(told.tobytes(), data.path))
    return joined(found)


def read_onsets(data: DataRecords, clock: Clock) -> NDArray[np.int64]:
    """Return when each data record begins, in ticks from the second of the header."""
    path, header = data.path, data.header
    step = header.duration * clock
    if step.denominator != 1:
        raise FileFormatError(
            f"{path}: its data records last {header.duration} s, which is no whole "
            f"number of ticks of 1/{clock} s"
        )
    if not header.reserved.startswith("EDF+"):
        return grid(0, step=step, count=data.count)
    signals = [at for at, each in enumerate(header.signals) if each.is_annotations]
    if not signals:
        raise FileFormatError(f"{path} calls itself EDF+ and has no annotations")
    is_whole = header.reserved.startswith("EDF+C")
    last = 1 if is_whole else data.count
    told = data.values(signals[:1], 0, last)[signals[0]].reshape(last, -1)
    heads = record_onsets([row.tobytes() for row in told], path)
    onsets = nearest_ticks(heads, clock)
    if is_whole:
        return grid(int(onsets[0]), step=step, count=data.count)
    early = np.diff(onsets) < int(step)
    if early.any():
        raise FileFormatError(
            f"{path}: data record {int(early.argmax()) + 1} begins before the one "
            "before it ends, so its order is unknown; fetch or copy the file again"
        )
    return onsets

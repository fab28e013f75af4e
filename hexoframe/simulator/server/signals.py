"""Records as the service reads them: series of values, and files of an export.

Here are the protocol `RecordSource`, the synthetic record and the tools that both kinds
share; vendor exports are in `exports`. Values are those of the JSON answers: scaled,
with nan for null.
"""

from __future__ import annotations

import dataclasses
import io
import math
import threading
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hexoframe.channels import Datatype, Family, datatypes_of
from hexoframe.simulator.export import Quirks, export_files, fill_zip
from hexoframe.simulator.server.catalog import rows_by_id
from hexoframe.simulator.shirt import (
    Activity,
    Annotation,
    Recording,
    Shirt,
    TrackPoint,
    wear,
)

__all__ = [
    "EVER",
    "FACTS",
    "Cut",
    "RecordSource",
    "SampleGrid",
    "Series",
    "SyntheticSource",
    "Window",
    "pack",
    "scaled",
    "state_block",
    "whole_cells",
]

Ints = NDArray[np.int64]
Window = tuple[int | None, int | None]
EVER: Window = (None, None)
FACTS = frozenset({"info.json", "statistics.csv"})
# Volumes that the service adjusts to the weight, and the plain ones.
_ADJUSTED = {
    "minute_ventilation_adjusted": "minute_ventilation",
    "tidal_volume_adjusted": "tidal_volume",
}


class Series(NamedTuple):
    """Ticks and values of one datatype; an array of integers is sent as integers."""

    ticks: Ints
    values: NDArray[Any]


class Cut(NamedTuple):
    """Which part of an export is wanted.

    `first` and `last` are ticks or None; `names` are channels, None for all; `range_id`
    is the requested range, None for the record.
    """

    first: int | None = None
    last: int | None = None
    names: frozenset[str] | None = None
    range_id: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self == Cut()

    def keeps(self, channel: str) -> bool:
        """Return whether a channel is included."""
        return self.names is None or channel in self.names


class RecordSource(Protocol):
    """One record: cheap facts, and samples on demand."""

    @property
    def family(self) -> Family:
        """Device and server."""

    @property
    def clock(self) -> int:
        """Ticks a second."""

    @property
    def start(self) -> int:
        """First tick."""

    @property
    def end(self) -> int:
        """End of the record in ticks."""

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """Annotations of the record."""

    @property
    def ranges(self) -> tuple[Activity, ...]:
        """Activities of the record."""

    @property
    def track(self) -> tuple[TrackPoint, ...]:
        """GPS points of the record."""

    def series(self, datatype: int, window: Window = EVER) -> Series | None:
        """Return the values of a datatype; None if the record does not have it.

        All values within the window are included, and perhaps some outside.
        """

    def members(self, cut: Cut, quirks: Quirks) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the files of the export."""

    def archive(self) -> bytes | None:
        """Return the given ZIP, if any."""


class SyntheticSource:
    """A record of the synthetic shirt, made at its first use."""

    def __init__(self, made_from: Shirt | Recording) -> None:
        self._lock = threading.Lock()
        self._worn = made_from if isinstance(made_from, Recording) else None
        self.shirt = made_from.shirt if isinstance(made_from, Recording) else made_from

    @property
    def family(self) -> Family:
        """Device and server."""
        return self.shirt.family

    @property
    def clock(self) -> int:
        """Ticks a second."""
        return self.shirt.clock

    @property
    def start(self) -> int:
        """First tick."""
        return self._worn.start if self._worn else self.shirt.start or 0

    @property
    def end(self) -> int:
        """End of the record in ticks."""
        return self._worn.end if self._worn else self.start + self.shirt.duration_ticks

    @property
    def recording(self) -> Recording:
        """What the shirt recorded."""
        with self._lock:
            if self._worn is None:
                self._worn = wear(self.shirt)
            return self._worn

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """Presses of the button."""
        return self.recording.annotations

    @property
    def ranges(self) -> tuple[Activity, ...]:
        """Activities of the day."""
        return self.recording.ranges

    @property
    def track(self) -> tuple[TrackPoint, ...]:
        """GPS points of the walks."""
        return self.recording.track

    def series(self, datatype: int, window: Window = EVER) -> Series | None:
        """Return the values of a datatype; None if the record does not have it."""
        row = rows_by_id(self.family).get(datatype)
        if row is None:
            return None
        recording = self.recording
        name = row.api_name
        if name in recording.events:
            return Series(recording.ticks(name), scaled(recording.events[name][1], row))
        if name not in recording.sampled:
            return None
        counts = recording.sampled[_ADJUSTED.get(name, name)]
        grid = SampleGrid(self.start, Fraction(recording.rates[name]), self.clock)
        part = grid.around(window, len(counts))
        weight = Fraction(self.shirt.weight_kg)
        return Series(grid.ticks(part), scaled(counts[part], row, weight_kg=weight))

    def members(self, cut: Cut, quirks: Quirks) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the files of the export."""
        recording = _cut(self.recording, cut)
        if recording is None:
            return
        for file, content in export_files(
            recording, quirks=quirks, range_id=cut.range_id
        ):
            if file in FACTS or cut.keeps(file.rpartition(".")[0]):
                yield file, content

    def archive(self) -> bytes | None:
        """Return None: there is no given ZIP."""
        return None


def scaled(
    counts: NDArray[Any], row: Datatype, *, weight_kg: Fraction | None = None
) -> NDArray[Any]:
    """Return counts of the binary as values of the JSON answers.

    With a weight, the adjusted volumes are computed, unrounded, from the counts of the
    plain ones.
    """
    base = _ADJUSTED.get(row.api_name)
    if base is not None and weight_kg is not None:
        plain = next(r for r in datatypes_of(row.family) if r.api_name == base)
        return counts.astype(np.float64) * (plain.json_gain * float(weight_kg) / 65)
    if row.kind == "state":
        return counts.astype(np.float64)
    if row.json_gain == 1:
        return counts.astype(np.int64)
    return counts.astype(np.float64) * row.json_gain


class SampleGrid(NamedTuple):
    """The ticks of a sampled channel: from 1 Hz down they begin one step late."""

    start: int
    step: Fraction
    clock: int

    @property
    def _late(self) -> int:
        return 1 if self.step >= self.clock else 0

    def ticks(self, part: slice) -> Ints:
        """Return the ticks of samples, rounded to the nearest."""
        index = np.arange(part.start, part.stop, dtype=np.int64) + self._late
        doubled = 2 * index * self.step.numerator + self.step.denominator
        return self.start + doubled // (2 * self.step.denominator)

    def around(self, window: Window, count: int) -> slice:
        """Return which of `count` samples lie in a window, with one on either side."""
        first, last = window
        low, high = 0, count
        if first is not None:
            low = math.floor((first - self.start) / self.step) - self._late - 1
        if last is not None:
            high = math.ceil((last - self.start) / self.step) - self._late + 2
        low = min(max(low, 0), count)
        return slice(low, min(max(high, low), count))


def state_block(series: Series, first: int, last: int, *, clock: int) -> Series:
    """Return a state within an activity, with nan at both ends.

    It has the code that holds one second after the start, then each change. Without any
    code the block is empty.
    """
    ticks, values = series
    begin = first + clock
    held = int(np.searchsorted(ticks, begin, side="right")) - 1
    code = float(values[held]) if held >= 0 else math.nan
    inner = (ticks > begin) & (ticks < last) & ~np.isnan(values)
    when = [[begin]] if not math.isnan(code) and begin < last else []
    if not when and not inner.any():
        return Series(ticks[:0], values[:0])
    what = [[code]] * len(when)
    return Series(
        np.concatenate([[first], *when, ticks[inner], [last]]).astype(np.int64),
        np.concatenate([[math.nan], *what, values[inner], [math.nan]]),
    )


def whole_cells(
    record: tuple[int, int], wanted: tuple[int | None, int | None], *, cell: int
) -> tuple[int, int] | None:
    """Return the part of a record that covers a window in whole cells of time.

    A binary export has one start for all channels, so a cut is where every channel has
    a sample: at whole seconds since the start of the record, or whole periods of its
    slowest channel. None if record and window do not overlap.
    """
    start, end = record
    first = start if wanted[0] is None else max(wanted[0], start)
    last = end if wanted[1] is None else min(wanted[1], end)
    if first > last or (first == end and start < end):
        return None
    begin = start + (first - start) // cell * cell
    finish = start + -(-(last - start) // cell) * cell
    return begin, min(max(finish, begin + cell), end)


def _cut(recording: Recording, cut: Cut) -> Recording | None:
    """Return the wanted part of a recording."""
    if cut.first is None and cut.last is None:
        return recording
    kept = [step for name, step in recording.rates.items() if cut.keeps(name)]
    cell = int(max([recording.clock, *(s for s in kept if s > recording.clock)]))
    whole = (recording.start, recording.end)
    window = whole_cells(whole, (cut.first, cut.last), cell=cell)
    if window is None:
        return None
    begin, finish = window

    def within(ticks: Any) -> Any:
        late = ticks <= finish if finish == recording.end else ticks < finish
        return (ticks >= begin) & late

    sampled = {}
    for name, counts in recording.sampled.items():
        step = Fraction(recording.rates[name])
        stop = len(counts)
        if finish < recording.end:
            stop = int((finish - recording.start) / step)
        sampled[name] = counts[int((begin - recording.start) / step) : stop]
    events = {}
    for name, (ticks, values) in recording.events.items():
        if name in {"device_position", "sleep_position", "sleep_phase"}:
            block = state_block(
                Series(ticks, values), begin, finish, clock=recording.clock
            )
            events[name] = (block.ticks, block.values)
        else:
            mask = within(ticks)
            events[name] = (ticks[mask], values[mask])
    return dataclasses.replace(
        recording,
        start=begin,
        end=finish,
        sampled=sampled,
        events=events,
        annotations=tuple(a for a in recording.annotations if within(a.tick)),
    )


def pack(members: Iterable[tuple[str, bytes]], *, deflate: bool = True) -> bytes:
    """Return a ZIP whose bytes depend on names and contents alone."""
    out = io.BytesIO()
    fill_zip(out, members, deflate=deflate)
    return out.getvalue()

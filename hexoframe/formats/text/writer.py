"""Writes the classic .txt of HxApi2_0: folder, files, lines of samples.

Values become the numbers of the JSON API and text, block by block. Reading does not
belong here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from hexoframe import digits
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, channels_of
from hexoframe.channels.calibration import counts_from_values, json_from_values
from hexoframe.errors import ConfigurationError, MissingFactsWarning, warn
from hexoframe.formats.atomic import new_folder
from hexoframe.formats.checksums import SUMS, SummedFile, write_sums
from hexoframe.formats.options import channels_to_write
from hexoframe.formats.text import facts as fact_files
from hexoframe.formats.text.lines import Stamps
from hexoframe.formats.text.names import (
    FACT_NAMES,
    SUFFIX,
    Dialect,
    Units,
    file_name,
    folder_name,
)
from hexoframe.recording.data import RecordData
from hexoframe.recording.frames import arrays_of
from hexoframe.timestamps.ticks import CLASSIC_FORMAT, NS_PER_TICK
from hexoframe.timestamps.times import index_to_ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.channels.calibration import Scale
    from hexoframe.recording.facts import Facts
    from hexoframe.timestamps import Clock, Halves

__all__ = ["LineWriter", "classic_values", "halves_of", "number_text", "write"]

# More counts than a 16-bit channel has: a wider range of values gets no table.
_SPAN = 1 << 17
# Every whole number below is a float64.
_EXACT = 2**53


# -- the folder ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Settings:
    """How a folder is written."""

    timestamps: Literal["epoch", "string"]
    timestamp_format: str
    tz: str
    dialect: Dialect
    units: Units

    def __post_init__(self) -> None:
        """Refuse unknown and contradicting settings."""
        choices: dict[str, tuple[Any, ...]] = {
            "timestamps": ("epoch", "string"),
            "dialect": get_args(Dialect),
            "units": get_args(Units),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ConfigurationError(
                    f"{name}={getattr(self, name)!r}: give one of "
                    f"{', '.join(map(repr, allowed))}"
                )
        usual = (CLASSIC_FORMAT, "UTC")
        if self.timestamps == "epoch" and (self.timestamp_format, self.tz) != usual:
            raise ConfigurationError(
                "tz= and timestamp_format= are those of text, and ticks are written: "
                "say timestamps='string' too"
            )

    def stamps(self, clock: Clock) -> Stamps:
        """Return how time stamps are written."""
        if self.timestamps == "epoch":
            return Stamps(clock=clock)
        return Stamps(
            clock=clock,
            fmt=self.timestamp_format,
            tz=self.tz,
            halves=halves_of(self.dialect),
        )


def write(  # noqa: PLR0913  # the settings of the old script
    record: RecordData,
    root: Path,
    *,
    timestamps: Literal["epoch", "string"] = "epoch",
    timestamp_format: str = CLASSIC_FORMAT,
    tz: str = "UTC",
    dialect: Dialect = "classic",
    units: Units = "classic",
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a record as HxApi2_0 does; `Record.to_txt` tells the options.

    Returns the folder, ``<root>/<e-mail or user id>/<record id>/``, or ``<root>/<its
    pseudonym>/``. Files of channels
    and ranges (annotations.txt) are those of HxApi2_0 byte for byte, and so is that of
    GPS (track.txt), which only the port has; info.txt has `model` in addition, and
    hexoframe.sha256 the checksums of all. Button presses, metrics and statistics do not
    fit this format. Source: the vendor's HxApi2_0 of 2015-11-23 under Python 2.7, and
    its port to Python 3.
    """
    how = _Settings(timestamps, timestamp_format, tz, dialect, units)
    if how.units == "physical" and record.scale == "raw":
        raise ConfigurationError(
            "units='physical' needs physical values, and this record holds raw counts: "
            "open it with units='physical', or write units='classic'"
        )
    wanted = [record.channel(name) for name in channels_to_write(record, channels)]
    target, missing = _target(record, root)
    missing += _unknown_facts(record.facts)
    if missing:
        warn(
            "left out, unknown to the source or without a place in the .txt: "
            f"{'; '.join(missing)}. Parquet and CSV keep all that is known",
            MissingFactsWarning,
        )
    with new_folder(target, overwrite=overwrite, owned=_is_own, derived=SUMS) as folder:
        sums = dict(_write_channel(record, channel, folder, how) for channel in wanted)
        _write_facts(record, folder, how.dialect)
        write_sums(folder, sums)
    return target


def _target(record: RecordData, root: Path) -> tuple[Path, list[str]]:
    """Return the folder of a record, and its unknown names."""
    info = record.facts.info
    if record.pseudonym is not None:
        # It stands for the user and for the record.
        return root / record.pseudonym, []
    missing = []
    user = info.get("email") or info.get("user_id")
    if user is None:
        missing.append("e-mail and user id (no folder of the user)")
    else:
        root /= folder_name(str(user))
    if record.id is None:
        missing.append("record id (the folder is called record)")
    return root / ("record" if record.id is None else str(record.id)), missing


def _unknown_facts(facts: Facts) -> list[str]:
    tables = {
        "ranges, which are the activities (annotations.txt)": facts.ranges,
        "track (track.txt)": facts.track,
    }
    unknown = [name for name, table in tables.items() if table is None]
    held = {
        "annotations": facts.annotations,
        "metrics": facts.metrics,
        "statistics": facts.statistics,
    }
    lost = [name for name, table in held.items() if table is not None and len(table)]
    if lost:
        unknown.append(f"{', '.join(lost)} (the format has no place for them)")
    return unknown


def _is_own(name: str) -> bool:
    """Whether this writer makes a file of that name, in any dialect."""
    if name == SUMS:
        return True
    stem = name.lower().removesuffix(SUFFIX)
    return name.lower().endswith(SUFFIX) and (stem in FACT_NAMES or stem in _written())


@functools.cache
def _written() -> frozenset[str]:
    return frozenset(
        file_name(channel, dialect, units).lower()
        for family in FAMILIES
        for channel in channels_of(family).values()
        for dialect in get_args(Dialect)
        for units in get_args(Units)
    )


def _write_channel(
    record: RecordData, channel: Channel, folder: Path, how: _Settings
) -> tuple[str, str]:
    """Write one file; return its name and its checksum."""
    path = folder / f"{file_name(channel, how.dialect, how.units)}{SUFFIX}"
    writer = LineWriter(
        channel,
        how.stamps(channel.clock),
        dialect=how.dialect,
        units=how.units,
        scale=record.scale,
    )
    with SummedFile(path) as file:
        for piece in record.pieces(channel.name, digits.BLOCK):
            file.write(writer.lines(piece))
    return path.name, file.sha256


def _write_facts(record: RecordData, folder: Path, dialect: Dialect) -> None:
    facts = record.facts
    # The old script wrote these as ticks in every case.
    stamps = Stamps(clock=CLOCK_OF_FAMILY[record.family])
    info = {
        **facts.info,
        **fact_files.user_of(facts.info, dialect),
        "start": record.start_tick,
        "end": record.end_tick,
        "model": record.family,
    }
    texts = {"info": fact_files.info_text(info)}
    if facts.ranges is not None:
        texts["annotations"] = fact_files.ranges_text(facts.ranges, stamps)
    if facts.track is not None:
        texts["track"] = fact_files.track_text(facts.track)
    for name, text in texts.items():
        (folder / f"{name}{SUFFIX}").write_bytes(text.encode())


# -- lines -----------------------------------------------------------------------------


class LineWriter:
    """Turns pieces of a channel, of the given scale, into lines.

    `units` are "classic", the values of the JSON API, or "physical", those of the
    frames, which have all digits in either dialect.
    """

    def __init__(
        self,
        channel: Channel,
        stamps: Stamps,
        *,
        dialect: Dialect,
        units: Units,
        scale: Scale,
    ) -> None:
        self._stamps = stamps
        self._columns = [
            (row.column, _Spelling(row, dialect, units, scale))
            for row in channel.datatypes
        ]

    def lines(self, piece: pd.DataFrame) -> bytes:
        """Return the lines of at most `digits.BLOCK` rows."""
        index = pd.DatetimeIndex(piece.index)
        ticks = _ticks(index, self._stamps.clock)
        values = arrays_of(piece)
        columns = [spelling.column(values[name]) for name, spelling in self._columns]
        return digits.join([self._stamps.write(ticks), *columns])


def _ticks(index: pd.DatetimeIndex, clock: Clock) -> NDArray[np.int64]:
    """Return the ticks of an index; a slow check names a time off the ticks."""
    if index.unit == "ns":
        times = np.asarray(index.asi8)
        ticks = times // NS_PER_TICK[clock]
        if np.array_equal(ticks * NS_PER_TICK[clock], times):
            return ticks
    return index_to_ticks(index, clock=clock)


class _Texts(NamedTuple):
    """Texts of the counts from `first` on, and their values in a frame."""

    first: int
    samples: NDArray[Any]
    texts: NDArray[np.uint8]


class _Spelling:
    """How the values of one column are printed.

    Nearly all values of a channel come from some thousand counts, so each count is
    spelt once; other values are spelt one by one.
    """

    def __init__(
        self, row: Datatype, dialect: Dialect, units: Units, scale: Scale
    ) -> None:
        self._row = row
        self._dialect: Dialect = dialect
        self._units = units
        self._scale: Scale = scale
        raw = scale == "raw"
        self._gain = 1.0 if raw else row.gain
        self._offset = 0.0 if raw else row.offset
        self._dtype = np.float32 if row.kind == "waveform" else np.float64
        self._known = _Texts(0, np.zeros(0), np.zeros((0, 1), np.uint8))

    def column(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Return values as a column of text."""
        counts = values.astype(np.float64)
        counts -= self._offset
        counts /= self._gain
        np.rint(counts, out=counts)
        low, high = float(counts.min()), float(counts.max())
        # With missing values both are NaN, and the comparison is false.
        if high - low < _SPAN and abs(low) < 2**31:
            known = self._table(int(low), int(high))
            at = counts.astype(np.int64)
            at -= known.first
            if np.array_equal(known.samples.take(at), values):
                return known.texts.take(at, axis=0)
        return self._one_by_one(values)

    def _table(self, low: int, high: int) -> _Texts:
        """Return texts of at least these counts; the table grows by steps."""
        known = self._known
        first, last = known.first, known.first + len(known.samples) - 1
        if len(known.samples) and first <= low and high <= last:
            return known
        margin = (high - low) // 4
        near = len(known.samples) and max(last, high) - min(first, low) < _SPAN
        first = min(first, low - margin) if near else low
        last = max(last, high + margin) if near else high
        counts = np.arange(first, last + 1, dtype=np.float64)
        values = (counts * self._gain + self._offset).astype(self._dtype)
        self._known = _Texts(first, values, self._spell(values))
        return self._known

    def _one_by_one(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Spell each distinct value; 0.0 and -0.0 are equal, so bits are compared."""
        bits = np.ascontiguousarray(values).view(f"i{values.dtype.itemsize}")
        distinct, rows = np.unique(bits, return_inverse=True)
        return self._spell(distinct.view(values.dtype)).take(rows, axis=0)

    def _spell(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        if self._units == "physical":
            # str of a float32 has just the digits that tell it from all others.
            return digits.texts(
                "None" if np.isnan(value) else str(value) for value in values
            )
        carried = _carried(values, self._row, self._scale)
        if carried.dtype.kind == "i":
            return digits.integers(carried)
        return digits.texts(
            number_text(value, self._dialect) for value in carried.tolist()
        )


def number_text(value: object, dialect: Dialect) -> str:
    """Return a value as the old script prints it.

    The vendor's ran under Python 2.7, where ``str`` of a float has 12 significant
    digits; `format` spells them the same, with ``.0`` and exponents in the same places.
    """
    if dialect == "classic" and isinstance(value, float):
        return format(value, ".12")
    return str(value)


def halves_of(dialect: Dialect) -> Halves:
    """Return how the Python of a dialect rounds half a microsecond."""
    return "up" if dialect == "classic" else "even"


def classic_values(
    values: NDArray[Any], row: Datatype, *, scale: Scale
) -> list[int | float | None]:
    """Return the numbers of the JSON API for values of a frame; None for NaN.

    Counts are int and the rest float, as the table says: so the old script returned
    them, and `number_text` gives the text that it wrote.
    """
    listed: list[int | float | None] = _carried(values, row, scale).tolist()
    return listed


def _carried(values: NDArray[Any], row: Datatype, scale: Scale) -> NDArray[Any]:
    """Return the same as an array: of int64, of float64, or of objects."""
    if row.kind == "waveform":
        # A float32 is only near the value of the API; its count gives it exactly.
        counts = counts_from_values(values, row, scale=scale)
        carried = counts * row.json_gain
    else:
        carried = json_from_values(values, row, scale=scale)
    missing = np.isnan(carried)
    whole = (carried == np.rint(carried)) & (np.abs(carried) < _EXACT)
    if row.txt != "integer":
        whole[:] = False
    numbers: NDArray[Any] = carried
    if whole.all():
        numbers = carried.astype(np.int64)
    elif missing.any() or whole.any():
        numbers = carried.astype(object)
        numbers[whole] = carried[whole].astype(np.int64)
        numbers[missing] = None
    return numbers

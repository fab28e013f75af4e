"""CSV files of the vendor's converter (HxConvertSourceFile): seconds and values.

Two tools wrote them, and their files lie about in the same folders as the service's own
event files, so each file is looked at for itself:

* the MATLAB tool of 2014: no heading, time and value with 8 decimals. It looks the gain
  up by the whole path, finds none, and prints counts, as signed 16-bit numbers;
* the C tool of 2015 and its successors: ``time [s],name [unit] (/api/datatype/<id>/),``
  or no heading (``-noheader``); physical values with 5 or 8 decimals, and with none
  where the gain is 1. Options: ``-addquality`` (quality as a third column), ``-group``
  (all 1 Hz channels in ``outputData.csv``), ``-epoch`` (POSIX seconds; event files are
  then called ``<name>_epoch.csv``). Event files it copies: counts without decimals,
  whatever unit the heading gives, the last line twice;
* the service: ``time [s],name [unit](/api/datatype/<id>/)`` over counts.

Whether a file holds counts or physical values is decided in this order:

1. the gain of the channel is 1: nothing to decide;
2. the service's heading, or values without decimals: counts;
3. a value that is not whole: physical;
4. 5 decimals, or the C tool's heading: physical;
5. whole values with other decimals: physical only if each one is a whole count times
   the gain and counts would hardly all come out so (gains of 1 and more), counts if
   physical values would hardly all be whole (gains below 1); "hardly" is a chance below
   one in a million over the different values;
6. otherwise the other files of the folder decide, since one tool wrote them; where they
   cannot either, that is a `ConfigurationError`.

The name in a heading goes before its id, since the C tool gives the adjusted channels
(``minute_ventilation_cl``, ``tidal_volume_ml``) the ids of the others; ``_raw`` in a
name means "not adjusted by weight", not counts.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.calibration import counts_from_values, values_from_counts
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, family_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    SkippedChannelWarning,
    TimestampError,
)
from hexoframe.facts import Facts, facts_table
from hexoframe.formats import members
from hexoframe.formats.dashboard import (
    Heading,
    check_unit,
    find_row,
    guess_family,
    parse_heading,
)
from hexoframe.formats.table import first_bad, line_number, read_cells
from hexoframe.frames import make_frame, merge_ticks
from hexoframe.ledger import Receipt
from hexoframe.recorddata import RecordData, Source
from hexoframe.timestamps import NS_PER_TICK, clock_of, ticks_to_index, time_to_tick

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.formats.options import ReadOptions

__all__ = ["read", "sniff"]

_NAME = "converter CSV"
_TIME = "time [s]"
_SUFFIXES = (".csv", ".txt")
_SAMPLE_SUFFIXES = (".wav", ".hxd")
_OTHER_FILES = {"info.json", "statistics.csv"}
_TIME_CELL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
_NUMBER = re.compile(_TIME_CELL.pattern + "|nan", re.IGNORECASE)
_EPOCH_FROM = 946_684_800  # 2000-01-01 in POSIX seconds; no recording lasts so long
_PLAY_NS = 1000
_EXACT = pa.decimal128(28, 9)
_C_DECIMALS = 5
_HARDLY = 1e-6
_WHOLE = 1e-3
_SIXTEEN_BITS = 1 << 16

Form = Literal["counts", "values"]


# -- what a file is --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One CSV file: what its heading and its first and last lines say.

    Attributes
    ----------
    origin : {"service", "heading", "bare"}
        Whose heading it has, or that it has none.
    headings : tuple of Heading
        What is known of each column of values; of a bare file, the name.
    first, last : tuple of str
        Cells of the first and the last line; empty if there are no samples.
    repeats_last : bool
        Whether the last two lines are the same.
    unended : bool
        Whether the last line lacks its end.
    """

    path: Path
    origin: Literal["service", "heading", "bare"]
    headings: tuple[Heading, ...]
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    repeats_last: bool = False
    unended: bool = False

    @property
    def skip(self) -> int:
        """Lines of heading."""
        return 0 if self.origin == "bare" else 1

    @property
    def epoch(self) -> bool:
        """Whether the first column is POSIX seconds."""
        time = self.first[0] if self.first else ""
        return _TIME_CELL.fullmatch(time) is not None and Decimal(time) >= _EPOCH_FROM

    def row(self, number: int, family: Family) -> Datatype | None:
        """Return the datatype of a column of values in a family."""
        heading = self.headings[number]
        name = heading.name.removesuffix("_epoch")
        for key in (name, name.removesuffix("_raw"), heading.id):
            if key is not None and (row := find_row(family, key)) is not None:
                return row
        return None

    def known(self) -> bool:
        """Whether a column is a channel of any family."""
        numbers = range(len(self.headings))
        return any(self.row(number, each) for each in FAMILIES for number in numbers)

    def decimals(self, number: int) -> int | None:
        """Return how many decimals the first value of a column has."""
        cell = self.first[number + 1]
        return len(cell.partition(".")[2]) if _NUMBER.fullmatch(cell) else None


def sniff(path: Path) -> bool:
    """Whether a path is a CSV of the converter, or a folder of such without WAVs.

    A file without heading is recognised by two columns of numbers and the name of a
    channel, which only its file name can say.
    """
    if path.is_file():
        return _inspect(path) is not None
    items = [item for item in path.iterdir() if item.is_file()]
    if any(item.suffix.lower() in _SAMPLE_SUFFIXES for item in items):
        return False
    return any(_inspect(item) for item in items)


def _inspect(path: Path) -> _File | None:
    """Look at a file; None if it is no CSV of the converter."""
    if path.suffix.lower() not in _SUFFIXES or path.name.startswith("."):
        return None
    with path.open("rb") as stream:
        head = stream.read(1 << 14).decode("utf-8-sig", "replace")
    lines = [line for line in head.splitlines() if line]
    cells = _cells(lines[0]) if lines else ()
    if cells[:1] == (_TIME,):
        file = _headed(path, cells, lines[1:])
    elif all(map(_NUMBER.fullmatch, cells)):
        file = _bare(path, cells)
    else:
        return None
    return file if file is not None and file.known() else None


def _cells(line: str) -> tuple[str, ...]:
    """Cells of a line; the converter ends some lines with a comma."""
    return tuple(cell.strip() for cell in line.removesuffix(",").split(","))


def _headed(path: Path, cells: tuple[str, ...], rest: list[str]) -> _File | None:
    headings = tuple(filter(None, map(parse_heading, cells[1:])))
    if not headings or len(headings) < len(cells) - 1:
        return None
    service = headings[0].id is not None and not headings[0].apart
    origin: Literal["service", "heading"] = "service" if service else "heading"
    if not rest:
        return _File(path=path, origin=origin, headings=headings)
    first = _cells(rest[0])
    return _File(
        path=path, origin=origin, headings=headings, first=first, **_tail(path)
    )


def _bare(path: Path, cells: tuple[str, ...]) -> _File | None:
    heading = parse_heading(path.stem)
    if heading is None or len(cells) not in (2, 3):
        return None
    file = _File(path=path, origin="bare", headings=(heading,))
    rows = [file.row(0, family) for family in FAMILIES]
    if len(cells) == 3:
        # The third column judges the second (-addquality); no other channel has one.
        names = {row.quality for row in rows if row is not None}
        if names != {f"{row.channel}_quality" for row in rows if row is not None}:
            return None
        heading = (
            Heading(path.stem, names.pop(), None, None, False) if names else heading
        )
        file = replace(file, headings=(*file.headings, heading))
    return replace(file, first=cells, **_tail(path))


def _tail(path: Path) -> dict[str, Any]:
    """Look at the last two lines."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4096))
        text = stream.read().decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line]
    return {
        "last": _cells(lines[-1]),
        "repeats_last": len(lines) > 1 and lines[-1] == lines[-2],
        "unended": not text.endswith(("\n", "\r")),
    }


# -- the record ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Export:
    """What is known of a record before its samples are read."""

    folder: Path
    files: tuple[_File, ...]
    family: Family
    start: int
    options: ReadOptions
    info: dict[str, Any]
    statistics: members.Statistics | None

    @property
    def clock(self) -> Literal[256, 1000]:
        """Ticks in a second."""
        return CLOCK_OF_FAMILY[self.family]


def read(path: Path, options: ReadOptions) -> RecordData:
    """Open a folder of converter CSVs, or one of them.

    Parameters
    ----------
    path : Path
        Folder, or one file. What says when the record starts is looked for beside the
        files: `options.start`, ``info.json``, ``statistics.csv``, files with POSIX
        seconds.
    options : ReadOptions
        What to load and how.

    Returns
    -------
    RecordData
        Its channels are read when they are touched. It ends with its longest waveform
        or its last event.

    Raises
    ------
    FileFormatError
        If a line is broken, a time is no tick, or nothing says when the record starts.
    IncompleteDataError
        If a channel ends more than a second before the others and partial records were
        not allowed.
    ConfigurationError
        If nothing tells whether values are counts; raised when the channel is read.

    Notes
    -----
    Source: files of 2017 beside the WAVs that they were made from; the vendor's
    converters of 2014 (MATLAB) and 2015 (C). Epoch files without ``info.json`` are
    taken to be of the 256-tick clock unless the model says otherwise: the C tool
    refuses the other.
    """
    folder = path if path.is_dir() else path.parent
    export = _examine(folder, _files(path), options)
    columns = _match(export)
    wanted = options.wanted(export.family)
    ends = _ends(export, columns)
    end = _end(export, ends)
    lost = _check_lengths(export, ends, end)
    channels: dict[str, pd.DataFrame | Source] = {}
    for name, channel in wanted.items():
        mine = {row: columns[row] for row in channel.datatypes if row in columns}
        if mine:
            spans = tuple(sorted({lost[row] for row in mine if row in lost}))
            channels[name] = _source(export, channel, mine, spans)
    return RecordData(
        export.family,
        (export.start, end),
        channels,
        facts=_facts(export, list(channels)),
        scale=options.scale,
    )


def _files(path: Path) -> tuple[_File, ...]:
    paths = [path] if path.is_file() else sorted(path.iterdir())
    found = {item: _inspect(item) for item in paths if item.is_file()}
    strange = [
        item.name
        for item, file in found.items()
        if file is None and item.suffix.lower() == ".csv" and item.stat().st_size
        if item.name not in _OTHER_FILES and not item.name.startswith(".")
    ]
    files = tuple(file for file in found.values() if file is not None)
    if not files:
        raise FileFormatError(
            f"{path}: found no converter CSV, expected '{_TIME},<name> [<unit>]' as "
            "the first line, or '<seconds>,<value>' in a file named by its channel"
        )
    if strange:
        _warn_skipped(path, strange, "not in the form of the converter")
    return files


def _warn_skipped(path: Path, names: Sequence[str], why: str) -> None:
    warnings.warn(
        f"{path}: {', '.join(names)} left out: {why}",
        SkippedChannelWarning,
        stacklevel=4,
    )


def _examine(folder: Path, files: tuple[_File, ...], options: ReadOptions) -> _Export:
    # The converter of 2015 in Python writes into such a folder inside the export.
    nested = folder.name.lower() == "conversionoutput"
    place = folder.parent if nested else folder
    info: dict[str, Any] = {}
    if (place / "info.json").is_file():
        where = str(place / "info.json")
        info = members.parse_info((place / "info.json").read_bytes(), where=where)
    statistics = None
    if (place / "statistics.csv").is_file():
        where = str(place / "statistics.csv")
        data = (place / "statistics.csv").read_bytes()
        statistics = members.parse_statistics(data, where=where)
    start = _stated_start(info, statistics, options, place)
    try:
        clock = _clock(start, options)
    except TimestampError as error:
        raise FileFormatError(f"{place}: the start of the record: {error}") from error
    family = guess_family(_filled(files, clock), clock, options.model)
    if start is None:
        start = _start_of_epoch(files, family, folder)
    return _Export(
        folder=folder,
        files=_one_each(files),
        family=family,
        start=start,
        options=options,
        info=_info(info, statistics, place),
        statistics=statistics,
    )


def _stated_start(
    info: dict[str, Any],
    statistics: members.Statistics | None,
    options: ReadOptions,
    place: Path,
) -> int | None:
    """First tick of the record: what the caller says, info.json, statistics.csv."""
    if isinstance(options.start, int):
        return options.start
    if options.start is not None:
        if options.model is None:
            raise ConfigurationError(
                f"start={options.start!r} needs model=, which says the clock; or give "
                "the start in ticks"
            )
        clock = CLOCK_OF_FAMILY[family_of(options.model)]
        return time_to_tick(options.start, clock=clock)
    stated = info.get("start", info.get("start_timestamp"))
    if stated is None and statistics is not None:
        stated = statistics.table.get("start", (None,))[0] or None
    try:
        return None if stated is None else int(Decimal(str(stated)))
    except (ArithmeticError, ValueError) as error:
        raise FileFormatError(
            f"{place}: found the start {stated!r}, expected a tick"
        ) from error


def _clock(start: int | None, options: ReadOptions) -> int:
    if start is not None:
        return clock_of(start)
    named = (options.model or "hexoskin").lower()
    return 1000 if named == "astroskin_1000" else 256


def _filled(files: Sequence[_File], clock: int) -> Iterator[str | int]:
    """Names of the columns with samples, as the families of a clock call them."""
    families = [family for family in FAMILIES if CLOCK_OF_FAMILY[family] == clock]
    for file in files:
        if not file.first:
            continue
        for number in range(len(file.headings)):
            rows = (file.row(number, family) for family in families)
            yield from (row.api_name for row in rows if row is not None)


def _start_of_epoch(files: Sequence[_File], family: Family, folder: Path) -> int:
    """Start of the record from the first samples of files with POSIX seconds."""
    clock = CLOCK_OF_FAMILY[family]
    starts = []
    for file in files:
        row = file.row(0, family)
        if file.epoch and row is not None and row.ticks is not None:
            first = 0 if row.kind == "waveform" else row.ticks
            starts.append(round(_tick(file, file.first, clock) - first))
    if not starts:
        raise FileFormatError(
            f"{folder}: nothing says when the record starts: expected info.json beside "
            "the files, or files of sampled channels with POSIX seconds (-epoch); or "
            "say it with start=, in ticks or as a time with its zone"
        )
    return min(starts)


def _tick(file: _File, cells: tuple[str, ...], clock: int) -> int:
    """Return the tick of one line, since 1970 or since the start, nearest."""
    try:
        return round(Decimal(cells[0]) * clock)
    except (ArithmeticError, ValueError) as error:
        raise FileFormatError(
            f"{file.path}: found the time {cells[0][:40]!r}, expected seconds; the "
            "file may have been cut"
        ) from error


def _one_each(files: Sequence[_File]) -> tuple[_File, ...]:
    """Leave out epoch copies of event files whose originals lie beside them."""
    stems = {file.path.stem.lower() for file in files}
    return tuple(
        file
        for file in files
        if not file.path.stem.lower().endswith("_epoch")
        or file.path.stem.lower().removesuffix("_epoch") not in stems
    )


def _match(export: _Export) -> dict[Datatype, tuple[_File, int]]:
    """Return file and column of each datatype; say which columns no channel takes."""
    columns: dict[Datatype, tuple[_File, int]] = {}
    unknown = []
    for file in export.files:
        for number, heading in enumerate(file.headings):
            row = file.row(number, export.family)
            if row is None:
                unknown += [f"{file.path.name} ({heading.name})"] if file.first else []
                continue
            other = columns.get(row)
            if other is not None and file.first and other[0].first:
                raise FileFormatError(
                    f"{export.folder}: found {row.api_name} in {other[0].path.name} "
                    f"and in {file.path.name}, expected it once: remove one of them"
                )
            if other is None or file.first:
                columns[row] = (file, number)
    if unknown:
        _warn_skipped(export.folder, unknown, f"no channel of {export.family}")
    return columns


def _ends(
    export: _Export, columns: dict[Datatype, tuple[_File, int]]
) -> dict[Datatype, int]:
    """Tick behind the last sample of a waveform, tick of the last one of the rest."""
    ends = {}
    for row, (file, _) in columns.items():
        if not file.first:
            continue
        _check_tail(file)
        tick = _tick(file, file.last, export.clock)
        step = round(row.ticks) if row.kind == "waveform" and row.ticks else 0
        ends[row] = tick + step + (0 if file.epoch else export.start)
    return ends


def _check_tail(file: _File) -> None:
    """Refuse a file that ends in the middle of a line."""
    short = len(file.last) != len(file.headings) + 1
    # The converters print as many decimals on each line, and end each line.
    cut = (
        file.unended
        and file.origin != "service"
        and _places(file.last) != _places(file.first)
    )
    if short or cut:
        raise FileFormatError(
            f"{file.path}, last line: found {','.join(file.last)!r}, expected "
            f"{len(file.headings) + 1} cells such as {','.join(file.first)!r}; the "
            "file was cut: convert the export again"
        )


def _places(cells: tuple[str, ...]) -> list[int]:
    return [len(cell.partition(".")[2]) for cell in cells]


def _end(export: _Export, ends: dict[Datatype, int]) -> int:
    """End of the longest waveform or the last event.

    Channels at 1 Hz and slower may hold a sample more than the record has seconds; they
    count only where there is no waveform.
    """
    waves = [tick for row, tick in ends.items() if row.kind == "waveform"]
    rates = [tick for row, tick in ends.items() if row.kind == "rate"]
    events = [tick for row, tick in ends.items() if row.ticks is None]
    return max([export.start, *(waves or rates), *events])


def _check_lengths(
    export: _Export, ends: dict[Datatype, int], end: int
) -> dict[Datatype, tuple[int, int]]:
    """Return the spans that files lack; raise unless partial records are allowed."""
    lost = {
        row: (tick, end)
        for row, tick in ends.items()
        if row.ticks is not None and end - tick > export.clock + row.ticks
    }
    if not lost:
        return {}
    told = "; ".join(
        f"{row.api_name} ends {(last - first) / export.clock:.1f} s before the record"
        for row, (first, last) in lost.items()
    )
    if not export.options.allow_partial:
        raise IncompleteDataError(
            f"{export.folder}: {told}. Convert the export again, or open what is there "
            "with allow_partial=True",
            ledger=lost,
        )
    warnings.warn(f"{export.folder}: {told}", MissingSamplesWarning, stacklevel=3)
    return lost


# -- files to channels -----------------------------------------------------------------


def _source(
    export: _Export,
    channel: Channel,
    columns: dict[Datatype, tuple[_File, int]],
    lost: tuple[tuple[int, int], ...],
) -> Source:
    def read_all() -> pd.DataFrame:
        parts = {
            row.column: _samples(export, row, file, number)
            for row, (file, number) in columns.items()
        }
        ticks, values = merge_ticks(parts)
        return make_frame(
            channel,
            ticks_to_index(ticks, clock=export.clock),
            values,
            record_id=export.info.get("id"),
            scale=export.options.scale,
        )

    repeated = any(file.repeats_last for file, _ in columns.values())
    return Source(read=read_all, receipt=Receipt(duplicates=int(repeated), lost=lost))


def _samples(
    export: _Export, row: Datatype, file: _File, number: int
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Read one column: ticks, and values at the scale that was asked for."""
    scale = export.options.scale
    if not file.first:
        none = np.empty(0, dtype=np.float64)
        return np.empty(0, dtype=np.int64), values_from_counts(none, row, scale=scale)
    _check_heading(export, row, file, number)
    nanoseconds, numbers = _cells_of(file, number)
    ticks = _ticks(export, row, file, nanoseconds)
    _check_steps(file, row, ticks)
    form = _form(export, row, file, number, numbers)
    if form == "values":
        counts = counts_from_values(numbers, row)
    else:
        counts = _unwrapped(numbers, row, file)
    return ticks, values_from_counts(counts, row, scale=scale)


def _check_heading(export: _Export, row: Datatype, file: _File, number: int) -> None:
    """Refuse a unit that is not the table's, and intervals of another clock."""
    where = f"{file.path}, line 1"
    heading = file.headings[number]
    parts = re.fullmatch(r"s/(\d+)", heading.unit or "")
    if parts and row.unit == "s" and int(parts[1]) == export.clock:
        return
    if not check_unit(heading, row, where):
        raise FileFormatError(
            f"{where}: found the unit [{heading.unit}] for {row.api_name}, expected "
            f"[{row.unit}]"
        )


def _cells_of(
    file: _File, number: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return times in ns, exactly as printed, and the numbers of a column."""
    names = [
        f"{heading.name} (column {at})" for at, heading in enumerate(file.headings, 2)
    ]
    types = {"time": _EXACT, **dict.fromkeys(names, pa.float64())}
    try:
        cells = read_cells(file.path, types, skip=file.skip)
        times = cells["time"]
    except FileFormatError:
        # More than nine decimals: the surplus is below a nanosecond.
        cells = read_cells(file.path, {**types, "time": pa.string()}, skip=file.skip)
        times = _shortened(file, cells["time"])
    numbers = cells.column(number + 1)
    missing = times.null_count or numbers.null_count
    if missing:
        empty = pc.or_(times.is_null(), numbers.is_null())
        row = pc.index(empty, True).as_py()
        raise _fail(file, row, "an empty cell", "'<seconds>,<value>'")
    values = numbers.to_numpy()
    if np.isinf(values).any():
        row = int(np.isinf(values).argmax())
        raise _fail(file, row, "an infinite value", "a number")
    keep = len(cells) - file.repeats_last
    return _nanoseconds(file, times)[:keep], values[:keep]


def _shortened(file: _File, texts: pa.ChunkedArray) -> pa.ChunkedArray:
    cut = pc.replace_substring_regex(texts, r"^([^.]*\.\d{9})\d+$", r"\1")

    def good(count: int) -> bool:
        try:
            cut.slice(0, count).cast(_EXACT)
        except pa.ArrowInvalid:
            return False
        return True

    if not good(len(cut)):
        row = first_bad(len(cut), good)
        raise _fail(file, row, repr(texts[row].as_py())[:40], "seconds")
    return cut.cast(_EXACT)


def _nanoseconds(file: _File, times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return decimals with nine places as whole numbers, without any rounding."""
    words = [
        np.frombuffer(chunk.buffers()[1], dtype="<i8").reshape(-1, 2)[
            chunk.offset : chunk.offset + len(chunk)
        ]
        for chunk in times.chunks
    ]
    low, high = np.concatenate(words).T
    large = np.flatnonzero(high != low >> 63)
    if len(large):
        row = int(large[0])
        raise _fail(file, row, f"{times[row].as_py()} s", "seconds of a recording")
    return np.ascontiguousarray(low)


def _fail(file: _File, row: int, found: str, expected: str) -> FileFormatError:
    line = line_number(file.path, row, skip=file.skip)
    return FileFormatError(
        f"{file.path}, line {line}: found {found}, expected {expected}"
    )


def _ticks(
    export: _Export, row: Datatype, file: _File, nanoseconds: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return ticks since 1970; a time may lie a microsecond off its tick."""
    length = NS_PER_TICK[export.clock]
    since = nanoseconds - export.start * length if file.epoch else nanoseconds
    # Samples at 75 Hz lie between two ticks: there the number of the sample is exact.
    above, below = 1, 1
    if row.ticks is not None and row.ticks.denominator > 1:
        above, below = row.ticks.numerator, row.ticks.denominator
    step = above * length
    numbers = (2 * since * below + step) // (2 * step)
    off = np.abs(since * below - numbers * step) > _PLAY_NS * below
    if off.any():
        at = int(np.argmax(off))
        raise _fail(
            file,
            at,
            f"{nanoseconds[at] / 1e9:.9f} s",
            f"a multiple of {above / below / export.clock:.9g} s; is the model right?",
        )
    return export.start + (2 * numbers * above + below) // (2 * below)


def _check_steps(file: _File, row: Datatype, ticks: NDArray[np.int64]) -> None:
    """Refuse samples out of order, and a rate that is not the table's."""
    steps = np.diff(ticks)
    if row.ticks is None:
        back = np.flatnonzero(steps < 0)
    else:
        back = np.flatnonzero(steps <= 0)
    if len(back):
        at = int(back[0])
        raise _fail(file, at + 1, "a time that is not later", "ascending times")
    # A gap of the recorder is longer than a step; steps that are all longer are none.
    if row.ticks is not None and len(steps) and steps.min() > row.ticks + 1:
        raise FileFormatError(
            f"{file.path}: found samples {steps.min()} ticks apart, expected "
            f"{float(row.ticks):g} for {row.api_name} of {row.family}; is the model "
            "right?"
        )


def _unwrapped(
    numbers: NDArray[np.float64], row: Datatype, file: _File
) -> NDArray[np.float64]:
    """Read 16-bit counts that were printed with the wrong sign."""
    if row.ticks is None:
        return numbers
    outside = (numbers < -_SIXTEEN_BITS // 2) | (numbers >= _SIXTEEN_BITS)
    if outside.any():
        at = int(outside.argmax())
        raise _fail(file, at, f"{numbers[at]:.10g}", "a count of 16 bits")
    if row.signed:
        return np.where(numbers >= _SIXTEEN_BITS // 2, numbers - _SIXTEEN_BITS, numbers)
    return np.where(numbers < 0, numbers + _SIXTEEN_BITS, numbers)


# -- counts or physical values ---------------------------------------------------------


def _form(
    export: _Export,
    row: Datatype,
    file: _File,
    number: int,
    numbers: NDArray[np.float64],
) -> Form:
    """Say what a column holds, by itself or by the other files of its folder."""
    form = _judge(row, file, number, numbers)
    if form is None:
        form = _form_of_others(export, file)
    if form is None:
        raise ConfigurationError(
            f"{file.path}: nothing tells whether {row.api_name} holds counts or "
            f"{row.unit} ({len(numbers)} values, all whole). Put it beside other files "
            "of the same conversion, such as ECG_I.csv or acceleration_X.csv, which "
            "tell, or open the WAV files that it was made from"
        )
    return form


def _judge(
    row: Datatype, file: _File, number: int, numbers: NDArray[np.float64]
) -> Form | None:
    """Apply the rules of this module to one column; None if it fits both."""
    if row.gain == 1.0 and row.offset == 0.0:
        return "counts"
    decimals = file.decimals(number)
    if file.origin == "service" or decimals == 0:
        return "counts"
    known = numbers[~np.isnan(numbers)]
    if (known != np.rint(known)).any():
        return "values"
    if file.origin == "heading" or decimals == _C_DECIMALS:
        return "values"
    return _judge_whole(row, known)


def _judge_whole(row: Datatype, known: NDArray[np.float64]) -> Form | None:
    """Weigh whole numbers: counts always are, physical values seldom."""
    kinds = np.unique(known)
    if row.offset == 0.0:
        # Zero is the same in both.
        kinds = kinds[kinds != 0]
        if not len(kinds):
            return "counts"
    counts = (kinds - row.offset) / row.gain
    possible = (np.abs(counts - np.rint(counts)) < _WHOLE).all() and (
        np.abs(counts) < _SIXTEEN_BITS
    ).all()
    if not possible:
        return "counts"
    chance = min(row.gain, 1 / row.gain) ** len(kinds)
    if chance > _HARDLY:
        return None
    return "counts" if row.gain < 1 else "values"


def _form_of_others(export: _Export, file: _File) -> Form | None:
    """Return what the other bare files of the folder hold: one tool wrote them."""
    for path in sorted(export.folder.iterdir()):
        other = _inspect(path) if path.is_file() and path != file.path else None
        if other is None or other.origin != "bare" or not other.first:
            continue
        row = other.row(0, export.family)
        # Without decimals stand the copies of event files, whatever the tool.
        if row is None or row.gain == 1.0 or other.decimals(0) == 0:
            continue
        _, numbers = _cells_of(other, 0)
        # All zero tells nothing of the tool.
        form = _judge(row, other, 0, numbers) if numbers.any() else None
        if form is not None:
            return form
    return None


# -- facts -----------------------------------------------------------------------------


def _info(
    info: dict[str, Any], statistics: members.Statistics | None, place: Path
) -> dict[str, Any]:
    """Facts of info.json under the names that every door uses."""
    uri = "" if statistics is None else statistics.table.get("uri", ("",))[0]
    record = (
        re.search(r"/record/(\d+)/", uri)
        or re.search(r"[?&]record=(\d+)", str(info.get("request", "")))
        or re.fullmatch(r"record_(\d+)", place.name)
    )
    devices = info.get("devices") or []
    known = {
        "id": int(record[1]) if record else None,
        "user_id": info.get("user"),
        "device": devices[0] if len(devices) == 1 else None,
    }
    named = {key: value for key, value in known.items() if value is not None}
    kept = {key: value for key, value in info.items() if key not in ("user", "start")}
    return {**named, **kept}


def _facts(export: _Export, names: list[str]) -> Facts:
    info = {**export.info, "provenance": dict.fromkeys(names, _NAME)}
    if export.statistics is None:
        return Facts(info=info)
    rows = [
        {"name": name, "value": value or None, "unit": unit or None}
        for name, (value, unit) in export.statistics.table.items()
        if name not in ("uri", "start", "end", "start_date")
    ]
    return Facts(
        info=info,
        annotations=facts_table(
            "annotations", export.statistics.annotations, clock=export.clock
        ),
        statistics=facts_table("statistics", rows),
    )

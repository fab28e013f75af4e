"""A folder of converter files: device family, start, end, and the file of each channel.

Only info.json, statistics.csv, headings and the first and last lines are looked at;
samples are not read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES
from hexoframe.errors import (
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    SkippedChannelWarning,
    TimestampError,
    warn,
)
from hexoframe.formats.archive.container import Folder
from hexoframe.formats.archive.infofiles import INFO_FILES, read_info_files, start_tick
from hexoframe.formats.archive.siblings import find_lost_events
from hexoframe.formats.converter.files import (
    TIME,
    ConverterColumn,
    ConverterFile,
    inspect,
)
from hexoframe.formats.headings import guess_family
from hexoframe.paths import is_file
from hexoframe.timestamps.ticks import clock_of

if TYPE_CHECKING:
    from hexoframe.channels import Datatype, Family
    from hexoframe.formats.archive.infofiles import InfoFiles
    from hexoframe.formats.archive.siblings import Events
    from hexoframe.formats.options import ReadOptions
    from hexoframe.timestamps import Clock

__all__ = [
    "ConverterFolder",
    "check_events",
    "check_lengths",
    "examine",
    "find_ends",
    "find_files",
    "last_end",
    "match",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConverterFolder:
    """What is known of a record before its samples are read."""

    path: Path
    files: tuple[ConverterFile, ...]
    family: Family
    start: int
    options: ReadOptions
    info: InfoFiles

    @property
    def clock(self) -> Clock:
        """Ticks per second."""
        return CLOCK_OF_FAMILY[self.family]


def find_files(path: Path) -> tuple[ConverterFile, ...]:
    """Look at a file, or at all in a folder; warn of other CSVs."""
    paths = [path] if is_file(path) else sorted(path.iterdir())
    found = {item: inspect(item) for item in paths if is_file(item)}
    strange = [
        item.name
        for item, file in found.items()
        if file is None and item.suffix.lower() == ".csv" and item.stat().st_size
        if item.name not in INFO_FILES and not item.name.startswith(".")
    ]
    files = tuple(file for file in found.values() if file is not None)
    if not files:
        raise FileFormatError(
            f"{path}: found no converter CSV, expected '{TIME},<name> [<unit>]' as "
            "the first line, or '<seconds>,<value>' in a file named by its channel"
        )
    if strange:
        _warn_skipped(path, strange, "not in the form of the converter")
    return files


def _warn_skipped(path: Path, names: Sequence[str], why: str) -> None:
    warn(
        f"{path}: {', '.join(names)} left out: {why}",
        SkippedChannelWarning,
    )


def examine(
    folder: Path, files: tuple[ConverterFile, ...], options: ReadOptions
) -> ConverterFolder:
    """Find the family and the start of a record, which the caller may know too."""
    # The converter of 2015 in Python writes into such a folder inside the export.
    nested = folder.name.lower() == "conversionoutput"
    place = folder.parent if nested else folder
    given = options.start is not None
    info = read_info_files(Folder(place), start_given=given)
    start = start_tick(info, options)
    try:
        clock = _clock(start, options)
    except TimestampError as error:
        raise FileFormatError(f"{place}: the start of the record: {error}") from error
    family = guess_family(_filled(files, clock), clock, options.model)
    if start is None:
        start = _start_of_epoch(files, family, folder)
    return ConverterFolder(
        path=folder,
        files=_one_each(files),
        family=family,
        start=start,
        options=options,
        info=info,
    )


def _clock(start: int | None, options: ReadOptions) -> int:
    if start is not None:
        return clock_of(start)
    named = (options.model or "hexoskin").lower()
    return 1000 if named == "astroskin_1000" else 256


def _filled(files: Sequence[ConverterFile], clock: int) -> Iterator[str | int]:
    """Yield the API names of the columns with samples, in all families of a clock."""
    families = [family for family in FAMILIES if CLOCK_OF_FAMILY[family] == clock]
    for file in files:
        if not file.first:
            continue
        for number in range(len(file.headings)):
            rows = (file.row(number, family) for family in families)
            yield from (row.api_name for row in rows if row is not None)


def _start_of_epoch(
    files: Sequence[ConverterFile], family: Family, folder: Path
) -> int:
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


def _tick(file: ConverterFile, cells: tuple[str, ...], clock: int) -> int:
    """Return the nearest tick of one line, since 1970 or since the start."""
    try:
        return round(Decimal(cells[0]) * clock)
    except (ArithmeticError, ValueError) as error:
        raise FileFormatError(
            f"{file.path}: found the time {cells[0][:40]!r}, expected seconds; the "
            "file may have been cut"
        ) from error


def _one_each(files: Sequence[ConverterFile]) -> tuple[ConverterFile, ...]:
    """Leave out epoch copies of event files that are there too."""
    stems = {file.path.stem.lower() for file in files}
    return tuple(
        file
        for file in files
        if not file.path.stem.lower().endswith("_epoch")
        or file.path.stem.lower().removesuffix("_epoch") not in stems
    )


def match(folder: ConverterFolder) -> dict[Datatype, ConverterColumn]:
    """Return the column of each datatype; warn of columns that fit no channel."""
    columns: dict[Datatype, ConverterColumn] = {}
    unknown = []
    for file in folder.files:
        for number, heading in enumerate(file.headings):
            row = file.row(number, folder.family)
            if row is None:
                unknown += [f"{file.path.name} ({heading.name})"] if file.first else []
                continue
            other = columns.get(row)
            if other is not None and file.first and other.file.first:
                raise FileFormatError(
                    f"{folder.path}: found {row.api_name} in {other.file.path.name} "
                    f"and in {file.path.name}, expected it once: remove one of them"
                )
            if other is None or file.first:
                columns[row] = ConverterColumn(file, number, row)
    if unknown:
        _warn_skipped(folder.path, unknown, f"no channel of {folder.family}")
    return columns


def find_ends(
    folder: ConverterFolder, columns: dict[Datatype, ConverterColumn]
) -> dict[Datatype, int]:
    """Tick after the last sample of a waveform, tick of the last one of the rest."""
    ends = {}
    for row, column in columns.items():
        file = column.file
        if not file.first:
            continue
        _check_tail(file)
        tick = _tick(file, file.last, folder.clock)
        step = round(row.ticks) if row.kind == "waveform" and row.ticks else 0
        ends[row] = tick + step + (0 if file.epoch else folder.start)
    return ends


def _check_tail(file: ConverterFile) -> None:
    """Refuse a file that was cut in the middle of a line."""
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


def last_end(folder: ConverterFolder, ends: dict[Datatype, int]) -> int:
    """End of the longest waveform or the last event.

    Channels at 1 Hz and slower may hold a sample more than the record has seconds; they
    count only if there is no waveform.
    """
    waves = [tick for row, tick in ends.items() if row.kind == "waveform"]
    rates = [tick for row, tick in ends.items() if row.kind == "rate"]
    events = [tick for row, tick in ends.items() if row.ticks is None]
    return max([folder.start, *(waves or rates), *events])


def check_lengths(
    folder: ConverterFolder, ends: dict[Datatype, int], end: int
) -> dict[Datatype, tuple[int, int]]:
    """Return the missing end of files that end more than a second before the record.

    It is an error unless the caller allows partial records.
    """
    lost = {
        row: (tick, end)
        for row, tick in ends.items()
        if row.ticks is not None and end - tick > folder.clock + row.ticks
    }
    said = [
        f"{row.api_name} ends {(last - first) / folder.clock:.1f} s before the record"
        for row, (first, last) in lost.items()
    ]
    _report(folder, said, lost)
    return lost


def check_events(
    folder: ConverterFolder, events: Mapping[Datatype, Events], end: int
) -> dict[Datatype, tuple[tuple[int, int], ...]]:
    """Return where files of events lack some, by what the others of the folder say.

    It is an error unless the caller allows partial records.
    """
    found = find_lost_events(events, end - folder.start, counts={})
    lost = {
        row: tuple((folder.start + at, folder.start + to) for at, to in loss.spans)
        for row, loss in found.items()
    }
    said = [f"{row.api_name} lacks events: {found[row].reason}" for row in found]
    _report(folder, said, lost)
    return lost


def _report(folder: ConverterFolder, said: Sequence[str], ledger: object) -> None:
    """Raise for what is lost, or warn if partial records are allowed."""
    if not said:
        return
    message = f"{folder.path}: {'; '.join(said)}"
    if not folder.options.allow_partial:
        raise IncompleteDataError(
            f"{message}. Convert the export again, or open what is there "
            "with allow_partial=True",
            ledger=ledger,
        )
    warn(message, MissingSamplesWarning)

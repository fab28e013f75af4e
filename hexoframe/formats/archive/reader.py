"""Reads the vendor's export: finds its records, matches files with channels.

Headers are checked when a record is opened, samples are read when a channel is touched.
How files are parsed and how long they should be does not belong here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, zip_longest
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY, datatypes_of
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    SkippedChannelWarning,
    TimestampError,
    warn,
)
from hexoframe.formats.archive.container import (
    Folder,
    ZipFolder,
    looks_like_zip,
    zip_folders,
)
from hexoframe.formats.archive.events import (
    EVENT_HEADER,
    count_events,
    parse_event_file,
)
from hexoframe.formats.archive.infofiles import (
    INFO_FILES,
    read_info_files,
    start_tick,
    stated_end,
)
from hexoframe.formats.archive.lengths import (
    find_gaps,
    measure,
    record_end,
    report_gaps,
    sample_step,
)
from hexoframe.formats.archive.tables import find_tables
from hexoframe.formats.archive.wav import iter_counts, parse_counts, read_wav_header
from hexoframe.formats.headings import guess_family
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import clock_of, grid_to_index, ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.archive.container import Container
    from hexoframe.formats.archive.wav import WavHeader
    from hexoframe.formats.options import ReadOptions
    from hexoframe.timestamps import Clock

__all__ = ["holds_record", "is_empty", "parts", "read", "sniff"]

_NAME = "vendor export"
_SAMPLE_SUFFIX = ".wav"


# -- finding the records ---------------------------------------------------------------


def sniff(path: Path) -> bool:
    """Whether a path is a vendor export, judged by content."""
    if path.is_dir():
        return bool(_record_folders(path))
    return path.is_file() and looks_like_zip(path) and not find_tables(path)


def is_empty(path: Path) -> bool:
    """Whether a ZIP has no members, as the export of a record without samples."""
    return not zip_folders(path)


def parts(path: Path) -> dict[str, Container]:
    """Return the records of a ZIP or folder by the name of their folder, sorted.

    A range export has one folder for each of its records.
    """
    found: dict[str, Container]
    if path.is_dir():
        folders = _record_folders(path)
        labels = _labels([folder.relative_to(path) for folder in folders])
        found = {
            label or path.name: Folder(folder)
            for label, folder in zip(labels, folders, strict=True)
        }
    else:
        inner = [
            folder
            for folder, names in sorted(zip_folders(path).items())
            if any(_is_member(name) for name in names)
        ]
        labels = _labels([PurePosixPath(folder) for folder in inner])
        found = {
            label or path.stem: ZipFolder(path, folder)
            for label, folder in zip(labels, inner, strict=True)
        }
    if not found:
        raise FileFormatError(
            f"{path}: not a vendor export: expected WAV and event files such as "
            "record_<id>/ECG_I.wav, found none"
        )
    return found


def _labels(folders: Sequence[PurePath]) -> list[str]:
    """Name of each folder, or its path if two have the same name."""
    names = Counter(folder.name for folder in folders)
    return [
        folder.name if names[folder.name] == 1 else folder.as_posix()
        for folder in folders
    ]


def _is_member(name: str) -> bool:
    return name.lower().endswith((_SAMPLE_SUFFIX, ".hxd")) or name == "info.json"


def _record_folders(path: Path) -> list[Path]:
    """Return the folders with samples: the folder itself and two levels below it."""
    below = _folders_in(path)
    candidates = [path, *below, *chain.from_iterable(map(_folders_in, below))]
    return [folder for folder in candidates if holds_record(folder)]


def _folders_in(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if item.is_dir())


def holds_record(folder: Path) -> bool:
    """Whether a folder has sample files itself, not in a folder below it."""
    return any(
        _holds_samples(item)
        for item in folder.iterdir()
        if item.is_file() and not item.name.startswith(".")
    )


def _holds_samples(path: Path) -> bool:
    """Whether a file is a WAV by name and content; .hxd has no mark in its content."""
    if path.suffix.lower() != _SAMPLE_SUFFIX:
        return path.suffix.lower() == ".hxd"
    with path.open("rb") as file:
        return file.read(4) == b"RIFF"


# -- reading a record ------------------------------------------------------------------


def read(
    path: Path, options: ReadOptions, *, part: str | None = None, judge: bool = True
) -> RecordData:
    """Open one record of an export; `part` names its folder if there are several.

    With `judge` off, channels are not compared with each other and with the end of the
    record: their receipts tell how long they are. Source: vendor exports of 2017 to
    2022. Samples follow each other without a gap from the start of the record; a
    waveform begins at the start, a 1 Hz channel a second later.
    """
    records = parts(path)
    if part is None and len(records) > 1:
        raise ConfigurationError(
            f"{path} holds {len(records)} records: {', '.join(records)}; use "
            "open_records() to get them all, or record= to name one"
        )
    if part is not None and part not in records:
        raise ConfigurationError(
            f"{path} holds no record {part!r}; it holds: {', '.join(records)}"
        )
    return _read(records[part or next(iter(records))], options, judge=judge)


def _read(container: Container, options: ReadOptions, *, judge: bool) -> RecordData:
    label = container.label
    info = read_info_files(container)
    start = start_tick(info, options)
    if start is None:
        raise FileFormatError(
            f"{label}: neither info.json nor statistics.csv says when the record "
            "starts; say it in hexoframe.open_record(path, start=...), in ticks or as "
            "a time with its zone"
        )
    waves = _wave_headers(container)
    clock = clock_of(start)
    filled = [PurePosixPath(name).stem for name, wave in waves.items() if wave.samples]
    family = guess_family(filled, clock, options.model)
    wanted = options.wanted(family)
    rows = _match(container, family, waves)
    extents = measure(rows, waves, wanted=wanted, where=label)
    end = record_end(start, clock, extents.values(), stated_end(info, start, clock))
    loaded = {name for row, name in rows.items() if row.channel in wanted}
    extents = {name: extent for name, extent in extents.items() if name in loaded}
    gaps = find_gaps(extents, (start, end), clock)
    if judge:
        partial = options.allow_partial
        report_gaps(gaps, extents, clock, where=label, allow_partial=partial)
    export = Export(
        container=container,
        family=family,
        start=start,
        waves=waves,
        gaps=gaps,
        scale=options.scale,
        record_id=info.record_id,
    )
    channels = {
        name: _lazy_channel(export, channel, files)
        for name, channel in wanted.items()
        if (files := {row: rows[row] for row in channel.datatypes if row in rows})
    }
    return RecordData(
        family,
        (start, end),
        channels,
        facts=info.facts(channels, source=_NAME, clock=clock),
        scale=options.scale,
    )


def _wave_headers(container: Container) -> dict[str, WavHeader]:
    headers = {}
    for name, size in container.sizes().items():
        if name.lower().endswith(_SAMPLE_SUFFIX):
            with container.open(name) as stream:
                where = f"{container.label}/{name}"
                headers[name] = read_wav_header(stream, size, where=where)
    return headers


# -- matching files with channels ------------------------------------------------------


def _match(
    container: Container, family: Family, waves: Mapping[str, WavHeader]
) -> dict[Datatype, str]:
    """Return the file of each datatype; warn of files that fit no channel."""
    known = _rows_by_name(family)
    rows: dict[Datatype, str] = {}
    skipped = []
    for name in sorted(container.sizes(), key=_preference):
        row = known.get(PurePosixPath(name).stem.lower())
        is_wave = name in waves
        # A converter's copy beside a WAV; a second WAV is something else.
        if name in INFO_FILES or (row in rows and not is_wave):
            continue
        if (
            row is not None
            and row.in_model
            and row not in rows
            and (is_wave or _holds_events(container, row, name))
        ):
            rows[row] = name
        elif not _holds_nothing(container, name, waves.get(name)):
            skipped.append(name)
    if skipped:
        warn(
            f"{container.label}: {', '.join(sorted(skipped))} left out: no channel of "
            f"{family}, or not in the vendor's format",
            SkippedChannelWarning,
        )
    return rows


def _rows_by_name(family: Family) -> dict[str, Datatype]:
    rows: dict[str, Datatype] = {}
    for row in datatypes_of(family):
        rows.setdefault(row.api_name.lower(), row)
    for row in datatypes_of(family):
        for alias in row.aliases:
            rows.setdefault(alias, row)
    return rows


def _preference(name: str) -> tuple[int, str]:
    """WAV before CSV before .hxd, if a channel has several files."""
    order = {_SAMPLE_SUFFIX: 0, ".csv": 1, ".hxd": 2}
    return order.get(PurePosixPath(name).suffix.lower(), 3), name


def _holds_events(container: Container, row: Datatype, name: str) -> bool:
    """Whether a file is one of the vendor's for events and states."""
    suffix = PurePosixPath(name).suffix.lower()
    if row.ticks is not None or suffix != ".csv":
        return row.ticks is None and suffix == ".hxd"
    with container.open(name) as stream:
        return stream.read(len(EVENT_HEADER)) == EVENT_HEADER


def _holds_nothing(container: Container, name: str, wave: WavHeader | None) -> bool:
    """Whether a file without a channel has no samples to lose."""
    if wave is not None:
        return wave.samples == 0
    if name.lower().endswith(".csv"):
        head, _, body = container.read(name).partition(b"\n")
        headed = not head.strip() or head.startswith(EVENT_HEADER)
        return headed and not body.strip()
    return container.sizes()[name] == 0


# -- reading a channel -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What the channels of one record share before their samples are read.

    Attributes
    ----------
    start : int
        First tick of the record.
    waves : mapping of str to WavHeader
        Headers by file name.
    gaps : mapping of str to (int, int)
        First missing tick and the first tick after the gap, by file name.
    """

    container: Container
    family: Family
    start: int
    waves: Mapping[str, WavHeader]
    gaps: Mapping[str, tuple[int, int]]
    scale: Scale
    record_id: int | None
    _indexes: dict[tuple[int, Fraction, int], pd.DatetimeIndex] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def clock(self) -> Clock:
        """Ticks per second."""
        return CLOCK_OF_FAMILY[self.family]

    def where(self, name: str) -> str:
        """Path of a file, for messages."""
        return f"{self.container.label}/{name}"

    def index(self, step: Fraction, count: int, first: int) -> pd.DatetimeIndex:
        """Index of a regular channel; channels of one rate and length share it."""
        key = (first, step, count)
        if key not in self._indexes:
            self._indexes[key] = self.new_index(step, count, first)
        return self._indexes[key]

    def new_index(self, step: Fraction, count: int, first: int) -> pd.DatetimeIndex:
        """Index of some samples of a regular channel."""
        return grid_to_index(
            self.start, step=step, count=count, first=first, clock=self.clock
        )

    def frame(
        self, channel: Channel, index: pd.DatetimeIndex, counts: Mapping[Datatype, Any]
    ) -> pd.DataFrame:
        """Frame of a channel; a shorter column is padded with NaN."""
        columns = {
            row.column: _pad(
                values_from_counts(column, row, scale=self.scale), len(index)
            )
            for row, column in counts.items()
        }
        return make_frame(
            channel, index, columns, record_id=self.record_id, scale=self.scale
        )


def _pad(column: NDArray[Any], count: int) -> NDArray[Any]:
    if len(column) == count:
        return column
    padded = np.full(count, np.nan, dtype=column.dtype)
    padded[: len(column)] = column
    return padded


def _lazy_channel(
    export: Export, channel: Channel, files: dict[Datatype, str]
) -> LazyChannel:
    if any(name in export.waves for name in files.values()):
        return _sampled_channel(export, channel, files)
    return _event_channel(export, channel, *next(iter(files.items())))


def _sampled_channel(
    export: Export, channel: Channel, files: dict[Datatype, str]
) -> LazyChannel:
    row, name = max(files.items(), key=lambda item: export.waves[item[1]].samples)
    longest = export.waves[name]
    lost = {export.gaps[name] for name in files.values() if name in export.gaps}
    receipt = Receipt(samples=longest.samples, lost=tuple(sorted(lost)))
    step = sample_step(row, longest, export.where(name))
    waves = _WaveFiles(export, channel, files, step)
    return LazyChannel(read=waves.read, pieces=waves.pieces, receipt=receipt)


@dataclass(frozen=True, slots=True)
class _WaveFiles:
    """The WAV files of one channel, which are read together."""

    export: Export
    channel: Channel
    files: dict[Datatype, str]
    step: Fraction

    def read(self) -> pd.DataFrame:
        """Read every file whole."""
        export = self.export
        counts = {
            row: parse_counts(
                export.container.read(name),
                export.waves[name],
                where=export.where(name),
            )
            for row, name in self.files.items()
        }
        length = max(map(len, counts.values()))
        index = export.index(self.step, length, self.channel.first_sample)
        return export.frame(self.channel, index, counts)

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Read the files side by side, `rows` samples at a time."""
        first = self.channel.first_sample
        with ExitStack() as stack:
            files = [self._iter(stack, name, rows) for name in self.files.values()]
            ended = np.empty(0, dtype="<i2")
            for arrays in zip_longest(*files, fillvalue=ended):
                counts = dict(zip(self.files, arrays, strict=True))
                length = max(map(len, arrays))
                index = self.export.new_index(self.step, length, first)
                yield self.export.frame(self.channel, index, counts)
                first += length

    def _iter(self, stack: ExitStack, name: str, rows: int) -> Iterator[NDArray[Any]]:
        export = self.export
        stream = stack.enter_context(export.container.open(name))
        return iter_counts(stream, export.waves[name], rows, where=export.where(name))


def _event_channel(
    export: Export, channel: Channel, row: Datatype, name: str
) -> LazyChannel:
    where = export.where(name)
    # A day of events is a few megabytes: they are unpacked once, which verifies their
    # checksum and their end when the record is opened, and parsed when touched.
    data = export.container.read(name)

    def read_events() -> pd.DataFrame:
        ticks, counts = parse_event_file(data, row, where=where)
        try:
            index = ticks_to_index(ticks + export.start, clock=export.clock)
        except TimestampError as error:
            raise FileFormatError(f"{where}: {error}") from error
        return export.frame(channel, index, {row: counts})

    receipt = Receipt(samples=count_events(data, where=where))
    return LazyChannel(read=read_events, receipt=receipt)

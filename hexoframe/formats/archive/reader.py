"""Reads the vendor's export: finds its records, matches files with channels.

Headers are checked when a record is opened, samples are read when a channel is touched.
How files are parsed and how long they should be does not belong here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain, zip_longest
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    HexoframeError,
    MissingSamplesWarning,
    TimestampError,
    warn,
)
from hexoframe.formats.archive.container import (
    Folder,
    ZipFolder,
    gunzipped,
    inner_zips,
    looks_like_zip,
    zip_folders,
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
from hexoframe.formats.archive.losses import (
    lost_events,
    missing_files,
    say_absent,
    warn_of_files_beside,
)
from hexoframe.formats.archive.members import (
    match_members,
    placeholders,
    read_event_files,
    read_wave_headers,
)
from hexoframe.formats.archive.tables import find_tables
from hexoframe.formats.archive.wav import iter_counts, parse_counts
from hexoframe.formats.headings import guess_family
from hexoframe.formats.kinds import is_document
from hexoframe.formats.memory import check_memory
from hexoframe.formats.sourcefiles import SourceFiles
from hexoframe.paths import is_file, is_folder
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import empty_frame, make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps.ticks import clock_of
from hexoframe.timestamps.times import grid_to_index, ticks_to_index

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.archive.container import Container
    from hexoframe.formats.archive.infofiles import InfoFiles
    from hexoframe.formats.archive.lengths import Extent
    from hexoframe.formats.archive.members import EventFile, Members
    from hexoframe.formats.archive.wav import WavHeader
    from hexoframe.formats.options import ReadOptions
    from hexoframe.timestamps import Clock

__all__ = ["holds_record", "is_empty", "parts", "read", "sniff"]

_NAME = "vendor export"
_SAMPLE_SUFFIX = ".wav"
_SAMPLE_BYTES = 4  # of a float32
# All event files of a day take 16 MB, and are packed 3 to 8 times.
_MOST_TEXT = 64 << 20
_TEXT_RATIO = 10
_GZIP = b"\x1f\x8b"


# -- finding the records ---------------------------------------------------------------


def sniff(path: Path) -> bool:
    """Whether a path is a vendor export, judged by content."""
    if is_folder(path):
        return bool(_record_folders(path))
    if not is_file(path) or not looks_like_zip(path) or is_document(path):
        return False
    return not find_tables(path)


def is_empty(path: Path) -> bool:
    """Whether a ZIP has no members, as the export of a record without samples."""
    return not zip_folders(path)


def parts(path: Path) -> dict[str, Container]:
    """Return the records of a ZIP or folder by the name of their folder, sorted.

    A range export has one folder for each of its records. Records in ZIP files inside
    the ZIP are found as well.
    """
    boxes: list[Container]
    if is_folder(path):
        folders = _record_folders(path)
        labels = _labels([folder.relative_to(path) for folder in folders])
        boxes = [Folder(folder) for folder in folders]
    else:
        inside = list(_zipped_folders(path))
        labels = _labels(
            [PurePosixPath(inner[: -len(".zip")], folder) for inner, folder in inside]
        )
        boxes = [ZipFolder(path, folder, inner) for inner, folder in inside]
    if not boxes:
        raise FileFormatError(
            f"{path}: not a vendor export: expected WAV and event files such as "
            "record_<id>/ECG_I.wav, found none"
        )
    return {
        label or (path.name if is_folder(path) else path.stem): gunzipped(box)
        for label, box in zip(labels, boxes, strict=True)
    }


def _zipped_folders(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the folders with samples in a ZIP, then in each ZIP inside it."""
    for inner in ("", *inner_zips(path)):
        for folder, names in sorted(zip_folders(path, inner).items()):
            if any(_is_member(name) for name in names):
                yield inner, folder


def _labels(folders: Sequence[PurePath]) -> list[str]:
    """Name of each folder, or its path if two have the same name."""
    names = Counter(folder.name for folder in folders)
    return [
        folder.name if names[folder.name] == 1 else folder.as_posix()
        for folder in folders
    ]


def _is_member(name: str) -> bool:
    plain = _without_gz(name).lower()
    return plain.endswith((_SAMPLE_SUFFIX, ".hxd")) or plain == "info.json"


def _without_gz(name: str) -> str:
    return name[:-3] if name.lower().endswith(".gz") else name


def _record_folders(path: Path) -> list[Path]:
    """Return the folders with samples: the folder itself and two levels below it."""
    below = _folders_in(path)
    candidates = [path, *below, *chain.from_iterable(map(_folders_in, below))]
    return [folder for folder in candidates if holds_record(folder)]


def _folders_in(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if is_folder(item))


def holds_record(folder: Path) -> bool:
    """Whether a folder has sample files itself, not in a folder below it."""
    return any(
        _holds_samples(item)
        for item in folder.iterdir()
        if is_file(item) and not item.name.startswith(".")
    )


def _holds_samples(path: Path) -> bool:
    """Whether a file is a WAV by name and content; .hxd has no mark in its content."""
    name = _without_gz(path.name).lower()
    if not name.endswith(_SAMPLE_SUFFIX):
        return name.endswith(".hxd")
    with path.open("rb") as file:
        return file.read(4).startswith(b"RIFF" if name == path.name.lower() else _GZIP)


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
    label, partial = container.label, options.allow_partial
    sources = SourceFiles(map(container.file_of, container.sizes()))
    info = read_info_files(container, start_given=options.start is not None)
    start = start_tick(info, options)
    if start is None:
        raise FileFormatError(_no_start(container))
    waves, broken = read_wave_headers(container, partial=partial)
    _check_sizes(container, waves)
    clock = clock_of(start)
    filled = [PurePosixPath(name).stem for name, wave in waves.items() if wave.samples]
    family = guess_family(filled, clock, options.model)
    wanted = options.wanted(family)
    members = match_members(container, family, waves, broken)
    rows = members.rows
    extents = measure(rows, waves, wanted=wanted, where=label)
    end = record_end(start, clock, extents.values(), stated_end(info, start, clock))
    loaded = {name for row, name in rows.items() if row.channel in wanted}
    extents = {name: extent for name, extent in extents.items() if name in loaded}
    events, damaged = read_event_files(
        container, members, waves, wanted, partial=partial
    )
    damaged |= {
        row: error
        for row, (_, error) in members.damaged.items()
        if row.channel in wanted
    }
    _report_damaged(damaged, partial=partial)
    export = Export(
        container=container,
        family=family,
        span=(start, end),
        waves=waves,
        events=events,
        gaps=find_gaps(extents, (start, end), clock),
        absent=frozenset(damaged),
        scale=options.scale,
        record_id=info.record_id,
    )
    if judge:
        export = _judged(export, members, info, extents=extents, options=options)
    channels, held = {}, []
    for name, channel in wanted.items():
        files = {
            row: rows[row]
            for row in channel.datatypes
            if row in rows and row not in export.absent
        }
        if files or not export.absent.isdisjoint(channel.datatypes):
            channels[name] = _lazy_channel(export, channel, files)
        held += [name] if files else []
    used = map(container.file_of, rows.values())
    return RecordData(
        family,
        (start, end),
        sources.guard(channels, used),
        facts=info.facts(held, source=_NAME, clock=clock),
        scale=options.scale,
    )


def _check_sizes(container: Container, waves: Mapping[str, WavHeader]) -> None:
    """Refuse a ZIP that unpacks to far more than a recording of its size."""
    packed = container.packed_size()
    columns = [(wave.samples, _SAMPLE_BYTES) for wave in waves.values()]
    check_memory(container.label, packed, columns)
    # Event files are held in memory as text.
    texts = sum(size for name, size in container.sizes().items() if name not in waves)
    most = _MOST_TEXT + _TEXT_RATIO * packed
    if texts > most:
        raise FileFormatError(
            f"{container.label}: {packed:,} bytes would unpack to {texts:,} bytes of "
            f"events, expected at most {most:,}; this is not a recording"
        )


def _no_start(container: Container) -> str:
    message = (
        f"{container.label}: neither info.json nor statistics.csv says when the record "
        "starts"
    )
    stand = [name for name, file in placeholders(container) if file in INFO_FILES]
    if stand:
        return f"{message}; {say_absent(stand)}"
    return (
        f"{message}; say it in hexoframe.open_record(path, start=...), in ticks or as "
        "a time with its zone"
    )


def _report_damaged(
    damaged: Mapping[Datatype, HexoframeError], *, partial: bool
) -> None:
    """Raise for a file that cannot be read, or warn of each."""
    for error in damaged.values():
        if not partial:
            raise type(error)(
                f"{error}. Or leave the channel out with channels=, or open what is "
                "there with allow_partial=True"
            ) from error
        warn(f"{error}; nothing of it is read", MissingSamplesWarning)


def _judged(
    export: Export,
    members: Members,
    info: InfoFiles,
    *,
    extents: Mapping[str, Extent],
    options: ReadOptions,
) -> Export:
    """Compare the files of a record with each other; return the export with its losses.

    What was cut is an error unless partial records are allowed; what is not there at
    all is warned of.
    """
    wanted = options.wanted(export.family)
    start, _ = export.span
    cut = {
        row: loss
        for row, loss in lost_events(
            export.events, info, export.span, export.clock
        ).items()
        if row.channel in wanted
    }
    report_gaps(
        export.gaps,
        extents,
        export.clock,
        events={members.rows[row]: loss for row, loss in cut.items()},
        where=export.container.label,
        allow_partial=options.allow_partial,
    )
    missing = missing_files(
        export.container,
        export.family,
        members,
        export.waves,
        export.events,
        info=info,
        wanted=wanted,
    )
    warn_of_files_beside(export.container, export.family)
    lost = {
        row: tuple((start + first, start + after) for first, after in loss.spans)
        for row, loss in cut.items()
    }
    return replace(export, lost=lost, absent=export.absent | missing)


# -- reading a channel -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What the channels of one record share before their samples are read.

    Attributes
    ----------
    span : (int, int)
        First tick of the record, and the tick after it.
    waves : mapping of str to WavHeader
        Headers by file name.
    gaps : mapping of str to (int, int)
        First missing tick and the first tick after the gap, by file name.
    events : mapping of Datatype to EventFile
        Event files that can be read.
    lost : mapping of Datatype to spans
        Where events are lost, in ticks.
    absent : frozenset of Datatype
        Datatypes whose file is missing or cannot be read.
    """

    container: Container
    family: Family
    span: tuple[int, int]
    waves: Mapping[str, WavHeader]
    gaps: Mapping[str, tuple[int, int]]
    scale: Scale
    record_id: int | None
    events: Mapping[Datatype, EventFile] = field(default_factory=dict)
    lost: Mapping[Datatype, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    absent: frozenset[Datatype] = frozenset()
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
            self.span[0], step=step, count=count, first=first, clock=self.clock
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
    if not files:
        empty = empty_frame(channel, record_id=export.record_id, scale=export.scale)
        receipt = Receipt(samples=0, lost=(export.span,))
        return LazyChannel(read=lambda: empty, receipt=receipt)
    if any(name in export.waves for name in files.values()):
        return _sampled_channel(export, channel, files)
    return _event_channel(export, channel, *next(iter(files.items())))


def _sampled_channel(
    export: Export, channel: Channel, files: dict[Datatype, str]
) -> LazyChannel:
    row, name = max(files.items(), key=lambda item: export.waves[item[1]].samples)
    longest = export.waves[name]
    lost = {export.gaps[name] for name in files.values() if name in export.gaps}
    if not export.absent.isdisjoint(channel.datatypes):
        # A column that is not there at all covers what others lack.
        lost = {export.span}
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
    file = export.events[row]

    def read_events() -> pd.DataFrame:
        ticks, counts = file.parse()
        try:
            index = ticks_to_index(ticks + export.span[0], clock=export.clock)
        except TimestampError as error:
            raise FileFormatError(f"{where}: {error}") from error
        return export.frame(channel, index, {row: counts})

    receipt = Receipt(samples=file.count, lost=export.lost.get(row, ()))
    return LazyChannel(read=read_events, receipt=receipt)

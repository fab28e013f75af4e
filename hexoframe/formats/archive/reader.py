"""Records of a vendor export: found in a ZIP or folder, and opened.

Headers are checked when a record is opened and samples are read when a channel is
touched. Which file is which channel is decided here; how files are parsed, how long
they should be and how a channel is read stands in the other modules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING

from hexoframe.channels import datatypes_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    SkippedChannelWarning,
    warn,
)
from hexoframe.formats.archive.channels import Export, channel_source
from hexoframe.formats.archive.container import (
    Folder,
    ZipFolder,
    looks_like_zip,
    zip_folders,
)
from hexoframe.formats.archive.events import EVENT_HEADER
from hexoframe.formats.archive.infofiles import read_statements, start_tick
from hexoframe.formats.archive.lengths import (
    find_holes,
    judge_holes,
    measure,
    record_end,
    stated_end,
)
from hexoframe.formats.archive.wav import read_wav_header
from hexoframe.formats.headings import guess_family
from hexoframe.recording.data import RecordData
from hexoframe.timestamps import clock_of

if TYPE_CHECKING:
    from hexoframe.channels import Datatype, Family
    from hexoframe.formats.archive.container import Container
    from hexoframe.formats.archive.wav import WavHeader
    from hexoframe.formats.options import ReadOptions

__all__ = ["holds_record", "is_empty", "parts", "read", "sniff"]

_NAME = "vendor export"
_SAMPLE_SUFFIX = ".wav"
_OTHER_FILES = {"info.json", "statistics.csv"}


# -- finding the records ---------------------------------------------------------------


def sniff(path: Path) -> bool:
    """Whether a path is a vendor export, judged by content."""
    if path.is_dir():
        return bool(_record_folders(path))
    return path.is_file() and looks_like_zip(path)


def is_empty(path: Path) -> bool:
    """Whether a ZIP holds nothing at all, as that of a record without samples.

    Raises
    ------
    FileFormatError
        If it is no whole ZIP.
    """
    return not zip_folders(path)


def parts(path: Path) -> dict[str, Container]:
    """Return the records of an export by the name of their folder.

    Parameters
    ----------
    path : Path
        ZIP or folder; a range export holds a folder for each of its records.

    Returns
    -------
    dict of str to Container
        In the order of their names.

    Raises
    ------
    FileFormatError
        If there is no record in it.
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
            f"{path}: no vendor export: expected WAV and event files such as "
            "record_<id>/ECG_I.wav, found none"
        )
    return found


def _labels(folders: Sequence[PurePath]) -> list[str]:
    """Name of each folder, or its path where two have the same name."""
    names = Counter(folder.name for folder in folders)
    return [
        folder.name if names[folder.name] == 1 else folder.as_posix()
        for folder in folders
    ]


def _is_member(name: str) -> bool:
    return name.lower().endswith((_SAMPLE_SUFFIX, ".hxd")) or name == "info.json"


def _record_folders(path: Path) -> list[Path]:
    """Return the folder itself, and those up to two below it, that hold samples."""
    below = _folders_in(path)
    candidates = [path, *below, *chain.from_iterable(map(_folders_in, below))]
    return [folder for folder in candidates if holds_record(folder)]


def _folders_in(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if item.is_dir())


def holds_record(folder: Path) -> bool:
    """Whether a folder holds the samples of a record itself, not in one below it."""
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


# -- the record ------------------------------------------------------------------------


def read(
    path: Path, options: ReadOptions, *, part: str | None = None, judge: bool = True
) -> RecordData:
    """Open one record of a vendor export.

    Parameters
    ----------
    path : Path
        ZIP or folder.
    options : ReadOptions
        What to load and how.
    part : str, optional
        Folder of the record, where the export holds several.
    judge : bool, default True
        Whether channels are held against each other and against the end of the record;
        otherwise their receipts tell how long they are, and the caller judges.

    Returns
    -------
    RecordData
        Its channels are read when they are touched.

    Raises
    ------
    FileFormatError
        If a member is damaged, or no start of the record is to be found.
    IncompleteDataError
        If a channel is shorter than the others, or than the record, by more than a
        second, and partial records were not allowed.
    ConfigurationError
        If there are several records and `part` names none of them, or the caller says
        another start than the files.

    Notes
    -----
    Source: vendor exports of 2017 to 2022. Samples follow each other without a gap from
    the start of the record; a waveform begins at the start, a 1 Hz channel a second
    later.
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


def _read(box: Container, options: ReadOptions, *, judge: bool) -> RecordData:
    said = read_statements(box)
    start = start_tick(said, options)
    if start is None:
        raise FileFormatError(
            f"{box.label}: neither info.json nor statistics.csv says when the record "
            "starts; say it in hexoframe.open_record(path, start=...), in ticks or as "
            "a time with its zone"
        )
    waves = _wave_headers(box)
    clock = clock_of(start)
    filled = [PurePosixPath(name).stem for name, wave in waves.items() if wave.samples]
    family = guess_family(filled, clock, options.model)
    wanted = options.wanted(family)
    rows = _match(box, family, waves)
    extents = measure(rows, waves, wanted=wanted, where=box.label)
    end = record_end(start, clock, extents.values(), stated_end(said, start, clock))
    loaded = {name for row, name in rows.items() if row.channel in wanted}
    extents = {name: extent for name, extent in extents.items() if name in loaded}
    holes = find_holes(extents, (start, end), clock)
    if judge:
        partial = options.allow_partial
        judge_holes(holes, extents, clock, where=box.label, allow_partial=partial)
    export = Export(
        box=box,
        family=family,
        start=start,
        waves=waves,
        holes=holes,
        scale=options.scale,
        record_id=said.record_id,
    )
    channels = {
        name: channel_source(export, channel, files)
        for name, channel in wanted.items()
        if (files := {row: rows[row] for row in channel.datatypes if row in rows})
    }
    return RecordData(
        family,
        (start, end),
        channels,
        facts=said.facts(channels, source=_NAME, clock=clock),
        scale=options.scale,
    )


def _wave_headers(box: Container) -> dict[str, WavHeader]:
    headers = {}
    for name, size in box.sizes().items():
        if name.lower().endswith(_SAMPLE_SUFFIX):
            with box.open(name) as stream:
                where = f"{box.label}/{name}"
                headers[name] = read_wav_header(stream, size, where=where)
    return headers


# -- files to channels -----------------------------------------------------------------


def _match(
    box: Container, family: Family, waves: Mapping[str, WavHeader]
) -> dict[Datatype, str]:
    """Return the file of each datatype; say which files no channel takes."""
    known = _rows_by_name(family)
    rows: dict[Datatype, str] = {}
    skipped = []
    for name in sorted(box.sizes(), key=_preference):
        row = known.get(PurePosixPath(name).stem.lower())
        is_wave = name in waves
        # A converter's copy beside a WAV; a second WAV is something else.
        if name in _OTHER_FILES or (row in rows and not is_wave):
            continue
        if (
            row is not None
            and row.in_model
            and row not in rows
            and (is_wave or _holds_events(box, row, name))
        ):
            rows[row] = name
        elif not _holds_nothing(box, name, waves.get(name)):
            skipped.append(name)
    if skipped:
        warn(
            f"{box.label}: {', '.join(sorted(skipped))} left out: no channel of "
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
    """WAV before CSV before .hxd, where a channel has several files."""
    order = {_SAMPLE_SUFFIX: 0, ".csv": 1, ".hxd": 2}
    return order.get(PurePosixPath(name).suffix.lower(), 3), name


def _holds_events(box: Container, row: Datatype, name: str) -> bool:
    """Whether a file is one of the vendor's for events and states."""
    suffix = PurePosixPath(name).suffix.lower()
    if row.ticks is not None or suffix != ".csv":
        return row.ticks is None and suffix == ".hxd"
    with box.open(name) as stream:
        return stream.read(len(EVENT_HEADER)) == EVENT_HEADER


def _holds_nothing(box: Container, name: str, wave: WavHeader | None) -> bool:
    """Whether nothing is lost with a file that no channel takes."""
    if wave is not None:
        return wave.samples == 0
    if name.lower().endswith(".csv"):
        head, _, body = box.read(name).partition(b"\n")
        headed = not head.strip() or head.startswith(EVENT_HEADER)
        return headed and not body.strip()
    return box.sizes()[name] == 0

"""The vendor's binary export: a ZIP of WAV and event files, or its unpacked folder.

Headers are checked when the record is opened and samples are read when a channel is
touched. Bytes become arrays in `members`; here they become channels. The synthetic
shirt writes this format (simulator), hexoframe itself does not.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

from hexoframe.channels import (
    CLOCK_OF_FAMILY,
    datatypes_of,
    family_of,
)
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
from hexoframe.formats.container import Folder, ZipFolder, looks_like_zip, zip_folders
from hexoframe.formats.exportchannels import (
    Export,
    channel_source,
    has_step,
    sample_step,
)
from hexoframe.recorddata import RecordData
from hexoframe.timestamps import clock_of, time_to_tick

if TYPE_CHECKING:
    from hexoframe.channels import Datatype, Family
    from hexoframe.formats.container import Container
    from hexoframe.formats.options import ReadOptions

__all__ = ["holds_record", "parts", "read", "sniff"]

_LOG = logging.getLogger(__name__)
_NAME = "vendor export"
_SAMPLE_SUFFIX = ".wav"
_OTHER_FILES = {"info.json", "statistics.csv"}


# -- finding the records ---------------------------------------------------------------


def sniff(path: Path) -> bool:
    """Whether a path is a vendor export, judged by content."""
    if path.is_dir():
        return bool(_record_folders(path))
    return path.is_file() and looks_like_zip(path)


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
    """Return the folder itself, or those below it, that hold samples."""
    candidates = [path, *sorted(item for item in path.iterdir() if item.is_dir())]
    candidates += [
        item
        for folder in candidates[1:]
        for item in sorted(folder.iterdir())
        if item.is_dir()
    ]
    return [folder for folder in candidates if holds_record(folder)]


def holds_record(folder: Path) -> bool:
    """Whether a folder holds the samples of a record itself, not in one below it."""
    for item in folder.iterdir():
        suffix = item.suffix.lower()
        if suffix not in (".wav", ".hxd", ".csv") or not item.is_file():
            continue
        if item.name.startswith("."):
            continue
        with item.open("rb") as file:
            head = file.read(len(members.EVENT_HEADER))
        if suffix == ".hxd" or head[:4] == b"RIFF":
            return True
    return False


# -- the record ------------------------------------------------------------------------


def read(path: Path, options: ReadOptions, *, part: str | None = None) -> RecordData:
    """Open one record of a vendor export.

    Parameters
    ----------
    path : Path
        ZIP or folder.
    options : ReadOptions
        What to load and how.
    part : str, optional
        Folder of the record, where the export holds several.

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
        If there are several records and `part` names none of them.

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
    return _read(records[part or next(iter(records))], options)


def _read(box: Container, options: ReadOptions) -> RecordData:
    export, extents = _examine(box, options)
    rows = _match(export)
    wanted = options.wanted(export.family)
    held = {
        name: {row: rows[row] for row in channel.datatypes if row in rows}
        for name, channel in wanted.items()
    }
    holes = _check_lengths(export, extents)
    channels = {
        name: channel_source(export, wanted[name], files, holes)
        for name, files in held.items()
        if files
    }
    info = {**export.info, "provenance": dict.fromkeys(channels, _NAME)}
    return RecordData(
        export.family,
        (export.start, export.end),
        channels,
        facts=_facts(export, info),
        scale=options.scale,
    )


def _examine(box: Container, options: ReadOptions) -> tuple[Export, dict[str, _Extent]]:
    """Read headers and facts; no samples yet."""
    sizes = box.sizes()
    info = {}
    if "info.json" in sizes:
        info = members.parse_info(box.read("info.json"), where=f"{box.label}/info.json")
    statistics = None
    if "statistics.csv" in sizes:
        statistics = members.parse_statistics(
            box.read("statistics.csv"), where=f"{box.label}/statistics.csv"
        )
    start = _start(box, info, statistics, options)
    waves = {
        name: _wave_header(box, name, size)
        for name, size in sizes.items()
        if name.lower().endswith(_SAMPLE_SUFFIX)
    }
    family = _family(start, waves, options)
    extents = _extents(box, family, waves, options)
    export = Export(
        box=box,
        family=family,
        start=start,
        end=_end(box, family, start, extents.values(), statistics),
        options=options,
        info=_info(box, info, statistics),
        statistics=statistics,
        waves=waves,
    )
    return export, extents


def _wave_header(box: Container, name: str, size: int) -> members.WavHeader:
    with box.open(name) as stream:
        head = stream.read(members.WAV_HEAD_BYTES)

        def peek(at: int) -> bytes:
            stream.seek(at)
            return stream.read(8)

        return members.parse_wav_header(
            head, size, where=f"{box.label}/{name}", peek=peek
        )


def _start(
    box: Container,
    info: dict[str, Any],
    statistics: members.Statistics | None,
    options: ReadOptions,
) -> int:
    """First tick of the record: what the caller says, info.json, statistics.csv."""
    if options.start is not None:
        if isinstance(options.start, int):
            return options.start
        if options.model is None:
            raise ConfigurationError(
                f"start={options.start!r} needs model=, which says the clock; or give "
                "the start in ticks"
            )
        clock = CLOCK_OF_FAMILY[family_of(options.model)]
        return time_to_tick(options.start, clock=clock)
    for key in ("start", "start_timestamp"):
        if key in info:
            return _tick(info[key], f"{box.label}/info.json, {key!r}")
    if statistics is not None and statistics.table.get("start", ("",))[0]:
        text = statistics.table["start"][0]
        return _tick(text, f"{box.label}/statistics.csv, 'start'")
    raise FileFormatError(
        f"{box.label}: neither info.json nor statistics.csv says when the record "
        "starts; say it with start=, in ticks or as a time with its zone"
    )


def _tick(value: object, where: str) -> int:
    """Read a tick of a file."""
    try:
        tick = members.whole_number(value)
        clock_of(tick)
    except ValueError as error:
        raise FileFormatError(
            f"{where}: expected a time in ticks, found {value!r} ({error}); say it "
            "with start="
        ) from error
    return tick


def _family(
    start: int, waves: dict[str, members.WavHeader], options: ReadOptions
) -> Family:
    """Model from the clock, and from channels that only an Astroskin fills."""
    clock = clock_of(start)
    if options.model is not None:
        return family_of(options.model, clock=clock)
    if clock == CLOCK_OF_FAMILY["astroskin_1000"]:
        return "astroskin_1000"
    hexoskin = {row.api_name for row in datatypes_of("hexoskin") if row.in_model}
    astroskin = {row.api_name for row in datatypes_of("astroskin_256") if row.in_model}
    filled = {PurePosixPath(name).stem for name, wave in waves.items() if wave.samples}
    return "astroskin_256" if filled & (astroskin - hexoskin) else "hexoskin"


def _rows_by_name(family: Family) -> dict[str, Datatype]:
    rows: dict[str, Datatype] = {}
    for row in datatypes_of(family):
        rows.setdefault(row.api_name.lower(), row)
    for row in datatypes_of(family):
        for alias in row.aliases:
            rows.setdefault(alias, row)
    return rows


@dataclass(frozen=True, slots=True)
class _Extent:
    """How long a WAV is, in ticks, by its samples and by its header."""

    held: Fraction
    promised: Fraction
    step: Fraction
    wanted: bool


def _extents(
    box: Container,
    family: Family,
    waves: dict[str, members.WavHeader],
    options: ReadOptions,
) -> dict[str, _Extent]:
    """Length of each WAV that is a channel and holds samples, or should."""
    rows = _rows_by_name(family)
    wanted = options.wanted(family)
    extents = {}
    for name, header in waves.items():
        row = rows.get(PurePosixPath(name).stem.lower())
        if row is None or not row.in_model or not header.promised:
            continue
        if row.channel in wanted or has_step(row, header):
            step = sample_step(row, header, f"{box.label}/{name}")
            extents[name] = _Extent(
                header.samples * step,
                header.promised * step,
                step,
                row.channel in wanted,
            )
    return extents


def _end(
    box: Container,
    family: Family,
    start: int,
    extents: Iterable[_Extent],
    statistics: members.Statistics | None,
) -> int:
    """End of the longest channel, or what the export states where that is later.

    Channels at 1 Hz and slower may hold a sample more than the record has seconds; it
    counts only where there is no waveform.
    """
    clock = CLOCK_OF_FAMILY[family]
    extents = list(extents)
    extra = any(extent.step < clock for extent in extents)
    lengths = [
        extent.promised - (extent.step if extra and extent.step >= clock else 0)
        for extent in extents
    ]
    longest = start + round(max(lengths, default=Fraction(0)))
    stated = _stated_end(box, start, clock, statistics)
    # Recorders write blocks: the stated end may lie a fraction of a second behind the
    # last sample, which is no hole.
    if stated is not None and (not lengths or stated - longest > clock):
        return stated
    return longest


def _stated_end(
    box: Container, start: int, clock: int, statistics: members.Statistics | None
) -> int | None:
    """End of the record as statistics.csv has it: a tick, or a duration in s."""
    values = {} if statistics is None else statistics.table
    where = f"{box.label}/statistics.csv"
    if values.get("end", ("",))[0]:
        return max(start, _tick(values["end"][0], f"{where}, 'end'"))
    text = values.get("duration", ("",))[0]
    if not text:
        return None
    try:
        return start + max(0, round(Fraction(text) * clock))
    except (ValueError, ZeroDivisionError) as error:
        raise FileFormatError(
            f"{where}, 'duration': expected seconds, found {text!r}"
        ) from error


def _check_lengths(
    export: Export, extents: dict[str, _Extent]
) -> dict[str, tuple[int, int]]:
    """Return the spans that WAVs lack; raise unless partial records are allowed."""
    holes = {}
    for name, extent in extents.items():
        end = export.start + extent.held
        lacking = export.end - end
        cut = extent.promised > extent.held
        if extent.wanted and (cut or lacking > export.clock + extent.step):
            should = export.start + extent.promised if cut else end
            holes[name] = (round(end), max(export.end, round(should)))
    if not holes:
        return holes
    told = "; ".join(
        f"{name} holds {export.waves[name].samples} of "
        f"{export.waves[name].promised} samples and ends "
        f"{(last - first) / export.clock:.1f} s before the record"
        for name, (first, last) in holes.items()
    )
    if not export.options.allow_partial:
        raise IncompleteDataError(
            f"{export.box.label}: {told}. Fetch the export again, or open what is "
            "there with allow_partial=True",
            ledger=holes,
        )
    warnings.warn(f"{export.box.label}: {told}", MissingSamplesWarning, stacklevel=2)
    return holes


# -- files to channels -----------------------------------------------------------------


def _match(export: Export) -> dict[Datatype, str]:
    """Return the file of each datatype; say which files no channel takes."""
    known = _rows_by_name(export.family)
    rows: dict[Datatype, str] = {}
    skipped = []
    for name, size in sorted(export.box.sizes().items(), key=_preference):
        row = known.get(PurePosixPath(name).stem.lower())
        is_wave = name in export.waves
        # A converter's copy beside a WAV; a second WAV is something else.
        if name in _OTHER_FILES or (row in rows and not is_wave):
            continue
        if (
            row is not None
            and row.in_model
            and row not in rows
            and (is_wave or _holds_events(export.box, row, name))
        ):
            rows[row] = name
        elif not _holds_nothing(export, name, size):
            skipped.append(name)
    if skipped:
        warnings.warn(
            f"{export.box.label}: {', '.join(sorted(skipped))} left out: no channel of "
            f"{export.family}, or not in the vendor's format",
            SkippedChannelWarning,
            stacklevel=2,
        )
    return rows


def _preference(item: tuple[str, int]) -> tuple[int, str]:
    """WAV before CSV before .hxd, where a channel has several files."""
    order = {_SAMPLE_SUFFIX: 0, ".csv": 1, ".hxd": 2}
    return order.get(PurePosixPath(item[0]).suffix.lower(), 3), item[0]


def _holds_events(box: Container, row: Datatype, name: str) -> bool:
    """Whether a file is one of the vendor's for events and states."""
    suffix = PurePosixPath(name).suffix.lower()
    if row.ticks is not None or suffix != ".csv":
        return row.ticks is None and suffix == ".hxd"
    with box.open(name) as stream:
        return stream.read(len(members.EVENT_HEADER)) == members.EVENT_HEADER


def _holds_nothing(export: Export, name: str, size: int) -> bool:
    wave = export.waves.get(name)
    if wave is not None:
        return wave.samples == 0
    if name.lower().endswith(".csv"):
        head, _, body = export.box.read(name).partition(b"\n")
        headed = not head.strip() or head.startswith(members.EVENT_HEADER)
        return headed and not body.strip()
    return size == 0


# -- facts -----------------------------------------------------------------------------


def _info(
    box: Container, info: dict[str, Any], statistics: members.Statistics | None
) -> dict[str, Any]:
    """Facts of info.json under the names that every door uses."""
    devices = info.get("devices") or []
    known = {
        "id": _record_id(box, info, statistics),
        "user_id": info.get("user"),
        "device": devices[0] if len(devices) == 1 else None,
    }
    named = {key: value for key, value in known.items() if value is not None}
    kept = {key: value for key, value in info.items() if key not in ("user", "start")}
    return {**kept, **named}


def _record_id(
    box: Container, info: dict[str, Any], statistics: members.Statistics | None
) -> int | None:
    uri = statistics.table.get("uri", ("",))[0] if statistics else ""
    folder = PurePosixPath(getattr(box, "folder", "")).name or Path(box.label).name
    for text in (
        re.search(r"/record/(\d+)/", uri),
        re.search(r"[?&]record=(\d+)", str(info.get("request", ""))),
        re.fullmatch(r"record_(\d+)(?:\.zip)?", folder),
    ):
        if text:
            return int(text[1])
    return None


def _facts(export: Export, info: dict[str, Any]) -> Facts:
    if export.statistics is None:
        return Facts(info=info)
    rows = [
        {"name": name, "value": value or None, "unit": unit or None}
        for name, (value, unit) in export.statistics.table.items()
        if name not in ("uri", "start", "end", "start_date")
    ]
    try:
        annotations = facts_table(
            "annotations", export.statistics.annotations, clock=export.clock
        )
    except TimestampError as error:
        raise FileFormatError(
            f"{export.box.label}/statistics.csv, annotations: {error}"
        ) from error
    return Facts(
        info=info,
        annotations=annotations,
        statistics=facts_table("statistics", rows),
    )

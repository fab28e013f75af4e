"""Opening of files: `open_record` for one recording, `open_records` for many.

The content decides which format of the registry (`hexoframe.formats`) reads a path.
"""

from __future__ import annotations

import copy
import glob
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pandas as pd

from hexoframe import formats
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    HexoframeError,
    HexoframeWarning,
    harmless,
    warn,
)
from hexoframe.formats.archive.container import placeholder_of
from hexoframe.formats.atomic import complete
from hexoframe.formats.kinds import is_study, kind_of
from hexoframe.formats.options import ReadOptions
from hexoframe.paths import check_path, expanded, is_file, is_folder, reading_from
from hexoframe.record import Record
from hexoframe.recording.data import warn_of_model
from hexoframe.recording.sameness import same_recording
from hexoframe.timestamps import CLASSIC_FORMAT
from hexoframe.timestamps.zones import zone_name

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from hexoframe.channels.calibration import Scale
    from hexoframe.formats import Format, Reader
    from hexoframe.recording.data import RecordData

__all__ = ["RecordPlace", "Records", "open_record", "open_records"]

# How many items of a folder are checked to say what it holds.
_LOOKED_AT = 20
_NAMED_AT_MOST = 10
# Names and beginnings of recordings and their files, also if damaged or away from their
# folder: text begins with a tick or a time.
_NAMED = (".hxd", ".parquet", ".wav", ".zip")
_BEGUN = re.compile(
    rb"(\xef\xbb\xbf)?\s*(\d{9,}\b|\d+[-:/.,;\t]\d|time\b|PAR1|RIFF(?!....(WEBP|AVI )))"
    rb"|.*/api/datatype/",
    re.DOTALL,
)
_HEAD = 1 << 12
# A drive of Windows has one letter.
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_SKIPPED = {"path": "string", "reason": "string", "foreign": "bool"}
_DUPLICATES = {
    "path": "string",
    "part": "string",
    "kept": "string",
    "how": "string",
    "left_out": "bool",
}
_Skipped = list[dict[str, str | bool]]
_SECOND = pd.Timedelta("1s")


def open_record(  # noqa: PLR0913  # only the caller can answer each of them
    path: str | Path | IO[bytes],
    *,
    channels: Sequence[str | int] | None = None,
    units: Scale = "physical",
    model: str | None = None,
    tz: str | tzinfo | None = None,
    timestamp_format: str = CLASSIC_FORMAT,
    start: int | datetime | str | None = None,
    record: str | int | None = None,
    allow_partial: bool = False,
) -> Record:
    """Open a recording from files.

    Vendor export (ZIP or its folder), dashboard CSV, converter CSV, classic .txt
    folder, EDF of the vendor or of hexoframe, and hexoframe's own Parquet and CSV: the
    content says which it is. A
    dashboard or converter CSV may have been saved by a spreadsheet, R or pandas, as
    long as nothing was lost. Samples are read when a channel is touched.

    Parameters
    ----------
    path : str, Path or binary file
        File or folder; also a folder in which one recording was written. An open binary
        file (``io.BytesIO``, an upload) holds one file: a ZIP, CSV, .txt, EDF, or
        Parquet file. It is read whole at once, from its beginning if it can be rewound.
    channels : sequence of str or int, optional
        Channels to load, by any name or id; all by default.
    units : {"physical", "raw"}
        Values in mV, g, mL/min and so on, or counts of the recorder.
    model : str, optional
        ``hexoskin``, ``astroskin_256``, ``astroskin_1000`` or ``CHA3000``; needed only
        where the files do not tell.
    tz : str or ZoneInfo, optional
        Zone of time stamps that are text, as in old .txt files.
    timestamp_format : str
        strftime format of such text.
    start : int, datetime or str, optional
        Start of the record if no file says it: ticks, or a time with its zone.
    record : str or int, optional
        Folder or id of one record, if the export holds several.
    allow_partial : bool, default False
        Open a source that lost samples on its way; `coverage` lists what is lost.

    Returns
    -------
    Record
        The recording.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If the content is in no known format, or damaged.
    IncompleteDataError
        If samples that the source held are missing.
    ConfigurationError
        If the files do not tell the model or the zone, or name another start, or if an
        argument is not allowed.
    UnknownChannelError
        If the model has no such channel.
    SourceChangedError
        When a channel is touched, if the file is no longer the one that was opened.

    Examples
    --------
    >>> import hexoframe
    >>> record = hexoframe.open_record("record_12345.zip")  # doctest: +SKIP
    >>> record["ecg"]  # doctest: +SKIP
    """
    options = ReadOptions(
        channels=channels,
        scale=units,
        model=model,
        tz=None if tz is None else zone_name(tz),
        timestamp_format=timestamp_format,
        start=start,
        allow_partial=allow_partial,
    )
    if isinstance(path, str | os.PathLike) or not hasattr(path, "read"):
        found = _path_of(path)
        with reading_from(found):
            data = _read(_single(found), options, record)
    else:
        data = _read_stream(path, options, record)
    return Record.of(data, left_out=options.left_out(data.family))


def _path_of(given: object) -> Path:
    """Return a path as it was given, or refuse what is none."""
    if not isinstance(given, str | os.PathLike):
        what = "the content of a file" if isinstance(given, bytes) else repr(given)
        raise ConfigurationError(
            f"{what} is no path: load_record() takes the id of a record of the "
            "service, open_records() a folder or a pattern for many files, and "
            "open_record() also an open binary file, such as io.BytesIO(content)"
        )
    text = os.fspath(given)
    if isinstance(text, str) and _ADDRESS.match(text):
        # Without its query and user, which may hold a secret.
        parts = urlsplit(text)
        raise ConfigurationError(
            f"{parts.scheme}://{parts.hostname or ''}{parts.path} is an address, not a "
            "file: fetch it first, and open the file that it was saved as, or "
            "io.BytesIO(content). Records of the service are loaded with "
            "load_record(id)"
        )
    return expanded(os.fsdecode(text))


def _read_stream(
    stream: IO[bytes], options: ReadOptions, record: str | int | None
) -> RecordData:
    """Read the recording in an open binary file, whole."""
    named = getattr(stream, "name", None)
    name = Path(named).name if isinstance(named, str) else ""
    with tempfile.TemporaryDirectory(prefix="hexoframe-") as folder:
        # Some formats need a suffix; the content decides all the same.
        path = Path(folder) / (name or "recording.csv")
        _save_stream(stream, path)
        try:
            if not _recognised(path):
                raise FileFormatError(
                    f"{path}: {kind_of(path)}; an open file holds one file, expected "
                    "one of: the vendor's export as a ZIP, a CSV of the dashboard or "
                    "the converter, a classic .txt, an EDF, or one Parquet file of "
                    "hexoframe"
                )
            # As for another process, everything is in memory.
            return copy.copy(_read(path, options, record))
        except HexoframeError as error:
            # Nobody knows the copy.
            told = str(error).replace(str(path), name or "the open file")
            error.args = (told,)
            raise


def _save_stream(stream: Any, path: Path) -> None:
    """Write what an open binary file holds, from its beginning if it has one."""
    if isinstance(stream, io.TextIOBase):
        raise ConfigurationError(
            f"{stream!r} is open for text: open it in binary mode, open(path, 'rb')"
        )
    if getattr(stream, "seekable", bool)():
        stream.seek(0)
    with path.open("wb") as file:
        shutil.copyfileobj(stream, file)


def _single(path: Path) -> Path:
    """Return the only recording below a folder that is not one itself."""
    if not is_folder(path):
        return path
    complete(path)
    if _recognised(path):
        return path
    below = islice(_below(path, set(), []), _LOOKED_AT)
    found = [item for item in below if _recognised(item)]
    return found[0] if len(found) == 1 else path


def _read(path: Path, options: ReadOptions, record: str | int | None) -> RecordData:
    found, reader = _find_reader(path)
    # Channels are read later, when the process may be in another folder.
    path = path.absolute()
    if found.several_reader is not None:
        several = found.several_reader()
        name = None if record is None else _name_in(several.parts(path), record)
        data = several.read(path, options, part=name)
        if options.channels is None:
            # An export has all channels of its model; other files may have a few.
            warn_of_model(data, options.model)
        return data
    data = reader.read(path, options)
    if record is not None and str(record) not in (str(data.id), path.stem):
        raise ConfigurationError(
            f"{path} holds one record, {data.id or path.stem}, not {record!r}: leave "
            "record= out"
        )
    return data


def _name_in(names: Iterable[str], record: str | int) -> str:
    """Return the name of a record in an export: its folder, or the id in its name."""
    wanted = str(record)
    named = f"record_{wanted}"
    return named if named in names and wanted not in names else wanted


def _find_reader(path: Path) -> tuple[Format, Reader]:
    """Return the format of a path, and the module that reads it."""
    check_path(path)
    # A writer that was killed may have left two states of a record.
    complete(path if is_folder(path) else path.parent)
    for each, reader in formats.readers():
        if reader.sniff(path):
            return each, reader
    known = ", ".join(each.title for each, _ in formats.readers())
    raise FileFormatError(f"{path}: {_found(path)}; expected one of: {known}")


def _found(path: Path) -> str:
    """Say what a path is that is in no format, and what to do about it."""
    if is_folder(path):
        return _found_folder(path)
    with path.open("rb") as file:
        head = file.read(40)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return f"one WAV file of an export; open its folder {path.parent} instead"
    if re.match(rb"\W*time\W*[,;\t]", head.replace(b"\0", b"")):
        return _found_table(path.absolute())
    return kind_of(path)


def _found_table(path: Path) -> str:
    """Say what a CSV is whose first column is the time."""
    if any(reader.sniff(path.parent) for _, reader in formats.readers()):
        return f"one file of a recording; open its folder {path.parent} instead"
    return (
        "a CSV whose first column is the time, as to_csv() writes it: a channel needs "
        "its folder with metadata.json, and an aligned file (rate=) is for other "
        "programs and not read back"
    )


def _found_folder(path: Path) -> str:
    if is_study(path):
        return "a study of many recordings; open it with open_study()"
    items = sorted(item for item in path.iterdir() if not item.name.startswith("."))
    if not items:
        absent = [
            item.name
            for item in path.iterdir()
            if placeholder_of(item.name) is not None
        ]
        if absent:
            return (
                f"a folder of {len(absent)} placeholders ({absent[0]} ...) of files "
                "that are in the cloud: let them be downloaded"
            )
        return "an empty folder"
    records = [item.name for item in items if _recognised(item)]
    if records:
        left = len(records) - _NAMED_AT_MOST
        more = f" and {left} more" if left > 0 else ""
        return (
            f"a folder that holds recordings ({', '.join(records[:_NAMED_AT_MOST])}"
            f"{more}) and is not one itself; open one of them, or all with "
            "open_records()"
        )
    shown = ", ".join(item.name for item in items[:5])
    return (
        f"a folder of {len(items)} items that are no recording ({shown}); "
        "open_records() searches folders to any depth"
    )


def _recognised(path: Path) -> bool:
    if not is_file(path) and not is_folder(path):
        return False
    return any(reader.sniff(path) for _, reader in formats.readers())


def _is_foreign(path: Path) -> bool:
    """Whether a path that cannot be opened is neither a recording nor a part of one.

    Such as a letter, a picture or a table of people; what is in doubt is not foreign.
    """
    if is_folder(path) or path.suffix.lower() in _NAMED:
        return False
    for each in formats.FORMATS:
        if each.several_reader is None:
            continue
        reader = each.several_reader()
        if reader.sniff(path):
            # A spreadsheet is a ZIP, too. A cut ZIP may have been an export.
            try:
                return not reader.is_empty(path)
            except FileFormatError:
                return False
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return bool(head) and not _recognised(path) and not _BEGUN.match(head)


class _Found(NamedTuple):
    """Where a recording was found, and which one it is."""

    path: Path
    name: str | None
    id: int | None
    start: pd.Timestamp
    end: pd.Timestamp

    def is_again(self, other: _Found) -> bool:
        """Whether both are one record; some formats print its start in whole s."""
        if self.id is None or self.id != other.id:
            return False
        return abs(self.start - other.start) < _SECOND

    def may_be(self, other: _Found) -> bool:
        """Whether both may be one record, although they do not share an id."""
        differ = self.id is not None and other.id is not None
        return not differ and all(
            abs(mine - theirs) < _SECOND
            for mine, theirs in ((self.start, other.start), (self.end, other.end))
        )


class RecordPlace(NamedTuple):
    """Where a record of `Records` is, and its id."""

    path: Path
    part: str | None
    id: int | None


class Records(Mapping[str, Record]):
    """Recordings by id, each opened when it is looked up.

    `hexoframe.open_records` makes them. Keys are record ids as text, or the names of
    files without an id. A second recording with the same id and another start has its
    path in the key: ``"12345 in exports/b/record_12345"``.

    Attributes
    ----------
    skipped : DataFrame
        What was left out: `path`, `reason`, and `foreign`, which is True for a file
        that is not a recording, and False for one that is damaged or there twice.
    duplicates : DataFrame
        Recordings that were met twice: `path` and `part` (of an export of several
        records); the key that was `kept`; `how` they are known: ``id``, or ``samples``
        (the spans are equal to within a second, and all samples at 1 Hz that both
        have); and whether it was `left_out`. One that shares no id is not: it has a key
        of its own, and counts twice where all are counted.
    """

    def __init__(
        self,
        found: dict[str, _Found],
        skipped: pd.DataFrame,
        options: ReadOptions,
        *,
        twice: list[dict[str, str | bool]],
        damaged: list[bool],
    ) -> None:
        self._found = found
        self._options = options
        self.skipped = skipped
        table = pd.DataFrame(twice, columns=list(_DUPLICATES))
        self.duplicates = table.astype(_DUPLICATES)
        self._damaged = damaged

    def __getitem__(self, key: str | int) -> Record:
        """Open a record."""
        place = self._found[str(key)]
        with reading_from(place.path):
            data = _read(place.path, self._options, place.name)
        return Record.of(data, left_out=self._options.left_out(data.family))

    def __iter__(self) -> Iterator[str]:
        """Ids in the order of the files."""
        return iter(self._found)

    def __len__(self) -> int:
        """Count the records."""
        return len(self._found)

    def __contains__(self, key: object) -> bool:
        """Whether there is a record of that id."""
        return str(key) in self._found

    def damaged(self) -> pd.DataFrame:
        """Return what was left out of `skipped` because it cannot be opened.

        Returns
        -------
        DataFrame
            The rows that are neither foreign nor there twice.
        """
        rows = [at for at, damaged in enumerate(self._damaged) if damaged]
        return self.skipped.iloc[rows].reset_index(drop=True)

    def place(self, key: str | int) -> RecordPlace:
        """Return where a record is, without opening it.

        Parameters
        ----------
        key : str or int
            Its key.

        Returns
        -------
        RecordPlace
            path; part of it, for an export of several records, else None; and id, None
            if the files have none.
        """
        found = self._found[str(key)]
        return RecordPlace(found.path, found.name, found.id)

    def __repr__(self) -> str:
        """Say how many records there are and what was left out."""
        return (
            f"{len(self)} records: {harmless(', '.join(self._found)) or 'none'}; "
            f"{len(self.skipped)} skipped (see .skipped)"
        )


def open_records(  # noqa: PLR0913  # as for open_record
    where: str | Path,
    *,
    channels: Sequence[str | int] | None = None,
    units: Scale = "physical",
    model: str | None = None,
    tz: str | tzinfo | None = None,
    timestamp_format: str = CLASSIC_FORMAT,
    allow_partial: bool = False,
) -> Records:
    """Open every recording in a folder, a range export or a glob.

    Only headers are read now, and samples when a channel of a record is touched. A path
    that cannot be opened is listed with the reason; the others are opened all the same.

    Parameters
    ----------
    where : str or Path
        Folder, searched to any depth; ZIP of several records; or a glob such as
        ``"exports/*.zip"``.
    channels, units, model, tz, timestamp_format, allow_partial
        As for `open_record`, for every record.

    Returns
    -------
    Records
        Mapping from id to Record; ``.skipped`` is a table of what was left out.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or nothing matches the glob.

    Warns
    -----
    HexoframeWarning
        If a link leads in a circle, or a path is a pipe, a socket or a device; if one
        recording is there twice under two keys, such as a ZIP and a CSV of it.
    """
    options = ReadOptions(
        channels=channels,
        scale=units,
        model=model,
        tz=None if tz is None else zone_name(tz),
        timestamp_format=timestamp_format,
        allow_partial=allow_partial,
    )
    found: dict[str, _Found] = {}
    skipped: _Skipped = []
    twice: list[dict[str, str | bool]] = []
    for path in _search(where, skipped):
        for name in _names_at(path, skipped):
            _take(path, name, options, found, (skipped, twice))
    odd = [str(each["reason"]) for each in skipped if each["odd"]]
    if odd:
        more = f" (and {len(odd) - 1} more, see .skipped)" if len(odd) > 1 else ""
        warn(f"left out: {odd[0]}{more}", HexoframeWarning)
    twice += _found_again(found, options)
    table = pd.DataFrame(skipped, columns=list(_SKIPPED)).astype(_SKIPPED)
    damaged = [not each["foreign"] and not each["twice"] for each in skipped]
    return Records(found, table, options, twice=twice, damaged=damaged)


def _leave_out(path: Path, reason: object, skipped: _Skipped, **marks: bool) -> None:
    """Note a path that is left out.

    `foreign` marks what is no recording, `odd` what is neither a file nor a folder, and
    `twice` a recording that was found before.
    """
    usual: dict[str, str | bool] = {"foreign": False, "odd": False, "twice": False}
    skipped.append({"path": str(path), "reason": str(reason), **usual, **marks})


def _search(where: str | Path, skipped: _Skipped) -> Iterator[Path]:
    path = _path_of(where)
    seen: set[str] = set()
    if os.path.lexists(path):
        return _below(path, seen, skipped)
    matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207  # absolute patterns too
    if not matches:
        raise FileNotFoundError(
            f"{where} does not exist, and nothing matches it as a pattern (looked in "
            f"{Path.cwd()})"
        )
    return (item for match in matches for item in _below(Path(match), seen, skipped))


def _below(path: Path, seen: set[str], skipped: _Skipped) -> Iterator[Path]:
    """Yield paths that may be a recording: files, folders that are one, those below."""
    try:
        check_path(path)
    except (FileNotFoundError, FileFormatError) as error:
        _leave_out(path, error, skipped, odd=isinstance(error, FileFormatError))
        return
    # Links may lead to a folder above, and patterns to the same file twice.
    place = _place_of(path)
    if place in seen:
        return
    seen.add(place)
    if not is_folder(path):
        yield path
        return
    if is_study(path):
        reason = f"{path} is a study: open_study() opens it, and its records"
        _leave_out(path, reason, skipped, foreign=True)
        return
    try:
        complete(path)
        items = sorted(item for item in path.iterdir() if item.name[0] != ".")
        is_one = _is_recording(path)
    except (HexoframeError, OSError) as error:
        _leave_out(path, error, skipped)
        return
    if is_one:
        yield path
    for item in items:
        # Files of a recording belong to it, except those that are one themselves.
        if not is_one or is_folder(item) or _stands_alone(item):
            yield from _below(item, seen, skipped)
        else:
            seen.add(_place_of(item))


def _place_of(path: Path) -> str:
    """Return a path without its links; one that leads in a circle stays."""
    return os.path.realpath(path)


def _is_recording(folder: Path) -> bool:
    """Whether the files of a folder, not those of folders below, are a recording."""
    return any(
        reader.sniff(folder)
        if each.several_reader is None
        else each.several_reader().holds_record(folder)
        for each, reader in formats.readers()
    )


def _stands_alone(path: Path) -> bool:
    """Whether a file is a whole record, in whatever folder it lies."""
    try:
        return any(
            reader.sniff(path) for each, reader in formats.readers() if each.one_file
        )
    except OSError:
        # Opening it will say why it cannot be read.
        return True


def _names_at(path: Path, skipped: _Skipped) -> Sequence[str | None]:
    """Return the names of the records in a path; None for one that has no name."""
    try:
        found, _ = _find_reader(path)
        if found.several_reader is None:
            return [None]
        boxes = found.several_reader().parts(path)
        # The search finds folders below by itself.
        whole = [name for name, box in boxes.items() if box.label == str(path)]
        return whole or list(boxes)
    except (HexoframeError, OSError) as error:
        foreign = isinstance(error, FileFormatError) and _is_foreign(path)
        _leave_out(path, error, skipped, foreign=foreign)
        return []


def _take(
    path: Path,
    name: str | None,
    options: ReadOptions,
    found: dict[str, _Found],
    noted: tuple[_Skipped, list[dict[str, str | bool]]],
) -> None:
    skipped, twice = noted
    try:
        data = _read(path, options, name)
    except (HexoframeError, OSError) as error:
        _leave_out(path, error, skipped)
        return
    place = _Found(path.absolute(), name, data.id, data.start, data.end)
    for kept, other in found.items():
        if place.is_again(other):
            _leave_out(path, _found_twice(place, other), skipped, twice=True)
            twice.append(_duplicate(place, kept, "id", left_out=True))
            return
    key = str(data.id) if data.id is not None else (name or path.stem)
    if key in found:
        # Two folders of one name, or of one id and two starts, are two records.
        where = str(path / (name or ""))
        key = where if data.id is None else f"{key} in {where}"
    found[key] = place


def _duplicate(
    place: _Found, kept: str, how: str, *, left_out: bool
) -> dict[str, str | bool]:
    return {
        "path": str(place.path),
        "part": place.name or "",
        "kept": kept,
        "how": how,
        "left_out": left_out,
    }


def _found_again(
    found: Mapping[str, _Found], options: ReadOptions
) -> list[dict[str, str | bool]]:
    """Find and warn of recordings without a common id that are one and the same."""
    twice = []
    # Those with an id first: a CSV is the copy, and the export the original.
    places = sorted(found.items(), key=lambda pair: (pair[1].start, pair[1].id is None))
    near: list[tuple[str, _Found]] = []
    for key, place in places:
        near = [pair for pair in near if place.start - pair[1].start < _SECOND]
        for kept, other in near:
            if place.may_be(other) and _are_same(place, other, options):
                swapped = other.id is None and place.id is not None
                copy, original = (other, key) if swapped else (place, kept)
                twice.append(_duplicate(copy, original, "samples", left_out=False))
                break
        else:
            near.append((key, place))
    if twice:
        first = twice[0]
        more = f" (and {len(twice) - 1} more)" if len(twice) > 1 else ""
        warn(
            f"{first['path']} is the same recording as record {first['kept']}{more}: "
            "all of them are in the mapping, so the same minutes would count twice; "
            "see .duplicates",
            HexoframeWarning,
        )
    return twice


def _are_same(one: _Found, other: _Found, options: ReadOptions) -> bool:
    """Compare the samples at 1 Hz of two recordings; one that fails is another."""
    every = replace(options, channels=None)
    try:
        return same_recording(
            *(_read(place.path, every, place.name) for place in (one, other))
        )
    except (HexoframeError, OSError):
        return False  # opening it will say why


def _found_twice(place: _Found, other: _Found) -> str:
    reason = f"record {place.id} was already found in {other.path}"
    if place.end == other.end:
        return reason
    longer = (place.end - other.end).total_seconds()
    how = "longer" if longer > 0 else "shorter"
    return f"{reason}; this one is {abs(longer):g} s {how}"

"""Loads, opens and writes many records; one that fails does not stop the others.

The command line and the menu download and convert with it. Nothing is printed here, and
no user is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from hexoframe.errors import (
    AuthenticationError,
    ConfigurationError,
    FileFormatError,
    HexoframeError,
    UnreachableError,
)
from hexoframe.formats import names_to_write, to_write
from hexoframe.recording.scales import warn_of_scales

if TYPE_CHECKING:
    from hexoframe.channels.calibration import Scale
    from hexoframe.client import Client
    from hexoframe.formats import WriteStyle
    from hexoframe.opening import Records
    from hexoframe.record import Record

__all__ = [
    "FORMATS",
    "MODELS",
    "NoRecordingError",
    "Output",
    "Saved",
    "Selection",
    "check_folder",
    "each_of",
    "each_saved",
    "open_each",
    "save_files",
    "save_ranges",
    "save_records",
]

FORMATS = names_to_write()
"""What a user may call the formats to write."""
MODELS = ("auto", "Hexoskin", "CHA3000", "astroskin_256", "astroskin_1000")
"""Names for the model of a device; ``auto`` finds it out."""

_T = TypeVar("_T")


class NoRecordingError(FileFormatError):
    """A file among recordings that is not one: skipped, and not a failure."""


# Failures of one record; any other exception is a bug of this package.
_FAILURES = (HexoframeError, OSError)


# -- selection and output --------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The channels and the span to take of each record.

    Attributes
    ----------
    channels : tuple of str
        Names or ids; all if empty.
    waveforms : bool
        Whether to take waveforms that `channels` does not name.
    start, end : int, str or None
        As for `Record.between`; `end` is not included.
    """

    channels: tuple[str, ...] = ()
    waveforms: bool = True
    start: int | str | None = None
    end: int | str | None = None
    model: str = "auto"

    def whole(self) -> dict[str, Any]:
        """Return the arguments of `Client.load_record` without start and end."""
        return {
            "channels": self.channels or None,
            "waveforms": self.waveforms,
            "model": self.model,
        }

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `Client.load_record`."""
        return {**self.whole(), "start": self.start, "end": self.end}

    def of(self, record: Record) -> Record:
        """Return a record that is already open, cut to the selection."""
        if self.start is not None or self.end is not None:
            record = record.between(self.start, self.end)
        if self.waveforms or self.channels:
            return record
        waves = {name for name in record if record.channel(name).kind == "waveform"}
        return record.of(record, left_out=record.left_out | waves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What is saved of one id or path, and what failed.

    Attributes
    ----------
    name : str
        The id or path.
    paths : list of Path
        Where it is saved.
    unchanged : list of bool
        For each of `paths`, whether the same was there before and nothing was written.
    errors : list of Exception
        What failed.
    """

    name: str
    paths: list[Path] = field(default_factory=list)
    unchanged: list[bool] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where records are written to, and in which form.

    Attributes
    ----------
    folder : Path
        Where the folders of the records go.
    formats : tuple of str
        One or several of `FORMATS`.
    timestamps : {"epoch", "string"}
        Time stamps in .txt: ticks, or text.
    timestamp_format : str or None
        strftime format of the text; None is that of the old script.
    tz : str
        Zone of the text.
    dialect : {"classic", "port"}
        Whose .txt: that of the vendor's HxApi2_0, or of its port to Python 3.
    units : {"physical", "raw"}
        Values in CSV, Parquet and MAT: in the unit of the channel, or counts of the
        recorder. The .txt has those of the service's answers either way.
    overwrite : bool
        Whether files from before may be replaced.
    written : dict of str to set of Path, or None
        What one run has written by format, and no other recording of it may replace.
    """

    folder: Path = field(default_factory=Path)
    formats: tuple[str, ...] = ("txt",)
    timestamps: Literal["epoch", "string"] = "epoch"
    timestamp_format: str | None = None
    tz: str = "UTC"
    dialect: Literal["classic", "port"] = "classic"
    units: Scale = "physical"
    overwrite: bool = False
    written: dict[str, set[Path]] | None = None

    def check(self) -> None:
        """Raise ConfigurationError for an unknown zone or a bad time stamp format."""
        if self.timestamps == "epoch":
            return
        from hexoframe.timestamps import CLASSIC_FORMAT, ticks_to_text  # noqa: PLC0415  # numpy

        fmt = self.timestamp_format or CLASSIC_FORMAT
        ticks_to_text([437_610_700_800], clock=256, fmt=fmt, tz=self.tz)

    def check_folder(self) -> None:
        """Raise ConfigurationError if nothing can be written into the folder."""
        check_folder(self.folder)

    def save(self, name: str, record: Record, *, below: str = "") -> Saved:
        """Write a record in every format; one that fails does not stop the others.

        `name` is the id or path that was asked for, `below` a subfolder of the output.
        """
        from hexoframe.formats.atomic import (  # noqa: PLC0415  # shutil
            noting_unchanged,
            protecting,
        )

        saved = Saved(name=name)
        for each in self.formats:
            try:
                written = {} if self.written is None else self.written
                own = written.setdefault(each, set())
                with noting_unchanged() as unchanged, protecting(own):
                    path = self._write(each, record, self.folder / below)
            except _FAILURES as error:
                # A record that cannot be read fails alike in every format.
                if str(error) not in map(str, saved.errors):
                    saved.errors.append(error)
            else:
                own.add(path)
                saved.paths.append(path)
                saved.unchanged.append(bool(unchanged))
        if saved.paths:
            warn_of_scales(record)
        return saved

    def _write(self, name: str, record: Record, folder: Path) -> Path:
        form = to_write(name)
        target = form.target_in(folder, record)
        return form.write(record, target, overwrite=self.overwrite, **self._style())

    def _style(self) -> WriteStyle:
        style: WriteStyle = {"dialect": self.dialect}
        if self.timestamps == "string":
            style |= {"timestamps": "string", "tz": self.tz}
            if self.timestamp_format is not None:
                style["timestamp_format"] = self.timestamp_format
        return style


def check_folder(folder: Path, argument: str = "to") -> None:
    """Raise ConfigurationError if nothing can be written into a folder.

    It need not exist: then it must be possible to make it. Nothing is left in it.
    `argument` is what the user chose it with.
    """
    import tempfile  # noqa: PLC0415  # keeps help quick

    try:
        made = next(place for place in (folder, *folder.parents) if place.exists())
        with tempfile.TemporaryFile(dir=made):
            pass
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError(
            f"nothing can be written into {folder} ({why}): choose another folder "
            f"with {argument}="
        ) from error


# -- one after the other ---------------------------------------------------------------


def each_of(
    names: Iterable[str], work: Callable[[str], _T]
) -> Iterator[tuple[str, _T | Exception]]:
    """Call `work` with each name once; yield the name and what it returned or raised.

    Raises AuthenticationError or UnreachableError if every name would fail alike: bad
    login, or no answer from the service.
    """
    for name in dict.fromkeys(names):
        try:
            done: Any = work(name)
        except _FAILURES as error:
            if _is_for_all(error):
                raise
            done = error
        yield name, done


def _is_for_all(error: Exception) -> bool:
    # 403 is about one record, of somebody else.
    refused = isinstance(error, AuthenticationError) and error.status != 403
    return refused or isinstance(error, UnreachableError)


def save_records(
    client: Client,
    numbers: Iterable[str],
    selection: Selection,
    output: Output,
    **how: Any,
) -> Iterator[Saved]:
    """Load records and write them.

    `how` goes to `Client.load_record`: refresh, offline, allow_partial, progress.
    Raises as `each_of`.
    """
    output = replace(output, written={})

    def save(number: str) -> Saved:
        wanted = {**selection.arguments(), "units": output.units}
        record = client.load_record(number, **wanted, **how)
        return output.save(number, record)

    return each_saved(numbers, save)


def save_ranges(
    client: Client,
    numbers: Iterable[str],
    selection: Selection,
    output: Output,
    **how: Any,
) -> Iterator[Saved]:
    """Load ranges (activities) and write them, each into ``range_<id>/``.

    Ranges of one record would otherwise have the same file names. Else as
    `save_records`.
    """
    output = replace(output, written={})

    def save(number: str) -> Saved:
        wanted = {**selection.whole(), "units": output.units}
        record = client.load_range(number, **wanted, **how)
        return output.save(number, selection.of(record), below=f"range_{number}")

    return each_saved(numbers, save)


def save_files(
    paths: Iterable[str], selection: Selection, output: Output, **how: Any
) -> Iterator[Saved]:
    """Open the recordings in `paths` (see `open_each`) and write them."""
    output = replace(output, written={})
    for name, record in open_each(paths, selection, units=output.units, **how):
        if isinstance(record, Exception):
            yield Saved(name=name, errors=[record])
        else:
            yield output.save(name, record)


def open_each(
    paths: Iterable[str], selection: Selection, **how: Any
) -> Iterator[tuple[str, Record | Exception]]:
    """Open every recording in files, folders (to any depth) and patterns.

    Yields the id or path with the record or an error: `NoRecordingError` for a file of
    a folder or pattern that is not a recording. `how` goes to `open_records`.
    """
    from hexoframe.opening import open_records  # noqa: PLC0415  # pandas

    model = None if selection.model == "auto" else selection.model
    channels = selection.channels or None
    searched = each_of(
        paths, lambda path: open_records(path, channels=channels, model=model, **how)
    )
    for path, records in searched:
        if isinstance(records, Exception):
            yield path, records
            continue
        yield from each_of(records, lambda key: selection.of(records[key]))  # noqa: B023  # used up here
        yield from _left_out(path, records)


def _left_out(path: str, records: Records) -> Iterator[tuple[str, Exception]]:
    """Yield what `open_records` skipped below a path, and why."""
    named = Path(path).expanduser().is_file()
    failed = False
    left = records.skipped
    for where, reason, foreign in zip(
        left["path"], left["reason"], left["foreign"], strict=True
    ):
        if foreign and not named:
            yield where, NoRecordingError(f"{where} skipped: not a recording")
        else:
            failed = True
            yield where, FileFormatError(reason)
    if not records and not failed:
        yield path, FileFormatError(f"{path} holds no recording")


def each_saved(names: Iterable[str], save: Callable[[str], Saved]) -> Iterator[Saved]:
    """Call `save` with each name; a failure becomes a `Saved`. Raises as `each_of`."""
    for name, done in each_of(names, save):
        yield Saved(name=name, errors=[done]) if isinstance(done, Exception) else done

"""Many records, one after the other: each is loaded and written, or told why not.

What the command line and the menu do when they download and convert. Nothing is
printed here, and nothing is asked of a user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from hexoframe.errors import (
    AuthenticationError,
    FileFormatError,
    HexoframeError,
    UnreachableError,
)
from hexoframe.formats import names_to_write, to_write

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
"""What a user may call the model of a device; ``auto`` finds it out."""

_T = TypeVar("_T")


class NoRecordingError(FileFormatError):
    """A file that lies beside recordings and is none: no failure of what was asked."""


# A failure of one record; what else is raised is a fault of this package.
_FAILURES = (HexoframeError, OSError)


# -- what is wanted --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is wanted of each record.

    Attributes
    ----------
    channels : tuple of str
        Names or ids; all by default.
    waveforms : bool
        Whether waveforms are wanted where `channels` does not name them.
    start, end : int, str or None
        Part of the record, `end` not included: a tick, or a time with its zone.
    model : str
        One of `MODELS`.
    """

    channels: tuple[str, ...] = ()
    waveforms: bool = True
    start: int | str | None = None
    end: int | str | None = None
    model: str = "auto"

    def whole(self) -> dict[str, Any]:
        """Return all but the part as `Client.load_record` takes it."""
        return {
            "channels": self.channels or None,
            "waveforms": self.waveforms,
            "model": self.model,
        }

    def arguments(self) -> dict[str, Any]:
        """Return all of it as `Client.load_record` takes it."""
        return {**self.whole(), "start": self.start, "end": self.end}

    def of(self, record: Record) -> Record:
        """Return what is wanted of a record that is already there."""
        from hexoframe.timestamps import tick_to_time  # noqa: PLC0415  # numpy

        if self.start is not None or self.end is not None:
            first, last = (
                tick_to_time(each, clock=record.clock)
                if isinstance(each, int)
                else each
                for each in (self.start, self.end)
            )
            record = record.between(first, last)
        if self.waveforms or self.channels:
            return record
        waves = {name for name in record if record.channel(name).kind == "waveform"}
        return record.of(record, left_out=record.left_out | waves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of one of the things that were asked for.

    Attributes
    ----------
    name : str
        What was asked for.
    paths : list of Path
        What was written.
    errors : list of Exception
        What was not, and why.
    """

    name: str
    paths: list[Path] = field(default_factory=list)
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
    units : {"physical", "raw"}
        Values in CSV, Parquet and MAT: in the unit of the channel, or counts of the
        recorder. The .txt has those of the service's answers either way.
    overwrite : bool
        Whether files from before may be replaced.
    """

    folder: Path = field(default_factory=Path)
    formats: tuple[str, ...] = ("txt",)
    timestamps: Literal["epoch", "string"] = "epoch"
    timestamp_format: str | None = None
    tz: str = "UTC"
    units: Scale = "physical"
    overwrite: bool = False

    def check(self) -> None:
        """Refuse what can be refused before anything is loaded.

        Raises
        ------
        ConfigurationError
            If the zone is none, or the format cannot be written.
        """
        if self.timestamps == "epoch":
            return
        from hexoframe.timestamps import ticks_to_text  # noqa: PLC0415  # numpy

        stamps = self._stamps()
        fmt = (
            {"fmt": stamps["timestamp_format"]} if "timestamp_format" in stamps else {}
        )
        ticks_to_text([437_610_700_800], clock=256, tz=self.tz, **fmt)

    def save(self, name: str, record: Record, *, below: str = "") -> Saved:
        """Write a record in every format; one that fails does not stop the others.

        Parameters
        ----------
        name : str
            What was asked for.
        record : Record
            What to write.
        below : str
            Folder below that of the output; none by default.
        """
        saved = Saved(name=name)
        for each in self.formats:
            try:
                path = self._write(each, record, self.folder / below)
            except _FAILURES as error:
                # What cannot be read fails in the same way for every format.
                if str(error) not in map(str, saved.errors):
                    saved.errors.append(error)
            else:
                saved.paths.append(path)
        return saved

    def _write(self, name: str, record: Record, folder: Path) -> Path:
        form = to_write(name)
        target = form.target_in(folder, record)
        return form.write(record, target, overwrite=self.overwrite, **self._stamps())

    def _stamps(self) -> WriteStyle:
        if self.timestamps == "epoch":
            return {}
        style: WriteStyle = {"timestamps": "string", "tz": self.tz}
        if self.timestamp_format is not None:
            style["timestamp_format"] = self.timestamp_format
        return style


# -- one after the other ---------------------------------------------------------------


def each_of(
    names: Iterable[str], work: Callable[[str], _T]
) -> Iterator[tuple[str, _T | Exception]]:
    """Do something with each name; a failure is handed out and stops no other.

    Parameters
    ----------
    names : iterable of str
        Ids or paths; what comes again is left out.
    work : callable
        What to do with one.

    Yields
    ------
    (str, object or Exception)
        The name, and what was returned or raised.

    Raises
    ------
    AuthenticationError, UnreachableError
        If the failure would be that of every name: nobody is logged in, or the service
        is not there.
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
    # 403 is a record of somebody else.
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

    Parameters
    ----------
    client : Client
        Who asks.
    numbers : iterable of str
        Ids of the records.
    selection : Selection
        What is wanted of each.
    output : Output
        Where they go.
    **how
        As for `Client.load_record`: refresh, offline, allow_partial, progress.

    Yields
    ------
    Saved
        What became of each record, when it is done.

    Raises
    ------
    AuthenticationError, UnreachableError
        As for `each_of`.
    """

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

    A record may hold several ranges, whose files would have the same names.

    Parameters
    ----------
    client, selection, output, **how
        As for `save_records`.
    numbers : iterable of str
        Ids of the ranges.

    Yields
    ------
    Saved
        What became of each range.

    Raises
    ------
    AuthenticationError, UnreachableError
        As for `each_of`.
    """

    def save(number: str) -> Saved:
        wanted = {**selection.whole(), "units": output.units}
        record = client.load_range(number, **wanted, **how)
        return output.save(number, selection.of(record), below=f"range_{number}")

    return each_saved(numbers, save)


def save_files(
    paths: Iterable[str], selection: Selection, output: Output, **how: Any
) -> Iterator[Saved]:
    """Open recordings and write them.

    Parameters
    ----------
    paths, selection, **how
        As for `open_each`.
    output : Output
        Where they go.

    Yields
    ------
    Saved
        What became of each recording that was found, and of what is none.
    """
    for name, record in open_each(paths, selection, units=output.units, **how):
        if isinstance(record, Exception):
            yield Saved(name=name, errors=[record])
        else:
            yield output.save(name, record)


def open_each(
    paths: Iterable[str], selection: Selection, **how: Any
) -> Iterator[tuple[str, Record | Exception]]:
    """Open every recording in some files.

    Parameters
    ----------
    paths : iterable of str
        Files, folders, which are searched to any depth, or patterns.
    selection : Selection
        What is wanted of each.
    **how
        As for `hexoframe.open_records`: units, tz, timestamp_format, allow_partial.

    Yields
    ------
    (str, Record or Exception)
        Id or path, and what was opened, or why not: `NoRecordingError` for what was
        found in a folder or with a pattern and is no recording at all.
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
    """Yield what was left out below a path, and why."""
    named = Path(path).expanduser().is_file()
    failed = False
    left = records.skipped
    for where, reason, foreign in zip(
        left["path"], left["reason"], left["foreign"], strict=True
    ):
        if foreign and not named:
            yield where, NoRecordingError(f"{where} skipped: it is no recording")
        else:
            failed = True
            yield where, FileFormatError(reason)
    if not records and not failed:
        yield path, FileFormatError(f"{path} holds no recording")


def each_saved(names: Iterable[str], save: Callable[[str], Saved]) -> Iterator[Saved]:
    """Save things one after the other; what cannot be saved stops no other.

    Parameters
    ----------
    names : iterable of str
        What they are called.
    save : callable
        What saves one.

    Yields
    ------
    Saved
        What became of each.

    Raises
    ------
    AuthenticationError, UnreachableError
        As for `each_of`.
    """
    for name, done in each_of(names, save):
        yield Saved(name=name, errors=[done]) if isinstance(done, Exception) else done

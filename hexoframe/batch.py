"""Many records, one after the other: each is loaded and written, or told why not.

What the command line and the menu do when they download and convert. Nothing is
printed here, and nothing is asked of a user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from hexoframe.errors import (
    AuthenticationError,
    FileFormatError,
    HexoframeError,
    UnreachableError,
)

if TYPE_CHECKING:
    from hexoframe.client import Client
    from hexoframe.record import Record

__all__ = [
    "FORMATS",
    "MODELS",
    "Format",
    "Output",
    "Saved",
    "Selection",
    "each_of",
    "save_files",
    "save_ranges",
    "save_records",
]

Format = Literal["txt", "csv", "parquet", "mat"]
FORMATS: tuple[Format, ...] = get_args(Format)
MODELS = ("auto", "Hexoskin", "CHA3000", "astroskin_256", "astroskin_1000")
"""What a user may call the model of a device; ``auto`` finds it out."""

_T = TypeVar("_T")
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
    start, end : str or None
        Part of the record, `end` not included: a time with its zone, or a tick.
    model : str
        One of `MODELS`.
    """

    channels: tuple[str, ...] = ()
    waveforms: bool = True
    start: str | None = None
    end: str | None = None
    model: str = "auto"

    def check(self) -> None:
        """Refuse what can be refused before anything is loaded.

        Raises
        ------
        TimestampError
            If `start` or `end` is no time with a zone.
        """
        from hexoframe.timestamps import time_to_tick  # noqa: PLC0415  # numpy

        for moment in (self.start, self.end):
            if moment is not None and not moment.isdecimal():
                time_to_tick(moment, clock=256, rounding="up")

    def whole(self) -> dict[str, Any]:
        """Return all but the part as `Client.load_record` takes it."""
        return {
            "channels": self.channels or None,
            "waveforms": self.waveforms,
            "model": self.model,
        }

    def arguments(self) -> dict[str, Any]:
        """Return all of it as `Client.load_record` takes it."""
        start, end = map(_tick_or_time, (self.start, self.end))
        return {**self.whole(), "start": start, "end": end}

    def cut(self, record: Record) -> Record:
        """Return the part of a record that is wanted, which is already there."""
        if self.start is None and self.end is None:
            return record
        from hexoframe.timestamps import tick_to_time  # noqa: PLC0415  # numpy

        clock = record.clock
        first, last = (
            tick_to_time(moment, clock=clock) if isinstance(moment, int) else moment
            for moment in map(_tick_or_time, (self.start, self.end))
        )
        return record.between(first, last)

    def chosen(self, record: Record) -> list[str] | None:
        """Return the channels of a record that are wanted; None for all."""
        if self.waveforms or self.channels:
            return None
        return [name for name in record if record.channel(name).kind != "waveform"]


def _tick_or_time(moment: str | None) -> int | str | None:
    return int(moment) if moment is not None and moment.isdecimal() else moment


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
    formats : tuple of {"txt", "csv", "parquet", "mat"}
        One or several.
    timestamps : {"epoch", "string"}
        Time stamps in .txt: ticks, or text.
    timestamp_format : str or None
        strftime format of the text; None is that of the old script.
    tz : str
        Zone of the text.
    overwrite : bool
        Whether files from before may be replaced.
    """

    folder: Path = field(default_factory=Path)
    formats: tuple[Format, ...] = ("txt",)
    timestamps: Literal["epoch", "string"] = "epoch"
    timestamp_format: str | None = None
    tz: str = "UTC"
    overwrite: bool = False

    def check(self) -> None:
        """Refuse what can be refused before anything is loaded.

        Raises
        ------
        TimestampError
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

    def save(
        self,
        name: str,
        record: Record,
        *,
        below: str = "",
        channels: list[str] | None = None,
    ) -> Saved:
        """Write a record in every format; one that fails does not stop the others.

        Parameters
        ----------
        name : str
            What was asked for.
        record : Record
            What to write.
        below : str
            Folder below that of the output; none by default.
        channels : list of str, optional
            Channels to write; all that it has by default.
        """
        saved = Saved(name=name)
        for each in self.formats:
            try:
                path = self._write(each, record, self.folder / below, channels)
            except _FAILURES as error:
                # What cannot be read fails in the same way for every format.
                if str(error) not in map(str, saved.errors):
                    saved.errors.append(error)
            else:
                saved.paths.append(path)
        return saved

    def _write(
        self, name: Format, record: Record, folder: Path, channels: list[str] | None
    ) -> Path:
        how: dict[str, Any] = {"channels": channels, "overwrite": self.overwrite}
        if name == "txt":
            return record.to_txt(folder, **self._stamps(), **how)
        if name == "csv":
            return record.to_csv(folder, **how)
        if name == "parquet":
            return record.to_parquet(folder, **how)
        from hexoframe.formats.manifest import target_of  # noqa: PLC0415  # pandas

        target = target_of(record, folder)
        return record.to_mat(target.with_name(f"{target.name}.mat"), **how)

    def _stamps(self) -> dict[str, Any]:
        if self.timestamps == "epoch":
            return {}
        fmt = self.timestamp_format
        told = {} if fmt is None else {"timestamp_format": fmt}
        return {"timestamps": "string", "tz": self.tz, **told}


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
        record = client.load_record(number, **selection.arguments(), **how)
        return output.save(number, record)

    return _each_saved(numbers, save)


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
        record = client.load_range(number, **selection.whole(), **how)
        return output.save(number, selection.cut(record), below=f"range_{number}")

    return _each_saved(numbers, save)


def save_files(
    paths: Iterable[str], selection: Selection, output: Output, **how: Any
) -> Iterator[Saved]:
    """Open recordings and write them.

    Parameters
    ----------
    paths : iterable of str
        Files, folders, which are searched to any depth, or patterns.
    selection, output
        As for `save_records`.
    **how
        As for `hexoframe.open_records`: tz, timestamp_format, allow_partial.

    Yields
    ------
    Saved
        What became of each record that was found, and of what is none.
    """
    for path in dict.fromkeys(paths):
        try:
            yield from _save_below(path, selection, output, how)
        except _FAILURES as error:
            yield Saved(name=path, errors=[error])


def _save_below(
    path: str, selection: Selection, output: Output, how: dict[str, Any]
) -> Iterator[Saved]:
    from hexoframe.doors import open_records  # noqa: PLC0415  # pandas

    records = open_records(
        path,
        channels=selection.channels or None,
        model=None if selection.model == "auto" else selection.model,
        **how,
    )

    def save(key: str) -> Saved:
        record = selection.cut(records[key])
        return output.save(key, record, channels=selection.chosen(record))

    yield from _each_saved(records, save)
    left = records.skipped
    for where, reason in zip(left["path"], left["reason"], strict=True):
        yield Saved(name=where, errors=[FileFormatError(reason)])
    if not records and left.empty:
        raise FileFormatError(f"{path} holds no recording")


def _each_saved(names: Iterable[str], save: Callable[[str], Saved]) -> Iterator[Saved]:
    for name, done in each_of(names, save):
        yield Saved(name=name, errors=[done]) if isinstance(done, Exception) else done

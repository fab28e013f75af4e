"""Pictures of records in files: what is loaded for them, and where they go.

What the command line does when it plots; what a picture shows stands in `plotting`.
Nothing is printed here, and nothing is asked of a user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexoframe.app.batch import Saved, Selection, each_saved, open_each
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hexoframe.client import Client
    from hexoframe.record import Record

__all__ = [
    "DPI",
    "Drawing",
    "draw_files",
    "draw_records",
    "save_figure",
    "without_screen",
]

DPI = 100
"""Pixels in an inch, where nobody says otherwise."""

_OVERVIEW, _COVERAGE = "overview", "coverage"
# Those of matplotlib that no viewer opens.
_NO_PICTURES = frozenset({"pgf", "raw", "rgba"})
# Texts in files of vectors stay texts, which can be searched and edited, and journals
# take.
_VECTORS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    # Names of parts are random otherwise.
    "svg.hashsalt": "hexoframe",
}
# No time of writing where it can be left out: a picture is the same whenever drawn.
_UNDATED: dict[str, dict[str, Any]] = {
    ".pdf": {"CreationDate": None},
    ".svg": {"Date": None},
    ".svgz": {"Date": None},
}
_PS_DATE = re.compile(rb"^%%CreationDate: .*$", re.MULTILINE)
# Bytes before the end of the time stamp of gzip.
_GZIP_TIME = 8
# What is loaded on both sides of a part, so that lines leave the picture as they do
# where everything is there.
_MARGIN_S = 60


def without_screen() -> None:
    """Draw without a screen from now on, whatever there is.

    Raises
    ------
    ConfigurationError
        If matplotlib is not installed.
    """
    from hexoframe.plotting.canvas import pyplot  # noqa: PLC0415  # heavy

    pyplot().switch_backend("agg")


def save_figure(
    figure: Figure, file: Path, *, dpi: int = DPI, overwrite: bool = False
) -> None:
    """Write a figure in the format of the file's suffix, whole or not at all.

    A file that is the same picture already stays as it is.

    Parameters
    ----------
    figure : Figure
        What is written.
    file : Path
        Where.
    dpi : int, in 1/inch, default 100
        Pixels in an inch, for formats of pixels.
    overwrite : bool, default False
        Whether a file from before may be replaced.

    Raises
    ------
    OutputExistsError
        If the file is there, is not this picture, and may not be replaced.
    """
    from matplotlib import rc_context  # noqa: PLC0415  # an extra

    from hexoframe.formats.atomic import new_file  # noqa: PLC0415  # shutil

    undated = _UNDATED.get(file.suffix.lower())
    new = new_file(file, overwrite=overwrite, same=_same_picture)
    with new as path, rc_context(_VECTORS):
        figure.savefig(path, dpi=dpi, metadata=undated)


def _same_picture(one: Path, other: Path) -> bool:
    """Whether two files are equal, apart from the time of writing."""
    from hexoframe.formats.atomic import same_bytes  # noqa: PLC0415  # shutil

    suffix = other.suffix.lower()
    if suffix in {".ps", ".eps"}:
        mine, theirs = (_PS_DATE.sub(b"", file.read_bytes()) for file in (one, other))
        return mine == theirs
    return same_bytes(one, other, skip=_GZIP_TIME if suffix == ".svgz" else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture that is wanted of each of some records.

    Attributes
    ----------
    what : str
        Picture or channel, as `Record.plot` takes it.
    waveforms : bool
        Whether a picture of all channels has waveforms.
    model : str
        One of `batch.MODELS`.
    start : int, str or None
        Where to begin: a tick, a time with its zone, or a length behind the start of
        the record.
    duration : str or None
        How long; to the end of the record by default.
    tz : str or None
        Zone of the time axis.
    file : Path or None
        Where the picture goes; by default a PNG in the folder, named by the record.
    folder : Path
        Where pictures go that are named by their records; the working folder by
        default.
    dpi : int, in 1/inch
        Pixels in an inch.
    overwrite : bool
        Whether a file from before may be replaced.
    """

    what: str = _OVERVIEW
    waveforms: bool = True
    model: str = "auto"
    start: int | str | None = None
    duration: str | None = None
    tz: str | None = None
    file: Path | None = None
    folder: Path = field(default_factory=Path)
    dpi: int = DPI
    overwrite: bool = False

    def check(self) -> None:
        """Refuse what can be refused before anything is loaded.

        Raises
        ------
        ConfigurationError
            If the suffix of the file is that of no picture, or the zone is none.
        """
        from hexoframe.timestamps import ticks_to_text  # noqa: PLC0415  # numpy

        if self.file is not None:
            _check_suffix(self.file)
        if self.tz is not None:
            ticks_to_text([437_610_700_800], clock=256, tz=self.tz)

    def selection(self) -> Selection:
        """Return what is wanted of records that are already there."""
        return Selection(
            waveforms=self.waveforms or not self._is_page, model=self.model
        )

    def load(self, client: Client, number: str, **how: Any) -> tuple[Record, Drawing]:
        """Load what the picture shows of a record, and little else.

        Parameters
        ----------
        client : Client
            Who asks.
        number : str
            Id of the record.
        **how
            As for `Client.load_record`.

        Returns
        -------
        record : Record
            What was loaded, which may be a part of the record.
        drawing : Drawing
            The picture of it: a length behind the start of the record is a tick there.
        """
        how = {"model": self.model, **how}
        if self._is_page and (self._is_whole or not self.waveforms):
            return client.load_record(number, waveforms=self.waveforms, **how), self
        # The rest is there in a second, and tells which part of which waveform it is.
        rest = client.load_record(number, waveforms=False, **how)
        waves = self._waveforms(rest)
        if not waves:
            return rest, self
        start, end = self._part(rest)
        part: dict[str, Any] = {}
        if not self._is_whole:
            margin = _MARGIN_S * rest.clock
            part["start"] = max(start - margin, rest.start_tick)
            part["end"] = end + margin
        record = client.load_record(number, channels=[*rest, *waves], **part, **how)
        return record, self if self.start is None else replace(self, start=start)

    def save(self, name: str, record: Record) -> Saved:
        """Draw a record and write the picture.

        Parameters
        ----------
        name : str
            What was asked for.
        record : Record
            What is drawn.

        Raises
        ------
        HexoframeError
            If that cannot be drawn, or the file holds something else and may not be
            replaced.
        """
        from matplotlib import pyplot as plt  # noqa: PLC0415  # an extra

        from hexoframe.formats.atomic import noting_unchanged  # noqa: PLC0415  # shutil

        file = self.file or self.folder / self._file_name(record)
        figure = self._draw(record if self.tz is None else record.tz_convert(self.tz))
        try:
            with noting_unchanged() as unchanged:
                save_figure(figure, file, dpi=self.dpi, overwrite=self.overwrite)
        finally:
            plt.close(figure)
        return Saved(name=name, paths=[file], unchanged=[bool(unchanged)])

    @property
    def _is_page(self) -> bool:
        """Whether the picture is of all channels."""
        return self.what in {_OVERVIEW, _COVERAGE}

    @property
    def _is_whole(self) -> bool:
        return self.start is None and self.duration is None

    def _draw(self, record: Record) -> Figure:
        if self._is_whole:
            return record.plot(self.what)[0]
        first, last = self._part(record)
        if self.what == _COVERAGE:
            return record.cut(first, last).plot(_COVERAGE)[0]
        start = self._start(record)
        return record.plot(self.what, start=start, duration=self.duration)[0]

    def _start(self, record: Record) -> Any:
        from hexoframe.timestamps import tick_to_time  # noqa: PLC0415  # numpy

        is_tick = isinstance(self.start, int)
        return tick_to_time(self.start, clock=record.clock) if is_tick else self.start

    def _part(self, record: Record) -> tuple[int, int]:
        """Return the first and the last tick that is drawn."""
        from hexoframe.plotting.windows import record_window  # noqa: PLC0415  # pandas
        from hexoframe.timestamps import NS_PER_TICK  # noqa: PLC0415  # numpy

        window = record_window(record, self._start(record), self.duration)
        first, last = (
            stamp // NS_PER_TICK[record.clock] for stamp in (window.first, window.last)
        )
        return first, last

    def _waveforms(self, record: Record) -> list[str]:
        """Return the waveforms that the picture shows."""
        from hexoframe.channels import channels_of  # noqa: PLC0415

        channels = channels_of(record.family).values()
        waves = [each.name for each in channels if each.kind == "waveform"]
        if self._is_page:
            return waves
        named = self._channel_name(record)
        return [name for name in waves if name == named]

    def _channel_name(self, record: Record) -> str:
        from hexoframe.plotting.records import VIEWS  # noqa: PLC0415  # pandas

        return self.what if self.what in VIEWS else record.channel(self.what).name

    def _file_name(self, record: Record) -> str:
        from hexoframe.formats.own.manifest import record_folder  # noqa: PLC0415  # pandas

        name = record_folder(record, Path()).name
        if self.what == _OVERVIEW:
            return f"{name}.png"
        what = self.what if self._is_page else self._channel_name(record)
        return f"{name}_{what}.png"


def _check_suffix(file: Path) -> None:
    from matplotlib.backend_bases import FigureCanvasBase  # noqa: PLC0415  # an extra

    known = sorted({*FigureCanvasBase.get_supported_filetypes()} - _NO_PICTURES)
    if file.suffix.lower().removeprefix(".") not in known:
        raise ConfigurationError(
            f"{file} has no suffix of a picture: end it with .png, .pdf or .svg, or "
            f"with another of .{', .'.join(known)}"
        )


# -- one after the other ---------------------------------------------------------------


def draw_records(
    client: Client, numbers: Iterable[str], drawing: Drawing, **how: Any
) -> Iterator[Saved]:
    """Load records and draw them.

    Parameters
    ----------
    client : Client
        Who asks.
    numbers : iterable of str
        Ids of the records.
    drawing : Drawing
        The picture.
    **how
        As for `Client.load_record`: refresh, offline, allow_partial, progress.

    Yields
    ------
    Saved
        What became of each record, when it is done.

    Raises
    ------
    AuthenticationError, UnreachableError
        As for `batch.each_of`.
    """

    def save(number: str) -> Saved:
        record, picture = drawing.load(client, number, **how)
        return picture.save(number, record)

    return each_saved(numbers, save)


def draw_files(paths: Iterable[str], drawing: Drawing, **how: Any) -> Iterator[Saved]:
    """Open recordings and draw them.

    Parameters
    ----------
    paths, **how
        As for `batch.open_each`.
    drawing : Drawing
        The picture.

    Yields
    ------
    Saved
        What became of each recording that was found, and of what is none.

    Raises
    ------
    ConfigurationError
        If there are several, and one file for their pictures.
    """
    opened: Iterable[tuple[str, Record | Exception]] = open_each(
        paths, drawing.selection(), **how
    )
    if drawing.file is not None:
        opened = list(opened)
        count = sum(not isinstance(record, Exception) for _, record in opened)
        if count > 1:
            raise ConfigurationError(
                f"there are {count} recordings, and {drawing.file} is the file of one "
                "picture: leave file= out, and each gets a file of its own"
            )
    for name, record in opened:
        if isinstance(record, Exception):
            yield Saved(name=name, errors=[record])
        else:
            yield from each_saved([name], lambda name: drawing.save(name, record))  # noqa: B023  # used up here

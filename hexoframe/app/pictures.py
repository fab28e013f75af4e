"""Picture files of records: what is loaded for them, and where they are written.

What ``hexoframe plot`` does; what a picture shows is in `plotting`. Nothing is printed
here, and the user is not asked anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexoframe.app.choices import Saved, Selection
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hexoframe.client import Client
    from hexoframe.record import Record

__all__ = [
    "DPI",
    "Drawing",
    "save_figure",
    "without_screen",
]

DPI = 100
"""Pixels in an inch by default."""

_OVERVIEW, _COVERAGE = "overview", "coverage"
# Formats of matplotlib that no viewer opens.
_NO_PICTURES = frozenset({"pgf", "raw", "rgba"})
# Texts in vector files stay texts, which can be searched and edited, as journals ask.
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
# Loaded beyond both ends of a part, so that lines leave the picture as they do when the
# whole record is loaded.
_MARGIN_S = 60


def without_screen() -> None:
    """Draw without a screen from now on, even if there is one."""
    from hexoframe.plotting.figures import pyplot  # noqa: PLC0415  # heavy

    pyplot().switch_backend("agg")


def save_figure(
    figure: Figure, file: Path, *, dpi: int = DPI, overwrite: bool = False
) -> None:
    """Write a figure in the format of the file's suffix, whole or not at all.

    A file that is the same picture already stays as it is.
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
    """The picture that is wanted of each of some records.

    `what`, `start` and `duration` are as for `Record.plot`; `model` is as for
    `Client.load_record`. Without `waveforms` pictures of all channels leave them
    out. Without a `file` each picture is a PNG in the folder, named by its record;
    `dpi` are pixels in an inch, for formats of pixels.
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
        """Refuse a wrong suffix or zone before anything is loaded."""
        from hexoframe.timestamps import ticks_to_text  # noqa: PLC0415  # numpy

        if self.file is not None:
            _check_suffix(self.file)
        if self.tz is not None:
            ticks_to_text([437_610_700_800], clock=256, tz=self.tz)

    def selection(self) -> Selection:
        """Return what is read from records in files."""
        return Selection(
            waveforms=self.waveforms or not self._shows_all, model=self.model
        )

    def load(self, client: Client, number: str, **how: Any) -> tuple[Record, Drawing]:
        """Load what the picture shows of a record, and little else.

        What comes back may be a part of the record, and the picture of it, in which a
        length behind the start of the record has become a tick.
        """
        how = {"model": self.model, **how}
        if self._shows_all and (self._is_uncut or not self.waveforms):
            return client.load_record(number, waveforms=self.waveforms, **how), self
        # The rest takes a second, and tells which part of which waveform is shown.
        rest = client.load_record(number, waveforms=False, **how)
        waves = self._waveforms(rest)
        if not waves:
            return rest, self
        start, end = self._part(rest)
        part: dict[str, Any] = {}
        if not self._is_uncut:
            margin = _MARGIN_S * rest.clock
            part["start"] = max(start - margin, rest.start_tick)
            part["end"] = end + margin
        record = client.load_record(number, channels=[*rest, *waves], **part, **how)
        return record, self if self.start is None else replace(self, start=start)

    def save(self, name: str, record: Record) -> Saved:
        """Draw a record and write the picture; `name` is what was asked for."""
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
    def _shows_all(self) -> bool:
        """Whether the picture is of all channels."""
        from hexoframe.plotting import PICTURES  # noqa: PLC0415  # pandas

        return self.what in PICTURES and PICTURES[self.what].waveforms is None

    @property
    def _is_uncut(self) -> bool:
        return self.start is None and self.duration is None

    def _draw(self, record: Record) -> Figure:
        if self._is_uncut:
            return record.plot(self.what)[0]
        first, last = self._part(record)
        if self.what == _COVERAGE:
            return record.cut(first, last).plot(_COVERAGE)[0]
        return record.plot(self.what, start=self.start, duration=self.duration)[0]

    def _part(self, record: Record) -> tuple[int, int]:
        """Return the first and the last tick that is drawn."""
        from hexoframe.plotting.windows import record_window  # noqa: PLC0415  # pandas
        from hexoframe.timestamps import NS_PER_TICK  # noqa: PLC0415  # numpy

        window = record_window(record, self.start, self.duration)
        first, last = (
            stamp // NS_PER_TICK[record.clock] for stamp in (window.first, window.last)
        )
        return first, last

    def _waveforms(self, record: Record) -> list[str]:
        """Return the waveforms of the model that the picture shows."""
        from hexoframe.channels import channels_of  # noqa: PLC0415
        from hexoframe.plotting import picture_of  # noqa: PLC0415  # pandas

        shown = picture_of(record, self.what).waveforms
        channels = channels_of(record.family).values()
        waves = [each.name for each in channels if each.kind == "waveform"]
        return waves if shown is None else [name for name in waves if name in shown]

    def _file_name(self, record: Record) -> str:
        from hexoframe.formats.own.manifest import record_folder  # noqa: PLC0415  # pandas
        from hexoframe.plotting import PICTURES  # noqa: PLC0415  # pandas

        name = record_folder(record, Path()).name
        if self.what == _OVERVIEW:
            return f"{name}.png"
        known = self.what in PICTURES
        return f"{name}_{self.what if known else record.channel(self.what).name}.png"


def _check_suffix(file: Path) -> None:
    from matplotlib.backend_bases import FigureCanvasBase  # noqa: PLC0415  # an extra

    known = sorted({*FigureCanvasBase.get_supported_filetypes()} - _NO_PICTURES)
    if file.suffix.lower().removeprefix(".") not in known:
        raise ConfigurationError(
            f"{file} has no suffix of a picture: end it with .png, .pdf or .svg, or "
            f"with another of .{', .'.join(known)}"
        )

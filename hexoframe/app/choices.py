"""What a user chooses: channels and span, formats and folder; and what came of it.

No record is opened or loaded here: that is for `batch`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hexoframe.errors import ConfigurationError, FileFormatError, HexoframeError
from hexoframe.formats import names_to_write, to_write
from hexoframe.recording.scales import warn_of_scales

if TYPE_CHECKING:
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats import WriteStyle
    from hexoframe.record import Record

__all__ = [
    "FAILURES",
    "FORMATS",
    "KEPT_FACTS",
    "MODELS",
    "NoRecordingError",
    "Output",
    "Saved",
    "Selection",
    "check_folder",
    "is_id",
]

FORMATS = names_to_write()
"""What a user may call the formats to write."""
KEPT_FACTS = ("annotations", "dates", "device", "ranges", "track")
"""What a user may keep of a recording that is de-identified."""
MODELS = ("auto", "Hexoskin", "CHA3000", "astroskin_256", "astroskin_1000")
"""Names for the model of a device; ``auto`` finds it out."""


class NoRecordingError(FileFormatError):
    """A file among recordings that is not one: skipped, and not a failure."""


FAILURES = (HexoframeError, OSError)
"""Failures of one record; any other exception is a bug of this package."""


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
    gaps : {"raise", "fill", "split"}
        What EDF and Kubios do with gaps.
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
    gaps: Literal["raise", "fill", "split"] = "raise"
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
            except FAILURES as error:
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
        style: WriteStyle = {"dialect": self.dialect, "gaps": self.gaps}
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


def is_id(what: str) -> bool:
    """Whether a path or id is the id of a record, and not an existing file."""
    return what.isdecimal() and not Path(what).exists()

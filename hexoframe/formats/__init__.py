"""The registry of file formats: bytes on disk to RecordData, and back.

A format is one module with `sniff` and `read`, or `write`, or all three, and one entry
in `FORMATS`. Whoever opens, converts and saves goes through here, so nothing else needs
to know of a new one. A module is imported when its format is first used. No network
here, no plotting.

========= ====================================================================
archive   the vendor's export: ZIP or folder
dashboard CSV of the vendor's dashboard
converter CSV of the vendor's converter
edf       EDF+ of the vendor and of hexoframe
text      classic .txt of HxApi2_0
own       hexoframe's Parquet and CSV
mat       MATLAB file
kubios    RR intervals for Kubios HRV
wfdb      WFDB records of PhysioNet
bids      dataset of BIDS
wire      JSON answers of the API, for `hexoframe.api`
========= ====================================================================

What they share: `options` of readers, `sourcefiles` that must not change, `atomic`
writing and what makes a place `unwritable`, `cells` and `headings` of CSV, `steps` and
`holes` of formats that keep a rate in place of stamps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

from hexoframe.errors import ConfigurationError
from hexoframe.paths import expanded, writing_to

if TYPE_CHECKING:
    from typing import Unpack

    from hexoframe.formats.archive.container import Container
    from hexoframe.formats.options import ReadOptions
    from hexoframe.recording.data import RecordData

__all__ = [
    "BIDS",
    "CSV",
    "EDF",
    "FORMATS",
    "KUBIOS",
    "MAT",
    "PARQUET",
    "TXT",
    "WFDB",
    "Format",
    "FormatModule",
    "Reader",
    "SeveralReader",
    "StyledWriter",
    "WriteStyle",
    "Writer",
    "names_to_write",
    "readers",
    "to_write",
]


# -- what a module of a format has -----------------------------------------------------


class Reader(Protocol):
    """A module that reads; `sniff` judges by the content, never by the name."""

    def sniff(self, path: Path) -> bool:
        """Whether the path is of this format, or a damaged one that `read` explains."""

    def read(self, path: Path, options: ReadOptions) -> RecordData:
        """Open the record; its channels may be read when they are touched."""


class SeveralReader(Reader, Protocol):
    """A module that reads paths with several records in them."""

    def read(
        self, path: Path, options: ReadOptions, *, part: str | None = None
    ) -> RecordData:
        """Open the record of that name, or the only one."""

    def parts(self, path: Path) -> Mapping[str, Container]:
        """Return the records in a path by name; at least one."""

    def holds_record(self, folder: Path) -> bool:
        """Whether files of the folder itself, not of folders below, are a record."""

    def is_empty(self, path: Path) -> bool:
        """Whether there is nothing at all in a path that `sniff` takes."""


class Writer(Protocol):
    """A module that writes a record; it returns the folder or file that it wrote."""

    def write(
        self,
        record: RecordData,
        root: Path,
        *,
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write the record, whole or not at all; refuse to replace files unasked."""


class WriteStyle(TypedDict, total=False):
    """Options of some writers, as the methods of `Record` tell them."""

    beats: Literal["good", "nn", "all"]
    gaps: Literal["raise", "fill", "split"]
    run: int | None
    session: str | None
    subject: str | None
    task: str
    timestamps: Literal["epoch", "string"]
    timestamp_format: str
    tz: str
    dialect: Literal["classic", "port"]
    units: Literal["classic", "physical"]


class StyledWriter(Protocol):
    """A module whose writer has options; its entry in the registry names them."""

    @property
    def write(self) -> Callable[..., Path]:
        """As in `Writer`, with the options of the format."""


class FormatModule(Reader, Writer, Protocol):
    """A module that reads and writes."""


# -- what the registry says of a format ------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """An entry of the registry.

    Attributes
    ----------
    name : str
        What ``--format`` calls it.
    title : str
        What messages call it.
    reader, writer : callable or None
        Import and return its module; None if it is not read, or not written.
    several_reader, styled_writer : callable or None
        The same, if one path may hold several records, or if the writer has options.
    style : tuple of str
        The options of a styled writer; others are not passed to it.
    one_file : bool
        Whether one file is a whole record, in whatever folder it lies.
    suffix : str
        End of the name if the record is written as one file; empty for a folder.
    """

    name: str
    title: str
    reader: Callable[[], Reader] | None = None
    several_reader: Callable[[], SeveralReader] | None = None
    writer: Callable[[], Writer] | None = None
    styled_writer: Callable[[], StyledWriter] | None = None
    style: tuple[str, ...] = ()
    one_file: bool = False
    suffix: str = ""

    def write(
        self,
        record: RecordData,
        target: str | Path,
        *,
        channels: Sequence[str | int] | None = None,
        overwrite: bool = False,
        **style: Unpack[WriteStyle],
    ) -> Path:
        """Write a record; options that the format does not have are ignored.

        `target` is the folder in which that of the record is made or, for a format with
        a suffix, the file.
        """
        from hexoframe.recording.scales import one_warning  # noqa: PLC0415  # numpy

        path = expanded(target)
        with writing_to(path), one_warning():
            return self._written(record, path, channels, overwrite, style)

    def _written(
        self,
        record: RecordData,
        path: Path,
        channels: Sequence[str | int] | None,
        overwrite: bool,  # noqa: FBT001  # as `write` has it
        style: WriteStyle,
    ) -> Path:
        if self.styled_writer is not None:
            own: Any = {name: style[name] for name in style if name in self.style}  # type: ignore[literal-required]
            return self.styled_writer().write(
                record, path, channels=channels, overwrite=overwrite, **own
            )
        if self.writer is None:
            raise ConfigurationError(f"{self.title} is not written: {_choices()}")
        return self.writer().write(record, path, channels=channels, overwrite=overwrite)

    def target_in(self, folder: Path, record: RecordData) -> Path:
        """Return the target that puts a record into a folder under its own name."""
        if not self.suffix:
            return folder
        from hexoframe.formats.own.manifest import record_folder  # noqa: PLC0415

        return folder / f"{record_folder(record, folder).name}{self.suffix}"


def readers() -> Iterator[tuple[Format, Reader]]:
    """Yield each format that is read, with its module, which is imported then."""
    for each in FORMATS:
        if each.reader is not None:
            yield each, each.reader()


def names_to_write() -> tuple[str, ...]:
    """Return what ``--format`` takes, without importing a module of a format.

    The .txt of the old script comes first; it is the default.
    """
    names = (
        each.name
        for each in FORMATS
        if each.writer is not None or each.styled_writer is not None
    )
    return tuple(sorted(names, key=lambda name: name != TXT.name))


def to_write(name: str) -> Format:
    """Return the format that ``--format`` calls so."""
    if name not in names_to_write():
        raise ConfigurationError(f"{name!r} is no format to write: {_choices()}")
    return next(each for each in FORMATS if each.name == name)


def _choices() -> str:
    return f"choose one of {', '.join(names_to_write())}"


# -- the registry ----------------------------------------------------------------------


def _parquet() -> FormatModule:
    from hexoframe.formats.own import parquet  # noqa: PLC0415

    return parquet


def _csv() -> FormatModule:
    from hexoframe.formats.own import csv  # noqa: PLC0415

    return csv


def _export() -> SeveralReader:
    from hexoframe.formats.archive import reader  # noqa: PLC0415

    return reader


def _dashboard() -> Reader:
    from hexoframe.formats.dashboard import reader  # noqa: PLC0415

    return reader


def _txt_reader() -> Reader:
    from hexoframe.formats.text import reader  # noqa: PLC0415

    return reader


def _txt_writer() -> StyledWriter:
    from hexoframe.formats.text import writer  # noqa: PLC0415

    return writer


def _converter() -> Reader:
    from hexoframe.formats.converter import reader  # noqa: PLC0415

    return reader


def _edf_reader() -> Reader:
    from hexoframe.formats.edf import reader  # noqa: PLC0415

    return reader


def _edf_writer() -> StyledWriter:
    from hexoframe.formats.edf import writer  # noqa: PLC0415

    return writer


def _mat() -> Writer:
    from hexoframe.formats import mat  # noqa: PLC0415

    return mat


def _kubios() -> StyledWriter:
    from hexoframe.formats import kubios  # noqa: PLC0415

    return kubios


def _wfdb() -> Writer:
    from hexoframe.formats import wfdb  # noqa: PLC0415

    return wfdb


def _bids() -> StyledWriter:
    from hexoframe.formats import bids  # noqa: PLC0415

    return bids


PARQUET = Format(
    name="parquet",
    title="hexoframe's Parquet folder",
    reader=_parquet,
    writer=_parquet,
)
CSV = Format(name="csv", title="hexoframe's CSV folder", reader=_csv, writer=_csv)
TXT = Format(
    name="txt",
    title="classic .txt folder",
    reader=_txt_reader,
    styled_writer=_txt_writer,
    style=("timestamps", "timestamp_format", "tz", "dialect", "units"),
)
EDF = Format(
    name="edf",
    title="EDF file",
    reader=_edf_reader,
    styled_writer=_edf_writer,
    style=("gaps",),
    one_file=True,
    suffix=".edf",
)
MAT = Format(name="mat", title="MATLAB file", writer=_mat, suffix=".mat")
KUBIOS = Format(
    name="kubios",
    title="RR intervals for Kubios",
    styled_writer=_kubios,
    style=("beats", "gaps"),
    suffix="_rr.txt",
)
WFDB = Format(name="wfdb", title="WFDB folder", writer=_wfdb)
BIDS = Format(
    name="bids",
    title="BIDS dataset",
    styled_writer=_bids,
    style=("subject", "session", "task", "run"),
)

FORMATS: tuple[Format, ...] = (
    CSV,
    PARQUET,
    Format(
        name="export",
        title="vendor export (ZIP or folder)",
        reader=_export,
        several_reader=_export,
        one_file=True,
    ),
    Format(name="dashboard", title="dashboard CSV", reader=_dashboard, one_file=True),
    TXT,
    Format(name="converter", title="converter CSV", reader=_converter),
    EDF,
    MAT,
    KUBIOS,
    WFDB,
    BIDS,
)
"""All formats. The first whose `sniff` takes a path reads it, so the order matters."""

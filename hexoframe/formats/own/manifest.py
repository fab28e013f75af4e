"""The manifest of a record folder: what it says, how it is written and read.

Parquet and CSV share it: one file a channel, and one JSON file with all that these
cannot say (family, clock, scale, span, zone, info, tables of facts; rows, ticks, size
and receipt of each file). Samples are read and written by the formats, and files are
compared with the manifest in `verify`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, channels_of
from hexoframe.channels.calibration import Scale
from hexoframe.errors import ConfigurationError, FileFormatError
from hexoframe.formats.atomic import new_file
from hexoframe.recording.belts import Belts
from hexoframe.recording.facts import SHAPES, Facts
from hexoframe.recording.frames import check_frame, ticks_of
from hexoframe.recording.gaps import RULES, Gap, Receipt, Survey
from hexoframe.recording.survey import SampleCounter
from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe.channels import Family
    from hexoframe.recording.data import RecordData

__all__ = [
    "CSV_LAYOUT",
    "PARQUET_LAYOUT",
    "VERSION",
    "ChannelEntry",
    "EntryCounter",
    "Layout",
    "Manifest",
    "check_version",
    "explain",
    "parse_entry",
    "parse_head",
    "read_manifest",
    "record_folder",
    "record_head",
    "replace_facts",
    "tables_to_json",
    "to_json",
    "write_manifest",
]

VERSION = 1
_FACTS = "info of the record, or one of its tables,"


# -- names of files --------------------------------------------------------------------


def record_folder(record: RecordData, root: Path) -> Path:
    """Return the folder of a record: named by its id or, without one, by its start."""
    start = record.start.tz_convert("UTC").strftime("%Y%m%dT%H%M%SZ")
    return Path(root) / f"record_{start if record.id is None else record.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """File names of a format; its `name` is the first thing in the manifest.

    The manifests have different names, so both formats of a record fit in one folder.
    """

    name: str
    manifest: str
    suffix: str

    def file_of(self, name: str) -> str:
        """Return the file name of a channel."""
        return name + self.suffix

    def owns(self, name: str) -> bool:
        """Whether a record folder of this format has files of that name."""
        stem = name.removesuffix(self.suffix)
        return name == self.manifest or (stem != name and stem in _all_channels())

    def manifest_at(self, path: Path) -> Path:
        """Return the manifest in a folder; a path that is no folder is returned."""
        return path / self.manifest if path.is_dir() else path

    def starts(self, head: bytes) -> bool:
        """Whether a file that begins with `head` is a manifest of this format."""
        pattern = rb'\s*\{\s*"format"\s*:\s*"' + self.name.encode() + rb'"'
        return re.match(pattern, head) is not None


CSV_LAYOUT = Layout(name="hexoframe csv", manifest="metadata.json", suffix=".csv")
PARQUET_LAYOUT = Layout(
    name="hexoframe parquet", manifest="manifest.json", suffix=".parquet"
)


@functools.cache
def _all_channels() -> frozenset[str]:
    return frozenset(name for family in FAMILIES for name in channels_of(family))


# -- what a manifest says --------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEntry:
    """The file of one channel, as the manifest or the footer of the file describes it.

    Attributes
    ----------
    first, last : int, in ticks
        Stamps of the first and the last row; 0 without rows.
    step : int or None, in ticks
        Distance between consecutive stamps, if it is always the same.
    receipt : Receipt
        Row count and losses, known before the file is read.
    size, sha256 : int and str, or None
        Size in bytes and checksum of the file; None if they were not noted.
    survey : Survey or None
        What a survey of the samples found before they were written.
    """

    path: Path
    rows: int
    first: int
    last: int
    receipt: Receipt
    step: int | None = None
    size: int | None = None
    sha256: str | None = None
    survey: Survey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a manifest, or the footer of one channel file, says of a record."""

    family: Family
    scale: Scale
    span: tuple[int, int]
    tz: str
    facts: Facts
    channels: dict[str, ChannelEntry]

    @property
    def record_id(self) -> int | None:
        """Id of the record, if it is known."""
        number = self.facts.info.get("id")
        return None if number is None else int(number)


# -- writing ---------------------------------------------------------------------------


class EntryCounter:
    """Checks and counts the rows of a channel on their way into its file."""

    def __init__(self, record: RecordData, name: str) -> None:
        self._record = record
        self._channel = channels_of(record.family)[name]
        self._samples = SampleCounter(self._channel, scale=record.scale)
        self._rows = 0
        self._first: int | None = None
        self._last: int | None = None

    def count(self, pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Pass frames on; refuse one that does not fit the channel table or the ticks.

        The errors are `ConfigurationError` and `TimestampError`.
        """
        for piece in pieces:
            check_frame(piece, self._channel)
            even = self._samples.add(piece)
            if len(piece):
                # Stamps between are ticks if the ends are, and all steps are the same.
                told = piece.iloc[[0, -1]] if even else piece
                ticks = ticks_of(told, self._channel)
                self._rows += len(piece)
                self._first = int(ticks[0]) if self._first is None else self._first
                self._last = int(ticks[-1])
            yield piece

    def entry(self) -> dict[str, Any]:
        """Return what `parse_entry` reads, once all rows were passed on."""
        # A source may know more of a channel once all of it was read.
        receipt = self._record.receipt(self._channel.name)
        span = (self._record.start_tick, self._record.end_tick)
        survey = self._samples.survey(span, receipt)
        if survey.belts is not None:
            # A part of a record has the verdict of the whole.
            survey = survey._replace(belts=self._record.given_belts() or survey.belts)
        return {
            "rows": self._rows,
            "first": self._first,
            "last": self._last,
            "step": self._samples.even_step(),
            "receipt": receipt._asdict(),
            "survey": _survey_to_json(survey),
        }


def record_head(record: RecordData) -> dict[str, Any]:
    """Return what `parse_head` reads, and the version of hexoframe."""
    return {
        "hexoframe": __version__,
        "family": record.family,
        "clock": record.clock,
        "scale": record.scale,
        "span": [record.start_tick, record.end_tick],
        "tz": record.tz,
    }


def write_manifest(
    layout: Layout, record: RecordData, entries: Mapping[str, Any], folder: Path
) -> None:
    """Write the manifest beside the files of the channels.

    `entries` has by channel what `EntryCounter.entry` returns, with what the format
    adds to it. Facts that JSON cannot hold are a `ConfigurationError`.
    """
    held = {
        "format": layout.name,
        "version": VERSION,
        **record_head(record),
        "start_time": record.start.tz_convert("UTC").isoformat(),
        "end_time": record.end.tz_convert("UTC").isoformat(),
        "info": record.facts.info,
        "facts": tables_to_json(record.facts),
        "channels": {
            name: {**_file_to_json(folder / layout.file_of(name), record, name), **more}
            for name, more in entries.items()
        },
    }
    text = to_json(held, _FACTS, indent=1)
    (folder / layout.manifest).write_text(text + "\n", encoding="utf-8")


def replace_facts(layout: Layout, facts: Facts, folder: Path) -> None:
    """Replace info and tables in a manifest, which is rewritten whole or not at all."""
    path = folder / layout.manifest
    read_manifest(path, layout)
    held = json.loads(path.read_bytes())
    held |= {"info": facts.info, "facts": tables_to_json(facts)}
    text = to_json(held, _FACTS, indent=1)
    with new_file(path, overwrite=True) as fresh:
        fresh.write_text(text + "\n", encoding="utf-8")


def to_json(value: Any, what: str, *, indent: int | None = None) -> str:
    """Return JSON text; a value that JSON cannot hold is a `ConfigurationError`."""
    try:
        return json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{what} cannot be written as JSON ({error}): keep to text, finite "
            "numbers, true, false, null, lists and dictionaries"
        ) from error


def _file_to_json(path: Path, record: RecordData, name: str) -> dict[str, Any]:
    channel = channels_of(record.family)[name]
    raw = record.scale == "raw"
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "kind": channel.kind,
        "rate_hz": channel.rate_hz,
        "columns": {
            column: {"unit": "count" if raw else unit, "dtype": channel.dtype}
            for column, unit in channel.units.items()
        },
    }


# -- reading ---------------------------------------------------------------------------


def read_manifest(path: Path, layout: Layout) -> Manifest:
    """Read a manifest; a damaged, foreign or newer one is a `FileFormatError`."""
    try:
        held = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path} is no JSON text: {error}") from error
    if not isinstance(held, dict) or held.get("format") != layout.name:
        raise FileFormatError(
            f"{path} is no manifest of a record: expected the format {layout.name!r}"
        )
    check_version(path, held.get("version"), held.get("hexoframe"))
    try:
        channels = {
            name: _parse_file(path.parent / layout.file_of(name), entry)
            for name, entry in _object(held, "channels").items()
        }
        facts = _parse_facts(_object(held, "info"), _object(held, "facts"))
        return Manifest(**parse_head(held), facts=facts, channels=channels)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"{path} is damaged: {explain(error)}") from error


def check_version(path: Path, version: Any, writer: Any) -> None:
    """Refuse a version of the format that is newer than this hexoframe, or none."""
    if not isinstance(version, int) or version < 1:
        raise FileFormatError(f"{path}: the version of the format is {version!r}")
    if version > VERSION:
        raise FileFormatError(
            f"{path} is of version {version} of the format (written by hexoframe "
            f"{writer}); this hexoframe, {__version__}, reads versions up to "
            f"{VERSION}: upgrade with pip install --upgrade hexoframe"
        )


def parse_head(held: Mapping[str, Any]) -> dict[str, Any]:
    """Return family, scale, span and zone by the names of `Manifest`.

    KeyError, TypeError or ValueError say what is wrong; `explain` has their text.
    """
    family: Family = _one_of(held, "family", FAMILIES)
    if held["clock"] != CLOCK_OF_FAMILY[family]:
        raise ValueError(f"the clock of {family} is not {held['clock']!r}")
    return {
        "family": family,
        "scale": _one_of(held, "scale", get_args(Scale)),
        "span": _pair(held["span"]),
        "tz": str(held["tz"]),
    }


def parse_entry(path: Path, held: Mapping[str, Any], **more: Any) -> ChannelEntry:
    """Return the entry of a file; `more` are attributes that `held` does not have.

    Errors are those of `parse_head`.
    """
    rows, receipt = _whole(held["rows"]), held["receipt"]
    expected, span = receipt["expected"], receipt["span"]
    first = _whole(held["first"]) if rows else 0
    last = _whole(held["last"]) if rows else 0
    return ChannelEntry(
        path=path,
        rows=rows,
        first=first,
        last=last,
        step=_even_step(held.get("step"), rows, last - first),
        receipt=Receipt(
            samples=rows,
            expected=None if expected is None else _whole(expected),
            duplicates=_whole(receipt["duplicates"]),
            lost=tuple(map(_pair, receipt["lost"])),
            span=None if span is None else _pair(span),
        ),
        survey=_parse_survey(held.get("survey")),
        **more,
    )


def explain(error: Exception) -> str:
    """Say what is wrong with something that could not be parsed."""
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return str(error)


def _parse_file(path: Path, held: Mapping[str, Any]) -> ChannelEntry:
    # Only this name is allowed: a manifest must not point out of its folder.
    if held["file"] != path.name:
        raise ValueError(f"the file {held['file']!r} should be {path.name!r}")
    size, sha256 = _whole(held["bytes"]), held.get("sha256")
    return parse_entry(path, held, size=size, sha256=sha256)


def _even_step(step: Any, rows: int, span: int) -> int | None:
    if step is None:
        return None
    ticks = _whole(step)
    if ticks < 1 or ticks * (rows - 1) != span:
        raise ValueError(f"{rows} rows {ticks} ticks apart do not span {span} ticks")
    return ticks


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _pair(ticks: Any) -> tuple[int, int]:
    first, last = ticks
    return _whole(first), _whole(last)


def _one_of(held: Mapping[str, Any], key: str, choices: Sequence[str]) -> Any:
    if held[key] not in choices:
        raise ValueError(
            f"the {key} is {held[key]!r}, expected one of {', '.join(choices)}"
        )
    return held[key]


def _object(held: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = held[key]
    if not isinstance(value, dict):
        raise TypeError(f"{key!r} is {str(value)[:60]!r}, expected an object")
    return value


# -- surveys and tables, both ways -----------------------------------------------------


def _survey_to_json(survey: Survey) -> dict[str, Any]:
    gaps = [list(gap) for gap in survey.gaps]
    held = {**survey._asdict(), "gaps": gaps, "rules": RULES}
    return held | {"belts": survey.belts and survey.belts._asdict()}


def _parse_survey(held: Mapping[str, Any] | None) -> Survey | None:
    """Return a survey; None if there is none, or if it followed other rules."""
    if held is None or held["rules"] != RULES:
        return None
    apart = ("gaps", "belts")
    counts = {name: held[name] for name in Survey._fields if name not in apart}
    belts = held["belts"]
    return Survey(
        **counts,
        gaps=tuple(Gap(*gap) for gap in held["gaps"]),
        belts=None if belts is None else _parse_belts(belts),
    )


def _parse_belts(held: Mapping[str, Any]) -> Belts:
    spans = (tuple((int(a), int(b)) for a, b in held[name]) for name in Belts._fields)
    return Belts(*spans)


def tables_to_json(facts: Facts) -> dict[str, Any]:
    """Return each table as a list of cells a column; None if it is not known."""
    tables = {name: getattr(facts, name) for name in SHAPES}
    return {
        name: None if table is None else _cells(table, SHAPES[name])
        for name, table in tables.items()
    }


def _parse_facts(info: dict[str, Any], tables: Mapping[str, Any]) -> Facts:
    known = {name: tables[name] for name in SHAPES if tables[name] is not None}
    return Facts(
        info=info, **{name: _table(known[name], SHAPES[name]) for name in known}
    )


def _cells(table: pd.DataFrame, shape: Mapping[str, str]) -> dict[str, list[Any]]:
    whole = table.reset_index() if "time" in shape else table
    return {column: _plain(whole[column]) for column in shape}


def _plain(column: pd.Series[Any]) -> list[Any]:
    known = column.notna()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.map(pd.Timestamp.isoformat, na_action="ignore")
    return column.astype("object").where(known, None).tolist()


def _table(cells: Mapping[str, Any], shape: Mapping[str, str]) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for column, dtype in shape.items():
        if dtype.startswith("datetime64"):
            times = pd.to_datetime(cells[column], utc=True, format="ISO8601")
            columns[column] = times.as_unit("ns")
        else:
            columns[column] = pd.array(cells[column], dtype=dtype)
    table = pd.DataFrame(columns)
    return table.set_index("time") if "time" in table else table

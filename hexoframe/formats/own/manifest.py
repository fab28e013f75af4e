"""The manifest of a record folder: what it says, how it is written and read.

Parquet and CSV share it: one file a channel, and one JSON file with all that these
cannot say (family, clock, scale, span, zone, info, tables of facts; rows, ticks, size
and receipt of each file). Samples are read and written by the formats, and files are
compared with the manifest in `verify`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, Family, channels_of
from hexoframe.channels.calibration import Scale
from hexoframe.errors import ConfigurationError, FileFormatError, TimestampError
from hexoframe.formats.atomic import new_file
from hexoframe.jsontext import JsonSource, shown
from hexoframe.paths import check_path, is_folder
from hexoframe.recording.facts import SHAPES, Facts, check_info
from hexoframe.recording.frames import check_frame, ticks_of
from hexoframe.recording.gaps import RULES, Receipt, Survey
from hexoframe.recording.survey import SampleCounter
from hexoframe.timestamps.ticks import check_tick
from hexoframe.timestamps.zones import zone_of
from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps import Clock

__all__ = [
    "CSV_LAYOUT",
    "PARQUET_LAYOUT",
    "VERSION",
    "ChannelEntry",
    "EntryCounter",
    "Head",
    "Layout",
    "Manifest",
    "check_version",
    "file_to_json",
    "manifest_to_json",
    "parse_entry",
    "parse_facts",
    "parse_file",
    "parse_head",
    "read_manifest",
    "record_folder",
    "record_head",
    "replace_facts",
    "source_of",
    "tables_to_json",
    "to_json",
    "write_manifest",
]

VERSION = 1
_SEAL = "sha256"
_FACTS = "info of the record, or one of its tables,"


# -- names of files --------------------------------------------------------------------


def record_folder(record: RecordData, root: Path) -> Path:
    """Return the folder of a record: that of its name or, without one, its start."""
    start = record.start.tz_convert("UTC").strftime("%Y%m%dT%H%M%SZ")
    return Path(root) / f"record_{record.name or start}"


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
        return path / self.manifest if is_folder(path) else path

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
    files = {
        name: {**file_to_json(folder / layout.file_of(name), record, name), **more}
        for name, more in entries.items()
    }
    held = {"format": layout.name, **manifest_to_json(record, files)}
    (folder / layout.manifest).write_text(_sealed(held), encoding="utf-8")


def manifest_to_json(record: RecordData, files: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says beside its format; `files` are by channel."""
    return {
        "version": VERSION,
        **record_head(record),
        "start_time": record.start.tz_convert("UTC").isoformat(),
        "end_time": record.end.tz_convert("UTC").isoformat(),
        "info": record.facts.info,
        "facts": tables_to_json(record.facts),
        "channels": dict(files),
    }


def replace_facts(layout: Layout, facts: Facts, folder: Path) -> None:
    """Replace info and tables in a manifest, which is rewritten whole or not at all."""
    path = folder / layout.manifest
    read_manifest(path, layout)
    held = _read_held(path, layout)
    held |= {"info": facts.info, "facts": tables_to_json(facts)}
    with new_file(path, overwrite=True) as fresh:
        fresh.write_text(_sealed(held), encoding="utf-8")


def _sealed(held: Mapping[str, Any]) -> str:
    """Return the text of a manifest, with the checksum of all that it says."""
    said = json.loads(to_json(held, _FACTS))
    return to_json({**said, _SEAL: _sum_of(said)}, _FACTS, indent=1) + "\n"


def _sum_of(held: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a manifest says, however its text is laid out."""
    said = {key: value for key, value in held.items() if key != _SEAL}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def to_json(value: Any, what: str, *, indent: int | None = None) -> str:
    """Return JSON text; a value that JSON cannot hold is a `ConfigurationError`."""
    try:
        text = json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False)
        # What cannot be read again must not be written.
        JsonSource(what).read(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"{what} cannot be written as JSON ({error}): keep to text, finite "
            "numbers of 64 bits, true, false, null, lists and dictionaries"
        ) from error
    return text


def file_to_json(path: Path, record: RecordData, name: str) -> dict[str, Any]:
    """Return what `parse_file` reads beside an entry."""
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
    held, source = _read_held(path, layout), source_of(path)
    head = parse_head(held, source)
    form = source.typed(held, _ManifestForm)
    channels = {
        name: parse_file(path.parent / layout.file_of(name), entry, head, source)
        for name, entry in form.channels.items()
    }
    facts = parse_facts(form.info, form.facts, source)
    if held.get(_SEAL, _sum_of(held)) != _sum_of(held):
        raise FileFormatError(
            f"{path} does not say what was written: its SHA-256 is not the one in it. "
            f"Write or copy the record again, or take the line {_SEAL!r} out if you "
            "changed it on purpose"
        )
    return Manifest(**head._asdict(), facts=facts, channels=channels)


def source_of(path: Path, key: bytes = b"") -> JsonSource:
    """Return a manifest, or one of the keys in a footer, as a source of JSON."""
    where = f"{path}, metadata {key.decode()!r}" if key else str(path)
    return JsonSource(where, advice="write or copy the record again")


def _read_held(path: Path, layout: Layout) -> dict[str, Any]:
    """Return the content of a manifest of a format and of a version that is known."""
    check_path(path)  # a pipe would be waited for
    held = source_of(path).read(path.read_bytes())
    if not isinstance(held, dict) or held.get("format") != layout.name:
        raise FileFormatError(
            f"{path} is no manifest of a record: expected the format {layout.name!r}"
        )
    check_version(path, held.get("version"), held.get("hexoframe"))
    return held


def check_version(path: Path, version: Any, writer: Any) -> None:
    """Refuse a version of the format that is newer than this hexoframe, or none."""
    if type(version) is not int or version < 1:
        raise FileFormatError(
            f"{path}: the version of the format is {shown(version)}; expected a whole "
            "number from 1"
        )
    if version > VERSION:
        raise FileFormatError(
            f"{path} is of version {version} of the format (written by hexoframe "
            f"{writer}); this hexoframe, {__version__}, reads versions up to "
            f"{VERSION}: upgrade with pip install --upgrade hexoframe"
        )


class _ManifestForm(NamedTuple):
    """What a manifest holds beside its head."""

    channels: dict[str, dict[str, Any]]
    info: dict[str, Any]
    facts: dict[str, Any]


class Head(NamedTuple):
    """What manifest and footers say of the record alike; names as in `Manifest`."""

    family: Family
    scale: Scale
    span: tuple[int, int]
    tz: str


class _HeadForm(NamedTuple):
    family: Family
    clock: int
    scale: Scale
    span: tuple[int, int]
    tz: str


class _ReceiptForm(NamedTuple):
    expected: int | None
    duplicates: int
    lost: tuple[tuple[int, int], ...]
    span: tuple[int, int] | None


class _EntryForm(NamedTuple):
    rows: int
    first: int | None
    last: int | None
    receipt: _ReceiptForm
    step: int | None = None
    survey: dict[str, Any] | None = None


class _FileForm(NamedTuple):
    file: str
    bytes: int
    sha256: str | None = None


def parse_head(held: Any, source: JsonSource) -> Head:
    """Return family, scale, span and zone, or raise if they make no sense."""
    form = source.typed(held, _HeadForm)
    clock = CLOCK_OF_FAMILY[form.family]
    if form.clock != clock:
        raise source.fail(
            f"clock: expected {clock} ({form.family}), found {form.clock}"
        )
    _check_spans(clock, [form.span], source, field="span")
    try:
        zone_of(form.tz)
    except ConfigurationError as error:
        raise source.fail(f"tz: {error}") from error
    return Head(form.family, form.scale, form.span, form.tz)


def parse_entry(
    path: Path, held: Any, head: Head, source: JsonSource, **more: Any
) -> ChannelEntry:
    """Return the entry of a file, or raise if it makes no sense.

    `more` are attributes that `held` does not have.
    """
    form = source.typed(held, _EntryForm)
    rows, receipt = form.rows, form.receipt
    clock = CLOCK_OF_FAMILY[head.family]
    first, last = (form.first, form.last) if rows else (0, 0)
    if first is None or last is None:
        raise source.fail(f"first, last: expected ticks of {rows} rows, found null")
    if rows:
        _check_ticks(clock, (first, last), source, field="first, last")
    _check_counts(
        source, rows=rows, expected=receipt.expected, duplicates=receipt.duplicates
    )
    _check_spans(clock, receipt.lost, source, field="receipt.lost")
    _check_spans(clock, filter(None, [receipt.span]), source, field="receipt.span")
    return ChannelEntry(
        path=path,
        rows=rows,
        first=first,
        last=last,
        step=_even_step(form.step, rows, last - first, source),
        receipt=Receipt(samples=rows, **receipt._asdict()),
        survey=_parse_survey(form.survey, clock, source),
        **more,
    )


def parse_file(path: Path, held: Any, head: Head, manifest: JsonSource) -> ChannelEntry:
    """Return the entry of the file at `path` in a manifest, or raise."""
    source = replace(manifest, where=f"{manifest.where}, channel {path.stem}")
    form = source.typed(held, _FileForm)
    # Only this name is allowed: a manifest must not point out of its folder.
    if form.file != path.name:
        raise source.fail(f"file: expected {path.name!r}, found {shown(form.file)}")
    _check_counts(source, bytes=form.bytes)
    return parse_entry(path, held, head, source, size=form.bytes, sha256=form.sha256)


def _even_step(
    step: int | None, rows: int, span: int, source: JsonSource
) -> int | None:
    if step is not None and (step < 1 or step * (rows - 1) != span):
        raise source.fail(
            f"step: {rows} rows {step} ticks apart do not span {span} ticks"
        )
    return step


def _check_counts(source: JsonSource, **counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and count < 0:
            raise source.fail(f"{name}: expected 0 or more, found {count}")


def _check_spans(
    clock: Clock, spans: Iterable[tuple[int, int]], source: JsonSource, *, field: str
) -> None:
    """Refuse spans of other years than recordings, and those that run backwards."""
    for span in spans:
        _check_ticks(clock, span, source, field=field)
        if span[1] < span[0]:
            raise source.fail(
                f"{field}: expected an end after the start, found {list(span)}"
            )


def _check_ticks(
    clock: Clock, ticks: Iterable[int], source: JsonSource, *, field: str
) -> None:
    for tick in ticks:
        try:
            check_tick(tick, clock)
        except TimestampError as error:
            raise source.fail(f"{field}: {error}") from error


# -- surveys and tables, both ways -----------------------------------------------------


def _survey_to_json(survey: Survey) -> dict[str, Any]:
    gaps = [list(gap) for gap in survey.gaps]
    held = {**survey._asdict(), "gaps": gaps, "rules": RULES}
    return held | {"belts": survey.belts and survey.belts._asdict()}


def _parse_survey(
    held: dict[str, Any] | None, clock: Clock, source: JsonSource
) -> Survey | None:
    """Return a survey; None if there is none, or if it followed other rules."""
    if held is None or held.get("rules") != RULES:
        return None
    survey = source.typed(held, Survey, field="survey")
    counts = survey._asdict()
    for name in ("tick_step", "gaps", "belts"):
        del counts[name]
    _check_counts(source, **counts)
    gaps = [(gap.start, gap.end) for gap in survey.gaps]
    _check_spans(clock, gaps, source, field="survey.gaps")
    for name, spans in (survey.belts._asdict() if survey.belts else {}).items():
        _check_spans(clock, spans, source, field=f"survey.belts.{name}")
    return survey


def tables_to_json(facts: Facts) -> dict[str, Any]:
    """Return each table as a list of cells a column; None if it is not known."""
    tables = {name: getattr(facts, name) for name in SHAPES}
    return {
        name: None if table is None else _cells(table, SHAPES[name])
        for name, table in tables.items()
    }


_TEXTS: Any = list[str | None]
# Other columns hold texts, also for times.
_CELLS: Mapping[str, Any] = {"Int64": list[int | None], "float64": list[float | None]}


def parse_facts(
    info: dict[str, Any], tables: dict[str, Any], source: JsonSource
) -> Facts:
    """Return info and tables of a manifest, or raise if they make no sense."""
    check_info(info, source, field="info")
    known: dict[str, pd.DataFrame] = {}
    for name, shape in SHAPES.items():
        if name not in tables:
            raise source.fail(f"facts.{name} is missing")
        if tables[name] is not None:
            known[name] = _table(tables[name], shape, source, field=f"facts.{name}")
    return Facts(info=info, **known)


def _cells(table: pd.DataFrame, shape: Mapping[str, str]) -> dict[str, list[Any]]:
    whole = table.reset_index() if "time" in shape else table
    return {column: _plain(whole[column]) for column in shape}


def _plain(column: pd.Series[Any]) -> list[Any]:
    known = column.notna()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.map(pd.Timestamp.isoformat, na_action="ignore")
    return column.astype("object").where(known, None).tolist()


def _table(
    held: Any, shape: Mapping[str, str], source: JsonSource, *, field: str
) -> pd.DataFrame:
    cells = source.typed(held, dict[str, Any], field=field)
    columns: dict[str, Any] = {}
    for column, dtype in shape.items():
        place = f"{field}.{column}"
        if column not in cells:
            raise source.fail(f"{place} is missing")
        listed = source.typed(cells[column], _CELLS.get(dtype, _TEXTS), field=place)
        if len(listed) != len(cells[next(iter(shape))]):
            raise source.fail(
                f"{place}: expected as many cells as in the first column, found "
                f"{len(listed)}"
            )
        try:
            columns[column] = _parsed(listed, dtype)
        except (ValueError, OverflowError) as error:
            raise source.fail(f"{place}: {error}") from error
    table = pd.DataFrame(columns)
    return table.set_index("time") if "time" in table else table


def _parsed(cells: list[Any], dtype: str) -> Any:
    """Return cells as a column; times are ISO texts."""
    if dtype.startswith("datetime64"):
        return pd.to_datetime(cells, utc=True, format="ISO8601").as_unit("ns")
    return pd.Series(cells, dtype=dtype)

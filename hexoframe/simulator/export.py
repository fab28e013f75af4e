"""Write a synthetic recording as the files that the vendor gives out.

The binary export of a record or a range (ZIP or folder), byte for byte in the vendor's
dialects and with their odd habits, and the CSV of the dashboard. The code that reads
such files is not used here, so a fault on one side cannot hide one on the other; only
the channel table is shared.
"""

from __future__ import annotations

import os
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Literal

import numpy as np

from hexoframe.channels import Datatype
from hexoframe.errors import ConfigurationError, OutputExistsError
from hexoframe.simulator.device import datatypes
from hexoframe.simulator.recording import Counts, Recording
from hexoframe.simulator.settings import Quirks
from hexoframe.simulator.statistics import info_json, statistics_csv

__all__ = [
    "Quirks",
    "export_files",
    "fill_zip",
    "write_dashboard",
    "write_export",
    "write_range_export",
]

Layout = Literal["zip", "folder"]
_NOT_EXPORTED = frozenset({"QRS_AMP_CHANNEL_CHAR", "BATT_ST_CHANNEL_CHAR"})
_VOLUMES = frozenset({"minute_ventilation", "tidal_volume"})
_USUAL = Quirks()
_ZIP_DATE = (2024, 3, 2, 0, 0, 0)
# Columns of the dashboard.
_DASHBOARD = (
    "breathing_rate",
    "minute_ventilation",
    "minute_ventilation_adjusted",
    "sleep_position",
    "activity",
    "heart_rate",
    "cadence",
)
# There are two more, whose names are not known.
_DASHBOARD_ASTROSKIN = (
    "breathing_rate",
    "SPO2",
    "minute_ventilation",
    "systolic_pressure",
    "activity",
    "heart_rate",
    "cadence",
    "temperature_celcius",
)
_PRINTED_UNIT = {"code": "NA", "degC": "C"}  # where it differs from the channel table


def write_export(
    recording: Recording,
    path: str | os.PathLike[str],
    *,
    layout: Layout = "zip",
    quirks: Quirks = _USUAL,
    overwrite: bool = False,
) -> Path:
    """Write the binary export of one record; return the ZIP or ``<path>/record_<id>``.

    For layout "folder", `path` is the folder into which the ZIP would be unpacked.
    """
    name = f"record_{recording.shirt.record_id}"
    files = export_files(recording, quirks=quirks)
    if layout == "folder":
        target = Path(path) / name
        with _fresh(target, overwrite=overwrite) as draft:
            draft.mkdir()
            for file, content in files:
                (draft / file).write_bytes(content)
        return target
    if layout != "zip":
        raise ConfigurationError(f"layout is {layout!r}; give 'zip' or 'folder'")
    members = ((f"{name}/{file}", content) for file, content in files)
    return _write_zip(Path(path), members, deflate=quirks.deflate, overwrite=overwrite)


def write_range_export(
    recordings: Iterable[Recording],
    path: str | os.PathLike[str],
    *,
    range_id: int,
    quirks: Quirks = _USUAL,
    overwrite: bool = False,
) -> Path:
    """Write the ZIP of a range: ``range_<id>/record_<id>/...`` for each record.

    The recordings must already be cut to the range.
    """
    members = (
        (f"range_{range_id}/record_{recording.shirt.record_id}/{file}", content)
        for recording in recordings
        for file, content in export_files(recording, quirks=quirks, range_id=range_id)
    )
    return _write_zip(Path(path), members, deflate=quirks.deflate, overwrite=overwrite)


def export_files(
    recording: Recording, *, quirks: Quirks = _USUAL, range_id: int | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield name (without folder) and content of each file of an export, by name."""
    makers: dict[str, Callable[[], bytes]] = {}
    for name, counts in recording.sampled.items():
        makers[f"{name}.wav"] = partial(_wav, recording, name, counts, quirks)
    for name in recording.events.keys() - _NOT_EXPORTED:
        if quirks.hxd:
            makers[f"{name}.hxd"] = partial(_hxd, recording, name)
        else:
            makers[f"{name}.csv"] = partial(_series, recording, name, quirks)
    if quirks.info:
        makers["info.json"] = partial(
            info_json, recording, dialect=quirks.dialect, range_id=range_id
        )
    if quirks.statistics:
        makers["statistics.csv"] = partial(
            statistics_csv, recording, dialect=quirks.dialect
        )
    for file in sorted(makers):
        yield file, makers[file]()


# --- channels -----------------------------------------------------------------------


def _wav(recording: Recording, name: str, counts: Counts, quirks: Quirks) -> bytes:
    """Return a RIFF header of 44 bytes and the counts."""
    if quirks.lengths_differ:
        counts = _odd_length(recording, name, counts)
    step = recording.rates[name]
    # The header of a channel slower than 1 Hz holds its period.
    slow = step > recording.clock
    rate = round(step / recording.clock if slow else recording.clock / step)
    data = counts.astype("<i2" if counts.dtype.kind == "i" else "<u2").tobytes()
    size = 36 + len(data)
    if quirks.riff_size_off_by_4 and _has_wrong_size(name, quirks):
        size += 4
    head = struct.pack("<4sI4s4sIHH", b"RIFF", size, b"WAVE", b"fmt ", 16, 1, 1)
    head += struct.pack("<IIHH4sI", rate, 2 * rate, 2, 16, b"data", len(data))
    return head + data


def _has_wrong_size(name: str, quirks: Quirks) -> bool:
    """Whether the size in the RIFF header counts 4 bytes too many."""
    if quirks.dialect == "2017":
        return not name.endswith("_adjusted")
    return name in _VOLUMES


def _odd_length(recording: Recording, name: str, counts: Counts) -> Counts:
    """Return a channel with the length that real decoders give it."""
    rate = recording.clock / recording.rates[name]
    if recording.family == "hexoskin":
        early = name.startswith(("ECG", "respiration"))
        return counts[: max(len(counts) - round(rate / 16), 0)] if early else counts
    if name.startswith("acceleration"):
        return counts[: max(len(counts) - round(rate / 8), 0)]
    if name in {"heart_rate", "heart_rate_quality", "activity", "cadence"}:
        return counts[:-1]
    if name == "temperature_celcius":
        return np.append(counts, counts[-1:]).astype(np.int16)
    return counts


def _series(recording: Recording, name: str, quirks: Quirks) -> bytes:
    """Return a CSV of seconds since the start, and value."""
    row = datatypes(recording.family)[name]
    unit = _series_unit(recording, row, quirks)
    lines = [f"time [s],{name} [{unit}](/api/datatype/{row.id}/)"]
    ticks, values = recording.events[name]
    seconds = ((ticks - recording.start) / recording.clock).tolist()
    # repr prints a multiple of 1/256 or 1/1000 exactly; codes are printed as floats.
    shown = (values if row.kind == "state" else values.astype(np.int64)).tolist()
    lines += [f"{s!r},{v!r}" for s, v in zip(seconds, shown, strict=True)]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _series_unit(recording: Recording, row: Datatype, quirks: Quirks) -> str:
    """Return the printed unit; durations are in ticks."""
    if row.api_name == "inspiration" and quirks.dialect == "2017":
        return "s"
    if row.unit == "s":
        return f"s/{recording.clock}"
    return "Step" if row.api_name == "step" else "NA"


def _hxd(recording: Recording, name: str) -> bytes:
    """Return pairs of ticks since the start, and value."""
    ticks, values = recording.events[name]
    known = ~np.isnan(values)
    pairs = np.stack(
        [ticks[known] - recording.start, values[known].astype(np.int64)], 1
    )
    return pairs.astype("<i8").tobytes()


# --- the dashboard ------------------------------------------------------------------


def write_dashboard(
    recording: Recording, path: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write the CSV that the dashboard gives for a record, in the form of 2022.

    It has one row a second. The first row is the start of the record and holds no
    sample; a sleep position is only in the row of its change.
    """
    clock = recording.clock
    hexoskin = recording.family == "hexoskin"
    columns = _DASHBOARD if hexoskin else _DASHBOARD_ASTROSKIN
    heads = [_head(recording, name) for name in columns]
    seconds = recording.ticks("heart_rate")
    cells = [[f"{recording.start}.0", *map(str, seconds.tolist())]]
    cells += [_column(recording, name) for name in columns]
    lines = [",".join([f"time [s/{clock}]", *heads])]
    lines += map(",".join, zip(*cells, strict=True))
    target = Path(path)
    with _fresh(target, overwrite=overwrite) as draft:
        draft.write_bytes("".join(f"{line}\n" for line in lines).encode("ascii"))
    return target


def _head(recording: Recording, name: str) -> str:
    """Return the head of a column: name, unit and id."""
    row = datatypes(recording.family)[name]
    unit = _PRINTED_UNIT.get(row.unit, row.unit)
    return f"{name} [{unit}](/api/datatype/{row.id}/)"


def _column(recording: Recording, name: str) -> list[str]:
    """Return the cells of a column, the row of the start first."""
    if name == "sleep_position":
        cells = [""] * (len(recording.sampled["heart_rate"]) + 1)
        # The end of the record has no row of its own, so its nan is not printed.
        ticks, codes = (series[:-1] for series in recording.events[name])
        seconds = (ticks - recording.start) // recording.clock
        for second, code in zip(seconds.tolist(), codes.tolist(), strict=True):
            cells[second] = repr(code)
        return cells
    base = name.removesuffix("_adjusted")
    counts = recording.sampled[base].astype(np.int64)
    scale = datatypes(recording.family)[base].gain
    if base != name:
        scale *= recording.shirt.weight_kg / 65
    values = counts if scale == 1 else counts * scale
    return ["", *map(repr, values.tolist())]


# --- files --------------------------------------------------------------------------


@contextmanager
def _fresh(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a path beside the target, which is renamed to it at the end."""
    if target.exists() and not overwrite:
        raise OutputExistsError(f"{target} exists; give overwrite=True to replace it")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as room:
        draft = Path(room) / target.name
        yield draft
        if target.is_dir():  # a rename replaces a file, not a folder with content
            target.replace(Path(room) / "replaced")
        draft.replace(target)


def _write_zip(
    target: Path,
    members: Iterable[tuple[str, bytes]],
    *,
    deflate: bool,
    overwrite: bool,
) -> Path:
    with _fresh(target, overwrite=overwrite) as draft, draft.open("wb") as file:
        fill_zip(file, members, deflate=deflate)
    return target


def fill_zip(
    file: IO[bytes], members: Iterable[tuple[str, bytes]], *, deflate: bool
) -> None:
    """Write a ZIP whose bytes depend on names and contents alone."""
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            member = zipfile.ZipInfo(name, _ZIP_DATE)
            member.create_system = 3
            member.external_attr = 0o644 << 16
            archive.writestr(member, content, method, 6)

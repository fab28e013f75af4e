"""Write a synthetic recording as the files that the vendor gives out.

The binary export of a record or a range (ZIP or unpacked folder) is written here, byte
for byte in the vendor's dialects and with their odd habits; its two files of facts come
from `statistics`, and the CSV of the dashboard from `dashboard`. Nothing of the code
that reads such files is used, so that a fault on one side cannot hide a fault on the
other; only the channel table is the same.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from hexoframe.channels import Datatype
from hexoframe.errors import ConfigurationError
from hexoframe.simulator.dashboard import write_dashboard
from hexoframe.simulator.device import datatypes
from hexoframe.simulator.files import fresh, write_zip
from hexoframe.simulator.quirks import Quirks
from hexoframe.simulator.recording import Counts, Recording
from hexoframe.simulator.statistics import info_json, statistics_csv

__all__ = [
    "Quirks",
    "export_files",
    "write_dashboard",
    "write_export",
    "write_range_export",
]

Layout = Literal["zip", "folder"]
_NOT_EXPORTED = frozenset({"QRS_AMP_CHANNEL_CHAR", "BATT_ST_CHANNEL_CHAR"})
_VOLUMES = frozenset({"minute_ventilation", "tidal_volume"})
_USUAL = Quirks()


def write_export(
    recording: Recording,
    path: str | os.PathLike[str],
    *,
    layout: Layout = "zip",
    quirks: Quirks = _USUAL,
    overwrite: bool = False,
) -> Path:
    """Write the binary export of one record.

    Parameters
    ----------
    recording : Recording
        What `hexoframe.simulator.shirt.wear` returned.
    path : str or path
        The ZIP file; for layout "folder" the folder into which it would be unpacked.
    layout : {"zip", "folder"}
        One file, or ``<path>/record_<id>/``.
    quirks : Quirks
        Odd habits of the export.
    overwrite : bool, default False
        Whether what is there may be replaced.

    Returns
    -------
    Path
        The ZIP file, or the folder ``record_<id>``.

    Raises
    ------
    OutputExistsError
        If the target exists and `overwrite` is false.
    ConfigurationError
        If the layout is not known.
    """
    name = f"record_{recording.shirt.record_id}"
    files = export_files(recording, quirks=quirks)
    if layout == "folder":
        target = Path(path) / name
        with fresh(target, overwrite=overwrite) as draft:
            draft.mkdir()
            for file, content in files:
                (draft / file).write_bytes(content)
        return target
    if layout != "zip":
        raise ConfigurationError(f"layout is {layout!r}; give 'zip' or 'folder'")
    members = ((f"{name}/{file}", content) for file, content in files)
    return write_zip(Path(path), members, deflate=quirks.deflate, overwrite=overwrite)


def write_range_export(
    recordings: Iterable[Recording],
    path: str | os.PathLike[str],
    *,
    range_id: int,
    quirks: Quirks = _USUAL,
    overwrite: bool = False,
) -> Path:
    """Write the ZIP of a range: ``range_<id>/record_<id>/...`` for each record.

    Parameters
    ----------
    recordings : iterable of Recording
        The records, already as long as their part of the range.
    path : str or path
        The ZIP file.
    range_id : int
        Id of the range.
    quirks : Quirks
        Odd habits of the export.
    overwrite : bool, default False
        Whether a file that is there may be replaced.

    Returns
    -------
    Path
        The ZIP file.

    Raises
    ------
    OutputExistsError
        If the file exists and `overwrite` is false.
    """
    members = (
        (f"range_{range_id}/record_{recording.shirt.record_id}/{file}", content)
        for recording in recordings
        for file, content in export_files(recording, quirks=quirks, range_id=range_id)
    )
    return write_zip(Path(path), members, deflate=quirks.deflate, overwrite=overwrite)


def export_files(
    recording: Recording, *, quirks: Quirks = _USUAL, range_id: int | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an export in the order of their names.

    Parameters
    ----------
    recording : Recording
        What was recorded.
    quirks : Quirks
        Odd habits of the export.
    range_id : int, optional
        The range that was asked for, if it was not the record.

    Yields
    ------
    tuple of (str, bytes)
        File name without folder, and content.
    """
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
    """Return the counts behind a RIFF header of 44 bytes."""
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
    """Return a channel as long as real decoders make it."""
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
    """Return the unit as it is printed; times are in ticks."""
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

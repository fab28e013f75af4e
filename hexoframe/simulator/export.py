"""Write a synthetic recording as the files that the vendor gives out.

The binary export of a record or a range (ZIP or unpacked folder) and the CSV of the
dashboard are written here, byte for byte in the vendor's dialects and with their odd
habits. Nothing of the code that reads such files is used, so that a fault on one side
cannot hide a fault on the other.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hexoframe.errors import ConfigurationError, OutputExistsError
from hexoframe.simulator.shirt import Counts, Recording

__all__ = [
    "Quirks",
    "export_files",
    "write_dashboard",
    "write_export",
    "write_range_export",
]

Layout = Literal["zip", "folder"]
_NOT_EXPORTED = frozenset({"QRS_AMP_CHANNEL_CHAR", "BATT_ST_CHANNEL_CHAR"})
_ZIP_DATE = (2024, 3, 2, 0, 0, 0)
# id and unit of the series that an export holds as text; {clock} is ticks a second
_SERIES = {
    "RR_interval": (18, "s/{clock}"),
    "RR_interval_quality": (1004, "NA"),
    "NN_interval": (318, "s/{clock}"),
    "PTT": (97, "s/{clock}"),
    "inspiration": (34, "NA"),
    "expiration": (35, "NA"),
    "step": (52, "Step"),
    "device_position": (269, "NA"),
    "sleep_position": (270, "NA"),
    "sleep_phase": (280, "NA"),
}
_STATES = frozenset({"device_position", "sleep_position", "sleep_phase"})
_VOLUMES = frozenset({"minute_ventilation", "tidal_volume"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Odd habits of real exports.

    Parameters
    ----------
    dialect : {"2022", "2017"}
        Which decoder wrote the export: keys of ``info.json``, columns of
        ``statistics.csv``, the unit of inspiration, which RIFF sizes are wrong.
    riff_size_off_by_4 : bool, default True
        The size in the RIFF header counts 4 bytes too many: for ventilation and tidal
        volume in 2022, for all but the adjusted channels in 2017.
    lengths_differ : bool, default False
        Channels end at different times: on a Hexoskin ECG and respiration 1/16 s early;
        on an Astroskin acceleration 1/8 s early, heart rate, activity and cadence one
        sample short, temperature_celcius one sample long.
    hxd : bool, default False
        Series as pairs of int64 (``.hxd``, before 2015) instead of CSV. A series of
        codes leaves out its empty ends there: an integer cannot hold nan.
    info, statistics : bool, default True
        Whether ``info.json`` and ``statistics.csv`` are there.
    deflate : bool, default True
        Whether a ZIP is compressed. Stored bytes do not depend on the zlib in use.

    Raises
    ------
    ConfigurationError
        If the dialect is not known.
    """

    dialect: Literal["2022", "2017"] = "2022"
    riff_size_off_by_4: bool = True
    lengths_differ: bool = False
    hxd: bool = False
    info: bool = True
    statistics: bool = True
    deflate: bool = True

    def __post_init__(self) -> None:
        """Refuse an unknown dialect."""
        if self.dialect not in {"2022", "2017"}:
            raise ConfigurationError(
                f"dialect is {self.dialect!r}; give '2022' or '2017'"
            )


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
        with _fresh(target, overwrite=overwrite) as draft:
            draft.mkdir()
            for file, content in files:
                (draft / file).write_bytes(content)
        return target
    if layout != "zip":
        raise ConfigurationError(f"layout is {layout!r}; give 'zip' or 'folder'")
    members = ((f"{name}/{file}", content) for file, content in files)
    return _write_zip(Path(path), members, quirks, overwrite=overwrite)


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
    return _write_zip(Path(path), members, quirks, overwrite=overwrite)


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
        makers[f"{name}.wav"] = _bind(_wav, recording, name, counts, quirks)
    for name in recording.events.keys() - _NOT_EXPORTED:
        suffix, make = ("hxd", _hxd) if quirks.hxd else ("csv", _series)
        makers[f"{name}.{suffix}"] = _bind(make, recording, name, quirks)
    if quirks.info:
        makers["info.json"] = _bind(_info, recording, quirks, range_id)
    if quirks.statistics:
        makers["statistics.csv"] = _bind(_statistics, recording, quirks)
    for file in sorted(makers):
        yield file, makers[file]()


def _bind(make: Callable[..., bytes], *arguments: Any) -> Callable[[], bytes]:
    return lambda: make(*arguments)


# --- channels -----------------------------------------------------------------------


def _wav(recording: Recording, name: str, counts: Counts, quirks: Quirks) -> bytes:
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
    number, unit = _SERIES[name]
    if name == "inspiration" and quirks.dialect == "2017":
        unit = "s"
    unit = unit.format(clock=recording.clock)
    lines = [f"time [s],{name} [{unit}](/api/datatype/{number}/)"]
    ticks, values = recording.events[name]
    seconds = ((ticks - recording.start) / recording.clock).tolist()
    # repr prints a multiple of 1/256 or 1/1000 exactly; codes are printed as floats.
    shown = values.tolist() if name in _STATES else values.astype(np.int64).tolist()
    lines += [f"{s!r},{v!r}" for s, v in zip(seconds, shown, strict=True)]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _hxd(recording: Recording, name: str, quirks: Quirks) -> bytes:  # noqa: ARG001
    ticks, values = recording.events[name]
    known = ~np.isnan(values)
    pairs = np.stack(
        [ticks[known] - recording.start, values[known].astype(np.int64)], 1
    )
    return pairs.astype("<i8").tobytes()


# --- facts --------------------------------------------------------------------------


def _when(tick: int, clock: int) -> datetime:
    """Return UTC without zone, in microseconds half to even, as the vendor has it."""
    micro = round(Fraction(tick * 1_000_000, clock))
    return datetime.fromtimestamp(0, tz=UTC).replace(tzinfo=None) + timedelta(
        microseconds=micro
    )


def _info(recording: Recording, quirks: Quirks, range_id: int | None) -> bytes:
    shirt = recording.shirt
    asked = f"record={shirt.record_id}" if range_id is None else f"range={range_id}"
    recent = quirks.dialect == "2022"
    algorithms = {
        "ecg": "2.1.1" if recent else "2.1.0",
        "hrv": "2.1.0",
        "respiration": "2.2.0" if recent else "2.1.0",
        "sleep_phase": "2.1.0",
        "acceleration": "2.1.0",
        "sleep_position": "2.1.0",
        "activity_detection": "2.1.0",
    }
    number = 133 if recent else 3
    facts: dict[str, Any] = {
        "start": recording.start,
        "timestamp": recording.start / recording.clock,
        "start_date": _when(recording.start, recording.clock).isoformat(),
        "decoder_version": "0.9.1" if recent else "0.5.3",
        "request": f"/api/{'' if recent else 'v1/'}data/?{asked}",
        "user": shirt.user_id,
        "algo": {
            "resource_uri": f"/api/algo/{number}/",
            "id": number,
            "algorithms": algorithms,
            "created": "2020-11-23T22:09:30.415432",
            "record_id": shirt.record_id,
        },
    }
    if recent:
        facts["devices"] = [shirt.device]
    return json.dumps(facts, indent=4).encode("ascii")


# Title, unit and source of each column; a source is a channel with what is asked of it,
# a plain text, or empty where the vendor's definition is not known. The two dialects
# order the same facts differently, so each has a table of its own.
_COLUMNS_2022 = """
uri,na,uri;start_date,na,date;start,na,start;end,na,end;Act Avg,g,activity avg
Act Min,g,activity min;Act Max,g,activity max;Cadence Min,spm,cadence fmin
Cadence Max,spm,cadence fmax;Cadence Avg,spm,cadence avg;HR Avg,bpm,heart_rate avg
HR Min,bpm,heart_rate min;HR Max,bpm,heart_rate max;BR Avg,rpm,breathing_rate avg
BR Min,rpm,breathing_rate fmin;BR Max,rpm,breathing_rate fmax;Energy Avg,watt,
Energyecg Avg,watt,energy_mifflin_keytel avg;Energy Min,watt,;Energy Max,watt,
Energy Total,J,;Tidalvolume Avg,L,tidal_volume avg;Tidalvolume Min,L,tidal_volume min
Tidalvolume Max,L,tidal_volume max;MV Avg,L/min,minute_ventilation avg
MV Min,L/min,minute_ventilation min;MV Max,L/min,minute_ventilation max
Tidalvolume Adjusted Avg,L,tidal_volume_adjusted avg
Tidalvolume Adjusted Min,L,tidal_volume_adjusted min
Tidalvolume Adjusted Max,L,tidal_volume_adjusted max
MV Adjusted Avg,L/min,minute_ventilation_adjusted avg
MV Adjusted Min,L/min,minute_ventilation_adjusted min
MV Adjusted Max,L/min,minute_ventilation_adjusted max;Steps,rep,steps
Speed (moving) Avg,m/s,;Speed Max,m/s,;Speed Avg,m/s,;Altitude Gain,m,0
Altitude Loss,m,0;Distance,m,0;HRV (HF),%,;HRVHF Norm Min,%,;HRVHF Norm Max,%,
HRVLF Norm Avg,%,;HRVLF Avg,ms^2,;HRVHF Avg,ms^2,;RMSSD,ms,rmssd
Total Sleep Time,s,asleep;Sleep Efficiency,%,;VO2 max,ml/kg*min,
Heart Rate Recovery,bpm,;Sleep Percent,%,;Time To Fall Asleep,s,falling
Sleep REM Time,s,rem;Sleep Non REM Time,s,nrem;Sleep Wake Time,s,awake
"""
_COLUMNS_2017 = """
uri,,uri;start_date,,date;duration,s,duration;activity_avg,g,activity avg
activity_min,g,activity min;activity_max,g,activity max;cadence_min,spm,cadence fmin
cadence_max,spm,cadence fmax;cadence_avg,spm,cadence avg
heartrate_avg,bpm,heart_rate avg;heartrate_min,bpm,heart_rate min
heartrate_max,bpm,heart_rate max
breathingrate_avg,rpm,breathing_rate avg;breathingrate_min,rpm,breathing_rate fmin
breathingrate_max,rpm,breathing_rate fmax;energy_avg,watt,
energyecg_avg,watt,energy_mifflin_keytel avg;energy_min,watt,;energy_max,watt,
energy_total,J,;tidalvolume_avg,L,tidal_volume avg;tidalvolume_min,L,tidal_volume min
tidalvolume_max,L,tidal_volume max;minuteventilation_avg,L/min,minute_ventilation avg
minuteventilation_min,L/min,minute_ventilation min
minuteventilation_max,L/min,minute_ventilation max
tidalvolume_adjusted_avg,L,tidal_volume_adjusted avg
tidalvolume_adjusted_min,L,tidal_volume_adjusted min
tidalvolume_adjusted_max,L,tidal_volume_adjusted max
minuteventilation_adjusted_avg,L/min,minute_ventilation_adjusted avg
minuteventilation_adjusted_min,L/min,minute_ventilation_adjusted min
minuteventilation_adjusted_max,L/min,minute_ventilation_adjusted max
step_count,Step,steps;speed_avg,m/s,;speed_max,m/s,;speed_with_pauses_avg,m/s,
altitude_gain,m,0.0;altitude_loss,m,0.0;distance,m,0;HRVHFnorm_avg,%,
HRVHFnorm_min,%,;HRVHFnorm_max,%,;HRVLFnorm_avg,%,;HRVLF_avg,ms^2,;HRVHF_avg,ms^2,
PowerNN,ms^2,;SDNN,s,;SDANN,s,;AVNN,s,;ASDNN,s,;RMSSD,ms,rmssd;triangularindex,,
SleepTotalTime,s,asleep;SleepPositionP1Time,s,p1;SleepPositionP2Time,s,p2
SleepPositionP3Time,s,p3;SleepPositionP4Time,s,p4;SleepPositionP5Time,s,p5
SleepPositionChanges,,turns;SleepEfficiency,%,;VO2_max,ml/kg*min,
heartrate_recovery,bpm,
"""


def _columns(text: str) -> list[list[str]]:
    return [cell.split(",") for line in text.split("\n") if line
            for cell in line.split(";")]  # fmt: skip


def _statistics(recording: Recording, quirks: Quirks) -> bytes:
    recent = quirks.dialect == "2022"
    columns = _columns(_COLUMNS_2022 if recent else _COLUMNS_2017)
    facts = _facts(recording)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(title for title, _, _ in columns)
    table.writerow(unit for _, unit, _ in columns)
    table.writerow(
        _channel_fact(recording, *source.split()) if " " in source
        else facts.get(source, source)
        for _, _, source in columns
    )  # fmt: skip
    if recording.annotations and recent:
        table.writerow(["\n-----List of annotations"])
        table.writerow(["uri", "start_date", "start", "datatype", "comment"])
        for mark in recording.annotations:
            when = _when(mark.tick, recording.clock).isoformat(" ")
            comment = repr(mark.comment.encode())
            uri = f"/api/annotation/{mark.id}/"
            table.writerow([uri, when, mark.tick, mark.datatype, comment])
    return out.getvalue().encode("ascii")


def _channel_fact(recording: Recording, channel: str, what: str) -> object:
    """Return mean, least or greatest value that is not 0, in the unit of the table."""
    base = channel.removesuffix("_adjusted")
    counts = recording.sampled[base]
    counts = counts[counts != 0]
    if not len(counts):
        return ""
    scale = _scale(recording, base)
    if base in _VOLUMES:
        scale /= 1000
        if base != channel:
            scale *= recording.shirt.weight_kg / 65
    if what == "avg":
        # The channel holds whole watts, cut off; the mean is that of the full ones.
        half = 0.5 if channel == "energy_mifflin_keytel" else 0.0
        return int(counts.sum(dtype=np.int64)) / len(counts) * scale + half
    value = int(counts.min() if what.endswith("min") else counts.max())
    if what in {"min", "max"} and scale == 1:
        return value
    found = value * scale
    return "" if found * 1000 >= _IMPLAUSIBLE.get(base, math.inf) else found


# Greatest values that are still printed lie below: 244 L/min and 27.1 L are left out.
_IMPLAUSIBLE = {"minute_ventilation": 228_000.0, "tidal_volume": 26_000.0}


def _scale(recording: Recording, channel: str) -> float:
    """Return the physical value of one count."""
    new = recording.family == "astroskin_1000"
    if channel in _VOLUMES:
        return 1.0 if new else 13.28
    return {"activity": 1 / 256, "breathing_rate": 0.1 if new else 1.0}.get(
        channel, 1.0
    )


def _facts(recording: Recording) -> dict[str, object]:
    """Return what a statistics table says that is not of one sampled channel."""
    clock = recording.clock
    facts: dict[str, object] = {
        "uri": f"/api/record/{recording.shirt.record_id}/",
        "date": _when(recording.start, clock).isoformat(" "),
        "start": recording.start,
        "end": recording.end,
        "duration": (recording.end - recording.start) / clock,
        "steps": len(recording.events["step"][0]),
        "rmssd": _rmssd(recording),
        "falling": 0,
        "asleep": "",
    }
    phase = _durations(recording, "sleep_phase")
    facts |= {
        name: phase.get(code, 0)
        for name, code in (("nrem", 2), ("rem", 5), ("awake", 6))
    }
    if phase:
        facts["asleep"] = phase.get(2, 0) + phase.get(5, 0)
        facts["falling"] = _first_sleep(recording)
    places = _durations(recording, "sleep_position") if phase else {}
    facts |= {f"p{code}": places.get(code, 0) for code in range(1, 6)}
    turns = len(recording.events["sleep_position"][0]) - 3
    return facts | {"turns": max(turns, 0) if phase else 0}


def _rmssd(recording: Recording) -> float:
    """Return the root mean square of successive differences of NN, in ms; 0 if none."""
    values = recording.events["NN_interval"][1]
    if len(values) < 2:
        return 0
    square = int((np.diff(values).astype(np.int64) ** 2).sum())
    return math.sqrt(square / (len(values) - 1)) * 1000 / recording.clock


def _durations(recording: Recording, name: str) -> dict[int, float]:
    """Return seconds in each code of a state."""
    ticks, codes = recording.events.get(name, (np.empty(0), np.empty(0)))
    length = np.diff(ticks) / recording.clock
    return {
        int(code): float(length[codes[:-1] == code].sum())
        for code in np.unique(codes[~np.isnan(codes)])
    }


def _first_sleep(recording: Recording) -> float:
    """Return seconds from the start of the first sleep range to the first sleep."""
    ticks, codes = recording.events["sleep_phase"]
    asleep = ticks[np.isin(codes, (2, 5))]
    return float(asleep[0] - ticks[0]) / recording.clock if len(asleep) else 0.0


# --- dashboard ----------------------------------------------------------------------

# Column, id and printed unit. Astroskin has two more, whose names are not known.
_DASHBOARD = (
    ("breathing_rate", 33, "rpm"),
    ("minute_ventilation", 36, "mL/min"),
    ("minute_ventilation_adjusted", 38, "mL/min"),
    ("sleep_position", 270, "NA"),
    ("activity", 49, "g"),
    ("heart_rate", 19, "bpm"),
    ("cadence", 53, "spm"),
)
_DASHBOARD_ASTROSKIN = (
    ("breathing_rate", 33, "rpm"),
    ("SPO2", 66, "%"),
    ("minute_ventilation", 36, "mL/min"),
    ("systolic_pressure", 98, "mmHg"),
    ("activity", 49, "g"),
    ("heart_rate", 19, "bpm"),
    ("cadence", 53, "spm"),
    ("temperature_celcius", 81, "C"),
)


def write_dashboard(
    recording: Recording, path: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write the CSV that the dashboard gives for a record, in the form of 2022.

    One row a second; the first row is the start of the record and holds no sample. The
    sleep position stands in the row of its change.

    Parameters
    ----------
    recording : Recording
        What was recorded.
    path : str or path
        The CSV file.
    overwrite : bool, default False
        Whether a file that is there may be replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputExistsError
        If the file exists and `overwrite` is false.
    """
    clock = recording.clock
    hexoskin = recording.family == "hexoskin"
    columns = _DASHBOARD if hexoskin else _DASHBOARD_ASTROSKIN
    heads = [f"{name} [{unit}](/api/datatype/{id_}/)" for name, id_, unit in columns]
    seconds = recording.ticks("heart_rate")
    cells = [[f"{recording.start}.0", *map(str, seconds.tolist())]]
    cells += [_dashboard_column(recording, name) for name, _, _ in columns]
    lines = [",".join([f"time [s/{clock}]", *heads])]
    lines += map(",".join, zip(*cells, strict=True))
    target = Path(path)
    with _fresh(target, overwrite=overwrite) as draft:
        draft.write_bytes("".join(f"{line}\n" for line in lines).encode("ascii"))
    return target


def _dashboard_column(recording: Recording, name: str) -> list[str]:
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
    scale = 1 / 256 if name == "temperature_celcius" else _scale(recording, base)
    if base != name:
        scale *= recording.shirt.weight_kg / 65
    values = counts if scale == 1 else counts * scale
    return ["", *map(repr, values.tolist())]


# --- files --------------------------------------------------------------------------


@contextmanager
def _fresh(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a path beside the target; what was made there is renamed at the end."""
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
    quirks: Quirks,
    *,
    overwrite: bool,
) -> Path:
    """Write a ZIP whose bytes depend on names and contents alone."""
    method = zipfile.ZIP_DEFLATED if quirks.deflate else zipfile.ZIP_STORED
    with (
        _fresh(target, overwrite=overwrite) as draft,
        zipfile.ZipFile(draft, "w") as archive,
    ):
        for name, content in members:
            member = zipfile.ZipInfo(name, _ZIP_DATE)
            member.create_system = 3
            member.external_attr = 0o644 << 16
            archive.writestr(member, content, method, 6)
    return target

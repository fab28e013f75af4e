"""The two summaries in an export: ``info.json`` and ``statistics.csv``.

Both come in the vendor's two dialects. The channels are written in `export`.
"""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from hexoframe.simulator.device import datatypes
from hexoframe.simulator.recording import Recording
from hexoframe.simulator.settings import Dialect

__all__ = ["info_json", "statistics_csv"]


def _when(tick: int, clock: int) -> datetime:
    """Return UTC without zone, in microseconds (half to even), as the vendor does."""
    micro = round(Fraction(tick * 1_000_000, clock))
    return datetime.fromtimestamp(0, tz=UTC).replace(tzinfo=None) + timedelta(
        microseconds=micro
    )


def info_json(recording: Recording, *, dialect: Dialect, range_id: int | None) -> bytes:
    """Return ``info.json``: user, start, and the decoder that wrote the files."""
    shirt = recording.shirt
    asked = f"record={shirt.record_id}" if range_id is None else f"range={range_id}"
    recent = dialect == "2022"
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


# Title, unit and source of each column; a source is a channel with a statistic, a plain
# text, or empty if the vendor's definition is not known. The two dialects order the
# same facts differently, so each has its own table.
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
# mL or mL/min; values from here on are not printed: 244 L/min and 27.1 L were not.
_IMPLAUSIBLE = {"minute_ventilation": 228_000.0, "tidal_volume": 26_000.0}


def _columns(text: str) -> list[list[str]]:
    return [cell.split(",") for line in text.split("\n") if line
            for cell in line.split(";")]  # fmt: skip


def statistics_csv(recording: Recording, *, dialect: Dialect) -> bytes:
    """Return ``statistics.csv``: titles, units, values; in 2022 also annotations."""
    recent = dialect == "2022"
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
    """Return mean, minimum or maximum of the values above 0, in the table's unit."""
    base = channel.removesuffix("_adjusted")
    counts = recording.sampled[base]
    counts = counts[counts != 0]
    if not len(counts):
        return ""
    row = datatypes(recording.family)[base]
    scale = row.gain / 1000 if row.unit.startswith("mL") else row.gain
    if base != channel:
        scale *= recording.shirt.weight_kg / 65
    if what == "avg":
        # The channel holds watts rounded down; the vendor averages them unrounded.
        half = 0.5 if channel == "energy_mifflin_keytel" else 0.0
        return int(counts.sum(dtype=np.int64)) / len(counts) * scale + half
    value = int(counts.min() if what.endswith("min") else counts.max())
    if what in {"min", "max"} and scale == 1:
        return value
    found = value * scale
    return "" if found * 1000 >= _IMPLAUSIBLE.get(base, math.inf) else found


def _facts(recording: Recording) -> dict[str, object]:
    """Return the statistics that are not of one sampled channel."""
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
    """Return the seconds spent in each code of a state."""
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

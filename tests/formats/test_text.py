"""The classic .txt of HxApi2_0, against literals and an independent slow writer."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import warnings
import zoneinfo
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hexoframe.channels import FAMILIES, channels_of, find
from hexoframe.channels.calibration import values_from_json
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    MissingFactsWarning,
    MissingSamplesWarning,
    OutputExistsError,
    SkippedChannelWarning,
    SourceChangedError,
    UnknownChannelError,
)
from hexoframe.formats.archive import reader as archive
from hexoframe.formats.checksums import SUMS
from hexoframe.formats.options import ReadOptions
from hexoframe.formats.text import lines as textlines
from hexoframe.formats.text import reader, writer
from hexoframe.formats.text.facts import info_text, parse_info
from hexoframe.formats.text.names import all_names, names_of
from hexoframe.formats.text.writer import classic_values, number_text
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.server.signals import scaled
from hexoframe.timestamps import ticks_to_index

# What the gains of the server of 1000 ticks rest on is not the subject here.
pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)

START = 426934856761  # 2022-11-06T05:58:04Z, two minutes before Montreal goes back
LATE = 1_691_371_518_000  # 2023-08-07T01:25:18Z on the server of 1000 ticks
MONTREAL = "America/Montreal"
CLOCKS = {"hexoskin": 256, "astroskin_256": 256, "astroskin_1000": 1000}


class Printed(NamedTuple):
    """What a frame holds in one row, and what HxApi2_0 makes of it.

    `files` are the names in the vendor's HxApi2_0 and in the port, `text` is what both
    say behind the stamp, or the vendor's alone where the port says more `digits`.
    """

    held: tuple[float, ...]
    files: str
    text: str
    digits: str = ""


# By hand, from the lists of files of both scripts, the gains of API and data sheet, and
# the output of Python 2.7. Files of channels that no script has are named by channel.
HEXOSKIN_ONLY = {
    "ecg": Printed((-0.128,), "ecg ecg", "1340"),
    "respiration": Printed((24445, 0), "resp respiration", "24445\t0"),
    "acceleration": Printed(
        (-1.0, 0.00390625, 0.0), "acc acceleration", "-1.0\t0.00390625\t0.0"
    ),
    "heart_rate": Printed((70,), "heartrate heart_rate", "70"),
    "breathing_rate": Printed((10,), "breathingrate breathing_rate", "10"),
    "minute_ventilation": Printed(
        (331 * 13.28,),
        "minuteventilation minute_ventilation",
        "4395.68",
        "4395.679999999999",
    ),
    "tidal_volume": Printed((35 * 13.28,), "vt vt", "464.8", "464.79999999999995"),
    "rr_interval": Printed((186 / 256,), "rrinterval rrinterval", "0.7265625"),
    "ann": Printed((1 + 3067 / 4096,), "ann ann", "1.74877929688", "1.748779296875"),
}
ASTROSKIN_ONLY = {
    "ecg": Printed((-0.128, -2.304, -2.176), "ecg ecg", "1340\t1000\t-340"),
    "respiration": Printed((24445, 0), "resp resp", "24445\t0"),
    "acceleration": Printed(
        (-1.0, 0.00390625, 0.0), "acc acc", "-1.0\t0.00390625\t0.0"
    ),
    "heart_rate": Printed((70,), "heartrate heartrate", "70"),
    "breathing_rate": Printed((10,), "breathingrate breathingrate", "10"),
    "minute_ventilation": Printed(
        (331 * 13.28,),
        "minuteventilation minuteventilation",
        "4395.68",
        "4395.679999999999",
    ),
    "tidal_volume": Printed((35 * 13.28,), "vt vt", "464.8", "464.79999999999995"),
    "rr_interval": Printed((186 / 256,), "rrinterval rrinterval", "0.7265625"),
    "ann": Printed((1 + 3067 / 4096,), "ann ann", "1.74877929688", "1.748779296875"),
    "ppg": Printed((65535,), "ppg ppg", "65535"),
    "spo2": Printed((97,), "spo2 spo2", "97"),
    "spo2_quality": Printed((236,), "spo2_quality spo2_quality", "236"),
    "p_hr_channel_char": Printed((71,), "p_hr_channel_char p_hr_channel_char", "71"),
    "temperature": Printed((2273,), "temperature_raw temperature_raw", "2273"),
    "temperature_celsius": Printed(
        (7913 / 256,), "temperature temperature", "30.91015625"
    ),
    "temperature_quality": Printed(
        (0,), "temperature_quality temperature_quality", "0"
    ),
}
THOUSAND_ONLY = {
    "ecg": Printed((1.34, 1.0, -0.34), "ecg ecg", "1340\t1000\t-340"),
    "breathing_rate": Printed((15.3,), "breathingrate breathingrate", "15.3"),
    "minute_ventilation": Printed(
        (4396,), "minuteventilation minuteventilation", "4396"
    ),
    "tidal_volume": Printed((571,), "vt vt", "571"),
    "actigraphy": Printed((0.5,), "actigraphy actigraphy", "0.5"),
    "ecg_quality": Printed((8192,), "ecg_quality ecg_quality", "8192"),
    "rr_interval": Printed((0.726,), "rrinterval rrinterval", "0.726"),
    "ann": Printed((0.75,), "ann ann", "0.75"),
}
ALL_FAMILIES = {
    "heart_rate_quality": Printed((20,), "hr_quality hr_quality", "20"),
    "breathing_rate_quality": Printed((12,), "br_quality br_quality", "12"),
    "minute_ventilation_adjusted": Printed(
        (3380,), "minute_ventilation_adjusted minute_ventilation_adjusted", "3380.0"
    ),
    "tidal_volume_adjusted": Printed(
        (10 / 3 * 13.28,),
        "tidal_volume_adjusted tidal_volume_adjusted",
        "44.2666666667",
        "44.266666666666666",
    ),
    "energy_mifflin_keytel": Printed(
        (91,), "energy_mifflin_keytel energy_mifflin_keytel", "91"
    ),
    "activity": Printed((5 / 256,), "activity activity", "0.01953125"),
    "cadence": Printed((112,), "cadence cadence", "112"),
    "resp_tmpr": Printed((28.66,), "resp_tmpr resp_tmpr", "28.66"),
    "systolic_pressure": Printed((121,), "systolicpressure systolicpressure", "121"),
    "systolic_pressure_adjusted": Printed(
        (0,), "systolic_pressure_adjusted systolic_pressure_adjusted", "0"
    ),
    "rr_interval_quality": Printed((129,), "rrintervalstatus rrintervalstatus", "129"),
    "nn_interval": Printed((0.5,), "nninterval nninterval", "0.5"),
    "ptt": Printed((0.25,), "ptt ptt", "0.25"),
    "inspiration": Printed((21975,), "inspiration inspiration", "21975"),
    "expiration": Printed((21500,), "expiration expiration", "21500"),
    "step": Printed((3,), "step step", "3"),
    "qrs_amp_channel_char": Printed((412,), "qrs qrs", "412"),
    "batt_st_channel_char": Printed((2600,), "batt batt", "2600"),
    "device_position": Printed((4,), "device_position device_position", "4.0"),
    "sleep_position": Printed((5,), "sleep_position sleep_position", "5.0"),
    "sleep_phase": Printed((2,), "sleep_phase sleep_phase", "2.0"),
    "sdnn": Printed((0.0625,), "sdnn sdnn", "0.0625"),
    "rmssd": Printed((0.03125,), "rmssd rmssd", "0.03125"),
    "hrv_lf_normalized": Printed(
        (54.32,), "hrv_lf_normalized hrv_lf_normalized", "54.32"
    ),
    "nn_over_rr": Printed((99.5,), "nn_over_rr nn_over_rr", "99.5"),
    "hrv_triangular": Printed((7.25,), "hrv_triangular hrv_triangular", "7.25"),
    "hrv_lf": Printed((1234.5,), "hrv_lf hrv_lf", "1234.5"),
    "hrv_hf": Printed((6789 * 0.1,), "hrv_hf hrv_hf", "678.9", "678.9000000000001"),
    "hrv_hf_normalized": Printed(
        (45.68,), "hrv_hf_normalized hrv_hf_normalized", "45.68"
    ),
}
LITERALS = {
    "hexoskin": {**ALL_FAMILIES, **HEXOSKIN_ONLY},
    "astroskin_256": {**ALL_FAMILIES, **ASTROSKIN_ONLY},
    "astroskin_1000": {**ALL_FAMILIES, **ASTROSKIN_ONLY, **THOUSAND_ONLY},
}
# A tick whose microseconds end in a half, if its clock has such.
TICKS = {256: 1_667_714_286 * 256 + 2, 1000: LATE + 1004}
# Clock, dialect, form -> the stamp.
STAMPS = {
    (256, "classic", "epoch"): "426934857218",
    (256, "port", "epoch"): "426934857218",
    (256, "classic", "string"): "2022:11:06\t05:58:06:007813",
    (256, "port", "string"): "2022:11:06\t05:58:06:007812",
    (1000, "classic", "epoch"): "1691371519004",
    (1000, "port", "epoch"): "1691371519004",
    (1000, "classic", "string"): "2023:08:07\t01:25:19:004000",
    (1000, "port", "string"): "2023:08:07\t01:25:19:004000",
}
# Files of the vendor's HxApi2_0 and of the port, for both models.
VENDORS = {
    "hexoskin": """
        acc ecg resp activity cadence heartrate minuteventilation vt breathingrate
        hr_quality br_quality inspiration expiration batt step rrinterval qrs
    """,
    "astroskin_256": """
        acc ecg resp temperature ppg activity cadence heartrate minuteventilation vt
        breathingrate hr_quality br_quality spo2_quality spo2 systolicpressure
        inspiration expiration batt step rrinterval qrs ptt
    """,
}
PORTS = {
    "hexoskin": """
        acceleration ecg respiration activity cadence heart_rate minute_ventilation vt
        breathing_rate hr_quality br_quality inspiration expiration batt step
        rrinterval qrs nninterval
    """,
    "astroskin_256": VENDORS["astroskin_256"],
}


def complete_facts(**more):
    return Facts(
        info={"id": 12345, "email": "someone@example.org", **more},
        ranges=facts_table("ranges"),
        track=facts_table("track"),
    )


def make_record(family, frames, *, facts=None, scale="physical", span=None):
    """Make a record from ticks and physical columns by channel."""
    clock = CLOCKS[family]
    held = {}
    for name, (ticks, *columns) in frames.items():
        channel = channels_of(family)[name]
        values = {
            column: np.asarray(given, dtype=channel.dtype)
            for column, given in zip(channel.columns, columns, strict=True)
        }
        index = ticks_to_index(np.asarray(ticks, dtype=np.int64), clock=clock)
        held[name] = make_frame(channel, index, values, record_id=12345, scale=scale)
    ends = [int(ticks[-1]) for ticks, *_ in frames.values() if len(ticks)]
    span = span or (START if clock == 256 else LATE, max(ends) + clock)
    return RecordData(family, span, held, facts=facts or complete_facts(), scale=scale)


def row_of_everything(family):
    """Return a record with one row in every channel that the family has."""
    tick = TICKS[CLOCKS[family]]
    frames = {
        name: ([tick], *([v] for v in printed.held))
        for name, printed in LITERALS[family].items()
    }
    return make_record(family, frames)


def signals(seconds=130, seed=4, names=None):
    """Return ticks and counts of a Hexoskin, as plain integers."""
    dice = np.random.default_rng(seed)

    def every(step, first, low, high, columns=1):
        count = seconds * 256 // step
        ticks = [START + step * (first + number) for number in range(count)]
        counts = dice.integers(low, high, (columns, count), endpoint=True)
        return [ticks, *counts.tolist()]

    beats = (START + np.cumsum(dice.integers(120, 260, seconds))).tolist()
    lengths = np.diff(beats, prepend=beats[0]).tolist()
    made = {
        "ecg": lambda: every(1, 0, 0, 4095),
        "respiration": lambda: every(2, 0, 0, 65535, 2),
        "acceleration": lambda: every(4, 0, -4096, 4095, 3),
        "heart_rate": lambda: every(256, 1, 30, 220),
        "minute_ventilation": lambda: every(256, 1, 0, 3000),
        "tidal_volume": lambda: every(256, 1, 0, 300),
        "activity": lambda: every(256, 1, 0, 400),
        "rr_interval": lambda: [beats, lengths],
        "step": lambda: [[], []],
    }
    return {name: make() for name, make in made.items() if name in (names or made)}


SCALES = {
    "ecg": lambda raw: raw * 0.0064 - 8.704,
    "acceleration": lambda raw: raw / 256,
    "minute_ventilation": lambda raw: raw * 13.28,
    "tidal_volume": lambda raw: raw * 13.28,
    "activity": lambda raw: raw / 256,
    "rr_interval": lambda raw: raw / 256,
}


def physical_record(raw, **kwargs):
    frames = {
        name: (
            ticks,
            *(
                [SCALES.get(name, float)(count) for count in column]
                for column in columns
            ),
        )
        for name, (ticks, *columns) in raw.items()
    }
    return make_record("hexoskin", frames, **kwargs)


def slow_lines(name, ticks, columns, stamp=str, *, dialect="classic"):
    """Write a file as the old script does: a line a sample, str() of each value."""
    as_json = SCALES[name] if name in SCALES and name != "ecg" else int
    text = python_2 if dialect == "classic" else str
    lines = ""
    for row, tick in enumerate(ticks):
        line = stamp(tick)
        for column in columns:
            line += "\t" + text(as_json(column[row]))
        lines += line + "\n"
    return lines.encode()


def python_2(value):
    """Return what str() of Python 2.7 gives for numbers below 1e11."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.12g}"
    return text if "." in text or "e" in text else f"{text}.0"


def local_stamp(
    clock, zone=MONTREAL, fmt="%Y:%m:%d\t%H:%M:%S:%f", *, dialect="classic"
):
    tz = zoneinfo.ZoneInfo(zone)

    def stamp(tick):
        seconds, phase = divmod(tick, clock)
        micros = int(phase * 1e6 / clock + 0.5)
        if dialect == "port":
            micros = dt.datetime.fromtimestamp(tick / clock, tz).microsecond
        time = dt.datetime.fromtimestamp(seconds, tz).replace(microsecond=micros)
        return time.strftime(fmt)

    return stamp


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def put(folder, **files):
    """Write files as another program does, which keeps no checksums."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SUMS).unlink(missing_ok=True)
    for name, body in files.items():
        data = body if isinstance(body, bytes) else body.encode()
        (folder / f"{name}.txt").write_bytes(data)
    return folder


def lines_of(values, *, step=1, start=START):
    return "".join(f"{start + step * n}\t{value}\n" for n, value in enumerate(values))


def open_text(path, **options):
    return reader.read(path, ReadOptions(**options))


def same_frames(one, two):
    assert list(one) == list(two)
    for name in one:
        pd.testing.assert_frame_equal(one[name], two[name], check_exact=True)


# -- writing ---------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_the_literals_cover_every_channel(family):
    assert set(LITERALS[family]) == set(channels_of(family))


@pytest.mark.parametrize("form", ["epoch", "string"])
@pytest.mark.parametrize("dialect", ["classic", "port"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_channel_is_written_as_the_old_script_wrote_it(
    family, dialect, form, tmp_path
):
    record = row_of_everything(family)
    folder = writer.write(record, tmp_path, dialect=dialect, timestamps=form)
    stamp = STAMPS[CLOCKS[family], dialect, form]
    for printed in LITERALS[family].values():
        text = (dialect == "port" and printed.digits) or printed.text
        file = printed.files.split()[dialect == "port"]
        assert (folder / f"{file}.txt").read_text() == f"{stamp}\t{text}\n"
    written = {path.stem for path in folder.iterdir()}
    assert len(written) == len(LITERALS[family]) + 4


@pytest.mark.parametrize("form", ["epoch", "string"])
@pytest.mark.parametrize("dialect", ["classic", "port"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_channel_comes_back_from_one_row(family, dialect, form, tmp_path):
    record = row_of_everything(family)
    back = open_text(
        writer.write(record, tmp_path, dialect=dialect, timestamps=form), tz="UTC"
    )
    assert back.family == family
    if dialect == "classic":
        # No count stands behind this one, so what the 12 digits leave out is lost.
        (value,) = back["tidal_volume_adjusted"]["tidal_volume_adjusted"]
        assert value == 44.2666666667
    assert list(back) == list(record)
    for name in record:
        if dialect == "port" or name != "tidal_volume_adjusted":
            same_frames({name: back[name]}, {name: record[name]})


def test_file_names_are_those_of_the_old_scripts(tmp_path):
    facts = {"info.txt", "annotations.txt", "track.txt"}
    for dialect, lists in (("classic", VENDORS), ("port", PORTS)):
        for family, names in lists.items():
            record = row_of_everything(family)
            root = tmp_path / dialect / family
            there = {
                p.name for p in writer.write(record, root, dialect=dialect).iterdir()
            }
            assert {f"{name}.txt" for name in names.split()} | facts <= there


def test_no_two_files_share_a_name():
    for family in FAMILIES:
        for dialect in ("classic", "port"):
            for units in ("classic", "physical"):
                names = [
                    writer.file_name(channel, dialect, units)
                    for channel in channels_of(family).values()
                ]
                assert len(set(names)) == len(names)
                assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)


def file_of(name, dialect):
    return LITERALS["hexoskin"][name].files.split()[dialect == "port"]


@pytest.mark.parametrize("dialect", ["classic", "port"])
def test_ticks_and_values_are_byte_for_byte_those_of_a_slow_writer(dialect, tmp_path):
    raw = signals()
    folder = writer.write(physical_record(raw), tmp_path, dialect=dialect)
    for name, (ticks, *columns) in raw.items():
        written = (folder / f"{file_of(name, dialect)}.txt").read_bytes()
        assert written == slow_lines(name, ticks, columns, dialect=dialect), name


@pytest.mark.parametrize("dialect", ["classic", "port"])
@pytest.mark.parametrize("zone", ["UTC", MONTREAL, "Asia/Kathmandu"])
def test_local_text_is_byte_for_byte_that_of_strftime(zone, dialect, tmp_path):
    raw = signals()
    how = {"timestamps": "string", "tz": zone, "dialect": dialect}
    folder = writer.write(physical_record(raw), tmp_path, **how)
    stamp = local_stamp(256, zone, dialect=dialect)
    for name in ("ecg", "acceleration", "heart_rate", "activity"):
        ticks, *columns = raw[name]
        written = (folder / f"{file_of(name, dialect)}.txt").read_bytes()
        assert written == slow_lines(name, ticks, columns, stamp, dialect=dialect), name


def test_stamps_of_a_thousand_ticks_are_written_as_ticks_and_as_text(tmp_path):
    ticks = [LATE + 4 * number for number in range(700)]
    mv = [[(count - 300) / 1000 for count in range(700)]] * 3
    record = make_record("astroskin_1000", {"ecg": (ticks, *mv)})
    counts = [list(range(-300, 400))] * 3
    for how, stamp in (
        ({}, str),
        ({"timestamps": "string", "tz": MONTREAL}, local_stamp(1000)),
    ):
        folder = writer.write(record, tmp_path, overwrite=True, **how)
        expected = slow_lines("ecg", ticks, counts, stamp)
        assert (folder / "ecg.txt").read_bytes() == expected


def test_a_missing_value_is_none_and_comes_back_missing(tmp_path):
    ticks = [START, START + 5000, START + 9000]
    record = make_record(
        "hexoskin",
        {
            "sleep_position": (ticks, [np.nan, 4, np.nan]),
            "respiration": (ticks, [1, np.nan, 3], [np.nan] * 3),
            "ecg": (ticks[:1], [0]),
        },
    )
    folder = writer.write(record, tmp_path)
    assert (folder / "ecg.txt").read_text() == f"{START}\t1360\n"
    a, b, c = ticks
    expected = f"{a}\tNone\n{b}\t4.0\n{c}\tNone\n"
    assert (folder / "sleep_position.txt").read_text() == expected
    expected = f"{a}\t1\tNone\n{b}\tNone\tNone\n{c}\t3\tNone\n"
    assert (folder / "resp.txt").read_text() == expected
    back = open_text(folder, allow_partial=True, channels=["sleep_position"])
    pd.testing.assert_frame_equal(back["sleep_position"], record["sleep_position"])


def test_values_that_no_count_gives_are_printed_and_not_rounded(tmp_path):
    ticks = [START + 256 * number for number in range(1, 4)]
    record = make_record(
        "hexoskin",
        {
            "heart_rate": (ticks, [70, 70.25, 71]),
            "minute_ventilation": (ticks, [4395.68, 4395.679999999999, 1e-05]),
            "minute_ventilation_adjusted": (ticks, [3381.5, 3380, 0]),
        },
    )
    folder = writer.write(record, tmp_path, dialect="port")

    def values(name):
        return [line.split("\t")[1] for line in lines(name)]

    def lines(name):
        return (folder / f"{name}.txt").read_text().splitlines()

    assert values("heart_rate") == ["70", "70.25", "71"]
    assert values("minute_ventilation") == ["4395.68", "4395.679999999999", "1e-05"]
    assert values("minute_ventilation_adjusted") == ["3381.5", "3380.0", "0.0"]
    same_frames(open_text(folder), record)


def test_physical_units_go_into_files_that_name_them(tmp_path):
    raw = signals(seconds=3)
    record = physical_record(raw)
    folder = writer.write(record, tmp_path, units="physical")
    names = {"ecg_mV.txt", "minuteventilation_mL_per_min.txt", "heartrate_bpm.txt"}
    assert names < {path.name for path in folder.iterdir()}
    # These are no files of a script, so they have all digits.
    texts = (folder / "minuteventilation_mL_per_min.txt").read_text().splitlines()
    held = [count * 13.28 for count in raw["minute_ventilation"][1]]
    assert [line.split("\t")[1] for line in texts] == list(map(str, held))
    first, *_ = (folder / "ecg_mV.txt").read_text().splitlines()
    value = np.float32(raw["ecg"][1][0] * 0.0064 - 8.704)
    assert first == f"{START}\t{value!s}"
    assert np.float32(first.split("\t")[1]) == value
    same_frames(open_text(folder), record)


def test_a_record_of_counts_writes_the_same_files(tmp_path):
    raw = signals(seconds=5)
    counts = make_record("hexoskin", raw, scale="raw")
    one = writer.write(counts, tmp_path / "counts")
    two = writer.write(physical_record(raw), tmp_path / "physical")
    assert contents(one) == contents(two)
    with pytest.raises(ConfigurationError, match="raw counts"):
        writer.write(counts, tmp_path / "no", units="physical")
    same_frames(open_text(one, scale="raw"), counts)


def test_an_empty_channel_is_an_empty_file_and_comes_back(tmp_path):
    folder = writer.write(physical_record(signals(seconds=3)), tmp_path)
    assert (folder / "step.txt").read_bytes() == b""
    back = open_text(folder)
    assert "step" in back
    assert back["step"].empty
    assert back.receipt("step").samples == 0


def test_only_the_channels_that_were_asked_for_are_written(tmp_path):
    record = physical_record(signals(seconds=3))
    folder = writer.write(record, tmp_path, channels=[19, "rr_interval", "ECG_I"])
    names = {path.stem for path in folder.glob("*.txt")}
    assert names == {"ecg", "heartrate", "rrinterval", "info", "annotations", "track"}
    with pytest.raises(UnknownChannelError, match="spo2"):
        writer.write(record, tmp_path, channels=["spo2"], overwrite=True)


def test_long_channels_are_written_piece_by_piece(tmp_path):
    ticks = START + np.arange(150_000)
    counts = np.arange(150_000) % 4096
    record = make_record("hexoskin", {"ecg": (ticks, counts * 0.0064 - 8.704)})
    sizes = []

    def pieces(rows):
        for first in range(0, len(ticks), rows):
            piece = record["ecg"].iloc[first : first + rows]
            sizes.append(len(piece))
            yield piece

    def whole():
        pytest.fail("the writer read the whole channel")

    lazy = RecordData(
        "hexoskin",
        (START, START + 150_000),
        {"ecg": LazyChannel(read=whole, pieces=pieces)},
        facts=complete_facts(),
    )
    folder = writer.write(lazy, tmp_path)
    assert sizes == [65_536, 65_536, 18_928]
    expected = slow_lines("ecg", ticks.tolist(), [counts.tolist()])
    assert (folder / "ecg.txt").read_bytes() == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"timestamps": "iso"},
        {"dialect": "camel"},
        {"units": "raw"},
    ],
)
def test_settings_that_do_not_exist_are_refused(wrong, tmp_path):
    record = physical_record(signals(seconds=2))
    with pytest.raises(ConfigurationError, match="give one of"):
        writer.write(record, tmp_path, **wrong)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text_only", [{"tz": MONTREAL}, {"timestamp_format": "%Y"}])
def test_a_zone_or_a_format_for_ticks_is_refused(text_only, tmp_path):
    record = physical_record(signals(seconds=2))
    with pytest.raises(ConfigurationError, match="timestamps='string'"):
        writer.write(record, tmp_path, **text_only)
    assert not list(tmp_path.iterdir())


def test_an_unknown_zone_writes_nothing(tmp_path):
    record = physical_record(signals(seconds=2))
    with pytest.raises(ConfigurationError, match="America/Montreal"):
        writer.write(record, tmp_path, timestamps="string", tz="America/Montrel")
    assert not list(tmp_path.rglob("*.txt"))


@pytest.mark.parametrize("family", FAMILIES)
def test_numbers_are_whole_exactly_where_those_of_the_json_are(family):
    counts = np.arange(1, 300)
    for channel in channels_of(family).values():
        for row in channel.datatypes:
            if row.id is None:
                continue
            carried = scaled(counts, row, weight_kg=Fraction(70)).tolist()
            held = values_from_json(np.array(carried, float), row)
            written = classic_values(held, row, scale="physical")
            texts = [number_text(value, "port") for value in written]
            assert texts == list(map(repr, carried)), row.api_name


@pytest.mark.parametrize(
    ("name", "held", "numbers"),
    [
        ("ecg", [-0.128, np.nan, -8.704], [1340, None, 0]),
        ("ecg", [-0.128, -0.1216], [1340, 1341]),
        ("acceleration", [-1.0, 0.00390625], [-1.0, 0.00390625]),
        ("heart_rate", [70, 70.5, np.nan], [70, 70.5, None]),
        ("minute_ventilation", [331 * 13.28, np.nan], [4395.679999999999, None]),
        ("sleep_phase", [2], [2.0]),
        ("rr_interval", [], []),
    ],
)
def test_values_are_the_numbers_of_the_json_api(name, held, numbers):
    row = find("hexoskin", name).datatypes[0]
    dtype = np.float32 if row.kind == "waveform" else np.float64
    values = classic_values(np.array(held, dtype), row, scale="physical")
    assert list(map(repr, values)) == list(map(repr, numbers))


@pytest.mark.parametrize("dialect", ["classic", "port"])
@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("heart_rate", [70, -5, 0, 123, 4_294_967_296]),
        ("heart_rate", [70, -0.0, 70.5, np.nan, 2.0**60]),
        ("heart_rate", [7, 8, 9, 100, 1000]),
        ("sleep_phase", [2, -0.0, 0.0, 1e300, 4]),
        ("ecg", [-0.128, np.nan, -8.704, 0.0, 200.0]),
        ("acceleration", [-1.0, 0.00390625, -0.0, np.nan, 15.99609375]),
    ],
)
def test_lines_have_each_number_as_python_spells_it(name, held, dialect):
    channel = find("hexoskin", name)
    values = np.array(held, channel.dtype)
    ticks = np.array([START + 1000 * n for n in range(len(held))])
    frame = make_frame(
        channel,
        ticks_to_index(ticks, clock=256),
        {column: values[::-1] if n else values
         for n, column in enumerate(channel.columns)},
    )  # fmt: skip
    columns = [
        classic_values(frame[row.column].to_numpy(), row, scale="physical")
        for row in channel.datatypes
    ]
    lines = [
        "\t".join([str(tick), *(number_text(cell, dialect) for cell in row)]) + "\n"
        for tick, *row in zip(ticks.tolist(), *columns, strict=True)
    ]
    stamps = textlines.Stamps(clock=256)
    made = writer.LineWriter(
        channel, stamps, dialect=dialect, units="classic", scale="physical"
    ).lines(frame)
    assert made.decode() == "".join(lines)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (6958.719999999999, "6958.72"),
        (464.79999999999995, "464.8"),
        (0.00390625, "0.00390625"),
        (-1.0, "-1.0"),
        (-0.0, "-0.0"),
        (1 / 3, "0.333333333333"),
        (0.0001234567890123, "0.000123456789012"),
        (9.9999e-05, "9.9999e-05"),
        (99999999999.0, "99999999999.0"),
        (100000000000.0, "1e+11"),
        (123456789012.0, "1.23456789012e+11"),
        (999999999999.5, "1e+12"),
        (10**12, "1000000000000"),
        (None, "None"),
    ],
)
def test_floats_of_the_vendors_script_are_those_of_python_2(value, text):
    """The texts are the output of ``print str(value)`` of Python 2.7.18."""
    assert number_text(value, "classic") == text
    assert number_text(value, "port") == str(value)


def test_half_a_microsecond_is_rounded_as_each_script_did(tmp_path):
    phases = {0: "000000", 1: "003906", 3: "011719", 6: "023438", 255: "996094"}
    halves = {"classic": {2: "007813", 10: "039063"}, "port": {2: "007812"}}
    halves["port"][10] = "039062"
    start = TICKS[256] - 2
    ticks = [start + phase for phase in range(256)]
    record = make_record("hexoskin", {"ecg": (ticks, [0] * 256)})
    stamps = {}
    for dialect, these in halves.items():
        root = tmp_path / dialect
        folder = writer.write(record, root, dialect=dialect, timestamps="string")
        lines = (folder / "ecg.txt").read_text().splitlines()
        stamps[dialect] = [line.split("\t")[1] for line in lines]
        for phase, micros in {**phases, **these}.items():
            assert stamps[dialect][phase] == f"05:58:06:{micros}"
        back = open_text(folder, tz="UTC")
        assert back["ecg"].index.equals(ticks_to_index(ticks, clock=256))
    pairs = zip(stamps["classic"], stamps["port"], strict=True)
    assert sum(one != other for one, other in pairs) == 32


# -- the digits of a folder ------------------------------------------------------------

LONG, SHORT = 331 * 13.28, 4395.68  # 4395.679999999999 and what 12 digits make of it


def test_values_of_twelve_digits_get_back_the_digits_of_their_count(tmp_path):
    body = lines_of(["4395.68", "464.8", "None", "1e-05"], step=256)
    folder = put(tmp_path, ecg=lines_of([1340]), minuteventilation=body)
    values = open_text(folder)["minute_ventilation"]["minute_ventilation"].tolist()
    assert values[:2] == [LONG, 35 * 13.28]
    assert np.isnan(values[2])
    assert values[3] == 1e-05


@pytest.mark.parametrize("other", ["4395.679999999999", "44.266666666666666"])
def test_values_beside_longer_ones_have_all_their_digits(other, tmp_path):
    body = lines_of(["4395.68", other], step=256)
    folder = put(tmp_path, ecg=lines_of([1340]), minuteventilation=body)
    values = open_text(folder)["minute_ventilation"]["minute_ventilation"].tolist()
    assert values == [SHORT, float(other)]


def test_values_in_files_with_names_of_the_port_have_all_their_digits(tmp_path):
    folder = put(tmp_path, minute_ventilation=lines_of(["4395.68"]))
    (value,) = open_text(folder)["minute_ventilation"]["minute_ventilation"]
    assert value == SHORT


def test_values_that_are_not_rounded_at_the_source_keep_twelve_digits(tmp_path):
    body = lines_of(["3380.00000001"])
    folder = put(tmp_path, ecg=body, minute_ventilation_adjusted=body)
    back = open_text(folder, model="hexoskin")["minute_ventilation_adjusted"]
    assert back["minute_ventilation_adjusted"].tolist() == [3380.00000001]


# -- folders ---------------------------------------------------------------------------


def test_the_folder_is_that_of_the_user_and_the_record(tmp_path):
    record = physical_record(signals(seconds=2))
    folder = writer.write(record, tmp_path)
    assert folder == tmp_path / "someone@example.org" / "12345"


def test_without_an_e_mail_the_folder_is_that_of_the_user_id(tmp_path):
    facts = Facts(
        info={"id": 7, "user_id": 1511},
        ranges=facts_table("ranges"),
        track=facts_table("track"),
    )
    record = physical_record(signals(seconds=2), facts=facts)
    assert writer.write(record, tmp_path) == tmp_path / "1511" / "7"


def test_what_the_source_does_not_know_is_named_in_one_warning(tmp_path):
    record = physical_record(signals(seconds=2), facts=Facts())
    with pytest.warns(MissingFactsWarning) as caught:
        folder = writer.write(record, tmp_path)
    assert len(caught) == 1
    for word in ("e-mail", "record id", "annotations.txt", "track.txt"):
        assert word in str(caught[0].message)
    assert folder == tmp_path / "record"
    assert {path.name for path in folder.iterdir()}.isdisjoint(
        {"annotations.txt", "track.txt"}
    )


@pytest.mark.parametrize("email", ["../../out", "..", "a/b\\c", "/etc/x", "C:\\x"])
def test_no_e_mail_leads_out_of_the_target(email, tmp_path):
    root = tmp_path / "root"
    facts = complete_facts(email=email)
    folder = writer.write(physical_record(signals(seconds=2), facts=facts), root)
    assert folder.parent.parent == root
    assert folder.resolve().is_relative_to(root.resolve())
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_nothing_is_overwritten_unless_it_is_said(tmp_path):
    folder = writer.write(physical_record(signals(seconds=2)), tmp_path)
    before = contents(folder)
    other = physical_record(signals(seconds=2, seed=9))
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        writer.write(other, tmp_path)
    assert contents(folder) == before
    writer.write(other, tmp_path, overwrite=True)
    assert contents(folder)["ecg.txt"] != before["ecg.txt"]


def state(folder):
    """Content and time of writing of all files."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


@pytest.mark.parametrize(
    "how", [{}, {"timestamps": "string", "tz": "Asia/Tokyo"}, {"units": "physical"}]
)
def test_the_same_files_are_left_as_they_are(tmp_path, how):
    record = physical_record(signals(seconds=2))
    folder = writer.write(record, tmp_path, **how)
    before = state(folder)
    assert writer.write(record, tmp_path, **how) == folder
    assert state(folder) == before


@pytest.mark.parametrize(
    "how", [{"timestamps": "string"}, {"units": "physical"}, {"dialect": "port"}]
)
def test_files_in_another_style_are_refused(tmp_path, how):
    record = physical_record(signals(seconds=2))
    folder = writer.write(record, tmp_path, dialect="classic")
    before = state(folder)
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        writer.write(record, tmp_path, **{"dialect": "classic", **how})
    assert state(folder) == before


def test_more_channels_join_those_that_are_there(tmp_path):
    record = physical_record(signals(seconds=2))
    folder = writer.write(record, tmp_path, channels=["ecg"])
    before = state(folder)
    writer.write(record, tmp_path)
    after = state(folder)
    assert before.pop(SUMS) != after[SUMS]
    assert before.items() < after.items()
    assert contents(folder) == contents(writer.write(record, tmp_path / "whole"))
    # The other way round, files would be left over.
    with pytest.raises(OutputExistsError, match="would not be written again"):
        writer.write(record, tmp_path, channels=["ecg"])
    assert state(folder) == after


def test_overwriting_leaves_no_file_of_the_other_dialect_but_those_of_others(tmp_path):
    record = physical_record(signals(seconds=2))
    folder = writer.write(record, tmp_path, dialect="classic", units="physical")
    (folder / "notes.txt").write_text("mine")
    writer.write(record, tmp_path, dialect="port", overwrite=True)
    names = {path.name for path in folder.iterdir()}
    assert "heart_rate.txt" in names
    assert "notes.txt" in names
    assert not {"heartrate.txt", "heartrate_bpm.txt", "ecg_mV.txt"} & names


def test_a_failure_midway_leaves_the_old_files(tmp_path):
    record = physical_record(signals(seconds=2))
    folder = writer.write(record, tmp_path)
    before = contents(folder)

    def pieces(_rows):
        yield record["activity"].iloc[:1]
        raise OSError("the source broke")

    broken = RecordData(
        "hexoskin",
        (START, START + 512),
        {"ecg": record["ecg"], "activity": LazyChannel(read=list, pieces=pieces)},
        facts=complete_facts(),
    )
    with pytest.raises(OSError, match="the source broke"):
        writer.write(broken, tmp_path, overwrite=True)
    assert contents(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["12345"]


# -- round trips -----------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["classic", "port"])
def test_what_was_written_comes_back_and_is_written_again_the_same(dialect, tmp_path):
    record = physical_record(signals())
    one = writer.write(record, tmp_path / "one", dialect=dialect)
    back = open_text(one)
    for name in record:
        pd.testing.assert_frame_equal(back[name], record[name], check_exact=True)
        assert back[name].attrs == record[name].attrs or record[name].empty
    assert (back.start_tick, back.end_tick) == (record.start_tick, record.end_tick)
    two = writer.write(back, tmp_path / "two", dialect=dialect)
    first, second = contents(one), contents(two)
    assert first.pop(SUMS) != second.pop(SUMS), "info.txt is another one"
    assert first.pop("info.txt") + provenance(back) == second.pop("info.txt")
    assert first == second


def provenance(record):
    listed = ", ".join(f'"{name}": "text"' for name in record)
    return f"provenance : {{{listed}}}\n".encode()


@pytest.mark.parametrize(
    "fmt",
    [
        None,
        pytest.param("%d/%m/%Y\t%H\t%M\t%S.%f", marks=pytest.mark.slow),
        pytest.param("%Y-%m-%dT%H:%M:%S.%f", marks=pytest.mark.slow),
    ],
)
def test_local_text_over_the_end_of_summer_time_comes_back_exactly(
    fmt, tmp_path, monkeypatch
):
    monkeypatch.setattr(textlines, "BLOCK_BYTES", 100_000)
    names = ("acceleration", "heart_rate", "rr_interval")
    record = physical_record(signals(seconds=3700, names=names))
    assert record.start.tz_convert(MONTREAL).utcoffset() == dt.timedelta(hours=-4)
    assert record.end.tz_convert(MONTREAL).utcoffset() == dt.timedelta(hours=-5)
    style = {} if fmt is None else {"timestamp_format": fmt}
    folder = writer.write(record, tmp_path, timestamps="string", tz=MONTREAL, **style)
    back = open_text(folder, tz=MONTREAL, **style)
    same_frames(back, record)
    again = open_text(folder, tz=MONTREAL, **style)
    pieces = list(again.pieces("acceleration", 10_000))
    assert max(map(len, pieces)) <= 10_000
    pd.testing.assert_frame_equal(pd.concat(pieces), record["acceleration"])


def test_an_hour_that_comes_twice_is_told_apart_in_every_block(tmp_path, monkeypatch):
    monkeypatch.setattr(textlines, "BLOCK_BYTES", 5_000)
    evening = 1_667_705_400 * 256  # 2022-11-06T03:30:00Z: the change is at 06:00
    ticks = [evening + 256 * number for number in range(1, 5 * 3600)]
    holes = [tick for n, tick in enumerate(ticks) if not 600 < n % 4000 < 700]
    frames = {"heart_rate": (holes, [70] * len(holes))}
    record = make_record("hexoskin", frames, span=(evening, ticks[-1]))
    folder = writer.write(record, tmp_path, timestamps="string", tz=MONTREAL)
    sizes = [len(piece) for piece in open_text(folder, tz=MONTREAL).pieces(19, 10**6)]
    same_frames(open_text(folder, tz=MONTREAL), record)
    assert max(sizes) < 12_000 < len(holes)
    assert len(sizes) > 20


def test_local_text_at_the_beginning_of_summer_time_comes_back_exactly(tmp_path):
    spring = 1_678_603_800 * 256  # 2023-03-12T06:50:00Z, ten minutes before the change
    ticks = [spring + 256 * number for number in range(1, 1500)]
    record = make_record(
        "hexoskin",
        {"heart_rate": (ticks, [60] * len(ticks))},
        span=(spring, spring + 256 * 1500),
    )
    folder = writer.write(record, tmp_path, timestamps="string", tz=MONTREAL)
    assert "03:00:00:000000" in (folder / "heartrate.txt").read_text()
    same_frames(open_text(folder, tz=MONTREAL), record)


def test_local_text_of_a_thousand_ticks_comes_back_exactly(tmp_path):
    ticks = [LATE + 4 * number for number in range(3000)]
    columns = [[count / 1000 for count in range(3000)]] * 3
    record = make_record("astroskin_1000", {"ecg": (ticks, *columns)})
    folder = writer.write(record, tmp_path, timestamps="string", tz=MONTREAL)
    same_frames(open_text(folder, tz=MONTREAL), record)


@pytest.mark.parametrize("zone", [None, "Asia/Kathmandu"])
def test_a_file_of_several_blocks_is_read_as_one(zone, tmp_path, monkeypatch):
    record = physical_record(signals(seconds=12))
    how = {} if zone is None else {"timestamps": "string", "tz": zone}
    folder = writer.write(record, tmp_path, **how)
    monkeypatch.setattr(textlines, "BLOCK_BYTES", 1000)
    same_frames(open_text(folder, tz=zone), record)
    assert not list(open_text(folder, tz=zone).pieces("step", 7))
    for name in ("ecg", "acceleration", "heart_rate", "rr_interval"):
        pieces = list(open_text(folder, tz=zone).pieces(name, 7))
        assert max(map(len, pieces)) <= 7
        assert min(map(len, pieces)) >= 1
        joined = pd.concat(pieces)
        pd.testing.assert_frame_equal(joined, record[name], check_exact=True)


@settings(max_examples=25)
@given(
    steps=st.lists(st.integers(1, 5000), min_size=3, max_size=60),
    start=st.integers(320_000_000_000, 500_000_000_000),
    data=st.data(),
)
def test_any_events_come_back(tmp_path_factory, steps, start, data):
    ticks = np.cumsum([start, *steps])
    numbers = st.floats(0, 1e6) | st.just(np.nan)
    values = data.draw(st.lists(numbers, min_size=len(ticks), max_size=len(ticks)))
    record = make_record(
        "hexoskin",
        {"inspiration": (ticks, values), "rr_interval": (ticks, values)},
        span=(start, int(ticks[-1])),
    )
    # With 12 digits, values that no count gives would lose some.
    root = tmp_path_factory.mktemp("any")
    folder = writer.write(record, root, dialect="port")
    back = open_text(folder, model="hexoskin")
    same_frames(back, record)
    again = writer.write(back, tmp_path_factory.mktemp("again"), dialect="port")
    names = ("inspiration.txt", "rrinterval.txt")
    assert [contents(folder)[n] for n in names] == [contents(again)[n] for n in names]


@settings(max_examples=25)
@given(
    counts=st.lists(st.integers(-32768, 32767), min_size=1, max_size=200),
    gap=st.integers(0, 10_000),
)
def test_any_counts_of_a_waveform_come_back(tmp_path_factory, counts, gap):
    half = len(counts) // 2
    ticks = [START + 4 * n + (gap if n > half else 0) for n in range(len(counts))]
    column = [count / 256 for count in counts]
    record = make_record("hexoskin", {"acceleration": (ticks, column, column, column)})
    folder = writer.write(record, tmp_path_factory.mktemp("any"))
    expected = slow_lines("acceleration", ticks, [counts] * 3)
    assert (folder / "acc.txt").read_bytes() == expected
    same_frames(open_text(folder), record)


# -- finding and naming ----------------------------------------------------------------


def test_a_folder_is_known_by_name_and_content(tmp_path):
    assert reader.sniff(put(tmp_path / "a", hr=f"{START}\t70\n", notes="hello\n"))
    assert reader.sniff(put(tmp_path / "b", ecg="2022:11:06\t01:00:00:000000\t1340\n"))
    assert not reader.sniff(put(tmp_path / "c", hr="hello\n"))
    assert not reader.sniff(put(tmp_path / "d", other=f"{START}\t70\n"))
    assert not reader.sniff(put(tmp_path / "e", ecg=b"RIFF\x00\x01\xff"))
    assert not reader.sniff(put(tmp_path / "f", ecg="", info="id : 5\n"))
    assert not reader.sniff(tmp_path / "nowhere")
    (tmp_path / "g").mkdir()
    assert not reader.sniff(tmp_path / "g")


def test_a_single_file_is_known_by_its_content(tmp_path):
    folder = put(
        tmp_path,
        heart_rate=f"{START}\t70\n",
        anything=f"{START}\t70\n",
        numbers="5\t70\n",
        table="time\tvalue\n1\t2\n",
        empty="",
    )
    assert reader.sniff(folder / "heart_rate.txt")
    assert reader.sniff(folder / "anything.txt")
    for name in ("numbers", "table", "empty"):
        assert not reader.sniff(folder / f"{name}.txt")
    back = open_text(folder / "heart_rate.txt")
    assert list(back) == ["heart_rate"]
    with pytest.raises(FileFormatError, match="anything"):
        open_text(folder / "anything.txt")


def test_a_record_without_a_sample_is_found_and_read(tmp_path):
    record = make_record(
        "hexoskin", {"ecg": ([], []), "heart_rate": ([], [])}, span=(START, START + 99)
    )
    folder = writer.write(record, tmp_path)
    assert reader.sniff(folder)
    back = open_text(folder)
    assert (back.start_tick, back.end_tick) == (START, START + 99)
    same_frames(back, record)


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("act1s", "activity"),
        ("hr", "heart_rate"),
        ("HR", "heart_rate"),
        ("mv", "minute_ventilation"),
        ("r_rr", "rr_interval"),
        ("batterylevel", "batt_st_channel_char"),
        ("step_count", "step"),
        ("rrintervalstatus", "rr_interval_quality"),
        ("nninterval", "nn_interval"),
        ("tidal_volume", "tidal_volume"),
    ],
)
def test_names_of_older_versions_mean_the_same_channels(name, channel, tmp_path):
    folder = put(tmp_path, **{name: lines_of([5, 6, 7], step=256)})
    back = open_text(folder, model="hexoskin")
    assert list(back) == [channel]
    assert len(back[channel]) == 3


def test_files_of_single_columns_become_one_channel(tmp_path):
    folder = put(
        tmp_path,
        AccX=lines_of([0.5, 0.25, 1.0], step=4),
        AccY=lines_of([-0.5, -0.25, -1.0], step=4),
        AccZ=lines_of([2.0, 3.0], step=4, start=START + 4),
        resp_thoracic=lines_of([7, 8, 9], step=2),
        ecg=lines_of([1340, 1341, 1342]),
    )
    back = open_text(folder)
    assert list(back) == ["ecg", "respiration", "acceleration"]
    expected = [[0.5, -0.5, np.nan], [0.25, -0.25, 2.0], [1.0, -1.0, 3.0]]
    np.testing.assert_array_equal(back["acceleration"].to_numpy(), expected)
    np.testing.assert_array_equal(
        back["respiration"].to_numpy(), [[7, np.nan], [8, np.nan], [9, np.nan]]
    )
    assert len(list(back.pieces("acceleration", 2))) == 2


def test_files_that_mean_no_channel_are_named_in_one_warning(tmp_path):
    folder = put(
        tmp_path,
        heart_rate=lines_of([70, 71, 72], step=256),
        annot=lines_of([1]),
        button_annot="",
        resp_thor=lines_of([1, 2, 3], step=2),
        respiration=lines_of(["1\t2", "3\t4", "5\t6"], step=2),
    )
    with pytest.warns(SkippedChannelWarning) as caught:
        back = open_text(folder)
    assert len(caught) == 1
    for name in ("annot.txt", "button_annot.txt", "resp_thor.txt"):
        assert name in str(caught[0].message)
    assert list(back) == ["respiration", "heart_rate"]


def test_channels_that_were_not_asked_for_are_not_read(tmp_path):
    folder = put(
        tmp_path,
        heart_rate=lines_of([70, 71, 72], step=256),
        activity=lines_of([0.5, "broken", 0.5], step=256),
    )
    back = open_text(folder, channels=["heart_rate"])
    assert list(back) == ["heart_rate"]
    lazy = open_text(folder)
    assert not lazy.is_read("activity")
    assert lazy["heart_rate"]["heart_rate"].tolist() == [70, 71, 72]
    with pytest.raises(FileFormatError, match="line 2"):
        lazy["activity"]


# -- model, clock and zone -------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "family"),
    [
        ({"heart_rate": "70"}, "hexoskin"),
        ({"ecg": "1340", "heartrate": "70"}, "hexoskin"),
        ({"ecg": "1340\t1000\t-340"}, "astroskin_256"),
        ({"ecg": "1340", "spo2": "97"}, "astroskin_256"),
        ({"heartrate": "70", "ppg": "32768"}, "astroskin_256"),
        ({"heartrate": "70", "temperature": "30.5"}, "astroskin_256"),
        ({"heartrate": "70", "ptt": "0.25"}, "astroskin_256"),
    ],
)
def test_the_model_shows_in_names_and_content(files, family, tmp_path):
    folder = put(tmp_path, **{name: f"{START}\t{v}\n" for name, v in files.items()})
    assert open_text(folder).family == family


def test_the_clock_shows_in_the_size_of_the_ticks(tmp_path):
    back = open_text(put(tmp_path, heartrate=f"{LATE}\t70\n"))
    assert (back.family, back.clock) == ("astroskin_1000", 1000)
    assert back["heart_rate"].index[0] == pd.Timestamp("2023-08-07T01:25:18Z")


def test_a_model_that_nothing_shows_is_asked_for(tmp_path):
    folder = put(tmp_path, heartrate=f"{START}\t70\n", activity="")
    with pytest.raises(ConfigurationError, match="model='hexoskin'"):
        open_text(folder)
    assert open_text(folder, model="CHA3000").family == "astroskin_256"
    assert open_text(folder, model="hexoskin").family == "hexoskin"
    with pytest.raises(ConfigurationError, match="unknown model"):
        open_text(folder, model="fitbit")
    with pytest.raises(ConfigurationError, match="ticks a second"):
        open_text(folder, model="astroskin_1000")


def test_a_folder_of_the_script_without_files_of_an_astroskin_is_a_hexoskin(tmp_path):
    names = "activity cadence heartrate minuteventilation vt breathingrate hr_quality"
    names += " br_quality inspiration expiration batt step rrinterval qrs"
    files = dict.fromkeys(names.split(), "") | {"heartrate": f"{START}\t70\n"}
    assert open_text(put(tmp_path / "a", **files)).family == "hexoskin"
    files |= dict.fromkeys(("spo2", "spo2_quality", "systolicpressure", "ptt"), "")
    assert open_text(put(tmp_path / "b", **files)).family == "astroskin_256"


def test_info_says_the_model_that_names_do_not_show(tmp_path):
    ticks = [START + 256, START + 512]
    record = make_record("astroskin_256", {"heart_rate": (ticks, [70, 71])})
    for how in ({}, {"timestamps": "string"}):
        folder = writer.write(record, tmp_path, overwrite=True, **how)
        assert open_text(folder, tz="UTC").family == "astroskin_256"


def test_local_text_without_a_zone_is_refused(tmp_path):
    folder = put(tmp_path, heart_rate="2022:11:04\t19:29:50:000000\t70\n")
    with pytest.raises(ConfigurationError, match="tz='America/Montreal'"):
        open_text(folder)
    back = open_text(folder, tz=MONTREAL)
    assert back["heart_rate"].index[0] == pd.Timestamp("2022-11-04T23:29:50Z")
    with pytest.raises(ConfigurationError, match="such as America/Montreal"):
        open_text(folder, tz="Montreal")


def test_the_clock_of_text_shows_in_its_microseconds(tmp_path):
    at = "2022:11:04\t19:29:50"
    folder = put(tmp_path / "a", ecg=f"{at}:003906\t1\t2\t3\n{at}:007812\t1\t2\t3\n")
    assert open_text(folder, tz="UTC").family == "astroskin_256"
    folder = put(tmp_path / "b", ecg=f"{at}:004000\t1\t2\t3\n{at}:008000\t1\t2\t3\n")
    assert open_text(folder, tz="UTC").family == "astroskin_1000"
    folder = put(tmp_path / "c", spo2=f"{at}:000000\t97\n")
    with pytest.raises(ConfigurationError, match="256 and one of 1000"):
        open_text(folder, tz="UTC")
    assert open_text(folder, tz="UTC", model="astroskin_1000").clock == 1000
    folder = put(tmp_path / "d", ecg=f"{at}:005500\t1\t2\t3\n")
    with pytest.raises(FileFormatError, match="do not fit"):
        open_text(folder, tz="UTC")


def test_files_with_different_stamps_are_not_one_record(tmp_path):
    folder = put(
        tmp_path / "a",
        heart_rate=f"{START}\t70\n",
        activity="2022:11:04\t19:29:50:000000\t0.5\n",
    )
    with pytest.raises(FileFormatError, match="one record has one form"):
        open_text(folder, tz="UTC")
    folder = put(tmp_path / "b", heart_rate=f"{START}\t70\n", activity=f"{LATE}\t0.5\n")
    with pytest.raises(FileFormatError, match="not of one record"):
        open_text(folder)


# -- lines -----------------------------------------------------------------------------


def test_ticks_as_floats_and_with_exponents_are_read(tmp_path):
    body = "384700526436.0\t70\n384700526692\t71\n3.84700526948E+11\t72\n"
    frame = open_text(put(tmp_path, heart_rate=body))["heart_rate"]
    expected = ticks_to_index([384700526436 + 256 * n for n in range(3)], clock=256)
    assert frame.index.equals(expected)
    assert frame["heart_rate"].tolist() == [70, 71, 72]


def test_lines_of_another_system_are_read(tmp_path):
    body = lines_of([70, "None", 71.5], step=256).replace("\n", "\r\n")
    frame = open_text(put(tmp_path, heart_rate=body))["heart_rate"]
    np.testing.assert_array_equal(frame["heart_rate"], [70, np.nan, 71.5])


def test_a_byte_order_mark_is_no_part_of_the_first_stamp(tmp_path):
    body = lines_of([70, 71, 72], step=256)
    frame = open_text(put(tmp_path / "plain", heart_rate=body))["heart_rate"]
    marked = put(tmp_path / "marked", heart_rate="\ufeff" + body)
    assert open_text(marked)["heart_rate"].equals(frame)
    put(tmp_path / "marked", heart_rate=f"\ufeff{body}hello\t70\n{body}")
    with pytest.raises(FileFormatError, match="line 4: found 'hello"):
        open_text(marked)["heart_rate"]


GOOD = "".join(f"{START + 256 * n}\t{70 + n}\n" for n in range(4))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"{START + 1024}\t70\t71\n", r"70\\t71"),
        (f"{START + 1024}\n", str(START + 1024)),
        (f"{START + 1024}\tabc\n", "abc"),
        (f"{START + 1024}\t\n", r"\\t"),
        ("\n", "''"),
        ("hello\t70\n", "hello"),
        (f"{START + 1024} 70\n", " 70"),
    ],
)
def test_a_broken_line_is_named(line, found, tmp_path):
    body = GOOD + line + f"{START + 1280}\t75\n"
    put(tmp_path, heart_rate=body)
    with pytest.raises(
        FileFormatError, match=r"heart_rate\.txt: line 5: found"
    ) as caught:
        open_text(tmp_path)["heart_rate"]
    assert re.search(found, str(caught.value))
    assert "a tick and 1 value (a number or None)" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"{START + 1024}.5\t70\n", "line 5: .*no whole number"),
        ("None\t70\n", "line 5"),
        (f"{START + 1024}\tinf\n", "line 5: the value is infinite"),
        ("70\t70\n", "line 5: .*2000 to 2100"),
        (f"{START + 700}\t70\n", "line 5: tick .* must not go back"),
        (f"{START + 768}\t99\n", r"line 5: tick .* comes twice.*73.*99"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(line, why, tmp_path):
    put(tmp_path, heart_rate=GOOD + line)
    with pytest.raises(FileFormatError, match=rf"heart_rate\.txt: {why}"):
        open_text(tmp_path)["heart_rate"]


@pytest.mark.parametrize("size", [60, 1 << 19])
def test_a_broken_line_has_its_number_in_every_block(size, tmp_path, monkeypatch):
    monkeypatch.setattr(textlines, "BLOCK_BYTES", size)
    body = lines_of([70] * 40, step=256)
    for number, bad in ((1, "x\ty\n"), (23, f"{START}\t5\n"), (40, "x\ty\n")):
        lines = body.splitlines(keepends=True)
        lines.insert(number, bad)
        folder = put(tmp_path / str(number), heart_rate="".join(lines))
        with pytest.raises(FileFormatError, match=f"line {number + 1}: "):
            open_text(folder)["heart_rate"]


def test_broken_local_text_is_named(tmp_path):
    at = "2022:11:04\t19:29:50:000000\t70\n"
    for body, why in (
        (at + "2022:13:04\t19:29:51:000000\t70\n", "line 2: '2022:13:04"),
        (at + "2022:11:04 19:29:51:000000\t70\n", "line 2: found"),
        (at + "2022:11:04\t19:29:51:000000\tx\n", "line 2: found"),
        (at + "2022:11:04\t19:29:51:001\t70\n", "line 2: .*between two ticks"),
    ):
        folder = put(tmp_path, heart_rate=body)
        with pytest.raises(FileFormatError, match=rf"heart_rate\.txt: {why}"):
            open_text(folder, tz=MONTREAL, model="hexoskin")["heart_rate"]


def test_the_number_of_columns_belongs_to_the_channel(tmp_path):
    folder = put(tmp_path, acceleration=lines_of(["1.0\t2.0"] * 3, step=4))
    with pytest.raises(FileFormatError, match="3 of acceleration"):
        open_text(folder, model="hexoskin")
    folder = put(tmp_path, acceleration=lines_of(["1.0"] * 3, step=4))
    with pytest.raises(FileFormatError, match="3 of acceleration"):
        open_text(folder, model="hexoskin")
    folder = put(tmp_path / "ecg", ecg=lines_of(["1\t2\t3"] * 3))
    with pytest.raises(FileFormatError, match="is model="):
        open_text(folder, model="hexoskin")
    folder = put(tmp_path / "one", ecg=lines_of([1340] * 3))
    frame = open_text(folder, model="astroskin_256")["ecg"]
    assert frame["ecg_i"].tolist() == [np.float32(-0.128)] * 3
    assert frame["ecg_iii"].isna().all()


# -- repeated, thinned and cut ---------------------------------------------------------


@pytest.mark.parametrize("size", [50, 1 << 19])
def test_border_samples_that_came_twice_are_dropped_and_counted(
    size, tmp_path, monkeypatch
):
    monkeypatch.setattr(textlines, "BLOCK_BYTES", size)
    lines = lines_of(range(30), step=256).splitlines(keepends=True)
    doubled = [*lines[:10], *lines[9:20], *lines[19:], lines[-1]]
    back = open_text(put(tmp_path, heart_rate="".join(doubled)))
    assert back.receipt("heart_rate").samples == 33
    assert back["heart_rate"]["heart_rate"].tolist() == list(range(30))
    assert back.receipt("heart_rate").samples == 30
    assert back.survey("heart_rate").duplicates == 3
    assert back.survey("heart_rate").received == 30


def test_a_missing_value_that_came_twice_is_a_repeated_line(tmp_path):
    body = lines_of([70, "None"], step=256) + lines_of(["None", 71], start=START + 256)
    back = open_text(put(tmp_path, heart_rate=body))
    assert back.survey("heart_rate").duplicates == 1
    assert len(back["heart_rate"]) == 3


def test_two_events_may_share_a_tick(tmp_path):
    body = f"{START}\t5\n{START}\t6\n{START}\t6\n{START + 9}\t7\n"
    folder = put(tmp_path, inspiration=body, heart_rate="")
    frame = open_text(folder)["inspiration"]
    assert frame["inspiration"].tolist() == [5, 6, 7]


def test_samples_that_the_service_thinned_are_refused(tmp_path):
    folder = put(
        tmp_path,
        ecg=lines_of([1340] * 100, step=5),
        heart_rate=lines_of([70] * 3, step=256),
    )
    with pytest.raises(
        IncompleteDataError, match=r"ecg\.txt has a sample every 5 ticks"
    ):
        open_text(folder)
    with pytest.raises(IncompleteDataError) as caught:
        open_text(folder)
    assert caught.value.ledger["ecg"].expected == 496
    assert open_text(folder, channels=["heart_rate"])["heart_rate"].shape == (3, 1)
    with pytest.warns(MissingSamplesWarning, match="every 5 ticks"):
        back = open_text(folder, allow_partial=True)
    survey = back.survey("ecg")
    assert (survey.expected, survey.received, survey.tick_step) == (496, 100, 5)


def test_samples_that_are_thinned_further_down_are_refused_too(tmp_path):
    head = lines_of([1340] * 2000)
    tail = lines_of([1340] * 9000, step=5, start=START + 2000)
    folder = put(tmp_path, ecg=head + tail)
    back = open_text(folder)
    with pytest.raises(IncompleteDataError, match="further apart"):
        back["ecg"]
    with pytest.raises(IncompleteDataError, match="further apart"):
        list(open_text(folder).pieces("ecg"))
    assert len(open_text(folder, allow_partial=True)["ecg"]) == 11_000


def test_a_hole_is_not_taken_for_thinning(tmp_path):
    body = lines_of([70] * 5, step=256) + lines_of(
        [71] * 5, step=256, start=START + 9999
    )
    survey = open_text(put(tmp_path, heart_rate=body)).survey("heart_rate")
    assert [gap.kind for gap in survey.gaps] == ["missing"]


def test_a_file_that_was_cut_is_refused(tmp_path):
    folder = put(tmp_path, heart_rate=GOOD + f"{START + 1024}\t7")
    with pytest.raises(IncompleteDataError, match="middle of a line"):
        open_text(folder)
    with pytest.warns(MissingSamplesWarning, match="middle of a line"):
        back = open_text(folder, allow_partial=True)
    assert back["heart_rate"]["heart_rate"].tolist() == [70, 71, 72, 73]
    folder = put(tmp_path / "short", heart_rate=f"{START}\t7", activity=GOOD)
    with pytest.warns(MissingSamplesWarning):
        assert open_text(folder, allow_partial=True)["heart_rate"].empty


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    folder = put(tmp_path, heart_rate=GOOD)
    back = open_text(folder)
    put(tmp_path, heart_rate=GOOD[:20])
    with pytest.raises(SourceChangedError, match="changed since"):
        back["heart_rate"]
    (folder / "heart_rate.txt").unlink()
    with pytest.raises(SourceChangedError, match="is gone"):
        open_text_again(back)


def open_text_again(record):
    return record["heart_rate"]


# -- span ------------------------------------------------------------------------------


def test_without_info_the_record_lasts_from_the_first_to_the_last_sample(tmp_path):
    folder = put(
        tmp_path,
        ecg=lines_of([1340] * 600),
        heart_rate=lines_of([70, 71], step=256, start=START + 256),
    )
    back = open_text(folder)
    assert (back.start_tick, back.end_tick) == (START, START + 600)
    assert [gap.kind for gap in back.survey("heart_rate").gaps] == []


def test_info_says_the_span_and_no_sample_is_left_out(tmp_path):
    folder = put(
        tmp_path,
        ecg=lines_of([1340] * 600),
        info=f"start : {START - 256}\nend : {START + 500}\n",
    )
    back = open_text(folder)
    assert (back.start_tick, back.end_tick) == (START - 256, START + 500)
    assert len(back["ecg"]) == 600


@pytest.mark.parametrize(
    ("wrong", "offset"),
    [
        ("UTC", r"UTC-04:00"),
        ("America/Chicago", r"UTC-04:00"),
        ("Asia/Kathmandu", r"UTC-04:00"),
        ("America/Halifax", r"UTC-04:00"),
    ],
)
def test_a_zone_that_info_contradicts_is_refused(wrong, offset, tmp_path):
    begin = START - 9000 * 256
    frames = {"heart_rate": ([begin + 256 * n for n in range(1, 61)], [70] * 60)}
    record = make_record("hexoskin", frames, span=(begin, begin + 60 * 256))
    folder = writer.write(record, tmp_path, timestamps="string", tz=MONTREAL)
    with pytest.raises(ConfigurationError, match=re.escape(offset)) as caught:
        open_text(folder, tz=wrong)
    for said in (wrong, "2022-11-06T03:28:04", "tz=", "info.txt"):
        assert said in str(caught.value)
    same_frames(open_text(folder, tz="America/New_York"), record)


def test_a_time_that_no_zone_explains_is_refused_too(tmp_path):
    begin = START - 9000 * 256
    frames = {"heart_rate": ([begin + 256, begin + 512], [70, 71])}
    record = make_record("hexoskin", frames, span=(begin, begin + 512))
    folder = writer.write(record, tmp_path, timestamps="string", tz=MONTREAL)

    def opened(start, end):
        put(folder, info=f"start : {start}\nend : {end}\n")
        return open_text(folder, tz=MONTREAL, model="hexoskin")

    # Seconds are no zone, and a year is none either.
    late = opened(begin + 300, begin + 400)
    assert (late.start_tick, len(late["heart_rate"])) == (begin + 300, 2)
    year = 365 * 86_400 * 256
    with pytest.raises(ConfigurationError, match=r"give another tz=.*info\.txt"):
        opened(begin - year, begin - year + 512)


def test_a_zone_that_the_activities_contradict_is_refused(tmp_path):
    record = facts_record(ranges=ranges(TWO_RANGES))
    folder = writer.write(record, tmp_path, timestamps="string", tz="Europe/Berlin")
    put(folder, info="id : 12345\n")
    open_text(folder, tz="Europe/Berlin", model="hexoskin")
    with pytest.raises(ConfigurationError, match=r"annotations\.txt.*tz="):
        open_text(folder, tz="UTC", model="hexoskin")


def test_ticks_are_not_asked_for_a_zone(tmp_path):
    far = "start : 416934856761\nend : 416934857273\n"
    folder = put(tmp_path, heart_rate=lines_of([70, 71], step=256), info=far)
    assert len(open_text(folder)["heart_rate"]) == 2


def test_files_without_samples_and_without_bounds_are_refused(tmp_path):
    with pytest.raises(FileFormatError, match="nothing tells when"):
        open_text(put(tmp_path, heart_rate="", info="id : 5\n"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError, match="found none"):
        open_text(tmp_path / "empty")
    with pytest.raises(FileFormatError, match="expected a tick"):
        open_text(put(tmp_path / "prose", heart_rate="Dear reader,\n"))


# -- info, annotations, track ----------------------------------------------------------


def ranges(rows):
    return facts_table("ranges", rows, clock=256)


TWO_RANGES = [
    {
        "rank": 1,
        "start": START,
        "end": START + 2560,
        "id": 61495,
        "name": "Sleep",
        "trainingroutine": "/api/trainingroutine/12/",
        "note": "slept well",
    },
    {"rank": None, "start": START + 5, "end": START + 9, "id": 7, "name": "Rest"},
]


def facts_record(**facts):
    known = {
        "info": {"id": 12345, "email": "someone@example.org"},
        "ranges": facts_table("ranges"),
        "track": facts_table("track"),
        **facts,
    }
    return make_record(
        "hexoskin", {"heart_rate": ([START + 256], [70])}, facts=Facts(**known)
    )


def test_ranges_are_written_as_the_old_script_writes_annotations(tmp_path):
    record = facts_record(ranges=ranges(TWO_RANGES))
    folder = writer.write(record, tmp_path)
    assert (folder / "annotations.txt").read_bytes() == (
        "rank\tstart\tend\tid\tname\ttrainingroutine\tnote\n"
        f"1\t{START}\t{START + 2560}\t61495\tSleep\t/api/trainingroutine/12/\t"
        "slept well\t\n"
        f"None\t{START + 5}\t{START + 9}\t7\tRest\tNone\tNone\t\n"
    ).encode()
    back = open_text(folder)
    pd.testing.assert_frame_equal(back.facts.ranges, record.facts.ranges)


@pytest.mark.parametrize("notes", [("",), ("", ""), ("", "slept"), ("slept", "")])
def test_ranges_whose_note_is_empty_are_written_and_read(tmp_path, notes):
    rows = [{**TWO_RANGES[0], "note": note} for note in notes]
    record = facts_record(ranges=ranges(rows))
    folder = writer.write(record, tmp_path)
    back = open_text(folder)
    pd.testing.assert_frame_equal(back.facts.ranges, record.facts.ranges)


def test_ranges_are_written_as_ticks_beside_samples_with_text(tmp_path):
    record = facts_record(ranges=ranges(TWO_RANGES))
    folder = writer.write(record, tmp_path, timestamps="string", tz="Europe/Berlin")
    lines = (folder / "annotations.txt").read_text().splitlines()
    assert lines[1].startswith(f"1\t{START}\t{START + 2560}\t61495\tSleep")
    back = open_text(folder, tz="Europe/Berlin")
    pd.testing.assert_frame_equal(back.facts.ranges, record.facts.ranges)


def test_ranges_in_local_time_are_read_too(tmp_path):
    record = facts_record(ranges=ranges(TWO_RANGES))
    folder = writer.write(record, tmp_path, timestamps="string", tz="Europe/Berlin")
    stamp = local_stamp(256, "Europe/Berlin")
    body = (folder / "annotations.txt").read_text()
    for row in TWO_RANGES:
        for tick in (row["start"], row["end"]):
            body = body.replace(f"\t{tick}\t", f"\t{stamp(tick)}\t")
    put(folder, annotations=body)
    assert str(START) not in body
    back = open_text(folder, tz="Europe/Berlin")
    pd.testing.assert_frame_equal(back.facts.ranges, record.facts.ranges)


def test_ranges_of_older_files_have_no_header(tmp_path):
    body = f"2\t{START}.0\t{START + 9}\t8\tRun\tNone\ttwo\nlines\tand a tab\t\n"
    other = f"1\t{START}\t{START + 9}\t7\tRest\tNone\tNone\t\n"
    folder = put(tmp_path, heart_rate=GOOD, annotations=body + other)
    found = open_text(folder).facts.ranges
    assert found["rank"].tolist() == [2, 1]
    assert found["note"].iloc[0] == "two\nlines\tand a tab"
    assert pd.isna(found["note"].iloc[1])
    assert found["start"].iloc[0] == ticks_to_index([START], clock=256)[0]


@pytest.mark.parametrize(
    "body",
    ["1\t2\n", "1\tx\ty\t5\ta\tb\tc\t\n", f"x\t{START}\t{START}\t5\ta\tb\tc\t\n"],
)
def test_a_broken_range_is_named(body, tmp_path):
    folder = put(
        tmp_path, heart_rate=GOOD, annotations="rank\tstart\tend\tid\tname\t\n" + body
    )
    with pytest.raises(FileFormatError, match=r"annotations\.txt: line 2: "):
        open_text(folder)


def test_tabs_in_a_note_become_spaces(tmp_path):
    rows = [{**TWO_RANGES[0], "name": "a\tb", "note": "one\ntwo\r\n"}]
    folder = writer.write(facts_record(ranges=ranges(rows)), tmp_path)
    found = open_text(folder).facts.ranges
    assert found["name"].tolist() == ["a b"]
    assert found["note"].tolist() == ["one two  "]


def test_an_empty_annotations_file_of_an_old_version_says_nothing(tmp_path):
    folder = put(tmp_path, heart_rate=GOOD, annotations="", info="", track="")
    facts = open_text(folder).facts
    assert facts.ranges is None
    assert facts.info == {"provenance": {"heart_rate": "text"}}
    assert facts.track.empty


def test_gps_points_are_written_and_read(tmp_path):
    track = facts_table(
        "track",
        [
            {
                "time": "2022-11-06T05:58:05Z",
                "altitude": 41.5,
                "longitude": -73.5,
                "latitude": 45.25,
                "horizontal_accuracy": 5,
            },
            {"time": "2022-11-06T05:58:06.250Z", "longitude": -73.5, "latitude": 45.0},
        ],
    )
    folder = writer.write(facts_record(track=track), tmp_path)
    assert (folder / "track.txt").read_bytes() == (
        b"2022-11-06T05:58:05\t41.5\t-73.5\t45.25\t5.0\n"
        b"2022-11-06T05:58:06.250000\tNone\t-73.5\t45.0\tNone\n"
    )
    pd.testing.assert_frame_equal(open_text(folder).facts.track, track)
    put(folder, track="2022-11-06T05:58:05\t41.5\tx\t45.25\t5.0\n")
    with pytest.raises(FileFormatError, match=r"track\.txt: line 1: "):
        open_text(folder)


def test_no_gps_points_are_an_empty_file(tmp_path):
    folder = writer.write(facts_record(), tmp_path)
    assert (folder / "track.txt").read_bytes() == b""
    header = b"rank\tstart\tend\tid\tname\ttrainingroutine\tnote\n"
    assert (folder / "annotations.txt").read_bytes() == header


def test_info_is_one_line_a_key(tmp_path):
    info = {"id": 12345, "email": "someone@example.org", "device": "HXSKIN1200001773"}
    folder = writer.write(facts_record(info=info), tmp_path)
    assert (folder / "info.txt").read_text() == (
        "id : 12345\nemail : someone@example.org\ndevice : HXSKIN1200001773\n"
        f"start : {START}\nend : {START + 512}\nmodel : hexoskin\n"
    )
    back = open_text(folder)
    assert back.id == 12345
    assert back.facts.info["provenance"] == {"heart_rate": "text"}


def test_info_names_the_user_as_the_old_script_does(tmp_path):
    info = {"id": 12345, "email": "someone@example.org", "user_id": 20001}
    for dialect, line in (
        ("classic", "user : <hexoskin.client.account: 20001>\n"),
        ("port", ""),
    ):
        root = tmp_path / dialect
        folder = writer.write(facts_record(info=info), root, dialect=dialect)
        assert (folder / "info.txt").read_text() == (
            "id : 12345\nemail : someone@example.org\nuser_id : 20001\n"
            f"{line}start : {START}\nend : {START + 512}\nmodel : hexoskin\n"
        )
    old = put(tmp_path / "old", ecg=lines_of([5]), info="user : <a.b.account: 1511>\n")
    back = open_text(old)
    assert back.facts.info["user_id"] == 1511
    with pytest.warns(MissingFactsWarning):
        folder = writer.write(back, tmp_path / "again", dialect="port")
    assert "user : <hexoskin.client.user: 1511>" in (folder / "info.txt").read_text()


def test_info_of_the_old_script_is_read():
    body = (
        "id : 37700\r\nstart : 359840226870.0\r\nstatus : complete\r\n"
        "user : <hexoskin.client.ApiHandler.user: 1511>\r\ndata_status : {}\r\n"
        "firmware_rev : 1.0.5\r\nsoft_protocole : 0\r\ndevices : ['a', None]\r\n"
        "metrics : None\r\nnote : one : two\r\nthree\r\n"
    )
    assert parse_info(body) == {
        "id": 37700,
        "start": 359840226870.0,
        "status": "complete",
        "user": "<hexoskin.client.ApiHandler.user: 1511>",
        "data_status": {},
        "firmware_rev": "1.0.5",
        "soft_protocole": 0,
        "devices": ["a", None],
        "metrics": None,
        "note": "one : two\nthree",
        "user_id": 1511,
    }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=5,
)


@example({"a :": None, "b": "c :"})
@given(st.dictionaries(st.text(min_size=1), JSON, max_size=6))
def test_any_info_comes_back(info):
    assert parse_info(info_text(info)) == info


@given(st.text())
def test_any_text_is_some_info(body):
    parse_info(body)


# -- the table -------------------------------------------------------------------------


def test_every_name_of_api_9_is_known():
    old = """
        AccX AccY AccZ ecg resp_thoracic resp_abdo ppg act1s hr mv vt r_rr hr_quality
        br_quality spo2_quality o2_saturation blood_pressure inspiration expiration
        batterylevel step_count qrs qrs_amplitude ptt acceleration respiration
        temperature activity cadence heartrate minuteventilation breathingrate spo2
        systolicpressure batt step rrinterval acc resp rrintervalstatus heart_rate
        minute_ventilation breathing_rate nninterval resp_thor
    """
    assert set(old.lower().split()) <= all_names()


def test_temperature_is_celsius_in_the_old_files():
    assert names_of("astroskin_256")["temperature"].rows[0].id == 81


def test_no_warning_comes_from_a_good_folder(tmp_path):
    record = physical_record(signals(seconds=3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folder = writer.write(record, Path(tmp_path))
        same_frames(open_text(folder, channels=["ecg"]), {"ecg": record["ecg"]})


@pytest.mark.parametrize(
    "name", ["hexoskin-256696", "hexoskin-258583", "astroskin-122445"]
)
def test_a_real_record_goes_to_text_and_back(name, real_data, tmp_path):
    path = real_data / "exports" / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkippedChannelWarning)
        record = archive.read(path, ReadOptions(allow_partial=True))
    with pytest.warns(MissingFactsWarning):
        folder = writer.write(record, tmp_path)
    back = open_text(folder)
    assert (back.start_tick, back.end_tick) == (record.start_tick, record.end_tick)
    same_frames(back, record)


# -- checksums -------------------------------------------------------------------------


def test_the_list_of_checksums_is_that_of_sha256sum(tmp_path):
    folder = writer.write(physical_record(signals(seconds=2)), tmp_path)
    listed = (folder / SUMS).read_text().splitlines()
    names = sorted(path.name for path in folder.glob("*.txt"))
    expected = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}"
        for name in names
    ]
    assert listed == expected


def two_recordings(root):
    """The files of two recordings, of equal names and lengths, in another style."""
    one, other = signals(seconds=2), signals(seconds=2)
    ticks, *columns = other["heart_rate"]
    other["heart_rate"] = (ticks, *(np.asarray(column) + 256 for column in columns))
    return (
        writer.write(physical_record(one), root / "one"),
        writer.write(physical_record(other), root / "other"),
    )


def test_a_mixture_of_two_recordings_is_refused(tmp_path):
    one, other = two_recordings(tmp_path)
    mixed = other / "heartrate.txt"
    mixed.write_bytes((one / "heartrate.txt").read_bytes())
    record = open_text(other)
    assert len(record["ecg"]), "the other channels are as they were written"
    message = r"heartrate\.txt is not what was written.*hexoframe\.sha256"
    with pytest.raises(FileFormatError, match=message):
        record["heart_rate"]
    with pytest.raises(FileFormatError, match=message):
        list(open_text(other).pieces("heart_rate"))
    with pytest.raises(FileFormatError, match=message):
        open_text(mixed, model="hexoskin")["heart_rate"]
    with pytest.warns(MissingSamplesWarning, match=message):
        open_text(other, allow_partial=True)["heart_rate"]
    (other / SUMS).unlink()
    assert len(open_text(other)["heart_rate"]) == 2, "older folders open as before"


@pytest.mark.parametrize("name", ["info.txt", "annotations.txt", "rrinterval.txt"])
def test_facts_and_empty_files_of_another_recording_are_refused(tmp_path, name):
    one, other = two_recordings(tmp_path)
    (one / name).write_bytes(b"")
    (other / name).write_bytes((one / name).read_bytes())
    with pytest.raises(FileFormatError, match=f"{name} is not what was written"):
        open_text(other)


def test_a_folder_that_lacks_files_or_has_others_is_refused(tmp_path):
    folder, _ = two_recordings(tmp_path)
    moved = (folder / "heartrate.txt").rename(folder / "heart_rate.txt")
    with pytest.raises(FileFormatError, match=r"heart_rate\.txt not in hexoframe"):
        open_text(folder)
    moved.unlink()
    with pytest.raises(IncompleteDataError, match=r"heartrate\.txt missing"):
        open_text(folder)
    with pytest.warns(MissingSamplesWarning, match=r"heartrate\.txt missing"):
        record = open_text(folder, allow_partial=True)
    assert "heart_rate" not in record
    assert "ecg" in record


def test_a_folder_that_lacks_its_facts_is_refused(tmp_path):
    folder, _ = two_recordings(tmp_path)
    (folder / "info.txt").unlink()
    (folder / "info.txt").symlink_to("nowhere")
    with pytest.raises(IncompleteDataError, match=r"info\.txt missing"):
        open_text(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_place_of_the_checksums_is_not_waited_for(tmp_path):
    folder, _ = two_recordings(tmp_path)
    (folder / SUMS).unlink()
    os.mkfifo(folder / SUMS)
    with pytest.raises(FileFormatError, match=r"hexoframe\.sha256 is no file"):
        open_text(folder)


def test_a_damaged_list_of_checksums_is_named(tmp_path):
    folder, _ = two_recordings(tmp_path)
    (folder / SUMS).write_text("abc  ecg.txt\n")
    with pytest.raises(FileFormatError, match=r"hexoframe\.sha256, line 1: found 'abc"):
        open_text(folder)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "id : false",
            "id: expected a whole number or null|id: expected a whole number",
        ),
        ('id : {"a": 1}', 'id: expected a whole number.*"a"'),
        ("provenance : 5", "provenance: expected an object, found 5"),
    ],
)
def test_facts_of_other_types_are_refused_by_name(tmp_path, line, says):
    start = 426906774784
    (tmp_path / "heart_rate.txt").write_text(f"{start + 256}\t70\n{start + 512}\t71\n")
    info = f"start : {start}\nend : {start + 512}\n{line}\n"
    (tmp_path / "info.txt").write_text(info)
    with pytest.raises(FileFormatError, match=rf"info\.txt: {says}"):
        reader.read(tmp_path, ReadOptions())


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '["\\ud800"]', "{" * 9000 + "}" * 9000]
)
def test_a_fact_that_could_not_be_written_again_is_a_text(text):
    assert parse_info(f"note : {text}\n") == {"note": text}

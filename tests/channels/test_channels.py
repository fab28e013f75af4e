"""The channel table against the facts that are known of the API, and the look-up."""

from __future__ import annotations

import csv
import json
import re
from fractions import Fraction
from importlib.resources import files

import numpy as np
import pytest

import hexoframe
from hexoframe import channels as ch
from hexoframe.errors import ConfigurationError, UnknownChannelError

H, A, B = "hexoskin", "astroskin_256", "astroskin_1000"
EVERY = (H, A, B)
CLOCK = {H: 256, A: 256, B: 1000}
ALL_ROWS = [row for family in EVERY for row in ch.datatypes_of(family)]
SIGNALS = [row for row in ALL_ROWS if row.role == "signal"]

# What the vendor's documents, converters and real files say, set down here again by
# hand: id, API name, sampling rate in Hz on the 256-tick and the 1000-tick server
# (None: asynchronous), unit, gain and offset on either, signed, families.
W, S1, S300 = "waveform", (1, 1), (Fraction(1, 300), Fraction(1, 300))
NO = (None, None)
SAMPLED = [
    (4113, "ECG_I", (256, 250), "mV", (0.0064, -8.704), (0.001, 0), True, EVERY),
    (4114, "ECG_II", (256, 250), "mV", (0.0064, -8.704), (0.001, 0), True, (A, B)),
    (4115, "ECG_III", (256, 250), "mV", (0.0064, 0), (0.001, 0), True, (A, B)),
    (4129, "respiration_thoracic", (128, 125), "count", (1, 0), (1, 0), False, EVERY),
    (4130, "respiration_abdominal", (128, 125), "count", (1, 0), (1, 0), False, EVERY),
    (4145, "acceleration_X", (64, 50), "g", (1 / 256, 0), (1 / 256, 0), True, EVERY),
    (4146, "acceleration_Y", (64, 50), "g", (1 / 256, 0), (1 / 256, 0), True, EVERY),
    (4147, "acceleration_Z", (64, 50), "g", (1 / 256, 0), (1 / 256, 0), True, EVERY),
    (64, "PPG", (64, 75), "count", (1, 0), (1, 0), False, (A, B)),
    (49, "activity", S1, "g", (1 / 256, 0), (1 / 256, 0), False, EVERY),
    (54, "actigraphy", S1, "g", (1 / 256, 0), (1 / 256, 0), False, (B,)),
    (53, "cadence", S1, "spm", (1, 0), (1, 0), False, EVERY),
    (19, "heart_rate", S1, "bpm", (1, 0), (1, 0), False, EVERY),
    (1000, "heart_rate_quality", S1, "bits", (1, 0), (1, 0), False, EVERY),
    (33, "breathing_rate", S1, "rpm", (1, 0), (0.1, 0), False, EVERY),
    (1001, "breathing_rate_quality", S1, "bits", (1, 0), (1, 0), False, EVERY),
    (36, "minute_ventilation", S1, "mL/min", (13.28, 0), (1, 0), False, EVERY),
    (37, "tidal_volume", S1, "mL", (13.28, 0), (1, 0), False, EVERY),
    (38, "minute_ventilation_adjusted", S1, "mL/min", (10, 0), (10, 0), False, EVERY),
    (39, "tidal_volume_adjusted", S1, "mL", (1, 0), (1, 0), False, EVERY),
    (42, "energy_mifflin_keytel", S1, "W", (1, 0), (1, 0), False, EVERY),
    (65, "P_HR_CHANNEL_CHAR", S1, "bpm", (1, 0), (1, 0), False, (A, B)),
    (66, "SPO2", S1, "%", (1, 0), (1, 0), False, (A, B)),
    (1002, "SPO2_quality", S1, "bits", (1, 0), (1, 0), False, (A, B)),
    (80, "temperature", S1, "count", (1, 0), (1, 0), False, (A, B)),
    (81, "temperature_celcius", S1, "degC", (1 / 256, 0), (1 / 256, 0), True, (A, B)),
    (1003, "temperature_quality", S1, "bits", (1, 0), (1, 0), False, (A, B)),
    (338, "RESP_TMPR", S1, "degC", (0.01, 0), (0.01, 0), True, EVERY),
    (None, "coretemp", S1, "degC", (1 / 256, 0), (1 / 256, 0), True, ()),
    (98, "systolic_pressure", S1, "mmHg", (1, 0), (1, 0), False, EVERY),
    (99, "systolic_pressure_adjusted", S1, "mmHg", (1, 0), (1, 0), False, EVERY),
    (1005, "systolic_pressure_quality", S1, "bits", (1, 0), (1, 0), False, ()),
    (1006, "ECG_quality", S1, "bits", (1, 0), (1, 0), False, (B,)),
    (18, "RR_interval", NO, "s", (1 / 256, 0), (0.001, 0), False, EVERY),
    (1004, "RR_interval_quality", NO, "bits", (1, 0), (1, 0), False, EVERY),
    (318, "NN_interval", NO, "s", (1 / 256, 0), (0.001, 0), False, EVERY),
    (319, "RR_interval_realigned", NO, "s", (1 / 256, 0), (0.001, 0), False, ()),
    (97, "PTT", NO, "s", (1 / 256, 0), (0.001, 0), False, EVERY),
    (34, "inspiration", NO, "count", (1, 0), (1, 0), False, EVERY),
    (35, "expiration", NO, "count", (1, 0), (1, 0), False, EVERY),
    (52, "step", NO, "count", (1, 0), (1, 0), False, EVERY),
    (22, "QRS_AMP_CHANNEL_CHAR", NO, "count", (1, 0), (1, 0), False, EVERY),
    (247, "BATT_ST_CHANNEL_CHAR", NO, "count", (1, 0), (1, 0), False, EVERY),
    (269, "device_position", NO, "code", (1, 0), (1, 0), False, EVERY),
    (270, "sleep_position", NO, "code", (1, 0), (1, 0), False, EVERY),
    (280, "sleep_phase", NO, "code", (1, 0), (1, 0), False, EVERY),
    (271, "ANN", S300, "s", (1 / 4096, 0), (1 / 16000, 0), False, EVERY),
    (272, "SDNN", S300, "s", (1 / 4096, 0), (1 / 16000, 0), False, EVERY),
    (278, "RMSSD", S300, "s", (1 / 4096, 0), (1 / 16000, 0), False, EVERY),
    (273, "HRV_LF_normalized", S300, "%", (0.01, 0), (0.01, 0), False, EVERY),
    (274, "NN_over_RR", S300, "%", (0.01, 0), (0.01, 0), False, EVERY),
    (275, "HRV_triangular", S300, "1", (0.01, 0), (0.01, 0), False, EVERY),
    (276, "HRV_LF", S300, "ms^2", (0.1, 0), (0.1, 0), False, EVERY),
    (277, "HRV_HF", S300, "ms^2", (0.1, 0), (0.1, 0), False, EVERY),
    (None, "HRV_HF_normalized", S300, "%", (0.01, 0), (0.01, 0), False, EVERY),
]
# Numbers of the datatype list that name no channel of a record.
ELSE = {
    "container": {16, 32, 48},
    "local": {99999},
    "deprecated": {17, 20, 21, 50, 51, 260, 261, 262, 1019, 1049, 1053}
    | {1200, 1201, 1202, 1300},
    "annotation": {208, 209, 210, 211, 212, 213, 215, 4096, 4097, 4098},
    "internal": {241, 242, 243, 244, 245, 246},
    "position": {8192, 8193, 8194},
    "profile": set(range(10000, 10007))
    | {10102, 10103, 10104, 10106}
    | set(range(11001, 11010)),
}
# Files of the vendor's HxApi2_0, and of its port to Python 3 for a Hexoskin.
TXT = {
    "ecg": ("ecg", "ecg"),
    "respiration": ("resp", "respiration"),
    "acceleration": ("acc", "acceleration"),
    "ppg": ("ppg", "ppg"),
    "activity": ("activity", "activity"),
    "cadence": ("cadence", "cadence"),
    "heart_rate": ("heartrate", "heart_rate"),
    "minute_ventilation": ("minuteventilation", "minute_ventilation"),
    "tidal_volume": ("vt", "vt"),
    "breathing_rate": ("breathingrate", "breathing_rate"),
    "heart_rate_quality": ("hr_quality", "hr_quality"),
    "breathing_rate_quality": ("br_quality", "br_quality"),
    "spo2_quality": ("spo2_quality", "spo2_quality"),
    "spo2": ("spo2", "spo2"),
    "systolic_pressure": ("systolicpressure", "systolicpressure"),
    "inspiration": ("inspiration", "inspiration"),
    "expiration": ("expiration", "expiration"),
    "batt_st_channel_char": ("batt", "batt"),
    "step": ("step", "step"),
    "rr_interval": ("rrinterval", "rrinterval"),
    "rr_interval_quality": ("rrintervalstatus", "rrintervalstatus"),
    "nn_interval": ("nninterval", "nninterval"),
    "qrs_amp_channel_char": ("qrs", "qrs"),
    "temperature_celsius": ("temperature", "temperature"),
    "ptt": ("ptt", "ptt"),
}
# Values that the JSON answers carry scaled are printed as floats.
PRINTED_AS_FLOATS = {
    "acceleration_X",
    "acceleration_Y",
    "acceleration_Z",
    "activity",
    "minute_ventilation",
    "tidal_volume",
    "minute_ventilation_adjusted",
    "tidal_volume_adjusted",
    "RR_interval",
    "NN_interval",
    "PTT",
    "temperature_celcius",
    "RESP_TMPR",
}
FLAGS = {
    "heart_rate_quality": (1, 2, 4, 8, 16, 32),
    "breathing_rate_quality": (1, 2, 4, 8, 16, 32, 64),
    "spo2_quality": (4, 8, 16, 32, 64, 128),
    "rr_interval_quality": (1, 128),
    "ecg_quality": (1, 2, 4, 8, *(2**bit for bit in range(7, 16))),
    "systolic_pressure_quality": (1, 2, 4),
}
CODES = {
    "sleep_phase": {0: "undefined", 2: "nrem", 5: "rem", 6: "awake"},
    "sleep_position": {1: "p1", 2: "p2", 3: "p3", 4: "p4", 5: "p5"},
    "device_position": {
        0: "undefined",
        1: "y_up",
        2: "y_down",
        3: "z_up",
        4: "z_down",
        5: "x_up",
        6: "x_down",
    },
}
OFF = {
    "heart_rate_quality": {2},
    "breathing_rate_quality": {1, 2},
    "spo2_quality": {32},
    "ecg_quality": {1, 2, 4, 8, 0x2000, 0x4000, 0x8000},
}


def row_of(family, name):
    (row,) = [row for row in ch.datatypes_of(family) if row.api_name == name]
    return row


def label(row):
    return f"{row.family}-{row.api_name}-{row.id}"


# --- the facts ------------------------------------------------------------------------


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("fact", SAMPLED, ids=lambda fact: fact[1])
def test_row_says_what_the_sources_say(fact, family):
    number, name, rates, unit, old, new, signed, families = fact
    row = row_of(family, name)
    rate = rates[family == B]
    gain, offset = new if family == B else old
    assert row.id == number
    assert row.role == "signal"
    assert row.unit == unit
    assert row.ticks == (None if rate is None else Fraction(CLOCK[family]) / rate)
    assert row.gain == pytest.approx(gain, rel=1e-15)
    assert row.offset == offset
    assert row.signed is signed
    assert row.in_model is (family in families)


def test_every_row_is_accounted_for():
    named = {name for _, name, *_ in SAMPLED}
    for family in EVERY:
        rows = ch.datatypes_of(family)
        assert {row.api_name for row in rows if row.role == "signal"} == named
        rest = [row for row in rows if row.role != "signal"]
        assert {
            role: {row.id for row in rest if row.role == role} for role in ELSE
        } == (ELSE)
        assert not any(row.in_model for row in rest)
        assert {row.role for row in rest} == set(ELSE)


def test_real_list_of_datatypes_names_the_same_channels(real_data):
    listed = json.loads((real_data / "api" / "datatype-list-2015.json").read_text())
    rows = {row.id: row for row in ch.datatypes_of(H)}
    for entry in listed["objects"]:
        row = rows[entry["dataid"]]
        assert row.api_name == entry["name"]
        # Listed at 4 Hz, delivered at 1 Hz.
        if row.api_name != "cadence":
            assert row.ticks == entry["hexo_freq"]
    assert len(listed["objects"]) == 95


def test_json_carries_counts_or_values_as_the_sources_say():
    unscaled = {"ECG_I", "ECG_II", "ECG_III"}
    for row in SIGNALS:
        assert row.json_gain == (1 if row.api_name in unscaled else row.gain), label(
            row
        )


# What differs between the binary export and the JSON answers; all else is in both.
BINARY = {38: "floored", 39: "floored", 22: "absent", 247: "absent"}
JSON = {269: "ranges", 270: "ranges", 280: "ranges", None: "absent"}


def test_rows_say_which_form_of_the_data_carries_them():
    for row in SIGNALS:
        assert row.binary == BINARY.get(row.id, "exact"), label(row)
        assert row.json == JSON.get(row.id, "exact"), label(row)
    for row in ALL_ROWS:
        if row.role != "signal":
            assert (row.binary, row.json) == ("absent", "absent"), label(row)


def test_the_carrier_is_the_form_that_is_exact_and_complete():
    for family in EVERY:
        rows = [
            row
            for channel in ch.channels_of(family).values()
            for row in channel.datatypes
        ]
        found = {
            carrier: {row.id for row in rows if row.carrier == carrier}
            for carrier in ("binary", "json")
        }
        assert found == {"json": set(BINARY), "binary": set(JSON)}
        # Whatever a model delivers is exact and complete in one form at least.
        for row in rows:
            assert "exact" in {row.binary, row.json}, label(row)


@pytest.mark.parametrize("family", EVERY)
def test_text_prints_floats_exactly_where_the_json_does(family):
    floats = PRINTED_AS_FLOATS
    if family == B:  # tenths of a breath, whole mL
        floats = floats ^ {"breathing_rate", "minute_ventilation", "tidal_volume"}
    for row in ch.datatypes_of(family):
        if row.in_model and row.unit not in {"%", "1", "ms^2", "code"} and row.id:
            five_minutes = row.ticks is not None and row.ticks > CLOCK[family]
            sampled = row.api_name in floats or row.api_name == "actigraphy"
            assert (row.txt == "float") is (five_minutes or sampled), label(row)


@pytest.mark.parametrize("family", EVERY)
def test_text_files_have_the_names_of_the_old_script(family):
    for name, channel in ch.channels_of(family).items():
        if name in TXT:
            for row in channel.datatypes:
                classic, port = TXT[name]
                # The port renamed the channels of a Hexoskin alone.
                names = (classic, port if family == H else classic)
                assert (row.txt_classic, row.txt_port) == names


def test_flags_and_codes_are_those_of_the_documents():
    text = files("hexoframe.channels").joinpath("codes.csv").read_text(encoding="ascii")
    listed = csv.DictReader(text.splitlines())
    assert {row["set"] for row in listed} == {*FLAGS, *CODES}
    for name, values in FLAGS.items():
        codes = ch.codes_of(name)
        assert tuple(code.value for code in codes) == values
        assert {code.kind for code in codes} == {"flag"}
        off = {code.value for code in codes if code.sensor_off}
        assert off == OFF.get(name, set())
    for name, values in CODES.items():
        codes = ch.codes_of(name)
        assert {code.value: code.name for code in codes} == values
        assert {code.kind for code in codes} == {"enum"}
        assert not any(code.sensor_off for code in codes)


def test_documented_ranges_are_those_of_the_counts():
    for family in (H, A):
        assert row_of(family, "ECG_I").minimum == -8.704
        assert row_of(family, "ECG_I").maximum == pytest.approx(4095 * 0.0064 - 8.704)
        assert row_of(family, "ECG_III").maximum == pytest.approx(4095 * 0.0064)
        assert row_of(family, "heart_rate").minimum == 30
        assert row_of(family, "heart_rate").maximum == 220
    for row in ALL_ROWS:
        if row.minimum is not None and row.maximum is not None:
            assert row.minimum < row.maximum, label(row)
        if row.interval:
            # All 16 bits set are no interval.
            assert row.minimum == row.offset == 0, label(row)
            assert row.maximum == pytest.approx(65_534 * row.gain, rel=1e-12)


# --- rules over the rows --------------------------------------------------------------


def test_ids_and_columns_are_unique_within_a_family():
    for family in EVERY:
        rows = ch.datatypes_of(family)
        ids = [row.id for row in rows if row.id is not None]
        assert len(set(ids)) == len(ids)
        columns = [row.column for row in rows if row.role == "signal"]
        assert len(set(columns)) == len(columns)
        names = [row.api_name for row in rows if row.role == "signal"]
        assert len(set(map(str.lower, names))) == len(names)


def test_every_family_has_the_same_rows_in_the_same_order():
    first = [(row.id, row.api_name, row.column) for row in ch.datatypes_of(H)]
    for family in (A, B):
        rows = ch.datatypes_of(family)
        assert [(row.id, row.api_name, row.column) for row in rows] == first


@pytest.mark.parametrize("row", ALL_ROWS, ids=label)
def test_row_keeps_the_rules_of_the_table(row):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", row.column)
    assert row.column.isidentifier()
    assert row.source
    assert (row.ticks is None) is (row.kind in {"event", "state"})
    assert row.ticks is None or row.ticks > 0
    assert row.gain > 0
    assert row.json_gain > 0
    assert row.verified in {"real", "document", "vendor", "guess"}
    assert row.align in {"mean", "or", "hold", "count"}
    assert row.txt in {"integer", "float"}
    if row.role == "signal":
        assert row.unit
        assert len(row.unit) <= 8
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row.channel)
        assert row.txt_classic
        assert row.txt_port
        assert (row.align == "hold") is (row.kind == "state")
        assert (row.align == "or") is (row.unit == "bits")
    if row.interval:
        assert row.kind == "event"
        assert row.unit == "s"


def test_tables_are_ascii():
    for name in ("channels.csv", "codes.csv"):
        assert files("hexoframe.channels").joinpath(name).read_bytes().isascii()


def test_every_line_of_the_tables_has_every_field():
    for name in ("channels.csv", "codes.csv"):
        with files("hexoframe.channels").joinpath(name).open(newline="") as file:
            head, *lines = list(csv.reader(file))
        assert {len(line) for line in lines} == {len(head)}


def test_units_kinds_and_names_are_the_same_in_all_families():
    for row in ch.datatypes_of(H):
        for family in (A, B):
            (other,) = [
                candidate
                for candidate in ch.datatypes_of(family)
                if (candidate.id, candidate.column) == (row.id, row.column)
            ]
            for field in (
                "unit",
                "kind",
                "channel",
                "role",
                "codes",
                "signed",
                "align",
            ):
                assert getattr(other, field) == getattr(row, field), (field, label(row))


@pytest.mark.parametrize("family", EVERY)
def test_zero_is_no_measurement_where_no_body_has_it(family):
    void = {row.column for row in ch.datatypes_of(family) if row.void is not None}
    assert void == {
        "respiration_thoracic",
        "respiration_abdominal",
        "systolic_pressure",
        "systolic_pressure_adjusted",
        "ann",
        "sdnn",
        "rmssd",
        "hrv_lf_normalized",
        "hrv_hf_normalized",
        "hrv_triangular",
        "hrv_lf",
        "hrv_hf",
    }


@pytest.mark.parametrize("family", EVERY)
def test_columns_of_a_channel_share_what_a_frame_can_have_but_once(family):
    for channel in ch.channels_of(family).values():
        for field in ("kind", "ticks", "quality", "align", "unit", "txt", "void"):
            values = {getattr(row, field) for row in channel.datatypes}
            assert len(values) == 1, (channel.name, field)
        assert len({row.txt_classic for row in channel.datatypes}) == 1
        assert len({row.txt_port for row in channel.datatypes}) == 1


@pytest.mark.parametrize("family", EVERY)
def test_three_channels_gather_several_columns(family):
    ecg = ("ecg_i",) if family == H else ("ecg_i", "ecg_ii", "ecg_iii")
    several = {
        "ecg": ecg,
        "respiration": ("respiration_thoracic", "respiration_abdominal"),
        "acceleration": ("acceleration_x", "acceleration_y", "acceleration_z"),
    }
    for name, channel in ch.channels_of(family).items():
        assert channel.columns == several.get(name, (name,))


@pytest.mark.parametrize("family", EVERY)
def test_every_quality_is_a_channel_of_flags(family):
    for channel in ch.channels_of(family).values():
        judge = channel.datatypes[0].quality
        if judge:
            (row,) = ch.channels_of(family)[judge].datatypes
            assert row.unit == "bits"
            assert row.codes == judge


def test_every_set_of_codes_exists():
    for row in ALL_ROWS:
        if row.codes:
            assert ch.codes_of(row.codes), label(row)
    assert ch.codes_of("no such set") == ()


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("dialect", ["txt_classic", "txt_port"])
def test_text_names_tell_the_channels_apart(family, dialect):
    names = [
        getattr(channel.datatypes[0], dialect)
        for channel in ch.channels_of(family).values()
    ]
    assert len(set(names)) == len(names)
    assert not {"info", "annotations", "track"} & set(names)
    assert len({name.casefold() for name in names}) == len(names)


@pytest.mark.parametrize("family", EVERY)
def test_no_alias_means_two_columns(family):
    meant: dict[str, str] = {}
    for channel in ch.channels_of(family).values():
        for row in channel.datatypes:
            for alias in row.aliases:
                assert alias == alias.lower()
                assert meant.setdefault(alias, row.column) == row.column


def test_sampling_that_no_real_data_confirms_is_not_called_real():
    assert not [row for row in SIGNALS if row.family == B and row.verified == "real"]
    # No Astroskin export with this channel is known.
    assert row_of(A, "RESP_TMPR").verified == "guess"


def test_note_never_names_the_gain_of_the_other_server():
    for row in SIGNALS:
        said = re.match(r"x ([\d.]+)", row.note)
        if said:
            assert float(said[1]) == row.gain, label(row)
    assert "1/256" in row_of(B, "temperature_celcius").note.replace("/ 256", "1/256")
    assert "7913" not in row_of(B, "temperature_celcius").note


# --- the look-up ----------------------------------------------------------------------


@pytest.mark.parametrize("family", EVERY)
def test_api_names_column_names_and_ids_find_their_datatype(family):
    for row in ch.datatypes_of(family):
        if not row.in_model:
            continue
        keys = [row.api_name, row.api_name.lower(), row.api_name.upper(), row.column]
        keys += [] if row.id is None else [row.id, str(row.id), np.int64(row.id)]
        for key in keys:
            found = ch.find(family, key)
            assert found.name == row.channel
            # One name may mean a channel: `ecg`, but also every channel of one column.
            assert found.datatypes == (row,), key


@pytest.mark.parametrize("family", EVERY)
def test_channel_and_text_names_find_the_whole_channel(family):
    for name, channel in ch.channels_of(family).items():
        assert ch.find(family, name) is channel
        for row in channel.datatypes:
            for text in {row.txt_classic, row.txt_port} - {"temperature"}:
                assert ch.find(family, text) is channel, text


@pytest.mark.parametrize("family", [A, B])
def test_temperature_is_the_raw_one_although_the_old_text_file_is_the_other(family):
    (row,) = ch.find(family, "temperature").datatypes
    assert row.id == 80
    assert ch.find(family, 80).name == "temperature"
    for key in ("temperature_celsius", "temperature_celcius", 81, "81"):
        assert ch.find(family, key).datatypes[0].id == 81
    (classic,) = [r for r in ch.datatypes_of(family) if r.txt_classic == "temperature"]
    assert classic.id == 81


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("accx", "acceleration_x"),
        ("acc_y", "acceleration_y"),
        (4147, "acceleration_z"),
        ("resp_thoracic", "respiration_thoracic"),
        ("resp_abdo", "respiration_abdominal"),
        ("4130", "respiration_abdominal"),
    ],
)
def test_name_of_one_column_narrows_the_channel(key, column):
    for family in EVERY:
        narrowed = ch.find(family, key)
        assert narrowed.columns == (column,)
        assert narrowed.dtype == "float32"
        assert list(narrowed.units) == [column]


def test_containers_mean_their_channel():
    for family in EVERY:
        channels = ch.channels_of(family)
        assert ch.find(family, 16) is channels["ecg"]
        assert ch.find(family, 32) is channels["respiration"]
        assert ch.find(family, 48) is channels["acceleration"]


@pytest.mark.parametrize(
    ("key", "hints"),
    [
        ("heart_rte", ["did you mean heart_rate"]),
        ("respiratory_rate", ["did you mean breathing_rate"]),
        ("Respiration Rate", ["did you mean breathing_rate"]),
        ("pulse_rate", ["did you mean heart_rate"]),
        ("hart rate", ["heart_rate"]),
        ("spo2", ["SPO2", "astroskin_256 and astroskin_1000"]),
        (66, ["SPO2", "astroskin_256"]),
        ("ECG_II", ["astroskin_256 and astroskin_1000"]),
        ("QRS", ["hexoskin has no channel"]),
        (17, ["QRS", "22 replaces it"]),
        (215, ["USRBTN_ANNOT_CHAR", "button"]),
        ("coretemp", ["no model here"]),
        (123456, ["no channel 123456"]),
        ("", ["hexoskin has no channel ''"]),
        (True, ["no channel True"]),
        (-19, ["no channel -19"]),
        ("9" * 5000, [f"no channel '{'9' * 79}..."]),
    ],
)
def test_unknown_name_is_an_error_that_lists_what_there_is(key, hints):
    if key == "QRS":
        # `qrs` is the old file of 22, so it is found, unlike the deprecated id.
        assert ch.find(H, key).datatypes[0].id == 22
        return
    with pytest.raises(UnknownChannelError) as caught:
        ch.find(H, key)
    text = str(caught.value)
    for hint in hints:
        assert hint in text
    assert "Channels of hexoskin: ecg, respiration, acceleration" in text
    assert not text.startswith("'")


@pytest.mark.parametrize("key", [None, 1.5, 19.0, ("ecg",), b"ecg"])
def test_key_that_is_neither_name_nor_id_is_refused(key):
    with pytest.raises(UnknownChannelError, match="a name or an id"):
        ch.find(H, key)


def test_rates_are_the_clock_over_the_ticks():
    assert ch.find(H, "ecg").rate_hz == 256
    assert ch.find(B, "ecg").rate_hz == 250
    assert ch.find(B, "ppg").rate_hz == 75
    assert ch.find(B, "ppg").ticks == Fraction(40, 3)
    assert ch.find(H, "ann").rate_hz == pytest.approx(1 / 300)
    assert ch.find(H, "rr_interval").rate_hz is None


def test_waveforms_are_float32_and_begin_with_the_record():
    for family in EVERY:
        for channel in ch.channels_of(family).values():
            wave = channel.ticks is not None and channel.rate_hz > 1
            assert channel.dtype == ("float32" if wave else "float64")
            assert channel.first_sample == (0 if wave else 1)


# --- models ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "clock", "family"),
    [
        ("hexoskin", None, H),
        ("Hexoskin", 256, H),
        ("HX", None, H),
        ("astroskin", 256, A),
        ("CHA3000", 1000, B),
        ("astroskin_256", None, A),
        ("ASTROSKIN_1000", 1000, B),
    ],
)
def test_model_names_mean_their_family(model, clock, family):
    assert ch.family_of(model, clock=clock) == family


@pytest.mark.parametrize(
    ("model", "clock", "text"),
    [
        ("astroskin", None, "two clocks"),
        ("hexoskin", 1000, "256 ticks a second"),
        ("astroskin_256", 1000, "256 ticks a second"),
        ("astroskin_1000", 256, "1000 ticks a second"),
        ("astroskin", 512, "512"),
        ("hexaskin", None, "give one of hexoskin"),
        (None, None, "unknown model None"),
    ],
)
def test_model_that_cannot_be_is_refused(model, clock, text):
    with pytest.raises(ConfigurationError, match=text):
        ch.family_of(model, clock=clock)


# --- what users see -------------------------------------------------------------------


def test_channel_table_shows_every_row_and_every_field():
    table = hexoframe.channel_table()
    with files("hexoframe.channels").joinpath("channels.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert len(table) == len(listed)
    assert set(table.columns) == {*listed[0], "rate_hz"}
    assert str(table["id"].dtype) == "Int64"
    assert table["rate_hz"].dtype == "float64"
    ecg = table[(table["family"] == B) & (table["api_name"] == "PPG")].iloc[0]
    assert ecg["rate_hz"] == 75


@pytest.mark.parametrize(
    ("model", "families"),
    [("hexoskin", {H}), ("astroskin", {A, B}), ("astroskin_1000", {B}), ("hx", {H})],
)
def test_channel_table_of_a_model_shows_its_channels_only(model, families):
    table = hexoframe.channel_table(model)
    assert set(table["family"]) == families
    assert table["in_model"].all()
    for family in families:
        shown = set(table.loc[table["family"] == family, "channel"])
        assert shown == set(ch.channels_of(family))


@pytest.mark.parametrize("show", [hexoframe.channel_table, hexoframe.schema])
def test_unknown_model_is_refused_by_both_tables(show):
    with pytest.raises(ConfigurationError, match="unknown model 'polar'"):
        show("polar")


def test_schema_of_astroskin_goes_for_the_channels_of_both_servers():
    old, new = hexoframe.schema("astroskin_256"), hexoframe.schema("astroskin_1000")
    assert hexoframe.schema("astroskin") == old
    assert all(new[name] == old[name] for name in old.keys() & new.keys())
    assert new.keys() - old.keys() == {"actigraphy", "ecg_quality"}


def test_look_up_alone_loads_no_pandas():
    import subprocess
    import sys

    code = (
        "import sys; from hexoframe import channels;"
        "channels.find('hexoskin', 'heart_rate'); channels.schema('astroskin');"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_names_may_be_typed_as_titles():
    assert ch.find(H, "Heart Rate").name == "heart_rate"
    assert ch.find(H, " ecg ").name == "ecg"


def test_several_names_at_once_are_pointed_to_alignment():
    with pytest.raises(UnknownChannelError, match=r"to_frame\(channels="):
        ch.find(H, ["ecg", "heart_rate"])


def test_code_table_says_what_flags_and_codes_mean():
    table = ch.code_table()
    named = {(row.set, row.value): row.name for row in table.itertuples(index=False)}
    assert named["heart_rate_quality", 2] == "disconnected"
    assert named["rr_interval_quality", 128] == "unreliable"
    assert named["sleep_phase", 6] == "awake"
    assert ch.code_table("sleep_phase")["value"].tolist() == [0, 2, 5, 6]
    used = {row.codes for family in ch.FAMILIES for row in ch.datatypes_of(family)} - {
        ""
    }
    assert set(table["set"]) == used
    with pytest.raises(UnknownChannelError, match=r"'ecg' has no codes.*sleep_phase"):
        ch.code_table("ecg")

"""The vendor converter's CSVs, against the WAVs they were made from and literals.

The files of the tests are printed as the tools print them: `matlab` as the tool of 2014
(counts, 8 decimals, no heading), `c_tool` as the one of 2015 (physical values).
"""

import csv
import io
import json
import math
import re
import shutil
import wave

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.channels import datatypes_of, find
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    SkippedChannelWarning,
)
from hexoframe.formats.converter import reader as converter
from hexoframe.formats.options import ReadOptions

START = 382085877327  # 1492522958.30859375 s
SECONDS = "1492522958.30859375"
GAIN = 0.0064
# Name, unit and decimals as the C tool has them.
C_TOOL = {
    "ECG_I": ("mV", 5, 4113),
    "acceleration_X": ("G", 8, 4145),
    "minute_ventilation": ("ml/min", 5, 36),
    "heart_rate": ("bpm", 0, 19),
    "activity": ("G", 8, 49),
    "temperature_celcius": ("Celcius", 8, 81),
    "respiration_thoracic": ("na", 5, 4129),
}
pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "record_122445"
    folder.mkdir()
    (folder / "info.json").write_text(json.dumps({"start": START, "user": 11136}))
    return folder


def read(path, **options):
    return converter.read(path, ReadOptions(**options))


def matlab(path, counts, *, rate, first=0):
    lines = [f"{(n + first) / rate:10.8f},{c:10.8f}" for n, c in enumerate(counts)]
    path.write_text("".join(f"{line.strip()}\n" for line in lines))


def c_tool(path, values, *, rate, first=0, heading=True, since=0.0):
    unit, decimals, number = C_TOOL[path.stem]
    lines = [f"time [s],{path.stem} [{unit}] (/api/datatype/{number}/),"] * heading
    lines += [
        f"{since + (n + first) / rate:.8f},{value:.{decimals}f}"
        for n, value in enumerate(values)
    ]
    path.write_text("".join(f"{line}\n" for line in lines))


def ticks(record, channel):
    found = [divmod(stamp * record.clock, 10**9) for stamp in stamps(record, channel)]
    assert not any(rest for _, rest in found)
    return [tick for tick, _ in found]


def stamps(record, channel):
    return record[channel].index.asi8.tolist()


def values(record, column):
    return record[record.channel(column).name][column].tolist()


# -- real files ------------------------------------------------------------------------


@pytest.fixture
def real_folder(real_data, tmp_path):
    """The real folder without its WAVs, which the archive format would take."""
    source = real_data / "exports" / "astroskin-122445"
    folder = tmp_path / "export"
    folder.mkdir()
    for path in source.iterdir():
        if path.suffix != ".wav":
            shutil.copy(path, folder)
    return source, folder


def wav_counts(path, *, signed):
    with wave.open(str(path)) as file:
        data = file.readframes(file.getnframes())
    return np.frombuffer(data, "<i2" if signed else "<u2")


def test_every_real_csv_equals_the_wav_beside_it(real_folder):
    source, folder = real_folder
    assert converter.sniff(folder)
    raw = read(folder, scale="raw")
    record = read(folder)
    assert record.family == "astroskin_256"
    compared = 0
    for row in datatypes_of("astroskin_256"):
        path = source / f"{row.api_name}.wav"
        if not path.exists():
            continue
        counts = wav_counts(path, signed=row.signed)
        step = int(row.ticks)
        first = 0 if row.kind == "waveform" else 1
        expected = START + (np.arange(len(counts)) + first) * step
        assert ticks(raw, row.channel)[: len(counts)] == expected.tolist()
        found = raw[row.channel][row.column].to_numpy()[: len(counts)]
        np.testing.assert_array_equal(found, counts)
        physical = counts * row.gain + row.offset
        found = record[row.channel][row.column].to_numpy()[: len(counts)]
        np.testing.assert_array_equal(found, physical.astype(found.dtype))
        compared += 1
    assert compared == 25


def test_the_services_own_files_in_the_same_folder_are_read_too(real_folder):
    source, folder = real_folder
    record = read(folder)
    for name, gain in (("RR_interval", 1 / 256), ("step", 1), ("device_position", 1)):
        with (source / f"{name}.csv").open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        assert ticks(record, name) == [START + float(t) * 256 for t, _ in rows]
        found = values(record, name.lower())
        expected = [float(value) * gain for _, value in rows]
        np.testing.assert_array_equal(found, expected)
    assert record.id == 122445
    assert record.facts.info["user_id"] == 11136
    assert record.facts.statistics is not None
    assert record.end_tick == START + 129 * 256


def test_the_ppg_of_the_real_folder_comes_out_unsigned(real_folder):
    _, folder = real_folder
    ppg = read(folder)["ppg"]["ppg"]
    assert ppg.iloc[0] == 65536 - 29642
    assert ppg.min() >= 0
    assert ppg.max() > 32767


def test_a_folder_with_wavs_is_left_to_the_archive(real_data):
    assert not converter.sniff(real_data / "exports" / "astroskin-122445")


def test_one_real_file_opens_by_itself(real_folder):
    source, folder = real_folder
    path = folder / "acceleration_Z.csv"
    assert converter.sniff(path)
    record = read(path)
    assert list(record) == ["acceleration"]
    counts = wav_counts(source / "acceleration_Z.wav", signed=True)
    np.testing.assert_array_equal(values(record, "acceleration_z"), counts / 256)
    assert record["acceleration"]["acceleration_x"].isna().all()


# -- counts or physical values ---------------------------------------------------------

COUNTS = [1392, 1395, 0, 4095, 1360, 1391]


def expected_ecg(counts):
    row = find("hexoskin", "ecg").datatypes[0]
    return values_from_counts(np.array(counts), row).tolist()


def test_an_ecg_with_eight_decimals_and_whole_values_holds_counts(folder):
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    record = read(folder)
    assert values(record, "ecg_i") == expected_ecg(COUNTS)
    assert values(read(folder, scale="raw"), "ecg_i") == COUNTS
    assert ticks(record, "ecg") == [START + n for n in range(6)]


@pytest.mark.parametrize("heading", [True, False])
def test_an_ecg_with_five_decimals_is_in_mv(folder, heading):
    millivolts = [count * GAIN - 1360 * GAIN for count in COUNTS]
    c_tool(folder / "ECG_I.csv", millivolts, rate=256, heading=heading)
    record = read(folder)
    # The text carries the count, so frames are the same as those of the WAV.
    assert values(record, "ecg_i") == expected_ecg(COUNTS)
    assert values(read(folder, scale="raw"), "ecg_i") == COUNTS


@pytest.mark.parametrize("heading", [True, False])
def test_an_acceleration_with_fractions_is_in_g(folder, heading):
    counts = [-33, 86, -233, 256]
    path = folder / "acceleration_X.csv"
    c_tool(path, [count / 256 for count in counts], rate=64, heading=heading)
    assert values(read(folder), "acceleration_x") == [count / 256 for count in counts]
    assert values(read(folder, scale="raw"), "acceleration_x") == counts


def test_whole_values_of_a_channel_in_small_steps_are_counts(folder):
    counts = [0, 5, 57, 106]
    matlab(folder / "activity.csv", counts, rate=1, first=1)
    assert values(read(folder), "activity") == [count / 256 for count in counts]


def test_whole_values_under_the_heading_of_the_c_tool_are_physical(folder):
    c_tool(folder / "activity.csv", [1.0, 2.0], rate=1, first=1)
    assert values(read(folder), "activity") == [1.0, 2.0]


def test_a_ventilation_with_five_decimals_is_in_ml_per_minute(folder):
    path = folder / "minute_ventilation.csv"
    c_tool(path, [331 * 13.28, 0], rate=1, first=1, heading=False)
    assert values(read(folder), "minute_ventilation") == [331 * 13.28, 0]
    matlab(path, [331, 0], rate=1, first=1)
    assert values(read(folder), "minute_ventilation") == [331 * 13.28, 0]


def test_tens_of_an_adjusted_ventilation_are_physical_and_others_counts(folder):
    path = folder / "minute_ventilation_adjusted.csv"
    matlab(path, [10, 20, 30, 40, 50, 70, 60], rate=1, first=1)
    assert values(read(folder), "minute_ventilation_adjusted")[-1] == 60
    matlab(path, [11, 20, 30, 40, 50, 70, 60], rate=1, first=1)
    assert values(read(folder), "minute_ventilation_adjusted")[-1] == 600


def test_raw_in_a_file_name_means_not_adjusted_and_no_counts(folder):
    path = folder / "minute_ventilation_raw.csv"
    path.write_text("1.00000000,4395.68000\n2.00000000,13.28000\n")
    assert values(read(folder), "minute_ventilation") == [331 * 13.28, 13.28]


def test_zeros_are_the_same_in_both(folder):
    matlab(folder / "activity.csv", [0, 0, 0], rate=1, first=1)
    assert values(read(folder), "activity") == [0, 0, 0]


def test_what_fits_both_is_decided_by_the_other_files(folder):
    matlab(folder / "activity.csv", [3, 3], rate=1, first=1)
    with pytest.raises(ConfigurationError, match=r"activity.csv.*counts or g.*ECG_I"):
        read(folder)["activity"]
    matlab(folder / "ECG_I.csv", COUNTS * 86, rate=256)
    assert values(read(folder), "activity") == [3 / 256, 3 / 256]
    (folder / "ECG_I.csv").unlink()
    fractions = [n / 256 for n in range(129)]
    c_tool(folder / "acceleration_X.csv", fractions, rate=64, heading=False)
    assert values(read(folder), "activity") == [3, 3]


def test_a_copied_event_file_holds_counts_whatever_its_heading_says(folder):
    # The C tool copies the service's counts under its own heading, the last line twice.
    path = folder / "RR_interval_epoch.csv"
    path.write_text(
        "time [s],RR_interval [s] (/api/datatype/18/),\n"
        "1492522963.86718750,0\n1492522964.61328125,191\n1492522964.61328125,191\n"
    )
    record = read(folder)
    assert values(record, "rr_interval") == [0, 191 / 256]
    assert ticks(record, "rr_interval") == [START + 1423, START + 1614]
    assert record.receipt("rr_interval").duplicates == 1


def test_intervals_from_an_hxd_file_are_in_seconds(folder):
    path = folder / "RR_interval.csv"
    path.write_text(
        "time [s],RR_interval [s] (/api/datatype/18/),\n"
        "5.55859375,0.00000000\n6.30468750,0.74609375\n"
    )
    assert values(read(folder), "rr_interval") == [0, 0.74609375]
    assert values(read(folder, scale="raw"), "rr_interval") == [0, 191]


# -- forms -----------------------------------------------------------------------------


def test_quality_in_the_third_column_is_a_channel(folder):
    heading = (
        "time [s],heart_rate [bpm] (/api/datatype/19/),"
        "heart_rate_quality [na] (/api/datatype/1000/),\n"
    )
    lines = "1.00000000,70,0\n2.00000000,71,16\n"
    for text in (heading + lines, lines):
        (folder / "heart_rate.csv").write_text(text)
        record = read(folder)
        assert list(record) == ["heart_rate", "heart_rate_quality"]
        assert values(record, "heart_rate") == [70, 71]
        assert values(record, "heart_rate_quality") == [0, 16]
        assert ticks(record, "heart_rate") == [START + 256, START + 512]


def test_all_channels_of_one_file_are_read(folder):
    (folder / "outputData.csv").write_text(
        "time [s],heart_rate [bpm] (/api/datatype/19/),"
        "breathing_rate [rpm] (/api/datatype/33/),activity [G] (/api/datatype/49/),"
        "temperature_celcius [Celcius] (/api/datatype/81/),\n"
        "1.00000000,70,10,0.22265625,30.91015625\n2.00000000,71,11,0.00000000,30.00000000\n"
    )
    record = read(folder)
    assert record.family == "astroskin_256"
    assert list(record) == [
        "heart_rate",
        "breathing_rate",
        "activity",
        "temperature_celsius",
    ]
    assert values(record, "activity") == [57 / 256, 0]
    assert values(record, "temperature_celsius") == [30.91015625, 30]
    assert record.end_tick == START + 512


def test_a_name_in_a_heading_goes_before_its_id(folder):
    # The C tool gives the adjusted channels the ids of those that are not.
    (folder / "minute_ventilation.csv").write_text(
        "time [s],minute_ventilation_cl [ml/min] (/api/datatype/36/),\n"
        "1.00000000,170.00000\n"
    )
    record = read(folder)
    assert list(record) == ["minute_ventilation_adjusted"]
    assert values(record, "minute_ventilation_adjusted") == [170]


def test_text_files_of_the_converter_are_read_as_well(folder):
    (folder / "heart_rate.txt").write_text("1.00000000,70\n")
    assert converter.sniff(folder)
    assert values(read(folder), "heart_rate") == [70]


def test_headings_without_samples_make_empty_channels(folder):
    (folder / "PTT.csv").write_text("time [s],PTT [s/256](/api/datatype/97/)\r\n")
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    record = read(folder)
    assert record["ptt"].empty
    assert record["ptt"].columns.tolist() == ["ptt"]


def test_an_empty_file_of_another_model_is_no_loss(folder):
    (folder / "PPG.csv").write_text("time [s],PPG [na] (/api/datatype/64/),\n")
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    record = read(folder)
    assert record.family == "hexoskin"
    assert list(record) == ["ecg"]


def test_what_is_no_channel_is_left_out_with_a_warning(folder):
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    (folder / "notes.csv").write_text("patient,remark\n1,fine\n")
    with pytest.warns(SkippedChannelWarning, match="notes.csv left out"):
        read(folder)
    (folder / "notes.csv").unlink()
    (folder / "outputData.csv").write_text(
        "time [s],heart_rate [bpm] (/api/datatype/19/),"
        "TEMP_ST_CHANNEL_CHAR [na] (/api/datatype/246/),\n1.00000000,70,3\n"
    )
    with pytest.warns(SkippedChannelWarning, match="temp_st_channel_char"):
        assert values(read(folder), "heart_rate") == [70]


def test_only_the_channels_that_were_asked_for_are_there(folder):
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    (folder / "step.csv").write_text("0.50000000,1.00000000\n")
    assert list(read(folder, channels=["step"])) == ["step"]


def test_channels_are_read_when_they_are_touched(folder):
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    record = read(folder)
    assert not record.is_read("ecg")
    assert len(record["ecg"]) == 6
    assert record.is_read("ecg")


# -- what spreadsheets and R save ------------------------------------------------------


def shown(cell):
    """A number as spreadsheets show it, without zeros at its end."""
    return cell.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", cell) else cell


def saved(rows, delimiter=",", *, decimal=".", change=str):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
    for row in rows:
        heading = row[0] == "time [s]"
        cells = row if heading else [change(c).replace(".", decimal) for c in row]
        writer.writerow(cells)
    return file.getvalue()


def saved_by_r(rows):
    if rows[0][0] != "time [s]":
        return saved(rows)
    names = ["", *(re.sub(r"[^A-Za-z0-9._]", ".", cell) for cell in rows[0])]
    numbered = ([str(at), *row] for at, row in enumerate(rows[1:], 1))
    return saved([names, *numbered])


SAVED = {
    "semicolons": lambda rows: saved(rows, ";", decimal=","),
    "spreadsheet": lambda rows: saved(rows, change=shown) + ",\r\n,\r\n",
    "spreadsheet, semicolons": lambda rows: saved(rows, ";", decimal=",", change=shown),
    "Unicode text": lambda rows: saved(rows, "\t", change=shown).encode("utf-16"),
    "byte order mark": lambda rows: "\ufeff" + saved(rows),
    "sep=": lambda rows: "sep=,\r\n" + saved(rows),
    "R": saved_by_r,
}


@pytest.mark.parametrize("form", SAVED)
def test_a_folder_that_another_program_saved_reads_as_the_original(
    form, real_folder, tmp_path
):
    _, folder = real_folder
    copy = tmp_path / "saved"
    shutil.copytree(folder, copy)
    for path in copy.glob("[!s]*.csv"):
        with path.open(newline="") as file:
            text = SAVED[form](list(csv.reader(file)))
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    one, two = read(copy), read(folder)
    assert list(one) == list(two)
    assert (one.start_tick, one.end_tick) == (two.start_tick, two.end_tick)
    for name in two:
        pd.testing.assert_frame_equal(one[name], two[name], check_exact=True)


def test_decimals_that_a_spreadsheet_dropped_do_not_make_counts_of_values(folder):
    # 0.00000 became 0, and with it the sign of physical values.
    path = folder / "minute_ventilation.csv"
    path.write_text("1,0\r\n2,4395.68\r\n3,13.28\r\n")
    assert values(read(folder), "minute_ventilation") == [0, 331 * 13.28, 13.28]
    path = folder / "acceleration_X.csv"
    lines = [f"{n / 64:.8f}".rstrip("0").rstrip(".") for n in range(5)]
    path.write_text("".join(f"{time},{n % 2}\r\n" for n, time in enumerate(lines)))
    # Whole values of 0 and 1 fit both; nothing else of the folder tells.
    path.with_name("minute_ventilation.csv").unlink()
    with pytest.raises(ConfigurationError, match="counts or g"):
        values(read(folder), "acceleration_x")


def test_times_that_a_spreadsheet_rounded_are_refused_as_such(folder):
    path = folder / "ECG_I.csv"
    times = [f"{12345 + n / 256:.5f}" for n in range(8)]
    path.write_text("".join(f"{time},{1360 + n}\n" for n, time in enumerate(times)))
    with pytest.raises(FileFormatError, match="did a spreadsheet round the times"):
        values(read(folder), "ecg_i")
    path.write_text("".join(f"1.49253E+09,{1360 + n}\n" for n in range(8)))
    with pytest.raises(FileFormatError, match="did a spreadsheet round"):
        values(read(folder), "ecg_i")


def test_ticks_between_tabs_are_not_taken_for_seconds(tmp_path):
    path = tmp_path / "heart_rate.txt"
    path.write_text(f"{START}\t70\n{START + 256}\t71\n")
    assert not converter.sniff(path)


# -- the start -------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["start", "start_timestamp"])
def test_info_json_says_when_the_record_starts(folder, key):
    (folder / "info.json").write_text(json.dumps({key: START}))
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    assert read(folder).start_tick == START


def test_posix_seconds_say_when_the_record_starts(folder):
    (folder / "info.json").unlink()
    since = float(SECONDS)
    c_tool(folder / "heart_rate.csv", [70, 71], rate=1, first=1, since=since)
    record = read(folder)
    assert record.start_tick == START
    assert ticks(record, "heart_rate") == [START + 256, START + 512]
    path = folder / "ECG_I.csv"
    c_tool(path, [0.0] * 600, rate=256, since=since, heading=False)
    record = read(folder)
    assert record.start_tick == START
    assert ticks(record, "ecg")[-1] == START + 599


def test_the_caller_may_say_when_the_record_starts(folder):
    (folder / "info.json").unlink()
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    with pytest.raises(FileFormatError, match=r"info\.json.*-epoch.*start="):
        read(folder)
    assert read(folder, start=START).start_tick == START
    with pytest.raises(ConfigurationError, match="model="):
        read(folder, start="2022-11-04T23:29:49Z")
    record = read(folder, start="2022-11-04T23:29:49Z", model="hexoskin")
    assert record.start == pd.Timestamp("2022-11-04T23:29:49Z")


def test_a_start_is_refused_where_info_says_another(folder):
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    assert read(folder, start=START).start_tick == START
    with pytest.raises(
        ConfigurationError, match=rf"{START + 1}\b.*info\.json.*{START}"
    ):
        read(folder, start=START + 1)


@pytest.mark.parametrize("start", [12, "soon", None, [1]])
def test_a_start_that_is_no_tick_is_refused(folder, start):
    (folder / "info.json").write_text(json.dumps({"start": start}))
    matlab(folder / "ECG_I.csv", COUNTS, rate=256)
    with pytest.raises(FileFormatError, match="start"):
        read(folder)


def test_events_alone_do_not_say_when_the_record_starts(folder):
    (folder / "info.json").unlink()
    (folder / "step_epoch.csv").write_text("1492522963.86718750,1\n")
    with pytest.raises(FileFormatError, match="sampled channels"):
        read(folder)


def test_a_folder_inside_the_export_takes_its_info_from_there(folder):
    inner = folder / "ConversionOutput"
    inner.mkdir()
    matlab(inner / "ECG_I.csv", COUNTS, rate=256)
    record = read(inner)
    assert record.start_tick == START
    assert record.id == 122445


def test_the_original_goes_before_its_copy_with_posix_seconds(folder):
    (folder / "step.csv").write_text(
        "time [s],step [Step](/api/datatype/52/)\r\n0.5,1\r\n"
    )
    (folder / "step_epoch.csv").write_text("1492522958.80859375,1\n")
    record = read(folder)
    assert ticks(record, "step") == [START + 128]


# -- the other clock -------------------------------------------------------------------

START_MS = 1691371518000


@pytest.fixture
def astroskin(folder):
    (folder / "info.json").write_text(json.dumps({"start": START_MS}))
    return folder


def test_samples_between_two_ticks_take_the_tick_of_their_number(astroskin):
    lines = [f"{n / 75:.8f},{n:.5f}" for n in range(76)]
    (astroskin / "PPG.csv").write_text("".join(f"{line}\n" for line in lines))
    record = read(astroskin)
    assert record.family == "astroskin_1000"
    expected = [START_MS + math.floor(n * 40 / 3 + 0.5) for n in range(76)]
    assert ticks(record, "ppg") == expected
    assert values(record, "ppg") == list(range(76))


def test_surplus_decimals_of_a_time_are_below_a_tick(astroskin):
    (astroskin / "ECG_I.csv").write_text(
        "0.0,0.5\n0.004,0.501\n0.008000000000000000001,0.502\n0.0119999999999999,1.25\n"
    )
    record = read(astroskin)
    assert ticks(record, "ecg") == [START_MS + n for n in (0, 4, 8, 12)]
    assert values(read(astroskin, scale="raw"), "ecg_i") == [500, 501, 502, 1250]


def test_a_rate_that_is_not_the_models_is_refused(astroskin):
    matlab(astroskin / "ECG_I.csv", COUNTS, rate=125)
    with pytest.raises(FileFormatError, match=r"8 ticks apart, expected 4 .*model"):
        read(astroskin)["ecg"]


def test_a_time_off_the_ticks_of_the_clock_is_refused(astroskin):
    matlab(astroskin / "ECG_I.csv", COUNTS, rate=256)
    with pytest.raises(FileFormatError, match=r"line 2.*0\.003906250 s.*0\.001 s"):
        read(astroskin)["ecg"]


def test_intervals_of_another_clock_are_refused(astroskin):
    (astroskin / "RR_interval.csv").write_text(
        "time [s],RR_interval [s/256](/api/datatype/18/)\n1.5,190\n"
    )
    with pytest.raises(FileFormatError, match=r"line 1.*\[s/256\]"):
        read(astroskin)["rr_interval"]


# -- what is refused -------------------------------------------------------------------

BROKEN = {
    "line 3: found 1 cells": ["0.5,5", "0.625,1", "0.75", "0.875,1"],
    r"line 2, step \(column 2\): found 'x', expected a number": ["0.5,1", "0.6,x"],
    "line 2: found 'later', expected seconds": ["0.5,1", "later,1", "0.7,1"],
    "line 2: found 0.123456000 s, expected a multiple": ["0.5,1", "0.123456,2"],
    "line 3: found a time that is not later": ["0.5,1", "0.75,1", "0.25,1"],
    "line 2: found an infinite value": ["0.5,1", "0.75,inf"],
    "line 1: found an empty cell": ["0.5,", "0.75,1"],
    "expected seconds of a recording": ["0.5,1", "99999999999999.0,1"],
}


@pytest.mark.parametrize(("message", "lines"), BROKEN.items())
def test_a_broken_line_is_refused_with_its_number(folder, message, lines):
    path = folder / "step.csv"
    heading = "time [s],step [Step](/api/datatype/52/)"
    path.write_text("\n".join([heading, *lines]) + "\n")
    number = int(message[5]) + 1 if message.startswith("line") else None
    wanted = message if number is None else f"line {number}{message[6:]}"
    with pytest.raises(FileFormatError, match=f"step.csv.*{wanted}"):
        read(folder)["step"]


def test_a_file_that_was_cut_in_a_number_is_refused(folder):
    path = folder / "ECG_I.csv"
    matlab(path, COUNTS, rate=256)
    path.write_text(path.read_text()[:-4])
    with pytest.raises(FileFormatError, match=r"ECG_I.csv, last line.*was cut"):
        read(folder)
    path.write_text(path.read_text()[:-14])
    with pytest.raises(FileFormatError, match=r"ECG_I.csv, last line"):
        read(folder)


def test_counts_beyond_sixteen_bits_are_refused(folder):
    matlab(folder / "PPG.csv", [1, 70000], rate=64)
    with pytest.raises(FileFormatError, match="line 2: found 70000, expected a count"):
        read(folder)["ppg"]


def test_another_unit_in_the_heading_is_refused(folder):
    path = folder / "heart_rate.csv"
    path.write_text("time [s],heart_rate [Hz] (/api/datatype/19/),\n1.00000000,1\n")
    with pytest.raises(FileFormatError, match=r"\[Hz\].*expected \[bpm\]"):
        read(folder)["heart_rate"]


def test_one_channel_in_two_files_is_refused(folder):
    for name in ("minute_ventilation", "minute_ventilation_raw"):
        (folder / f"{name}.csv").write_text("1.00000000,13.28000\n")
    with pytest.raises(FileFormatError, match="found minute_ventilation in"):
        read(folder)


def test_a_channel_that_ends_early_is_incomplete(folder):
    matlab(folder / "ECG_I.csv", COUNTS * 200, rate=256)
    matlab(folder / "heart_rate.csv", [70, 71, 72, 73], rate=1, first=1)
    matlab(folder / "respiration_thoracic.csv", [9] * 128, rate=128)
    with pytest.raises(IncompleteDataError, match=r"respiration_thoracic ends 3\.7 s"):
        read(folder)
    with pytest.warns(MissingSamplesWarning, match="respiration_thoracic"):
        record = read(folder, allow_partial=True)
    lost = record.receipt("respiration").lost
    assert lost == ((START + 256, START + 1200),)
    assert len(record["respiration"]) == 128


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "time,heart_rate\n2022-11-04T23:29:49.000000000Z,70\n",
        "time [s/256],heart_rate [bpm](/api/datatype/19/)\n382085877327,70\n",
        "a,b\n",
        "time [s]\n1\n",
        "time [s],soup [C]\n1,2\n",
        "1,2,3,4\n",
        "uri,start_date,duration\n,,s\n",
    ],
)
def test_other_files_are_not_taken_for_a_converter_csv(tmp_path, text):
    for name in ("heart_rate.csv", "soup.csv"):
        path = tmp_path / name
        path.write_text(text)
        assert not converter.sniff(path)
    assert not converter.sniff(tmp_path)
    with pytest.raises(FileFormatError, match="no converter CSV"):
        read(tmp_path)


def test_numbers_in_a_file_with_another_name_are_not_taken(tmp_path):
    (tmp_path / "numbers.csv").write_text("1.0,2.0\n")
    (tmp_path / "ECG_I.csv").write_text("1.0,2.0,3.0\n")
    (tmp_path / "ECG_I.bin").write_text("1.0,2.0\n")
    assert not converter.sniff(tmp_path)


# -- any file --------------------------------------------------------------------------


@given(
    counts=st.lists(st.integers(-4095, 4095), min_size=3, max_size=60),
    tool=st.sampled_from(["matlab", "c", "c without heading"]),
    start=st.integers(320_000_000_000, 400_000_000_000),
)
def test_what_any_tool_prints_gives_back_the_counts(
    tmp_path_factory, counts, tool, start
):
    folder = tmp_path_factory.mktemp("any")
    (folder / "info.json").write_text(json.dumps({"start": start}))
    # The ECG tells the tool; the acceleration alone might fit both.
    path, ecg = folder / "acceleration_X.csv", folder / "ECG_I.csv"
    rest = [1390, 1391, 1392, 1393] * len(counts)
    if tool == "matlab":
        matlab(path, counts, rate=64)
        matlab(ecg, rest, rate=256)
    else:
        heading = tool == "c"
        c_tool(path, [count / 256 for count in counts], rate=64, heading=heading)
        physical = [count * GAIN - 1360 * GAIN for count in rest]
        c_tool(ecg, physical, rate=256, heading=heading)
    raw = read(folder, scale="raw", model="hexoskin")
    assert values(raw, "ecg_i") == rest
    assert ticks(raw, "acceleration") == [start + 4 * n for n in range(len(counts))]
    assert values(raw, "acceleration_x") == counts


def test_beats_that_were_cut_are_counted_against_their_quality(real_data, tmp_path):
    for path in (real_data / "exports" / "astroskin-122445").iterdir():
        if path.suffix != ".wav":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = read(tmp_path)
    intervals = whole["rr_interval"]
    beats = tmp_path / "RR_interval.csv"
    beats.write_bytes(b"".join(beats.read_bytes().splitlines(keepends=True)[:60]))
    with pytest.raises(IncompleteDataError, match="83 of the 142 events"):
        read(tmp_path)
    assert len(read(tmp_path, channels=["ecg"])["ecg"]) == 33_024
    with pytest.warns(MissingSamplesWarning, match="RR_interval lacks events"):
        record = read(tmp_path, allow_partial=True)
    assert record["rr_interval"].equals(intervals[:59])
    lost = [gap for gap in record.survey("rr_interval").gaps if gap.cause == "transfer"]
    last = intervals.index[58].value // 3_906_250
    assert [(gap.start, gap.end) for gap in lost] == [(last, whole.end_tick)]

"""The dashboard's CSV, against the standard library's csv and the real files."""

import contextlib
import csv
import gzip
import io
import math
import re
import zipfile
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv

from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    SkippedChannelWarning,
    UnknownChannelError,
)
from hexoframe.formats.dashboard import reader as dashboard
from hexoframe.formats.options import ReadOptions
from hexoframe.opening import open_record, open_records

START = 421880163746
EPOCH = pd.Timestamp("1970-01-01T00:00:00Z")
OLD = "timestamp,breathing_rate,heart_rate,minute_ventilation,cadence,activity"
FULL = (
    "time [s/256],breathing_rate [rpm](/api/datatype/33/),"
    "minute_ventilation [mL/min](/api/datatype/36/),"
    "sleep_position [NA](/api/datatype/270/),activity [g](/api/datatype/49/),"
    "heart_rate [bpm](/api/datatype/19/),cadence [spm](/api/datatype/53/)"
)
ASTROSKIN = (
    "time [s/1000],breathing_rate [rpm](/api/datatype/33/),SPO2 [%](/api/datatype/66/),"
    "SPO2_quality [NA](/api/datatype/1002/),"
    "minute_ventilation [mL/min](/api/datatype/36/),"
    "systolic_pressure [mmHg](/api/datatype/98/),activity [g](/api/datatype/49/),"
    "heart_rate [bpm](/api/datatype/19/),cadence [spm](/api/datatype/53/),"
    "temperature_celcius [C](/api/datatype/81/)"
)


@pytest.fixture
def write(tmp_path):
    def write(*lines, name="data.csv", end="\n"):
        path = tmp_path / name
        path.write_text("".join(line + end for line in lines), encoding="utf-8")
        return path

    return write


def read(path, **options):
    return dashboard.read(path, ReadOptions(**options))


def time_of(tick, clock=256):
    """The time of a tick, by the arithmetic of pandas."""
    whole, part = divmod(int(tick), clock)
    return EPOCH + pd.Timedelta(seconds=whole) + pd.Timedelta(part * 10**9 // clock)


def expected_cells(path):
    """Channel -> {time: value}, by the standard library alone."""
    with path.open(encoding="utf-8", newline="") as file:
        headings, *rows = csv.reader(file)
    cells = {heading.split(" ")[0]: {} for heading in headings[1:]}
    for row in rows:
        tick = int(Decimal(row[0]))
        for name, cell in zip(cells, row[1:], strict=True):
            if cell != "":
                cells[name][time_of(tick)] = float(cell)
    return cells


def as_dict(record, channel):
    frame = record[channel]
    return dict(zip(frame.index, frame[channel].tolist(), strict=True))


def same(one, two):
    return one.keys() == two.keys() and all(
        value == two[key] or (math.isnan(value) and math.isnan(two[key]))
        for key, value in one.items()
    )


# -- real files ------------------------------------------------------------------------

REAL = ["record-241834.csv", "range-2453736-G01-45359.csv"]


@pytest.mark.parametrize("name", REAL)
def test_every_cell_of_a_real_file_is_where_the_standard_library_finds_it(
    real_data, name
):
    path = real_data / "dashboard" / name
    assert dashboard.sniff(path)
    record = read(path)
    cells = expected_cells(path)
    assert set(record) == set(cells)
    for channel, expected in cells.items():
        assert same(as_dict(record, channel), expected), channel


def test_the_real_record_and_the_range_cut_from_it_agree(real_data):
    record, part = (read(real_data / "dashboard" / name) for name in REAL)
    compared = 0
    for channel in part:
        both = record[channel].index.intersection(part[channel].index)
        if channel != "sleep_position":
            assert len(both) == len(part[channel])
        pd.testing.assert_frame_equal(
            record[channel].loc[both], part[channel].loc[both], check_freq=False
        )
        compared += len(both)
    assert compared > 6 * 2423


def test_the_real_files_say_their_ids_and_spans(real_data):
    record, part = (read(real_data / "dashboard" / name) for name in REAL)
    assert record.id == 241834
    assert record.facts.info["provenance"]["heart_rate"] == "dashboard CSV"
    assert (record.start_tick, record.end_tick) == (421880163746, 421881176738)
    assert record.family == part.family == "hexoskin"
    assert part.id is None
    assert part.facts.info["range_id"] == 2453736
    assert len(record["heart_rate"]) == 3957
    assert math.isnan(record["sleep_position"].iloc[0, 0])


def test_a_stamp_that_the_range_export_splits_becomes_one_row(real_data):
    part = read(real_data / "dashboard" / REAL[1])
    split = time_of(421880815778)
    assert part["heart_rate"].loc[split, "heart_rate"] == 120
    assert part["activity"].loc[split, "activity"] == 0.01953125
    assert not any(part[name].index.has_duplicates for name in part)


# -- dialects --------------------------------------------------------------------------


def test_the_headings_of_2014_have_neither_units_nor_ids(write):
    path = write(OLD, f"{START},,,,,", f"{START + 256},12,70,13.28,0,0.01953125")
    assert dashboard.sniff(path)
    record = read(path)
    assert list(record) == [
        "heart_rate",
        "breathing_rate",
        "minute_ventilation",
        "activity",
        "cadence",
    ]
    assert as_dict(record, "heart_rate") == {time_of(START + 256): 70.0}
    assert as_dict(record, "minute_ventilation") == {time_of(START + 256): 13.28}
    assert record.start == time_of(START)


def test_an_astroskin_file_counts_milliseconds(write):
    start = 1691371518000
    path = write(
        ASTROSKIN,
        f"{start},,,,,,,,,",
        "1.691371519E+12,15,98,0,5000,120,0.01953125,61,0,30.91015625",
    )
    record = read(path)
    assert record.family == "astroskin_1000"
    assert record.start == pd.Timestamp("2023-08-07T01:25:18Z")
    at = pd.Timestamp("2023-08-07T01:25:19Z")
    assert as_dict(record, "temperature_celsius") == {at: 30.91015625}
    assert as_dict(record, "spo2") == {at: 98.0}
    assert as_dict(record, "systolic_pressure") == {at: 120.0}


def test_a_column_that_only_an_astroskin_has_tells_the_model(write):
    heading = "time [s/256],SPO2 [%](/api/datatype/66/)"
    assert read(write(heading, f"{START},98")).family == "astroskin_256"
    path = write(FULL, f"{START},1,2,,4,5,6")
    assert read(path).family == "hexoskin"
    assert read(path, model="astroskin").family == "astroskin_256"
    with pytest.raises(ConfigurationError, match="1000 ticks"):
        read(path, model="astroskin_1000")


def test_a_column_of_the_user_becomes_a_fact(write):
    path = write("user," + OLD, f"/api/user/1511/,{START},12,70,13.28,0,0")
    assert dashboard.sniff(path)
    assert read(path).facts.info["user_id"] == 1511
    path = write("user," + OLD, f"1,{START},1,2,3,4,5", f"2,{START + 1},1,2,3,4,5")
    with pytest.raises(FileFormatError, match="expected one user"):
        read(path)


def test_an_id_goes_before_the_name(write):
    path = write("time [s/256],whatever [bpm](/api/datatype/19/)", f"{START},61")
    assert list(read(path)) == ["heart_rate"]
    path = write("time [s/256],/api/v1/datatype/33/", f"{START},61")
    assert list(read(path)) == ["breathing_rate"]


def test_leads_in_several_columns_become_one_frame(write):
    heading = (
        "time [s/256],acceleration_X [g](/api/datatype/4145/),"
        "acceleration_Z [g](/api/datatype/4147/)"
    )
    record = read(write(heading, f"{START},0.5,1", f"{START + 4},,-1"))
    frame = record["acceleration"]
    assert frame.columns.tolist() == [
        "acceleration_x",
        "acceleration_y",
        "acceleration_z",
    ]
    assert frame["acceleration_z"].tolist() == [1.0, -1.0]
    assert frame["acceleration_x"].tolist()[0] == 0.5
    assert frame["acceleration_y"].isna().all()
    assert str(frame.dtypes.iloc[0]) == "float32"


def test_windows_line_ends_a_byte_order_mark_and_quotes_do_no_harm(write, tmp_path):
    plain = read(write(FULL, f"{START},1,2,,4,5,6", name="a.csv"))
    cells = ",".join(f'"{cell}"' for cell in FULL.split(","))
    path = tmp_path / "b.csv"
    path.write_bytes(f"\ufeff{cells}\r\n{START},1,2,,4,5,6\r\n".encode())
    assert dashboard.sniff(path)
    quoted = read(path)
    for name in plain:
        pd.testing.assert_frame_equal(plain[name], quoted[name])


# -- cells -----------------------------------------------------------------------------


def test_an_empty_cell_is_no_sample_and_nan_is_a_missing_value(write):
    path = write(FULL, f"{START},,,nan,,,", f"{START + 256},1,2,,4,5,6")
    record = read(path)
    assert record["sleep_position"].index.tolist() == [time_of(START)]
    assert record["sleep_position"].isna().all().all()
    assert record["heart_rate"].index.tolist() == [time_of(START + 256)]


def test_a_channel_without_any_cell_is_there_and_empty(write):
    record = read(write(FULL, f"{START},1,2,,4,5,6"))
    assert "sleep_position" in record
    assert record["sleep_position"].empty
    assert record["sleep_position"].columns.tolist() == ["sleep_position"]


def test_counts_are_given_on_request(write):
    path = write(FULL, f"{START},1,20637.12,,0.01953125,5,6")
    record = read(path, scale="raw")
    assert record["minute_ventilation"].iloc[0, 0] == 1554
    assert record["activity"].iloc[0, 0] == 5
    assert record.scale == "raw"


def test_only_the_channels_that_were_asked_for_are_loaded(write):
    path = write(FULL, f"{START},1,2,,4,5,6")
    assert list(read(path, channels=["heartrate", 33])) == [
        "heart_rate",
        "breathing_rate",
    ]
    with pytest.raises(UnknownChannelError, match="spo2"):
        read(path, channels=["spo2"])


def test_channels_of_one_rate_share_the_memory_of_their_index(write):
    record = read(write(FULL, *(f"{START + 256 * n},1,2,,4,5,6" for n in range(9))))
    one, two = (record[name].index.asi8 for name in ("heart_rate", "activity"))
    assert np.shares_memory(one, two)


def test_unknown_columns_are_left_out_with_a_warning(write):
    heading = f"{FULL},mystery [x](/api/datatype/99998/),"
    path = write(heading, f"{START},1,2,,4,5,6,7,")
    with pytest.warns(SkippedChannelWarning, match=r"mystery .*99998.*column 9"):
        record = read(path)
    assert record["heart_rate"].iloc[0, 0] == 5


def test_litres_in_the_heading_are_millilitres_in_the_cells(write):
    heading = FULL.replace("[mL/min]", "[L/min]")
    record = read(write(heading, f"{START},1,4395.679999999999,,4,5,6"))
    assert record["minute_ventilation"].iloc[0, 0] == 4395.679999999999
    record = read(write(heading, f"{START},1,0.0,,4,5,6"))
    assert record["minute_ventilation"].iloc[0, 0] == 0
    with pytest.raises(FileFormatError, match=r"line 1.*\[L/min\].*up to 12\.5"):
        read(write(heading, f"{START},1,12.5,,4,5,6"))


def test_rows_are_put_in_the_order_of_their_stamps(write):
    path = write(OLD, *(f"{START + 256 * n},{n},{n},{n},{n},{n}" for n in (2, 0, 1)))
    record = read(path)
    assert record["heart_rate"]["heart_rate"].tolist() == [0, 1, 2]
    assert (record.start_tick, record.end_tick) == (START, START + 512)


def test_a_cell_that_comes_twice_with_one_value_is_counted_once(write):
    row = f"{START},1,70,3,4,nan"
    record = read(write(OLD, row, row))
    assert len(record["heart_rate"]) == 1
    assert record.receipt("heart_rate").duplicates == 1
    assert record.survey("activity").duplicates == 1


# -- what is refused -------------------------------------------------------------------

BROKEN = {
    "line 3: found 5 cells .*, expected 6": (f"{START},1,2,3,4,5", f"{START},1,2,3,4"),
    "line 2: found 7 cells .*, expected 6": (f"{START},1,2,3,4,5,6",),
    r"line 4, column 3 \(heart_rate\): found 'x', expected a number": (
        f"{START},1,2,3,4,5",
        "",
        f"{START + 1},1,x,3,4,5",
        f"{START + 2},1,2,y,4,5",
    ),
    "line 3: found 'soon', expected a tick": (f"{START},1,2,3,4,5", "soon,1,2,3,4,5"),
    r"line 3: found '421880163746\.5', expected a tick": (
        f"{START},1,2,3,4,5",
        f"{START}.5,1,2,3,4,5",
    ),
    "line 3: found '12', expected a tick": (f"{START},1,2,3,4,5", "12,1,2,3,4,5"),
    "line 3: found no stamp": (f"{START},1,2,3,4,5", ",1,2,3,4,5"),
    "line 2: 12 is no tick of the years 2009 to 2050": ("12,1,2,3,4,5",),
    "line 3: found 71 for heart_rate .*expected 70, which line 2": (
        f"{START},1,70,3,4,5",
        f"{START},1,71,3,4,5",
    ),
    "line 3: found 70 for heart_rate .*expected nan, which line 2": (
        f"{START},1,nan,3,4,5",
        f"{START},1,70,3,4,5",
    ),
    "line 2, cadence: found an infinite value": (f"{START},1,2,3,inf,5",),
    "no rows below the headings": (),
}


@pytest.mark.parametrize(("message", "lines"), BROKEN.items())
def test_a_broken_file_is_refused_with_its_name_and_line(write, message, lines):
    path = write(OLD, *lines, name="mine.csv")
    with pytest.raises(FileFormatError, match=f"mine.csv.*{message}"):
        read(path)


@pytest.mark.parametrize("channels", [None, ["cadence"]])
def test_stamps_that_a_spreadsheet_rounded_are_refused(write, channels):
    exact = [START + 256 * number for number in range(100)]
    rows = [f"{tick:.5E},1,70,3,4,0" for tick in exact]
    with pytest.raises(FileFormatError, match=r"line 3: found '4\.\d{5}E\+11'.*spread"):
        read(write(OLD, *rows), channels=channels)
    kept = read(write(OLD, *(f"{tick:.11e},1,70,3,4,0" for tick in exact)))
    assert len(kept["cadence"]) == 100


def test_a_unit_that_the_table_does_not_have_is_refused(write):
    heading = FULL.replace("[bpm]", "[Hz]")
    with pytest.raises(FileFormatError, match=r"line 1.*\[Hz\].*expected \[bpm\]"):
        read(write(heading, f"{START},1,2,,4,5,6"))


def test_two_columns_of_one_channel_are_refused(write):
    heading = "time [s/256],heart_rate,heartrate"
    with pytest.raises(FileFormatError, match="heart_rate twice"):
        read(write(heading, f"{START},60,61"))


def test_a_line_of_bytes_that_are_no_text_is_refused(tmp_path):
    path = tmp_path / "bytes.csv"
    path.write_bytes(f"{OLD}\n{START},1,2,3,4,".encode() + b"\xff\xfe\n")
    with pytest.raises(FileFormatError, match=r"line 2, column 6 \(activity\)"):
        read(path)
    path.write_bytes(f"{OLD}\n".encode() + b"\xff\xfe,1,2,3,4,5\n")
    with pytest.raises(FileFormatError, match=r"bytes.csv, line 2"):
        read(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "timestamp\n",
        "timestamp,temperature_of_soup\n1,2\n",
        "time [s],heart_rate [bpm](/api/datatype/19/)\n1,2\n",
        "time,heart_rate\n2022-11-04T23:29:49.000000000Z,70\n",
        "1,2\n",
        "\0\0\0\0",
    ],
)
def test_other_files_are_not_taken_for_a_dashboard_csv(tmp_path, text):
    path = tmp_path / "record-1.csv"
    path.write_text(text, encoding="utf-8")
    assert not dashboard.sniff(path)
    with pytest.raises(FileFormatError):
        read(path)


def test_folders_and_images_are_not_taken_for_a_dashboard_csv(tmp_path):
    assert not dashboard.sniff(tmp_path)
    path = tmp_path / "picture.csv"
    for content in (bytes(range(256)) * 600, b"timestamp\rheart_rate,\r\n"):
        path.write_bytes(content)
        assert not dashboard.sniff(path)


# -- what spreadsheets, R and other systems save ---------------------------------------


def rows_of(path, most=400):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[:most]


def printed(rows, delimiter=",", *, quoting=csv.QUOTE_MINIMAL, end="\n"):
    file = io.StringIO()
    writer = csv.writer(
        file, delimiter=delimiter, quoting=quoting, lineterminator=end, doublequote=True
    )
    writer.writerows(rows)
    return file.getvalue()


def changed(rows, change):
    """Rows with another form of each cell; the headings stay."""
    return [rows[0], *([change(cell) for cell in row] for row in rows[1:])]


def stamped(rows, change):
    """Rows with another form of each stamp, which `change` gets as a whole number."""
    return [rows[0], *([change(int(Decimal(row[0]))), *row[1:]] for row in rows[1:])]


def comma(cell):
    return cell.replace(".", ",")


def numbered(rows, heading):
    return [[*heading, *rows[0]], *([str(at), *row] for at, row in enumerate(rows[1:]))]


def renamed(rows, change):
    return [[change(cell) for cell in rows[0]], *rows[1:]]


def as_r(name):
    return re.sub(r"[^A-Za-z0-9._]", ".", name)


def as_matlab(name):
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def filled(rows, word):
    return changed(rows, lambda cell: cell or word)


def grouped(sign):
    return lambda tick: f"{tick:,}".replace(",", sign)


def scientific(tick):
    return f"{str(tick)[0]}.{str(tick)[1:]}".rstrip("0") + "E+11"


def spreadsheet(rows):
    return printed(changed(rows, comma), ";", end="\r\n")


EVERY = csv.QUOTE_ALL
SAVED = {
    "semicolons and decimal commas": spreadsheet,
    "semicolons and decimal points": lambda rows: printed(rows, ";"),
    "tabs": lambda rows: printed(rows, "\t"),
    "tabs and decimal commas": lambda rows: printed(changed(rows, comma), "\t"),
    "bars": lambda rows: printed(rows, "|"),
    "a line that says sep=;": lambda rows: "sep=;\r\n" + spreadsheet(rows),
    "a line that says sep=,": lambda rows: "sep=,\n" + printed(rows),
    "a byte order mark and sep=": lambda rows: "\ufeffsep=;\n" + spreadsheet(rows),
    "a byte order mark": lambda rows: "\ufeff" + printed(rows),
    "Unicode text": lambda rows: printed(rows, "\t", end="\r\n").encode("utf-16"),
    "UTF-16, big end first": lambda rows: printed(rows).encode("utf-16-be"),
    "Windows line ends": lambda rows: printed(rows, end="\r\n"),
    "line ends of an old Mac": lambda rows: printed(rows, end="\r"),
    "quotes": lambda rows: printed(rows, quoting=EVERY),
    "empty rows below": lambda rows: printed([*rows, *[[""] * len(rows[0])] * 3]),
    "empty rows between": lambda rows: printed(
        [*rows[:9], [""] * len(rows[0]), *rows[9:]]
    ),
    "empty rows without an end": lambda rows: printed([*rows, [""] * 8]).rstrip(),
    "empty lines": lambda rows: "\n\n" + printed(rows) + "\n\r\n",
    "NA": lambda rows: printed(filled(rows, "NA")),
    "quoted NA": lambda rows: printed(filled(rows, "NA"), quoting=EVERY),
    "#N/A": lambda rows: printed(filled(rows, "#N/A")),
    "null": lambda rows: printed(filled(rows, "null")),
    "NaN in every empty cell": lambda rows: printed(
        changed(rows, lambda cell: "NaN" if cell in {"", "nan"} else cell)
    ),
    "row numbers of pandas": lambda rows: printed(numbered(rows, [""])),
    "row numbers, read and saved": lambda rows: printed(
        numbered(numbered(rows, ["Unnamed: 0"]), [""])
    ),
    "R's write.csv": lambda rows: printed(
        numbered(renamed(filled(rows, "NA"), as_r), [""]), quoting=EVERY
    ),
    "R's write.csv2": lambda rows: printed(
        changed(numbered(renamed(filled(rows, "NA"), as_r), [""]), comma),
        ";",
        quoting=EVERY,
    ),
    "R's write.table": lambda rows: printed(
        numbered(renamed(filled(rows, "NA"), as_r), []), " ", quoting=EVERY
    ),
    "MATLAB's names": lambda rows: printed(renamed(rows, as_matlab)),
    "stamps as floats": lambda rows: printed(stamped(rows, "{}.0".format)),
    "stamps with ,00": lambda rows: printed(
        changed(stamped(rows, "{}.00".format), comma), ";"
    ),
    "quoted stamps": lambda rows: printed(stamped(rows, str), quoting=EVERY),
    "stamps with all digits and E": lambda rows: printed(stamped(rows, scientific)),
    "stamps with ,E": lambda rows: printed(
        changed(stamped(rows, scientific), comma), ";"
    ),
    "thousands in stamps": lambda rows: printed(stamped(rows, grouped(","))),
    "spaces in stamps": lambda rows: printed(
        changed(stamped(rows, grouped("\u202f")), comma), "\t"
    ),
}


def assert_same(one, two):
    assert list(one) == list(two)
    assert (one.start_tick, one.end_tick) == (two.start_tick, two.end_tick)
    assert one.family == two.family
    for name in two:
        pd.testing.assert_frame_equal(one[name], two[name], check_exact=True)
        assert one.survey(name) == two.survey(name)


@pytest.mark.parametrize("form", SAVED)
def test_what_another_program_saved_reads_as_the_original(form, samples, tmp_path):
    original = samples / "hexoskin_10min.csv"
    rows = rows_of(original)
    (tmp_path / "as_it_was.csv").write_text(printed(rows), encoding="utf-8")
    saved = SAVED[form](rows)
    path = tmp_path / "saved.csv"
    path.write_bytes(saved if isinstance(saved, bytes) else saved.encode())
    assert dashboard.sniff(path)
    assert_same(read(path), read(tmp_path / "as_it_was.csv"))


@pytest.mark.parametrize("form", ["semicolons and decimal commas", "R's write.csv"])
@pytest.mark.parametrize("name", REAL)
def test_a_real_file_saved_by_another_program_is_the_same(
    form, name, real_data, tmp_path
):
    original = real_data / "dashboard" / name
    path = tmp_path / name
    path.write_text(SAVED[form](rows_of(original, 10_000)), encoding="utf-8")
    assert_same(open_record(path), open_record(original))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"index": False},
        {"na_rep": "NaN"},
        {"sep": ";", "decimal": ","},
        {"sep": "\t", "encoding": "utf-16"},
    ],
)
@pytest.mark.parametrize(
    "name", ["record-9.csv", "record-9.csv.gz", "record-9.csv.zip"]
)
def test_what_pandas_wrote_reads_as_the_original(how, name, samples, tmp_path):
    original = samples / "hexoskin_10min.csv"
    # pyarrow reads every digit; pandas 2 would need an option that pandas 3 took away.
    arrow_csv.read_csv(original).to_pandas().to_csv(tmp_path / name, **how)
    saved, expected = open_record(tmp_path / name), read(original)
    assert saved.id == 9
    for channel in expected:
        # pandas writes nan as an empty cell, unless it is told otherwise.
        drop = channel == "sleep_position" and "na_rep" not in how
        one, two = saved[channel], expected[channel]
        pd.testing.assert_frame_equal(
            one, two.dropna() if drop else two, check_exact=True, check_freq=False
        )


def test_inputs_that_were_refused_for_false_reasons_open(real_data):
    faults = real_data / "faults"
    saved = open_record(faults / "semicolon_decimal_comma_full_stamps.csv")
    packed = open_record(faults / "dashboard.csv.zip")
    assert saved.start_tick == packed.start_tick == 413205985333
    assert packed.id == 1
    assert_same(saved, packed)
    assert saved["minute_ventilation"]["minute_ventilation"].iloc[-1] == 15338.4
    record = open_record(faults / "r_write_csv.csv")
    assert (record.start_tick, record.end_tick) == (380118769735, 380118779463)
    assert record["heart_rate"]["heart_rate"].iloc[-1] == 68
    assert record["minute_ventilation"].iloc[-1, 0] == 14196.32


def test_names_of_r_keep_unit_and_id(write):
    heading = ",".join(map(as_r, ASTROSKIN.split(",")))
    assert "SPO2......api.datatype.66.." in heading
    record = read(write(heading, "1691371519000,15,98,0,5000,120,0.5,61,0,30.5"))
    assert record.family == "astroskin_1000"
    assert record["spo2"].iloc[0, 0] == 98
    assert record["temperature_celsius"].iloc[0, 0] == 30.5
    wrong = heading.replace("bpm", "Hz")
    with pytest.raises(FileFormatError, match=r"\[Hz\].*expected \[bpm\]"):
        read(write(wrong, "1691371519000,15,98,0,5000,120,0.5,61,0,30.5"))
    litres = as_r(FULL.split(",")[2].replace("mL", "L"))
    with pytest.raises(FileFormatError, match=r"\[l/min\].*up to 12\.5"):
        read(write(f"time..s.256.,{litres}", f"{START},12.5"))


def test_a_decimal_comma_far_below_is_found(write):
    rows = [f"{START + 256 * number};0;70" for number in range(3000)]
    heading = "timestamp;activity;heart_rate"
    record = read(write(heading, *rows, f"{START + 256 * 3000};0,5;70"))
    assert record["activity"].iloc[-1, 0] == 0.5


def test_notes_beside_the_channels_do_no_harm(write):
    path = write(
        "timestamp,heart_rate,notes", f"{START},70,resting", f"{START + 256},71,"
    )
    with pytest.warns(SkippedChannelWarning, match="notes left out"):
        assert len(read(path)["heart_rate"]) == 2


def test_a_first_row_of_nan_is_the_start_and_no_sample(write):
    rows = [f"{START + 256 * n},1,2,,4,5,6" for n in (1, 2, 3)]
    record = read(write(FULL, f"{START},nan,nan,nan,nan,nan,nan", *rows))
    survey = record.survey("heart_rate")
    assert (survey.expected, survey.received, survey.missing) == (3, 3, 0)
    assert record.start_tick == START
    assert record["sleep_position"].index.tolist() == [time_of(START)]
    # With a number in it, it is a row as any other.
    record = read(write(FULL, f"{START},nan,nan,nan,nan,70,nan", *rows))
    assert math.isnan(record["activity"].iloc[0, 0])


def test_one_csv_in_a_zip_opens_and_several_are_named(samples, tmp_path):
    text = (samples / "hexoskin_10min.csv").read_text(encoding="utf-8")
    path = tmp_path / "sent.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("letter.txt", "Dear colleague")
        file.writestr("data/record-7.csv", text)
        file.writestr("__MACOSX/data/._record-7.csv", "x")
    assert open_record(path).id == 7
    assert list(open_records(tmp_path)) == ["7"]
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("data/record-8.csv", text)
    with pytest.raises(FileFormatError, match=r"2 CSVs .*record-7\.csv, record-8"):
        open_record(path)


def test_a_cut_gz_is_refused_as_such(samples, tmp_path):
    packed = gzip.compress((samples / "hexoskin_10min.csv").read_bytes())
    path = tmp_path / "record-1.csv.gz"
    path.write_bytes(packed[:-3000])
    with pytest.raises(FileFormatError, match=r"\.gz ends in the middle"):
        open_record(path)
    path.write_bytes(packed[:-8] + bytes(8))
    with pytest.raises(FileFormatError, match=r"\.gz is damaged"):
        open_record(path)
    path.write_bytes(packed + gzip.compress(b"\n") + bytes(8))
    assert len(open_record(path)["heart_rate"]) == 599


# -- what was lost ---------------------------------------------------------------------

DAY = pd.Timestamp("2022-03-22")
ROUNDED = {
    "six digits": "{:.5E}".format,
    "seven digits": "{:.6E}".format,
    "ten digits": "{:.9e}".format,
    "millions": lambda tick: str(round(tick, -6)),
    "ten thousands": lambda tick: str(round(tick, -4)),
    "thousands": lambda tick: str(round(tick, -3)),
    "tens": lambda tick: str(round(tick, -1)),
    "32 bits": lambda tick: str(int(np.float32(tick))),
}
DELIMITED = {
    ",": printed,
    ";": spreadsheet,
    "tab": lambda rows: printed(changed(rows, comma), "\t"),
}


@pytest.mark.parametrize("delimiter", DELIMITED)
@pytest.mark.parametrize("form", ROUNDED)
def test_rounded_stamps_are_refused_with_what_did_it(
    form, delimiter, samples, tmp_path
):
    rows = stamped(rows_of(samples / "hexoskin_10min.csv"), ROUNDED[form])
    path = tmp_path / "rounded.csv"
    path.write_text(DELIMITED[delimiter](rows), encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"rounded to .* ticks") as caught:
        open_record(path)
    message = str(caught.value)
    assert "a spreadsheet does" in message
    assert "export the file again" in message
    assert "vendor's ZIP" in message


def test_the_rounded_file_says_to_how_many_ticks(real_data):
    path = real_data / "faults" / "spreadsheet_rounded_stamps.csv"
    with pytest.raises(FileFormatError, match="all are rounded to 1,000,000 ticks"):
        open_record(path)


@pytest.mark.parametrize(
    "stamps",
    [
        [421880000000],
        [1691371518000, 1691371519000, 1691371520000],
        [1691371518000],
        [START, START, START],
        [421880160000 + 2560 * number for number in range(20)],
        [421880160000 + 40 * number for number in range(20)],
    ],
    ids=["alone", "whole seconds", "one", "repeated", "every ten", "waveform"],
)
def test_whole_stamps_are_never_called_rounded(write, stamps):
    rows = [f"{stamp},1,70,3,4,0" for stamp in stamps]
    assert len(read(write(OLD, *rows))["heart_rate"]) == len(set(stamps))


SPOILT = {
    r"'2022-03-22 00:00:01', expected a tick: a spreadsheet made a date": str,
    r"'22/03/2022 00:00', expected a tick: a spreadsheet made a date": (
        lambda time: time.strftime("%d/%m/%Y %H:%M")
    ),
    r"'2022-03-22T00:00:01Z', expected a tick: a spreadsheet made a date": (
        lambda time: f"{time.isoformat()}Z"
    ),
    r"'22. Mar', expected a tick: a spreadsheet made a date": (
        lambda time: time.strftime("%d. %b")
    ),
    r"'########', expected a tick: a spreadsheet had no room": lambda _: "########",
    r"'#VALUE!', expected a tick: a spreadsheet had no room": lambda _: "#VALUE!",
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(("message", "change"), SPOILT.items())
@pytest.mark.parametrize("first", ["timestamp", "time [s/256]"])
def test_what_is_no_tick_any_more_is_named(write, message, change, delimiter, first):
    seconds = range(1, 9)
    rows = [f"{change(DAY + pd.Timedelta(s, 's'))}{delimiter}70" for s in seconds]
    path = write(f"{first}{delimiter}heart_rate", *rows)
    with pytest.raises(FileFormatError, match=message) as caught:
        open_record(path)
    assert "export the file again" in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("{};70;14.767,36", "thousands"),
        ("{};70;14 767,36", "thousands"),
        ("{};70;8512.48", "decimal sign is not the ','"),
        ("{};70;05. Jan", "made a date"),
        ("{};70;Mai 23", "made a date"),
        ("{};70;###", "no room"),
        ('{};70;"#DIV/0!"', "no room"),
    ],
)
def test_a_value_that_a_spreadsheet_spoilt_is_named(write, cells, message):
    path = write(
        "timestamp;heart_rate;minute_ventilation",
        f"{START};70;0,5",
        cells.format(START + 256),
    )
    with pytest.raises(FileFormatError, match=f"line 3, column 3.*{message}.*export"):
        read(path)


def test_a_comma_that_is_decimal_and_delimiter_is_refused(write):
    path = write(OLD, f"{START},12,70,13,28,0,0,019")
    with pytest.raises(FileFormatError, match=r"cannot be told apart.*semicolons"):
        read(path)
    path = write(OLD, f'{START},12,70,"8,512",0,0')
    with pytest.raises(FileFormatError, match=r"'8,512'.*thousands.*decimal sign"):
        read(path)
    path = write("timestamp;heart_rate", "421.880.163.746;70", "421.880.164.002;70")
    with pytest.raises(FileFormatError, match="between thousands and is the decimal"):
        read(path)


# -- a file that was cut ---------------------------------------------------------------


@pytest.mark.parametrize("form", ["plain", "semicolons and decimal commas", "UTF-16"])
@pytest.mark.parametrize("left", [5, 12, 14, 40])
def test_a_file_cut_in_its_last_row_opens_on_request(form, left, samples, tmp_path):
    rows = rows_of(samples / "hexoskin_10min.csv", 60)
    whole = tmp_path / "whole.csv"
    whole.write_text(printed(rows[:-1]), encoding="utf-8")
    text = printed(rows[:-1]) + printed(rows[-1:])[:left]
    if form == "semicolons and decimal commas":
        text = spreadsheet(rows[:-1]) + spreadsheet(rows[-1:])[:left]
    path = tmp_path / "cut.csv"
    path.write_bytes(text.encode("utf-16" if form == "UTF-16" else "utf-8"))
    with pytest.raises(IncompleteDataError, match="the file was cut") as caught:
        read(path)
    assert "allow_partial=True" in str(caught.value)
    assert caught.value.ledger["heart_rate"].lost
    with pytest.warns(MissingSamplesWarning, match="the file was cut"):
        record = read(path, allow_partial=True)
    expected = read(whole)
    for name in expected:
        pd.testing.assert_frame_equal(record[name], expected[name], check_exact=True)
    gap = record.survey("heart_rate").gaps[-1]
    assert gap.cause == "transfer"
    assert (gap.start, gap.end) == (expected.end_tick, expected.end_tick + 256)


@pytest.mark.parametrize(
    ("before", "last"),
    [
        ("1,70,3,4,5", "1,70,3,4,"),
        ("1.0,70.0,3.0,4.0,5.0", "1.0,70.0,3.0,4.0,5."),
        ("1.0,70.0,3.0,4.0,15.0", "1.0,70.0,3.0,4.0,1"),
        ("1,70,3,4,5E-05", "1,70,3,4,5E-"),
        ('"1","70","3","4","15"', '"1","70","3","4","1'),
    ],
)
def test_a_last_cell_that_was_cut_is_seen_where_it_can_be(write, before, last):
    path = write(OLD, f"{START},{before}\n{START + 256},{last}", end="")
    path.write_text(f"{OLD}\n{path.read_text().removeprefix(OLD)}", encoding="utf-8")
    with pytest.raises(IncompleteDataError, match="last line"):
        read(path)


@pytest.mark.parametrize(
    "last", ["1,70,3,4,5", ",,,,5", "1,,,,", "nan,nan,nan,nan,nan"]
)
def test_a_whole_file_without_a_last_line_end_opens(tmp_path, last):
    path = tmp_path / "data.csv"
    rows = [f"{START},1,70,3,4,5", f"{START + 256},{last}"]
    path.write_text("\n".join([OLD, *rows]), encoding="utf-8")
    assert read(path).end_tick == START + 256


# -- any file --------------------------------------------------------------------------

stamps = st.lists(st.integers(0, 4000), min_size=1, max_size=40, unique=True).map(
    sorted
)
cells = st.one_of(
    st.just(""),
    st.just("nan"),
    st.integers(0, 250).map(str),
    st.floats(0, 1e5, allow_nan=False).map(repr),
)
FORMS = ["{0}", "{0}.0", "{0}.000", "{0:.12E}", " {0}"[1:]]


@given(stamps=stamps, data=st.data())
def test_any_rows_read_as_the_standard_library_reads_them(
    tmp_path_factory, stamps, data
):
    path = tmp_path_factory.mktemp("any") / "record-7.csv"
    lines = [OLD]
    expected = {name: {} for name in OLD.split(",")[1:]}
    for offset in stamps:
        tick = START + offset
        row = [data.draw(cells) for _ in expected]
        for name, cell in zip(expected, row, strict=True):
            if cell:
                expected[name][time_of(tick)] = float(cell)
        # The range export may split a row in two.
        parts = [row]
        if data.draw(st.booleans()):
            cut = data.draw(st.integers(0, len(row)))
            parts = [row[:cut] + [""] * (5 - cut), [""] * cut + row[cut:]]
        for part in parts:
            form = data.draw(st.sampled_from(FORMS))
            stamp = form.format(Decimal(tick))
            lines.append(",".join([stamp, *part]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if lines[1].split(",")[1:] == ["nan"] * 5:
        # The start of a record, before the first sample.
        for values in expected.values():
            del values[time_of(START + stamps[0])]
    record = read(path)
    for name, values in expected.items():
        assert same(as_dict(record, name), values)
    assert record.start_tick == START + stamps[0]
    assert record.end_tick == START + stamps[-1]


@given(text=st.text(max_size=200), binary=st.binary(max_size=50))
def test_any_other_content_is_refused_and_never_taken(tmp_path_factory, text, binary):
    path = tmp_path_factory.mktemp("other") / "record-7.csv"
    path.write_bytes(OLD.encode() + b"\n" + text.encode("utf-8", "replace") + binary)
    with contextlib.suppress(FileFormatError):
        assert len(read(path)) == 5

"""The dashboard's CSV, against the standard library's csv and the real files."""

import contextlib
import csv
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    SkippedChannelWarning,
    UnknownChannelError,
)
from hexoframe.formats import dashboard
from hexoframe.formats.options import ReadOptions

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

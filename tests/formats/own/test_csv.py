"""hexoframe's own CSV: what is written is read back, and any other tool can read it."""

import csv
import datetime as dt
import hashlib
import json
import os
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe.channels import FAMILIES, channels_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    OutputExistsError,
    UnknownChannelError,
)
from hexoframe.formats.options import ReadOptions
from hexoframe.formats.own import csv as table
from hexoframe.formats.own import manifest
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import SHAPES, Facts
from hexoframe.recording.frames import empty_frame, make_frame
from hexoframe.timestamps import grid, ticks_to_index

START = {256: 427166620417, 1000: 1691371518001}
pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)


def frame_of(channel, ticks, values, *, scale="physical", record_id=12345):
    return make_frame(
        channel,
        ticks_to_index(np.asarray(ticks), clock=channel.clock),
        dict(zip(channel.columns, values, strict=True)),
        record_id=record_id,
        scale=scale,
    )


def awkward(rng, count, dtype):
    """Values that a careless writer changes."""
    values = rng.standard_normal(count).astype(dtype)
    special = [
        np.nan,
        0.0,
        -0.0,
        0.1,
        1 / 3,
        1e-30,
        3e30,
        571.04,
        331 * 13.28,
        16777217,
    ]
    for at, value in zip(range(0, count, 3), special, strict=False):
        values[at] = value
    return values


def record_of(family, *, scale="physical", facts=None, seconds=3, tz="UTC"):
    """A record of every channel of a family, one of them empty."""
    rng = np.random.default_rng(7)
    clock = channels_of(family)["heart_rate"].clock
    start = START[clock]
    frames = {}
    for name, channel in channels_of(family).items():
        step = channel.ticks or Fraction(37)
        count = max(1, int(seconds * clock / step))
        ticks = grid(start, step=step, count=count, first=channel.first_sample)
        values = [awkward(rng, count, channel.dtype) for _ in channel.columns]
        if scale == "raw":
            values = [np.rint(np.nan_to_num(column)) for column in values]
        frames[name] = frame_of(channel, ticks, values, scale=scale)
    frames["nn_interval"] = empty_frame(
        channels_of(family)["nn_interval"], record_id=12345, scale=scale
    )
    info = {"id": 12345, "device": "HXSKIN1200008564", "nested": {"a": [1, None, "ü"]}}
    return RecordData(
        family,
        (start, start + seconds * clock),
        frames,
        facts=facts or Facts(info=info),
        scale=scale,
        tz=tz,
    )


def read(path, **options):
    return table.read(path, ReadOptions(**options))


def assert_same(one, two):
    assert list(one) == list(two)
    assert one.family == two.family
    assert one.scale == two.scale
    assert one.tz == two.tz
    assert (one.start_tick, one.end_tick) == (two.start_tick, two.end_tick)
    assert one.units == two.units
    assert one.facts.info == two.facts.info
    for name in one:
        assert_same_frame(one[name], two[name])
    for name in SHAPES:
        expected, found = getattr(one.facts, name), getattr(two.facts, name)
        if expected is None:
            assert found is None
        else:
            pd.testing.assert_frame_equal(expected, found)


def assert_same_frame(one, two):
    pd.testing.assert_frame_equal(one, two, check_exact=True, check_freq=False)
    assert one.attrs == two.attrs
    for column in one:
        # Bits, because 0.0 and -0.0 are equal as numbers.
        signs = [np.signbit(frame[column].to_numpy()) for frame in (one, two)]
        known = one[column].notna().to_numpy()
        np.testing.assert_array_equal(*(sign[known] for sign in signs))


# -- there and back --------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["physical", "raw"])
@pytest.mark.parametrize("family", FAMILIES)
def test_writing_and_reading_a_record_is_the_identity(tmp_path, family, scale):
    record = record_of(family, scale=scale, tz="America/Montreal")
    path = table.write(record, tmp_path)
    assert path == tmp_path / "record_12345"
    assert table.sniff(path)
    assert table.sniff(path / "metadata.json")
    assert_same(record, read(path, scale=scale))
    assert_same(record, read(path / "metadata.json", scale=scale))


def test_counts_and_physical_values_are_made_of_each_other_on_request(tmp_path):
    record = record_of("hexoskin", scale="raw")
    path = table.write(record, tmp_path)
    ecg = read(path)["ecg"]["ecg_i"].to_numpy()
    counts = record["ecg"]["ecg_i"].to_numpy().astype(np.float64)
    np.testing.assert_array_equal(ecg, (counts * 0.0064 - 8.704).astype(np.float32))
    table.write(read(path), tmp_path, overwrite=True)
    small = np.abs(counts) < 4096
    back = read(path, scale="raw")["ecg"]["ecg_i"].to_numpy()
    np.testing.assert_array_equal(back[small], counts[small])


def test_only_the_channels_that_were_asked_for_are_written_and_read(tmp_path):
    record = record_of("astroskin_256")
    path = table.write(record, tmp_path, channels=["heartrate", 4114, "spo2"])
    names = sorted(item.name for item in path.iterdir())
    assert names == ["ecg.csv", "heart_rate.csv", "metadata.json", "spo2.csv"]
    assert list(read(path)) == ["ecg", "heart_rate", "spo2"]
    assert list(read(path, channels=[66])) == ["spo2"]
    with pytest.raises(UnknownChannelError):
        table.write(record, tmp_path, channels=["hart_rate"], overwrite=True)


def test_a_channel_is_read_when_it_is_touched(tmp_path):
    record = read(table.write(record_of("hexoskin"), tmp_path))
    assert not any(record.is_read(name) for name in record)
    assert record.receipt("ecg").samples == 3 * 256
    assert len(record["ecg"]) == 3 * 256
    assert record.is_read("ecg")
    assert not record.is_read("heart_rate")


def test_a_channel_streams_in_pieces(tmp_path):
    channel = channels_of("hexoskin")["ecg"]
    count = 150_000
    values = np.random.default_rng(1).standard_normal(count).astype(np.float32)
    ticks = grid(START[256], step=1, count=count)
    frame = frame_of(channel, ticks, [values])
    span = (START[256], START[256] + count)
    record = RecordData(
        "hexoskin", span, {"ecg": frame}, facts=Facts(info={"id": 12345})
    )
    path = table.write(record, tmp_path)
    found = read(path)
    pieces = list(found.pieces("ecg", 7000))
    assert max(map(len, pieces)) <= 7000
    assert not found.is_read("ecg")
    assert_same_frame(frame, read(path)["ecg"])
    joined = pd.concat(pieces)
    joined.attrs = frame.attrs
    assert_same_frame(frame, joined)
    # A record that is written from pieces is the same again.
    again = table.write(read(path), tmp_path / "again")
    assert (again / "ecg.csv").read_bytes() == (path / "ecg.csv").read_bytes()


@given(data=st.data())
def test_any_float_at_any_tick_comes_back(tmp_path_factory, data):
    family = data.draw(st.sampled_from(FAMILIES))
    channel = channels_of(family)[data.draw(st.sampled_from(["ecg", "step"]))]
    clock = channel.clock
    offsets = st.lists(
        st.integers(946_684_800, 4_000_000_000), max_size=20, unique=True
    )
    seconds = data.draw(offsets)
    ticks = sorted(s * clock + data.draw(st.integers(0, clock - 1)) for s in seconds)
    width = 32 if channel.dtype == "float32" else 64
    columns = [
        np.array(
            data.draw(
                st.lists(
                    st.floats(width=width), min_size=len(ticks), max_size=len(ticks)
                )
            ),
            dtype=channel.dtype,
        )
        for _ in channel.columns
    ]
    frame = frame_of(channel, np.array(ticks, dtype=np.int64), columns)
    span = (ticks[0], ticks[-1]) if ticks else (START[clock], START[clock])
    facts = Facts(info={"id": 12345})
    record = RecordData(family, span, {channel.name: frame}, facts=facts)
    path = table.write(record, tmp_path_factory.mktemp("any"))
    assert_same(record, read(path))


# -- what other tools find -------------------------------------------------------------


def test_the_files_are_what_the_standard_library_reads(tmp_path):
    record = record_of("astroskin_1000")
    path = table.write(record, tmp_path)
    for name in record:
        frame = record[name]
        with (path / f"{name}.csv").open(encoding="ascii", newline="") as file:
            heading, *rows = csv.reader(file)
        assert heading == ["time", *frame.columns]
        assert [pd.Timestamp(row[0]) for row in rows] == frame.index.tolist()
        assert {len(row[0]) for row in rows} <= {len("2022-11-04T23:29:49.003906250Z")}
        for number, column in enumerate(frame, 1):
            texts = [row[number] or "nan" for row in rows]
            values = np.array(texts).astype(frame[column].dtype)
            np.testing.assert_array_equal(values, frame[column].to_numpy())


def test_a_time_is_written_with_all_its_nanoseconds(tmp_path):
    channel = channels_of("hexoskin")["heart_rate"]
    tick = int(dt.datetime(2022, 11, 4, 23, 29, 49, tzinfo=dt.UTC).timestamp()) * 256
    frame = frame_of(channel, [tick, tick + 1], [np.array([70.0, np.nan])])
    record = RecordData("hexoskin", (tick, tick + 1), {"heart_rate": frame})
    path = table.write(record, tmp_path)
    assert (path / "heart_rate.csv").read_bytes() == (
        b"time,heart_rate\n"
        b"2022-11-04T23:29:49.000000000Z,70\n"
        b"2022-11-04T23:29:49.003906250Z,\n"
    )


def test_plain_pandas_reads_a_file_into_the_same_frame(tmp_path):
    record = record_of("hexoskin")
    path = table.write(record, tmp_path)
    found = pd.read_csv(path / "acceleration.csv")
    times = pd.to_datetime(found["time"], format="ISO8601", utc=True)
    frame = record["acceleration"]
    assert times.tolist() == frame.index.tolist()
    for column in frame:
        values = found[column].to_numpy(np.float32)
        np.testing.assert_array_equal(values, frame[column].to_numpy())


def test_the_metadata_say_what_a_reader_needs(tmp_path):
    path = table.write(record_of("hexoskin"), tmp_path)
    about = json.loads((path / "metadata.json").read_text(encoding="utf-8"))
    assert about["family"] == "hexoskin"
    assert about["clock"] == 256
    assert about["info"]["nested"] == {"a": [1, None, "ü"]}
    ecg = about["channels"]["ecg"]
    assert ecg["columns"] == {"ecg_i": {"unit": "mV", "dtype": "float32"}}
    assert ecg["rows"] == 3 * 256
    assert ecg["rate_hz"] == 256
    assert pd.Timestamp(about["start_time"]).value == START[256] * 3_906_250


# -- one aligned file ------------------------------------------------------------------


def aligned():
    index = pd.date_range(
        "2022-11-04T19:29:49.003906250", periods=3, freq="1s", tz="America/Montreal"
    )
    return pd.DataFrame(
        {
            "heart_rate": [70.0, np.nan, 71.5],
            "ecg_i": np.array([0.1, -0.2, np.nan], dtype="float32"),
            "steps": [0, 1, 2],
            'odd, "name"': [True, False, True],
        },
        index=index.rename("time"),
    )


def test_an_aligned_frame_becomes_one_file(tmp_path):
    path = table.write_frame([aligned()], tmp_path / "new" / "all.csv")
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["time", "heart_rate", "ecg_i", "steps", 'odd, "name"'],
        ["2022-11-04T23:29:49.003906250Z", "70", "0.1", "0", "true"],
        ["2022-11-04T23:29:50.003906250Z", "", "-0.2", "1", "false"],
        ["2022-11-04T23:29:51.003906250Z", "71.5", "", "2", "true"],
    ]


def test_an_aligned_frame_of_many_rows_is_written_whole(tmp_path):
    count = 200_001
    index = pd.date_range("2022-11-04", periods=count, freq="100ms", tz="UTC")
    frame = pd.DataFrame({"x": np.arange(count) / 7}, index=index.as_unit("us"))
    path = table.write_frame([frame], tmp_path / "long.csv")
    found = pd.read_csv(path, dtype={"x": str})
    times = pd.to_datetime(found["time"], format="ISO8601", utc=True)
    assert (times.dt.as_unit("ns").array == index.as_unit("ns").array).all()
    assert [float(text) for text in found["x"]] == frame["x"].tolist()


def test_blocks_of_a_frame_make_the_same_file_as_the_frame(tmp_path):
    frame = aligned()
    whole = table.write_frame([frame], tmp_path / "whole.csv")
    blocks = (frame.iloc[first : first + 1] for first in range(3))
    parts = table.write_frame(blocks, tmp_path / "parts.csv")
    assert parts.read_bytes() == whole.read_bytes()


def test_a_block_that_fails_leaves_the_file_from_before(tmp_path):
    target = tmp_path / "all.csv"
    target.write_text("mine")

    def blocks():
        yield aligned()
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        table.write_frame(blocks(), target, overwrite=True)
    with pytest.raises(ConfigurationError, match="times with a zone"):
        table.write_frame(
            [aligned(), aligned().tz_localize(None)], target, overwrite=True
        )
    assert target.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [target]


def test_an_aligned_file_is_written_of_channels_that_come_in_pieces(tmp_path):
    record = Record.of(record_of("hexoskin", seconds=4000, tz="Asia/Kolkata"))
    # Values of this record are no flags.
    names = [n for n in record if record.channel(n).datatypes[0].align != "or"]

    def refuse():
        pytest.fail("a channel was read whole")

    def source(name):
        return LazyChannel(read=refuse, pieces=lambda rows: record.pieces(name, rows))

    streamed = Record(
        "hexoskin",
        (record.start_tick, record.end_tick),
        {name: source(name) for name in names},
        facts=record.facts,
    )
    path = streamed.to_csv(tmp_path / "streamed.csv", rate="1s")
    assert not any(streamed.is_read(name) for name in streamed)
    # The same in one, each column with its unit.
    frame = record.to_frame("1s", channels=names)
    assert len(frame) > 4000
    units = {**dict.fromkeys(frame, "count"), **record.units}
    frame.columns = [f"{name} [{units[name]}]" for name in frame]
    whole = table.write_frame([frame], tmp_path / "whole.csv")
    assert path.read_bytes() == whole.read_bytes()
    late = record.to_csv(
        tmp_path / "late.csv", rate="7s", origin="start", channels=["ecg"]
    )
    first = late.read_text("utf-8").splitlines()[1].split(",")[0]
    assert pd.Timestamp(first) == record.start


def test_what_is_no_aligned_frame_is_refused_and_nothing_written(tmp_path):
    target = tmp_path / "all.csv"
    frame = aligned()
    for wrong, message in (
        (frame.tz_localize(None), "times with a zone"),
        (frame.reset_index(drop=True), "times with a zone"),
        (frame.set_index(frame.index.where([True, False, True])), "none missing"),
        (frame.assign(text="a"), "column 'text' holds"),
        (frame.assign(when=frame.index), "column 'when' holds"),
        (frame.astype({"steps": "Int64"}), "column 'steps' holds Int64"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            table.write_frame([wrong], target)
    assert list(tmp_path.iterdir()) == []


def test_an_aligned_file_is_replaced_only_on_request(tmp_path):
    target = tmp_path / "all.csv"
    target.write_text("mine")
    with pytest.raises(OutputExistsError):
        table.write_frame([aligned()], target)
    assert target.read_text() == "mine"
    table.write_frame([aligned()], target, overwrite=True)
    assert target.read_text().startswith("time,heart_rate")


# -- files from before -----------------------------------------------------------------


def state(folder):
    """Content and time of writing of all files."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


@pytest.mark.parametrize("version", ["0.1.0.dev0", "99.0"])
def test_the_same_record_is_left_as_it_is(tmp_path, monkeypatch, version):
    record = record_of("hexoskin")
    path = table.write(record, tmp_path)
    before = state(path)
    monkeypatch.setattr(manifest, "__version__", version)
    assert table.write(record, tmp_path) == path
    table.write(read(path), tmp_path)
    assert state(path) == before


@pytest.mark.parametrize("version", ["0.1.0.dev0", "99.0"])
def test_a_cell_that_was_edited_is_not_called_unchanged(tmp_path, monkeypatch, version):
    record = record_of("hexoskin")
    path = table.write(record, tmp_path)
    monkeypatch.setattr(manifest, "__version__", version)
    file = path / "heart_rate.csv"
    text = file.read_text().rstrip()
    file.write_text(f"{text[:-1]}{(int(text[-1]) + 1) % 10}\n")
    before = state(path)
    with pytest.raises(OutputExistsError, match=r"\.csv exists, differs"):
        table.write(record, tmp_path)
    assert state(path) == before


def test_facts_that_changed_are_refused(tmp_path):
    path = table.write(record_of("hexoskin"), tmp_path)
    before = state(path)
    other = record_of("hexoskin", facts=Facts(info={"id": 12345, "device": "other"}))
    with pytest.raises(OutputExistsError, match=r"metadata\.json exists, differs"):
        table.write(other, tmp_path)
    assert state(path) == before


def test_the_same_aligned_file_is_left_as_it_is(tmp_path):
    path = table.write_frame([aligned()], tmp_path / "all.csv")
    before = path.stat().st_mtime_ns
    assert table.write_frame([aligned()], path) == path
    assert path.stat().st_mtime_ns == before
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        table.write_frame([aligned() + 1], path)
    assert path.stat().st_mtime_ns == before


def test_files_from_before_stay_unless_they_may_be_replaced(tmp_path):
    record = record_of("hexoskin")
    path = table.write(record, tmp_path)
    before = {item.name: item.read_bytes() for item in path.iterdir()}
    with pytest.raises(OutputExistsError):
        table.write(record, tmp_path, channels=["step"])
    assert {item.name: item.read_bytes() for item in path.iterdir()} == before
    (path / "notes.csv").write_text("mine")
    table.write(record, tmp_path, channels=["step"], overwrite=True)
    names = sorted(item.name for item in path.iterdir())
    assert names == ["metadata.json", "notes.csv", "step.csv"]


def test_a_failure_midway_leaves_the_files_from_before(tmp_path):
    record = record_of("hexoskin")
    path = table.write(record, tmp_path)
    before = {item.name: item.read_bytes() for item in path.iterdir()}

    def fail():
        raise OSError("the disk is gone")

    broken = RecordData(
        "hexoskin",
        (record.start_tick, record.end_tick),
        {"ecg": record["ecg"], "heart_rate": LazyChannel(read=fail)},
        facts=record.facts,
    )
    with pytest.raises(OSError, match="disk is gone"):
        table.write(broken, tmp_path, overwrite=True)
    assert {item.name: item.read_bytes() for item in path.iterdir()} == before
    assert [item.name for item in tmp_path.iterdir()] == ["record_12345"]


# -- what is refused -------------------------------------------------------------------


@pytest.fixture
def written(tmp_path):
    """A record of one channel on disk: folder, heading and lines of its file."""
    channel = channels_of("hexoskin")["heart_rate"]
    ticks = START[256] + 256 * np.arange(1, 4)
    frame = frame_of(channel, ticks, [np.array([70.0, 71, 72])])
    span = (START[256], START[256] + 768)
    record = RecordData(
        "hexoskin", span, {"heart_rate": frame}, facts=Facts(info={"id": 12345})
    )
    return table.write(record, tmp_path)


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


CHANGES = {
    r"line 3, time: found 'soon', expected a time": ("2022", 3, "soon"),
    r"line 2, heart_rate: found 'x', expected a number": (",70", 2, ",x"),
    r"line 4: found 3 cells .*, expected 2": (",72", 4, ",72,73"),
    r"line 3: found 1 cells .*, expected 2": (",71", 3, " 71 "),
    r"line 1: found 'time,pulse', expected 'time,heart_rate'": (
        "heart_rate",
        1,
        "pulse",
    ),
    r"line 3, time: found .*, expected a multiple of 1/256 s": ("Z", 3, "1Z"),
    r"line 2, time: found 1999-.*, expected .* the years 2000 to 2100": (
        "20",
        2,
        "1999-01-01T00:00:00.000000000Z,1#",
    ),
    r"line 3, time: found no time": ("2022", 3, None),
}


@pytest.mark.parametrize("message", CHANGES)
def test_a_changed_file_is_refused_with_its_name_and_line(written, message):
    old, number, new = CHANGES[message]
    path = written / "heart_rate.csv"
    lines = path.read_text().splitlines()
    line = lines[number - 1]
    if new is None:
        line = line[line.index(",") :]
    elif "#" in new:
        line = new.removesuffix("1#") + "70"
    elif new == "soon":
        line = "soon" + line[line.index(",") :]
    elif new == "1Z":
        line = line.replace("0Z", "1Z")
    else:
        line = line.replace(old, new)
    lines[number - 1] = line
    # Some blanks at the end keep the size, which the metadata know.
    path.write_text("\n".join(lines) + "\n" + "\n" * 40)
    record = read(written)
    with pytest.raises(FileFormatError, match=f"heart_rate.csv, {message}"):
        record["heart_rate"]
    with pytest.raises(FileFormatError, match=f"heart_rate.csv, {message}"):
        list(read(written).pieces("heart_rate"))


def test_rows_that_the_metadata_do_not_know_are_refused(written):
    path = written / "heart_rate.csv"
    last = path.read_text().splitlines()[-1]
    path.write_text(path.read_text() + last + "\n")
    with pytest.raises(FileFormatError, match=r"4 rows, but metadata.json says 3"):
        read(written)["heart_rate"]


def test_a_file_of_the_same_size_with_fewer_rows_is_incomplete(written):
    path = written / "heart_rate.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n" * 200)
    with pytest.raises(IncompleteDataError, match=r"2 rows, but metadata.json says 3"):
        read(written)["heart_rate"]


@pytest.mark.parametrize("cut", [1, 3, 34, 40, 80, 118])
def test_a_file_that_lost_its_end_is_incomplete(written, cut):
    path = written / "heart_rate.csv"
    whole = read(written)["heart_rate"]
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    kept = max(0, data[:-cut].count(b"\n") - 1)
    with pytest.raises(IncompleteDataError, match=f"holds {kept} of 3 rows") as caught:
        read(written)
    assert caught.value.ledger["heart_rate"].samples == kept
    with pytest.warns(MissingSamplesWarning, match=f"holds {kept} of 3 rows"):
        record = read(written, allow_partial=True)
    assert_same_frame(record["heart_rate"], whole.iloc[:kept])
    first = START[256] + 256 * kept
    assert record.receipt("heart_rate").lost == ((first, START[256] + 768),)
    assert record.receipt("heart_rate").expected == 3
    assert sum(map(len, record.pieces("heart_rate"))) == kept


# -- checksums -------------------------------------------------------------------------


def two_scales(root):
    """One record of a channel as raw counts and as physical values, in two folders."""
    channel = channels_of("hexoskin")["acceleration"]
    ticks = START[256] + 4 * np.arange(64)
    counts = [np.arange(-32.0, 32) * 16 + 256 * lead for lead in range(3)]
    span = (START[256], START[256] + 256)
    folders = []
    for scale, values in (("raw", counts), ("physical", [c / 256 for c in counts])):
        frame = frame_of(channel, ticks, values, scale=scale)
        record = RecordData(
            "hexoskin",
            span,
            {"acceleration": frame},
            facts=Facts(info={"id": 12345}),
            scale=scale,
        )
        folders.append(table.write(record, root / scale))
    return folders


def test_counts_are_not_taken_for_values(tmp_path):
    raw, physical = two_scales(tmp_path)
    (raw / "acceleration.csv").write_bytes(
        (physical / "acceleration.csv")
        .read_bytes()
        .ljust((raw / "acceleration.csv").stat().st_size, b"\n")
    )
    message = r"acceleration\.csv is not what was written.*sha256 out of metadata"
    with pytest.raises(FileFormatError, match=message):
        read(raw)["acceleration"]
    with pytest.raises(FileFormatError, match=message):
        list(read(raw).pieces("acceleration"))
    with pytest.warns(MissingSamplesWarning, match="is not what was written"):
        record = read(raw, allow_partial=True)
    assert record["acceleration"].empty
    assert record.receipt("acceleration").lost == ((START[256], START[256] + 256),)


def test_a_missing_file_without_rows_is_empty_where_a_part_is_allowed(tmp_path):
    raw, _ = two_scales(tmp_path)
    names = ["acceleration", "rr_interval"]
    folder = table.write(read(raw), tmp_path / "again", channels=names)
    (folder / "rr_interval.csv").unlink()
    with pytest.warns(MissingSamplesWarning, match="missing"):
        record = read(folder, allow_partial=True)
    assert record["rr_interval"].empty


def test_a_folder_without_checksums_opens_as_before(tmp_path):
    raw, _ = two_scales(tmp_path)
    whole = read(raw)["acceleration"]
    held = json.loads((raw / "metadata.json").read_text())
    data = (raw / "acceleration.csv").read_bytes()
    digest = held["channels"]["acceleration"].pop("sha256")
    assert digest == hashlib.sha256(data).hexdigest()
    del held["sha256"]
    (raw / "metadata.json").write_text(json.dumps(held))
    assert_same_frame(read(raw)["acceleration"], whole)


def test_other_folders_and_files_are_not_taken(tmp_path):
    assert not table.sniff(tmp_path)
    path = tmp_path / "metadata.json"
    for text in ("", "[]", '{"format": "else"}', '{"a": "hexoframe csv"}', "\0" * 300):
        path.write_text(text)
        assert not table.sniff(tmp_path)
        assert not table.sniff(path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read it all")
def test_a_file_without_permission_is_refused_by_the_system(written):
    (written / "heart_rate.csv").chmod(0)
    with pytest.raises(PermissionError):
        read(written)["heart_rate"]

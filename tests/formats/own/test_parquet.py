"""Record -> Parquet -> Record, and the same files in the hands of others."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexoframe import timestamps
from hexoframe.channels import FAMILIES, channels_of
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    OutputExistsError,
    UnknownChannelError,
)
from hexoframe.formats.options import ReadOptions
from hexoframe.formats.own import manifest, parquet
from hexoframe.recording import frames
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import SHAPES, Facts, facts_table

SECONDS = 20
START_S = 1_667_604_589  # 2022-11-04T23:29:49Z
SPAN = (START_S * 256, (START_S + SECONDS) * 256)


# --- records to write -----------------------------------------------------------------


def ticks_of(channel, seconds=SECONDS):
    start = START_S * channel.clock
    if channel.ticks is None:
        rng = np.random.default_rng(7)
        steps = rng.integers(1, channel.clock, size=2 * seconds)
        return start + np.cumsum(steps)
    count = int(seconds * channel.clock / channel.ticks)
    return timestamps.grid(
        start, step=channel.ticks, count=count, first=channel.first_sample
    )


def frame_of(channel, scale="physical", record_id=256696):
    """Return random counts, and their values by the arithmetic of the table."""
    ticks = ticks_of(channel)
    rng = np.random.default_rng(len(channel.name))
    values = {}
    for row in channel.datatypes:
        low, high = (-2048, 2048) if row.signed else (0, 4096)
        counts = rng.integers(low, high, size=len(ticks)).astype(np.float64)
        if scale == "physical":
            counts = counts * row.gain + row.offset
        values[row.column] = counts.astype(channel.dtype)
    index = timestamps.ticks_to_index(ticks, clock=channel.clock)
    return frames.make_frame(channel, index, values, record_id=record_id, scale=scale)


def record_of(family="hexoskin", *, scale="physical", names=None, facts=None, **more):
    channels = channels_of(family)
    clock = next(iter(channels.values())).clock
    return RecordData(
        family,
        (START_S * clock, (START_S + SECONDS) * clock),
        {name: frame_of(channels[name], scale) for name in names or channels},
        facts=facts or Facts(info={"id": 256696}),
        scale=scale,
        **more,
    )


def full_facts():
    at = START_S * 256
    return Facts(
        info={"id": 256696, "user_id": 7, "email": None, "provenance": {"ecg": "zip"}},
        ranges=facts_table(
            "ranges",
            [
                {"start": at, "end": at + 9, "id": 2**40, "name": "Sleep é\n"},
                {"start": at + 3, "end": at + 4, "rank": 1, "note": ""},
            ],
        ),
        annotations=facts_table("annotations", [{"time": at + 1, "comment": None}]),
        track=facts_table("track"),
        metrics=facts_table("metrics", [{"id": 71, "value": 0.1}, {"name": "x"}]),
        statistics=None,
    )


def assert_same_bits(left, right):
    """Equal values bit for bit, where any NaN equals any other."""
    assert left.dtype == right.dtype
    whole = f"i{left.dtype.itemsize}"
    missing = np.isnan(left)
    np.testing.assert_array_equal(missing, np.isnan(right))
    np.testing.assert_array_equal(
        np.where(missing, 0, left.view(whole)), np.where(missing, 0, right.view(whole))
    )


def assert_same_frame(left, right):
    pd.testing.assert_frame_equal(left, right, check_exact=True, check_freq=True)
    assert str(left.index.dtype) == str(right.index.dtype)
    assert left.index.name == right.index.name == "time"
    assert left.attrs == right.attrs
    for name in left.columns:
        assert_same_bits(left[name].to_numpy(), right[name].to_numpy())


def assert_same_record(left, right):
    assert list(left) == list(right)
    for name in left:
        assert_same_frame(left[name], right[name])
    for name in ("family", "scale", "tz", "start_tick", "end_tick"):
        assert getattr(left, name) == getattr(right, name)
    assert left.facts.info == right.facts.info
    for name in SHAPES:
        one, other = getattr(left.facts, name), getattr(right.facts, name)
        assert (one is None) == (other is None)
        if one is not None:
            pd.testing.assert_frame_equal(one, other, check_exact=True)


def round_trip(record, root, **options):
    return parquet.read(parquet.write(record, root), ReadOptions(**options))


@pytest.fixture(scope="module")
def hexoskin():
    return record_of(facts=full_facts())


@pytest.fixture
def folder(hexoskin, tmp_path):
    """Return a record on disk, to be damaged."""
    return parquet.write(hexoskin, tmp_path)


# --- the round trip -------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["physical", "raw"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_channel_of_every_family_comes_back_as_it_was(family, scale, tmp_path):
    record = record_of(family, scale=scale)
    assert_same_record(record, round_trip(record, tmp_path, scale=scale))


def test_facts_come_back_with_their_dtypes(hexoskin, folder):
    assert_same_record(hexoskin, parquet.read(folder, ReadOptions()))


def test_channels_without_samples_keep_columns_dtypes_and_attrs(tmp_path):
    channels = channels_of("astroskin_1000")
    empty = {
        name: frames.empty_frame(channel, record_id=3)
        for name, channel in channels.items()
    }
    span = (START_S * 1000, START_S * 1000)
    record = RecordData("astroskin_1000", span, empty, facts=Facts(info={"id": 3}))
    assert_same_record(record, round_trip(record, tmp_path))


def test_a_record_without_channels_comes_back(tmp_path):
    record = RecordData("hexoskin", (START_S * 256, START_S * 256), {})
    again = round_trip(record, tmp_path)
    assert len(again) == 0
    assert again.id is None


def test_missing_values_and_signed_zeros_come_back(tmp_path):
    channel = channels_of("hexoskin")["ecg"]
    frame = frame_of(channel)
    special = [np.nan, -0.0, 0.0, np.inf, -np.inf, 1e-45, 3.4e38]
    frame.iloc[: len(special), 0] = np.array(special, dtype=np.float32)
    frame.iloc[-3:, 0] = np.float32(np.nan)
    record = RecordData("hexoskin", SPAN, {"ecg": frame})
    assert_same_record(record, round_trip(record, tmp_path))


def test_the_zone_of_the_record_comes_back_and_files_stay_in_utc(tmp_path):
    record = record_of(names=["heart_rate"], tz="America/Montreal")
    folder = parquet.write(record, tmp_path)
    assert_same_record(record, parquet.read(folder, ReadOptions()))
    assert str(pd.read_parquet(folder / "heart_rate.parquet").index.tz) == "UTC"


def test_more_attrs_of_a_frame_come_back(tmp_path):
    frame = frame_of(channels_of("hexoskin")["heart_rate"])
    frame.attrs["of the user"] = {"list": [1, "é"]}
    record = RecordData("hexoskin", SPAN, {"heart_rate": frame})
    assert_same_record(record, round_trip(record, tmp_path))


FLOATS = {"float32": st.floats(width=32), "float64": st.floats()}


@st.composite
def random_records(draw):
    family = draw(st.sampled_from(FAMILIES))
    channels = channels_of(family)
    names = draw(st.lists(st.sampled_from(list(channels)), max_size=3, unique=True))
    clock = channels["heart_rate"].clock
    given = {}
    for name in names:
        channel = channels[name]
        steps = draw(st.lists(st.integers(0, 2**40), max_size=12))
        ticks = np.cumsum(np.array(steps, dtype=np.int64) % (clock * 10**6))
        values = {
            column: np.array(
                draw(
                    st.lists(
                        FLOATS[channel.dtype],
                        min_size=len(steps),
                        max_size=len(steps),
                    )
                ),
                dtype=channel.dtype,
            )
            for column in channel.columns
        }
        index = timestamps.ticks_to_index(START_S * clock + ticks, clock=clock)
        given[name] = frames.make_frame(channel, index, values)
    return RecordData(family, (START_S * clock, START_S * clock), given)


@given(record=random_records())
def test_any_frame_comes_back_bit_for_bit(record):
    with TemporaryDirectory() as root:
        assert_same_record(record, round_trip(record, Path(root)))


def test_a_record_that_was_read_can_be_pickled(folder):
    record = parquet.read(folder, ReadOptions())
    again = pickle.loads(pickle.dumps(record))  # noqa: S301  # our own bytes
    shutil.rmtree(folder)
    assert_same_record(record, again)


def test_a_real_record_comes_back(real_data, tmp_path):
    archive = pytest.importorskip("hexoframe.formats.archive.reader")
    for name in ("hexoskin-256696", "astroskin-122445"):
        record = archive.read(real_data / "exports" / name, ReadOptions())
        again = round_trip(record, tmp_path)
        assert sum(len(again[channel]) for channel in again) > 10_000
        assert_same_record(record, again)


# --- scale ----------------------------------------------------------------------------


def test_counts_can_be_asked_of_physical_files(tmp_path):
    names = ["ecg", "acceleration", "minute_ventilation", "rr_interval"]
    again = round_trip(record_of(names=names), tmp_path, scale="raw")
    assert again.scale == "raw"
    for name in names:
        expected = frame_of(channels_of("hexoskin")[name], "raw")
        assert_same_frame(again[name], expected)


def test_physical_values_can_be_asked_of_files_with_counts(tmp_path):
    names = ["ecg", "acceleration", "minute_ventilation", "rr_interval"]
    again = round_trip(record_of(names=names, scale="raw"), tmp_path)
    assert again.scale == "physical"
    for name in names:
        assert_same_frame(again[name], frame_of(channels_of("hexoskin")[name]))


def test_pieces_are_at_the_scale_that_was_asked_for(tmp_path):
    again = round_trip(record_of(names=["ecg"]), tmp_path, scale="raw")
    joined = pd.concat(again.pieces("ecg", 1000))
    expected = frame_of(channels_of("hexoskin")["ecg"], "raw")
    pd.testing.assert_frame_equal(joined, expected, check_exact=True)


# --- in the hands of others -----------------------------------------------------------


@pytest.mark.parametrize("name", ["ecg", "acceleration", "heart_rate", "rr_interval"])
def test_plain_pandas_reads_the_frame_itself(name, hexoskin, folder):
    assert_same_frame(pd.read_parquet(folder / f"{name}.parquet"), hexoskin[name])


def test_polars_reads_a_time_column_and_nulls(tmp_path):
    frame = frame_of(channels_of("hexoskin")["heart_rate"])
    frame.iloc[2] = np.nan
    record = RecordData("hexoskin", SPAN, {"heart_rate": frame})
    table = pl.read_parquet(parquet.write(record, tmp_path) / "heart_rate.parquet")
    assert table.schema["time"] == pl.Datetime("ns", "UTC")
    assert table.columns == ["time", "heart_rate"]
    assert table["time"].cast(pl.Int64).to_list() == frame.index.asi8.tolist()
    assert table["heart_rate"].null_count() == 1
    assert table["heart_rate"].mean() == pytest.approx(frame["heart_rate"].mean())


def test_duckdb_reads_a_time_column_and_nulls(tmp_path):
    frame = frame_of(channels_of("hexoskin")["heart_rate"])
    frame.iloc[2] = np.nan
    record = RecordData("hexoskin", SPAN, {"heart_rate": frame})
    path = parquet.write(record, tmp_path) / "heart_rate.parquet"
    table = duckdb.read_parquet(str(path))
    ((kind, first, rows, values, mean),) = table.aggregate(
        "typeof(any_value(time)), epoch_ms(min(time)::timestamptz), count(*), "
        "count(heart_rate), avg(heart_rate)"
    ).fetchall()
    assert kind.startswith("TIMESTAMP")
    assert first == (START_S + 1) * 1000
    assert (rows, values) == (SECONDS, SECONDS - 1)
    assert mean == pytest.approx(frame["heart_rate"].mean())


def test_the_footer_says_units_gains_clock_and_versions(folder):
    import hexoframe

    keys = pq.read_metadata(folder / "ecg.parquet").metadata
    about = json.loads(keys[b"hexoframe"]) | json.loads(keys[b"hexoframe_receipt"])
    expected = {
        "record": 256696,
        "channel": "ecg",
        "family": "hexoskin",
        "clock": 256,
        "scale": "physical",
        "units": {"ecg_i": "mV"},
        "gain": {"ecg_i": 0.0064},
        "offset": {"ecg_i": -8.704},
        "ids": {"ecg_i": 4113},
        "format": 1,
        "hexoframe": hexoframe.__version__,
        "rows": SECONDS * 256,
        "first": START_S * 256,
        "last": (START_S + SECONDS) * 256 - 1,
        "provenance": "zip",
    }
    assert {key: about[key] for key in expected} == expected


def test_time_is_delta_packed_and_values_are_in_a_dictionary(folder):
    group = pq.read_metadata(folder / "ecg.parquet").row_group(0)
    time, values = group.column(0), group.column(1)
    assert "DELTA_BINARY_PACKED" in time.encodings
    assert "RLE_DICTIONARY" in values.encodings
    assert {time.compression, values.compression} == {"ZSTD"}


@pytest.mark.parametrize(
    ("channel", "column", "is_split"),
    [("ecg", "ecg_i", False), ("acceleration", "acceleration_x", True)],
)
def test_counts_times_a_power_of_two_have_their_bytes_split(
    tmp_path, channel, column, is_split
):
    known = channels_of("hexoskin")[channel]
    row = next(row for row in known.datatypes if row.column == column)
    ticks = ticks_of(known, seconds=600)
    rng = np.random.default_rng(3)
    values = {
        each.column: values_from_counts(
            np.rint(rng.normal(0, 200, len(ticks))).astype(np.int16), each
        )
        for each in known.datatypes
    }
    values[column][7] = np.nan
    index = timestamps.ticks_to_index(ticks, clock=256)
    frame = frames.make_frame(known, index, values)
    record = RecordData("hexoskin", (int(ticks[0]), int(ticks[-1])), {channel: frame})
    file = parquet.write(record, tmp_path) / f"{channel}.parquet"
    group = pq.read_metadata(file).row_group(0)
    found = next(
        group.column(number)
        for number in range(group.num_columns)
        if group.column(number).path_in_schema == column
    )
    assert ("BYTE_STREAM_SPLIT" in found.encodings) is is_split
    assert ("RLE_DICTIONARY" in found.encodings) is not is_split
    assert found.compression == "ZSTD"
    assert (row.offset == 0) is is_split
    pd.testing.assert_frame_equal(
        parquet.read(file.parent, ReadOptions())[channel], frame
    )
    if is_split:
        table = pq.read_table(file)
        pq.write_table(table, tmp_path / "dictionary.parquet", compression="zstd")
        assert (
            file.stat().st_size < 0.8 * (tmp_path / "dictionary.parquet").stat().st_size
        )


def test_files_take_a_fifth_of_what_pandas_writes_by_default(tmp_path):
    channel = channels_of("hexoskin")["ecg"]
    ticks = ticks_of(channel, seconds=3600)
    beat = np.exp(-((np.arange(200) - 60) ** 2) / 8) * 150
    noise = np.random.default_rng(3).normal(0, 2, len(ticks))
    counts = np.rint(1360 + np.resize(beat, len(ticks)) + noise)
    values = {"ecg_i": (counts * 0.0064 - 8.704).astype(np.float32)}
    index = timestamps.ticks_to_index(ticks, clock=256)
    frame = frames.make_frame(channel, index, values)
    record = RecordData("hexoskin", (int(ticks[0]), int(ticks[-1])), {"ecg": frame})
    ours = parquet.write(record, tmp_path) / "ecg.parquet"
    frame.to_parquet(tmp_path / "default.parquet")
    assert ours.stat().st_size < 0.22 * (tmp_path / "default.parquet").stat().st_size


# --- the manifest ---------------------------------------------------------------------


def test_the_manifest_says_what_belongs_together(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["format"] == "hexoframe parquet"
    assert manifest["version"] == 1
    assert manifest["span"] == [START_S * 256, (START_S + SECONDS) * 256]
    listed = {entry["file"] for entry in manifest["channels"].values()}
    assert {path.name for path in folder.iterdir()} == {*listed, "manifest.json"}
    entry = manifest["channels"]["heart_rate"]
    assert entry["rows"] == SECONDS
    assert entry["first"] == (START_S + 1) * 256
    assert entry["last"] == (START_S + SECONDS) * 256


def test_channels_that_are_named_are_the_ones_written(hexoskin, tmp_path):
    folder = parquet.write(hexoskin, tmp_path, channels=[19, "ecg_i"])
    assert list(parquet.read(folder, ReadOptions())) == ["ecg", "heart_rate"]
    with pytest.raises(UnknownChannelError, match="ppg"):
        parquet.write(hexoskin, tmp_path / "other", channels=["ppg"])
    with pytest.raises(ConfigurationError, match=r"\['ecg'\]"):
        parquet.write(hexoskin, tmp_path / "other", channels="ecg")
    assert not (tmp_path / "other").exists()


def test_a_named_channel_that_the_record_lacks_is_an_empty_file(tmp_path):
    record = record_of(names=["heart_rate"])
    folder = parquet.write(record, tmp_path, channels=["step"])
    again = parquet.read(folder, ReadOptions())
    assert_same_frame(again["step"], record["step"])


# --- streaming and laziness -----------------------------------------------------------


def streamed(frame, size):
    def read():
        pytest.fail("the writer read a channel whole")

    def pieces(rows):
        step = min(size, rows)
        for first in range(0, len(frame), step):
            yield frame.iloc[first : first + step]

    return LazyChannel(read=read, pieces=pieces)


def test_a_channel_that_is_too_large_is_streamed_into_full_row_groups(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 2000)
    frame = frame_of(channels_of("hexoskin")["ecg"])
    record = RecordData("hexoskin", SPAN, {"ecg": streamed(frame, 300)})
    folder = parquet.write(record, tmp_path)
    footer = pq.read_metadata(folder / "ecg.parquet")
    groups = [footer.row_group(at).num_rows for at in range(footer.num_row_groups)]
    assert groups == [1800, 1800, 1520]
    assert_same_frame(parquet.read(folder, ReadOptions())["ecg"], frame)


def test_pieces_come_in_order_and_leave_the_channel_unread(
    hexoskin, tmp_path, monkeypatch
):
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 1500)
    again = round_trip(hexoskin, tmp_path)
    pieces = list(again.pieces("ecg", 700))
    assert max(map(len, pieces)) <= 700
    assert not again.is_read("ecg")
    assert all(piece.attrs == hexoskin["ecg"].attrs for piece in pieces)
    assert_same_frame(pd.concat(pieces), hexoskin["ecg"])
    pieces[0].iloc[0, 0] = 1.0  # belongs to who asked for it
    assert_same_frame(again["ecg"], hexoskin["ecg"])


def test_opening_reads_no_samples_and_knows_how_many_there_are(folder):
    record = parquet.read(folder, ReadOptions())
    assert record.receipt("ecg").samples == SECONDS * 256
    assert not any(record.is_read(name) for name in record)


def test_only_the_channels_that_are_wanted_are_looked_at(folder):
    (folder / "ecg.parquet").unlink()
    record = parquet.read(folder, ReadOptions(channels=[19, "rr_interval"]))
    assert sorted(record) == ["heart_rate", "rr_interval"]


def test_channels_with_equal_stamps_share_one_index(folder):
    record = parquet.read(folder, ReadOptions())
    one, two = (record[name].index.asi8 for name in ("heart_rate", "cadence"))
    assert np.shares_memory(one, two)
    assert not np.shares_memory(one, record["ecg"].index.asi8)


def test_stamps_that_only_begin_and_end_alike_are_kept_apart(tmp_path):
    given = {}
    for name, middle in (("inspiration", 5), ("expiration", 6)):
        ticks = START_S * 256 + np.array([0, middle, 99])
        index = timestamps.ticks_to_index(ticks, clock=256)
        channel = channels_of("hexoskin")[name]
        given[name] = frames.make_frame(channel, index, {name: np.arange(3.0)})
    record = RecordData("hexoskin", SPAN, given)
    assert_same_record(record, round_trip(record, tmp_path))


def changed_manifest(folder, name, **changes):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["channels"][name] |= changes
    manifest.pop("sha256", None)
    path.write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize("family", FAMILIES)
def test_stamps_that_are_even_are_not_decoded_and_the_same(family, tmp_path):
    record = record_of(family)
    folder = parquet.write(record, tmp_path)
    steps = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    computed = parquet.read(folder, ReadOptions())
    for name in record:
        step, channel = steps["channels"][name]["step"], record.channel(name)
        ticks = channel.ticks
        even = ticks is not None and ticks.denominator == 1 and len(record[name]) > 1
        assert step == (ticks if even else None), name
        stored = pq.read_table(folder / f"{name}.parquet", columns=["time"])["time"]
        assert computed[name].index.asi8.tolist() == (
            stored.to_numpy().astype("int64").tolist()
        )


def test_stamps_with_a_gap_are_decoded(tmp_path):
    frame = frame_of(channels_of("hexoskin")["ecg"])
    for kept in (frame.drop(frame.index[[700]]), frame.iloc[[*range(99), 98]]):
        record = RecordData("hexoskin", SPAN, {"ecg": kept})
        folder = parquet.write(record, tmp_path, overwrite=True)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["channels"]["ecg"]["step"] is None
        assert_same_record(record, parquet.read(folder, ReadOptions()))


def test_a_footer_with_names_that_are_no_text_is_refused(folder):
    path = folder / "heart_rate.parquet"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"heart_rate", b"heart\xffrate"))
    with pytest.raises(FileFormatError, match=r"heart_rate\.parquet"):
        parquet.read(folder, ReadOptions())["heart_rate"]


def test_a_relative_folder_that_looks_like_a_url_is_a_folder(
    hexoskin, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    folder = parquet.write(hexoskin, Path("a:b"))
    assert_same_record(hexoskin, parquet.read(folder, ReadOptions()))


def test_a_manifest_from_before_even_stamps_opens(folder, hexoskin):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for entry in manifest["channels"].values():
        del entry["step"]
    del manifest["sha256"]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert_same_record(hexoskin, parquet.read(folder, ReadOptions()))


@pytest.mark.parametrize("step", [0, -1, 2, "1", 1.0])
def test_a_step_that_does_not_fit_is_refused(step, folder):
    changed_manifest(folder, "ecg", step=step)
    with pytest.raises(FileFormatError, match=r"manifest\.json, channel ecg: step: "):
        parquet.read(folder, ReadOptions())


def test_a_manifest_with_stamps_of_another_file_is_refused(folder):
    first, rows = START_S * 256 + 9, SECONDS * 256
    changed_manifest(folder, "ecg", first=first, last=first + rows - 1)
    with pytest.raises(FileFormatError, match=r"from tick .*, its manifest says"):
        parquet.read(folder, ReadOptions())["ecg"]


def test_what_a_caller_changes_does_not_reach_the_next_one(folder, hexoskin):
    record = parquet.read(folder, ReadOptions())
    frame = record["heart_rate"].copy()
    frame.iloc[0, 0] = -1.0
    frame.attrs["hexoframe"]["units"] = {}
    assert_same_frame(record["heart_rate"], hexoskin["heart_rate"])


# --- nothing is overwritten, nothing is half-written ----------------------------------


def test_an_existing_record_is_left_alone(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        parquet.write(record_of(names=["ecg"]), folder.parent)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def state(folder):
    """Content and time of writing of all files."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


def test_the_same_record_is_left_as_it_is(hexoskin, folder):
    before = state(folder)
    assert parquet.write(hexoskin, folder.parent) == folder
    # What was read is the record that was written.
    parquet.write(parquet.read(folder, ReadOptions()), folder.parent)
    assert state(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def other_hexoframe(monkeypatch):
    monkeypatch.setattr(manifest, "__version__", "99.0")
    monkeypatch.setattr(manifest, "RULES", -1)


def other_arrow(monkeypatch):
    # Other pages and row groups: other bytes of the same samples.
    monkeypatch.setattr(parquet, "_PAGES", {"data_page_size": 512})
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 1000)


@pytest.fixture(params=[other_hexoframe, other_arrow], ids=lambda it: it.__name__)
def other_version(request, monkeypatch):
    """Write as another version of hexoframe or of Arrow would."""
    return lambda: request.param(monkeypatch)


def test_a_record_from_another_version_is_compared_by_its_content(
    folder, hexoskin, other_version, tmp_path
):
    before = state(folder)
    other_version()
    again = parquet.write(hexoskin, tmp_path / "elsewhere")
    for name in ("ecg.parquet", "manifest.json"):
        assert (again / name).read_bytes() != before[name][0]
    parquet.write(hexoskin, folder.parent)
    assert state(folder) == before


def altered(record, *, span=SPAN, tz="UTC", facts=None, **channels):
    """Return the record with some of it replaced."""
    held = {**{name: record[name] for name in record}, **channels}
    return RecordData("hexoskin", span, held, facts=facts or record.facts, tz=tz)


def other_sign(record):
    ecg = record["ecg"].copy()
    ecg.iloc[7, 0] = -0.0
    return altered(record, ecg=ecg)


def other_stamp(record):
    rr = record["rr_interval"].copy()
    rr.index = rr.index[:-1].append(rr.index[-1:] + pd.Timedelta(3_906_250, "ns"))
    return altered(record, rr_interval=rr)


def other_attrs(record):
    ecg = record["ecg"].copy()
    ecg.attrs["of the user"] = 1
    return altered(record, ecg=ecg)


def other_table(record):
    ranges = record.facts.ranges.copy()
    ranges.loc[0, "name"] = "Wake"
    return altered(record, facts=replace(record.facts, ranges=ranges))


@pytest.mark.parametrize(
    "alter",
    [
        other_sign,
        other_stamp,
        other_attrs,
        other_table,
        lambda it: altered(it, facts=replace(it.facts, info={"id": 256696})),
        lambda it: altered(it, tz="America/Montreal"),
        lambda it: altered(it, span=(SPAN[0] - 1, SPAN[1])),
    ],
    ids=["sign", "stamp", "attrs", "table", "info", "zone", "span"],
)
def test_whatever_differs_is_refused_also_from_another_version(
    alter, hexoskin, other_version, tmp_path
):
    ecg = hexoskin["ecg"].copy()
    ecg.iloc[7, 0] = 0.0
    record = altered(hexoskin, ecg=ecg)
    before = state(parquet.write(record, tmp_path))
    other = alter(record)
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        parquet.write(other, tmp_path)
    other_version()
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        parquet.write(other, tmp_path)
    (folder,) = tmp_path.iterdir()
    assert state(folder) == before
    parquet.write(record, tmp_path)
    assert state(folder) == before


def test_a_damaged_record_is_not_called_unchanged(folder, hexoskin, other_version):
    path = folder / "ecg.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(OutputExistsError, match=r"ecg\.parquet exists, differs"):
        parquet.write(hexoskin, folder.parent)
    other_version()
    with pytest.raises(OutputExistsError, match="exists, differs"):
        parquet.write(hexoskin, folder.parent)
    assert path.read_bytes() == data


def test_a_file_that_another_program_wrote_anew_is_not_called_unchanged(
    folder, hexoskin
):
    path = folder / "ecg.parquet"
    pq.write_table(pq.read_table(path), path, compression="gzip")
    with pytest.raises(OutputExistsError, match=r"ecg\.parquet exists, differs"):
        parquet.write(hexoskin, folder.parent)


@pytest.mark.parametrize("text", ["", "{}", '{"format": "hexoframe parquet"}'])
def test_a_damaged_manifest_is_not_called_unchanged(folder, hexoskin, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(OutputExistsError, match=r"manifest\.json exists, differs"):
        parquet.write(hexoskin, folder.parent)


@pytest.mark.parametrize("name", ["ecg.parquet", "manifest.json"])
def test_a_file_that_is_missing_is_written_and_the_others_stay(folder, hexoskin, name):
    before = state(folder)
    (folder / name).unlink()
    parquet.write(hexoskin, folder.parent)
    after = state(folder)
    assert after.pop(name)[0] == before.pop(name)[0]
    assert after == before


def test_a_missing_file_of_another_version_is_refused(folder, hexoskin, other_version):
    other_version()
    (folder / "ecg.parquet").unlink()
    before = state(folder)
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        parquet.write(hexoskin, folder.parent)
    assert state(folder) == before


def test_overwriting_removes_old_channels_and_leaves_files_of_others(folder):
    (folder / "notes.txt").write_text("mine")
    (folder / "summary.parquet").write_text("mine")
    record = record_of(names=["ecg", "heart_rate"])
    parquet.write(record, folder.parent, overwrite=True)
    assert {path.name for path in folder.iterdir()} == {
        "ecg.parquet",
        "heart_rate.parquet",
        "manifest.json",
        "notes.txt",
        "summary.parquet",
    }
    assert_same_record(record, parquet.read(folder, ReadOptions()))


def test_a_failure_midway_leaves_what_was_there(hexoskin, folder):
    def fail(_rows):
        yield hexoskin["rr_interval"].iloc[:5]
        raise IncompleteDataError("the line went dead")

    broken = LazyChannel(read=lambda: pytest.fail("read"), pieces=fail)
    channels = {"ecg": hexoskin["ecg"], "rr_interval": broken}
    record = RecordData("hexoskin", SPAN, channels, facts=hexoskin.facts)
    with pytest.raises(IncompleteDataError, match="line went dead"):
        parquet.write(record, folder.parent, overwrite=True)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert_same_record(hexoskin, parquet.read(folder, ReadOptions()))


def test_attrs_that_json_has_not_are_refused(tmp_path):
    frame = frame_of(channels_of("hexoskin")["step"])
    frame.attrs["when"] = pd.Timestamp(0)
    record = RecordData("hexoskin", SPAN, {"step": frame})
    with pytest.raises(ConfigurationError, match="attrs of the frame step"):
        parquet.write(record, tmp_path)


# --- damage ---------------------------------------------------------------------------


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def remove(path):
    path.unlink()


def drop_rows(path):
    table = pq.read_table(path)
    pq.write_table(table.slice(0, len(table) - 3), path, compression="none")


def append_rows(path):
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table]), path, compression="none")


def write_text(path):
    path.write_text("time,ecg\n" * 10_000)


def break_footer(path):
    data = bytearray(path.read_bytes())
    data[-400:-8] = bytes(392)
    path.write_bytes(data)


def rename_column(path):
    table = pq.read_table(path).rename_columns(["time", "egc"])
    pq.write_table(table, path, compression="none", use_dictionary=False)


@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [
        (remove, IncompleteDataError, r"ecg\.parquet is missing"),
        (cut, IncompleteDataError, r"ecg\.parquet has \d+ of \d+ bytes"),
        (drop_rows, IncompleteDataError, r"ecg\.parquet has 5117 rows where 5120"),
        (append_rows, FileFormatError, r"ecg\.parquet has 10240 rows where 5120"),
        (write_text, FileFormatError, r"no Parquet file: it begins with b'time'"),
        (break_footer, FileFormatError, "footer is damaged"),
        (rename_column, FileFormatError, r"ecg\.parquet has"),
    ],
)
def test_damage_is_found_before_samples_are_touched(damage, error, says, folder):
    damage(folder / "ecg.parquet")
    with pytest.raises(error, match=says) as caught:
        parquet.read(folder, ReadOptions())
    assert str(folder) in str(caught.value)
    assert "allow_partial=True" in str(caught.value)
    with pytest.raises(error, match=says):
        parquet.verify(folder)


def test_the_error_carries_what_was_expected_and_what_came(folder):
    (folder / "ecg.parquet").unlink()
    with pytest.raises(IncompleteDataError) as caught:
        parquet.read(folder, ReadOptions())
    assert caught.value.ledger["ecg"].samples == 0
    assert caught.value.ledger["ecg"].expected == SECONDS * 256
    assert caught.value.ledger["heart_rate"].samples == SECONDS


def test_a_long_list_of_faults_is_cut_short(folder):
    for path in folder.glob("*_quality.parquet"):
        path.unlink()
    (folder / "ecg.parquet").unlink()
    with pytest.raises(IncompleteDataError, match=r"and \d+ more"):
        parquet.read(folder, ReadOptions())


def test_a_single_changed_byte_is_found_when_samples_are_read(folder):
    path = folder / "ecg.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    record = parquet.read(folder, ReadOptions())
    with pytest.raises(FileFormatError, match=r"ecg\.parquet is not what was written"):
        record["ecg"]
    with pytest.raises(FileFormatError, match="SHA-256"):
        next(record.pieces("ecg"))
    with pytest.raises(FileFormatError, match="SHA-256"):
        parquet.verify(folder)
    assert len(record["heart_rate"]) == SECONDS


@pytest.mark.parametrize("damage", [remove, cut, write_text, break_footer])
def test_a_record_opens_without_a_lost_channel_if_that_is_allowed(damage, folder):
    damage(folder / "ecg.parquet")
    with pytest.warns(MissingSamplesWarning, match=r"opened in part: .*ecg\.parquet"):
        record = parquet.read(folder, ReadOptions(allow_partial=True))
    channel = channels_of("hexoskin")["ecg"]
    assert_same_frame(record["ecg"], frames.empty_frame(channel, record_id=256696))
    survey = record.survey("ecg")
    assert survey.expected == SECONDS * 256
    assert survey.received == 0
    (gap,) = [gap for gap in survey.gaps if gap.kind == "missing"]
    assert (gap.cause, gap.start) == ("transfer", START_S * 256)
    assert len(record["heart_rate"]) == SECONDS


def test_changed_bytes_are_found_at_once_where_a_part_is_allowed(folder):
    path = folder / "ecg.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.warns(MissingSamplesWarning, match="SHA-256"):
        record = parquet.read(folder, ReadOptions(allow_partial=True))
    assert record["ecg"].empty


def test_a_folder_without_manifest_says_what_to_do(folder):
    (folder / "manifest.json").unlink()
    with pytest.raises(FileFormatError, match=r"no manifest\.json.*one by one"):
        parquet.read(folder, ReadOptions())


# --- one file, and what is none of ours -----------------------------------------------


def test_one_channel_file_is_a_record_of_that_channel(folder, hexoskin, tmp_path):
    path = tmp_path / "anything.bin"
    (folder / "ecg.parquet").rename(path)
    record = parquet.read(path, ReadOptions())
    assert list(record) == ["ecg"]
    assert_same_frame(record["ecg"], hexoskin["ecg"])
    assert record.id == 256696
    assert record.facts.info == {"id": 256696, "provenance": {"ecg": "zip"}}
    assert (record.start_tick, record.end_tick) == SPAN
    assert_same_frame(pd.concat(record.pieces("ecg", 999)), hexoskin["ecg"])


def test_the_manifest_itself_opens_the_record(folder, hexoskin):
    record = parquet.read(folder / "manifest.json", ReadOptions())
    assert_same_record(record, hexoskin)


def test_a_channel_file_that_was_filtered_does_not_pass_for_whole(folder):
    path = folder / "ecg.parquet"
    drop_rows(path)
    with pytest.raises(FileFormatError, match="written anew by another program"):
        parquet.read(path, ReadOptions())


def rewrite(path, rows=None, **changes):
    """Write a channel file anew with its keys, as only a forger would."""
    table = pq.read_table(path)
    keys = dict(pq.read_metadata(path).metadata)
    about = json.loads(keys[b"hexoframe"]) | changes
    keys[b"hexoframe"] = json.dumps(about).encode()
    pq.write_table(table.slice(0, rows).replace_schema_metadata(keys), path)


def test_a_channel_file_that_lost_rows_is_incomplete(folder):
    rewrite(folder / "ecg.parquet", rows=5117)
    with pytest.raises(IncompleteDataError, match="5117 rows where 5120") as caught:
        parquet.read(folder / "ecg.parquet", ReadOptions())
    assert caught.value.ledger["ecg"].lost == (SPAN,)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": 7}, "version 7 .* upgrade"),
        ({"family": "garmin"}, 'family: expected .* found "garmin"'),
        ({"span": 3}, "'hexoframe': span: expected a list of 2, found 3"),
        ({"channel": "heart_rate"}, "asks for .*heart_rate"),
    ],
)
def test_a_channel_file_that_makes_no_sense_is_refused(changes, says, folder):
    rewrite(folder / "ecg.parquet", **changes)
    with pytest.raises(FileFormatError, match=says):
        parquet.read(folder / "ecg.parquet", ReadOptions())


def test_damaged_samples_of_a_single_file_are_an_error_that_names_it(folder):
    path = folder / "ecg.parquet"
    data = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(0).column(1)
    data[column.data_page_offset + 20 : column.data_page_offset + 400] = bytes(380)
    path.write_bytes(data)
    record = parquet.read(path, ReadOptions())
    with pytest.raises(FileFormatError, match=r"ecg\.parquet: .*decoded"):
        record["ecg"]
    with pytest.raises(FileFormatError, match=r"ecg\.parquet: .*decoded"):
        list(record.pieces("ecg"))


def test_parquet_of_others_is_refused_by_name(tmp_path):
    path = tmp_path / "other.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(FileFormatError, match=r"pandas\.read_parquet"):
        parquet.read(path, ReadOptions())


def test_sniffing_looks_at_content_and_not_at_names(folder, tmp_path):
    assert parquet.sniff(folder)
    assert parquet.sniff(folder / "manifest.json")
    assert parquet.sniff(folder / "ecg.parquet")
    strange = tmp_path / "ecg.csv"
    shutil.copy(folder / "ecg.parquet", strange)
    assert parquet.sniff(strange)
    cut(strange)
    assert parquet.sniff(strange)


def test_sniffing_says_no_to_everything_else(tmp_path):
    (tmp_path / "empty folder").mkdir()
    (tmp_path / "empty.parquet").touch()
    (tmp_path / "text.parquet").write_text("time,ecg\n1,2\n")
    (tmp_path / "package.json").write_text('{"format": 1}')
    (tmp_path / "record.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    found = [path for path in tmp_path.iterdir() if parquet.sniff(path)]
    assert found == []
    assert not parquet.sniff(tmp_path / "no such file")


def test_a_whole_record_passes_verification(folder):
    parquet.verify(folder)
    parquet.verify(folder / "manifest.json")

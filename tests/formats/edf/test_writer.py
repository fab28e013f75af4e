"""EDF of hexoframe: what is written, by the places of the specification, and back."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError, HexoframeWarning, OutputExistsError
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel
from tests.differences import differences
from tests.formats.shirts import START, frame_of, made

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)
FAMILIES = ("hexoskin", "astroskin_256", "astroskin_1000")


@pytest.fixture
def record():
    return made()


class Bytes:
    """An EDF taken apart by the places of the specification alone."""

    def __init__(self, path):
        data = path.read_bytes()
        count = int(data[252:256])
        self.patient = data[8:88].decode().rstrip()
        self.recording = data[88:168].decode().rstrip()
        self.date, self.time = data[168:176].decode(), data[176:184].decode()
        self.reserved = data[192:236].decode().rstrip()
        self.records = int(data[236:244])
        self.duration = data[244:252].decode().rstrip()
        at, fields = 256, []
        for width in (16, 80, 8, 8, 8, 8, 8, 80, 8, 32):
            some = data[at : at + width * count]
            fields.append(
                [
                    some[n * width : (n + 1) * width].decode().rstrip()
                    for n in range(count)
                ]
            )
            at += width * count
        assert at == int(data[184:192])
        self.labels, _, self.units, self.low, self.high = fields[:5]
        self.digital = list(zip(map(int, fields[5]), map(int, fields[6]), strict=True))
        sizes = list(map(int, fields[8]))
        body = np.frombuffer(data[at:], "<i2").reshape(self.records, sum(sizes))
        ends = np.cumsum(sizes)
        self.digits = {
            label: body[:, end - size : end].reshape(-1)
            for label, end, size in zip(self.labels, ends, sizes, strict=True)
        }
        told = body[:, ends[-1] - sizes[-1] :]
        self.heads = [row.tobytes().split(b"\x14\x14\0")[0] for row in told]
        found = re.findall(
            rb"([+-][\d.]+)(?:\x15([\d.]+))?\x14([^\x14\0]+)\x14\0", told.tobytes()
        )
        self.notes = [
            (float(onset), float(length or -1), text.decode())
            for onset, length, text in found
        ]


# -- the file --------------------------------------------------------------------------


def test_digital_values_are_the_counts_of_the_recorder(record, tmp_path):
    file = Bytes(record.to_edf(tmp_path / "a.edf"))
    raw = {name: record.raw(name) for name in ("ecg", "respiration", "acceleration")}
    assert (file.digits["4113:ECG_I"][: 12 * 256] == raw["ecg"]["ecg_i"]).all()
    thorax = raw["respiration"]["respiration_thoracic"]
    # Unsigned counts of 16 bits lie lower by half of their range.
    assert (file.digits["4129:resp_thorac"] == thorax - 32_768).all()
    assert (file.digits["4145:accel_X"] == raw["acceleration"]["acceleration_x"]).all()
    assert (file.digits["19:heart_rate"] == record["heart_rate"]["heart_rate"]).all()


def test_the_scale_of_a_signal_is_exact_in_eight_characters(record, tmp_path):
    file = Bytes(record.to_edf(tmp_path / "a.edf"))
    ecg = file.labels.index("4113:ECG_I")
    assert (file.low[ecg], file.high[ecg]) == ("-8.704", "17.504")
    assert (file.digital[ecg], file.units[ecg]) == ((0, 4095), "mV")
    for place, label in enumerate(file.labels[:-1]):
        row = record.channel(label.partition(":")[0]).datatypes[0]
        bottom, top = file.digital[place]
        gain = (float(file.high[place]) - float(file.low[place])) / (top - bottom)
        assert gain == pytest.approx(row.gain, rel=1e-15)


def test_other_readers_found_these_values(tmp_path):
    """edfio 0.4.18, pyedflib 0.1.42 and MNE 1.13.2 read the same of this record."""
    record = made(4, holes=[("ecg", 1, 2.5)])
    file = Bytes(record.to_edf(tmp_path / "a.edf", gaps="fill"))
    read = {
        "4113:ECG_I": ([-8.672, -8.4352, 3.1744], 1_188_832),
        "4129:resp_thorac": ([20, 57, 18_927], -11_926_784),
        "4130:resp_abdomi": ([21, 58, 18_928], -11_926_272),
        "4145:accel_X": ([-7.7578125, -7.61328125, -2.15234375], -52_736),
        "19:heart_rate": ([70, 77, 61], 292),
    }
    for label, (values, total) in read.items():
        place = file.labels.index(label)
        (bottom, top), digital = file.digital[place], file.digits[label]
        low, high = float(file.low[place]), float(file.high[place])
        physical = low + (digital[[0, 1, -1]] - bottom) * (high - low) / (top - bottom)
        np.testing.assert_allclose(physical, values, rtol=1e-12)
        assert digital.sum(dtype=int) == total
    # Their onsets count from the first sample.
    part = START % 256 / 256
    told = [(onset - part, length, text) for onset, length, text in file.notes]
    assert (1, 1.5, "BAD_gap ecg") in told
    assert (0.390625, 3.125, "activity: Sleep") in told
    assert (3.01171875, -1, "RR_interval 1.25 s") in told


def test_the_header_names_nobody_and_keeps_the_tick(record, tmp_path):
    file = Bytes(record.to_edf(tmp_path / "a.edf"))
    assert file.patient == "X X X X"
    assert file.recording == (
        f"Startdate 02-MAR-2024 X X hexoframe tick={START} hexoskin_record_id=77"
    )
    assert (file.date, file.time) == ("02.03.24", f"{record.start:%H.%M.%S}")
    assert (file.reserved, file.records, file.duration) == ("EDF+C", 12, "1")
    part = START % 256 / 256
    assert [float(head) for head in file.heads] == [part + n for n in range(12)]


def test_an_id_that_is_too_long_for_the_field_comes_back(tmp_path):
    path = made(3, record_id=12_345_678_901_234_567).to_edf(tmp_path / "a.edf")
    assert "record_id" not in Bytes(path).recording
    assert hexoframe.open_record(path).id == 12_345_678_901_234_567


def test_events_are_annotations_at_their_time_with_their_unit(record, tmp_path):
    file = Bytes(record.to_edf(tmp_path / "a.edf"))
    second = pd.Timestamp(f"{record.start:%Y-%m-%dT%H:%M:%S}Z")
    beats = [note for note in file.notes if note[2].startswith("RR_interval ")]
    assert [time for time, *_ in beats] == [
        (time - second).total_seconds() for time in record["rr_interval"].index
    ]
    assert [text for *_, text in beats] == [
        f"RR_interval {value:.3g} s" for value in record["rr_interval"]["rr_interval"]
    ]
    # A channel slower than a data record is one, too.
    assert sum(text.startswith("SDNN ") for *_, text in file.notes) == 6
    assert (800 / 256) in {
        length for _, length, text in file.notes if text == "activity: Sleep"
    }


def test_what_is_filled_at_the_end_is_listed(tmp_path):
    whole = made(5)
    short = whole.replace(ecg=whole["ecg"].iloc[:-16])
    file = Bytes(short.to_edf(tmp_path / "a.edf"))
    (pad,) = (note for note in file.notes if note[2].startswith("padding"))
    part = START % 256 / 256
    assert pad == (part + 5 - 16 / 256, 16 / 256, "padding ecg")
    assert (file.digits["4113:ECG_I"][-16:] == 0).all()


def test_a_crowded_second_leaves_its_annotations_to_the_next(tmp_path):
    ticks = START + np.arange(250)
    values = {"rr_interval": np.arange(250) / 256}
    crowded = frame_of("hexoskin", "rr_interval", ticks, values)
    record = made(20, names=("heart_rate",)).of(
        made(20, names=("heart_rate",)),
        channels={**made(20, names=("heart_rate",)).whole(), "rr_interval": crowded},
    )
    path = record.to_edf(tmp_path / "a.edf")
    assert path.stat().st_size < 250 * 45 + 20 * 80 + 1024
    assert hexoframe.open_record(path)["rr_interval"].equals(crowded)


# -- there and back --------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("scale", ["physical", "raw"])
def test_a_record_comes_back_to_the_last_bit(tmp_path, family, scale):
    names = [
        name
        for name, channel in channels_of(family).items()
        if channel.kind != "state" and "quality" not in name
    ]
    record = made(
        7,
        family=family,
        start=(1_709_330_400 << 8) + 77
        if family != "astroskin_1000"
        else 1_709_330_400_077,
        names=names,
    )
    path = record.to_edf(tmp_path / "a.edf")
    back = hexoframe.open_record(path, units=scale)
    if scale == "raw":
        assert back.scale == "raw"
        for name in names:
            assert back[name].equals(record.raw(name)), name
    else:
        but = {"ranges", "annotations"}
        assert [
            told for told in differences(back, record) if told.split()[0] not in but
        ] == []
    assert back.annotations["comment"].tolist() == ["up", "Grüße: 3 Äpfel"]
    assert back.annotations.index.equals(record.annotations.index)
    assert back.ranges["name"].tolist() == ["Sleep"]
    assert back.ranges["end"].equals(record.ranges["end"])


def test_a_raw_record_gives_the_same_file(record, tmp_path):
    raw = record.of(
        record, channels={name: record.raw(name) for name in record}, scale="raw"
    )
    one = record.to_edf(tmp_path / "a.edf").read_bytes()
    assert raw.to_edf(tmp_path / "b.edf").read_bytes() == one


@pytest.mark.slow
def test_samples_come_back_from_every_real_export(real_data, tmp_path):
    for name in ("hexoskin-256696", "hexoskin-258583", "astroskin-122445"):
        record = hexoframe.open_record(real_data / "exports" / name)
        path = record.to_edf(tmp_path / f"{name}.edf")
        assert differences(hexoframe.open_record(path), record) == ["statistics differ"]


@pytest.mark.parametrize("first", [1, 100, 255, 256])
def test_a_part_that_begins_between_two_seconds_comes_back(record, tmp_path, first):
    part = record.cut(START + 512 + first, START + 2300)
    back = hexoframe.open_record(part.to_edf(tmp_path / "a.edf"))
    only = list(part)
    assert differences(back, part, only=only) == []
    assert (back.start_tick, back.end_tick) == (part.start_tick, part.end_tick)


def test_an_empty_channel_and_an_edit_come_back(record, tmp_path):
    empty = record["rr_interval"].iloc[:0]
    changed = record.replace(rr_interval=empty)
    back = hexoframe.open_record(changed.to_edf(tmp_path / "a.edf"))
    assert "rr_interval" in back
    assert len(back["rr_interval"]) == 0
    assert back.info["edited"] == ["rr_interval"]


def test_the_same_record_is_written_once(record, tmp_path):
    path = record.to_edf(tmp_path / "a.edf")
    before = path.stat().st_mtime_ns
    assert record.to_edf(path) == path
    assert path.stat().st_mtime_ns == before
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        made(5).to_edf(path)


# -- holes -----------------------------------------------------------------------------


def test_a_hole_is_named_with_its_length(tmp_path):
    record = made(400, holes=[(None, 30, 210)])
    with pytest.raises(ConfigurationError) as caught:
        record.to_edf(tmp_path / "a.edf")
    text = str(caught.value)
    assert (
        f"ecg has no sample for 180 s from {record.start + pd.Timedelta('30s')}" in text
    )
    assert ", and 1 more. gaps='fill'" in text
    assert "gaps='split'" in text
    assert list(tmp_path.iterdir()) == []


def test_what_is_filled_is_marked_and_left_out_again(tmp_path):
    record = made(60, holes=[(None, 20, 30), ("ecg", 40, 40.5)])
    path = record.to_edf(tmp_path / "a.edf", gaps="fill")
    assert differences(hexoframe.open_record(path), record, only=list(record)) == []
    file = Bytes(path)
    part = START % 256 / 256
    marked = [note for note in file.notes if note[2].startswith("BAD_")]
    assert marked == [
        (part + 20, 10, "BAD_gap ecg"),
        (part + 20, 10, "BAD_gap respiration"),
        (part + 20, 10, "BAD_gap acceleration"),
        (part + 20, 10, "BAD_gap heart_rate"),
        (part + 40, 0.5, "BAD_gap ecg"),
    ]
    ecg = file.digits["4113:ECG_I"]
    filled = np.zeros(60 * 256, bool)
    filled[20 * 256 : 30 * 256] = filled[40 * 256 : 40 * 256 + 128] = True
    assert (ecg[filled] == 0).all()
    assert np.count_nonzero(ecg[~filled]) > 10_000


def test_rows_without_a_value_are_marked_and_come_back(tmp_path):
    record = made(20)
    rate = record["heart_rate"].copy()
    rate.iloc[[3, 4, 9], 0] = np.nan
    record = record.replace(heart_rate=rate)
    with pytest.raises(
        ConfigurationError, match="heart_rate has no value for 2 s from"
    ):
        record.to_edf(tmp_path / "a.edf")
    path = record.to_edf(tmp_path / "a.edf", gaps="fill")
    assert hexoframe.open_record(path)["heart_rate"].equals(rate)
    lengths = [
        length for _, length, text in Bytes(path).notes if text == "BAD_nan heart_rate"
    ]
    assert lengths == [2, 1]


@pytest.mark.parametrize(
    ("holes", "files"),
    [
        ([(None, 20, 30)], 2),
        ([("ecg", 20, 30)], 3),
        ([(None, 0, 9), (None, 50, 60)], 1),
        ([("ecg", 10, 20), ("respiration", 15, 30)], 5),
        ([("ecg", 20, 20.5)], 1),
        ([], 1),
    ],
)
def test_the_union_of_split_files_is_the_record(tmp_path, holes, files):
    record = made(60, holes=holes)
    folder = record.to_edf(tmp_path / "night.edf", gaps="split")
    assert folder == tmp_path / "night"
    paths = sorted(folder.iterdir())
    assert [path.name for path in paths] == [
        f"night-{number:03d}.edf" for number in range(1, files + 1)
    ]
    parts = [hexoframe.open_record(path) for path in paths]
    for name in record:
        joined = pd.concat([part[name] for part in parts if len(part[name])])
        pd.testing.assert_frame_equal(joined, record[name], check_freq=False)
    edges = [(part.start_tick, part.end_tick) for part in parts]
    assert [start for start, _ in edges[1:]] == [end for _, end in edges[:-1]]
    assert (edges[0][0], edges[-1][1]) == (record.start_tick, record.end_tick)
    # Nothing of a second or more is filled.
    for path in paths:
        assert all(
            length < 1
            for _, length, text in Bytes(path).notes
            if text.startswith("BAD")
        )


def test_a_recorder_that_began_anew_is_split_and_not_filled(tmp_path):
    first, second = made(10), made(10, start=START + 50 * 256 + 101)
    frames = {name: pd.concat([first[name], second[name]]) for name in first}
    for name, frame in frames.items():
        frame.attrs = first[name].attrs
    record = Record("hexoskin", (START, second.end_tick), frames)
    with pytest.raises(ConfigurationError, match=r"respiration at .* is off the grid"):
        record.to_edf(tmp_path / "a.edf", gaps="fill")
    folder = record.to_edf(tmp_path / "a", gaps="split")
    parts = [hexoframe.open_record(path) for path in sorted(folder.iterdir())]
    assert len(parts) == 2
    for name in record:
        joined = pd.concat([part[name] for part in parts])
        assert joined.index.equals(record[name].index)
        assert (joined.to_numpy() == record[name].to_numpy()).all()


def test_split_files_are_replaced_together(tmp_path):
    made(60, holes=[(None, 20, 30)]).to_edf(tmp_path / "a", gaps="split")
    (tmp_path / "a" / "notes.txt").write_text("mine")
    made(60).to_edf(tmp_path / "a", gaps="split", overwrite=True)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["a-001.edf", "notes.txt"]


def test_an_unknown_way_with_holes_is_refused(record, tmp_path):
    with pytest.raises(ConfigurationError, match="'raise', 'fill', 'split'"):
        record.to_edf(tmp_path / "a.edf", gaps="close")


# -- what does not fit -----------------------------------------------------------------


def test_counts_that_are_no_whole_numbers_are_rounded_with_a_warning(record, tmp_path):
    rate = record["heart_rate"] + 0.25
    rate.attrs = record["heart_rate"].attrs
    changed = record.replace(heart_rate=rate)
    with pytest.warns(HexoframeWarning, match=r"rounded .* heart_rate by up to 0.25"):
        path = changed.to_edf(tmp_path / "a.edf")
    assert hexoframe.open_record(path)["heart_rate"].equals(record["heart_rate"])


def test_counts_of_more_than_16_bits_are_refused(record, tmp_path):
    rate = record["heart_rate"] * 1000
    rate.attrs = record["heart_rate"].attrs
    with pytest.raises(
        ConfigurationError, match=r"from 6\d+ to 8\d+, and EDF holds 16"
    ):
        record.replace(heart_rate=rate).to_edf(tmp_path / "a.edf")


def test_a_year_that_edf_does_not_have_is_refused(tmp_path):
    late = made(3, start=256 * 3_786_912_000)  # 2090
    with pytest.raises(ConfigurationError, match="1985 to 2084"):
        late.to_edf(tmp_path / "a.edf")


def test_channels_choose_what_is_written(record, tmp_path):
    path = record.to_edf(tmp_path / "a.edf", channels=["ecg", "rr_interval"])
    assert list(hexoframe.open_record(path)) == ["ecg", "rr_interval"]
    assert Bytes(path).labels == ["4113:ECG_I", "EDF Annotations"]


def test_events_alone_make_a_file(record, tmp_path):
    path = record.to_edf(tmp_path / "a.edf", channels=["rr_interval"])
    back = hexoframe.open_record(path)
    assert back["rr_interval"].equals(record["rr_interval"])
    assert back.family == "hexoskin"


@pytest.mark.slow
def test_a_long_record_is_written_and_read_in_little_memory(tmp_path):
    """An hour of ECG takes 11 MB as a frame; no more than two blocks are held."""
    seconds = 3600
    ticks = START + np.arange(seconds * 256)
    values = {"ecg_i": (np.arange(seconds * 256) % 4096 * 0.0064 - 8.704)}
    whole = frame_of("hexoskin", "ecg", ticks, values)

    def pieces(rows):
        for at in range(0, len(whole), rows):
            yield whole.iloc[at : at + rows]

    def never():
        raise AssertionError("the whole channel is read")

    lazy = LazyChannel(read=never, pieces=pieces)
    record = Record("hexoskin", (START, START + seconds * 256), {"ecg": lazy})
    # What is imported takes memory once.
    hexoframe.open_record(made(3).to_edf(tmp_path / "small.edf"))
    tracemalloc.start()
    path = record.to_edf(tmp_path / "a.edf")
    written = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    rows = sum(len(piece) for piece in hexoframe.open_record(path).pieces("ecg"))
    read = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == seconds * 256
    assert max(written, read) < 8 << 20

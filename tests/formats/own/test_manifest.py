"""The manifest of hexoframe's own formats: CSV and Parquet say and refuse the same."""

from __future__ import annotations

import json
import os
import warnings
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    HexoframeError,
    IncompleteDataError,
    MissingSamplesWarning,
    SkippedChannelWarning,
    TimestampError,
    UnknownChannelError,
)
from hexoframe.formats.options import ReadOptions
from hexoframe.formats.own import csv as table
from hexoframe.formats.own import parquet
from hexoframe.formats.own.manifest import CSV_LAYOUT, PARQUET_LAYOUT, Layout
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.facts import SHAPES, Facts, facts_table
from hexoframe.recording.frames import make_frame
from hexoframe.recording.gaps import Receipt
from hexoframe.timestamps import ticks_to_index

START = 1_667_604_589 * 256  # 2022-11-04T23:29:49Z
SPAN = (START, START + 20 * 256)
TICKS = START + 256 * np.arange(1, 21)
LATE = "2023-08-07T01:25:19.123456789Z"


class Kind(NamedTuple):
    module: ModuleType
    layout: Layout


KINDS = {"csv": Kind(table, CSV_LAYOUT), "parquet": Kind(parquet, PARQUET_LAYOUT)}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def frame_of(name, ticks=TICKS, record_id=12345):
    channel = channels_of("hexoskin")[name]
    index = ticks_to_index(ticks, clock=256)
    values = {column: np.arange(len(ticks)) / 8 for column in channel.columns}
    return make_frame(channel, index, values, record_id=record_id)


def record_of(channels=None, *, facts=None, **more):
    if channels is None:
        channels = {name: frame_of(name) for name in ("heart_rate", "rr_interval")}
    facts = facts or Facts(info={"id": 12345})
    return RecordData("hexoskin", SPAN, channels, facts=facts, **more)


def read(kind, path, **options):
    return kind.module.read(path, ReadOptions(**options))


def round_trip(kind, record, root):
    return read(kind, kind.module.write(record, root))


@pytest.fixture
def folder(kind, tmp_path):
    return kind.module.write(record_of(), tmp_path)


def edit(path, change):
    """Change a manifest on purpose: its own checksum goes, as messages say."""
    held = json.loads(path.read_text(encoding="utf-8"))
    change(held)
    held.pop("sha256", None)
    path.write_text(json.dumps(held), encoding="utf-8")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
@pytest.mark.parametrize("what", ["pipe", "folder", "circle"])
def test_what_is_no_file_in_the_place_of_one_is_refused(kind, folder, what):
    file = folder / kind.layout.file_of("heart_rate")
    file.unlink()
    if what == "pipe":
        os.mkfifo(file)
    elif what == "folder":
        file.mkdir()
    else:
        file.symlink_to(file)
    with pytest.raises(FileFormatError, match=f"{file.name} is no file"):
        read(kind, folder)
    with pytest.warns(MissingSamplesWarning, match=f"{file.name} is no file"):
        read(kind, folder, allow_partial=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_place_of_the_manifest_is_not_waited_for(kind, folder):
    manifest = folder / kind.layout.manifest
    manifest.unlink()
    os.mkfifo(manifest)
    with pytest.raises(FileFormatError, match="is a pipe, a socket or a device"):
        read(kind, folder)


def test_a_manifest_may_be_changed_on_purpose(kind, folder):
    path = folder / kind.layout.manifest
    held = json.loads(path.read_text(encoding="utf-8"))
    held["info"]["note"] = "mine"
    path.write_text(json.dumps(held), encoding="utf-8")
    with pytest.raises(FileFormatError, match="take the line 'sha256' out"):
        read(kind, folder)
    edit(path, lambda _: None)
    assert read(kind, folder).facts.info["note"] == "mine"


# -- there and back --------------------------------------------------------------------


def test_both_manifests_say_the_same(tmp_path):
    held = {}
    for name, kind in KINDS.items():
        folder = kind.module.write(record_of(), tmp_path)
        text = (folder / kind.layout.manifest).read_text(encoding="utf-8")
        held[name] = json.loads(text)
        assert held[name].pop("format") == kind.layout.name
        assert len(held[name].pop("sha256")) == 64
        for channel, entry in held[name]["channels"].items():
            path = folder / entry.pop("file")
            assert path == folder / f"{channel}.{name}"
            assert entry.pop("bytes") == path.stat().st_size
            entry.pop("sha256", None)
    assert held["csv"] == held["parquet"]


def test_both_formats_of_a_record_lie_in_one_folder(tmp_path):
    table.write(record_of(), tmp_path)
    folder = parquet.write(record_of(), tmp_path)
    table.write(record_of(), tmp_path, channels=["heart_rate"], overwrite=True)
    assert list(table.read(folder, ReadOptions())) == ["heart_rate"]
    assert list(parquet.read(folder, ReadOptions())) == ["heart_rate", "rr_interval"]


def test_info_and_tables_of_facts_come_back(kind, tmp_path):
    rows = {
        "ranges": [
            {"start": START, "end": START + 256, "id": 2**60 + 1, "name": "Run é\n"},
            {"start": START + 1, "end": START + 9, "note": 'a "b", c\nd', "rank": 1},
        ],
        "annotations": [{"time": START + 5, "datatype": 215, "comment": ""}, {}],
        "track": [{"time": LATE, "altitude": 0.1 + 0.2, "longitude": -73.6}],
        "metrics": [{"id": 71, "value": 0.1}, {"name": "x"}],
        "statistics": [],
    }
    info = {"id": 12345, "email": None, "deep": {"list": [1, 2.5, True, {"ü": []}]}}
    tables = {name: facts_table(name, rows[name]) for name in SHAPES}
    record = record_of(facts=Facts(info=info, **tables), tz="America/Montreal")
    again = round_trip(kind, record, tmp_path)
    assert again.facts.info == info
    assert again.tz == "America/Montreal"
    assert (again.start_tick, again.end_tick) == SPAN
    for name, expected in tables.items():
        pd.testing.assert_frame_equal(getattr(again.facts, name), expected)
    assert again.facts.track.index[0] == pd.Timestamp(LATE)


@pytest.mark.parametrize("name", SHAPES)
def test_a_table_that_is_empty_is_not_one_that_is_unknown(kind, name, tmp_path):
    record = record_of(facts=Facts(**{name: facts_table(name)}))
    facts = round_trip(kind, record, tmp_path).facts
    pd.testing.assert_frame_equal(getattr(facts, name), facts_table(name))
    assert all(getattr(facts, other) is None for other in SHAPES if other != name)


def test_the_ledger_of_the_source_comes_back(kind, tmp_path):
    frame = frame_of("heart_rate")
    receipt = Receipt(
        samples=20,
        expected=25,
        duplicates=3,
        lost=((START, START + 12), (START + 20, START + 21)),
        span=(START - 7, START + 6000),
    )
    record = record_of({"heart_rate": LazyChannel(read=lambda: frame, receipt=receipt)})
    assert round_trip(kind, record, tmp_path).receipt("heart_rate") == receipt


def test_what_a_source_learns_by_reading_is_kept(kind, tmp_path):
    frame = frame_of("heart_rate")
    repeated = []

    def pieces(_rows):
        yield frame
        repeated.append(1)

    source = LazyChannel(
        read=lambda: frame,
        pieces=pieces,
        receipt=lambda: Receipt(duplicates=len(repeated)),
    )
    record = record_of({"heart_rate": source})
    assert round_trip(kind, record, tmp_path).receipt("heart_rate").duplicates == 1


def test_the_folder_is_named_by_the_id_or_else_by_the_start(kind, folder, tmp_path):
    assert folder.name == "record_12345"
    nameless = kind.module.write(record_of(facts=Facts(info={"a": 1})), tmp_path)
    assert nameless.name == "record_20221104T232949Z"
    assert read(kind, nameless).id is None


def test_the_manifest_alone_opens_the_record_too(kind, folder):
    assert kind.module.sniff(folder)
    assert kind.module.sniff(folder / kind.layout.manifest)
    record = read(kind, folder / kind.layout.manifest)
    assert list(record) == ["heart_rate", "rr_interval"]
    other = next(other for other in KINDS.values() if other is not kind)
    assert not other.module.sniff(folder)
    assert not other.module.sniff(folder / kind.layout.manifest)


# -- what is not written ---------------------------------------------------------------


@pytest.mark.parametrize("value", [pd.Timestamp(0), {1, 2}, float("nan")])
def test_info_that_json_has_not_is_refused(kind, value, tmp_path):
    record = record_of(facts=Facts(info={"key": value}))
    with pytest.raises(ConfigurationError, match=r"info of the record.*JSON"):
        kind.module.write(record, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_time_between_two_ticks_is_refused(kind, tmp_path):
    channel = channels_of("hexoskin")["heart_rate"]
    texts = [f"2022-11-04T00:00:0{second}.00{second % 2}Z" for second in range(3)]
    index = pd.DatetimeIndex(texts, name="time").as_unit("ns")
    frame = make_frame(channel, index, {"heart_rate": np.arange(3.0)})
    with pytest.raises(TimestampError, match="between two ticks"):
        kind.module.write(record_of({"heart_rate": frame}), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shift", ["1ns", "-200Y"])
def test_even_steps_from_a_time_that_is_no_tick_are_refused(kind, tmp_path, shift):
    channel = channels_of("hexoskin")["heart_rate"]
    index = pd.date_range("2022-11-04", periods=4, freq="s", tz="UTC", unit="ns")
    if shift == "1ns":
        index += pd.Timedelta(1, "ns")
    else:
        index -= pd.Timedelta(days=200 * 365)
    frame = make_frame(channel, index.rename("time"), {"heart_rate": np.arange(4.0)})
    with pytest.raises(TimestampError, match=r"between two ticks|outside"):
        kind.module.write(record_of({"heart_rate": frame}), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_channels_that_make_no_sense_are_refused(kind, tmp_path):
    with pytest.raises(UnknownChannelError, match="ppg"):
        kind.module.write(record_of(), tmp_path, channels=["ppg"])
    with pytest.raises(ConfigurationError, match=r"\['ecg'\]"):
        kind.module.write(record_of(), tmp_path, channels="ecg")
    assert list(tmp_path.iterdir()) == []


# -- what is refused -------------------------------------------------------------------


def entry(held):
    return held["channels"]["heart_rate"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.update(version=2, hexoframe="9.1"), r"version 2 .*9\.1.*upgrade"),
        (lambda m: m.update(version="two"), 'version of the format is "two"'),
        (lambda m: m.update(format="other"), "no manifest of a record: expected the"),
        (
            lambda m: m.update(family="polar"),
            'family: expected one of hexo.*, found "polar"',
        ),
        (lambda m: m.update(clock=1000), "clock: expected 256 .hexoskin., found 1000"),
        (
            lambda m: m.update(scale="loud"),
            'scale: expected one of physical, raw, found "loud"',
        ),
        (lambda m: m.update(span=[1, 2, 3]), r"span: expected a list of 2, found \[1"),
        (
            lambda m: m.update(span=[START + 0.5, START + 9]),
            r"span\[0\]: expected a whole number",
        ),
        (lambda m: m.update(info=3), "info: expected an object, found 3"),
        (lambda m: m.pop("channels"), "channels is missing"),
        (lambda m: m.update(channels=[]), r"channels: expected an object, found \[\]"),
        (lambda m: m["channels"].update(heart_rate=7), "heart_rate: expected an obj"),
        (lambda m: m["facts"].update(ranges=[1]), "facts.ranges: expected an object"),
        (
            lambda m: m["facts"].update(metrics={"id": [1]}),
            "facts.metrics.name is missing",
        ),
        (
            lambda m: m["facts"].update(
                statistics={"name": ["a", "b"], "value": ["c"], "unit": []}
            ),
            "facts.statistics.value: expected as many cells",
        ),
        (lambda m: entry(m).pop("rows"), "heart_rate: rows is missing"),
        (
            lambda m: entry(m).update(rows="-"),
            'rows: expected a whole number, found "-"',
        ),
        (lambda m: entry(m).update(first=None), "first, last: expected ticks of"),
        (lambda m: entry(m).update(last=True), "last: expected a whole number.*true"),
        (
            lambda m: entry(m)["receipt"].update(duplicates="many"),
            'whole number, found "many"',
        ),
        (lambda m: entry(m)["receipt"].update(lost=[[1]]), r"lost\[0\]: expected"),
        (
            lambda m: entry(m).update(file="../../secret"),
            r"file: expected 'heart_rate\..*, found \"../../secret",
        ),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(kind, change, says, folder):
    path = folder / kind.layout.manifest
    edit(path, change)
    with pytest.raises(FileFormatError, match=says) as caught:
        read(kind, folder)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "\xff", "[" * 100_000, "[]"])
def test_a_manifest_that_is_no_json_object_is_refused(kind, text, folder):
    path = folder / kind.layout.manifest
    path.write_bytes(text.encode("latin-1"))
    says = "no manifest of a record" if text == "[]" else "not JSON"
    with pytest.raises(FileFormatError, match=says):
        read(kind, folder)


def test_a_channel_of_a_newer_table_is_left_out_with_a_warning(kind, folder):
    file = kind.layout.file_of("aura")

    def add(held):
        held["channels"]["aura"] = dict(entry(held), file=file)

    edit(folder / kind.layout.manifest, add)
    with pytest.warns(SkippedChannelWarning, match="aura left out") as caught:
        record = read(kind, folder)
    assert caught[0].filename == __file__
    assert list(record) == ["heart_rate", "rr_interval"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(kind, folder, channels=["heart_rate"])


def test_another_model_than_that_of_the_record_is_refused(kind, folder):
    with pytest.raises(ConfigurationError, match="of hexoskin, not of 'astroskin'"):
        read(kind, folder, model="astroskin")
    assert read(kind, folder, model="Hexoskin").family == "hexoskin"


# -- what is missing -------------------------------------------------------------------


def test_a_missing_file_is_an_error_or_stands_in_the_ledger(kind, folder):
    file = kind.layout.file_of("heart_rate")
    (folder / file).unlink()
    with pytest.raises(IncompleteDataError, match=f"{file} is missing") as caught:
        read(kind, folder)
    assert "allow_partial=True" in str(caught.value)
    lost = caught.value.ledger["heart_rate"]
    assert (lost.samples, lost.expected) == (0, 20)
    assert lost.lost == ((START, START + 20 * 256),)
    assert caught.value.ledger["rr_interval"].samples == 20
    with pytest.warns(MissingSamplesWarning, match=f"in part: {file} is miss") as told:
        record = read(kind, folder, allow_partial=True)
    assert told[0].filename == __file__
    assert record["heart_rate"].empty
    assert record["heart_rate"].attrs["hexoframe"]["record"] == 12345
    assert record.survey("heart_rate").expected == 20
    assert list(record.pieces("heart_rate")) == []
    pd.testing.assert_frame_equal(record["rr_interval"], frame_of("rr_interval"))


def test_what_was_lost_before_stays_lost(kind, tmp_path):
    frame = frame_of("heart_rate")
    span = (START - 7, START + 6000)
    receipt = Receipt(samples=20, expected=25, duplicates=3, lost=(span,), span=span)
    source = LazyChannel(read=lambda: frame, receipt=receipt)
    folder = kind.module.write(record_of({"heart_rate": source}), tmp_path)
    (folder / kind.layout.file_of("heart_rate")).unlink()
    with pytest.warns(MissingSamplesWarning):
        left = read(kind, folder, allow_partial=True).receipt("heart_rate")
    assert (left.samples, left.expected, left.duplicates, left.span) == (0, 25, 3, span)
    assert left.lost == (span, (START, START + 20 * 256))


# -- seeded damage ---------------------------------------------------------------------

ODD = [
    *(None, True, "", "abc", -1, 0, 1.5, 1e308, 2**62, -(2**62), [], [1], [[]], {}),
    *({"a": 1}, "\x1b[31m", "9" * 40, "9999-12-31T00:00:00Z", "2999-99-99", [2, 1]),
]
RAW = ["NaN", "1e400", "9" * 5000, '"\\ud800"', "[" * 100_000, "[" * 99 + "]" * 99]


def touch(record):
    repr(record)
    record.coverage()
    for name in record:
        record[name]


@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
def test_a_manifest_of_other_types_never_ends_in_an_error_of_python(
    kind, folder, variants
):
    path = folder / kind.layout.manifest
    held = json.loads(path.read_text(encoding="utf-8"))
    every = variants(held, [*ODD, *(f"@{raw}@" for raw in RAW)])
    messages = []
    for at in np.random.default_rng(13).permutation(len(every))[:80]:
        text = json.dumps(every[at]())
        for raw in RAW:
            text = text.replace(json.dumps(f"@{raw}@"), raw)
        path.write_text(text, encoding="utf-8")
        try:
            touch(hexoframe.open_record(folder))
        except HexoframeError as error:
            messages.append(str(error))
    assert 40 < len(messages) < 80
    assert max(map(len, messages)) < 1000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.update(span=[1, 2]), "span: tick 1 lies outside the years 2000"),
        (lambda m: m.update(span=[START + 9, START]), "span: expected an end after"),
        (lambda m: m.update(tz="Mars/Base"), "tz: 'Mars/Base' is no time zone"),
        (lambda m: m["info"].update(id="x"), 'info.id: expected .*found "x"'),
        (
            lambda m: m["info"].update(provenance=[1]),
            "info.provenance: expected an obj",
        ),
        (lambda m: entry(m).update(bytes=-1), "bytes: expected 0 or more, found -1"),
        (lambda m: entry(m).update(sha256=5), "sha256: expected a text or null|sha256"),
        (
            lambda m: entry(m)["survey"].update(
                gaps=[[START, 5, 1, "hole", "recorder"]]
            ),
            "survey.gaps: tick 5 lies",
        ),
        (
            lambda m: m["facts"].update(
                track={
                    "time": ["9999-01-01T00:00:00Z"],
                    **{
                        name: [1.0]
                        for name in (
                            "altitude",
                            "longitude",
                            "latitude",
                            "horizontal_accuracy",
                        )
                    },
                }
            ),
            "facts.track.time: ",
        ),
    ],
)
def test_values_of_the_right_type_that_make_no_sense_are_refused(
    kind, change, says, folder
):
    edit(folder / kind.layout.manifest, change)
    with pytest.raises(FileFormatError, match=says) as caught:
        touch(hexoframe.open_record(folder))
    assert "write or copy the record again" in str(caught.value)


@pytest.mark.parametrize("value", [2**63, "\ud800", [[[[[]]]]] * 1])
def test_what_could_not_be_read_again_is_not_written(kind, value, tmp_path):
    record = record_of(facts=Facts(info={"key": value}))
    if isinstance(value, list):
        assert round_trip(kind, record, tmp_path).facts.info["key"] == value
        return
    with pytest.raises(ConfigurationError, match="cannot be written as JSON"):
        kind.module.write(record, tmp_path)

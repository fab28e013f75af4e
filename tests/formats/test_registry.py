"""The registry of formats: what an entry brings, and what a new one needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hexoframe
from hexoframe import formats
from hexoframe.app.choices import Output
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    OutputExistsError,
    UnverifiedCalibrationWarning,
)
from hexoframe.record import Record
from tests.formats import toyformat

ROOT = Path(__file__).parents[2]
TOY = formats.Format(
    name="toy",
    title="toy file",
    reader=lambda: toyformat,
    writer=lambda: toyformat,
    one_file=True,
    suffix=".toy",
)
ENTRIES = {entry.name: entry for entry in formats.FORMATS}
BOTH_WAYS = [name for name in formats.names_to_write() if ENTRIES[name].reader]
pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.MissingFactsWarning")


@pytest.fixture
def record(samples):
    return hexoframe.open_record(
        samples / "hexoskin_10min.zip", channels=["heart_rate"]
    )


@pytest.fixture
def beats(samples):
    """The first minutes, without a hole of more than 3 s between the beats."""
    channels = ["rr_interval", "rr_interval_quality"]
    whole = hexoframe.open_record(samples / "hexoskin_10min.zip", channels=channels)
    return whole.between(0, 240)


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, TOY))


def run(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def times(*paths):
    """When files, folders and all below them were last written."""
    below = [path for each in paths for path in (each, *each.rglob("*"))]
    return {path: path.stat().st_mtime_ns for path in below}


# -- every entry -----------------------------------------------------------------------


def test_names_and_titles_are_unique():
    assert len(ENTRIES) == len(formats.FORMATS)
    assert len({entry.title for entry in formats.FORMATS}) == len(formats.FORMATS)


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_what_a_format_writes_it_reads(record, tmp_path, name):
    saved = Output(folder=tmp_path, formats=(name,)).save("it", record)
    assert saved.errors == []
    (path,) = saved.paths
    taken = [entry.name for entry, reader in formats.readers() if reader.sniff(path)]
    assert taken[0] == name
    again = hexoframe.open_record(path)
    assert again["heart_rate"].equals(record["heart_rate"])


@pytest.mark.parametrize("name", formats.names_to_write())
def test_what_is_written_again_is_left_as_it_is(record, beats, tmp_path, name):
    if name == "mat":
        pytest.importorskip("scipy", reason="scipy writes MAT files")
    channel, more = "heart_rate", 1
    if name == "kubios":
        record, channel, more = beats, "rr_interval", 1 / 256
    output = Output(folder=tmp_path, formats=(name,))
    first = output.save("it", record)
    before = times(*first.paths)
    again = output.save("it", record)
    assert (again.paths, again.errors) == (first.paths, [])
    assert (first.unchanged, again.unchanged) == ([False], [True])
    assert times(*first.paths) == before
    # Samples that differ in one value stay out.
    frame = record[channel].copy()
    frame.iloc[100, 0] += more
    other = Record(
        record.family,
        (record.start_tick, record.end_tick),
        {**record, channel: frame},
        facts=record.facts,
    )
    refused = output.save("it", other)
    (error,) = refused.errors
    assert isinstance(error, OutputExistsError)
    assert "overwrite=True" in str(error)
    assert times(*first.paths) == before


@pytest.mark.parametrize("name", ["bids", "edf", "mat"])
def test_scales_are_warned_of_once_for_a_file(samples, tmp_path, name):
    if name == "mat":
        pytest.importorskip("scipy", reason="scipy writes MAT files")
    whole = hexoframe.open_record(samples / "hexoskin_10min.zip")
    part = whole.of(whole, left_out={*whole} - {"sdnn", "ann", "rmssd"})
    output = Output(folder=tmp_path, formats=(name,))
    with pytest.warns(UnverifiedCalibrationWarning) as caught:
        assert output.save("it", part).errors == []
    scales = [each for each in caught if each.category is UnverifiedCalibrationWarning]
    assert len(scales) == 1


def test_a_format_that_is_missing_joins_one_that_is_there(record, tmp_path):
    first = Output(folder=tmp_path, formats=("csv",)).save("it", record)
    output = Output(folder=tmp_path, formats=("txt", "csv", "parquet"))
    saved = output.save("it", record)
    assert (saved.unchanged, saved.errors) == ([False, True, False], [])
    # CSV and Parquet share a folder; only one of them was there.
    assert saved.paths[1:] == 2 * first.paths
    assert output.save("it", record).unchanged == [True, True, True]


def test_a_format_that_is_not_written_says_which_are(record, tmp_path):
    choices = "choose one of txt, csv, parquet, edf, mat, kubios, wfdb, bids"
    with pytest.raises(ConfigurationError, match=f"'fit' is no format.*{choices}"):
        formats.to_write("fit")
    with pytest.raises(ConfigurationError, match=f"'dashboard' is no.*{choices}"):
        formats.to_write("dashboard")
    with pytest.raises(ConfigurationError, match=f"dashboard CSV is not.*{choices}"):
        ENTRIES["dashboard"].write(record, tmp_path)


def test_a_path_of_no_format_is_told_all_that_are_read(tmp_path):
    (tmp_path / "x").write_text("x")
    titles = [entry.title for entry, _ in formats.readers()]
    assert len(titles) == 7
    with pytest.raises(FileFormatError) as caught:
        hexoframe.open_record(tmp_path / "x")
    assert str(caught.value).endswith(f"expected one of: {', '.join(titles)}")


# -- what is imported ------------------------------------------------------------------


def test_the_names_of_formats_are_told_without_importing_one():
    loaded = run(
        "from hexoframe import formats; import sys; formats.names_to_write(); "
        "print(*(name for name in sys.modules if name.startswith('hexoframe')))"
    )
    assert set(loaded.split()) == {
        "hexoframe",
        "hexoframe.errors",
        "hexoframe.formats",
        "hexoframe.paths",
        "hexoframe.version",
    }


def test_an_export_is_opened_without_what_writes_other_formats(samples):
    loaded = run(
        "import sys, hexoframe; record = hexoframe.open_record(sys.argv[1]); "
        "record['ecg']; print(*sys.modules)",
        samples / "hexoskin_10min.zip",
    )
    absent = {
        "scipy",
        "hexoframe.formats.mat",
        "hexoframe.formats.edf.writer",
        "hexoframe.formats.text.writer",
        "hexoframe.formats.dashboard.reader",
    }
    assert not absent & set(loaded.split())
    assert "hexoframe.formats.archive.reader" in loaded.split()


# -- a new format: one module and one entry --------------------------------------------


@pytest.mark.usefixtures("toy")
def test_a_new_format_is_written_as_convert_does_and_opened(record, tmp_path):
    output = Output(folder=tmp_path, formats=("toy", "csv"))
    saved = output.save("it", record)
    assert saved.errors == []
    path = saved.paths[0]
    assert path == tmp_path / f"record_{record.id}.toy"
    again = hexoframe.open_record(path)
    assert again.id == record.id
    assert again["heart_rate"].equals(record["heart_rate"])
    assert path.read_text().startswith("toy ")
    again = output.save("it", record)
    assert again.errors == []
    assert (again.paths, again.unchanged) == (saved.paths, [True, True])
    other = output.save("it", record.cut(record.start_tick, record.end_tick - 256))
    assert [type(error) for error in other.errors] == 2 * [OutputExistsError]
    assert other.paths == []


@pytest.mark.usefixtures("toy")
def test_a_new_format_is_found_in_a_folder(record, tmp_path):
    TOY.write(record, tmp_path / "sub" / "a.toy", channels=["heart_rate"])
    found = hexoframe.open_records(tmp_path)
    assert list(found) == [str(record.id)]
    assert found.skipped.empty


@pytest.mark.usefixtures("toy")
def test_a_new_format_is_named_where_nothing_opens(tmp_path):
    (tmp_path / "x").write_text("x")
    with pytest.raises(FileFormatError, match="EDF file, toy file"):
        hexoframe.open_record(tmp_path / "x")


def test_a_new_format_is_a_choice_of_convert(samples, tmp_path):
    code = """
import sys
from hexoframe import formats
from tests.formats import toyformat
load = lambda: toyformat
formats.FORMATS += (
    formats.Format(
        name="toy", title="toy file", reader=load, writer=load, suffix=".toy"
    ),
)
from hexoframe.app.cli import main
sys.argv[0] = "hexoframe"
main()
"""
    assert "toy" in run(code, "convert", "--help")
    assert "toy" in run(code, "download", "--help")
    source = samples / "hexoskin_10min.zip"
    # Of scales that no recording confirms this would warn.
    some = ["--channels", "ecg,heart_rate,heart_rate_quality"]
    told = run(code, "convert", source, "--format", "toy", "--to", tmp_path, *some)
    (path,) = tmp_path.iterdir()
    assert told.split() == [str(path)]
    back = run(code, "convert", path, "--format", "parquet", "--to", tmp_path)
    rate = hexoframe.open_record(back.strip())["heart_rate"]
    assert rate.equals(hexoframe.open_record(source)["heart_rate"])

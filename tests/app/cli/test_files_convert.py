"""Files into files, without the service."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import hexoframe

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")

SOURCES = ["hexoskin_10min.zip", "astroskin_1000_1min.zip", "hexoskin_10min.csv"]
MADE = ["txt", "csv", "parquet"]


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    """No server answers: any request fails."""
    monkeypatch.setenv("HEXOFRAME_BASE_URL", "http://127.0.0.1:9")


@pytest.mark.parametrize("form", MADE)
@pytest.mark.parametrize("source", SOURCES)
def test_any_source_goes_to_any_format(give, samples, tmp_path, source, form, same):
    result = give("convert", samples / source, "--to", "out", "-f", form)
    assert result.exit_code == 0, result.stderr
    record = hexoframe.open_record(samples / source)
    getattr(record, f"to_{form}")(tmp_path / "python")
    same(Path("out"), tmp_path / "python")


@pytest.mark.parametrize("form", [*MADE, "mat"])
@pytest.mark.parametrize("source", SOURCES)
def test_the_same_conversion_again_writes_nothing(give, samples, source, form):
    command = ["convert", samples / source, "--to", "out", "-f", form]
    first = give(*command)
    assert first.exit_code == 0, first.stderr
    written = [path for path in Path("out").rglob("*") if path.is_file()]
    before = [path.stat().st_mtime_ns for path in written]
    again = give(*command)
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    assert again.stderr.count("already there, unchanged") == 1
    assert [path for path in Path("out").rglob("*") if path.is_file()] == written
    assert [path.stat().st_mtime_ns for path in written] == before


@pytest.mark.parametrize("source", MADE)
def test_what_hexoframe_wrote_is_a_source_too(give, samples, tmp_path, source, same):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip", channels=[19, "ecg"])
    written = getattr(record, f"to_{source}")(tmp_path / "source")
    assert give("convert", written, "--to", "out", "-f", "parquet").exit_code == 0
    hexoframe.open_record(written).to_parquet(tmp_path / "python")
    same(Path("out"), tmp_path / "python")


@pytest.mark.parametrize("form", MADE)
def test_a_part_without_waveforms_is_what_python_writes_of_it(
    give, samples, tmp_path, form, same
):
    path, start = samples / "hexoskin_10min.zip", "2024-03-01T22:02:00Z"
    end = hexoframe.open_record(path).start_tick + 256 * 240
    more = ["--start", start, "--end", end, "--no-waveforms", "-f", form]
    assert give("convert", path, "--to", "out", *more).exit_code == 0
    record = hexoframe.open_record(path)
    part = record.between(start, record.start + pd.Timedelta("240s"))
    rest = [name for name in part if part.channel(name).kind != "waveform"]
    assert 0 < len(rest) < len(list(part))
    getattr(part, f"to_{form}")(tmp_path / "python", channels=rest)
    same(Path("out"), tmp_path / "python")


def test_counts_are_written_where_they_are_asked_for(give, samples, tmp_path, same):
    path = samples / "astroskin_2min.zip"
    more = ["--units", "raw", "-f", "csv", "-f", "parquet", "-f", "txt"]
    assert give("convert", path, "--to", "out", *more).exit_code == 0
    counts = hexoframe.open_record(path, units="raw")
    counts.to_csv(tmp_path / "python")
    counts.to_parquet(tmp_path / "python")
    # What the service answers is one thing, whatever the record holds.
    hexoframe.open_record(path).to_txt(tmp_path / "python")
    same(Path("out"), tmp_path / "python")


def test_a_warning_of_units_names_an_option_that_is_there(run, samples, tmp_path):
    path = samples / "astroskin_1000_1min.zip"
    written = ["--to", tmp_path, "-f", "csv", "--overwrite"]
    done = run("convert", *written, path, "--no-waveforms")
    assert "the scale of heart rate, breathing rate, " in done.stderr
    assert "--units raw ('hexoframe convert' and 'download')" in done.stderr
    # What shows no value has no scale to warn of.
    done = run("show", path, "--no-waveforms")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("convert", *written, path, "--no-waveforms", "--units", "raw")
    assert (done.returncode, done.stderr) == (0, "")


def test_text_of_a_zone_is_read_and_written(give, samples, tmp_path, same):
    fmt = "%d.%m.%Y %H:%M:%S.%f"
    record = hexoframe.open_record(samples / "hexoskin_10min.zip", channels=["ecg"])
    old = record.to_txt(
        tmp_path / "old", timestamps="string", tz="Asia/Tokyo", timestamp_format=fmt
    )
    source = ["--source-tz", "Asia/Tokyo", "--source-format", fmt]
    target = ["--timestamps", "string", "--tz", "America/Montreal"]
    result = give("convert", old, "--to", "out", *source, *target)
    assert result.exit_code == 0, result.stderr
    hexoframe.open_record(old, tz="Asia/Tokyo", timestamp_format=fmt).to_txt(
        tmp_path / "python", timestamps="string", tz="America/Montreal"
    )
    same(Path("out"), tmp_path / "python")


@pytest.mark.parametrize(
    ("dialect", "file"), [("classic", "heartrate.txt"), ("port", "heart_rate.txt")]
)
def test_the_txt_of_either_script_is_written(dialect, file, give, samples, tmp_path):
    source = samples / "hexoskin_10min.zip"
    result = give("convert", source, "--channels", "19,36", "--dialect", dialect)
    assert result.exit_code == 0, result.stderr
    folder = Path(result.stdout.strip())
    assert (folder / file).exists()
    record = hexoframe.open_record(source, channels=[19, 36])
    expected = record.to_txt(tmp_path / "python", dialect=dialect)
    for path in expected.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()


def test_a_zone_that_is_missing_is_asked_for_by_its_option(give, samples, tmp_path):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip", channels=["ecg"])
    old = record.to_txt(tmp_path / "old", timestamps="string")
    result = give("convert", old, "--to", "out")
    assert result.exit_code == 1
    assert "--source-tz" in result.stderr
    assert "tz=" not in result.stderr


def test_all_of_a_folder_is_converted_and_the_rest_told(give, samples, tmp_path, same):
    folder = tmp_path / "exports"
    folder.mkdir()
    for name in ("hexoskin_10min.zip", "range_2records.zip"):
        (folder / name).write_bytes((samples / name).read_bytes())
    (folder / "cut.zip").write_bytes(
        (samples / "hexoskin_10min.zip").read_bytes()[:999]
    )
    more = ["--to", "out", "--channels", "heart_rate", "-f", "csv"]
    result = give("convert", folder, "nothing", *more)
    assert result.exit_code == 1
    records = hexoframe.open_records(folder, channels=["heart_rate"])
    assert len(records) == 3
    for record in records.values():
        record.to_csv(tmp_path / "python")
    same(Path("out"), tmp_path / "python")
    cut, nothing, last = result.stderr.splitlines()
    assert str(folder / "cut.zip") in cut
    assert "nothing does not exist" in nothing
    assert last == "hexoframe: 2 of 5 recordings failed"


@pytest.mark.parametrize("command", ["convert", "show", "plot"])
def test_what_is_no_recording_in_a_folder_is_skipped_and_no_failure(
    give, samples, tmp_path, command
):
    folder = tmp_path / "exports"
    folder.mkdir()
    content = (samples / "hexoskin_10min.zip").read_bytes()
    (folder / "a.zip").write_bytes(content)
    (folder / "README.md").write_text("# What these are")
    more = [] if command == "show" else ["--overwrite"]
    for where in (folder, folder / "*"):
        result = give(command, where, *more)
        assert result.exit_code == 0
        told = f"hexoframe: {folder / 'README.md'} skipped: not a recording"
        assert told in result.stderr.splitlines()
    assert give(command, folder, "--quiet", *more).stderr == ""
    # By its name it is asked for, and so is a damaged recording in a folder.
    assert give(command, folder / "README.md").exit_code == 1
    (folder / "b.zip").write_bytes(content[:999])
    result = give(command, folder, *more)
    assert result.exit_code == 1
    assert "1 of 2 recor" in result.stderr


def test_a_folder_of_nothing_but_other_files_holds_no_recording(give, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "README.md").write_text("# About")
    result = give("convert", tmp_path / "notes")
    assert result.exit_code == 1
    assert "holds no recording" in result.stderr.splitlines()[-1]


def test_a_pattern_finds_what_it_fits(give, samples):
    more = ["--to", "out", "--channels", "heart_rate"]
    assert give("convert", samples / "hexoskin*.zip", *more).exit_code == 0


def test_an_empty_folder_holds_no_recording(give, tmp_path):
    (tmp_path / "empty").mkdir()
    result = give("convert", tmp_path / "empty")
    assert result.exit_code == 1
    assert "holds no recording" in result.stderr


def test_a_file_that_is_no_recording_is_told_once_with_its_name(give, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    result = give("convert", tmp_path / "notes.txt", *["-f", "txt", "-f", "csv"])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.count("notes.txt") == 1


@pytest.mark.parametrize("form", ["txt", "mat"])
def test_two_recordings_without_an_id_do_not_take_each_others_place(
    give, samples, tmp_path, form
):
    anna = (samples / "hexoskin_10min.csv").read_text().splitlines()
    (tmp_path / "anna.csv").write_text("\n".join(anna))
    # The same minutes with another heart rate, and no id either.
    heart = anna[0].split(",").index("heart_rate [bpm](/api/datatype/19/)")
    cells = [line.split(",") for line in anna[1:]]
    for row in cells:
        row[heart] = "77"
    bert = [anna[0], *(",".join(row) for row in cells)]
    (tmp_path / "bert.csv").write_text("\n".join(bert))
    files = (tmp_path / "anna.csv", tmp_path / "bert.csv")
    wanted = ("--to", tmp_path / "out", "--format", form, "--overwrite")
    done = give("convert", *files, *wanted)
    assert done.exit_code == 1
    assert "just written from another recording" in " ".join(done.stderr.split())
    first = {f: f.read_bytes() for f in (tmp_path / "out").rglob("*") if f.is_file()}
    # Alone, and again, the first may be replaced.
    assert give("convert", files[1], *wanted).exit_code == 0
    assert any(f.read_bytes() != data for f, data in first.items())

"""Records and ranges into files, byte for byte as Python writes them; the cache."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

import hexoframe
from hexoframe.simulator.server import ServerFault

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")

MONTREAL = "America/Montreal"
TEXT = "--timestamps string --no-waveforms"
NOON = "%Y-%m-%d\t%H:%M:%S.%f"
WRITE = {
    "txt": lambda record, root, **how: record.to_txt(root, **how),
    "csv": lambda record, root: record.to_csv(root),
    "parquet": lambda record, root: record.to_parquet(root),
    "mat": lambda record, root: record.to_mat(root / f"record_{record.id}.mat"),
}


# -- what is written -------------------------------------------------------------------


@pytest.mark.parametrize("form", list(WRITE))
def test_the_files_are_those_of_python(give, service, tmp_path, form, same):
    result = give("download", "41", "--to", "out", "--format", form)
    assert result.exit_code == 0
    written = WRITE[form](hexoframe.load_record(41), tmp_path / "python")
    same(Path("out"), tmp_path / "python")
    told = Path("out") / written.relative_to(tmp_path / "python")
    assert result.stdout == f"{told}\n"
    assert service.log


def test_several_formats_are_written_side_by_side(give, service, tmp_path, same):
    named = [f"--format={form}" for form in ("txt", "parquet", "csv", "txt")]
    result = give("download", "42", "--to", "out", *named)
    assert result.exit_code == 0
    record = hexoframe.load_record(42)
    for form in ("txt", "parquet", "csv"):
        WRITE[form](record, tmp_path / "python")
    same(Path("out"), tmp_path / "python")
    assert len(result.stdout.splitlines()) == 3
    assert len([r for r in service.log if r.path == "/api/data/?record=42"]) == 1


@pytest.mark.parametrize(
    ("arguments", "load", "write"),
    [
        ("--no-waveforms", {"waveforms": False}, {}),
        ("--channels ecg,19", {"channels": ["ecg", 19]}, {}),
        ("--channels ecg --channels rr_interval --no-waveforms",
         {"channels": ["ecg", "rr_interval"]}, {}),
        ("--start 2024-03-02T22:00:10Z --end 2024-03-02T22:00:20+00:00",
         {"start": "2024-03-02T22:00:10Z", "end": "2024-03-02T22:00:20Z"}, {}),
        ("--start 437610703360", {"start": 437610703360}, {}),
        ("--model astroskin_256 --no-waveforms",
         {"model": "astroskin_256", "waveforms": False}, {}),
        (TEXT, {"waveforms": False},
         {"timestamps": "string"}),
        (rf"{TEXT} --tz {MONTREAL} --timestamp-format %Y-%m-%d\t%H:%M:%S.%f",
         {"waveforms": False},
         {"timestamps": "string", "tz": MONTREAL, "timestamp_format": NOON}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_every_option_is_the_argument_of_python(
    give, service, tmp_path, arguments, load, write, same
):
    result = give("download", "41", "--to", "out", *arguments.split())
    assert result.exit_code == 0, result.stderr
    hexoframe.load_record(41, **load).to_txt(tmp_path / "python", **write)
    same(Path("out"), tmp_path / "python")
    assert service.log


def test_a_range_goes_into_a_folder_of_its_own(give, service, tmp_path, same):
    with hexoframe.connect() as client:
        number = int(client.list_ranges()["id"].iloc[-1])
    more = ["--no-waveforms", "-f", "csv", "-f", "txt"]
    result = give("range", number, 999, "--to", "out", *more)
    assert result.exit_code == 1
    record = hexoframe.load_range(number, waveforms=False)
    for form in ("csv", "txt"):
        WRITE[form](record, tmp_path / "python" / f"range_{number}")
    same(Path("out"), tmp_path / "python")
    assert "hexoframe: range 999 of http" in result.stderr
    assert service.log


@pytest.mark.parametrize("command", ["download", "range"])
def test_counts_come_where_they_are_asked_for(give, service, tmp_path, command, same):
    with hexoframe.connect() as client:
        number = int(client.list_ranges()["id"].iloc[-1])
    asked = {"download": 41, "range": number}[command]
    more = ["--units", "raw", "--channels", "acceleration", "-f", "parquet"]
    assert give(command, asked, "--to", "out", *more).exit_code == 0
    load = {"download": hexoframe.load_record, "range": hexoframe.load_range}[command]
    record = load(asked, units="raw", channels=["acceleration"])
    below = {"download": "", "range": f"range_{number}"}[command]
    record.to_parquet(tmp_path / "python" / below)
    same(Path("out"), tmp_path / "python")
    assert service.log


def test_a_range_is_cut_by_start_and_end(give, service, tmp_path, same):
    del service
    with hexoframe.connect() as client:
        number = int(client.list_ranges(end="2024-03-03T12:00:00Z")["id"].iloc[-1])
    start = "2024-03-02T22:00:10Z"
    more = ["--channels", "ecg", "--start", start]
    assert give("range", number, "--to", "out", *more).exit_code == 0
    record = hexoframe.load_range(number, channels=["ecg"]).between(start, None)
    record.to_txt(tmp_path / "python" / f"range_{number}")
    same(Path("out"), tmp_path / "python")


# -- what is skipped -------------------------------------------------------------------


def test_a_bad_id_is_skipped_with_its_reason_and_the_others_go_on(give, service):
    result = give("download", "41", "999", "43", "x1", "42", "41", "--to", "out")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    first, second, third, last = result.stderr.splitlines()
    assert first.startswith("hexoframe: record 999 of http")
    assert "does not exist" in first
    assert second.startswith("hexoframe: record 43 of http")
    assert third.startswith("hexoframe: record x1: the id of a record is 'x1'")
    assert last == "hexoframe: 3 of 5 records failed"
    (user,) = Path("out").iterdir()
    assert user.name == service.username
    assert sorted(path.name for path in user.iterdir()) == ["41", "42"]


# -- what is there already -------------------------------------------------------------


def times_below(folder):
    """When each file was last written."""
    return {
        path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()
    }


def notes_in(told):
    return [line for line in told.splitlines() if "already there" in line]


@pytest.mark.parametrize("command", ["download", "range"])
def test_the_same_command_again_writes_nothing_and_ends_well(
    give, service, for_data, command
):
    with hexoframe.connect() as client:
        number = int(client.list_ranges()["id"].iloc[-1])
    asked = {"download": ["41", "42"], "range": [number]}[command]
    forms = [f"--format={form}" for form in WRITE]
    first = give(command, *asked, "--to", "out", *forms)
    assert (first.exit_code, notes_in(first.stderr)) == (0, [])
    before = times_below(Path("out"))
    service.clear_log()
    again = give(command, *asked, "--to", "out", *forms)
    assert again.exit_code == 0
    # Scripts read the same paths from stdout, whatever was done.
    assert again.stdout == first.stdout
    assert notes_in(again.stderr) == [
        f"hexoframe: {path} already there, unchanged"
        for path in first.stdout.splitlines()
    ]
    assert times_below(Path("out")) == before
    if command == "download":
        assert not for_data(service)
    quiet = give(command, *asked, "--to", "out", *forms, "--quiet")
    assert (quiet.stdout, quiet.stderr) == (first.stdout, "")


def test_what_is_missing_is_written_and_the_rest_is_left(give, service):
    del service
    more = ["--to", "out", "--channels", "heart_rate"]
    first = give("download", "41", *more, "-f", "csv")
    before = times_below(Path("out"))
    # Another format and another record; the CSV lies in the folder of the Parquet.
    again = give("download", "41", "42", *more, "-f", "parquet", "-f", "csv")
    assert again.exit_code == 0
    assert len(again.stdout.splitlines()) == 4
    (note,) = notes_in(again.stderr)
    assert note == f"hexoframe: {first.stdout.strip()} already there, unchanged"
    after = times_below(Path("out"))
    assert before.items() < after.items()
    # A file that went comes back.
    gone = Path("out/record_42/heart_rate.parquet")
    data = gone.read_bytes()
    gone.unlink()
    assert give("download", "42", *more, "-f", "parquet").exit_code == 0
    assert gone.read_bytes() == data


@pytest.mark.parametrize("form", list(WRITE))
def test_what_differs_stays_unless_the_user_says_otherwise(
    give, service, form, files_in
):
    del service
    more = ["--to", "out", "-f", form]
    end = ["--end", "2024-03-02T22:00:30Z"]
    assert give("download", "41", *more, *end).exit_code == 0
    before = files_in(Path("out"))
    again = give("download", "41", "42", *more)
    assert again.exit_code == 1
    assert "say --overwrite to replace" in again.stderr
    assert "overwrite=True" not in again.stderr
    assert notes_in(again.stderr) == []
    # The other record is written all the same.
    assert len(again.stdout.splitlines()) == 1
    assert before.items() < files_in(Path("out")).items()
    assert give("download", "41", "42", *more, "--overwrite").exit_code == 0
    assert give("download", "41", "42", *more).exit_code == 0


@pytest.mark.usefixtures("service")
def test_at_a_terminal_what_is_there_is_told_in_one_line(terminal):
    words = "already there, unchanged"
    for number, expected in enumerate((0, 1)):
        child = terminal("download", "41", "--to", "out", "-f", "csv", "--no-waveforms")
        told = child.read()
        child.close()
        assert (number, child.exitstatus, told.count(words)) == (number, 0, expected)
    assert f"{Path('out/record_41')} {words}\r\n" in told


# -- what fails ------------------------------------------------------------------------


def test_a_record_that_fails_is_told_and_the_others_go_on(give, service):
    service.faults.add(ServerFault(kind="status", status=400, path="/api/record/41/"))
    result = give("download", "41", "42", "--to", "out", "--no-waveforms")
    assert result.exit_code == 1
    assert "hexoframe: record 41: " in result.stderr
    assert result.stdout.endswith("42\n")


def test_nobody_is_asked_again_and_again_with_a_wrong_password(
    give, service, monkeypatch
):
    monkeypatch.setenv("HEXOFRAME_PASSWORD", "wrong")
    result = give("download", "41", "42", "43")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert "does not know this user" in line
    assert len(service.log) == 1


def test_debug_shows_where_the_failure_of_one_record_comes_from(give, service):
    del service
    result = give("download", "999", "--debug")
    assert result.exit_code == 1
    assert result.stderr.startswith("Traceback (most recent call last):")
    assert "hexoframe: record 999 of http" in result.stderr


def test_offline_asks_nobody(give, service):
    hexoframe.load_record(41, channels=["ecg"])
    service.clear_log()
    more = ["--offline", "--channels", "ecg", "--to", "out"]
    assert give("download", "41", *more).exit_code == 0
    result = give("download", "42", *more)
    assert result.exit_code == 1
    assert "load it once without --offline" in result.stderr
    assert service.log == []


def test_refresh_fetches_again(give, service, for_data):
    more = ["--channels", "ecg", "--to", "out"]
    give("download", "41", *more)
    service.clear_log()
    give("download", "41", *more, "--overwrite")
    assert not for_data(service)
    again = [*more, "--overwrite"]
    assert give("download", "41", *again, "--refresh-tables").exit_code == 0
    assert not for_data(service)
    assert {"annotation", "range"} <= {
        entry.path.split("/")[2] for entry in service.log
    }
    assert give("download", "41", *again, "--refresh").exit_code == 0
    assert for_data(service)


# -- what is seen meanwhile ------------------------------------------------------------


@pytest.mark.slow
def test_a_bar_is_drawn_at_a_terminal_alone(terminal, service, run, tmp_path):
    del service
    child = terminal("download", "41", "--to", "out")
    assert "record 41" in child.read()
    child = terminal("download", "42", "--to", "out", "--quiet")
    assert "%|" not in child.read()
    done = run("download", "41", "--to", tmp_path / "again", "--refresh")
    assert done.returncode == 0
    assert "%|" not in done.stderr


# -- the cache -------------------------------------------------------------------------


@pytest.mark.usefixtures("service")
def test_the_cache_is_shown_and_cleared(give):
    folder = hexoframe.cache.folder()
    assert give("cache", "info").stdout == f"The cache is empty ({folder}).\n"
    hexoframe.load_record(41, waveforms=False)
    hexoframe.load_record(42, waveforms=False)
    held = give("cache", "info", "--csv").stdout
    rows = csv.DictReader(io.StringIO(held))
    assert {row["record"] for row in rows} == {"41", "42"}
    table = give("cache", "info").stdout
    assert "complete" in table
    size = f"{hexoframe.cache.info()['bytes'].sum() / 1e6:.1f} MB"
    assert table.endswith(f"2 in all, {size}, in {folder}\n")
    # Without a command it is shown too.
    bare = give("cache")
    assert (bare.exit_code, bare.stdout) == (0, table)
    assert give("cache", "clear", "41").stdout.endswith(" MB were freed.\n")
    assert hexoframe.cache.info()["record"].tolist() == [42]
    # Nobody can be asked, so all stays.
    refused = give("cache", "clear")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert len(hexoframe.cache.info()) == 1
    assert give("cache", "clear", "--yes").exit_code == 0
    assert hexoframe.cache.info().empty


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(("answer", "left"), [("n", 1), ("y", 0)])
def test_all_of_the_cache_goes_when_the_user_agrees(terminal, answer, left):
    hexoframe.load_record(41, channels=["heart_rate"])
    child = terminal("cache", "clear")
    child.expect(r"Remove all 1 entries, 0\.\d MB\? \[y/N\]: ")
    child.sendline(answer)
    child.read()
    child.close()
    assert child.exitstatus == 0
    assert len(hexoframe.cache.info()) == left

"""``hexoframe report``: where pages go, and what is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

import hexoframe
from hexoframe.record import Record
from hexoframe.recording.facts import Facts
from hexoframe.report import page as pages

pytest.importorskip("jinja2", reason="reports need hexoframe[report]")
pytest.importorskip("matplotlib", reason="reports need hexoframe[report]")

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """Pages without figures: those take seconds."""

    def draw(*_, **__):
        raise hexoframe.errors.ConfigurationError("no picture in this test")

    monkeypatch.setattr("hexoframe.plotting.plot_record", draw)


@pytest.fixture(scope="module")
def minute(samples_folder, tmp_path_factory):
    """A minute of a sample, as Parquet."""
    record = hexoframe.open_record(samples_folder / "hexoskin_10min.zip")
    folder = tmp_path_factory.mktemp("minute")
    return record.between("0s", "60s").to_parquet(folder)


@pytest.fixture(scope="module")
def samples_folder():
    return Path(__file__).parents[3] / "data" / "samples"


def test_a_file_becomes_the_page_that_python_writes(give, minute, tmp_path):
    result = give("report", minute, "--out", "night.html")
    assert (result.exit_code, result.stdout) == (0, "night.html\n"), result.stderr
    record = hexoframe.open_record(minute)
    expected = record.report(tmp_path / "python.html").read_bytes()
    assert Path("night.html").read_bytes() == expected


def test_without_a_file_the_page_has_the_name_of_its_record(give, minute):
    number = hexoframe.open_record(minute).id
    result = give("report", minute, "--tz", "Asia/Kolkata")
    assert result.stdout == f"record_{number}.html\n"
    assert "03:30:00 Asia/Kolkata" in Path(f"record_{number}.html").read_text("utf-8")


def test_a_page_that_is_there_is_kept_and_one_that_is_the_same_is_no_failure(
    give, minute
):
    assert give("report", minute, "--out", "a.html").exit_code == 0
    again = give("report", minute, "--out", "a.html")
    assert again.exit_code == 0
    assert "already there, unchanged" in again.stderr
    before = Path("a.html").read_bytes()
    other = give("report", minute, "--out", "a.html", "--end", "30s")
    assert other.exit_code == 1
    assert "--overwrite" in other.stderr
    assert Path("a.html").read_bytes() == before
    given = give("report", minute, "--out", "a.html", "--end", "30s", "--overwrite")
    assert given.exit_code == 0
    assert Path("a.html").read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "a.pdf"], "end it with .html or .htm"),
        (["--out", "a.html", "other.zip"], "--out is the file of one page"),
        (["--tz", "Mars"], "Mars"),
    ],
)
def test_a_wrong_command_line_is_told_before_anything_is_read(
    give, minute, monkeypatch, arguments, told
):
    monkeypatch.setattr(pages, "write_report", None)
    result = give("report", minute, *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert not list(Path().iterdir())


def test_a_folder_of_recordings_never_shares_one_page(give, minute, tmp_path):
    record = hexoframe.open_record(minute).between("0s", "5s")
    both = tmp_path / "both"
    for number in (5, 6):
        Record.of(record, facts=Facts(info={"id": number})).to_parquet(both)
    result = give("report", both, "--out", "one.html", "--overwrite")
    assert result.exit_code == 1
    assert "there are 2 recordings, and one.html is the file of one page" in (
        result.stderr
    )
    assert not list(Path().iterdir())
    each = give("report", both)
    assert each.stdout.split() == ["record_5.html", "record_6.html"]


def test_what_cannot_be_read_is_told_and_the_others_go_on(give, minute):
    Path("broken.zip").write_bytes(b"PK nothing")
    result = give("report", "broken.zip", minute)
    assert result.exit_code == 1
    assert "broken.zip" in result.stderr
    assert result.stdout.endswith(".html\n")


def test_a_record_of_the_service_names_its_user_on_request_alone(give, service):
    del service
    quiet = give("report", "41", "--out", "q.html")
    assert quiet.exit_code == 0, quiet.stderr
    told = give("report", "41", "--out", "t.html", "--identify")
    assert told.exit_code == 0, told.stderr
    assert "User id" not in Path("q.html").read_text("utf-8")
    page = Path("t.html").read_text("utf-8")
    assert "User id" in page
    assert "20001" in page
    assert "20001" not in Path("q.html").read_text("utf-8")


def test_a_study_has_a_page_too(give, minute):
    assert give("study", "sync", "fatigue", minute, "--quiet").exit_code == 0
    number = hexoframe.open_record(minute).id
    Path(f"record_{number}.html").write_text("its page")
    made = give("study", "report", "fatigue")
    assert (made.exit_code, made.stdout) == (0, "study.html\n"), made.stderr
    assert f'href="record_{number}.html"' in Path("study.html").read_text("utf-8")
    again = give("study", "report", "fatigue")
    assert "already there, unchanged" in again.stderr
    wrong = give("study", "report", "fatigue", "--out", "study.pdf")
    assert wrong.exit_code == 2
    assert "end it with .html" in wrong.stderr

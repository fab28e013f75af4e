"""Pictures of records in files: what they show, where they go, and what is asked."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hexoframe
from hexoframe.simulator.shirt import Shirt

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

from matplotlib import image
from matplotlib import pyplot as plt

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")

ROOT = Path(__file__).parents[3]
# Its record is long enough for a part of it to be worth a choice.
HOUR = Shirt(seed=7, duration_s=3600, record_id=51)
STRIP = ["--channel", "ecg", "--start", "20s", "--duration", "5s"]


@pytest.fixture(autouse=True)
def clean():
    """Leave no figure open."""
    yield
    assert plt.get_fignums() == []


def pixels(file):
    """The pixels of a picture as grey values from 0 to 1."""
    return image.imread(file)[..., :3].mean(axis=2)


def drawn(record, file, what=None, **part):
    """Draw a record in Python and return the pixels and the size in inches."""
    figure, _ = record.plot(what, **part)
    figure.savefig(file, dpi=100)
    plt.close(figure)
    return pixels(file), figure.get_size_inches()


# -- what is drawn ---------------------------------------------------------------------


def test_a_picture_of_nothing_is_not_written_and_ends_with_1(give, samples):
    path = samples / "hexoskin_10min.zip"
    result = give("plot", path, "--channel", "ptt", "--out", "ptt.png")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is nothing to draw of ptt (ptt: no samples)" in result.stderr
    assert not Path("ptt.png").exists()


def test_a_file_becomes_the_page_that_python_draws(give, samples, tmp_path):
    path = samples / "hexoskin_10min.zip"
    result = give("plot", path, "--out", "page.png")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "page.png\n", "")
    record = hexoframe.open_record(path)
    expected, (wide, high) = drawn(record, tmp_path / "python.png")
    shown = pixels("page.png")
    assert shown.shape == (round(high * 100), round(wide * 100))
    np.testing.assert_array_equal(shown, expected)
    # A page has both paper and ink, in each of its rows.
    assert 0.02 < np.mean(shown < 0.5) < 0.5
    assert np.mean(shown > 0.99) > 0.5


@pytest.mark.parametrize(
    ("arguments", "what", "part"),
    [
        (STRIP, "ecg", {"start": "20s", "duration": "5s"}),
        (["--channel", "19"], "heart_rate", {}),
        (["--channel", "coverage"], "coverage", {}),
        (["--start", "2024-03-01T22:02:00Z"], None, {"start": "2024-03-01T22:02:00Z"}),
        (["--start", "437588613120"], None, {"start": "2024-03-01T22:02:00Z"}),
    ],
    ids=str,
)
def test_every_option_is_the_argument_of_python(
    give, samples, tmp_path, arguments, what, part
):
    path = samples / "hexoskin_10min.zip"
    result = give("plot", path, "--out", "page.png", *arguments)
    assert result.exit_code == 0, result.stderr
    expected, _ = drawn(hexoframe.open_record(path), tmp_path / "a.png", what, **part)
    np.testing.assert_array_equal(pixels("page.png"), expected)


def test_the_axis_is_in_the_zone_and_the_labels_of_an_svg_are_text(give, samples):
    more = ["--out", "page.svg", "--tz", "Asia/Kolkata"]
    assert give("plot", samples / "hexoskin_10min.zip", *more).exit_code == 0
    told = re.findall(r"<text[^>]*>([^<]+)</text>", Path("page.svg").read_text("utf-8"))
    told = [text.strip() for text in told]
    assert "time (Asia/Kolkata)" in told
    assert "03:32" in told  # 22:02 in UTC
    assert {"Heart rate", "(bpm)", "ECG I", "(mV)", "NREM"} <= set(told)


def test_the_coverage_of_a_part_is_that_of_the_record_cut_to_it(
    give, samples, tmp_path
):
    path = samples / "hexoskin_10min.zip"
    more = ["--channel", "coverage", "--start", "60s", "--duration", "2min"]
    assert give("plot", path, "--out", "page.png", *more).exit_code == 0
    record = hexoframe.open_record(path)
    part = record.between("2024-03-01T22:01:00Z", "2024-03-01T22:03:00Z")
    expected, _ = drawn(part, tmp_path / "python.png", "coverage")
    np.testing.assert_array_equal(pixels("page.png"), expected)


def test_a_page_without_waveforms_has_none(give, samples):
    more = ["--out", "page.svg", "--no-waveforms"]
    assert give("plot", samples / "hexoskin_10min.zip", *more).exit_code == 0
    told = Path("page.svg").read_text("utf-8")
    assert "Heart rate" in told
    assert "ECG" not in told
    # What is asked for by its name is there all the same.
    more = ["--no-waveforms", *STRIP]
    assert give("plot", samples / "hexoskin_10min.zip", *more).exit_code == 0


# -- where it goes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "magic"),
    [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml"), (".JPG", b"\xff\xd8"),
     (".tif", b"II*\0")],
)  # fmt: skip
def test_the_suffix_says_what_it_is(give, samples, suffix, magic):
    file = Path(f"deep/below/page{suffix}")
    more = ["--out", file, "--channel", "heart_rate"]
    result = give("plot", samples / "hexoskin_10min.zip", *more)
    assert result.stdout == f"{file}\n"
    assert file.read_bytes().startswith(magic)
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ([], "record_300010.png"),
        (["--channel", "ecg", "--duration", "5s"], "record_300010_ecg.png"),
        (["--channel", "19"], "record_300010_heart_rate.png"),
        (["--channel", "rr"], "record_300010_rr.png"),
        (["--channel", "coverage"], "record_300010_coverage.png"),
    ],
    ids=str,
)
def test_without_a_name_it_is_named_by_the_record(give, samples, arguments, name):
    result = give("plot", samples / "hexoskin_10min.zip", *arguments)
    assert result.stdout == f"{name}\n"
    assert [each.name for each in Path().iterdir()] == [name]


def test_dpi_says_how_many_pixels_there_are(give, samples):
    for dpi in (50, 150):
        more = ["--channel", "heart_rate", "--dpi", dpi, "--out", f"{dpi}.png"]
        assert give("plot", samples / "hexoskin_10min.zip", *more).exit_code == 0
    small, large = pixels("50.png").shape, pixels("150.png").shape
    assert [3 * side for side in small] == pytest.approx(large, abs=3)


def test_a_picture_from_before_stays_unless_the_user_says_otherwise(give, samples):
    Path("page.png").write_bytes(b"before")
    arguments = ["plot", samples / "hexoskin_10min.zip", "--out", "page.png"]
    more = ["--channel", "heart_rate"]
    result = give(*arguments, *more)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert "page.png exists" in line
    assert "--overwrite" in line
    assert Path("page.png").read_bytes() == b"before"
    assert give(*arguments, *more, "--overwrite").exit_code == 0
    assert pixels("page.png").ndim == 2


@pytest.mark.parametrize(
    "suffix",
    [
        ".png",
        ".pdf",
        ".svg",
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in (".svgz", ".eps", ".jpg")
        ),
    ],
)
def test_the_same_picture_is_left_as_it_is_whenever_it_is_drawn(
    give, samples, monkeypatch, suffix
):
    more = ["--out", f"page{suffix}", "--channel", "heart_rate"]
    command = ["plot", samples / "hexoskin_10min.zip", *more]
    file = Path(f"page{suffix}")

    def at(seconds):
        # matplotlib and gzip take the time of writing from these.
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(seconds))
        monkeypatch.setattr("time.time", lambda: float(seconds))

    at(1_700_000_000)
    assert give(*command).exit_code == 0
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    at(1_800_000_000)
    again = give(*command)
    assert (again.exit_code, again.stdout) == (0, f"{file}\n")
    assert f"hexoframe: {file} already there, unchanged" in again.stderr
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    other = give(*command, "--start", "60s")
    assert (other.exit_code, other.stdout) == (1, "")
    assert "--overwrite" in other.stderr
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


# -- several ---------------------------------------------------------------------------


def test_each_recording_has_a_picture_and_the_rest_is_told(give, samples):
    more = ["--channel", "heart_rate"]
    result = give("plot", samples / "range_2records.zip", "nothing", *more)
    assert result.exit_code == 1
    names = [f"record_3000{n}_heart_rate.png" for n in (13, 14)]
    assert result.stdout.splitlines() == names
    assert sorted(each.name for each in Path().iterdir()) == names
    nothing, last = result.stderr.splitlines()
    assert "nothing does not exist" in nothing
    assert last == "hexoframe: 1 of 3 records failed"


def test_a_file_name_for_several_recordings_is_refused(give, samples):
    several = [samples / "hexoskin_10min.zip", samples / "astroskin_2min.zip"]
    result = give("plot", *several, "--out", "page.png")
    assert result.exit_code == 2
    assert "--out is the file of one picture" in result.stderr
    result = give("plot", samples / "range_2records.zip", "--out", "page.png")
    assert result.exit_code == 1
    assert "there are 2 recordings" in result.stderr
    assert "leave --out out" in result.stderr
    assert list(Path().iterdir()) == []


# -- what is wrong ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "Missing argument 'PATH|ID...'"),
        ("41 --out page.docx", ".png, .pdf or .svg"),
        ("41 --out page", "page has no suffix of a picture"),
        ("41 --out page.pgf", "page.pgf has no suffix of a picture"),
        ("41 --tz Europe/Pari", "Europe/Paris"),
        ("41 --start 2024-03-02T22:00:00", "add Z for UTC"),
        ("41 --start noon", "'noon' is no ISO 8601 time with a zone"),
        ("41 --start noon", "is text such as '90s'"),
        ("41 --start 1667604589", "is neither a tick of 1/256 s nor a number of seco"),
        ("41 --start 99999999999999", "99999999999999 is no tick"),
        ("41 --duration 10", "'10' is not a length of time"),
        ("41 --duration 0s", "'0s' is not a length of time"),
        ("41 --dpi 0", "0 is not in the range"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(give, service, arguments, said):
    result = give("plot", *arguments.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in " ".join(result.stderr.split())
    assert service.log == []


@pytest.mark.parametrize("start", ["2h", "2024-03-01T23:00:00Z"])
def test_a_part_that_is_not_in_the_record_is_an_error(give, samples, start):
    result = give("plot", samples / "hexoskin_10min.zip", "--start", start)
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        f"there is nothing of the record at {start}: it goes from 2024-"
        in result.stderr
    )
    assert list(Path().iterdir()) == []


def test_a_channel_that_does_not_exist_is_an_error_that_says_which_do(give, samples):
    result = give("plot", samples / "hexoskin_10min.zip", "--channel", "hart_rate")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "heart_rate" in result.stderr


def test_without_matplotlib_it_says_what_to_install(give, samples, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = give("plot", samples / "hexoskin_10min.zip")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert "pip install 'hexoframe[plot]'" in line


def test_no_screen_is_needed_whatever_the_environment_says(
    run, samples, tmp_path, monkeypatch
):
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    monkeypatch.delenv("DISPLAY", raising=False)
    file = tmp_path / "page.png"
    more = ["--channel", "heart_rate", "--out", file]
    done = run("plot", samples / "hexoskin_10min.zip", *more)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{file}\n", "")


def test_an_interrupted_picture_leaves_nothing(give, samples, monkeypatch):
    from matplotlib.figure import Figure

    def begin(_, path, **__):
        Path(path).write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(Figure, "savefig", begin)
    result = give("plot", samples / "hexoskin_10min.zip", "--out", "deep/page.png")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "hexoframe: interrupted\n"
    assert list(Path().iterdir()) == []


def test_ctrl_c_ends_it_in_a_line(worn, tmp_path):
    from hexoframe.simulator.export import write_export

    export = write_export(worn(HOUR), tmp_path / "51.zip")
    out = tmp_path / "out"
    command = ["plot", str(export), "--out", str(out / "page.png"), "--dpi", "600"]
    process = subprocess.Popen(
        [sys.executable, "-v", "-m", "hexoframe", *command],
        cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    # Python tells what it imports: the picture has begun with this.
    for line in process.stderr:
        if "matplotlib.ticker" in line:
            break
    process.send_signal(signal.SIGINT)
    shown, told = process.communicate(timeout=60)
    assert (process.returncode, shown) == (130, "")
    assert "hexoframe: interrupted" in told
    assert not out.exists()


# -- from the service ------------------------------------------------------------------


def test_an_id_becomes_the_page_of_the_record(give, service, tmp_path):
    result = give("plot", "41", "--tz", "America/Montreal")
    assert (result.exit_code, result.stdout) == (0, "record_41.png\n")
    assert service.log
    record = hexoframe.load_record(41).tz_convert("America/Montreal")
    expected, _ = drawn(record, tmp_path / "python.png")
    np.testing.assert_array_equal(pixels("record_41.png"), expected)


def test_a_bad_id_is_skipped_and_the_others_go_on(give, service, samples):
    del service
    more = ["--channel", "heart_rate"]
    result = give("plot", "41", "999", samples / "hexoskin_10min.zip", "42", *more)
    assert result.exit_code == 1
    numbers = (41, 42, 300_010)
    names = [f"record_{number}_heart_rate.png" for number in numbers]
    assert result.stdout.splitlines() == names
    first, last = result.stderr.splitlines()
    assert first.startswith("hexoframe: record 999 of http")
    assert last == "hexoframe: 1 of 4 records failed"


@pytest.mark.slow
def test_of_a_record_no_more_is_loaded_than_the_picture_shows(
    serving, own_config, monkeypatch, give, tmp_path
):
    del own_config

    def loaded(*arguments):
        """Bytes of samples that came."""
        with serving(HOUR) as server:
            for name, value in server.environment().items():
                monkeypatch.setenv(name, value)
            hexoframe.cache.clear()
            result = give("plot", "51", "--out", "page.png", "--overwrite", *arguments)
            assert result.exit_code == 0, result.stderr
            size = sum(r.bytes for r in server.log if "/data/" in r.path)
            part = {"start": "40min", "duration": "10s"}
            whole = hexoframe.load_record(51)
            return size, drawn(whole, tmp_path / "python.png", "ecg", **part)[0]

    page, _ = loaded()
    rate, _ = loaded("--channel", "heart_rate")
    part = ["--start", "40min", "--duration", "10s"]
    strip, expected = loaded("--channel", "ecg", *part)
    np.testing.assert_array_equal(pixels("page.png"), expected)
    assert rate < strip < page / 3


def test_offline_asks_nobody(give, service):
    hexoframe.load_record(41)
    service.clear_log()
    assert give("plot", "41", "--offline", *STRIP).exit_code == 0
    result = give("plot", "42", "--offline")
    assert result.exit_code == 1
    assert "load it once without --offline" in result.stderr
    assert service.log == []

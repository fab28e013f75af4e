"""A record to look into, from the command line: as a file, and on this machine."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import hexoframe

ROOT = Path(__file__).parents[3]
SAMPLE = "hexoskin_10min.zip"


def page(path, **given):
    return hexoframe.open_record(path).explore(**given).html


def test_a_file_becomes_the_page_that_python_writes(give, samples):
    path = samples / SAMPLE
    result = give("explore", path, "--out", "night.html")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "night.html\n", "")
    assert Path("night.html").read_text("utf-8") == page(path)


def test_every_option_is_the_argument_of_python(give, samples):
    path = samples / SAMPLE
    chosen = ["--channels", "heart_rate,19,activity", "--start", "60s"]
    give("explore", path, *chosen, "--tz", "Europe/Paris", "--out", "a.html")
    part = hexoframe.open_record(path).between("60s", None).tz_convert("Europe/Paris")
    wanted = part.explore(channels=["heart_rate", "activity"]).html
    assert Path("a.html").read_text("utf-8") == wanted


def test_a_page_from_before_is_kept_unless_it_may_be_replaced(give, samples):
    path = samples / SAMPLE
    give("explore", path, "--channels", "activity", "--out", "a.html")
    again = give("explore", path, "--channels", "activity", "--out", "a.html")
    assert (again.exit_code, again.stdout) == (0, "a.html\n")
    assert "unchanged" in again.stderr
    other = ["explore", path, "--channels", "heart_rate", "--out", "a.html"]
    refused = give(*other)
    assert refused.exit_code == 1
    assert "--overwrite" in refused.stderr
    assert give(*other, "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--tz", "Paris"], 2, "Europe/Paris"),
        (["--channels", "eeg"], 1, "no channel 'eeg'"),
        (["--channels", "hrv_hf_normalized"], 1, "none of the channels"),
        (["--start", "2h"], 1, "outside the record"),
        (["--port", "70000"], 2, "70000"),
    ],
)
def test_what_cannot_be_is_said(give, samples, arguments, code, said):
    result = give("explore", samples / SAMPLE, *arguments, "--out", "a.html")
    assert result.exit_code == code
    assert said in result.stderr
    assert not Path("a.html").exists()


def test_a_file_that_no_browser_opens_is_refused(give, samples):
    result = give("explore", samples / SAMPLE, "--out", "night")
    assert result.exit_code == 2
    assert "end it with .html" in result.stderr


def test_one_recording_is_looked_into_at_a_time(give, samples):
    Path("both").mkdir()
    for name in (SAMPLE, "astroskin_2min.zip"):
        shutil.copy(samples / name, "both")
    result = give("explore", "both", "--out", "a.html")
    assert result.exit_code == 2
    assert "both holds 2 recordings" in result.stderr


def test_without_a_file_it_is_served_until_ctrl_c(samples):
    command = ["explore", samples / SAMPLE, "--channels", "activity", "--no-browser"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hexoframe", *map(str, command)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        address = process.stdout.readline().strip()
        with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310
            shown = answer.read().decode()
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert address.startswith("http://127.0.0.1:")
    assert "Record 300010" in shown
    assert (process.returncode, rest, said) == (0, "", "Ctrl-C ends it.\n")


@pytest.mark.usefixtures("service")
@pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")
def test_a_record_of_the_service_is_loaded_and_looked_into(give):
    result = give("explore", 41, "--channels", "heart_rate", "--out", "41.html", "-q")
    assert (result.exit_code, result.stdout) == (0, "41.html\n")
    assert "Record 41" in Path("41.html").read_text("utf-8")

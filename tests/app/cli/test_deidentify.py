"""``hexoframe deidentify``: files without a name, and the receipt beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import hexoframe
from hexoframe import formats
from tests.leaks import contents, leaks
from tests.named import named_record, secrets_of

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")


@pytest.fixture
def source(samples, tmp_path):
    """A folder whose names, files and keys tell who it was."""
    record = named_record(samples)
    return record.to_parquet(tmp_path / "jane" / "Zhivago"), secrets_of(record)


def test_nothing_below_the_folder_tells_who_it_was(give, source):
    path, secrets = source
    every = [f"--format={name}" for name in formats.names_to_write()]
    result = give("deidentify", path, "--to", "out", "--no-waveforms", *every)
    lines = [Path(line) for line in result.stdout.splitlines()]
    assert all(line.exists() for line in lines)
    assert len(lines) > 4
    assert leaks(contents(Path("out")), secrets) == []
    assert leaks([("stdout", result.stdout.encode())], secrets) == []


def test_a_lossless_record_and_its_receipt_are_written(give, source):
    path, _ = source
    result = give(
        "deidentify", path, "--to", "out", "--pseudonym", "S01", "--shift-weeks", "-60"
    )
    assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
    assert result.stdout.splitlines() == [
        str(Path("out", "record_S01")), str(Path("out", "S01.deidentified.json")),
    ]  # fmt: skip
    safe = hexoframe.open_record("out/record_S01")
    before = hexoframe.open_record(path)
    assert before.start - safe.start == pd.Timedelta(weeks=60)
    receipt = json.loads(Path("out/S01.deidentified.json").read_text("utf-8"))
    assert receipt == safe.info["deidentified"]
    assert receipt["removed"]["e-mail"] == 1
    again = give(
        "deidentify", path, "--to", "out", "--pseudonym", "S01", "--shift-weeks", "-60"
    )
    assert again.exit_code == 0
    assert again.stderr.count("already there, unchanged") == 2


def test_each_recording_has_a_name_of_its_own_told_on_stderr_alone(give, samples):
    paths = [samples / "hexoskin_10min.zip", samples / "astroskin_1000_1min.zip"]
    result = give("deidentify", *paths, "--to", "out", "--no-waveforms")
    assert result.exit_code == 0
    names = [path.name for path in Path("out").glob("record_*")]
    assert len(names) == 2
    for number, name in zip(("300010", "300012"), result.stdout.splitlines()[::2],
                            strict=True):  # fmt: skip
        pseudonym = Path(name).name.removeprefix("record_")
        assert f"{number} is {pseudonym}" in result.stderr
        assert number not in result.stdout
    quiet = give("deidentify", paths[1], "--to", "more", "--no-waveforms", "--quiet")
    assert quiet.stderr == ""


def test_the_zone_of_the_wearer_is_kept_with_the_time_of_day(give, samples):
    path = samples / "hexoskin_10min.zip"
    zone = "America/Montreal"
    done = give(
        "deidentify", path, "--to", "out", "--zone", zone, "--no-waveforms",
        "--keep", "device", "--pseudonym", "S02",
    )  # fmt: skip
    assert done.exit_code == 0
    safe, before = hexoframe.open_record("out/record_S02"), hexoframe.open_record(path)
    assert safe.tz == zone
    assert safe.start.time() == before.tz_convert(zone).start.time()
    assert safe.info["device"] == before.info["device"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--pseudonym", "S300010"), "--pseudonym 'S300010' holds an id"),
        (("--pseudonym", "S 01"), "--pseudonym 'S 01': give 1 to 40 letters"),
        (("--shift-weeks", "0"), "or --keep 'dates'"),
        (("--shift-weeks", "-9999"), "can be moved by"),
        (("--shift-weeks", "4", "--keep", "dates"), "exclude each other"),
        (("--zone", "Montreal"), "is no time zone"),
    ],
)
def test_what_is_not_allowed_is_said_and_nothing_is_written(
    give, samples, arguments, told
):
    path = samples / "hexoskin_10min.zip"
    result = give("deidentify", path, "--to", "out", *arguments)
    assert result.exit_code == 1
    assert told in result.stderr
    assert not Path("out").exists()


def test_one_pseudonym_for_several_recordings_is_refused(give, samples):
    result = give("deidentify", samples, "--to", "out", "--pseudonym", "S01")
    assert result.exit_code == 1
    assert "recordings, and --pseudonym names one" in result.stderr
    assert not Path("out").exists()


def test_what_cannot_be_read_stops_no_other(give, samples):
    Path("letter.txt").write_text("to Jane", "utf-8")
    result = give(
        "deidentify", "letter.txt", samples / "astroskin_1000_1min.zip", "--to", "out",
        "--no-waveforms",
    )  # fmt: skip
    assert result.exit_code == 1
    assert len(list(Path("out").glob("record_*"))) == 1
    assert "1 of 2 recordings failed" in result.stderr

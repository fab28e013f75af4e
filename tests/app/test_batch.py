"""Many records, one after the other."""

from __future__ import annotations

import errno

import pytest

import hexoframe
from hexoframe.app.batch import each_of
from hexoframe.app.choices import FORMATS, MODELS, Output, Selection
from hexoframe.channels import families_of
from hexoframe.errors import (
    AuthenticationError,
    ConfigurationError,
    IncompleteDataError,
    NotFoundError,
    UnreachableError,
)
from hexoframe.record import Record
from hexoframe.recording.data import LazyChannel


def failing(error):
    def work(name):
        if name == "bad":
            raise error
        return name.upper()

    return work


@pytest.mark.parametrize(
    "error",
    [NotFoundError("no"), AuthenticationError("not yours", status=403),
     PermissionError(errno.EACCES, "no")],
    ids=repr,
)  # fmt: skip
def test_what_fails_is_handed_out_and_stops_no_other(error):
    done = list(each_of(["a", "bad", "b", "a"], failing(error)))
    assert done == [("a", "A"), ("bad", error), ("b", "B")]


@pytest.mark.parametrize(
    "error",
    [AuthenticationError("who?", status=401), AuthenticationError("nobody"),
     UnreachableError("down"), ZeroDivisionError("a fault of our own")],
    ids=repr,
)  # fmt: skip
def test_what_would_fail_for_every_name_is_raised(error):
    done = []
    with pytest.raises(type(error)):
        done.extend(each_of(["bad", "b"], failing(error)))
    assert done == []


def test_every_model_but_auto_is_one_of_the_table():
    assert MODELS[0] == "auto"
    assert all(families_of(model) for model in MODELS[1:])


@pytest.mark.filterwarnings("ignore::hexoframe.errors.MissingFactsWarning")
def test_every_format_is_written(samples, tmp_path):
    pytest.importorskip("scipy", reason="scipy writes MAT files")
    path = samples / "hexoskin_10min.zip"
    channels = ["heart_rate", "rr_interval", "rr_interval_quality"]
    record = hexoframe.open_record(path, channels=channels).between(0, 240)
    saved = Output(folder=tmp_path, formats=FORMATS).save("it", record)
    assert (saved.name, saved.errors) == ("it", [])
    assert all(path.exists() for path in saved.paths)
    names = {path.name for path in saved.paths}
    assert {
        f"record_{record.id}{end}" for end in ("", ".mat", ".edf", "_rr.txt")
    } < names


def test_a_record_that_cannot_be_read_is_told_once_for_all_formats(samples, tmp_path):
    def lost():
        raise IncompleteDataError("half of it is missing")

    whole = hexoframe.open_record(samples / "hexoskin_10min.zip", channels=[19])
    span = (whole.start_tick, whole.end_tick)
    record = Record(whole.family, span, {"heart_rate": LazyChannel(read=lost)})
    saved = Output(folder=tmp_path, formats=("csv", "parquet")).save("it", record)
    assert (saved.paths, len(saved.errors)) == ([], 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "how", [{"tz": "Europe/Pari"}, {"timestamp_format": "%s"}], ids=str
)
def test_an_output_that_cannot_be_is_refused_beforehand(how):
    with pytest.raises(ConfigurationError):
        Output(timestamps="string", **how).check()
    Output(**how).check()  # nothing is made of these where stamps are ticks


def test_a_selection_without_waveforms_reads_none(samples):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    part = Selection(waveforms=False).of(record)
    assert "heart_rate" in part
    assert "ecg" not in part
    assert "ecg" in part.left_out
    assert not record.is_read("ecg")
    # Whoever names a waveform wants it.
    assert Selection(channels=("ecg",), waveforms=False).of(record) is record

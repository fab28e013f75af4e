"""MNE: a Raw a rate, in volts, with annotations that cover exactly what is bad.

MNE is in the extra `mne`; tests that need it are marked slow.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.errors import ConfigurationError
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from tests.leaks import contents, leaks
from tests.named import named_record, secrets_of
from tests.test_record import START, whole_record

WHY = "mne is not installed: pip install '.[mne]'"
EXPORTS = ("hexoskin-256696", "hexoskin-258583", "astroskin-122445")
slow = pytest.mark.slow
pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)


@pytest.fixture
def mne():
    return pytest.importorskip("mne", reason=WHY)


class StandIn:
    """What is asked of a Raw; it keeps what it is given."""

    def __init__(self, data, info, **_):
        self.ch_names, rate, self.types = info
        self.info = {"sfreq": rate}
        self.data = data
        self.n_times = data.shape[1]

    def set_meas_date(self, time):
        self.info["meas_date"] = time

    def set_annotations(self, marks, **_):
        self.annotations = marks


def annotations(onset, duration, description, *, ch_names, orig_time):
    return SimpleNamespace(
        onset=np.array(onset),
        duration=np.array(duration),
        description=description,
        ch_names=ch_names,
        orig_time=orig_time,
    )


@pytest.fixture
def stand_in(monkeypatch):
    """MNE as far as it is called, for where it is not installed."""
    module = SimpleNamespace(
        create_info=lambda names, rate, types, **_: (names, rate, types),
        io=SimpleNamespace(RawArray=StandIn),
        Annotations=annotations,
    )
    monkeypatch.setitem(sys.modules, "mne", module)


def test_what_mne_is_given_covers_exactly_the_bad_spans(stand_in, samples):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    raws = record.to_mne()
    assert list(raws) == [256, 128, 64, 1]
    assert raws[128].types == ["resp", "resp"]
    check_marks(record, raws)
    ecg = record["ecg"]["ecg_i"].to_numpy(np.float64)
    assert np.array_equal(raws[256].data, [ecg / 1000])
    assert raws[256].info["meas_date"] == raws[256].annotations.orig_time
    assert len(raws[1].annotations.onset) > 10
    del stand_in


def test_without_mne_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(ConfigurationError, match=r"hexoframe\[mne\]"):
        whole_record(5).to_mne()


def spans_told(raw):
    """What the annotations of a Raw say is bad: onset and end in s, name, by column."""
    told = defaultdict(list)
    marks = raw.annotations
    for onset, length, what, names in zip(
        marks.onset, marks.duration, marks.description, marks.ch_names, strict=True
    ):
        assert names or not what.startswith("BAD_")
        for name in names:
            told[name].append((float(onset), float(onset + length), str(what)))
    return {name: sorted(spans) for name, spans in told.items()}


def spans_expected(record, raw):
    """The same of `bad_spans`, as far as there are samples."""
    told = json.loads(raw.info["description"])
    low = told["first_tick"] * (10**9 // told["clock"])
    high = low + round(raw.n_times / raw.info["sfreq"] * 1e9)
    found = {}
    for name in raw.ch_names:
        table = record.bad_spans(name)
        spans = []
        for start, end, reason in zip(
            table["start"], table["end"], table["reason"], strict=True
        ):
            what = "ACQ_SKIP" if reason == "missing" else reason.replace(" ", "_")
            first, last = max(start.value, low), min(end.value, high)
            if first < last:
                spans.append(((first - low) / 1e9, (last - low) / 1e9, f"BAD_{what}"))
        if spans:
            found[name] = sorted(spans)
    return found


def check_marks(record, raws):
    """Compare span by span; MNE keeps whole microseconds, less than any sample."""
    for raw in raws.values():
        told, expected = spans_told(raw), spans_expected(record, raw)
        assert told.keys() == expected.keys()
        for name, spans in expected.items():
            assert [what for *_, what in told[name]] == [what for *_, what in spans]
            theirs, ours = (
                np.array([edges for *edges, _ in each]) for each in (told[name], spans)
            )
            assert np.abs(theirs - ours).max() <= 1e-6
            # In samples they are the same.
            rate = raw.info["sfreq"]
            assert np.array_equal(np.rint(theirs * rate), np.rint(ours * rate))


@slow
@pytest.mark.parametrize("name", EXPORTS)
def test_annotations_cover_exactly_the_bad_spans_of_real_exports(mne, real_data, name):
    record = hexoframe.open_record(real_data / "exports" / name)
    raws = record.to_mne()
    check_marks(record, raws)
    assert sum(len(raw.annotations) for raw in raws.values()) > 20
    for raw in raws.values():
        for column, values in zip(raw.ch_names, raw.get_data(), strict=True):
            frame = record[column][column].to_numpy().astype(float)
            scale = 1000 if column.startswith("ecg") else 1
            assert np.array_equal(values, frame[: len(values)] / scale)
    del mne


@slow
def test_holes_are_nan_and_marked_and_so_is_all_else_that_is_bad(mne, tmp_path):
    shirt = Shirt(
        seed=5, duration_s=600, activity="mixed", gaps=((170, 30),),
        lead_off=((300, 20),), movement=((400, 10),),
    )  # fmt: skip
    whole = hexoframe.open_record(write_export(wear(shirt), tmp_path / "a.zip"))
    frame = whole["ecg"]
    record = whole.replace(ecg=frame.drop(frame.index[20_000:22_560]))
    with pytest.raises(ConfigurationError, match=r"a hole of 10\.000 s"):
        record.to_mne(["ecg"])
    raws = record.to_mne(gaps="fill")
    check_marks(record, raws)
    raw = raws[256]
    (data,) = raw.get_data()
    lost = np.isnan(data)
    assert lost.sum() == 2560
    kept = raw.get_data(reject_by_annotation="omit")
    assert not np.isnan(kept).any()
    (skip,) = [
        mark for mark in raw.annotations if mark["description"] == "BAD_ACQ_SKIP"
    ]
    assert skip["onset"] == np.flatnonzero(lost)[0] / 256
    assert skip["duration"] == 10
    # Its filters leave such a span out.
    filtered = raw.copy().filter(1, 40, picks="ecg", verbose=False).get_data()[0]
    assert np.isfinite(filtered[~lost]).all()
    del mne


@slow
def test_a_raw_has_volts_a_rate_and_the_exact_tick(mne, samples):
    record = hexoframe.open_record(samples / "astroskin_1000_1min.zip")
    part = record.between("7.003s", "30s")
    raws = part.to_mne(["ecg", "ppg", "respiration_thoracic", "heart_rate"])
    assert list(raws) == [250, 125, 75, 1]
    assert raws[250].ch_names == ["ecg_i", "ecg_ii", "ecg_iii"]
    assert raws[250].get_channel_types() == ["ecg"] * 3
    assert raws[125].get_channel_types() == ["resp"]
    ecg = part["ecg"]
    assert np.array_equal(raws[250].get_data()[1], ecg["ecg_ii"].to_numpy(float) / 1000)
    told = json.loads(raws[250].info["description"])
    assert told["units"] == {"ecg_i": "V", "ecg_ii": "V", "ecg_iii": "V"}
    assert told["first_tick"] == ecg.index[0].value // 1_000_000
    assert raws[250].info["meas_date"] == ecg.index[0].to_pydatetime()
    # A value at 1 Hz sums up the second before its stamp, and lies at its beginning.
    rate = part["heart_rate"]
    begin = json.loads(raws[1].info["description"])["first_tick"]
    assert begin == rate.index[0].value // 1_000_000 - 1000
    assert np.array_equal(raws[1].get_data()[0], rate["heart_rate"].to_numpy())
    del mne


@slow
def test_a_start_between_microseconds_is_exact_in_the_description(mne):
    record = whole_record(10)
    odd = record.cut(START + 259, None)
    raw = odd.to_mne(["ecg"])[256]
    assert json.loads(raw.info["description"])["first_tick"] == START + 259
    exact = odd["ecg"].index[0].value / 1000
    assert abs(raw.info["meas_date"].timestamp() * 1e6 - exact) <= 0.5
    del mne


@slow
def test_it_goes_through_a_file_of_mne_and_back(mne, samples, tmp_path):
    record = named_record(samples)
    raw = record.deidentify(pseudonym="S01").to_mne(["ecg", "heart_rate"])[256]
    raw.save(tmp_path / "a_raw.fif", fmt="double", verbose=False)
    again = mne.io.read_raw_fif(tmp_path / "a_raw.fif", verbose=False)
    assert np.array_equal(again.get_data(), raw.get_data())
    assert again.info["description"] == raw.info["description"]
    assert json.loads(again.info["description"])["record"] == "S01"
    assert [*again.annotations.description] == [*raw.annotations.description]
    assert leaks(contents(tmp_path), secrets_of(record)) == []


@slow
def test_button_presses_are_annotations(mne, samples):
    record = hexoframe.open_record(samples / "hexoskin_10min.zip")
    raw = record.to_mne(["heart_rate"])[1]
    presses = [
        mark for mark in raw.annotations if mark["description"].startswith("annotation")
    ]
    begin = raw.info["meas_date"]
    expected = [(time - begin).total_seconds() for time in record.annotations.index]
    assert [mark["onset"] for mark in presses] == pytest.approx(expected, abs=1e-6)
    assert len(presses) == len(record.annotations) > 0
    del mne


@slow
def test_what_has_no_even_rate_and_other_words_are_refused(mne):
    record = whole_record(10)
    for keys in (["step"], ["ecg", "rr_interval"]):
        with pytest.raises(ConfigurationError, match="no even rate"):
            record.to_mne(keys)
    with pytest.raises(ConfigurationError, match="gaps='pad'"):
        record.to_mne(gaps="pad")
    with pytest.raises(ConfigurationError):
        record.to_mne("ecg")
    with pytest.raises(ConfigurationError, match="no channel at an even rate"):
        record.of(record, left_out={*record} - {"step"}).to_mne()
    assert list(record.to_mne(["ecg", "ecg_i", 4113])) == [256]
    del mne


@slow
def test_shorter_leads_give_the_time_that_all_have(mne, samples):
    record = hexoframe.open_record(samples / "astroskin_2min.zip").between(None, "10s")
    frame = record["ecg"]
    frame.iloc[-3:, 0] = np.nan
    frame.iloc[:2, 1] = np.nan
    raw = record.replace(ecg=frame).to_mne(["ecg"])[256]
    assert raw.n_times == len(frame) - 5
    assert np.array_equal(
        raw.get_data()[2], frame["ecg_iii"].to_numpy(float)[2:-3] / 1000
    )
    first = pd.Timestamp(raw.info["meas_date"])
    assert abs(first - frame.index[2]) < pd.Timedelta("1us")
    del mne

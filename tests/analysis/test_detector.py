"""Beats in the ECG: to the tick, beside holes, over the borders of hours."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import hexoframe
from hexoframe.analysis import detector
from hexoframe.analysis.detector import find_beats
from hexoframe.analysis.ecgparts import LOST, lead_of
from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.recording.frames import make_frame
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps.times import grid_to_index

pytest.importorskip("sleepecg", reason="the extra ecg is not installed")

START = 1_667_604_589 * 256
# Samples at which NeuroKit2 0.3.0 (ecg_clean, ecg_peaks) finds the beats of a minute of
# rest. test_beat_witnesses.py asks it again.
WITNESSED = (
    111, 337, 559, 770, 980, 1201, 1434, 1662, 1880, 2097, 2321, 2541, 2751, 2966, 3194,
    3424, 3642, 3859, 4086, 4311, 4522, 4731, 4950, 5175, 5394, 5606, 5824, 6056, 6290,
    6515, 6736, 6963, 7191, 7410, 7622, 7839, 8067, 8296, 8519, 8742, 8972, 9200, 9418,
    9635, 9859, 10090, 10319, 10544, 10773, 11009, 11240, 11460, 11677, 11903, 12131,
    12352, 12571, 12798, 13032, 13259, 13478, 13701, 13927, 14142, 14352, 14567, 14790,
    15014, 15233,
)  # fmt: skip


def record_of(ecg, step=1, family="hexoskin"):
    """Return a record of one lead, in mV from its first sample on."""
    channel = channels_of(family)["ecg"]
    index = grid_to_index(START, step=step, count=len(ecg), clock=channel.clock)
    frame = make_frame(channel, index, {"ecg_i": np.asarray(ecg, np.float32)})
    span = (START, START + len(ecg) * step)
    return hexoframe.Record(family, span, {"ecg": frame})


def spikes(seconds, every=0.8, rate=256, height=1.0):
    """Return an ECG of narrow peaks, and the samples at which they stand."""
    time = np.arange(round(seconds * rate))
    tops = np.round(np.arange(0.5, seconds - 0.3, every) * rate).astype(int)
    ecg = 0.01 * np.sin(time / 40)
    shape = np.exp(-0.5 * (np.arange(-30, 31) / (0.012 * rate)) ** 2)
    ecg[tops[:, None] + np.arange(-30, 31)] += height * shape
    return ecg, tops


def shirt_record(shirt, folder):
    truth = wear(shirt)
    return truth, hexoframe.open_record(write_export(truth, folder / "a.zip"))


def check_truth(truth, record):
    found = find_beats(lead_of(record, "ecg_i"))
    judged = truth.beats[found.judged.cover(truth.beats)]
    assert np.array_equal(found.ticks, judged)
    return found


@pytest.mark.filterwarnings("ignore:the scale of")
@pytest.mark.parametrize("family", ["hexoskin", "astroskin_1000"])
def test_true_beats_are_found_to_the_tick_beside_holes_and_lead_off(family, tmp_path):
    shirt = Shirt(
        seed=6,
        family=family,
        duration_s=900,
        gaps=((100, 30), (250, 5.5)),
        lead_off=((300, 40.5), (471.25, 3)),
        unworn=((600, 120),),
    )
    truth, record = shirt_record(shirt, tmp_path)
    found = check_truth(truth, record)
    # Nearly all of them: only those beside a hole were not looked for.
    assert len(found.ticks) > len(truth.beats) - 25
    seconds = {
        name: (each.ends - each.starts).sum() / truth.clock
        for name, each in found.lost.items()
    }
    assert list(seconds) == list(LOST)
    assert 120 <= seconds["not_worn"] < 165
    assert seconds["sensor_off"] >= 78


def test_the_beats_are_those_of_the_witness(tmp_path):
    shirt = Shirt(seed=2, duration_s=60, activity="rest")
    _, record = shirt_record(shirt, tmp_path)
    found = find_beats(lead_of(record, "ecg_i"))
    assert (found.ticks - record.start_tick).tolist() == list(WITNESSED)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_true_beats_of_hours_are_found_once_at_their_borders(seed, tmp_path):
    holes = tuple((500.25 + 997 * number, 20 + number) for number in range(13))
    shirt = Shirt(
        seed=seed,
        duration_s=4 * 3600,
        activity=("mixed", "day")[seed % 2],
        gaps=holes[0::3],
        lead_off=holes[1::3],
        unworn=(*holes[2:3], (9000, 3600)),
    )
    check_truth(*shirt_record(shirt, tmp_path))


def test_an_hour_ends_between_beats():
    # Beats of 0.8 s over the border of two hours, whose overlap is 20 s.
    ecg, tops = spikes(3640)
    found = find_beats(lead_of(record_of(ecg), "ecg_i"))
    inside = (tops > 0.3 * 256) & (tops < len(ecg) - 0.3 * 256)
    assert np.array_equal(found.ticks - START, tops[inside])
    assert found.judged.pairs() == [(START + 77, START + len(ecg) - 77)]


def test_the_top_of_a_beat_is_found_where_the_detector_takes_a_lower_wave():
    signal, tops = spikes(20)
    signal[tops - 40] += 0.2
    moved = detector._at_the_top(signal, tops - 40, 256)
    assert np.array_equal(moved, tops)
    # What stands out as sharply stays.
    assert np.array_equal(detector._at_the_top(signal, tops, 256), tops)


def test_beats_after_an_artefact_are_looked_for_again():
    signal, tops = spikes(60)
    early = tops[(tops < 20 * 256) | (tops > 26 * 256)]
    asked = []

    def detect(part, rate):
        asked.append(len(part) / rate)
        return np.flatnonzero((part[1:-1] > part[:-2]) & (part[1:-1] > part[2:])) + 1

    found = detector._with_silent(signal, early, 256, detect)
    assert np.array_equal(found, tops)
    assert len(asked) == 1


def test_a_short_signal_is_searched_in_memory_of_its_own(monkeypatch):
    given = []

    class Module:
        @staticmethod
        def detect_heartbeats(ecg, _):
            given.append(ecg)
            return np.array([10, len(ecg) - 1])

    monkeypatch.setitem(sys.modules, "sleepecg", Module)
    assert detector._detector()(np.arange(300.0), 256.0).tolist() == [10]
    (ecg,) = given
    # Two seconds and more, whatever was given.
    assert len(ecg) == 300 + 1024
    assert (ecg[300:] == 299).all()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (np.nan, "missing"),
        (17.504, "saturated"),
        (0.5, "flat"),
    ],
)
def test_what_cannot_be_judged_is_not_searched(spoil, reason):
    ecg = spikes(60)[0].astype(np.float32)
    ecg[20 * 256 : 30 * 256] = spoil
    found = find_beats(lead_of(record_of(ecg), "ecg_i"))
    seconds = (found.ticks - START) / 256
    assert not ((seconds > 19.7) & (seconds < 30.3)).any()
    assert {name for name, each in found.lost.items() if len(each.starts)} == {reason}
    assert found.lost[reason].pairs() == [(START + 20 * 256, START + 30 * 256)]


def test_nothing_but_noise_and_nothing_at_all_are_no_error():
    for ecg in (np.zeros(5120), np.full(5120, np.nan), np.zeros(0), np.arange(9.0)):
        found = find_beats(lead_of(record_of(ecg), "ecg_i"))
        assert len(found.ticks) == 0


def test_without_sleepecg_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sleepecg", None)
    record = record_of(spikes(10)[0])
    with pytest.raises(ConfigurationError, match=r"pip install 'hexoframe\[ecg\]'"):
        record.beats("waveform")


def test_only_a_lead_is_a_lead():
    record = record_of(spikes(10)[0])
    with pytest.raises(ConfigurationError, match="give one of ecg_i"):
        lead_of(record, "heart_rate")

"""Breaths in the signal of the belts: where they are found, and that pieces agree."""

from __future__ import annotations

import numpy as np
import pytest

import hexoframe
from hexoframe.analysis.beltwave import find_wave_events, measured_spans
from tests.analysis.lungs import (
    START,
    belts_of,
    breathing_record,
    sine_belts,
    synthetic,
)


def record_of(thorax, abdomen, seconds=60):
    return breathing_record(
        [], [], seconds=seconds, respiration=belts_of(thorax, abdomen)
    )


def seconds_of(ticks):
    return (ticks - START) / 256


def test_even_breaths_are_found_at_their_turns():
    found = find_wave_events(record_of(*sine_belts(60)))
    # The ends of the signal are no peaks.
    np.testing.assert_allclose(seconds_of(found.inspiration), range(4, 60, 4), atol=0.1)
    np.testing.assert_allclose(seconds_of(found.expiration), range(6, 60, 4), atol=0.1)
    np.testing.assert_allclose(found.top - found.bottom, 40, atol=1)


def test_prominence_is_that_of_the_surroundings():
    # An hour that is moved about does not hide the quiet breaths in it.
    thorax, abdomen = sine_belts(300, depth=30)
    thorax[: 60 * 128] += 2000 * np.sin(np.arange(60 * 128) / 128 / 2)
    found = seconds_of(find_wave_events(record_of(thorax, abdomen, 300)).inspiration)
    quiet = found[found > 90]
    np.testing.assert_allclose(quiet, range(92, 300, 4), atol=0.1)


def test_ripples_and_changes_under_ten_counts_are_no_breaths():
    thorax, abdomen = sine_belts(60)
    ripple = 5 * np.sin(2 * np.pi * 1.2 * np.arange(len(thorax)) / 128)
    found = find_wave_events(record_of(thorax + ripple, abdomen + ripple))
    assert len(found.inspiration) == 14
    found = find_wave_events(record_of(*sine_belts(60, depth=8)))
    assert len(found.inspiration) == 0


def test_a_belt_without_a_signal_is_left_out_and_both_are_a_gap():
    thorax, abdomen = sine_belts(60)
    found = find_wave_events(record_of(0 * thorax, abdomen))
    np.testing.assert_allclose(seconds_of(found.inspiration), range(4, 60, 4), atol=0.1)
    thorax[30 * 128 : 31 * 128] = 0
    record = record_of(thorax, 0 * abdomen)
    assert [
        (seconds_of(first), seconds_of(last))
        for first, last in measured_spans(record).pairs()
    ] == [(0, 30), (31, 60)]
    found = find_wave_events(record)
    assert len(found.inspiration) in (13, 14)
    # No trough belongs to a peak on the other side.
    rows = np.searchsorted(found.inspiration, found.expiration, side="right") - 1
    early = seconds_of(found.inspiration[rows]) < 30
    assert (seconds_of(found.expiration)[early] < 30).all()


def test_where_pieces_end_changes_nothing(monkeypatch):
    dice = np.random.default_rng(3)
    seconds = 400
    rate = 0.25 + 0.1 * np.sin(np.arange(seconds * 128) / 128 / 20)
    wave = 25 * np.cos(2 * np.pi * np.cumsum(rate) / 128)
    noise = dice.normal(0, 2, len(wave))
    record = record_of(24_000 + wave + noise, 15_000 + wave, seconds)
    whole = find_wave_events(record)
    pieces = hexoframe.Record.pieces
    monkeypatch.setattr(
        hexoframe.Record, "pieces", lambda record, key: pieces(record, key, 4000)
    )
    for one, other in zip(whole, find_wave_events(record), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(whole.inspiration) == pytest.approx(rate.mean() * seconds, abs=2)


def test_without_samples_there_is_nothing():
    found = find_wave_events(record_of([], []))
    assert [len(each) for each in found] == [0, 0, 0, 0]
    assert measured_spans(record_of([], [])).pairs() == []


# physio 0.3.3 (human_belt, signal turned over) and NeuroKit2 0.3.0 (rsp_clean,
# rsp_peaks): as in test_breath_witnesses.py.
@pytest.mark.parametrize(
    ("seed", "activity", "by_physio", "by_neurokit"),
    [(4, "rest", 153, 154), (3, "walk", 236, 236), (2, "sleep", 136, 136)],
)
def test_other_libraries_find_as_many(tmp_path, seed, activity, by_physio, by_neurokit):
    recording, record = synthetic(
        tmp_path, seed=seed, duration_s=600, activity=activity
    )
    found = find_wave_events(record).inspiration
    # These leave out breaths at the ends of the signal, up to two at each.
    assert 0 <= len(found) - by_physio <= 4
    assert 0 <= len(found) - by_neurokit <= 4
    true = recording.breaths
    near = np.abs(found[None, :] - true[:, None]).min(axis=1) < 0.1 * 256
    assert near.mean() >= 0.99

"""Spectra of intervals: against a fit of sines, and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from hexoframe.analysis.beats import beats_of
from hexoframe.analysis.spectrum import band_powers, lomb_spectra, welch_spectrum
from tests.analysis.hearts import SECOND, known_heart, rr_of, sine_heart

START = SECOND * 256


def fitted_power(seconds, values, hertz):
    """Half of the squares that a sine and a cosine of one frequency explain."""
    angle = 2 * np.pi * hertz * seconds
    waves = np.stack((np.cos(angle), np.sin(angle)), axis=1)
    found, *_ = np.linalg.lstsq(waves, values, rcond=None)
    return np.sum((waves @ found) ** 2) / 2


@pytest.fixture(scope="module")
def gappy():
    """Beats of five minutes, of which a minute is missing."""
    rr = rr_of(known_heart(384))
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    return beats_of(rr[(second < 90) | (second >= 150)])


def test_each_frequency_is_what_a_fit_explains(gappy):
    (spectrum,) = lomb_spectra(gappy, np.array([START]), np.array([START + 76_800]))
    kept = gappy.ticks < START + 76_800
    seconds = (gappy.ticks[kept] - START) / 256
    values = gappy.milliseconds[kept]
    centred = values - values.mean()
    for at in (0, 1, 10, 29, 44, 74, 119):
        power = fitted_power(seconds, centred, (at + 1) / 300)
        # Twice, times the covered time, over the number of beats.
        expected = 2 * power * values.sum() / 1000 / len(values)
        assert spectrum[at] == pytest.approx(expected, rel=1e-9)


def test_spans_are_computed_together_as_alone():
    beats = beats_of(rr_of(known_heart()))
    lows = START + np.array([0, 76_800, 50_000, 10**9])
    highs = lows + np.array([76_800, 76_800, 100, 76_800])
    together = lomb_spectra(beats, lows, highs)
    for row, (low, high) in enumerate(zip(lows, highs, strict=True)):
        alone = lomb_spectra(beats, np.array([low]), np.array([high]))
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-9)
    # Beats of one second, and none at all, have no spectrum.
    assert np.isnan(together[2:]).all()


def test_scipy_gives_the_same():
    beats = beats_of(rr_of(known_heart(384)))
    (spectrum,) = lomb_spectra(
        beats, np.array([START]), np.array([START + 10**6]), finer=2
    )
    seconds = (beats.ticks - START) / 256
    values = beats.milliseconds - beats.milliseconds.mean()
    angular = 2 * np.pi * np.arange(1, 241) / 600
    power = signal.lombscargle(seconds, values, angular)
    expected = 2 * power * beats.milliseconds.mean() / 1000
    np.testing.assert_allclose(
        spectrum, expected, rtol=1e-7, atol=1e-9 * expected.max()
    )


def test_edges_belong_to_the_band_above():
    spectra = np.zeros((1, 120))
    spectra[0, [0, 10, 11, 43, 44, 119]] = [1, 2, 4, 8, 16, 32]
    found = {name: power.item() * 300 for name, power in band_powers(spectra).items()}
    # 1/300, 11/300 | 12/300 = 0.04, 44/300 | 45/300 = 0.15, 120/300 = 0.4 Hz.
    assert found == pytest.approx({"vlf": 3, "lf": 12, "hf": 48})


def test_welch_does_not_cross_a_hole():
    rr = rr_of(sine_heart(600))
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    beats = beats_of(rr[(second < 250) | (second >= 300)])
    (low, high) = (START, START + 600 * 256)
    found = band_powers(welch_spectrum(beats, low, high)[None])
    assert found["lf"].item() == pytest.approx(1250, rel=0.02)
    assert found["hf"].item() == pytest.approx(450, rel=0.03)
    # Runs of less than 120 s have no segment.
    short = beats_of(rr[second % 120 < 100])
    assert np.isnan(welch_spectrum(short, low, high)).all()
    assert np.isnan(welch_spectrum(short, low, low)).all()

"""Variability as other libraries compute it, in an environment that has them.

    python -m venv witnesses && witnesses/bin/pip install -e ".[witnesses]"
    witnesses/bin/python -m pytest -m slow -p no:cacheprovider \
        --confcutdir=tests/analysis tests/analysis/test_hrv_witnesses.py

The figures of these libraries, with their versions, stand in test_hrv.py and are held
there by every run of the suite.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from hexoframe.analysis.beats import beats_of
from hexoframe.analysis.spectrum import band_powers, lomb_spectra
from tests.analysis.hearts import SECOND, known_heart, record_of, rr_of, sine_heart

pytestmark = pytest.mark.slow
WHY = "{} is not installed: see the head of this file"


def witness(name):
    return pytest.importorskip(name, reason=WHY.format(name))


@pytest.fixture(scope="module")
def windows():
    """Intervals in ms of full five minutes, and their rows of the table."""
    rr = rr_of(known_heart(4000))
    table = record_of(rr).hrv(nonlinear=True)
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    ms = rr["rr_interval"].to_numpy() * 1000
    full = table[table["span_share"] == 1]
    return [
        (second[inside], ms[inside], row)
        for number, row in full.iterrows()
        for inside in [(second >= 300 * number) & (second < 300 * (number + 1))]
    ]


def asked(function, *given, **options):
    """Return what a library says, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*given, **options)


def test_neurokit_has_the_same_time_domain(windows):
    neurokit = witness("neurokit2")
    names = {
        "MeanNN": "mean_nn",
        "SDNN": "sdnn",
        "RMSSD": "rmssd",
        "HTI": "triangular_index",
    }
    for second, ms, row in windows:
        given = {"RRI": ms, "RRI_Time": second}
        found = asked(neurokit.hrv_time, given)
        for theirs, ours in names.items():
            assert row[ours] == pytest.approx(found[f"HRV_{theirs}"].item(), rel=1e-12)
        # They divide by intervals, and here by pairs.
        counted = found["HRV_pNN50"].item() * len(ms)
        assert row["pnn50"] * row["n_pairs"] == pytest.approx(counted, rel=1e-12)
        found = asked(neurokit.hrv_nonlinear, given)
        for theirs, ours in (("SD1", "sd1"), ("SD2", "sd2")):
            assert row[ours] == pytest.approx(found[f"HRV_{theirs}"].item(), rel=1e-12)


def test_neurokit_has_the_same_figures_of_a_long_record():
    neurokit = witness("neurokit2")
    rr = rr_of(known_heart(4000))
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    ms = rr["rr_interval"].to_numpy() * 1000
    found = asked(neurokit.hrv_time, {"RRI": ms, "RRI_Time": second})
    (row,) = record_of(rr).hrv(None).to_dict("records")
    for theirs, ours in (("SDANN5", "sdann"), ("SDNNI5", "sdnni")):
        assert row[ours] == pytest.approx(found[f"HRV_{theirs}"].item(), rel=1e-9)


def test_neurokit_has_the_same_fluctuations(windows):
    neurokit = witness("neurokit2")
    for _, ms, row in windows:
        for scale, name in (
            (np.arange(4, 17), "dfa_a1"),
            (np.arange(16, 65), "dfa_a2"),
        ):
            found, _ = asked(neurokit.fractal_dfa, ms, scale=scale, overlap=False)
            assert row[name] == pytest.approx(float(found), rel=1e-9)


def test_antropy_has_the_same_sample_entropy(windows):
    antropy = witness("antropy")
    for _, ms, row in windows:
        assert row["sampen"] == pytest.approx(antropy.sample_entropy(ms), rel=1e-12)


def lomb_by_astropy(timeseries, second, ms):
    frequency = np.arange(1, 121) / 300
    periodogram = timeseries.LombScargle(
        second,
        ms - ms.mean(),
        fit_mean=False,
        center_data=False,
        normalization="psd",
    )
    power = periodogram.power(frequency, method="slow")
    return 2 * power * ms.mean() / 1000


def test_astropy_has_the_same_spectrum(windows):
    timeseries = witness("astropy.timeseries")
    for second, ms, row in windows:
        density = lomb_by_astropy(timeseries, second, ms)
        for name, power in band_powers(density[None]).items():
            assert row[name] == pytest.approx(power.item(), rel=1e-7)


def test_astropy_has_the_same_spectrum_around_a_hole():
    timeseries = witness("astropy.timeseries")
    rr = rr_of(sine_heart(300))
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    kept = (second < 100) | (second >= 160)
    start = SECOND * 256
    low, high = np.array([start]), np.array([start + 10**6])
    (ours,) = lomb_spectra(beats_of(rr[kept]), low, high)
    ms = rr["rr_interval"].to_numpy()[kept] * 1000
    theirs = lomb_by_astropy(timeseries, second[kept], ms)
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-10 * theirs.max())

"""Variability: figures, what they rest on, and when there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe import analysis
from hexoframe.channels import FAMILIES, channels_of
from hexoframe.errors import ConfigurationError, HexoframeWarning, TimestampError
from hexoframe.recording.facts import Facts, facts_table
from tests.analysis.hearts import (
    SECOND,
    flags_of,
    known_heart,
    record_of,
    rr_of,
    sine_heart,
)

FIGURES = (
    "mean_nn", "mean_hr", "sdnn", "rmssd", "pnn50", "sd1", "sd2", "triangular_index",
    "vlf", "lf", "hf", "total_power", "lf_nu", "hf_nu", "lf_hf",
)  # fmt: skip
# The known heart in its first two windows, by NeuroKit2 0.3.0 (HRV_MeanNN and so on),
# astropy 8.0.2 (LombScargle), antropy 0.2.3 (sample_entropy) and NeuroKit2's
# fractal_dfa without overlap; scipy 1.17.1, numpy 2.4.6.
# test_hrv_witnesses.py asks them again.
WITNESSES = {
    "mean_nn": (781.6375652741515, 781.219482421875),
    "sdnn": (35.84944467987403, 35.911913669135245),
    "rmssd": (24.507246088606387, 24.51264162802282),
    "triangular_index": (11.96875, 12.387096774193548),
    "sd1": (17.351912400850235, 17.35512660836197),
    "sd2": (47.69201947707878, 47.67535573511292),
    "vlf": (3.731493991137194, 0.11182946734215349),
    "lf": (1072.1942321694519, 1063.9110394784107),
    "hf": (181.7423167177947, 194.38612923246464),
    "sampen": (0.7263912391390999, 0.6714856837787658),
    "dfa_a1": (1.3207237390968969, 1.32741028757085),
    "dfa_a2": (0.028420028404882267, 0.030748686500765347),
}
WHOLE = {
    "sdnn": 36.03789068435889,
    "rmssd": 24.602036717957766,
    "sdann": 0.29125426405817745,
    "sdnni": 36.07935743904848,
    "triangular_index": 12.987012987012987,
}


@pytest.fixture(scope="module")
def known():
    return record_of(rr_of(known_heart()))


def no_figures(row):
    return all(np.isnan(row[name]) for name in FIGURES if name in row)


# -- witnesses -------------------------------------------------------------------------


def test_windows_have_the_figures_of_the_witnesses(known):
    table = known.hrv(nonlinear=True)
    for name, expected in WITNESSES.items():
        # astropy is good to some 1e-9 in the faintest band.
        np.testing.assert_allclose(table[name][:2], expected, rtol=1e-7, err_msg=name)
    # NeuroKit2 divides by all intervals, and these figures by pairs.
    count = table["pnn50"] * table["n_pairs"] / 100
    np.testing.assert_allclose(count[:2], (24, 21), rtol=1e-12)


def test_a_whole_record_has_the_figures_of_the_witness(known):
    (row,) = known.hrv(None).to_dict("records")
    for name, expected in WHOLE.items():
        assert row[name] == pytest.approx(expected, rel=1e-9), name
    assert row["n_windows"] == 5


def test_plain_functions_have_the_figures_of_the_witness():
    rr = rr_of(known_heart())
    time = analysis.compute_hrv_time(rr)
    for name, expected in WHOLE.items():
        assert time[name].item() == pytest.approx(expected, rel=1e-9), name
    assert time["note"].item() == ""
    first = rr.iloc[:383]
    bands = analysis.compute_hrv_frequency(first)
    for name in ("vlf", "lf", "hf"):
        assert bands[name].item() == pytest.approx(WITNESSES[name][0], rel=1e-7)
    shapes = analysis.compute_hrv_nonlinear(first)
    for name in ("sampen", "dfa_a1", "dfa_a2"):
        assert shapes[name].item() == pytest.approx(WITNESSES[name][0], rel=1e-9)


def test_a_spectrum_is_what_its_bands_are_sums_of():
    rr = rr_of(known_heart(383))
    spectrum = analysis.compute_hrv_spectrum(rr)
    bands = analysis.compute_hrv_frequency(rr)
    step = spectrum.index[0]
    edges = {"vlf": (0, 0.04), "lf": (0.04, 0.15), "hf": (0.15, 0.401)}
    for name, (low, high) in edges.items():
        inside = (spectrum.index > low - 1e-9) & (spectrum.index < high - 1e-9)
        power = spectrum.loc[inside, "psd"].sum() * step
        assert power == pytest.approx(bands[name].item())
    assert spectrum.index.name == "frequency"
    assert spectrum.index[-1] == pytest.approx(0.4)


# -- closed forms ----------------------------------------------------------------------


@pytest.mark.parametrize("mean_s", [0.8, 1.0])
@pytest.mark.parametrize("method", ["lomb", "welch"])
def test_two_sines_have_their_power(mean_s, method):
    rr = rr_of(sine_heart(300, mean_s=mean_s))
    bands = analysis.compute_hrv_frequency(rr, method=method)
    assert bands["lf"].item() == pytest.approx(1250, rel=0.02)
    assert bands["hf"].item() == pytest.approx(450, rel=0.03)
    assert bands["lf_hf"].item() == pytest.approx(1250 / 450, rel=0.05)
    assert bands["lf_nu"].item() + bands["hf_nu"].item() == pytest.approx(100)


@pytest.mark.parametrize("hole", [30, 120, 200])
def test_a_hole_of_a_minute_costs_no_power(hole):
    rr = rr_of(sine_heart(300))
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    left = rr[(second < hole) | (second >= hole + 60)]
    bands = analysis.compute_hrv_frequency(left)
    assert bands["lf"].item() == pytest.approx(1250, rel=0.02)
    assert bands["hf"].item() == pytest.approx(450, rel=0.03)


def test_a_spectrum_of_more_than_five_minutes_has_the_same_power():
    for seconds in (350, 599, 620, 1500):
        bands = analysis.compute_hrv_frequency(rr_of(sine_heart(seconds)))
        assert bands["lf"].item() == pytest.approx(1250, rel=0.02), seconds
        assert bands["hf"].item() == pytest.approx(450, rel=0.03), seconds


def test_independent_intervals_differ_by_root_two_deviations():
    rng = np.random.default_rng(14)
    intervals = np.rint(256 * (0.8 + 0.05 * rng.standard_normal(20_000)))
    time = analysis.compute_hrv_time(rr_of(intervals))
    ratio = time["rmssd"] / time["sdnn"]
    assert ratio.item() == pytest.approx(np.sqrt(2), rel=0.01)
    assert time["sd1"].item() == pytest.approx(time["sd2"].item(), rel=0.02)


def test_equal_intervals_have_no_variability():
    with pytest.warns(HexoframeWarning, match=r"RMSSD is 0\.00 ms"):
        (row,) = record_of(rr_of([200] * 400)).hrv(None).to_dict("records")
    for name in ("sdnn", "rmssd", "pnn50", "sd1", "sd2", "lf", "hf", "vlf"):
        expected = 0 if name != "vlf" else row["vlf"]
        assert row[name] == pytest.approx(expected, abs=1e-9)
    assert row["mean_nn"] == 781.25
    assert row["triangular_index"] == 1
    for name in ("lf_nu", "hf_nu", "lf_hf"):
        assert np.isnan(row[name])
    shapes = analysis.compute_hrv_nonlinear(rr_of([200] * 400))
    assert shapes[["sampen", "dfa_a1", "dfa_a2"]].isna().all(axis=None)


@pytest.mark.parametrize(("at", "seconds"), [(700, 180), (30, 180), (1300, 5)])
def test_a_hole_changes_rmssd_by_no_more_than_its_own_pairs(at, seconds):
    rr = rr_of(known_heart())
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    left = rr[(second < at) | (second >= at + seconds)]
    found = analysis.compute_hrv_time(left)
    # By hand: the same beats without the pair that jumps.
    ticks = np.rint(left.to_numpy()[:, 0] * 256)
    steps = np.diff(ticks)
    jump = int(np.searchsorted(second[second < at], at)) - 1
    own = np.delete(steps, jump)
    assert found["rmssd"].item() == pytest.approx(
        np.sqrt(np.mean(own**2)) * 1000 / 256, rel=1e-12
    )
    assert found["n_pairs"].item() == len(own)
    whole = analysis.compute_hrv_time(rr)["rmssd"].item()
    assert found["rmssd"].item() == pytest.approx(whole, rel=0.01)
    assert "1 intervals do not begin at the beat before" in found["note"].item()


def test_ticks_add_their_floor_to_rmssd_in_quadrature():
    rng = np.random.default_rng(3)
    beats = np.cumsum(0.8 + 0.004 * rng.standard_normal(30_000))
    true = np.sqrt(np.mean(np.diff(np.diff(beats)) ** 2)) * 1000
    ticks = np.rint(beats * 256).astype(np.int64)
    rr = rr_of(np.diff(ticks), ticks[1:])
    found = analysis.compute_hrv_time(rr)
    floor = found["rmssd_floor_ms"].item()
    assert floor == pytest.approx(np.sqrt(6) * 1000 / 256 / np.sqrt(12))
    assert found["rmssd"].item() == pytest.approx(np.hypot(true, floor), rel=0.01)
    assert "2.76 ms that ticks add" in found["note"].item()


def test_a_finer_clock_has_a_lower_floor():
    rr = rr_of([800, 813, 790] * 200, family="astroskin_1000")
    found = analysis.compute_hrv_time(rr)
    assert found["rmssd_floor_ms"].item() == pytest.approx(np.sqrt(0.5))


def test_low_variability_warns_once():
    rr = rr_of(np.where(np.arange(1200) % 2, 200, 201))
    with pytest.warns(HexoframeWarning, match=r"3\.91 ms.* 2\.76 ms") as caught:
        record_of(rr).hrv()
    assert len(caught) == 1


# -- spans -----------------------------------------------------------------------------


def by_hand(rr, first, last):
    """Return RMSSD of the beats stamped in seconds of the record, and its pairs."""
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    ticks = np.rint(rr.to_numpy()[(second >= first) & (second < last), 0] * 256)
    steps = np.diff(ticks) * 1000 / 256
    return np.sqrt(np.mean(steps**2)), len(steps)


def test_windows_are_closed_at_their_start_and_the_last_is_kept(known):
    table = known.hrv()
    assert list(table["start"]) == [
        known.start + pd.Timedelta(minutes=5 * each) for each in range(6)
    ]
    assert table["end"].iloc[-1] == known.end
    for row in range(5):
        rmssd, pairs = by_hand(known.rr_interval, 300 * row, 300 * row + 300)
        assert table["rmssd"][row] == pytest.approx(rmssd, rel=1e-12)
        assert table["n_pairs"][row] == pairs
    # 62 s of the last window lie in the record.
    last = table.iloc[-1]
    assert last["span_share"] == pytest.approx(0.2082, abs=1e-3)
    assert no_figures(last)
    assert "cover 21 % of the span asked for" in last["note"]


def test_windows_may_begin_at_whole_multiples_in_utc(known):
    table = known.hrv(origin="epoch")
    assert table["start"][0] == known.start
    assert table["start"][1] == pd.Timestamp("2022-11-04T23:30Z")


def test_activities_are_spans_with_their_names(known):
    moments = known.start + pd.to_timedelta([100, 700, 1500, 1520], unit="s")
    rows = [
        {"id": 1, "name": "Rest", "start": moments[0], "end": moments[1]},
        {"id": 2, "name": "Sprint", "start": moments[2], "end": moments[3]},
    ]
    facts = Facts(ranges=facts_table("ranges", rows))
    table = record_of(known.rr_interval, facts=facts).hrv("ranges")
    assert table["name"].tolist() == ["Rest", "Sprint"]
    rmssd, pairs = by_hand(known.rr_interval, 100, 700)
    assert table["rmssd"][0] == pytest.approx(rmssd, rel=1e-12)
    assert (table["n_pairs"][0], table["n_windows"][0]) == (pairs, 2)
    assert no_figures(table.iloc[1])
    assert "pairs of neighbours, under the 100 of min_pairs" in table["note"][1]


def test_spans_of_a_table_may_overlap(known):
    edges = pd.DataFrame(
        {
            "start": known.start + pd.to_timedelta([0, 200], unit="s"),
            "end": known.start + pd.to_timedelta([400, 500], unit="s"),
            "phase": ["a", "b"],
        }
    )
    table = known.hrv(edges)
    assert table["phase"].tolist() == ["a", "b"]
    for row, (first, last) in enumerate(((0, 400), (200, 500))):
        rmssd, _ = by_hand(known.rr_interval, first, last)
        assert table["rmssd"][row] == pytest.approx(rmssd, rel=1e-12)


def test_messages_of_spans_name_the_argument(known):
    with pytest.raises(ConfigurationError, match="window='never'"):
        known.hrv("never")
    with pytest.raises(ConfigurationError, match="window= a length"):
        known.hrv("ranges")
    table = pd.DataFrame({"start": ["2022-11-04"], "end": ["2022-11-05"]})
    with pytest.raises(TimestampError, match="window=, start of row 0"):
        known.hrv(table)


# -- when there are no figures ---------------------------------------------------------


def test_a_window_that_intervals_do_not_cover_has_no_figures(known):
    rr = known.rr_interval
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    flags = np.where((second >= 310) & (second < 400), 1, 0)
    table = record_of(rr, flags_of(rr, flags)).hrv()
    assert table["rmssd"].notna().tolist() == [True, False, True, True, True, False]
    assert table["good_share"][1] == pytest.approx(0.7, abs=0.01)
    assert no_figures(table.iloc[1])
    assert "cover 70 % of the time, under the 80 % of min_share" in table["note"][1]
    looser = record_of(rr, flags_of(rr, flags)).hrv(min_share=0.5)
    assert looser["rmssd"].notna()[1]


def test_limits_can_be_set():
    rr = rr_of(known_heart(60))
    record = record_of(rr)
    (row,) = record.hrv(None).to_dict("records")
    assert no_figures(row)
    assert row["note"] == "59 pairs of neighbours, under the 100 of min_pairs"
    (row,) = record.hrv(None, min_pairs=50).to_dict("records")
    assert row["rmssd"] == pytest.approx(by_hand(rr, 0, 1e6)[0])
    assert "47 s are too short for HF and LF and VLF" in row["note"]
    assert np.isnan(row["hf"])
    for name, value in (("min_share", 1.5), ("min_share", -0.1), ("min_pairs", -1)):
        with pytest.raises(ConfigurationError, match=name):
            record.hrv(**{name: value})


def test_a_window_shorter_than_a_beat_has_no_figures(known):
    part = known.between(known.start, known.start + pd.Timedelta("20s"))
    table = part.hrv("500ms")
    assert table[list(FIGURES)].isna().all(axis=None)
    assert (table["note"] != "").all()


@pytest.mark.parametrize("window", ["5min", None])
def test_a_record_of_a_second_has_a_row_without_figures(window):
    record = record_of(rr_of([0, 200], [20, 220]), seconds=1)
    (row,) = record.hrv(window).to_dict("records")
    assert no_figures(row)
    assert row["note"]


def test_a_record_without_beats_has_rows_without_figures():
    record = record_of(rr_of([]), seconds=700)
    table = record.hrv(nonlinear=True)
    assert table["note"].tolist() == ["no interval counts"] * 3
    assert table["n_beats"].tolist() == [0, 0, 0]
    assert table[list(FIGURES)].isna().all(axis=None)
    plain = analysis.compute_hrv_time(rr_of([]))
    assert plain["note"].item() == "no interval counts"
    assert np.isnan(plain["rmssd"].item())


def test_intervals_of_zero_alone_have_no_figures():
    record = record_of(rr_of([0] * 200, np.arange(1, 201) * 200))
    (row,) = record.hrv(None).to_dict("records")
    assert no_figures(row)
    assert row["note"] == "no interval counts"


def test_a_thinned_series_says_so_and_has_no_figures():
    thinned = rr_of(known_heart()).iloc[::2]
    with pytest.warns(HexoframeWarning, match="999 of 1000 intervals do not begin"):
        (row,) = record_of(thinned).hrv(None).to_dict("records")
    assert no_figures(row)
    assert row["n_pairs"] == 0


def test_no_five_minutes_that_are_covered_make_no_spectrum():
    rr = rr_of(known_heart())
    second = (rr.index.asi8 - SECOND * 10**9) / 1e9
    flags = np.where(second % 100 < 50, 1, 0)
    (row,) = record_of(rr, flags_of(rr, flags)).hrv(None).to_dict("records")
    assert not np.isnan(row["rmssd"])
    assert np.isnan(row["lf"])
    assert np.isnan(row["sdann"])
    assert row["n_windows"] == 0
    assert "no five minutes of which 80 % are covered" in row["note"]


def test_long_spans_have_no_sample_entropy():
    rr = rr_of(known_heart(5200))
    (row,) = record_of(rr).hrv(None, nonlinear=True).to_dict("records")
    assert np.isnan(row["sampen"])
    assert not np.isnan(row["dfa_a2"])
    assert "no sample entropy of more than 5000 beats" in row["note"]


# -- what a table says -----------------------------------------------------------------


def test_every_column_says_its_unit(known):
    units = known.hrv(nonlinear=True).attrs["hexoframe"]["units"]
    assert set(units) == set(known.hrv(nonlinear=True))
    assert (units["rmssd"], units["lf"], units["mean_hr"]) == ("ms", "ms^2", "bpm")
    assert (units["pnn50"], units["good_share"]) == ("%", "")
    plain = analysis.compute_hrv_time(known.rr_interval)
    assert set(plain.attrs["hexoframe"]["units"]) == set(plain)


def test_a_table_can_be_kept_as_parquet(known, tmp_path):
    table = known.hrv()
    table.to_parquet(tmp_path / "hrv.parquet")
    again = pd.read_parquet(tmp_path / "hrv.parquet")
    pd.testing.assert_frame_equal(again, table)


def test_other_ways_to_a_spectrum_are_refused(known):
    with pytest.raises(ConfigurationError, match="'fft' is no way to a spectrum"):
        known.hrv(spectrum="fft")


def test_without_scipy_the_time_domain_and_lomb_work(known, monkeypatch):
    import sys

    expected = known.hrv()
    for name in [name for name in sys.modules if name.split(".")[0] == "scipy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scipy", None)
    pd.testing.assert_frame_equal(known.hrv(), expected)
    for asked in ({"nonlinear": True}, {"spectrum": "welch"}):
        with pytest.raises(ConfigurationError, match=r"pip install 'hexoframe\[anal"):
            known.hrv(**asked)


def test_the_names_of_results_are_those_of_their_module():
    for name in analysis.__all__:
        assert callable(getattr(analysis, name))
    with pytest.raises(AttributeError, match="no attribute 'compute_magic'"):
        _ = analysis.compute_magic


def test_no_method_of_a_record_hides_a_channel():
    public = {name for name in dir(hexoframe.Record) if not name.startswith("_")}
    for family in FAMILIES:
        for channel in channels_of(family).values():
            taken = {channel.name, *channel.columns}
            for row in channel.datatypes:
                taken |= {*row.names, *row.classic_names}
            assert not taken & public, channel.name


@pytest.mark.slow
def test_a_hole_of_three_minutes_anywhere_in_a_day_changes_rmssd_by_less_than_a_percent(
    tmp_path,
):
    from hexoframe.simulator.export import write_export
    from hexoframe.simulator.shirt import Shirt, wear

    shirt = wear(Shirt(seed=14, duration_s=86_400, activity="day"))
    record = hexoframe.open_record(write_export(shirt, tmp_path / "day.zip"))
    rr, quality = record.rr_interval, record.rr_interval_quality
    second = (rr.index - record.start).total_seconds().to_numpy()
    good = quality["rr_interval_quality"].to_numpy() == 0
    ticks = np.rint(rr["rr_interval"].to_numpy() * 256)
    for at in (0, 600, 21_600, 43_210, 64_000, 86_220):
        left = (second < at) | (second >= at + 180)
        found = analysis.compute_hrv_time(rr[left], quality[left])["rmssd"].item()
        # The same beats without the pair that jumps.
        rows = np.flatnonzero(left & good & (ticks > 0))
        steps = np.diff(ticks[rows])[np.diff(rows) == 1]
        expected = np.sqrt(np.mean(steps**2)) * 1000 / 256
        assert found == pytest.approx(expected, rel=0.01), at
        assert found == pytest.approx(expected, rel=1e-9), at

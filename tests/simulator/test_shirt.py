"""What the synthetic shirt claims to be true, checked with other means than its own."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks, welch

from hexoframe.simulator.export import (
    export_files,
)
from hexoframe.simulator.shirt import Recording, Shirt, wear

FAMILIES = ("hexoskin", "astroskin_256", "astroskin_1000")
# Of `made` in conftest.py.
GAP = (250.0, 20.0)
LOOSE = (150.0, 9.0)
SHAKEN = (420.0, 6.0)
ML = Fraction(332, 25)  # of one count of the weighted respiration
REST = {"hexoskin": 1360, "astroskin_256": 1360, "astroskin_1000": 0}
PER_MV = {"hexoskin": 156.25, "astroskin_256": 156.25, "astroskin_1000": 1000}


@pytest.fixture(scope="module")
def asleep() -> Recording:
    return wear(Shirt(seed=21, activity="sleep", duration_s=7200))


def seconds(recording: Recording, name: str) -> np.ndarray:
    return (recording.ticks(name) - recording.start) / recording.clock


def spoilt(times: np.ndarray, *spans: tuple[float, float]) -> np.ndarray:
    """Return which times lie in or beside a span."""
    found = np.zeros(len(times), dtype=bool)
    for first, length in spans:
        found |= (times >= first - 0.3) & (times <= first + length + 0.3)
    return found


def weighted(recording: Recording) -> np.ndarray:
    thorax = recording.sampled["respiration_thoracic"].astype(float)
    return 0.75 * thorax + 0.25 * recording.sampled["respiration_abdominal"]


def bad_times() -> np.ndarray:
    return np.array([[first, first + length] for first, length in (GAP, LOOSE)])


def test_the_same_settings_give_the_same_recording(made):
    one, two = made("astroskin_256"), made("astroskin_256")
    for name, counts in one.sampled.items():
        np.testing.assert_array_equal(counts, two.sampled[name])
    for name, (ticks, values) in one.events.items():
        np.testing.assert_array_equal(ticks, two.events[name][0])
        np.testing.assert_array_equal(values, two.events[name][1])


def test_another_seed_is_another_person(made):
    one, two = made("hexoskin"), made("hexoskin", seed=6)
    assert not np.array_equal(one.beats, two.beats)
    assert not np.array_equal(one.sampled["ECG_I"], two.sampled["ECG_I"])


def test_a_loose_lead_leaves_the_rest_of_the_record_as_it_was(made):
    whole, torn = made("hexoskin", lead_off=()), made("hexoskin")
    for name in ("respiration_thoracic", "acceleration_X", "cadence"):
        np.testing.assert_array_equal(whole.sampled[name], torn.sampled[name])
    kept = ~spoilt(seconds(torn, "ECG_I"), GAP, (LOOSE[0] - 1, LOOSE[1] + 2))
    np.testing.assert_array_equal(
        whole.sampled["ECG_I"][kept], torn.sampled["ECG_I"][kept]
    )


def test_the_shirt_needs_numpy_and_nothing_else():
    code = (
        "import sys, hexoframe.simulator.shirt, hexoframe.simulator.export;"
        "print([m for m in ('pandas', 'pyarrow', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# --- lengths and stamps -------------------------------------------------------------

HERTZ = {
    "hexoskin": {"ECG_I": 256, "respiration_thoracic": 128, "acceleration_Z": 64},
    "astroskin_256": {
        "ECG_III": 256, "respiration_abdominal": 128, "acceleration_X": 64, "PPG": 64,
    },
    "astroskin_1000": {
        "ECG_II": 250, "respiration_thoracic": 125, "acceleration_Y": 50, "PPG": 75,
    },
}  # fmt: skip


def test_waveforms_begin_at_the_start_and_last_as_long_as_the_record(worn):
    for name, hertz in HERTZ[worn.family].items():
        ticks = worn.ticks(name)
        assert len(ticks) == len(worn.sampled[name]) == int(600.25 * hertz)
        step = Fraction(worn.clock, hertz)
        wanted = [worn.start + round(n * step) for n in range(300)]
        assert ticks[:300].tolist() == wanted
        assert ticks[-1] == worn.start + round((len(ticks) - 1) * step)


def test_the_first_sample_of_a_1_hz_channel_lies_at_start_plus_1_s(worn):
    for name, step in worn.rates.items():
        if step == worn.clock:
            ticks = worn.ticks(name)
            assert ticks[0] == worn.start + worn.clock, name
            assert len(ticks) == len(worn.sampled[name]) == 600, name
    assert worn.end - worn.start == 600.25 * worn.clock


def test_channels_of_300_s_begin_at_300_s(worn):
    assert (worn.ticks("ANN") - worn.start).tolist() == [
        300 * worn.clock,
        600 * worn.clock,
    ]


def test_a_hexoskin_has_empty_leads_ii_and_iii_and_no_pulse(made):
    recording = made("hexoskin")
    assert len(recording.sampled["ECG_II"]) == len(recording.sampled["ECG_III"]) == 0
    assert len(recording.events["PTT"][0]) == 0
    assert not recording.sampled["systolic_pressure"].any()
    assert not {"PPG", "SPO2", "temperature"} & recording.sampled.keys()


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**40),
    family=st.sampled_from(FAMILIES),
    activity=st.sampled_from(("mixed", "rest", "walk", "sleep", "day")),
    quarters=st.integers(4, 160),
    movement=st.sampled_from((0.0, 0.2, 0.5)),
)
def test_any_length_and_any_seed_give_a_sound_record(
    seed, family, activity, quarters, movement
):
    shirt = Shirt(
        seed=seed,
        family=family,
        activity=activity,
        duration_s=Fraction(quarters, 4),
        movement=movement,
    )
    recording = wear(shirt)
    assert len(recording.sampled["heart_rate"]) == quarters // 4
    assert len(recording.sampled["ECG_I"]) == quarters * recording.clock // (
        4 * recording.rates["ECG_I"]
    )
    for name, (ticks, values) in recording.events.items():
        assert len(ticks) == len(values)
        assert (np.diff(ticks) > 0).all(), name
        if len(ticks):
            assert recording.start <= ticks[0], name
            assert ticks[-1] <= recording.end, name
    ticks, intervals = recording.events["RR_interval"]
    assert intervals[1:].tolist() == np.diff(ticks).tolist()
    assert [name for name, _ in export_files(recording)]


# --- heart --------------------------------------------------------------------------


def test_scipy_finds_an_r_peak_at_every_beat_and_nowhere_else(worn):
    ecg = worn.sampled["ECG_I"].astype(float)
    found, _ = find_peaks(
        ecg,
        height=REST[worn.family] + 0.6 * PER_MV[worn.family],
        distance=int(0.3 * worn.clock / worn.rates["ECG_I"]),
    )
    times = found * float(worn.rates["ECG_I"]) / worn.clock
    beats = (worn.beats - worn.start) / worn.clock
    bad = (GAP, LOOSE, SHAKEN)
    np.testing.assert_array_equal(
        times[~spoilt(times, *bad)], beats[~spoilt(beats, *bad)]
    )
    assert (~spoilt(beats, *bad)).sum() > 600


def test_every_beat_is_higher_than_all_samples_within_100_ms(worn):
    beats = worn.beats - worn.start
    beats = beats[~spoilt(beats / worn.clock, GAP, LOOSE, SHAKEN)]
    reach = worn.clock // 10 // worn.rates["ECG_I"]
    around = np.delete(np.arange(-reach, reach + 1), reach)
    place = beats // worn.rates["ECG_I"]
    ecg = worn.sampled["ECG_I"]
    assert (ecg[place] > ecg[place[:, None] + around].max(axis=1)).all()


def test_the_rr_stamps_are_the_true_beats(worn):
    for name in ("RR_interval", "RR_interval_quality"):
        np.testing.assert_array_equal(worn.events[name][0], worn.beats)


def test_an_rr_value_is_the_time_since_the_beat_before_and_0_after_a_hole(worn):
    ticks, values = worn.events["RR_interval"]
    quality = worn.events["RR_interval_quality"][1]
    assert values[0] == 0
    holes = 0
    for before, tick, value, flag in zip(
        ticks, ticks[1:], values[1:], quality[1:], strict=False
    ):
        if tick - before > 4 * worn.clock:
            assert (value, flag) == (0, 129)
            holes += 1
        else:
            assert value == tick - before
    assert holes == 2  # the gap and the loose lead


def test_no_beat_is_claimed_where_the_ecg_is_lost(worn):
    beats = (worn.beats - worn.start) / worn.clock
    for first, last in bad_times():
        assert not ((beats > first - 0.05) & (beats < last + 0.05)).any()
        near = worn.sampled["ECG_I"][
            (seconds(worn, "ECG_I") >= first) & (seconds(worn, "ECG_I") < last)
        ]
        rails = {"astroskin_1000": (-13_000, 13_000)}.get(worn.family, (0, 4095))
        assert near.min() == rails[0]
        assert near.max() == rails[1]


def test_rr_quality_is_128_in_the_first_seconds_and_1_or_129_in_movement(worn):
    time = (worn.beats - worn.start) / worn.clock
    quality = worn.events["RR_interval_quality"][1]
    assert set(np.unique(quality)) == {0, 1, 128, 129}
    assert (quality[time < 10] == 128).all()
    shaken = (time >= SHAKEN[0]) & (time < sum(SHAKEN))
    assert set(quality[shaken]) == {1, 129}
    assert (quality[(time > 20) & (time < 140)] == 0).all()


def test_nn_is_the_good_part_of_rr(worn):
    ticks, values = worn.events["RR_interval"]
    good = (worn.events["RR_interval_quality"][1] == 0) & (values > 0)
    np.testing.assert_array_equal(worn.events["NN_interval"][0], ticks[good])
    np.testing.assert_array_equal(worn.events["NN_interval"][1], values[good])


def test_heart_rate_is_70_at_first_then_the_mean_of_the_last_16_intervals(worn):
    ticks, values = worn.events["RR_interval"]
    quality = worn.events["RR_interval_quality"][1]
    good = [
        (int(t - worn.start), int(v))
        for t, v, q in zip(ticks, values, quality, strict=True)
        if v and q < 128
    ]
    for second, rate in enumerate(worn.sampled["heart_rate"].tolist(), start=1):
        last = [v for t, v in good if t <= second * worn.clock][-16:]
        if len(last) < 3:
            assert rate == 70
        else:
            assert abs(rate - 60 * worn.clock * len(last) / sum(last)) <= 0.5
    assert (worn.sampled["heart_rate"][:9] == 70).all()


def test_heart_rate_quality_says_disconnected_and_movement(worn):
    quality = worn.sampled["heart_rate_quality"]
    for first, last in bad_times().astype(int):
        assert (quality[first:last] & 0x02).all()
    assert (quality[420:426] & 0x10).all()
    assert not quality[20:140].any()
    assert not quality[430:].any()


def test_r_waves_are_of_a_millivolt_above_a_rest_level_of_1360_counts(worn):
    ecg = (worn.sampled["ECG_I"] - float(REST[worn.family])) / PER_MV[worn.family]
    time = seconds(worn, "ECG_I")
    calm = ~spoilt(time, GAP, LOOSE, SHAKEN)
    beats = worn.beats - worn.start
    beats = beats[~spoilt(beats / worn.clock, GAP, LOOSE, SHAKEN)]
    heights = ecg[beats // worn.rates["ECG_I"]]
    assert 0.75 < heights.min() < heights.max() < 1.4
    assert abs(np.median(ecg[calm])) < 0.1
    if worn.family != "astroskin_1000":
        counts = worn.sampled["ECG_I"]
        assert counts.min() >= 0
        assert counts.max() <= 4095


def test_breathing_modulates_the_heart_of_a_sleeper(asleep):
    ticks, values = asleep.events["NN_interval"]
    grid = np.arange(1200, 3000, 0.25)
    rr = np.interp(grid, (ticks - asleep.start) / 256, values / 256)
    hertz, power = welch(rr - rr.mean(), fs=4, nperseg=512)
    high = (hertz > 0.13) & (hertz < 0.5)
    rate = asleep.sampled["breathing_rate"][1200:3000].mean() / 60
    assert abs(hertz[high][power[high].argmax()] - rate) < 0.03


@pytest.mark.parametrize("worn", FAMILIES[1:], indirect=True)
def test_lead_iii_is_lead_i_minus_lead_ii_in_counts(worn):
    one, two, three = (
        worn.sampled[f"ECG_{lead}"].astype(int) for lead in ("I", "II", "III")
    )
    np.testing.assert_array_equal(three, one - two)
    assert three.min() < 0


# --- breathing ----------------------------------------------------------------------


def test_scipy_finds_the_breaths_at_the_extrema_of_the_weighted_signal(worn):
    signal = weighted(worn)
    time = np.arange(len(signal)) * float(worn.rates["respiration_thoracic"])
    time /= worn.clock
    for name, sign in (("inspiration", 1), ("expiration", -1)):
        found, _ = find_peaks(sign * signal, prominence=12)
        # The signal is 0 in the gap and at both ends: what lies beside that is no turn.
        edge = (time[found] < 2.5) | (time[found] > 598.5)
        edge |= (time[found] > 249) & (time[found] < 273)
        reported = (worn.events[name][0] - worn.start) / worn.clock
        inner = (reported >= 2.5) & (reported <= 598.5)
        inner &= (reported <= 249) | (reported >= 273)
        np.testing.assert_array_equal(time[found][~edge], reported[inner])
        assert inner.sum() > 120


def test_each_turn_is_the_only_extremum_of_its_breath_in_both_belts(worn):
    step = worn.rates["respiration_thoracic"]
    turns = np.concatenate([worn.events[n][0] for n in ("inspiration", "expiration")])
    kinds = np.repeat([1, -1], [len(worn.breaths), len(turns) - len(worn.breaths)])
    order = np.argsort(turns)
    place, kinds = (turns[order] - worn.start) // step, kinds[order]
    assert ((turns - worn.start) % step == 0).all()
    for belt in ("thoracic", "abdominal"):
        signal = worn.sampled[f"respiration_{belt}"].astype(int)
        for (left, right), kind in zip(pairwise(place), kinds, strict=False):
            part = signal[left : right + 1]
            if (part == 0).any():
                continue
            inner = part[1:-1] * kind
            assert part[0] * kind > inner.max()
            assert part[-1] * kind < inner.min()


def test_a_turn_carries_the_weighted_counts_at_its_tick(worn):
    signal = weighted(worn)
    for name in ("inspiration", "expiration"):
        ticks, values = worn.events[name]
        place = (ticks - worn.start) // worn.rates["respiration_thoracic"]
        assert np.abs(signal[place] - values).max() <= 0.5
    np.testing.assert_array_equal(worn.breaths, worn.events["inspiration"][0])


def test_respiration_is_0_at_both_ends_and_in_gaps_and_nowhere_else(worn):
    time = seconds(worn, "respiration_thoracic")
    for belt in ("respiration_thoracic", "respiration_abdominal"):
        zero = worn.sampled[belt] == 0
        wanted = (time >= GAP[0]) & (time < sum(GAP))
        wanted[:4] = True
        wanted[-150:] = True
        np.testing.assert_array_equal(zero, wanted)


def test_breathing_rate_is_10_at_first_then_the_mean_of_the_last_7_breaths(worn):
    unit = 10 if worn.family == "astroskin_1000" else 1
    starts = ((worn.breaths - worn.start) / worn.clock).tolist()
    exhaled = ((worn.events["expiration"][0] - worn.start) / worn.clock).tolist()
    cycles = [
        (b, b - a)
        for a, b in pairwise(starts)
        if not a < GAP[0] < b and any(a < x < b for x in exhaled)
    ]
    for second, rate in enumerate(worn.sampled["breathing_rate"].tolist(), start=1):
        last = [length for end, length in cycles if end <= second][-7:]
        wanted = 60 * len(last) / sum(last) if len(last) >= 2 else 10
        assert abs(rate - wanted * unit) <= 0.5 + 1e-9, second


def test_tidal_volume_is_the_depth_of_the_last_breath(worn):
    ticks, bottoms = worn.events["expiration"]
    begun, tops = worn.events["inspiration"]
    gain = ML if worn.family == "astroskin_1000" else 1
    for second, counts in enumerate(worn.sampled["tidal_volume"].tolist(), start=1):
        done = ticks <= worn.start + second * worn.clock
        if not done.any():
            assert counts == 0
            continue
        top = tops[begun < ticks[done][-1]][-1]
        assert counts == int((top - bottoms[done][-1]) * gain)


def test_minute_ventilation_is_volume_times_rate(worn):
    ml = float(ML) if worn.family != "astroskin_1000" else 1.0
    rpm = worn.sampled["breathing_rate"] / (10 if ml == 1 else 1)
    ventilation = worn.sampled["minute_ventilation"] * ml
    volume = worn.sampled["tidal_volume"] * ml
    for part in (slice(60, 240), slice(440, 530)):
        product = (volume * rpm)[part].mean()
        assert ventilation[part].mean() == pytest.approx(product, rel=0.08)
    assert 3000 < ventilation[100] < 10_000
    assert ventilation[500] > 2 * ventilation[100]
    assert worn.sampled["minute_ventilation"][0] == 0


def test_adjusted_volumes_are_floored_to_10_ml_a_minute_and_to_1_ml(worn):
    ml = ML if worn.family != "astroskin_1000" else Fraction(1)
    weight = Fraction(50, 65)
    for name, unit in (("minute_ventilation", 10), ("tidal_volume", 1)):
        raw = worn.sampled[name].tolist()
        wanted = [math.floor(n * ml * weight / unit) for n in raw]
        assert worn.sampled[f"{name}_adjusted"].tolist() == wanted


def test_breathing_quality_says_where_the_signal_is_missing(worn):
    quality = worn.sampled["breathing_rate_quality"].tolist()
    assert quality[:9] == [15, 15, 12, 12, 8, 8, 8, 8, 0]
    assert quality[-1] == 15
    assert quality[249:281] == [0, *[3] * 20, 15, 15, 12, 12, 8, 8, 8, 8, 0, 0, 0]
    assert set(quality[10:249]) == {0}


# --- movement, positions, sleep -----------------------------------------------------


def test_steps_count_up_and_come_only_in_walks(worn):
    ticks, values = worn.events["step"]
    assert values.tolist() == list(range(1, len(ticks) + 1))
    walk = next(a for a in worn.ranges if a.name == "Walk")
    assert walk.start <= ticks[0]
    assert ticks[-1] <= walk.end + worn.clock
    assert ((ticks - worn.start) % worn.rates["acceleration_X"] == 0).all()


def test_cadence_follows_the_steps_and_is_0_without_them(worn):
    ticks = (worn.events["step"][0] - worn.start) / worn.clock
    cadence = worn.sampled["cadence"]
    for second in range(1, 601):
        if second - 2 > ticks[-1] or second < ticks[0]:
            assert cadence[second - 1] == 0
    middle = slice(int(ticks[0]) + 10, int(ticks[-1]) - 2)
    minutes = (ticks[-1] - ticks[0]) / 60
    assert cadence[middle].mean() == pytest.approx((len(ticks) - 1) / minutes, rel=0.02)


def test_the_body_jolts_at_each_step(worn):
    ticks = worn.events["step"][0] - worn.start
    up = -worn.sampled["acceleration_X"].astype(float)
    index = ticks // worn.rates["acceleration_X"]
    index = index[(index > 4) & (index < len(up) - 4)]
    shape = up[index[:, None] + np.arange(-4, 5)].mean(axis=0)
    assert abs(int(shape.argmax()) - 4) <= 2
    assert shape.max() > 256 * 1.3


def test_activity_is_the_jolting_of_the_last_second(worn):
    axes = [worn.sampled[f"acceleration_{a}"] / 256 for a in "XYZ"]
    rate = worn.clock // worn.rates["acceleration_X"]
    shaking = [np.abs(np.diff(axis)) for axis in axes]
    per_second = np.sum(shaking, axis=0)[: 599 * rate].reshape(-1, rate).mean(axis=1)
    activity = worn.sampled["activity"][:599] / 256
    assert np.corrcoef(per_second, activity)[0, 1] > 0.95
    assert activity[100:140].max() < 0.1
    assert 0.1 < np.median(activity[450:530]) < 0.6


UP = {1: ("Y", 1), 2: ("Y", -1), 3: ("Z", 1), 4: ("Z", -1), 5: ("X", 1), 6: ("X", -1)}


def test_gravity_points_where_the_device_position_says(asleep):
    ticks, codes = asleep.events["device_position"]
    time = seconds(asleep, "acceleration_X")
    edges = (ticks - asleep.start) / asleep.clock
    assert len(set(codes[1:-1])) >= 3
    for first, last, code in zip(edges[1:], edges[2:], codes[1:], strict=False):
        within = (time > first + 3) & (time < last - 3)
        axis, sign = UP[int(code)]
        mean = asleep.sampled[f"acceleration_{axis}"][within].mean() / 256
        assert 0.8 < sign * mean < 1.1


def test_positions_begin_and_end_with_nan_and_sleep_position_has_5_for_upright(worn):
    ticks, device = worn.events["device_position"]
    same, sleeping = worn.events["sleep_position"]
    np.testing.assert_array_equal(ticks, same)
    assert np.isnan(device[[0, -1]]).all()
    assert not np.isnan(device[1:-1]).any()
    np.testing.assert_array_equal(sleeping, np.minimum(device, 5))
    assert ticks[0] == worn.start
    assert ticks[1] == worn.start + worn.clock
    assert ticks[-1] == worn.end
    assert 6 in device
    assert ((ticks[1:-1] - worn.start) % worn.clock == 0).all()


def test_sleep_phases_change_on_a_grid_of_20_s_within_the_sleep(asleep):
    ticks, codes = asleep.events["sleep_phase"]
    sleep = asleep.ranges[0]
    assert (sleep.name, sleep.trainingroutine) == ("Sleep", 12)
    assert (ticks[0], ticks[-1]) == (sleep.start, sleep.end)
    assert np.isnan(codes[[0, -1]]).all()
    assert set(codes[1:-1]) == {2.0, 5.0, 6.0}
    assert codes[1] == 6
    assert ((ticks[2:-1] - sleep.start) % (20 * 256) == 0).all()
    assert (np.diff(codes[1:-1]) != 0).all()


def test_the_heart_is_slower_in_nrem_than_in_rem_and_awake():
    recording = wear(Shirt(seed=3, activity="sleep", duration_s=8 * 3600))
    ticks, codes = recording.events["sleep_phase"]
    at = recording.ticks("heart_rate")
    phase = codes[np.searchsorted(ticks, at, side="right") - 1]
    mean = {c: recording.sampled["heart_rate"][phase == c].mean() for c in (2, 5, 6)}
    assert 45 < mean[2] < mean[5] < mean[6] < 80
    share = (phase == 5).mean()
    assert 0.12 < share < 0.3


def test_who_walks_has_no_sleep_phases():
    recording = wear(Shirt(activity="walk", duration_s=60))
    assert "sleep_phase" not in recording.events
    assert "ANN" not in recording.sampled


def test_a_day_has_walks_and_a_night():
    recording = wear(Shirt(activity="day", duration_s=24 * 3600, seed=8))
    names = [activity.name for activity in recording.ranges]
    assert names.count("Sleep") == 1
    assert names.count("Walk") == 32
    assert recording.sampled["heart_rate"].min() >= 40
    assert recording.sampled["heart_rate"].max() <= 150
    # Every true beat is a strict local maximum all day long.
    ecg, place = recording.sampled["ECG_I"], recording.beats - recording.start
    assert (ecg[place] > ecg[place - 1]).all()
    assert (ecg[place] > ecg[place + 1]).all()
    assert len(place) > 80_000


# --- other channels -----------------------------------------------------------------


@pytest.mark.parametrize("worn", FAMILIES[1:], indirect=True)
def test_the_pulse_rises_after_each_beat_around_32768(worn):
    ppg = worn.sampled["PPG"]
    assert ppg.dtype == np.uint16
    time = seconds(worn, "PPG")
    kept = ~spoilt(time, GAP, LOOSE)
    assert 28_000 < ppg[kept].min() < 32_768 < ppg[kept].max() < 45_000
    ticks, transit = worn.events["PTT"]
    np.testing.assert_array_equal(ticks, worn.beats)
    assert ((transit > 0.15 * worn.clock) & (transit < 0.3 * worn.clock)).all()
    feet = (ticks - worn.start + transit) / worn.clock
    feet = feet[(feet > 20) & (feet < 140)]
    found, _ = find_peaks(-ppg.astype(float), prominence=4000)
    for foot in feet:
        assert np.abs(time[found] - foot).min() < 0.045


@pytest.mark.parametrize("worn", FAMILIES[1:], indirect=True)
def test_an_astroskin_knows_pressure_oxygen_and_temperature(worn):
    pressure = worn.sampled["systolic_pressure"]
    assert ((pressure[5:] > 90) & (pressure[5:] < 150)).all()
    oxygen = worn.sampled["SPO2"]
    assert ((oxygen >= 88) & (oxygen <= 100)).all()
    assert (worn.sampled["SPO2_quality"][250:270] == 236).all()
    celsius = worn.sampled["temperature_celcius"] / 256
    assert worn.sampled["temperature_celcius"].dtype == np.int16
    assert ((celsius > 29) & (celsius < 36)).all()


def test_hrv_of_five_minutes_agrees_with_its_intervals(asleep):
    ticks, values = asleep.events["NN_interval"]
    part = np.ceil((ticks - asleep.start) / (300 * 256)).astype(int)
    for window in range(1, 25):
        nn = [Fraction(int(v), 256) for v in values[part == window]]
        assert abs(asleep.sampled["ANN"][window - 1] / 4096 - statistics.mean(nn)) < (
            1 / 4096
        )
        deviation = statistics.pstdev(map(float, nn))
        assert asleep.sampled["SDNN"][window - 1] / 4096 == pytest.approx(
            deviation, abs=1 / 4096
        )


def test_hrv_is_0_where_no_sleep_is_and_in_ranges_over_before():
    recording = wear(Shirt(seed=4, duration_s=1800))
    sleep = next(a for a in recording.ranges if a.name == "Sleep")
    windows = recording.ticks("ANN")
    after = windows - 300 * recording.clock >= sleep.end
    assert after.any()
    assert not recording.sampled["ANN"][after].any()
    assert recording.sampled["ANN"][~after].all()


def test_button_presses_are_annotations_of_datatype_215(worn):
    assert [(a.tick - worn.start, a.datatype, a.comment) for a in worn.annotations] == [
        (12.5 * worn.clock, 215, ""),
        (30 * worn.clock, 215, ""),
    ]


def test_a_walk_leaves_a_track_at_walking_pace(worn):
    walk = next(a for a in worn.ranges if a.name == "Walk")
    assert worn.track[0].tick == walk.start
    lengths = [
        math.hypot(
            (b.latitude - a.latitude) * 111_320, (b.longitude - a.longitude) * 78_000
        )
        / ((b.tick - a.tick) / worn.clock)
        for a, b in pairwise(worn.track)
    ]
    assert 1.1 < min(lengths) <= max(lengths) < 1.5


def test_the_lead_quality_of_the_new_astroskin_names_each_lost_lead(made):
    quality = made("astroskin_1000").sampled["ECG_quality"]
    assert (quality[150:159] & 0xE380 == 0xE380).all()
    assert (quality[420:426] == 0x1C00).all()
    assert not quality[20:140].any()


def test_a_share_of_movement_is_spread_over_the_record():
    recording = wear(Shirt(seed=2, duration_s=3600, movement=0.1))
    quality = recording.sampled["heart_rate_quality"] & 0x10
    assert 0.09 < (quality > 0).mean() < 0.13
    thirds = (quality > 0).reshape(3, -1).mean(axis=1)
    assert thirds.min() > 0.05

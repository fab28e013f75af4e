"""Beats: which intervals count, true neighbours, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.analysis.beats import beats_of, vendor_rmssd
from hexoframe.analysis.hrv import beats_of_record
from hexoframe.errors import ConfigurationError, HexoframeWarning, TimestampError
from tests.analysis.hearts import (
    SECOND,
    flags_of,
    frame_of,
    known_heart,
    record_of,
    rr_of,
)

EXPORTS = ("astroskin-122445", "hexoskin-258583", "hexoskin-256696")


def test_a_pair_is_two_intervals_that_count_and_touch():
    # A restart (0), a hole before the fifth beat, and a flag on the seventh.
    stamps = [0, 200, 410, 630, 1500, 1700, 1890, 2100]
    intervals = [0, 200, 210, 220, 190, 200, 190, 210]
    rr = rr_of(intervals, stamps)
    beats = beats_of(rr, flags_of(rr, [0, 0, 0, 0, 0, 0, 1, 0]))
    assert beats.counts.tolist() == [False, True, True, True, True, True, False, True]
    assert np.flatnonzero(beats.pairs).tolist() == [2, 3, 5]
    # What is said of it: the fifth interval does not begin at the beat before.
    assert np.flatnonzero(beats.strays).tolist() == [4]
    assert beats.judged_by == "quality"


def test_neighbours_touch_to_the_tick():
    rr = rr_of([200, 200, 201, 200], [200, 400, 600, 801])
    beats = beats_of(rr)
    # 600 - 201 is not 400, and 801 - 200 is not 600.
    assert np.flatnonzero(beats.pairs).tolist() == [1]
    assert np.flatnonzero(beats.strays).tolist() == [2, 3]


def test_an_interval_after_a_restart_begins_no_pair():
    beats = beats_of(rr_of([200, 0, 200, 200], [200, 2000, 2200, 2400]))
    assert np.flatnonzero(beats.pairs).tolist() == [3]
    assert not beats.strays.any()


def test_covered_time_is_cut_at_the_edges_and_counted_once():
    beats = beats_of(rr_of([200, 200, 300], [200, 400, 800]))
    start = SECOND * 256
    edges = start + np.array([0, 100, 200, 400, 450, 600, 800, 900])
    # The last interval ends at 800 and runs from 500 on.
    assert beats.covered(edges).tolist() == [0, 100, 200, 400, 400, 500, 700, 700]
    # One that overlaps the beat before covers no time twice.
    twice = beats_of(rr_of([200, 300], [200, 400]))
    assert twice.covered(np.array([start + 400])).tolist() == [400]


def test_a_beat_without_a_row_of_flags_does_not_count():
    rr = rr_of([200] * 5)
    beats = beats_of(rr, flags_of(rr.iloc[:3], [0, 1, 0]))
    assert beats.counts.tolist() == [True, False, True, False, False]


def test_a_beat_whose_flags_are_missing_does_not_count():
    rr = rr_of([200] * 3)
    assert beats_of(rr, flags_of(rr, [0, np.nan, 0])).counts.tolist() == [
        True,
        False,
        True,
    ]


def test_without_flags_the_limits_of_the_table_decide():
    # 0.3 s and 2 s are the limits: 76.8 and 512 ticks.
    beats = beats_of(rr_of([76, 77, 512, 513]))
    assert beats.counts.tolist() == [False, True, True, False]
    assert beats.judged_by == "limits"


def test_counts_are_taken_as_ticks():
    rr = rr_of(known_heart(50))
    record = record_of(rr)
    raw = record.raw("rr_interval")
    assert beats_of(raw).intervals.tolist() == known_heart(50).tolist()


def test_a_series_of_ones_own_has_the_clock_that_fits_it():
    start = pd.Timestamp(SECOND, unit="s", tz="UTC")
    for ms, clock in (([800, 813, 790], 1000), ([781.25, 785.15625], 256)):
        seconds = np.array(ms) / 1000
        index = start + pd.to_timedelta(np.cumsum(ms) * 1_000_000, unit="ns")
        beats = beats_of(pd.Series(seconds, index=index))
        assert beats.clock == clock
        assert beats.pairs.sum() == len(ms) - 1
    # Floats of seconds are neighbours within what rounding to ns and us makes.
    seconds = 0.8 + np.sin(np.arange(100)) / 30
    index = start + pd.to_timedelta(np.rint(np.cumsum(seconds) * 1e6), unit="us")
    beats = beats_of(pd.Series(seconds, index=index))
    assert (beats.clock, beats.pairs.sum()) == (10**9, 99)


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_an_endless_interval_is_an_error(bad):
    rr = rr_of([200] * 4)
    rr.iloc[2, 0] = bad
    with pytest.raises(ConfigurationError, match=r"row 2 .* is -?inf s"):
        beats_of(rr)
    with pytest.raises(ConfigurationError, match="row 2"):
        beats_of_record(record_of(rr))


@pytest.mark.parametrize("bad", [-0.5, 65_535 / 256])
def test_what_a_recorder_writes_without_a_measurement_counts_for_nothing(bad):
    rr = rr_of([200] * 6)
    rr.iloc[3, 0] = bad
    for beats in (beats_of(rr), beats_of_record(record_of(rr))):
        assert np.flatnonzero(beats.pairs).tolist() == [1, 2, 5]


def test_an_interval_below_zero_in_a_series_of_ones_own_is_an_error():
    seconds = pd.Series(
        [0.8, -0.5], pd.to_datetime([1000.8, 1001.3], unit="s", utc=True)
    )
    with pytest.raises(ConfigurationError, match=r"row 1 .* is -0\.5 s"):
        beats_of(seconds)


def test_a_missing_interval_counts_for_nothing():
    rr = rr_of([200] * 6)
    rr.iloc[3, 0] = np.nan
    beats = beats_of(rr)
    assert beats.counts.sum() == 5
    assert np.flatnonzero(beats.pairs).tolist() == [1, 2, 5]


def test_beats_that_come_twice_are_an_error():
    rr = rr_of([200, 200, 200], [200, 400, 400])
    with pytest.raises(TimestampError, match="come twice at row 2"):
        beats_of(rr)
    with pytest.raises(TimestampError, match="come twice at row 2"):
        record_of(rr).hrv()


def test_beats_that_run_backwards_are_an_error():
    rr = rr_of([200, 200, 200], [200, 600, 400])
    with pytest.raises(TimestampError, match="run backwards at row 2"):
        beats_of(rr)


def test_intervals_between_two_ticks_are_an_error():
    rr = rr_of([200] * 4)
    rr.iloc[1, 0] = 0.7833
    with pytest.raises(ConfigurationError, match=r"row 1, 0\.7833 s, .*200\.525"):
        beats_of(rr)


def test_times_between_two_ticks_are_an_error():
    rr = rr_of([200] * 4)
    moved = rr.set_axis(rr.index + pd.Timedelta("1ms"))
    moved.attrs = rr.attrs
    with pytest.raises(TimestampError, match="the times were rounded"):
        beats_of(moved)


def test_intervals_without_their_times_are_refused():
    with pytest.raises(TimestampError, match="times of their beats"):
        beats_of(pd.Series([0.8, 0.8]))
    with pytest.raises(TimestampError, match="not times with a zone"):
        beats_of(pd.Series([0.8], index=pd.DatetimeIndex(["2024-01-01"])))
    index = pd.DatetimeIndex(["2024-01-01", pd.NaT], tz="UTC")
    with pytest.raises(TimestampError, match="row 1: the time is missing"):
        beats_of(pd.Series([0.8, 0.8], index=index))
    with pytest.raises(ConfigurationError, match="ndarray"):
        beats_of(np.array([0.8, 0.8]))
    with pytest.raises(ConfigurationError, match="DataFrame of 2 columns"):
        beats_of(pd.DataFrame({"a": [1.0], "b": [1.0]}))


# -- of a record -----------------------------------------------------------------------


def test_good_accepted_and_all_beats_are_counted_as_named():
    rr = rr_of([0, 200, 70, 200, 200, 200], [10, 210, 280, 480, 680, 880])
    quality = flags_of(rr, [128, 0, 0, 0, 1, 0])
    accepted = frame_of("nn_interval", [210, 480, 680], [200 / 256] * 3)
    record = record_of(rr, quality, nn_interval=accepted)
    counted = {
        name: np.flatnonzero(beats_of_record(record, name).counts).tolist()
        for name in ("good", "nn", "all")
    }
    # 70 ticks are 0.27 s: no flag, but implausible.
    assert counted == {"good": [1, 3, 5], "nn": [1, 3, 4], "all": [1, 2, 3, 4, 5]}


def test_other_words_for_beats_are_refused():
    record = record_of(rr_of([200] * 3))
    with pytest.raises(ConfigurationError, match=r"beats='best'.*good, nn, all"):
        record.hrv(beats="best")


def test_accepted_beats_need_their_channel():
    with pytest.raises(ConfigurationError, match="no channel nn_interval"):
        record_of(rr_of([200] * 3)).hrv(beats="nn")


def test_a_beat_of_a_shirt_that_was_off_never_counts(monkeypatch):
    from hexoframe.analysis import quality
    from hexoframe.analysis.wear import Wear

    start = SECOND * 256
    off = ((start + 2000, start + 4000),)
    monkeypatch.setattr(quality, "find_wear", lambda _: Wear(off, (), (), ()))
    rr = rr_of([200] * 30)
    accepted = frame_of("nn_interval", np.arange(1, 31) * 200, [200 / 256] * 30)
    record = record_of(rr, nn_interval=accepted)
    inside = (np.arange(1, 31) * 200 >= 2000) & (np.arange(1, 31) * 200 <= 4000)
    for counted in ("good", "nn", "all"):
        beats = beats_of_record(record, counted)
        np.testing.assert_array_equal(beats.counts, ~inside)


def test_without_a_channel_of_flags_plausible_intervals_count_and_one_warning_says_so():
    record = record_of(rr_of(known_heart(400)), False)
    with pytest.warns(HexoframeWarning, match="no quality flags") as caught:
        table = record.hrv()
    assert len(caught) == 1
    assert set(table["judged_by"]) == {"limits"}
    assert table["rmssd"].notna().tolist() == [True, False]


def test_a_record_without_intervals_names_the_export_that_has_them():
    record = hexoframe.Record("hexoskin", (SECOND * 256, SECOND * 256 + 256), {})
    with pytest.raises(ConfigurationError, match=r"rr_interval.*binary export \(ZIP\)"):
        record.hrv()
    assert math.isnan(vendor_rmssd(record))


def test_intervals_that_were_left_out_are_asked_for():
    record = record_of(rr_of([200] * 3))
    partial = record.of(record, left_out={"rr_interval"})
    with pytest.raises(hexoframe.errors.UnknownChannelError, match="left out"):
        partial.hrv()


def test_the_vendor_closes_holes_up():
    # 200, 210 | hole | 260, 250: 10, 50 and 10 ticks apart.
    rr = rr_of([200, 210, 260, 250], [200, 410, 1500, 1750])
    found = vendor_rmssd(record_of(rr))
    assert found == pytest.approx(np.sqrt((10**2 + 50**2 + 10**2) / 3) * 1000 / 256)


@pytest.mark.parametrize(
    ("name", "rmssd", "pairs", "share", "vendor"),
    [
        ("astroskin-122445", 19.10, 116, 0.750, 63.488402375257536),
        ("hexoskin-258583", 13.46, 2276, 0.437, 14.05),
        ("hexoskin-256696", 13.40, 121, 0.027, 14.20),
    ],
)
def test_real_records_give_the_figures_that_are_known_of_them(
    real_data, name, rmssd, pairs, share, vendor
):
    record = hexoframe.open_record(real_data / "exports" / name)
    (row,) = record.hrv(None).to_dict("records")
    assert (row["n_pairs"], row["judged_by"]) == (pairs, "quality")
    assert row["good_share"] == pytest.approx(share, abs=5e-4)
    assert not beats_of_record(record).strays.any()
    if share < 0.1:
        assert math.isnan(row["rmssd"])
        assert "cover 2.7 % of the time, under the 10 % of min_share" in row["note"]
        (row,) = record.hrv(None, min_share=0, min_pairs=0).to_dict("records")
    assert row["rmssd"] == pytest.approx(rmssd, abs=5e-3)
    exact = 1e-9 if name.startswith("astro") else 5e-3
    assert vendor_rmssd(record) == pytest.approx(vendor, abs=exact)


def test_intervals_in_milliseconds_are_told_from_seconds():
    index = pd.to_datetime(np.arange(1000, 1004), unit="s", utc=True)
    with pytest.raises(ConfigurationError, match=r"median interval is 800 s.*by 1000"):
        beats_of(pd.Series([800.0, 0.0, 810.0, 790.0], index))

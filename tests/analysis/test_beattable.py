"""A row a beat: what is usable, and why the rest is not."""

from __future__ import annotations

import numpy as np
import pytest

import hexoframe
from hexoframe.analysis.hrv import beats_of_record
from hexoframe.errors import ConfigurationError
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps.ticks import NS_PER_TICK
from tests.analysis.hearts import SECOND, flags_of, record_of, rr_of

EXPORTS = ("astroskin-122445", "hexoskin-258583", "hexoskin-256696")


def test_each_beat_says_whether_it_counts_and_why_not():
    rr = rr_of([0, 200, 60, 200, 200, 200, 190], [0, 200, 260, 460, 660, 860, 1060])
    rr.iloc[5, 0] = np.nan
    flags = flags_of(rr, [0, 0, 0, 129, 64, 0, 0])
    table = record_of(rr, flags).beats()
    assert table["reason"].tolist() == [
        "no beat before",
        "",
        "implausible",
        "noisy; unreliable",
        "unknown flag",
        "no beat before",
        "",
    ]
    assert table["usable"].tolist() == [not reason for reason in table["reason"]]
    assert table["quality"].tolist() == [0, 0, 0, 129, 64, 0, 0]
    # 1060 - 190 is not 860: no pair, even if the beat before counted.
    assert not table["pair"].any()
    assert list(table) == [
        "rr", "quality", "usable", "pair", "reason", "source", "edited",
    ]  # fmt: skip
    assert table.index.name == "time"
    assert table.attrs["hexoframe"]["units"]["rr"] == "s"


def test_a_beat_without_its_row_of_flags_says_so():
    rr = rr_of([200] * 4)
    table = record_of(rr, flags_of(rr.iloc[:3], [0, 0, 0])).beats()
    assert table["reason"].tolist() == ["", "", "", "no flags"]
    assert table["quality"].isna().tolist() == [False, False, False, True]


@pytest.mark.filterwarnings("ignore:the scale of")
@pytest.mark.parametrize("family", ["hexoskin", "astroskin_1000"])
def test_a_synthetic_shirt_gives_back_its_true_beats_to_the_tick(family, tmp_path):
    # An hour on the chair, a hole and lead-off.
    shirt = Shirt(
        family=family,
        duration_s=4500,
        gaps=((100, 30),),
        lead_off=((300, 40.5),),
        unworn=((600, 3600),),
    )
    truth = wear(shirt)
    record = hexoframe.open_record(write_export(truth, tmp_path / "a.zip"))
    table = record.beats()
    clock = truth.clock
    ticks = table.index.asi8 // NS_PER_TICK[clock]
    assert np.array_equal(ticks, truth.beats)
    # Each interval is the distance of two true beats, or there is none.
    rr = np.rint(table["rr"].to_numpy() * clock)
    steps = np.diff(truth.beats, prepend=truth.beats[:1])
    there = ~np.isnan(rr)
    assert np.array_equal(rr[there], steps[there])
    assert (steps[~there][1:] > 4 * clock).all()
    # No two are neighbours across a hole.
    seconds = (truth.beats - truth.start) / clock
    for first, length in (*shirt.gaps, *shirt.lead_off, *shirt.unworn):
        behind = np.searchsorted(seconds, first + length - 0.01)
        assert not table["pair"].iloc[behind]


@pytest.mark.parametrize("name", EXPORTS)
def test_the_table_counts_what_variability_counts(real_data, name):
    record = hexoframe.open_record(real_data / "exports" / name)
    beats, table = beats_of_record(record), record.beats()
    assert np.array_equal(table["usable"], beats.counts)
    assert np.array_equal(table["pair"], beats.pairs)
    assert (table["usable"] == (table["reason"] == "")).all()
    # The first interval has no beat before it.
    assert table["reason"].iloc[0].startswith("no beat before")


def test_other_words_and_records_without_beats_are_refused():
    record = record_of(rr_of([200] * 3))
    with pytest.raises(ConfigurationError, match="give one of device, waveform"):
        record.beats("ecg")
    with pytest.raises(ConfigurationError, match="has no ECG"):
        record.beats("waveform")
    empty = hexoframe.Record("hexoskin", (SECOND * 256, SECOND * 256 + 256), {})
    with pytest.raises(ConfigurationError, match="no channel rr_interval"):
        empty.beats()

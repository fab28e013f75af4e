"""RR intervals for Kubios: what counts, and what becomes of holes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import hexoframe
from hexoframe.errors import ConfigurationError, HexoframeWarning
from hexoframe.record import Record
from tests.formats.shirts import START, frame_of

pytestmark = pytest.mark.filterwarnings(
    "ignore::hexoframe.errors.UnverifiedCalibrationWarning"
)


def beats(intervals, *, flags=None, pauses=None, family="hexoskin", clock=256):
    """A record of beats: intervals in ticks, and ticks of a pause before some."""
    intervals = np.asarray(intervals)
    pauses = np.zeros(len(intervals), int) if pauses is None else np.asarray(pauses)
    start = START if clock == 256 else 1_709_330_400_077
    ticks = start + np.cumsum(intervals + pauses)
    values = {"rr_interval": intervals / clock}
    frames = {"rr_interval": frame_of(family, "rr_interval", ticks, values)}
    marks = np.zeros(len(ticks)) if flags is None else np.asarray(flags, float)
    frames["rr_interval_quality"] = frame_of(
        family, "rr_interval_quality", ticks, {"rr_interval_quality": marks}
    )
    return Record(family, (start, int(ticks[-1]) + clock), frames)


def test_a_line_an_interval_in_exact_seconds(tmp_path):
    path = beats([186, 200, 187, 256]).to_kubios(tmp_path / "rr.txt")
    assert path.read_bytes() == b"0.7265625\n0.78125\n0.73046875\n1\n"


def test_the_other_clock_has_milliseconds(tmp_path):
    record = beats([801, 799], family="astroskin_1000", clock=1000)
    assert record.to_kubios(tmp_path / "rr.txt").read_text() == "0.801\n0.799\n"


def test_flagged_beats_stay_out_unless_all_are_wanted(tmp_path):
    record = beats([200] * 5, flags=[0, 0, 128, 0, 0])
    with pytest.warns(
        HexoframeWarning, match=r"1 hole of up to 3 s, together 0.7812 s"
    ):
        path = record.to_kubios(tmp_path / "good.txt")
    assert path.read_text() == "0.78125\n" * 4
    path = record.to_kubios(tmp_path / "all.txt", beats="all")
    assert path.read_text() == "0.78125\n" * 5


def test_a_long_hole_is_refused_with_its_place_and_length(tmp_path):
    record = beats([200] * 6, pauses=[0, 0, 0, 180 * 256, 0, 0])
    with pytest.raises(ConfigurationError) as caught:
        record.to_kubios(tmp_path / "rr.txt")
    begin = record["rr_interval"].index[2]
    assert f"180 s from {begin}" in str(caught.value)
    assert "gaps='split'" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_what_is_refused_does_not_warn_of_what_would_have_been_closed(tmp_path):
    record = beats([200] * 6, pauses=[0, 0, 256, 180 * 256, 0, 0])
    with pytest.raises(ConfigurationError, match="180 s from"):
        record.to_kubios(tmp_path / "rr.txt")


def test_stretches_are_files_with_their_starts_beside_them(tmp_path):
    pauses = [0, 0, 0, 180 * 256, 0, 769]
    record = beats([200, 201, 202, 203, 204, 205], pauses=pauses)
    folder = record.to_kubios(tmp_path / "rr.txt", gaps="split")
    assert folder == tmp_path / "rr"
    table = pd.read_csv(folder / "stretches.csv")
    assert table["intervals"].tolist() == [3, 2, 1]
    texts = [(folder / name).read_text() for name in table["file"]]
    assert (
        "".join(texts)
        == record.to_kubios(tmp_path / "all.txt", beats="all", gaps="split")
        .joinpath("all-001.txt")
        .read_text()
        + texts[1]
        + texts[2]
    )
    starts = pd.to_datetime(table["start"], format="ISO8601").dt.as_unit("ns")
    ends = record["rr_interval"].index
    first = ends[[0, 3, 5]] - pd.to_timedelta(np.array([200, 203, 205]) * 3_906_250)
    assert starts.tolist() == first.tolist()
    sums = [sum(map(Fraction, text.split())) for text in texts]
    assert [Fraction(str(seconds)) for seconds in table["seconds"]] == sums


def test_a_hole_of_three_seconds_is_closed_up_and_one_tick_more_is_not(tmp_path):
    record = beats([200] * 4, pauses=[0, 0, 768, 0])
    with pytest.warns(HexoframeWarning, match="together 3 s"):
        record.to_kubios(tmp_path / "a.txt")
    with pytest.raises(ConfigurationError, match="holes of more than 3 s"):
        beats([200] * 4, pauses=[0, 0, 769, 0]).to_kubios(tmp_path / "b.txt")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"gaps": "fill"}, "'raise', 'split'"),
        ({"beats": "best"}, "'good', 'nn', 'all'"),
    ],
)
def test_unknown_ways_are_refused(tmp_path, how, why):
    with pytest.raises(ConfigurationError, match=why):
        beats([200] * 4).to_kubios(tmp_path / "rr.txt", **how)


def test_a_record_without_beats_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="none of 3 RR intervals counts"):
        beats([200] * 3, flags=[1, 1, 1]).to_kubios(tmp_path / "rr.txt")


def test_stretches_of_a_real_export_add_up_to_its_good_beats(real_data, tmp_path):
    record = hexoframe.open_record(real_data / "exports" / "hexoskin-258583")
    with pytest.warns(HexoframeWarning, match="closed up"):
        folder = record.to_kubios(tmp_path / "rr", gaps="split")
    table = record.beats()
    good = table["usable"] & (table["rr"] > 0)
    written = pd.read_csv(folder / "stretches.csv")
    # Flags alone decide for Kubios as they do for hrv(); wear does not.
    rr, quality = record["rr_interval"], record["rr_interval_quality"]
    kept = (quality.iloc[:, 0].to_numpy() == 0) & (rr.iloc[:, 0].to_numpy() > 0)
    assert written["intervals"].sum() <= kept.sum()
    assert written["intervals"].sum() >= good.sum()
    assert (folder / written["file"][0]).read_text().count("\n") == written[
        "intervals"
    ][0]
